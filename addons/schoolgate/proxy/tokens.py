"""Proof that an answer comes from a page of the gateway's own: no site can make a browser say that somebody agreed.

A token is a code over everything that the answer is about, under a secret of this gateway, so it is good for that
person, that page and that site only.
"""

import hashlib
import hmac
import json
from pathlib import Path

from schoolgate.store.key_file import open_key


class Tokens:
    """Makes and tests tokens under one secret key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, *about: str) -> str:
        """The token for an answer about these texts."""
        return hmac.new(self._key, json.dumps(about).encode(), hashlib.sha256).hexdigest()[:40]

    def holds(self, token: str, *about: str) -> bool:
        """Whether a token was made for just these texts."""
        return hmac.compare_digest(token.encode(), self.of(*about).encode())


def open_tokens(data: Path) -> Tokens:
    """The key below ``data``, made at first use; whichever worker is first, all of them read the same one."""
    return Tokens(open_key(data, "forms.key"))
