"""A small world of pages for a real browser, which writes down every request with what it answered.

Its clock is moved by hand: ``think(20)`` is a person who reads for 20 seconds.
"""

import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from schoolgate.policy.visits import Seen

from pretend.sites import Sites


@dataclass(frozen=True)
class Reply:
    """What a path answers."""

    body: str = ""
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


class Browsed:
    """Answers any host of ``sites`` over TLS and plain http with the pages it was given: ``host/path`` -> Reply."""

    def __init__(self, sites: Sites) -> None:
        self._sites = sites
        self._ahead = timedelta()
        self.pages: dict[str, Reply] = {}
        self.seen: list[Seen] = []
        self._servers = [self._server(tls) for tls in (True, False)]
        self.tls_port, self.port = (server.server_address[1] for server in self._servers)

    def stop(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def think(self, seconds: float) -> None:
        """A person reads for so long: what comes after this comes later."""
        self._ahead += timedelta(seconds=seconds)

    def _server(self, tls: bool) -> ThreadingHTTPServer:
        world = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                if tls:
                    world._sites._context("localhost")
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(world._sites.folder / "localhost.pem")
                    context.sni_callback = lambda sock, name, _: setattr(
                        sock, "context", world._sites._context(name or "localhost")
                    )
                    self.request = context.wrap_socket(self.request, server_side=True)
                super().setup()

            def do_GET(self) -> None:
                at = datetime.now(UTC) + world._ahead
                self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                host = headers.get("host", "")
                path = self.path.partition("?")[0]
                reply = world.pages.get(host.partition(":")[0] + path, Reply("nothing", 404))
                location = reply.headers.get("Location", "")
                url = f"{'https' if tls else 'http'}://{host}{self.path}"
                answer = {name.lower(): value for name, value in reply.headers.items()}
                world.seen.append(
                    Seen(at, "browser", self.command, url, headers, reply.status, reply.type, location, answer)
                )
                body = reply.body.encode()
                self.send_response(reply.status)
                for name, value in {"Cache-Control": "no-store", "Content-Type": reply.type, **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # a browser that goes away in mid-handshake is part of the world

        server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server
