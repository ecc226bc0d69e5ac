"""A real HTTP server that takes what a chat channel is sent; it can refuse, keep silent, and be away."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Chatroom:
    """``taken`` are the messages, as the JSON that came; ``status`` is what it answers, after ``pause`` seconds."""

    port: int
    status: int = 200
    pause: float = 0.0
    taken: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    _server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        return f"json://someone:s3cr3tword@127.0.0.1:{self.port}/t0psecrettoken"

    def start(self) -> "Chatroom":
        room = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                room.asked += 1
                time.sleep(room.pause)
                if room.status == 200:
                    room.taken.append(body)
                self.send_response(room.status)
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
