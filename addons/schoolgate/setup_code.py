"""The code that opens the console for the first time: made once, printed on the terminal, and worth nothing afterwards.

There is no default password. As long as no role of school.yaml has a login, whoever can read the gateway's terminal, or
its data folder, says who is the first to have one.
"""

import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from schoolgate.access import passwords_of
from schoolgate.settings.load import Settings
from schoolgate.store.event import stamp

FILE = "setup-code"
HOLDS = timedelta(hours=24)
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L


@dataclass(frozen=True, slots=True)
class Code:
    """Sixteen letters and figures (78 bits) in fours, and until when they hold."""

    letters: str
    until: datetime


def is_needed(settings: Settings) -> bool:
    """Whether no role can log in at the console yet. Raises OSError where the password file cannot be read."""
    logins = [role.user.casefold() for role in settings.school.roles.values() if role.user]
    if not logins:
        return True
    return settings.school.sign_on is None and passwords_of(settings).keys().isdisjoint(logins)


def issue(data: Path, now: datetime) -> Code:
    """The code that holds, or a new one where there is none or it has run out. Raises OSError."""
    known = current(data, now)
    if known is not None:
        return known
    letters = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
    code, path = Code(letters, now + HOLDS), data / FILE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{code.letters}\n{stamp(code.until)}\n")
    with suppress(PermissionError):  # by an administrator, for the gateway's own user
        os.chown(path, data.stat().st_uid, data.stat().st_gid)
    return code


def current(data: Path, now: datetime) -> Code | None:
    """The code that holds at a moment, if any. Raises OSError where it cannot be read."""
    try:
        letters, until = (data / FILE).read_text().split()
        code = Code(letters, datetime.fromisoformat(until))
    except (FileNotFoundError, ValueError):
        return None
    return code if now < code.until and len(code.letters) == 19 else None


def is_right(code: Code, written: str) -> bool:
    """Whether somebody wrote the code; case, blanks and dashes do not matter."""
    letters = "".join(letter for letter in written.upper() if letter.isalnum())
    return hmac.compare_digest(letters.encode(), code.letters.replace("-", "").encode())


def forget(data: Path) -> None:
    """From now on there is no code."""
    (data / FILE).unlink(missing_ok=True)
