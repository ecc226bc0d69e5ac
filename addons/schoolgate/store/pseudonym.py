"""Names people by a code that only this school's key can make, so that the record alone names nobody."""

import hashlib
import hmac
from functools import lru_cache
from pathlib import Path

from schoolgate.store.key_file import open_key

_KEY = "pseudonym.key"


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
    """The key below ``data`` (made at first use, readable by its owner only)."""
    return Pseudonyms(open_key(data, _KEY))
