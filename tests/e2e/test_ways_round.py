"""Ways round the filter through a real gateway, as programs and browsers try them: none reaches a site."""

import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
import yaml
from pretend.gateway import Gateway
from pretend.network import Network, inside
from pretend.school import PEOPLE
from pretend.sites import Served, Sites
from schoolgate.gateway.redirect import table
from schoolgate.policy.request import request_from_url
from schoolgate.settings.school_models import SchoolFile

STRICT = PEOPLE.replace('"127.0.2.0/24"], inspect: full}', '"127.0.2.0/24"], inspect: full, addresses: block}')
ULTRAVIOLET = b'<title>Maths</title><script src="/uv/uv.bundle.js"></script><script>__uv$config</script>'


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway], sites: Sites) -> Gateway:
    sites.pages["news.example/maths"] = ULTRAVIOLET
    sites.pages["news.example/short"] = Served((b"",), {"Location": f"http://pornhub.com:{sites.port}/"}, 302)
    sites.pages["allowed.example/short"] = Served((b"",), {"Location": f"http://news.example:{sites.port}/"}, 302)
    return start(people=STRICT)


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("https://www-pornhub-com.translate.goog/?_x_tr_sl=auto", ()),
        ("https://translate.google.com/translate?u=pornhub.com", ()),
        ("https://web.archive.org/web/2020/http://pornhub.com/", ()),
        ("https://www-pornhub-com.cdn.ampproject.org/c/s/www.pornhub.com/", ()),
        ("https://r.jina.ai/https://pornhub.com/", ()),
        ("https://www-google-com.translate.goog/search?q=kittens", ()),
        ("https://allowed.example:{tls}/fetch/https://pornhub.com/", ()),
        ("http://allowed.example:{port}/browse.php?u=abc&b=4", ()),
        ("https://allowed.example:{tls}/dns-query?dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB", ()),
        ("https://allowed.example:{tls}/q", ("--header", "Content-Type: application/dns-message", "--data", "x")),
        ("https://allowed.example:{tls}/q", ("--header", "Accept: application/dns-message")),
        ("https://allowed.example:{tls}/q", ("--header", "X-Bare-URL: https://pornhub.com/")),
        ("https://1.1.1.1/dns-query", ()),
        ("https://93.184.216.34/", ()),
        ("http://93.184.216.34/", ()),
        ("http://[2a00:1450:4009:81f::200e]/", ()),
        ("http://duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion/", ()),
        ("http://news.example:{port}/maths", ()),
        ("https://news.example:{tls}/maths", ()),
        ("http://news.example:{port}/short", ("--location",)),
    ],
)
def test_a_way_round_ends_at_the_block_page(gateway: Gateway, sites: Sites, url: str, options: tuple[str, ...]) -> None:
    before = len(sites.seen("pornhub.com"))
    answer = gateway.curl(url.format(port=sites.port, tls=sites.tls_port), *options)
    assert answer.status == 403, (answer.status, answer.error)
    assert b"Welcome" not in answer.body
    assert len(sites.seen("pornhub.com")) == before


@pytest.mark.parametrize(
    ("form", "options", "status"),
    [
        (("--data", "csrf=x&url=https%3A%2F%2Fpornhub.com%2F"), (), 403),
        (("--data", "url=pornhub.com"), (), 403),
        (("--form", "url=https://pornhub.com/"), (), 403),
        (("--data", "target=aHR0cHM6Ly9wb3JuaHViLmNvbS8"), ("--header", "Sec-Fetch-Dest: iframe"), 403),
        (("--data", "url=https%3A%2F%2Fpornhub.com%2F"), ("--header", "Sec-Fetch-Dest: empty"), 200),
        (("--data", "url=https%3A%2F%2Fnews.example%2F"), (), 200),
        (("--data", "name=pornhub.com&text=https%3A%2F%2Fpornhub.com"), (), 200),
    ],
)
def test_a_form_that_asks_an_unknown_site_for_a_page_is_judged_by_that_page(
    gateway: Gateway, sites: Sites, form: tuple[str, ...], options: tuple[str, ...], status: int
) -> None:
    answer = gateway.curl(f"https://allowed.example:{sites.tls_port}/servers", *form, *options)
    assert answer.status == status, (answer.status, answer.error)
    if status == 403:
        assert gateway.events()[-1]["host"] == "pornhub.com"


@pytest.mark.parametrize("url", ["http://allowed.example:{port}/short", "https://allowed.example:{tls}/proxy/notes"])
def test_what_only_looks_like_one_passes(gateway: Gateway, sites: Sites, url: str) -> None:
    answer = gateway.curl(url.format(port=sites.port, tls=sites.tls_port), "--location")
    assert answer.status == 200, answer.error


CORPUS = Path(__file__).parents[1] / "evasions"


def test_every_way_of_the_corpus_is_refused_by_a_real_gateway(gateway: Gateway) -> None:
    """Asked for in plain words, as a program asks a proxy; what is wrapped in TLS is judged by the same words."""
    names = ("wrapped", "more_wrapped", "ways", "more_ways")
    cases = [case for name in names for case in yaml.safe_load((CORPUS / f"{name}.yaml").read_text())]
    cases = [case for case in cases if case["category"] in ("adult", "circumvention")]  # as this school's rules go
    passed = {case["url"]: answer for case in cases if (answer := _said(gateway, case)) not in ("400", "403", "421")}
    assert not passed


def _said(gateway: Gateway, case: dict[str, Any]) -> str:
    """The status of what a pupil's program is answered."""
    request = request_from_url(case["url"], at=datetime.now(UTC))
    host = f"[{request.host}]" if ":" in request.host else request.host
    headers = {"Host": host, **case.get("headers", {})}
    if "upgrade" in headers:
        headers["Connection"] = "Upgrade"
    lines = [f"GET http://{host}{request.asked} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    with socket.create_connection(("127.0.0.1", gateway.school.proxy_port), 40, ("127.0.0.2", 0)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection.recv(65536)[9:12].decode("latin-1")


def _connect(gateway: Gateway, target: str, client: str = "127.0.0.2") -> tuple[socket.socket, bytes]:
    connection = socket.create_connection(("127.0.0.1", gateway.school.proxy_port), 10, source_address=(client, 0))
    connection.settimeout(10)
    connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    return connection, connection.recv(65536)


def _tls(gateway: Gateway, target: str, alpn: list[str]) -> ssl.SSLSocket:
    connection, answer = _connect(gateway, target)
    assert b" 200 " in answer.split(b"\r\n")[0]
    context = ssl.create_default_context(cafile=gateway.school.ca)
    context.set_alpn_protocols(alpn)
    return context.wrap_socket(connection, server_hostname=target.partition(":")[0])


def _rest(connection: socket.socket) -> bytes:
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except (OSError, ssl.SSLError):
        pass
    return received


@pytest.mark.parametrize("client", ["127.0.0.2", "127.0.0.4"])
@pytest.mark.parametrize("port", [22, 853, 1194, 1723, 9001, 9050, 51820])
def test_a_tunnel_to_a_port_of_no_website_is_refused(gateway: Gateway, port: int, client: str) -> None:
    connection, answer = _connect(gateway, f"allowed.example:{port}", client)
    connection.close()
    assert answer.startswith(b"HTTP/1.1 403"), answer[:100]
    events = [e for e in gateway.events() if e["rule"] == "odd-port" and e["client"] == client]
    assert events[0]["category"] == "circumvention"


@pytest.mark.parametrize(
    "first",
    [
        b"\x05\x01\x00",
        b"\x04\x01\x00\x50\x7f\x00\x00\x01user\x00",
        b"SSH-2.0-OpenSSH_9.0\r\n",
        b"\x38\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" * 4,
    ],
    ids=["SOCKS5", "SOCKS4", "SSH", "OpenVPN"],
)
def test_another_protocol_gets_nowhere(gateway: Gateway, sites: Sites, first: bytes) -> None:
    """At the proxy's own port, in a tunnel, and in TLS in a tunnel."""
    before = sites.connections
    own = ("127.0.0.1", gateway.school.proxy_port)
    with socket.create_connection(own, 10, source_address=("127.0.0.2", 0)) as plain:
        plain.settimeout(3)
        plain.sendall(first)
        assert not _rest(plain).startswith(first[:1])
    tunnel, _ = _connect(gateway, f"allowed.example:{sites.tls_port}")
    with tunnel:
        tunnel.settimeout(3)
        tunnel.sendall(first + b"\r\n\r\n")
        assert b"Welcome" not in _rest(tunnel)
    with _tls(gateway, f"allowed.example:{sites.tls_port}", ["http/1.1"]) as inner:
        inner.settimeout(3)
        inner.sendall(first + b"\r\n\r\n")
        assert b"Welcome" not in _rest(inner)
    assert sites.connections == before


@pytest.mark.parametrize(
    "request_text",
    [
        "CONNECT pornhub.com:443 HTTP/1.1\r\nHost: pornhub.com:443\r\n\r\n",
        "CONNECT allowed.example:{port} HTTP/1.1\r\nHost: allowed.example:{port}\r\n\r\n",
        "GET /wisp/ HTTP/1.1\r\nHost: allowed.example:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: allowed.example:{port}\r\nUpgrade: connect-udp\r\nConnection: Upgrade\r\n\r\n",
    ],
    ids=["CONNECT in CONNECT", "CONNECT to the same", "Wisp", "MASQUE"],
)
def test_a_tunnel_in_a_tunnel_gets_nowhere(gateway: Gateway, sites: Sites, request_text: str) -> None:
    before = sites.connections
    with _tls(gateway, f"allowed.example:{sites.tls_port}", ["http/1.1"]) as tls:
        tls.settimeout(5)
        tls.sendall(request_text.format(port=sites.tls_port).encode())
        answer = tls.recv(65536)
    assert answer[9:12] in (b"400", b"403", b"421", b"502"), answer[:200]
    assert sites.connections == before


@pytest.mark.parametrize(
    "headers",
    [
        [(":method", "CONNECT"), (":authority", "pornhub.com:443")],
        [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/wisp/"),
         (":authority", "allowed.example")],
        [(":method", "CONNECT"), (":protocol", "connect-udp"), (":scheme", "https"), (":path", "/x"),
         (":authority", "allowed.example")],
    ],
    ids=["CONNECT", "WebSocket", "MASQUE"],
)  # fmt: skip
def test_a_tunnel_in_http2_gets_nowhere(gateway: Gateway, sites: Sites, headers: list[tuple[str, str]]) -> None:
    before = sites.connections
    statuses: list[bytes] = []
    with _tls(gateway, f"allowed.example:{sites.tls_port}", ["h2"]) as tls:
        tls.settimeout(4)
        config = h2.config.H2Configuration(validate_outbound_headers=False, normalize_outbound_headers=False)
        client = h2.connection.H2Connection(config)
        client.initiate_connection()
        client.send_headers(1, headers)
        tls.sendall(client.data_to_send())
        try:
            while (data := tls.recv(65536)) and not statuses:
                heard = client.receive_data(data)
                statuses += [dict(e.headers)[b":status"] for e in heard if isinstance(e, h2.events.ResponseReceived)]
                tls.sendall(client.data_to_send())
        except (OSError, ssl.SSLError):
            pass
    assert b"200" not in statuses
    assert sites.connections == before


def test_a_site_that_has_no_certificate_for_its_name_is_not_shown(gateway: Gateway, sites: Sites) -> None:
    """Who leads a harmless name to another machine does not get what that one would show."""
    gateway.curl(f"https://facebook.com:{sites.tls_port}/")  # so that there is a certificate, of another name
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sites.folder / "facebook.com.pem")
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_pretend, args=(server, context), daemon=True).start()
        answer = gateway.curl(f"https://allowed.example:{server.getsockname()[1]}/")
    assert answer.status == 502, answer.error
    assert b"Fronted" not in answer.body


def _pretend(server: socket.socket, context: ssl.SSLContext) -> None:
    try:
        connection = context.wrap_socket(server.accept()[0], server_side=True)
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nFronted")
    except OSError:
        pass


def test_a_guests_connection_without_a_name_ends_at_the_hello(gateway: Gateway) -> None:
    connection, _ = _connect(gateway, "93.184.216.34:443", "127.0.0.4")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connection, pytest.raises((ssl.SSLError, OSError)):
        context.wrap_socket(connection)
    [event] = [e for e in gateway.events() if e["client"] == "127.0.0.4" and e["rule"] == "bare-address"]
    assert (event["stage"], event["action"], event["host"]) == ("hello", "block", "93.184.216.34")


@pytest.mark.parametrize("name", ["www-google-com.translate.goog", "www-bing-com.translate.goog"])
def test_a_guests_search_engine_behind_a_translator_ends_at_the_hello(gateway: Gateway, name: str) -> None:
    connection, _ = _connect(gateway, f"{name}:443", "127.0.0.4")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connection, pytest.raises((ssl.SSLError, OSError)):
        context.wrap_socket(connection, server_hostname=name)
    [event] = [e for e in gateway.events() if e["client"] == "127.0.0.4" and e["host"] == name]
    assert (event["stage"], event["action"], event["rule"]) == ("hello", "block", "wrapped-search")


LISTENING = """
import socket, sys, threading
def serve(port):
    s = socket.socket(socket.AF_INET6); s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", port)); s.listen()
    while True:
        c = s.accept()[0]; c.sendall(b"hello"); threading.Thread(target=answer, args=(c,)).start()
def answer(c):
    try:
        while words := c.recv(4096):
            c.sendall(words)
    except OSError:
        pass
def echo():
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", 12345))
    while True:
        s.sendto(*s.recvfrom(4096))
threading.Thread(target=echo).start()
for port in map(int, sys.argv[1:]):
    threading.Thread(target=serve, args=(port,)).start()
print("ready", flush=True)
"""
SPEAKING = """
import socket, sys
for line in sys.argv[2:]:
    kind, port, words = line.split("/")
    try:
        to = sys.argv[1], int(port)
        if kind == "udp":
            s = socket.socket(socket.AF_INET6 if ":" in to[0] else socket.AF_INET, socket.SOCK_DGRAM); s.connect(to)
        else:
            s = socket.create_connection(to, 3); s.recv(5)
        s.settimeout(3); s.send(bytes.fromhex(words)); s.send(bytes.fromhex(words)); s.recv(4096)
        print(line)
    except OSError:
        pass
"""
ASKING = """
import socket, sys
for port in map(int, sys.argv[2:]):
    try:
        s = socket.create_connection((sys.argv[1], port), 3); s.settimeout(3)
        print(port, s.recv(5).decode())
    except OSError as error:
        print(port, type(error).__name__)
"""
PORTS = ("22", "993", "1080", "1194", "3128", "8080", "9001", "9050", "12345", "51820")


@pytest.fixture(scope="module")
def network(network: Network) -> Network:
    """The network, with servers of its own in the world."""
    network.spawn("world", "python3", "-c", LISTENING, *PORTS)
    return network


def _open_ports(network: Network, folder: Path, ports: object, device: str, to: str) -> set[str]:
    """The ports of the world that a device reaches under a gateway's setting."""
    lan = [inside(host) for host in ("pupil", "staff")]
    gateway = {"inside": lan, "ports": ports, "any_port": ["10.30.0.0/16"]}
    school = {"name": "x", "roles": {}, "listen": {"transparent": 8480}, "gateway": gateway}
    (folder / "table.nft").write_text(table(SchoolFile.model_validate(school)))
    network.run("gate", "nft", "-f", str(folder / "table.nft"), check=True)
    lines = network.run(device, "python3", "-c", ASKING, to, *PORTS, check=True).stdout.splitlines()
    return {line.split()[0] for line in lines if line.endswith("hello")}


@pytest.mark.parametrize("to", ["203.0.113.10", "2001:db8:113::10"])
@pytest.mark.parametrize(
    ("ports", "device", "expected"),
    [
        ("any", "pupil", set(PORTS)),
        ("guarded", "pupil", {"993", "12345"}),
        (["tcp/993"], "pupil", {"993"}),
        ([], "pupil", set[str]()),
    ],
)
def test_other_ports_lead_past_the_filter_only_where_the_school_says_so(
    network: Network, tmp_path: Path, ports: object, device: str, to: str, expected: set[str]
) -> None:
    assert _open_ports(network, tmp_path, ports, device, to) == expected


def test_a_network_may_be_given_every_port(network: Network, tmp_path: Path) -> None:
    assert _open_ports(network, tmp_path, [], "staff", "203.0.113.10") == set(PORTS)


WAYS = {
    "WireGuard": ("udp", 12345, bytes([1, 0, 0, 0]) + bytes(144)),
    "OpenVPN": ("udp", 12345, b"\x38" + bytes(13)),
    "OpenVPN with tls-auth": ("udp", 12345, b"\x38" + bytes(41)),
    "QUIC": ("udp", 12345, b"\xc3\0\0\0\1" + bytes(1195)),
    "OpenVPN over TCP": ("tcp", 12345, b"\0\x2a\x38" + bytes(41)),
    "SOCKS4": ("tcp", 12345, b"\4\1\1\xbb" + bytes(5)),
    "SOCKS5": ("tcp", 12345, b"\5\1\0"),
    "SOCKS5 with a login": ("tcp", 12345, b"\5\2\0\2"),
    "SSH": ("tcp", 12345, b"SSH-2.0-OpenSSH_9.0\r\n"),
    "a page": ("tcp", 12345, b"GET / HTTP/1.1\r\n\r\n"),
    "a proxy": ("tcp", 12345, b"CONNECT pornhub.com:443 HTTP/1.1\r\n\r\n"),
    "TLS": ("tcp", 12345, bytes.fromhex("1603010200010001fc0303") + bytes(64)),
}
OTHERS = {
    "a call": ("udp", 12345, bytes.fromhex("000100002112a442") + bytes(12)),
    "a game": ("udp", 12345, b"\x39" + bytes(41)),
    "an app": ("tcp", 12345, b"\x10\x2b\0\4MQTT"),
    "mail": ("tcp", 993, bytes.fromhex("1603010200010001fc0303") + bytes(64)),
}


@pytest.mark.parametrize("to", ["203.0.113.10", "2001:db8:113::10"])
def test_what_leads_past_the_filter_is_known_by_its_first_words_on_any_port(
    network: Network, tmp_path: Path, to: str
) -> None:
    said = {name: f"{kind}/{port}/{words.hex()}" for name, (kind, port, words) in {**WAYS, **OTHERS}.items()}
    for ports, expected in (("guarded", set(OTHERS)), ("any", {*WAYS, *OTHERS})):
        _open_ports(network, tmp_path, ports, "pupil", to)
        done = network.run("pupil", "python3", "-c", SPEAKING, to, *said.values(), check=True)
        assert {name for name, line in said.items() if line in done.stdout.split()} == expected
