"""The pretend mail server: takes every letter that the gateway's office sends, and keeps it for the guide's page."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage

_LONGEST_LINE = 4096
_MOST_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it came, with the moment of its arrival."""

    number: int
    at: datetime
    to: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        """The subject in one line."""
        return " ".join(str(self.message["Subject"] or "").split())

    @property
    def text(self) -> str:
        """The plain part."""
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body is not None else ""


class MailServer:
    """SMTP (RFC 5321) as far as a client that only sends needs it. ``now`` says when a letter arrived."""

    def __init__(self, port: int) -> None:
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._letters: list[Letter] = []
        self._lock = threading.Lock()
        office = self

        class Conversation(_Conversation):
            server_of_letters = office

        self._server = _Server(("127.0.0.1", port), Conversation)
        threading.Thread(target=self._server.serve_forever, name="mail", daemon=True).start()

    @property
    def letters(self) -> list[Letter]:
        """What has come so far, oldest first."""
        with self._lock:
            return list(self._letters)

    def take(self, to: tuple[str, ...], raw: bytes) -> None:
        """Keep a letter."""
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        with self._lock:
            self._letters.append(Letter(len(self._letters) + 1, self.now(), to, message))

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Conversation(socketserver.StreamRequestHandler):
    server_of_letters: MailServer
    timeout = 60

    def handle(self) -> None:
        self._say("220 mail.example the pretend mail server of a demonstration")
        to: list[str] = []
        while line := self.rfile.readline(_LONGEST_LINE):
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            match verb.upper():
                case "EHLO" | "HELO":
                    self._say("250 mail.example")
                case "MAIL" | "RSET":
                    to = []
                    self._say("250 OK")
                case "RCPT":
                    to.append(rest.partition(":")[2].strip().split(" ")[0].strip("<>"))
                    self._say("250 OK")
                case "DATA":
                    self._say("354 go on")
                    self._take(tuple(to))
                case "QUIT":
                    self._say("221 goodbye")
                    return
                case "NOOP":
                    self._say("250 OK")
                case _:
                    self._say("502 not known here")

    def _take(self, to: tuple[str, ...]) -> None:
        lines, size = list[bytes](), 0
        while (line := self.rfile.readline()) not in (b".\r\n", b".\n", b""):
            size += len(line)
            if size <= _MOST_BYTES:
                lines.append(line[1:] if line.startswith(b".") else line)
        if size > _MOST_BYTES:
            self._say("552 too large")
            return
        self.server_of_letters.take(to, b"".join(lines))
        self._say("250 OK")

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())
