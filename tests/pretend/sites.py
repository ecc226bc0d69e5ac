"""Every site of the world at one loopback address: answers any host over http and https, and remembers who asked."""

import datetime
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Asked:
    """One request that reached a site."""

    host: str
    path: str
    headers: dict[str, str]
    at: str = ""  # the address of the site that was asked


@dataclass(frozen=True)
class Served:
    """What a site answers at one path: pieces with a pause before each but the first; headers replace the usual ones."""

    pieces: tuple[bytes, ...]
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    pause: float = 0.0
    endless: bool = False


@dataclass
class Sites:
    """Started on two free ports of 127.0.0.1; ``ca`` is the authority that signs every site.

    As a network's whole internet it is started on port 80 and 443 of all addresses (``host="::"``).
    """

    folder: Path
    host: str = "127.0.0.1"
    ports: tuple[int, int] = (0, 0)
    asked: list[Asked] = field(default_factory=list)
    pages: dict[str, bytes | Served] = field(default_factory=dict)
    connections: int = 0

    def start(self) -> "Sites":
        self.folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._ca = self._certificate("Pretend Internet CA", None)
        self.ca = self.folder / "pretend-ca.pem"
        self.ca.write_bytes(self._ca.public_bytes(serialization.Encoding.PEM))
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._http, self._https = self._server(False), self._server(True)
        self.port, self.tls_port = self._http.server_address[1], self._https.server_address[1]
        return self

    def stop(self) -> None:
        for server in (self._http, self._https):
            server.shutdown()
            server.server_close()

    def seen(self, host: str) -> list[Asked]:
        """What reached the host so far."""
        return [asked for asked in self.asked if asked.host.partition(":")[0] == host]

    def _certificate(self, name: str, signer: x509.Certificate | None) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:60])])
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(signer.subject if signer else subject)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=30))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        )
        if signer is None:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        else:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _context(self, name: str) -> ssl.SSLContext:
        if name not in self._contexts:
            certificate = self._certificate(name, self._ca)
            pem = self.folder / f"{name}.pem"
            pem.write_bytes(
                self._key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
                + certificate.public_bytes(serialization.Encoding.PEM)
            )
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            self._contexts[name] = context
        return self._contexts[name]

    def _server(self, tls: bool) -> ThreadingHTTPServer:
        sites = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                sites.connections += 1
                if tls:
                    context = sites._context("localhost")
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(sites.folder / "localhost.pem")
                    context.sni_callback = lambda sock, name, _: setattr(
                        sock, "context", sites._context(name or "localhost")
                    )
                    self.request = context.wrap_socket(self.request, server_side=True)
                super().setup()

            def do_GET(self) -> None:
                length = int(self.headers.get("content-length", 0))
                self.rfile.read(length)
                headers = {name.lower(): value for name, value in self.headers.items()}
                host = headers.get("host", "").lower()
                sites.asked.append(
                    Asked(host, self.path, headers, self.request.getsockname()[0].removeprefix("::ffff:"))
                )
                path = self.path.partition("?")[0]
                if path == "/redirect":
                    self._answer(302, b"", {"Location": "/landing"})
                    return
                page = f"<!doctype html><title>{host}</title><h1>Welcome to {host}</h1>".encode()
                kind = "image/gif" if path.endswith(".gif") else "text/html"
                served = sites.pages.get(host.partition(":")[0] + path, page)
                if isinstance(served, Served):
                    self._serve(served)
                else:
                    self._answer(200, served, {"Content-Type": kind})

            do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815

            def _serve(self, served: Served) -> None:
                self.send_response(served.status)
                for name, value in {"Transfer-Encoding": "chunked", **served.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    for number, piece in enumerate(served.pieces):
                        time.sleep(served.pause if number else 0)
                        self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                    while served.endless:
                        time.sleep(served.pause)
                        self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                    self.wfile.write(b"0\r\n\r\n")
                except OSError:
                    self.close_connection = True

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                headers = {"Alt-Svc": 'h3=":443"', "Content-Length": str(len(body)), **headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            address_family = socket.AF_INET6 if ":" in self.host else socket.AF_INET

            def server_bind(self) -> None:
                if self.address_family == socket.AF_INET6:
                    self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
                super().server_bind()

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # a client that goes away in mid-handshake is part of the world

        server = Server((self.host, self.ports[tls]), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server
