"""Proof that an answer comes from a page of the gateway's own: no site can make a browser say that somebody agreed.

A token is a code over everything that the answer is about, under a secret of this gateway, so it is good for that
person, that page and that site only.
"""

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

_KEY = Path("keys") / "forms.key"


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
    path = data / _KEY
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        own = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(own, path)  # whole from the first moment, and never over another's
        except FileExistsError:
            pass
        finally:
            own.unlink()
    return Tokens(path.read_bytes())
