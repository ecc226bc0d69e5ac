"""A real SMTP server that keeps what it is given; it can be stopped and started again on the same port."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True)
class Delivered:
    """A mail as it came, with the time of its arrival (seconds since 1970)."""

    at: float
    to: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        return body.get_content() if body else ""


@dataclass
class Mailbox:
    """``refuse`` holds addresses that the server will not take mail for; ``on_mail`` is called before it says yes."""

    port: int
    delivered: list[Delivered] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    on_mail: Callable[[Delivered], None] | None = None
    _controller: Controller | None = None

    def start(self) -> "Mailbox":
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()
        return self

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.delivered.append(Delivered(time.time(), tuple(envelope.rcpt_tos), message))
        if self.on_mail:
            self.on_mail(self.delivered[-1])
        return "250 OK"

    def wait(self, number: int, seconds: float) -> list[Delivered]:
        """What has come when there are ``number`` mails or the time is over."""
        end = time.monotonic() + seconds
        while len(self.delivered) < number and time.monotonic() < end:
            time.sleep(0.05)
        return list(self.delivered)
