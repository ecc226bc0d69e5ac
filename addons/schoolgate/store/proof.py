"""Proof that a request is a probe of the gateway's own: a code under a key that only the gateway's user can read.

A proof speaks for one group and is good for a minute. Whoever had one could make the gateway judge, never pass
anything on: what is asked for as a probe goes to no site (``proxy/probes.py``).
"""

import hashlib
import hmac
import re
import stat
from pathlib import Path

from schoolgate.store.key_file import open_key

HEADER = "x-schoolgate-probe"
"""The header that carries a proof to the gateway, and the verdict back."""
KEY_FILE = "probe.key"
GOOD_FOR = 60
"""Seconds, before and after the moment that stands in it."""
_FORM = re.compile(r"([A-Za-z0-9_.-]{1,64}) (\d{10}) ([0-9a-f]{64})", re.ASCII)


class Proofs:
    """Makes and tests proofs under the key of one data folder."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, group: str, at: float) -> str:
        """The header's value for a probe as this group at a moment (seconds since 1970)."""
        moment = f"{int(at):010d}"
        return f"{group} {moment} {self._code(group, moment)}"

    def group(self, value: str, now: float) -> str | None:
        """The group that a proof speaks for; None where it is none, or too old."""
        read = _FORM.fullmatch(value)
        if read is None:
            return None
        group, moment, code = read.groups()
        is_ours = hmac.compare_digest(code, self._code(group, moment))
        return group if is_ours and abs(now - int(moment)) <= GOOD_FOR else None

    def _code(self, group: str, moment: str) -> str:
        return hmac.new(self._key, f"probe\0{group}\0{moment}".encode(), hashlib.sha256).hexdigest()


def open_proofs(data: Path) -> Proofs:
    """The key below ``data``, made at first use. Raises OSError where it is unreadable, or where others can read it."""
    key, path = open_key(data, KEY_FILE), data / "keys" / KEY_FILE
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise PermissionError(1, "others can read this key; delete it, a new one is made", str(path))
    return Proofs(key)
