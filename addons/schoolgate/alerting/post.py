"""Hands one mail to the school's mail server and says who is still to get it."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from pathlib import Path

from schoolgate.alerting.drawings import with_pictures
from schoolgate.settings.models import Mail

_TIMEOUT = 10.0  # seconds; the office must not hang on a mail server that does not answer


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail, ready to go."""

    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """``left`` are recipients that did not get it; ``error`` says why in one line ("" when all did)."""

    left: tuple[str, ...]
    error: str


def send(letter: Letter, mail: Mail, folder: Path) -> Outcome:
    """One try. Never raises for what a mail server or a network can do."""
    try:
        refused = _send(letter, mail, folder)
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        return Outcome(letter.recipients, f"{mail.host}:{mail.port}: {_one_line(str(error)) or type(error).__name__}")
    left = tuple(address for address in letter.recipients if address in refused)
    words = "; ".join(f"{address}: {refused[address][0]} {refused[address][1]!r}" for address in left)
    return Outcome(left, _one_line(words))


def _send(letter: Letter, mail: Mail, folder: Path) -> dict[str, tuple[int, bytes]]:
    message = compose(letter, mail)
    context = ssl.create_default_context()
    if mail.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=_TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=_TIMEOUT)
    with server:
        if mail.security == "starttls":
            server.starttls(context=context)
        if mail.user and mail.password_file:
            server.login(mail.user, (folder / mail.password_file).read_text().strip())
        return server.send_message(message, mail.sender, list(letter.recipients))


def compose(letter: Letter, mail: Mail) -> EmailMessage:
    """The message; a line break in a subject would begin a header of its own, so there is none."""
    message = EmailMessage(policy=SMTP)
    message["From"] = mail.sender
    message["To"] = ", ".join(letter.recipients)
    message["Subject"] = _one_line(letter.subject)[:200]
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html:
        _add_page(message, letter)
    return message


def _add_page(message: EmailMessage, letter: Letter) -> None:
    """The page beside the text; its drawings go along as pictures (multipart/related, by their content ids)."""
    html, pictures = with_pictures(letter.html, letter.message_id.strip("<>"))
    message.add_alternative(html, subtype="html")
    page = message.get_body(("html",))
    assert page is not None
    for number, picture in enumerate(pictures, 1):
        file = f"drawing-{number}.png"
        page.add_related(picture.png, "image", "png", cid=f"<{picture.name}>", filename=file, disposition="inline")


def _one_line(text: str) -> str:
    return " ".join(text.split())
