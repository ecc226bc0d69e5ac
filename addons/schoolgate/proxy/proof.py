"""Whether a password is right, by the school's file of passwords or its directory: asked once, then remembered.

A password is hashed once, not with each request: what it was found to be is remembered as long as the hash that it was
held against stands in the file, and for some minutes where a directory said so. Hashing takes memory and time on
purpose, so a worker does one at a time, off its loop, and each device waits behind itself.
"""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from schoolgate.passwords import is_right, read_passwords
from schoolgate.proxy.live import Live
from schoolgate.whereabouts.directory import Directory, Inquiries

SLOW_DOWN = 1.0
"""Seconds that a wrong password costs; a new one costs the device's next guess as much."""
_REMEMBER = 4096
_File = tuple[Path, tuple[int, int, int], dict[str, str]]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a login was held against (the hash in the file, or the directory), whether it fits, and until when."""

    by: object
    fits: bool
    until: float


class Proofs:
    """Answers for one worker; ``tell`` hears of a directory that does not answer."""

    def __init__(self, live: Live, tell: Callable[[Exception], object] = lambda error: None) -> None:
        self._live = live
        self._inquiries = Inquiries(tell)
        self._secret = secrets.token_bytes(32)
        self._found: dict[bytes, _Answer] = {}
        self._file: _File | None = None
        self._hashing = asyncio.Semaphore(1)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def holds(self, user: str, password: str, device: str) -> bool:
        """Whether somebody proves to be that user. Raises OSError and NoAnswer where it cannot be told."""
        by, until = self._by(user), float("inf")
        if isinstance(by, Directory):
            until = time.monotonic() + by.entry.remember.total_seconds()
        pair = json.dumps([user, password]).encode()
        known = hmac.digest(self._secret, pair, hashlib.sha256)
        async with self._turns.setdefault(device, asyncio.Lock()):
            found = self._found.get(known)
            if found is None or found.by != by or found.until <= time.monotonic():
                found = _Answer(by, await self._ask(by, user, password), until)
                while len(self._found) >= _REMEMBER:
                    del self._found[next(iter(self._found))]
                self._found[known] = found
                if not found.fits:  # the device's next guess waits, too: many connections guess no faster than one
                    await asyncio.sleep(SLOW_DOWN)
        return found.fits

    async def _ask(self, by: str | Directory | None, user: str, password: str) -> bool:
        if isinstance(by, Directory):
            return await self._inquiries.is_right(by, user, password)
        async with self._hashing:
            return await asyncio.to_thread(is_right, user, by, password)

    def _by(self, user: str) -> str | Directory | None:
        """The hash of the user's password, else the directory; None where there is neither."""
        settings = self._live.settings
        logins, directory = settings.people.logins, settings.school.identity.directory
        file = settings.folders.config / logins.file if logins else None
        code = self._passwords(file).get(user.casefold()) if file and (file.exists() or not directory) else None
        if code is None and directory is not None:
            return Directory(directory, settings.folders.root)
        return code

    def _passwords(self, path: Path) -> dict[str, str]:
        now = path.stat()
        stamp = (now.st_mtime_ns, now.st_ino, now.st_size)
        if self._file is None or self._file[:2] != (path, stamp):
            self._file = (path, stamp, read_passwords(path))
        return self._file[2]
