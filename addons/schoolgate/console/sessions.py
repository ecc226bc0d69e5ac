"""Who is logged in: sessions live in memory only, under a digest of their token, and end by themselves."""

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from schoolgate.access import Way

LONGEST = 8 * 3600.0  # seconds after the login
IDLE = 30 * 60.0  # seconds after the last page
_REASON_HOLDS = 30 * 60.0  # seconds that a reason opens somebody's record
_MOST = 2000
_MOST_OF_ONE = 8


@dataclass(slots=True)
class Session:
    """``mark`` is of what was proved; ``opened`` says whose record may be read until when, and why.

    ``began`` and ``seen`` are seconds of the clock, ``at`` is the moment of the login as the record writes moments.
    """

    login: str
    mark: str
    began: float
    seen: float
    way: Way = Way.PASSWORD
    at: str = ""
    address: str = ""
    opened: dict[str, tuple[float, str]] = field(default_factory=dict[str, tuple[float, str]])


class Sessions:
    """Times are seconds of ``clock``, which never goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._by_digest: dict[bytes, Session] = {}

    def begin(self, login: str, mark: str, way: Way = Way.PASSWORD, at: str = "", address: str = "") -> str:
        """A new session; returns its token (256 random bits), which is kept nowhere here."""
        token, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._forget_old(now)
            mine = [digest for digest, each in self._by_digest.items() if each.login.casefold() == login.casefold()]
            for digest in mine[: max(0, len(mine) + 1 - _MOST_OF_ONE)]:
                del self._by_digest[digest]
            while len(self._by_digest) >= _MOST:
                del self._by_digest[next(iter(self._by_digest))]
            self._by_digest[_digest(token)] = Session(login, mark, now, now, way, at, address)
        return token

    def find(self, token: str, used: bool = True) -> Session | None:
        """The session of a token, which counts as being used now, unless no person asks; None where it has ended."""
        now, digest = self._clock(), _digest(token)
        with self._lock:
            session = self._by_digest.get(digest)
            if session is None or _has_ended(session, now):
                self._by_digest.pop(digest, None)
                return None
            session.seen = now if used else session.seen
            return session

    def end(self, token: str) -> None:
        """From now on the token means nothing."""
        with self._lock:
            self._by_digest.pop(_digest(token), None)

    def of(self, login: str) -> list[tuple[Session, float]]:
        """What is open for a login, the newest first, with the seconds since its last page."""
        now = self._clock()
        with self._lock:
            self._forget_old(now)
            mine = [each for each in self._by_digest.values() if each.login.casefold() == login.casefold()]
        return [(each, now - each.seen) for each in reversed(mine)]

    def end_all(self, login: str) -> int:
        """Log a login out everywhere; returns how often it was logged in."""
        with self._lock:
            mine = [digest for digest, each in self._by_digest.items() if each.login.casefold() == login.casefold()]
            for digest in mine:
                del self._by_digest[digest]
        return len(mine)

    def open_record(self, session: Session, person: str, reason: str) -> None:
        """A reason was given to look at what is kept about a person."""
        session.opened[person] = (self._clock() + _REASON_HOLDS, reason)

    def reason(self, session: Session, person: str) -> str:
        """The reason that was given and still holds, or ""."""
        until, reason = session.opened.get(person, (0.0, ""))
        return reason if until > self._clock() else ""

    def _forget_old(self, now: float) -> None:
        for digest in [digest for digest, each in self._by_digest.items() if _has_ended(each, now)]:
            del self._by_digest[digest]


def _has_ended(session: Session, now: float) -> bool:
    return now >= session.began + LONGEST or now >= session.seen + IDLE


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
