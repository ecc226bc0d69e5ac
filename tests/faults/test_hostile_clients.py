"""Devices that flood, dawdle, lie about lengths or vanish: nobody else is kept waiting, and nothing gets past the filter."""

import socket
import time
from pathlib import Path

import pytest
from hyperframe.frame import ContinuationFrame, HeadersFrame
from pretend.faulted import LONG, Watched
from pretend.raw import Raw

OTHER = "127.0.2.9"  # the device that does harm; pupils like those who are kept waiting by it


def _memory(school: Watched) -> int:
    """Bytes that the worker holds."""
    status = Path(f"/proc/{school.gateway.children()['worker1']}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024


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
    "a body of a GET": "GET {a} HTTP/1.1\r\nHost: {h}\r\nContent-Length: 3\r\n\r\nabc{bad}",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_request_is_smuggled_inside_another(school: Watched, shape: str) -> None:
    """Whatever is read as a request is judged: the blocked site behind it is never reached, nor is it a site's answer."""
    sites, place = school.sites, f"allowed.example:{school.sites.port}"
    bad = f"GET http://pornhub.com:{sites.port}/ HTTP/1.1\r\nHost: pornhub.com:{sites.port}\r\n\r\n"
    before, harmful = len(sites.asked), len(sites.seen("pornhub.com"))
    text = SHAPES[shape].format(a=f"http://{place}/", h=place, port=sites.port, bad=bad)
    got = _crooked(school, text.encode("latin-1"))
    assert b"Welcome to pornhub" not in got
    assert len(sites.seen("pornhub.com")) == harmful
    for asked in sites.asked[before:]:
        assert asked.host == place
        assert "pornhub" not in " ".join(asked.headers.values()), asked


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
    memory = _memory(school)
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
    assert _memory(school) - memory < 100_000_000


def test_headers_that_never_end_take_no_memory(school: Watched) -> None:
    """CONTINUATION frames without END_HEADERS (CVE-2024-27316's kind)."""
    memory = _memory(school)
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
    assert _memory(school) - memory < 50_000_000, f"{sent:,} bytes sent"


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
