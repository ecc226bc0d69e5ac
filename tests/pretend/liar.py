"""A site that breaks every rule of HTTP: the path says which."""

import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable
from functools import cache

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
    }


SAID = tuple(_answers())


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
            path = line.recv(65536).split(b" ")[1].strip(b"/").decode()
            if path == "silent":
                time.sleep(60)
            elif path == "slow":
                for byte in _HTML + b"\r\n" + HARM:
                    line.sendall(bytes([byte]))
                    time.sleep(0.5)
            elif path == "reset":
                line.sendall(_HTML + b"Content-Length: 500\r\n\r\n" + HARM)
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                line.sendall(_answers()[path]())
        except (OSError, IndexError, KeyError):
            pass
        finally:
            line.close()
