"""Ways round a filter that pupils know: each is sent over a real connection, none may reach the site."""

import socket
import ssl
from collections.abc import Callable

import h2.config
import h2.connection
import h2.events
import pytest
from pretend.gateway import Gateway
from pretend.sites import Sites

BLOCKLIST = """category: extremism
title: Extremism
theme: content
why: test
domains: [xn--bcher-kva.example, 127.0.0.1, "::1"]
urls: [allowed.example/bad, allowed.example/deep/er]
except: [allowed.example/bad/but/good]
"""
BAD = ("pornhub.com",)


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway]) -> Gateway:
    return start(blocklists={"extremism.yaml": BLOCKLIST})


@pytest.mark.parametrize(
    "url",
    [
        "http://PORNHUB.COM:{port}/",
        "http://pornhub.com.:{port}/",
        "http://pornhub.com..:{port}/",
        "http://user:password@pornhub.com:{port}/",
        "http://allowed.example@pornhub.com:{port}/",
        "http://p%6frnhub.com:{port}/",
        "http://ｐｏｒｎｈｕｂ.com:{port}/",
        "http://bücher.example:{port}/",
        "http://xn--bcher-kva.example:{port}/",
        "http://XN--BCHER-KVA.example:{port}/",
        "http://127.0.0.1:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://0x7f.1:{port}/",
        "http://127.1:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::ffff:7f00:1]:{port}/",
        "http://[0:0:0:0:0:0:0:1]:{port}/",
        "https://PornHub.com:{tls}/",
        "https://pornhub.com.:{tls}/",
        "https://127.0.0.1:{tls}/",
        "https://2130706433:{tls}/",
        "http://allowed.example:{port}/bad",
        "http://allowed.example:{port}/BAD/",
        "http://allowed.example:{port}/b%61d",
        "http://allowed.example:{port}/x/../bad",
        "http://allowed.example:{port}/x/%2e%2e/bad",
        "http://allowed.example:{port}/./bad",
        "http://allowed.example:{port}//bad",
        "http://allowed.example:{port}/deep//er",
        "http://allowed.example:{port}/deep%2fer",
        "http://allowed.example:{port}/deep%5cer",
        "http://allowed.example:{port}/deep\\er",
        "http://allowed.example:{port}/bad?x=1",
        "http://allowed.example:{port}/bad;s=1",
        "http://allowed.example:{port}/bad/but/good/../..",
        "http://allowed.example:{port}/bad/but/good/..%2f..%2f",
        "http://www.allowed.example:{port}/bad",
        "https://allowed.example:{tls}/bad",
    ],
)
def test_another_spelling_is_the_same_site(gateway: Gateway, sites: Sites, url: str) -> None:
    before = sites.connections
    answer = gateway.curl(url.format(port=sites.port, tls=sites.tls_port), "--path-as-is", "--globoff", "--http1.1")
    assert answer.status in (400, 403), (answer.status, answer.error)
    assert sites.connections == before


@pytest.mark.parametrize("path", ["/badger", "/good", "/bad/but/good", "/bad/but/good/x", "/deep", "/de/eper"])
def test_neighbours_of_a_blocked_path_stay_open(gateway: Gateway, sites: Sites, path: str) -> None:
    assert gateway.curl(f"http://allowed.example:{sites.port}{path}").status == 200


def _plain(gateway: Gateway, request: str) -> bytes:
    with socket.create_connection(
        ("127.0.0.1", gateway.school.proxy_port), 10, source_address=("127.0.0.2", 0)
    ) as connection:
        connection.sendall(request.encode("latin-1"))
        return _all(connection)


def _all(connection: socket.socket) -> bytes:
    connection.settimeout(5)
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
            head, _, body = received.partition(b"\r\n\r\n")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:") and len(body) >= int(line.partition(b":")[2]):
                    return received
    except (TimeoutError, ConnectionResetError, ssl.SSLError):
        pass
    return received


@pytest.mark.parametrize(
    "request_text",
    [
        "GET http://allowed.example:{port}/ HTTP/1.1\r\nHost: pornhub.com\r\n\r\n",
        "GET http://pornhub.com:{port}/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n",
        "GET http://allowed.example:{port}/ HTTP/1.1\r\nHost: allowed.example\r\nHost: pornhub.com\r\n\r\n",
        "GET http://allowed.example:{port}/ HTTP/1.1\r\nHost: news.example\r\n\r\n",
        "GET http://pornhub.com:{port}/ HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: pornhub.com:{port}\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: allowed.example@pornhub.com:{port}\r\n\r\n",
        "GET http://pornhub.com:{port}\\@allowed.example/ HTTP/1.1\r\nHost: pornhub.com\r\n\r\n",
        "GET http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n",
        "GET http://pornhub.com:{tls}/ HTTP/1.1\r\nHost: pornhub.com\r\n\r\n",
        "GET http://pornhub.com:{port}/ HTTP/1.1\r\nHost: pornhub.com\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "GET http://allowed.example:{port}/ HTTP/1.1\r\nHost: pornhub.com:{port}\t\r\n\r\n",
        "GET http://\xff.example:{port}/ HTTP/1.1\r\nHost: \xff\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_a_crooked_plain_request_reaches_no_site(gateway: Gateway, sites: Sites, request_text: str) -> None:
    before = sites.connections
    answer = _plain(gateway, request_text.format(port=sites.port, tls=sites.tls_port))
    assert not answer.startswith(b"HTTP/1.1 200"), answer[:200]
    assert b"Welcome" not in answer
    assert sites.connections == before


def _tunnel(
    gateway: Gateway, target: str, sni: str | None, alpn: list[str], client: str = "127.0.0.2"
) -> ssl.SSLSocket:
    connection = socket.create_connection(("127.0.0.1", gateway.school.proxy_port), 10, source_address=(client, 0))
    connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    answer = connection.recv(65536)
    assert b" 200 " in answer.split(b"\r\n")[0], answer
    context = ssl.create_default_context(cafile=gateway.school.ca)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(alpn)
    return context.wrap_socket(connection, server_hostname=sni)


@pytest.mark.parametrize(
    ("connect", "sni", "line", "host"),
    [
        ("allowed.example", "pornhub.com", "/", "pornhub.com"),
        ("allowed.example", "allowed.example", "/", "pornhub.com"),
        ("allowed.example", "pornhub.com", "/", "allowed.example"),
        ("pornhub.com", "allowed.example", "/", "allowed.example"),
        ("pornhub.com", None, "/", "allowed.example"),
        ("allowed.example", None, "/", "pornhub.com"),
        ("allowed.example", "news.example", "/", "allowed.example"),
        ("allowed.example", "allowed.example", "/", "news.example"),
        ("allowed.example", "allowed.example", "https://pornhub.com/", "allowed.example"),
        ("allowed.example", "allowed.example", "http://pornhub.com/", "allowed.example"),
        ("allowed.example", "allowed.example", "https://pornhub.com/", "pornhub.com"),
        ("allowed.example", "allowed.example", "/", "pornhub.com."),
        ("allowed.example", "allowed.example", "/", "PORNHUB.com:443"),
        ("127.0.0.1", None, "/", "allowed.example"),
        ("ALLOWED.example.", "allowed.example", "/bad", "allowed.example"),
    ],
)
def test_a_crooked_request_in_a_tunnel_reaches_no_site(
    gateway: Gateway, sites: Sites, connect: str, sni: str | None, line: str, host: str
) -> None:
    before = sites.connections
    with _tunnel(gateway, f"{connect}:{sites.tls_port}", sni, ["http/1.1"]) as tls:
        tls.sendall(f"GET {line} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = _all(tls)
    assert answer[9:12] in (b"400", b"403", b"421"), answer[:200]
    assert sites.connections == before


@pytest.mark.parametrize("sni", ["allowed.example", None])
def test_a_guest_reaches_no_site_by_its_address_behind_another_name(
    gateway: Gateway, sites: Sites, sni: str | None
) -> None:
    before = sites.connections
    with _tunnel(gateway, f"127.0.0.9:{sites.tls_port}", sni, ["http/1.1"], client="127.0.0.4") as tls:
        tls.sendall(b"GET / HTTP/1.1\r\nHost: pornhub.com\r\n\r\n")
        answer = _all(tls)
    assert answer[9:12] in (b"400", b"403", b"421"), answer[:200]
    assert sites.connections == before


def test_the_straight_tunnel_beside_them_works(gateway: Gateway, sites: Sites) -> None:
    with _tunnel(gateway, f"allowed.example:{sites.tls_port}", "allowed.example", ["http/1.1"]) as tls:
        tls.sendall(f"GET / HTTP/1.1\r\nHost: allowed.example:{sites.tls_port}\r\n\r\n".encode())
        assert b"Welcome to allowed.example" in _all(tls)


@pytest.mark.parametrize(
    "headers",
    [
        [(":authority", "pornhub.com")],
        [(":authority", "allowed.example"), ("host", "pornhub.com")],
        [(":authority", "allowed.example@pornhub.com")],
        [(":authority", "news.example")],
        [("host", "pornhub.com")],
        [(":authority", "PORNHUB.COM.")],
        [(":authority", "allowed.example"), ("host", "allowed.example"), ("host", "pornhub.com")],
    ],
)
def test_an_odd_http2_authority_reaches_no_site(gateway: Gateway, sites: Sites, headers: list[tuple[str, str]]) -> None:
    before = sites.connections
    with _tunnel(gateway, f"allowed.example:{sites.tls_port}", "allowed.example", ["h2"]) as tls:
        assert tls.selected_alpn_protocol() == "h2"
        config = h2.config.H2Configuration(
            client_side=True, validate_outbound_headers=False, normalize_outbound_headers=False
        )
        client = h2.connection.H2Connection(config)
        client.initiate_connection()
        pseudo = [(":method", "GET"), (":scheme", "https"), (":path", "/")]
        first = [pair for pair in headers if pair[0].startswith(":")]
        client.send_headers(1, [*pseudo, *first, *(p for p in headers if p not in first)], end_stream=True)
        tls.sendall(client.data_to_send())
        status = _http2_status(tls, client)
    assert status in (None, "400", "403", "421")
    assert sites.connections == before


def _http2_status(tls: ssl.SSLSocket, client: h2.connection.H2Connection) -> str | None:
    tls.settimeout(5)
    try:
        while data := tls.recv(65536):
            for event in client.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    return dict(event.headers)[b":status"].decode()
                if isinstance(event, (h2.events.ConnectionTerminated, h2.events.StreamReset)):
                    return None
            tls.sendall(client.data_to_send())
    except (TimeoutError, ConnectionError, ssl.SSLError):
        pass
    return None


def test_bytes_that_are_no_http_get_no_tunnel(gateway: Gateway, sites: Sites) -> None:
    before = sites.connections
    with socket.create_connection(
        ("127.0.0.1", gateway.school.proxy_port), 10, source_address=("127.0.0.2", 0)
    ) as connection:
        connection.sendall(f"CONNECT allowed.example:{sites.port} HTTP/1.1\r\n\r\n".encode())
        assert b" 200 " in connection.recv(4096)
        connection.sendall(b"SSH-2.0-OpenSSH_9.0\r\n\x00\x01\x02\r\n\r\n")
        answer = _all(connection)
    assert b"Welcome" not in answer
    assert sites.connections == before
