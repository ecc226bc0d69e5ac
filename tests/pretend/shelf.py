"""A site that hands out and takes in files: it remembers how many bytes of each reached it, and never more."""

import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pretend.sites import Sites


@dataclass
class Item:
    """What a path answers. A body that is an iterator is sent in chunks, without a length."""

    body: bytes | Iterator[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    status: int = 200


@dataclass
class Taken:
    """An upload that began to arrive; ``whole`` once all of it had come."""

    path: str
    headers: dict[str, str]
    size: int = 0
    start: bytes = b""
    whole: bool = False


@dataclass
class Shelf:
    """Started on two free ports of 127.0.0.1, with the certificates of ``sites``."""

    sites: Sites
    items: dict[str, Item] = field(default_factory=dict[str, Item])
    taken: list[Taken] = field(default_factory=list[Taken])
    asked: list[str] = field(default_factory=list[str])
    given: int = 0  # bytes of bodies that were sent
    lost: int = 0  # clients that went away in the middle

    def start(self) -> "Shelf":
        self._servers = [self._server(tls=False), self._server(tls=True)]
        self.port, self.tls_port = (server.server_address[1] for server in self._servers)
        return self

    def stop(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def wait_for_lost(self, number: int) -> bool:
        end = time.monotonic() + 10
        while self.lost < number and time.monotonic() < end:
            time.sleep(0.05)
        return self.lost >= number

    def _server(self, tls: bool) -> ThreadingHTTPServer:
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                if tls:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    shelf.sites._context("localhost")
                    context.load_cert_chain(shelf.sites.folder / "localhost.pem")
                    context.sni_callback = lambda sock, name, _: setattr(
                        sock, "context", shelf.sites._context(name or "localhost")
                    )
                    self.request = context.wrap_socket(self.request, server_side=True)
                super().setup()

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                shelf.asked.append(path)
                self._take(path)
                item = shelf.items.get(path, Item(b"taken", {"Content-Type": "text/plain"}))
                self.send_response(item.status)
                whole = isinstance(item.body, bytes)
                framing = {"Content-Length": str(len(item.body))} if isinstance(item.body, bytes) else None
                for name, value in {**(framing or {"Transfer-Encoding": "chunked"}), **item.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "HEAD":
                    return
                pieces: Any = _pieces(item.body) if isinstance(item.body, bytes) else item.body
                try:
                    for piece in pieces:
                        self.wfile.write(piece if whole else b"%x\r\n%s\r\n" % (len(piece), piece))
                        shelf.given += len(piece)
                    if not whole:
                        self.wfile.write(b"0\r\n\r\n")
                except OSError:
                    shelf.lost += 1
                    self.close_connection = True

            do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815

            def _take(self, path: str) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                if self.command in ("GET", "HEAD"):
                    return
                taken = Taken(path, headers)
                shelf.taken.append(taken)
                for piece in self._body(headers):
                    taken.size += len(piece)
                    taken.start = (taken.start + piece)[:256]
                    if not piece:
                        shelf.lost += 1
                        raise ConnectionError
                taken.whole = True

            def _body(self, headers: dict[str, str]) -> Iterator[bytes]:
                if "chunked" not in headers.get("transfer-encoding", ""):
                    left = int(headers.get("content-length", "0"))
                    while left:
                        piece = self.rfile.read1(min(left, 65536))
                        left -= len(piece)
                        yield piece
                    return
                while size := int(self.rfile.readline() or b"-1", 16):
                    yield b"" if size < 0 else self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass

        server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


def _pieces(body: bytes) -> Iterator[bytes]:
    for place in range(0, len(body), 65536):
        yield body[place : place + 65536]
