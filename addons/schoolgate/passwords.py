"""The school's file of passwords: what stands in it, whether a password is right, and how one is set."""

import logging
import os
import re
from functools import cache
from pathlib import Path

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from schoolgate.whole_file import alone_in, exchange

log = logging.getLogger("schoolgate")

FILE = "logins.htpasswd"
"""What the file is called where the school has named none."""
LOGIN = re.compile(r"[^\s:#]{1,64}")
"""What a login may look like."""
SHORTEST, LONGEST = 10, 1024
_BCRYPT, _BCRYPT_READS = ("$2a$", "$2b$", "$2y$"), 72
_HASHER = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
"""Argon2id as OWASP's Password Storage Cheat Sheet names it first: 46 MiB and 1 pass; 42 ms on the build machine."""


def read_passwords(path: Path) -> dict[str, str]:
    """The hash of each login's password, by the login without regard to case. Raises OSError, UnicodeDecodeError."""
    lines = path.read_text("utf-8").splitlines()
    return {name.casefold(): code for name, _, code in (line.partition(":") for line in lines) if code}


def hashed(password: str) -> str:
    """What is kept of a new password."""
    return _HASHER.hash(password)


def is_right(login: str, code: str | None, password: str) -> bool:
    """Whether a password is the one that was hashed. Without a ``code`` it is not, and takes as long to say so."""
    written = password.encode("utf-8", "replace")[:LONGEST]
    try:
        if code is not None and code.startswith(_BCRYPT):
            return bcrypt.checkpw(written[:_BCRYPT_READS], code.encode())
        return _HASHER.verify(code or _nobody(), written) and code is not None
    except VerificationError:
        return False
    except (ValueError, InvalidHashError):
        log.warning("The password of %s is hashed in a way that is not read: schoolgate login %s", login, login)
        return False


def is_dated(code: str) -> bool:
    """Whether a password is hashed in another way than new ones are."""
    return not code.startswith("$argon2id$") or _HASHER.check_needs_rehash(code)


def what_is_wrong(login: str, password: str) -> str:
    """Why something cannot be a new password, in words; "" where it can. Long is what makes it good, not signs."""
    if len(password) < SHORTEST:
        return f"A password has {SHORTEST} characters or more; three words that do not belong together are a good one."
    if len(password.encode("utf-8", "replace")) > LONGEST:
        return f"A password has {LONGEST} characters at most."
    plain = password.casefold()
    if len(set(plain)) < 5 or plain.replace(login.casefold(), "").strip("0123456789") in ("", "password", "school"):
        return "That would be guessed soon; take three words that do not belong together."
    return ""


def set_password(path: Path, login: str, code: str | None, instead_of: str | None = None) -> bool:
    """Write a login's hash into the file, or take the login out (None); other lines stay as they are.

    With ``instead_of`` only where that is still what stands there. Returns whether it was done. Raises OSError.
    """
    real = Path(os.path.realpath(path))
    with alone_in(real.parent):
        text = real.read_text("utf-8") if real.exists() else ""
        lines = text.splitlines()
        others = [line for line in lines if line.partition(":")[0].casefold() != login.casefold()]
        stands = next((line.partition(":")[2] for line in reversed(lines) if line not in others), None)
        if (code is None and stands is None) or (instead_of is not None and stands != instead_of):
            return False
        written = [*others, f"{login}:{code}"] if code is not None else others
        exchange(real, "".join(f"{line}\n" for line in written).encode())
    return True


def renew(path: Path, login: str, code: str, password: str) -> None:
    """Hash a password, that was just proved, as new ones are; where the file cannot be written the old one stays."""
    if is_dated(code):
        try:
            set_password(path, login, hashed(password), instead_of=code)
        except OSError as error:
            log.info("The password of %s keeps its older hash: %s", login, error)


@cache
def _nobody() -> str:
    return hashed("nobody")
