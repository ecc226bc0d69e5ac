"""Names people by a code that only this school's key can make, so that the record alone names nobody."""

import errno
import hashlib
import hmac
import sqlite3
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from schoolgate.store.key_file import open_key

_KEY, _RECORD = "pseudonym.key", "record.db"
_LOST = "the key that the codes on record were made with is lost; put it back from a backup"


class Pseudonyms:
    """Codes for logins and devices under one secret key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.of = lru_cache(maxsize=4096)(self._of)

    def _of(self, what: str, name: str) -> str:
        digest = hmac.new(self._key, f"{what}\0{name.casefold()}".encode(), hashlib.sha256)
        return f"{what[0]}-{digest.hexdigest()[:12]}"


def find_pseudonyms(data: Path) -> Pseudonyms | None:
    """Those of the key below ``data``, None where none was made yet. Raises OSError where it cannot be read."""
    return open_pseudonyms(data) if (data / "keys" / _KEY).exists() else None


def open_pseudonyms(data: Path) -> Pseudonyms:
    """The key below ``data`` (made at first use, readable by its owner only).

    Raises OSError where it cannot be read, and where the record holds codes already that no new key would match.
    """
    if not (data / "keys" / _KEY).exists() and _names_people(data / _RECORD):
        raise OSError(errno.ENOENT, _LOST, str(data / "keys" / _KEY))
    return Pseudonyms(open_key(data, _KEY))


def _names_people(record: Path) -> bool:
    """Whether codes of people stand in the record; one that cannot be read is not ours to judge here."""
    if not record.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{record.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute("select 1 from event where person <> '' limit 1").fetchone() is not None
    except sqlite3.Error:
        return False
