"""How mitmproxy reads messages: none without end, over trailers and answers on the way, and errors in plain words.

Each change is a few lines. What never ends, a head of HTTP/1, a chunk's first line, trailers or a ClientHello, would be
kept until the memory is used up: now it is an error. Trailers of HTTP/1 end the connection in mitmproxy: now they are
left out, as RFC 9110 (6.5.1) allows. An answer on the way to the answer (100 Continue, 103 Early Hints) passed for the
answer itself: now it is read over. And the page of an error quoted whatever the site had sent: now it says what is
wrong and what to do, and nothing else. Bound to the version they were written for: with any other mitmproxy they stay
off.
"""

import html
import inspect
import logging
import re
from collections.abc import Callable, Generator
from typing import Any

import h11
from h11._readers import ChunkedReader
from h11._receivebuffer import ReceiveBuffer
from mitmproxy import version
from mitmproxy.proxy.events import DataReceived, Event
from mitmproxy.proxy.layers.http import _http1, _http2
from mitmproxy.proxy.layers.http._base import format_error
from mitmproxy.proxy.layers.tls import ClientTLSLayer

log = logging.getLogger("schoolgate")

_WRITTEN_FOR = "12.2"
_MOST_OF_A_HEAD = 2 << 20  # bytes; servers take 8 to 64 KB
_MOST_OF_A_LINE = 64 << 10  # bytes before a chunk: its size, and what nobody reads
MOST_OF_A_HELLO = 32 << 10  # bytes as they come; browsers send 2 KB
_MOST_ON_THE_WAY = 100  # answers before the answer
_EMPTY_LINE, _ENDS_HEAD = re.compile(rb"\n\r?\n"), b"\r\n\r\n"
_BEYOND = b"beyond-all-measure"  # which is no line of any message, so it ends as a broken one does
_ON_THE_WAY = re.compile(rb"HTTP/1\.[01] 1(?!01)\d\d[ \r\n]")
_LONGEST_DETAIL = 160
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
<h1>{title}</h1>
<p>{what}</p>
<p>{advice}</p>
<p><small>For the IT technician: {status} {detail}</small></p>
</body>
</html>
"""
_NO_REQUEST = (
    "This request could not be understood",
    "Your browser or app asked for something in a way that the school's filter cannot read, so it was not passed on.",
    "Try again. If it happens again, tell the school's IT technician which site or app it was.",
)
_NO_PROOF = (
    "This site could not be opened",
    "The site did not prove that it is the one it claims to be, so the school's filter does not connect to it.",
    "Check the address. If it is right, tell the school's IT technician.",
)
_NO_SITE = (
    "This site could not be opened",
    "The site did not answer, or what it sent is no proper answer.",
    "Check the address, and try again in a few minutes. Other sites are not affected.",
)


class _Buffer(ReceiveBuffer):
    """Gives up on what has no end."""

    passed_over = 0

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """All lines up to an empty one, as h11 has it; a plain head is cut in one step."""
        found = _EMPTY_LINE.search(self._data, self._multiple_lines_search)
        if found is not None and self._data[0] not in b"\r\n":
            head = bytes(self._data[: found.end()])
            plain: list[Any] = head[: -len(_ENDS_HEAD)].split(b"\r\n")
            if head.endswith(_ENDS_HEAD) and head.count(b"\n") == len(plain) + 1:
                self._extract(found.end())
                return plain
        lines = super().maybe_extract_lines()
        if lines is None and len(self) > _MOST_OF_A_HEAD:
            self._data.clear()
            lines = [bytearray(_BEYOND)]
        return lines

    def maybe_extract_next_line(self) -> bytearray | None:
        """One line, as h11 has it."""
        line = super().maybe_extract_next_line()
        if line is None and len(self) > _MOST_OF_A_LINE:
            self._data.clear()
            line = bytearray(_BEYOND)
        return line

    def pass_over(self) -> bool:
        """Take away answers on the way; whether what comes next may be read as the answer itself."""
        while _ON_THE_WAY.match(self._data):
            lines = self.maybe_extract_lines()
            if lines is None:
                return False
            self.passed_over += 1
            if self.passed_over > _MOST_ON_THE_WAY or lines == [_BEYOND]:
                self._data[:] = _BEYOND + b"\r\n\r\n"
        return True


class _Chunks(ChunkedReader):
    """Leaves trailers out."""

    def __call__(self, buf: ReceiveBuffer) -> h11.Data | h11.EndOfMessage | None:
        event = super().__call__(buf)
        return h11.EndOfMessage() if isinstance(event, h11.EndOfMessage) and event.headers else event


_read_on: Callable[..., Generator[Any, Any]] = _http1.Http1Client.read_headers


def _read_headers(self: _http1.Http1Client, event: Event) -> Generator[Any, Any]:
    buffer = self.buf
    if isinstance(event, DataReceived) and self.request is not None and isinstance(buffer, _Buffer):
        if not buffer.pass_over():
            return leave_out(b"")
        if buffer:  # the answer itself begins
            buffer.passed_over = 0
    return _read_on(self, event)


_shake_on: Callable[..., Any] = ClientTLSLayer.receive_handshake_data


def _receive_handshake_data(self: ClientTLSLayer, data: bytes) -> Generator[Any, Any, tuple[bool, str | None]]:
    done: tuple[bool, str | None] = yield from _shake_on(self, data)
    if not self.client_hello_parsed and len(self.recv_buffer) > MOST_OF_A_HELLO:
        self.recv_buffer.clear()
        done = False, "the ClientHello has no end"
    if done[1] and self.tls is None:
        self.receive_data = leave_out
    return done


def leave_out(data: bytes) -> Generator[Any, Any]:
    """What a device still says after its handshake has failed."""
    yield from ()


def page_of(status: int, message: str) -> bytes:
    """The page for an error that mitmproxy found; of its words what is quoted from a site or a device is left out."""
    words = _NO_REQUEST if status < 500 else _NO_PROOF if "certificate" in message.lower() else _NO_SITE
    detail = re.split(r"(?:bytearray\()?b?['\"]", message, maxsplit=1)[0].strip(" :(")[:_LONGEST_DETAIL]
    title, what, advice = words
    return _PAGE.format(title=title, what=what, advice=advice, status=status, detail=html.escape(detail)).encode()


def can_frame() -> bool:
    """Whether this mitmproxy is the one that the changes were written for."""
    as_known = (
        list(inspect.signature(_read_on).parameters) == ["self", "event"]
        and list(inspect.signature(_shake_on).parameters) == ["self", "data"]
        and list(inspect.signature(format_error).parameters) == ["status_code", "message"]
        and {"ReceiveBuffer", "ChunkedReader", "format_error"} <= vars(_http1).keys()
    )
    return as_known and version.VERSION.startswith(_WRITTEN_FOR)


def frame_as_we_do() -> bool:
    """Make the changes in this process, once; False where mitmproxy is another one, and it stays as it is."""
    if not can_frame():
        log.warning("mitmproxy %s is not the one that schoolgate knows: heads have no bounds", version.VERSION)
        return False
    changed: dict[str, Any] = {"ReceiveBuffer": _Buffer, "ChunkedReader": _Chunks}
    for name, instead in changed.items():
        setattr(_http1, name, instead)
    for module in (_http1, _http2):
        module.__dict__["format_error"] = lambda status_code, message: page_of(status_code, message)
    _http1.Http1Client.read_headers = _read_headers  # type: ignore[method-assign]
    ClientTLSLayer.receive_handshake_data = _receive_handshake_data  # type: ignore[method-assign]
    return True
