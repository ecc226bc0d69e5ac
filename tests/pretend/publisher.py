"""A publisher of lists on loopback: a real HTTP server that can be as rude as real ones are."""

import datetime
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Asked:
    """One request that reached the publisher; header names in lower case."""

    path: str
    headers: dict[str, str]
    at: float


@dataclass
class Page:
    """What a path answers.

    ``cuts`` is used up by the requests in order: the connection is cut after so many bytes of the body, None for not
    at all. ``promise`` is a Content-Length that is not true. ``pace`` sends so many bytes and waits so many seconds,
    until all is sent or ``let_go`` is set.
    """

    body: bytes = b""
    etag: str | None = None
    modified: float | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    ranges: bool = True
    cuts: list[int | None] = field(default_factory=list[int | None])
    promise: int | None = None
    pace: tuple[int, float] | None = None
    let_go: threading.Event = field(default_factory=threading.Event)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        facts = {"ETag": self.etag, "Last-Modified": formatdate(self.modified, usegmt=True) if self.modified else None}
        validators = {name: value for name, value in facts.items() if value}
        if self.status != 200:
            self._send(handler, self.status, self.body, {})
        elif self._is_current(handler):
            self._send(handler, 304, b"", validators)
        elif self.ranges and (start := self._start(handler, validators)):
            end = f"{len(self.body) - 1}/{len(self.body)}"
            if start < len(self.body):
                part = {"Content-Range": f"bytes {start}-{end}"}
                self._send(handler, 206, self.body[start:], {**validators, **part})
            else:
                self._send(handler, 416, b"", {"Content-Range": f"bytes */{len(self.body)}"})
        else:
            self._send(handler, 200, self.body, validators)

    def _is_current(self, handler: BaseHTTPRequestHandler) -> bool:
        matches = handler.headers.get("If-None-Match")
        if matches is not None:
            return self.etag is not None and self.etag in [each.strip() for each in matches.split(",")]
        date = formatdate(self.modified, usegmt=True) if self.modified else None
        return date is not None and handler.headers.get("If-Modified-Since") == date

    def _start(self, handler: BaseHTTPRequestHandler, validators: dict[str, str]) -> int:
        wanted = handler.headers.get("Range", "")
        if not wanted or handler.headers.get("If-Range") not in (None, *validators.values()):
            return 0
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    def _send(self, handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
        cut = self.cuts.pop(0) if self.cuts and status in (200, 206) else None
        length = len(body) if self.promise is None else self.promise
        begin(handler, status, {"Content-Length": str(length), **headers, **self.headers})
        body = body if cut is None else body[:cut]
        if self.pace is None or status not in (200, 206):
            handler.wfile.write(body)
            return
        size, pause = self.pace
        for place in range(0, len(body), size):
            handler.wfile.write(body[place : place + size])
            if self.let_go.wait(pause):
                handler.wfile.write(body[place + size :])
                return


def begin(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str]) -> None:
    """The head of an answer."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()


Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Publisher:
    """``pages`` says what each path answers: a Page, or a function that is given the handler.

    With ``folder`` it speaks https, as localhost and 127.0.0.1, by a certificate that is then in ``ca``.
    """

    folder: Path | None = None
    pages: dict[str, Page | Answer] = field(default_factory=dict[str, Page | Answer])
    asked: list[Asked] = field(default_factory=list[Asked])
    busy: int = 0
    busiest: int = 0

    def start(self) -> "Publisher":
        self._lock = threading.Lock()
        self._server = self._listen()
        if self.folder is not None:
            self.ca = _certificate(self.folder)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.ca)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        for page in self.pages.values():
            if isinstance(page, Page):
                page.let_go.set()
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a path."""
        return f"http{'s' if self.folder else ''}://{host}:{self._server.server_address[1]}{path}"

    def requests(self, path: str) -> list[dict[str, str]]:
        """The headers of all requests for the path so far."""
        return [asked.headers for asked in self.asked if asked.path == path]

    def _listen(self) -> ThreadingHTTPServer:
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                with publisher._lock:
                    publisher.asked.append(Asked(self.path, headers, time.monotonic()))
                    publisher.busy += 1
                    publisher.busiest = max(publisher.busiest, publisher.busy)
                page = publisher.pages.get(self.path, Page(b"not here", status=404))
                try:
                    page.answer(self) if isinstance(page, Page) else page(self)
                except OSError:
                    pass
                finally:
                    publisher.busy -= 1
                self.close_connection = True

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        return Server(("127.0.0.1", 0), Handler)


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pretend Publisher")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "publisher.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return pem
