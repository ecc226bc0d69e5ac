"""Devices that flood, dawdle, lie about lengths or vanish: nobody else is kept waiting, and nothing gets past the filter."""

import select
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from h2.connection import H2Connection
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from pretend.faulted import LONG, Watched
from pretend.raw import REFERENCE, Raw

OTHER = "127.0.2.9"  # the device that does harm; pupils like those who are kept waiting by it


def _is_quick(school: Watched, within: float = 10.0) -> None:
    started = time.monotonic()
    assert school.blocked().status == 403
    assert school.allowed().status == 200
    assert time.monotonic() - started < within, "others were kept waiting"


def _crooked(school: Watched, data: bytes) -> bytes:
    """What comes back to bytes of a device's own making, until nothing more comes."""
    received = b""
    with Raw(school.gateway, timeout=1.0) as raw:
        try:
            raw.send(data)
            while more := raw.line.recv(65536):
                received += more
        except OSError:
            pass
    return received


CHUNKED = "POST {a} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n"
SHAPES = {
    "length and chunks": "POST {a} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{bad}",
    "chunks and length": "POST {a} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\nContent-Length: 100\r\n\r\n0\r\n\r\n{bad}",
    "two lengths": "POST {a} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 0\r\nContent-Length: 100\r\n\r\n{bad}",
    "a list of lengths": "POST {a} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 0, 100\r\n\r\n{bad}",
    "a signed length": "POST {a} HTTP/1.1\r\nHost: {h}\r\nContent-Length: +0\r\n\r\n{bad}",
    "chunks misspelt": "POST {a} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{bad}",
    "chunks with a tab": "POST {a} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n{bad}",
    "chunks twice": "POST {a} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n{bad}",
    "a space before the colon": "POST {a} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n{bad}",
    "a folded header": "GET {a} HTTP/1.1\r\nHost: {h}\r\nX-A: 1\r\n Host: pornhub.com:{port}\r\n\r\n",
    "a folded length": "POST {a} HTTP/1.1\r\nHost: {h}\r\nContent-Length:\r\n 0\r\n\r\n{bad}",
    "two hosts": "GET {a} HTTP/1.1\r\nHost: {h}\r\nHost: pornhub.com:{port}\r\n\r\n",
    "a host with a new line": "GET {a} HTTP/1.1\r\nHost: {h}\nHost: pornhub.com:{port}\r\n\r\n",
    "a bare carriage return": "GET {a} HTTP/1.1\r\nHost: {h}\r\nX: a\rHost: pornhub.com:{port}\r\n\r\n",
    "a NUL": "GET {a} HTTP/1.1\r\nHost: {h}\r\nX: a\0b\r\n\r\n",
    "a huge chunk": "POST {a} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{bad}",
    "a chunk with an extension": "POST {a} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n0;\n{bad}\r\n\r\n",
    "a negative chunk": CHUNKED + "-1\r\n{bad}",
    "a chunk in hexadecimal twice": CHUNKED + "0x5\r\nhello\r\n0\r\n\r\n{bad}",
    "a chunk with an underscore": CHUNKED + "1_0\r\nhellohellohello!\r\n0\r\n\r\n{bad}",
    "a chunk in spaces": CHUNKED + " 5 \r\nhello\r\n0\r\n\r\n{bad}",
    "chunks of bare new lines": CHUNKED + "5\nhello\n0\n\n{bad}",
    "a chunk too short": CHUNKED + "5\r\nhelloXX0\r\n\r\n{bad}",
    "trailers": CHUNKED + "5\r\nhello\r\n0\r\nHost: pornhub.com\r\nContent-Length: 100\r\n\r\n{bad}",
    "packed for the way": "POST {a} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n{bad}",
    "chunks, then something else": "POST {a} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{bad}",
    "chunks behind a vertical tab": "POST {a} HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: \vchunked\r\n\r\n{bad}",
    "chunks of the version before": "POST {a} HTTP/1.0\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{bad}",
    "a length in hexadecimal": "POST {a} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 0x5\r\n\r\nhello{bad}",
    "a length with an underscore": "POST {a} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 1_0\r\n\r\nhellohello{bad}",
    "a length in another script": "POST {a} HTTP/1.1\r\nHost: {h}\r\nContent-Length: \xb2\r\n\r\nhe{bad}",
    "a length of 5,000 digits": "POST {a} HTTP/1.1\r\nHost: {h}\r\nContent-Length: " + "9" * 5000 + "\r\n\r\n{bad}",
    "no length at all": "POST {a} HTTP/1.1\r\nHost: {h}\r\nContent-Length:\r\n\r\n{bad}",
    "the same length twice": "POST {a} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello{bad}",
    "pipelining": "GET {a} HTTP/1.1\r\nHost: {h}\r\n\r\n" * 20 + "{bad}",
    "an upgrade to h2c": "GET {a} HTTP/1.1\r\nHost: {h}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n{bad}",
    "an upgrade to two": "GET {a} HTTP/1.1\r\nHost: {h}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n\r\n{bad}",
    "an upgrade without a key": "GET {a} HTTP/1.1\r\nHost: {h}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n{bad}",
    "an expectation": "POST {a} HTTP/1.1\r\nHost: {h}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello{bad}",
    "a connection of everything": "GET {a} HTTP/1.1\r\nHost: {h}\r\nConnection: host, close\r\n\r\n{bad}",
    "a tunnel in clear": "CONNECT {h} HTTP/1.1\r\nHost: {h}\r\n\r\n{bad}",
    "a tunnel in a tunnel": "CONNECT {h} HTTP/1.1\r\nHost: {h}\r\n\r\nCONNECT pornhub.com:{port} HTTP/1.1\r\n\r\n{bad}",
    "a tunnel with a body": "CONNECT {h} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 5\r\n\r\nhello{bad}",
    "a tunnel that speaks HTTP/2 in clear": "CONNECT {h} HTTP/1.1\r\nHost: {h}\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{bad}",
    "a login of another host": "GET http://{h}@pornhub.com:{port}/ HTTP/1.1\r\nHost: {h}\r\n\r\n",
    "a host in a login": "GET http://pornhub.com:{port}@{h}/ HTTP/1.1\r\nHost: {h}\r\n\r\n",
    "another host in the address": "GET http://pornhub.com:{port}/ HTTP/1.1\r\nHost: {h}\r\n\r\n",
    "another host in the header": "GET {a} HTTP/1.1\r\nHost: pornhub.com:{port}\r\n\r\n",
    "an address for others to read": "GET {a} HTTP/1.1\r\nHost: {h}\r\nX-Original-URL: http://x/\r\nX-HTTP-Method-Override: PUT\r\n\r\n{bad}",
    "no version": "GET http://pornhub.com:{port}/\r\n\r\n",
    "a version of the future": "GET http://pornhub.com:{port}/ HTTP/3.7\r\nHost: pornhub.com:{port}\r\n\r\n",
    "a method of its own": "\1\2 http://pornhub.com:{port}/ HTTP/1.1\r\nHost: pornhub.com:{port}\r\n\r\n",
    "a method of 100 KB": "A" * 100_000 + " http://pornhub.com:{port}/ HTTP/1.1\r\nHost: pornhub.com:{port}\r\n\r\n",
    "OPTIONS of everything": "OPTIONS * HTTP/1.1\r\nHost: pornhub.com:{port}\r\n\r\n",
    "a scheme of files": "GET ftp://pornhub.com:{port}/ HTTP/1.1\r\nHost: pornhub.com:{port}\r\n\r\n",
    "a NUL in the host": "GET http://pornhub.com%00.{h}/ HTTP/1.1\r\nHost: {h}\r\n\r\n{bad}",
    "a port of nobody": "GET http://pornhub.com:99999/ HTTP/1.1\r\nHost: pornhub.com:99999\r\n\r\n",
    "bytes that are no text": "GET {a} HTTP/1.1\r\nHost: {h}\r\nX-\xff: \xfe\r\nSec-Fetch-Dest: \xff\r\nReferer: \xff\r\n\r\n{bad}",
    "a login of noise": "GET {a} HTTP/1.1\r\nHost: {h}\r\nProxy-Authorization: Basic \xff!!\r\n\r\n{bad}",
    "SOCKS": "\5\1\0{bad}",
    "a proxy's own line": "PROXY TCP4 127.0.0.3 127.0.0.1 1 2\r\n{bad}",
    "a body of a GET": "GET {a} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 3\r\n\r\nabc{bad}",
}


def _answers(school: Watched, messages: dict[str, bytes], host: str = "") -> dict[str, bytes]:
    """What comes back to each, sent all at once over connections of their own, or tunnels to ``host``."""
    lines = {name: Raw(school.gateway, timeout=5) for name in messages}
    got = dict.fromkeys(lines, b"")
    for name, raw in lines.items():
        with suppress(OSError):
            if host:
                place = b"%s:%d" % (host.encode(), school.sites.tls_port)
                raw.send(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (place, place)).line.recv(1000)
            raw.send(messages[name])
    end = time.monotonic() + 2.5
    while lines and time.monotonic() < end:
        for ready in select.select([raw.line for raw in lines.values()], [], [], 0.1)[0]:
            name = next(name for name, raw in lines.items() if raw.line is ready)
            more = b""
            with suppress(OSError):
                more = ready.recv(65536)
            got[name] += more
            if not more:
                lines.pop(name).line.close()
    for raw in lines.values():
        raw.line.close()
    return got


@pytest.fixture(scope="module")
def shaped(school: Watched) -> dict[str, bytes]:
    """What comes back to every shape, each with a blocked request at its end or in it."""
    host, port = f"allowed.example:{school.sites.port}", school.sites.port
    bad = f"GET http://pornhub.com:{port}/ HTTP/1.1\r\nHost: pornhub.com:{port}\r\n\r\n"
    texts = {shape: text.format(a=f"http://{host}/", h=host, port=port, bad=bad) for shape, text in SHAPES.items()}
    before, harmful = len(school.sites.asked), len(school.sites.seen("pornhub.com"))
    answers = _answers(school, {shape: text.encode("latin-1") for shape, text in texts.items()})
    assert len(school.sites.seen("pornhub.com")) == harmful
    for asked in school.sites.asked[before:]:
        assert asked.host == host
        assert "pornhub" not in " ".join(asked.headers.values()), asked
    return answers


@pytest.mark.parametrize("shape", SHAPES)
def test_no_request_is_smuggled_inside_another(shaped: dict[str, bytes], school: Watched, shape: str) -> None:
    """Whatever is read as a request is judged: the blocked site behind it is never reached, nor is it a site's answer."""
    assert b"Welcome to pornhub" not in shaped[shape]
    assert "mitmproxy has crashed" not in school.gateway.log
    school.seen += [ref.decode() for ref in REFERENCE.findall(shaped[shape])]


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("a header of 1 MB", b"X-Long: " + b"a" * 1_000_000 + b"\r\n"),
        ("10,000 headers", b"".join(b"X-%d: a\r\n" % n for n in range(10_000))),
        (
            "a cookie of 300 KB in 1,000 lines",
            b"Cookie: " + b"; ".join(b"a%d=%s" % (n, b"b" * 300) for n in range(1000)) + b"\r\n",
        ),
    ],
)
def test_headers_beyond_all_measure_are_judged_or_refused(school: Watched, name: str, headers: bytes) -> None:
    before = len(school.sites.seen("pornhub.com"))
    place = b"pornhub.com:%d" % school.sites.port
    got = _crooked(school, b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (place, place, headers))
    assert got[9:12] in (b"", b"400", b"403", b"431", b"503"), got[:200]
    assert len(school.sites.seen("pornhub.com")) == before
    _is_quick(school)


def test_an_answer_carries_no_header_of_a_requests_making(school: Watched) -> None:
    place = b"pornhub.com:%d" % school.sites.port
    for path in (b"/%0d%0aSet-Cookie:%20a=b", b"/a\rSet-Cookie: a=b", b"/?q=%0aLocation:%20http://x"):
        got = _crooked(school, b"GET http://%s%s HTTP/1.1\r\nHost: %s\r\n\r\n" % (place, path, place))
        head = got.partition(b"\r\n\r\n")[0].lower()
        assert b"\nset-cookie: a" not in head
        assert b"\nlocation" not in head


def test_a_rapid_reset_keeps_nobody_waiting(school: Watched) -> None:
    """Streams that are opened and given up at once (CVE-2023-44487), of a site that is allowed and of one that is not."""
    memory = school.memory()
    for host in ("allowed.example", "pornhub.com"):
        with Raw(school.gateway, OTHER) as raw:
            connection = raw.http2(host, school.sites.tls_port)
            headers = [
                (":method", "GET"),
                (":scheme", "https"),
                (":path", "/"),
                (":authority", f"{host}:{school.sites.tls_port}"),
            ]
            try:
                for _ in range(60 if LONG else 15):
                    for _ in range(50):
                        stream = connection.get_next_available_stream_id()
                        connection.send_headers(stream, headers, end_stream=True)
                        connection.reset_stream(stream)
                    raw.send(connection.data_to_send())
            except OSError:
                pass  # hung up on: that is an answer, too
            _is_quick(school)
    school.is_well()
    assert school.memory() - memory < 100_000_000


def test_headers_that_never_end_take_no_memory(school: Watched) -> None:
    """CONTINUATION frames without END_HEADERS (CVE-2024-27316's kind)."""
    memory = school.memory()
    with Raw(school.gateway, OTHER) as raw:
        connection = raw.http2("allowed.example", school.sites.tls_port)
        block = connection.encoder.encode(
            [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "allowed.example")]
        )
        frame = HeadersFrame(1, block)
        raw.send(frame.serialize())
        sent = 0
        try:
            for _ in range(2000):
                raw.send(ContinuationFrame(1, b"\x00\x01a" + b"\x7f\x80\xff\x00"[:1] + b"a" * 16000).serialize())
                sent += 16000
        except OSError:
            pass
        _is_quick(school)
    assert school.memory() - memory < 50_000_000, f"{sent:,} bytes sent"


@pytest.mark.parametrize(
    "first",
    [
        b"GET / HTTP/1.1\r\nX: ",
        CHUNKED.format(a="http://allowed.example/", h="allowed.example").encode() + b"5;",
        CHUNKED.format(a="http://allowed.example/", h="allowed.example").encode() + b"0\r\nX: ",
        b"",
    ],
    ids=["a header", "a line before a chunk", "trailers", "a first line"],
)
def test_what_a_device_never_ends_takes_no_memory(school: Watched, first: bytes) -> None:
    before = school.memory()
    with Raw(school.gateway, OTHER) as raw, pytest.raises(OSError):
        raw.send(first)
        for _ in range(5000):
            raw.send(b"a" * 60_000)
    _is_quick(school)
    assert school.memory() - before < 60_000_000


def _hello(host: str) -> bytes:
    """What a browser says first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname=host).do_handshake()
    return outgoing.read()


def _records(hello: bytes, size: int) -> bytes:
    """The same in TLS records of so many bytes (RFC 8446, 5.1, allows it)."""
    pieces = [hello[5:][start : start + size] for start in range(0, len(hello) - 5, size)]
    return b"".join(hello[:3] + len(piece).to_bytes(2) + piece for piece in pieces)


def _naming(name: bytes) -> bytes:
    """A ClientHello for a name that is none."""
    long = b"a" * 60
    hello = _hello(long.decode() + ".example")
    name = name[:68].ljust(68, b"\0") if len(name) < 30 else name[:68]
    return hello.replace(long + b".example", name)


HELLOS: dict[str, Callable[[], bytes]] = {
    "one byte a record": lambda: _records(_hello("pornhub.com"), 1),
    "a name of NULs": lambda: _naming(b"\0"),
    "two names with a NUL": lambda: _naming(b"allowed.example\0pornhub.com"),
    "a name of no text": lambda: _naming(b"\xff" * 68),
    "a name of dots": lambda: _naming(b"." * 68),
    "a record of nothing": lambda: b"\x16\x03\x01\0\0" * 1000,
    "a record of the largest": lambda: b"\x16\x03\x01\xff\xff" + b"a" * 65535,
    "a hello of 16 MB": lambda: b"\x16\x03\x01\0\x05\x01\xff\xff\xff\0",
    "an alert": lambda: b"\x15\x03\x01\0\x02\2\0",
    "data before all": lambda: b"\x17\x03\x03\0\x05hello" * 100,
    "SSL 2": lambda: b"\x80\x2e\x01\0\x02" + bytes(41),
    "two of them": lambda: _hello("allowed.example") + _hello("pornhub.com"),
    "half, and HTTP": lambda: _hello("pornhub.com")[:60] + b"GET / HTTP/1.1\r\nHost: pornhub.com\r\n\r\n" * 20,
}


@pytest.fixture(scope="module")
def greeted(school: Watched) -> dict[str, bytes]:
    """What comes back to every hello, in a tunnel to a site that is blocked."""
    return _answers(school, {name: hello() for name, hello in HELLOS.items()}, "pornhub.com")


@pytest.mark.parametrize("hello", HELLOS)
def test_an_odd_hello_opens_nothing(greeted: dict[str, bytes], school: Watched, hello: str) -> None:
    assert b"Welcome" not in greeted[hello]
    assert school.sites.seen("pornhub.com") == []
    assert "mitmproxy has crashed" not in school.gateway.log


@pytest.mark.parametrize("size", [1, 50])
def test_a_hello_in_pieces_hides_no_name(school: Watched, size: int) -> None:
    place = b"pornhub.com:%d" % school.sites.tls_port
    context = ssl.create_default_context(cafile=str(school.gateway.school.ca))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    inside = context.wrap_bio(incoming, outgoing, server_hostname="pornhub.com")
    with Raw(school.gateway) as raw:
        raw.send(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (place, place)).line.recv(1000)
        with suppress(ssl.SSLWantReadError):
            inside.do_handshake()
        raw.send(_records(outgoing.read(), size))
        got = b""
        while b"</html>" not in got:
            try:
                inside.do_handshake()
                if not got:
                    inside.write(b"GET / HTTP/1.1\r\nHost: %s\r\nAccept: text/html\r\n\r\n" % place)
                    raw.send(outgoing.read())
                    got = b" "
                got += inside.read()
            except ssl.SSLWantReadError:
                raw.send(outgoing.read())
                incoming.write(raw.line.recv(65536))
    school.seen += [ref.decode() for ref in REFERENCE.findall(got)]
    assert b"HTTP/1.1 403" in got
    assert school.sites.seen("pornhub.com") == []


def test_a_hello_that_never_ends_takes_no_memory(school: Watched) -> None:
    before = school.memory()
    with Raw(school.gateway, OTHER) as raw, pytest.raises(OSError):
        raw.send(b"CONNECT pornhub.com:443 HTTP/1.1\r\nHost: pornhub.com:443\r\n\r\n").line.recv(1000)
        raw.send(b"\x16\x03\x01\x40\0\x01\xff\xff\xf0" + b"a" * 16380)
        for _ in range(3000):
            raw.send(b"\x16\x03\x01\x40\0" + b"a" * 16384)
    _is_quick(school)
    assert school.memory() - before < 60_000_000
    assert "mitmproxy has crashed" not in school.gateway.log


Pairs = list[tuple[str, str]]


def _asks(host: str = "pornhub.com", *more: tuple[str, str], path: str = "/", method: str = "GET") -> Pairs:
    return [(":method", method), (":scheme", "https"), (":authority", host), (":path", path), *more]


def _heads(connection: H2Connection, fields: Pairs, stream: int = 1, *flags: str) -> bytes:
    block = connection.encoder.encode(fields)
    return bytes(HeadersFrame(stream, block, flags=flags or ("END_HEADERS", "END_STREAM")).serialize())


_BEGIN = ("END_HEADERS",)
FRAMES: dict[str, Callable[[H2Connection], bytes]] = {
    "another host": lambda c: _heads(c, _asks("allowed.example", ("host", "pornhub.com"))),
    "a host and no authority": lambda c: _heads(c, [*_asks()[:2], (":path", "/"), ("host", "pornhub.com")]),
    "two authorities": lambda c: _heads(c, [(":authority", "allowed.example"), *_asks()]),
    "two paths": lambda c: _heads(c, [*_asks(), (":path", "/x")]),
    "a pseudo-header at the end": lambda c: _heads(c, [("a", "b"), *_asks()]),
    "a header in capitals": lambda c: _heads(c, _asks("pornhub.com", ("Foo", "b"))),
    "a new line in a header": lambda c: _heads(c, _asks("allowed.example", ("foo", "b\r\nHost: pornhub.com"))),
    "a new line in the path": lambda c: _heads(c, _asks("allowed.example", path="/ HTTP/1.1\r\nHost: pornhub.com\r\n\r\n")),
    "a new line in the method": lambda c: _heads(c, _asks("allowed.example", method="GET / HTTP/1.1\r\nHost: pornhub.com\r\n")),
    "a NUL in a header": lambda c: _heads(c, _asks("allowed.example", ("foo", "b\0c"))),
    "chunks": lambda c: _heads(c, _asks("pornhub.com", ("transfer-encoding", "chunked"))),
    "a length that lies": lambda c: _heads(c, _asks("pornhub.com", ("content-length", "100"))),
    "a tunnel": lambda c: _heads(c, [(":method", "CONNECT"), (":authority", "pornhub.com:443")]),
    "a tunnel for WebSockets": lambda c: _heads(c, [*_asks(method="CONNECT"), (":protocol", "websocket")]),
    "no path": lambda c: _heads(c, _asks(path="")),
    "a path that is an address": lambda c: _heads(c, _asks("allowed.example", path="https://pornhub.com/")),
    "a path that is a login": lambda c: _heads(c, _asks("allowed.example", path="@pornhub.com/")),
    "settings without end": lambda _: bytes(SettingsFrame(0, settings={4: 65535}).serialize() * 5000),
    "pings without end": lambda _: bytes(PingFrame(0, b"12345678").serialize() * 5000),
    "priorities without end": lambda _: b"".join(PriorityFrame(n, stream_weight=1).serialize() for n in range(1, 9999, 2)),
    "a window of nothing": lambda _: bytes(WindowUpdateFrame(0, window_increment=1).serialize()[:-4] + bytes(4)),
    "a window beyond all measure": lambda _: bytes(WindowUpdateFrame(0, window_increment=2**31 - 1).serialize() * 2),
    "a reset of nothing": lambda _: bytes(RstStreamFrame(99, error_code=0).serialize()),
    "data of nothing": lambda _: bytes(DataFrame(5, b"hello").serialize()),
    "a frame beyond all measure": lambda _: b"\xff\xff\xff\0\0\0\0\0\1" + b"a" * 60_000,
    "a push": lambda _: bytes(PushPromiseFrame(1, promised_stream_id=2).serialize()),
    "a farewell first": lambda c: bytes(GoAwayFrame(0).serialize()) + _heads(c, _asks()),
    "empty pieces": lambda c: _heads(c, _asks(method="POST"), 1, *_BEGIN) + bytes(DataFrame(1, b"").serialize() * 5000),
    "trailers": lambda c: _heads(c, _asks("allowed.example", method="POST"), 1, *_BEGIN) + _heads(c, [("host", "pornhub.com")]),
    "another request as trailers": lambda c: _heads(c, _asks("allowed.example", method="POST"), 1, *_BEGIN) + _heads(c, _asks()),
    "a ping between headers": lambda c: _heads(c, _asks(), 1, "END_STREAM") + bytes(PingFrame(0, b"12345678").serialize()),
    "1,000 streams": lambda c: b"".join(_heads(c, _asks(), stream) for stream in range(1, 2001, 2)),
    "a small table blown up": lambda c: _heads(c, _asks("pornhub.com", ("x-a", "b" * 3900)))
    + bytes(HeadersFrame(3, b"\xbe" * 15_000, flags=["END_HEADERS", "END_STREAM"]).serialize()),
    "noise": lambda _: bytes(range(256)) * 20,
}  # fmt: skip


@pytest.fixture(scope="module")
def framed(school: Watched) -> dict[str, bytes]:
    """What comes back to frames of HTTP/2, all at once over tunnels of their own."""
    lines = {name: Raw(school.gateway, OTHER, 5) for name in FRAMES}
    got, before = dict.fromkeys(lines, b""), len(school.sites.seen("pornhub.com"))
    for name, raw in lines.items():
        with suppress(OSError):
            raw.send(FRAMES[name](raw.http2("allowed.example", school.sites.tls_port)))
    for name, raw in lines.items():
        raw.line.settimeout(0.1)
        with suppress(OSError):
            while more := raw.line.recv(65536):
                got[name] += more
        raw.line.close()
    assert len(school.sites.seen("pornhub.com")) == before
    return got


@pytest.mark.parametrize("frames", FRAMES)
def test_odd_frames_open_nothing(framed: dict[str, bytes], school: Watched, frames: str) -> None:
    assert b"Welcome to pornhub" not in framed[frames]
    assert "mitmproxy has crashed" not in school.gateway.log
    _is_quick(school)


def test_devices_that_vanish_in_mid_tls_leave_nothing_behind(school: Watched) -> None:
    worker = school.gateway.children()["worker1"]
    before = len(list(Path(f"/proc/{worker}/fd").iterdir()))
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x01" * 100  # of 512 bytes that never come
    place = b"allowed.example:%d" % school.sites.tls_port
    for number in range(60):
        with Raw(school.gateway, OTHER) as raw:
            raw.send(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (place, place))
            raw.line.recv(1000)
            raw.send(hello[: number * 2 + 1])
            if number % 2:  # a reset in place of an end
                raw.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    school.is_well()
    end = time.monotonic() + 40
    while (now := len(list(Path(f"/proc/{worker}/fd").iterdir()))) > before + 10 and time.monotonic() < end:
        time.sleep(0.3)
    assert now <= before + 10
    assert school.gateway.children()["worker1"] == worker


def test_slow_devices_keep_nobody_waiting(school: Watched) -> None:
    """A byte a second each."""
    lines = [Raw(school.gateway, f"127.0.2.{10 + number % 200}") for number in range(500)]
    request = b"GET http://pornhub.com:%d/ HTTP/1.1\r\nHost: pornhub.com\r\n\r\n" % school.sites.port
    try:
        for place in range(10 if LONG else 2):
            for raw in lines:
                raw.send(request[place : place + 1])
            _is_quick(school)
            time.sleep(1)
        for raw in lines[:20]:
            raw.send(request[10 if LONG else 2 :])
        answers = [raw.answer() for raw in lines[:20]]
    finally:
        for raw in lines:
            raw.line.close()
    assert {answer.status for answer in answers} == {403}
    school.seen += [answer.ref for answer in answers]


def test_idle_devices_keep_nobody_waiting(school: Watched) -> None:
    """10,000 on demand: each takes a file here, too."""
    lines: list[Raw] = []
    try:
        for number in range(10_000 if LONG else 800):
            lines.append(Raw(school.gateway, f"127.0.2.{10 + number % 200}"))
        _is_quick(school)
    finally:
        for raw in lines:
            raw.line.close()
    school.is_well()
