"""The pretend internet: answers for every site of the world over http and TLS, on two ports of this machine."""

import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from schoolgate.demo.sites import Asked, answer

_NOBODY = "nobody.example"


class Authority:
    """Signs the certificates of the pretend sites; its own is good for a week, and for this folder's gateway only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._own = self._certificate("Pretend internet of schoolgate demo", None)
        self.path = folder / "pretend-internet-ca.pem"
        self.path.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Delete the only copy of the key that is in a file: nothing can be signed with it any more."""
        (self._folder / "site.pem").unlink(missing_ok=True)

    def context(self, name: str) -> ssl.SSLContext:
        """The TLS side of the site with that name."""
        with self._lock:
            if name not in self._contexts:
                self._contexts[name] = self._make(name)
            return self._contexts[name]

    def fresh(self) -> ssl.SSLContext:
        """One of a connection's own, until it has said which site it wants."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with self._lock:
            context.load_cert_chain(self._folder / "site.pem")
        return context

    def _make(self, name: str) -> ssl.SSLContext:
        private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        pem = self._key.private_bytes(serialization.Encoding.PEM, *private)
        pem += self._certificate(name, self._own).public_bytes(serialization.Encoding.PEM)
        path = self._folder / "site.pem"
        path.touch(mode=0o600)
        path.write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _certificate(self, name: str, signer: x509.Certificate | None) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:60])])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(signer.subject if signer else subject)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=7))
            .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        )
        if signer is None:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            return builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        return builder.add_extension(names, critical=False).sign(self._key, hashes.SHA256())


class World:
    """Started on two ports of 127.0.0.1."""

    def __init__(self, authority: Authority, http: int, tls: int) -> None:
        authority.context(_NOBODY)
        self._servers = [self._serve(http, None), self._serve(tls, authority)]

    def stop(self) -> None:
        """Close both ports."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _serve(self, port: int, authority: Authority | None) -> ThreadingHTTPServer:
        class Site(_Site):
            by = authority

        server = _Server(("127.0.0.1", port), Site)
        threading.Thread(target=server.serve_forever, name=f"world {port}", daemon=True).start()
        return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Somebody who goes away in the middle of a handshake is part of the world."""


class _Site(BaseHTTPRequestHandler):
    by: Authority | None
    protocol_version = "HTTP/1.1"
    timeout = 60

    def setup(self) -> None:
        if self.by is not None:
            by = self.by
            context = by.fresh()
            context.sni_callback = lambda sock, name, _: setattr(sock, "context", by.context(name or _NOBODY))
            self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_GET(self) -> None:
        """Whatever is asked for."""
        self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", "").lower().partition(":")[0]
        status, kind, body = answer(Asked(host, self.path, headers))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_POST = do_HEAD = do_PUT = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The terminal belongs to the demo."""
