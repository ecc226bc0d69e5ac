"""The changes to mitmproxy's insides are in force with the mitmproxy that is installed."""

import pytest
from mitmproxy import version
from mitmproxy.proxy.layers.http import _http1
from schoolgate.proxy.insides import framing
from schoolgate.proxy.insides.full import Hold, can_let_go


def test_this_mitmproxy_can_let_go_of_a_full_answer() -> None:
    assert can_let_go()


def test_a_hold_is_full_by_size_or_by_time() -> None:
    assert not Hold(100, float("inf")).is_full(99)
    assert Hold(100, float("inf")).is_full(100)
    assert Hold(100, 0.0).is_full(1)


def test_this_mitmproxy_can_be_told_how_to_read_messages() -> None:
    assert framing.can_frame()


def test_another_mitmproxy_reads_messages_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _http1.Http1Client.read_headers
    monkeypatch.setattr(version, "VERSION", "13.0.0")
    assert not framing.frame_as_we_do()
    assert _http1.Http1Client.read_headers is before


@pytest.mark.parametrize(
    ("status", "message", "title", "detail"),
    [
        (
            400,
            "Bad HTTP request line: b'GET pornhub'",
            "This request could not be understood",
            "400 Bad HTTP request line<",
        ),
        (
            502,
            "[Errno 111] Connect call failed ('10.0.0.1', 80)",
            "could not be opened",
            "502 [Errno 111] Connect call failed<",
        ),
        (502, "Certificate verify failed: certificate has expired", "did not prove", "certificate has expired<"),
        (
            502,
            "unexpected server response: b'<p>what nobody judged'",
            "could not be opened",
            "unexpected server response<",
        ),
        (502, "illegal chunk header: bytearray(b'zz')", "could not be opened", "illegal chunk header<"),
    ],
)
def test_the_page_of_an_error_says_what_to_do_and_quotes_nothing(
    status: int, message: str, title: str, detail: str
) -> None:
    page = framing.page_of(status, message).decode()
    assert title in page
    assert f"For the IT technician: {status}" in page
    assert detail in page
    assert "pornhub" not in page
    assert "nobody judged" not in page


def test_answers_on_the_way_are_passed_over_in_whatever_pieces_they_come() -> None:
    said = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody"
    for size in (1, 7, 1000):
        buffer, lines = framing._Buffer(), None
        for start in range(0, len(said), size):
            buffer += said[start : start + size]
            if lines is None and buffer.pass_over():
                lines = buffer.maybe_extract_lines()
        assert lines == [b"HTTP/1.1 200 OK", b"A: b"]
        assert bytes(buffer) == b"body"
