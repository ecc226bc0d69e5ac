"""Slows down whoever guesses passwords: after a few wrong ones, every further try waits twice as long as the last.

Wrong passwords are counted, and nothing else is kept of them: somebody who types wrongly has done nothing.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

_MOST = 10_000


@dataclass(slots=True)
class _Tries:
    count: int
    last: float
    until: float


class Throttle:
    """Counts tries by key. ``free`` tries wait for nothing; then 1, 2, 4, ... seconds, at most ``longest``.

    A try is counted when it begins, so that many at once gain nothing, and taken back when its password was right.
    """

    def __init__(self, clock: Callable[[], float], free: int, longest: float, forget: float = 3600.0) -> None:
        self._clock, self._free, self._longest, self._forget = clock, free, longest, forget
        self._lock = threading.Lock()
        self._tries: dict[str, _Tries] = {}

    def wait(self, key: str) -> float:
        """Seconds until the key may try again; 0 for now."""
        with self._lock:
            tries = self._tries.get(key)
            return max(0.0, tries.until - self._clock()) if tries else 0.0

    def begin(self, key: str) -> None:
        """Count a try as a wrong one until it is ``forgiven``."""
        now = self._clock()
        with self._lock:
            tries = self._tries.pop(key, None)
            if tries is None or now - tries.last > self._forget:
                tries = _Tries(0, now, 0.0)
            tries.count, tries.last = tries.count + 1, now
            if tries.count >= self._free:
                tries.until = now + min(self._longest, 2.0 ** min(30, tries.count - self._free))
            while len(self._tries) >= _MOST:
                del self._tries[next(iter(self._tries))]  # the one that tried longest ago
            self._tries[key] = tries

    def forgive(self, key: str) -> None:
        """The try was a right one: it counts no more."""
        with self._lock:
            tries = self._tries.get(key)
            if tries is not None:
                tries.count, tries.until = max(0, tries.count - 1), 0.0

    def forget(self, key: str) -> None:
        """All tries of the key are forgotten."""
        with self._lock:
            self._tries.pop(key, None)


class Guesses:
    """Counts wrong passwords of all logins together, so that somebody is told when there are ``many`` in an hour."""

    def __init__(self, clock: Callable[[], float], many: int = 50) -> None:
        self._clock, self._many = clock, many
        self._lock = threading.Lock()
        self._since, self._count = clock(), 0

    def wrong(self) -> bool:
        """Count one; tells whether it made the many of this hour full."""
        now = self._clock()
        with self._lock:
            if now - self._since >= 3600.0:
                self._since, self._count = now, 0
            self._count += 1
            return self._count == self._many
