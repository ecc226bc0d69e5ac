"""Speaks to nftables about schoolgate's own table, and about no other."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from schoolgate.gateway.redirect import TABLE, mark_of
from schoolgate.gateway.units import LISTED

_WITHIN = 30.0  # seconds
_OLDEST = 1200.0  # seconds after which what was written down says nothing of now


class NoNftables(Exception):
    """nft is missing or refuses; the words say why and what to do."""


def load(text: str) -> None:
    """Put a table in force, in place of an older one of the same name, all or nothing. Raises NoNftables."""
    _nft(["-f", "-"], text)


def loaded() -> str | None:
    """The mark of the table that is in force, or None where there is none. Raises NoNftables."""
    tables = _nft(["list", "tables"])
    if f"table {TABLE}" not in tables.splitlines():
        return None
    return mark_of(_nft(["list", "table", *TABLE.split()])) or ""


def listed() -> str:
    """All of the table as it is in force; "" where there is none. Raises NoNftables.

    Who may not ask is told what root wrote down some minutes ago, where that is done.
    """
    try:
        return "" if loaded() is None else _nft(["list", "table", *TABLE.split()])
    except NoNftables:
        written = _written_down()
        if written is None:
            raise
        return written


def _written_down() -> str | None:
    path = Path("/") / LISTED
    try:
        with path.open(encoding="utf-8") as file:
            found = os.fstat(file.fileno())
            is_fresh = abs(time.time() - found.st_mtime) < _OLDEST
            return file.read() if found.st_uid == 0 and is_fresh else None
    except (OSError, ValueError):
        return None


def remove() -> bool:
    """Take schoolgate's table away; tells whether there was one. Raises NoNftables."""
    if loaded() is None:
        return False
    _nft(["delete", "table", *TABLE.split()])
    return True


def _nft(arguments: list[str], text: str | None = None) -> str:
    nft = shutil.which("nft") or shutil.which("nft", path="/usr/sbin:/sbin")
    if nft is None:
        raise NoNftables("nftables is not installed; on Debian: apt-get install nftables")
    try:
        done = subprocess.run([nft, *arguments], input=text, capture_output=True, text=True, timeout=_WITHIN)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoNftables(f"nft could not be run: {error}") from None
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["it did not say why"]
        if "Operation not permitted" in done.stderr:
            words = ["this needs root; run it with sudo"]
        raise NoNftables(f"nftables refused: {words[0]}")
    return done.stdout
