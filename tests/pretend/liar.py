"""A site that breaks every rule of HTTP: the path says which."""

import base64
import gzip
import hashlib
import re
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import count
from urllib.parse import unquote

import brotli
import zstandard

HARM = b"<!doctype html><title>Lucky Spin online casino</title><p>Claim 200 free spins: play slots, roulette and blackjack.</p>"
_HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@cache
def _bomb(kind: str) -> bytes:
    """A page of 60 MB in few bytes."""
    zeros = HARM + b" " * 60_000_000
    pack: dict[str, Callable[[bytes], bytes]] = {
        "gzip": lambda data: gzip.compress(data, 1),
        "br": lambda data: brotli.compress(data, quality=1),
        "zstd": zstandard.ZstdCompressor(level=1).compress,
    }
    body = pack[kind](zeros)
    return _HTML + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (kind.encode(), len(body)) + body


def _answers() -> dict[str, Callable[[], bytes]]:
    length = b"Content-Length: %d\r\n\r\n"
    return {
        "short": lambda: _HTML + length % 1000 + b"ten bytes.",
        "long": lambda: _HTML + length % 5 + b"hello" + HARM,
        "both": lambda: _HTML + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HARM,
        "twice": lambda: _HTML + b"Content-Length: 5\r\nContent-Length: 200\r\n\r\nhello" + HARM,
        "negative": lambda: _HTML + b"Content-Length: -5\r\n\r\n" + HARM,
        "chunk": lambda: _HTML + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + HARM,
        "headers": lambda: _HTML + b"".join(b"X-%d: a\r\n" % n for n in range(10_000)) + b"\r\n" + HARM,
        "header": lambda: _HTML + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\n" + HARM,
        "garbage": lambda: b"\0\1\2\3 no HTTP at all\r\n\r\n" + HARM,
        "nothing": lambda: b"",
        "status": lambda: b"HTTP/1.1 9999 Odd\r\nContent-Type: text/html\r\n\r\n" + HARM,
        "continue": lambda: b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + _HTML + length % len(HARM) + HARM,
        "folded": lambda: _HTML + b"X-A: 1\r\n Set-Cookie: a=b\r\n" + length % len(HARM) + HARM,
        "gzip": lambda: _bomb("gzip"),
        "br": lambda: _bomb("br"),
        "zstd": lambda: _bomb("zstd"),
        **{name: partial(bytes, said) for name, said in _odd().items()},
    }


def _whole(body: bytes, head: bytes = b"", status: bytes = b"200 OK", kind: bytes = b"text/html") -> bytes:
    first = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n" % (status, kind, len(body))
    return first + head + b"\r\n" + body


def _chunked(*pieces: bytes, trailers: bytes = b"", head: bytes = b"chunked") -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return _HTML + b"Transfer-Encoding: %s\r\n\r\n" % head + chunks + b"0\r\n" + trailers + b"\r\n"


@cache
def _odd() -> dict[str, bytes]:
    """Answers of which browsers make a page, or might, or nobody does."""
    packed, once = gzip.compress(HARM), b"Content-Encoding: gzip\r\n"
    twice, deflated = gzip.compress(packed), zlib.compress(HARM)
    nested = gzip.compress(gzip.compress(gzip.compress(HARM + b" " * 60_000_000, 9), 9), 9)
    wide = zstandard.ZstdCompressor(compression_params=zstandard.ZstdCompressionParameters(window_log=27))
    return {
        "trailers": _chunked(HARM, trailers=b"X-T: a\r\n"),
        "packed for the way": _chunked(packed, head=b"gzip, chunked"),
        "packed for the way, without chunks": _HTML + b"Transfer-Encoding: gzip\r\n\r\n" + packed,
        "packed twice, once for the way": _chunked(twice, head=b"gzip, chunked").replace(b"\r\n", b"\r\n" + once, 1),
        "no head": HARM,
        "another protocol": b"ICY 200 OK\r\nContent-Type: text/html\r\n\r\n" + HARM,
        "a version that is none": b"HTTP/2 200 OK\r\nContent-Type: text/html\r\n\r\n" + HARM,
        "the version before": b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + HARM,
        "on the way for ever": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20_000 + _whole(HARM),
        "a body on the way": _whole(HARM, status=b"100 Continue"),
        "a switch that nobody asked for": b"HTTP/1.1 101 X\r\nUpgrade: foo\r\nConnection: upgrade\r\n\r\n" + HARM,
        "a switch to nothing": b"HTTP/1.1 101 X\r\n\r\n" + HARM,
        "no content with content": _whole(HARM, status=b"204 No Content"),
        "nothing new with content": _whole(HARM, status=b"304 Not Modified"),
        "a reset with content": _whole(HARM, status=b"205 Reset Content"),
        "a part": _whole(HARM, b"Content-Range: bytes 0-9/10\r\n", b"206 Partial Content"),
        "a status of nobody": _whole(HARM, status=b"600 X"),
        "no type": b"HTTP/1.1 200 OK\r\n\r\n" + HARM,
        "any type": _whole(HARM, kind=b"*/*"),
        "two types": _whole(HARM, b"Content-Type: text/html\r\n", kind=b"image/png"),
        "two types in one": _whole(HARM, kind=b"image/png, text/html"),
        "a charset of noise": _whole(HARM, kind=b"text/html; charset=\xff\xfe"),
        "a replacing stream": _whole(
            b"--b\r\nContent-Type: text/html\r\n\r\n" + HARM, kind=b"multipart/x-mixed-replace; boundary=b"
        ),
        "json that is opened": _whole(b'{"t":"' + HARM.replace(b'"', b"'") + b'"}', kind=b"application/json"),
        "cut gzip": _whole(packed[:-12], once),
        "gzip of a wrong sum": _whole(packed[:-8] + bytes(8), once),
        "gzip in two lines": _whole(twice, once * 2),
        "gzip four times": _whole(gzip.compress(gzip.compress(twice)), b"Content-Encoding: gzip, gzip, gzip, gzip\r\n"),
        "gzip in gzip in gzip of zeros": _whole(nested, b"Content-Encoding: gzip, gzip, gzip\r\n"),
        "gzip with spaces": _whole(packed, b"Content-Encoding:  GZIP ,, \r\n"),
        "gzip with a weight": _whole(HARM, b"Content-Encoding: gzip;q=1\r\n"),
        "no gzip": _whole(HARM, once),
        "bare deflate": _whole(deflated[2:-4], b"Content-Encoding: deflate\r\n"),
        "cut brotli": _whole(brotli.compress(HARM)[:-3], b"Content-Encoding: br\r\n"),
        "zstd of a large window": _whole(wide.compress(HARM * 1000), b"Content-Encoding: zstd\r\n"),
        "an unknown coding": _whole(HARM, b"Content-Encoding: compress\r\n"),
        "two answers": _whole(b"<p>hello") + _whole(HARM),
        "single bytes": _chunked(*(bytes([byte]) for byte in HARM * 5)),
        "a long extension": _chunked(HARM).replace(b"76\r\n", b"76;" + b"a" * 60_000 + b"\r\n", 1),
        "a control character in a name": _whole(HARM, b"X-\x01: a\r\n"),
        "half a page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n" + HARM,
        "half a chunk": _HTML + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n" + HARM,
        "elsewhere": _whole(HARM, b"Location: http://pornhub.com/\r\n", b"302 Found"),
        "zeros before": _whole(bytes(100_000) + HARM),
        "deep": _whole(b"<div>" * 100_000 + HARM),
        "one long word": _whole(b"a" * 1_500_000 + b" " + HARM),
    }


SAID = tuple(_answers())
ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "headers": (_HTML, b"X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 1000),
    "a header": (_HTML + b"X-A: ", b"a" * 60_000),
    "a line before a chunk": (_HTML + b"Transfer-Encoding: chunked\r\n\r\n5;", b"a" * 60_000),
    "trailers": (_HTML + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"a" * 60_000),
    "answers on the way": (b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 2000),
    "no line at all": (b"", b"a" * 60_000),
}
"""What a site says first, and then for ever."""


def frame(kind: int, data: bytes, fin: bool = True, packed: bool = False, claims: int | None = None) -> bytes:
    """A frame of a WebSocket as a site sends it (RFC 6455, 5.2)."""
    size = len(data) if claims is None else claims
    length = (
        bytes([size]) if size < 126 else b"\x7e%b" % size.to_bytes(2) if size < 65536 else b"\x7f" + size.to_bytes(8)
    )
    return bytes([fin * 0x80 | packed * 0x40 | kind]) + length + data


@cache
def _talks() -> dict[str, tuple[bytes, Iterator[bytes]]]:
    """What a site says over a WebSocket: more headers of its answer, and frames."""
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = (machine.compress(HARM + b" " * 300_000_000) + machine.flush(zlib.Z_SYNC_FLUSH))[:-4]
    letters = [frame(1 if n == 0 else 0, bytes([byte]), n == len(HARM) - 1) for n, byte in enumerate(HARM)]
    packs = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
    return {
        "text": (b"", iter([frame(1, HARM)])),
        "letter by letter": (b"", iter(letters)),
        "bytes": (b"", iter([frame(2, HARM)])),
        "packed, unasked": (packs, iter([frame(1, bomb, packed=True)])),
        "packed, unsaid": (b"", iter([frame(1, zlib.compress(HARM)[2:], packed=True)])),
        "no UTF-8": (b"", iter([frame(1, b"\xff" + HARM)])),
        "an unknown kind": (b"", iter([frame(5, HARM)])),
        "masked": (b"", iter([b"\x81\x85abcd" + HARM])),
        "no frames": (b"", iter([HARM])),
        "a page after all": (b"", iter([_whole(HARM)])),
        "a length beyond all measure": (b"", iter([frame(1, HARM, claims=1 << 62)])),
        "no end": (b"", (frame(0 if n else 1, b"a" * 200_000, False) for n in count())),
        "no end of small ones": (b"", (frame(0, b"a", False) * 5000 if n else frame(1, b"a", False) for n in count())),
    }


TALKS = tuple(_talks())


class Liar:
    """On a port of its own of 127.0.0.1, until ``stop``."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        try:
            asked = line.recv(65536)
            path = unquote(asked.split(b" ")[1].strip(b"/").decode())
            if path == "silent":
                time.sleep(60)
            elif path == "slow":
                for byte in _HTML + b"\r\n" + HARM:
                    line.sendall(bytes([byte]))
                    time.sleep(0.5)
            elif path.startswith("endless/"):
                first, for_ever = ENDLESS[path.removeprefix("endless/")]
                line.sendall(first)
                for _ in range(5000):
                    line.sendall(for_ever)
            elif path.startswith("talk/"):
                self._talk(line, asked, path.removeprefix("talk/"))
            elif path == "early":
                line.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + _whole(b"<p>hello"))
            elif path == "trailed":
                line.sendall(_chunked(b"<p>hello", trailers=b"Server-Timing: a\r\n"))
            elif path == "reset":
                line.sendall(_HTML + b"Content-Length: 500\r\n\r\n" + HARM)
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                line.sendall(_answers()[path]())
        except (OSError, IndexError, KeyError):
            pass
        finally:
            line.close()

    def _talk(self, line: socket.socket, asked: bytes, path: str) -> None:
        key = re.search(rb"(?i)sec-websocket-key: (\S+)", asked)
        assert key is not None
        accept = base64.b64encode(hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        more, frames = _talks()[path]
        head = b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n"
        line.sendall(head % (accept, more))
        for each, _ in zip(frames, range(2000), strict=False):
            line.sendall(each)
        line.settimeout(1)
        while line.recv(65536):
            pass
