"""Hands one mail to the school's mail server and says who is still to get it."""

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from pathlib import Path

from schoolgate.alerting.drawings import with_pictures
from schoolgate.settings.school_models import Mail

_TIMEOUT = 10.0  # seconds; the office must not hang on a mail server that does not answer


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail, ready to go; ``follows`` is the Message-ID of the mail that it tells more of."""

    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    message_id: str
    follows: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``left`` are recipients that did not get it; ``error`` says why in one line ("" when all did).

    Where the talk broke off in the middle nobody knows: ``left`` ``may_have_it`` all the same.
    """

    left: tuple[str, ...]
    error: str
    may_have_it: bool = False


def send(letter: Letter, mail: Mail, folder: Path) -> Outcome:
    """One try. Never raises for what a mail server or a network can do."""
    try:
        server = _open(mail, folder)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return Outcome(letter.recipients, _failure(error, mail))
    try:
        refused = server.send_message(compose(letter, mail), mail.sender, list(letter.recipients))
        return Outcome(tuple(address for address in letter.recipients if address in refused), _refusal(refused))
    except smtplib.SMTPRecipientsRefused as error:  # nobody has it, also where the server took some and then said 421
        return Outcome(letter.recipients, _refusal(error.recipients))
    except (OSError, smtplib.SMTPException, ValueError) as error:
        broke_off = isinstance(error, smtplib.SMTPServerDisconnected)
        return Outcome(letter.recipients, _failure(error, mail), may_have_it=broke_off)
    finally:
        _part(server)


def would_take(recipients: tuple[str, ...], mail: Mail, folder: Path) -> Outcome:
    """All of the talk with the mail server but the mail: whom it would take one for. Never raises for what it does."""
    try:
        server = _open(mail, folder)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return Outcome(recipients, _failure(error, mail))
    try:
        server.ehlo_or_helo_if_needed()
        code, words = server.mail(mail.sender)
        if code != 250:
            return Outcome(recipients, f"{mail.host}:{mail.port}: {code} {words!r}")
        answers = {address: server.rcpt(address) for address in recipients}
        server.rset()
        refused = {address: answer for address, answer in answers.items() if answer[0] not in (250, 251)}
        return Outcome(tuple(refused), _refusal(refused))
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return Outcome(recipients, _failure(error, mail))
    finally:
        _part(server)


def _open(mail: Mail, folder: Path) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if mail.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=_TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=_TIMEOUT)
    try:
        if mail.security == "starttls":
            server.starttls(context=context)
        if mail.user and mail.password_file:
            server.login(mail.user, (folder / mail.password_file).read_text("utf-8").strip())
    except BaseException:
        _part(server)
        raise
    return server


def _part(server: smtplib.SMTP) -> None:
    """Whatever the server answers to a farewell changes nothing of what it took before."""
    with suppress(OSError, smtplib.SMTPException):
        server.quit()
    server.close()


def _failure(error: Exception, mail: Mail) -> str:
    words = _one_line(str(error)) or type(error).__name__
    if isinstance(error, UnicodeError):  # its own words would show a letter of the password
        words = "the user, the password or an address holds a letter that the mail server cannot be told"
    return f"{mail.host}:{mail.port}: {words}"


def _refusal(refused: Mapping[str, tuple[int, bytes]]) -> str:
    return _one_line("; ".join(f"{address}: {code} {words!r}" for address, (code, words) in refused.items()))


def compose(letter: Letter, mail: Mail) -> EmailMessage:
    """The message; a line break in a subject would begin a header of its own, so there is none."""
    message = EmailMessage(policy=SMTP)
    message["From"] = mail.sender
    message["To"] = ", ".join(letter.recipients)
    message["Subject"] = _one_line(letter.subject)[:200]
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = letter.message_id
    if letter.follows:
        message["In-Reply-To"] = message["References"] = letter.follows
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
