"""Tells an app that accepts its own certificate only from a device that does not trust the school's.

A device that was seen to trust the school's certificate, and whose program refuses it at one site again and again, runs
a pinned app. One that was never seen to trust it teaches nothing; nor does a program that refuses it everywhere (a
browser with a list of certificates of its own), but of services that are known to be pinned: many apps of a phone open
connections in one and the same way. Those are for the technician.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from schoolgate.lists.guards import site_of

WITHIN = 600.0
"""Seconds in which refusals count together."""
ENOUGH = 3
"""Refusals with an alert that make a host a pinned one."""
ENOUGH_SILENT = 6
"""The same of connections that were closed without a word: browsers open some that they never use."""
_TRUSTED_FOR = 3600.0  # seconds that a device which trusted the certificate counts as one that has it
_MANY_SITES = 4  # that a program refuses on a device that trusts the certificate nowhere: it refuses them all
_MOST_SITES = 8  # the same where another program of the device trusts it
_MOST = 5_000


class Sign(StrEnum):
    """How a program refused, in words for people."""

    ALERT = "it refuses the certificate"
    SILENT = "it closes without asking for anything"


class Lesson(StrEnum):
    """What a refusal teaches."""

    NOTHING = "nothing"
    PINNED = "pinned"
    UNTRUSTING = "untrusting"


@dataclass(slots=True)
class Refusals:
    """What one worker saw lately. ``now`` is in seconds of a clock that never goes back."""

    _trusting: dict[str, float] = field(default_factory=dict[str, float])  # device -> last time
    _programs: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])  # and its class
    _sites: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict[tuple[str, str], dict[str, float]])
    _seen: dict[tuple[str, str], deque[tuple[float, Sign]]] = field(
        default_factory=dict[tuple[str, str], deque[tuple[float, Sign]]]
    )

    def accepted(self, device: str, program: str, host: str, now: float) -> None:
        """Something was asked for over a connection that was looked into: the program there trusts the certificate."""
        self._trusting[device] = self._programs[device, program] = now
        self._sites.pop((device, program), None)
        self._seen.pop((host, program), None)
        _trim(self._trusting)
        _trim(self._programs)

    def refused(self, device: str, program: str, host: str, sign: Sign, now: float, is_known: bool = False) -> Lesson:
        """A program refused the certificate at a host; ``is_known`` where that is a service known to be pinned."""
        is_trusting = now - self._trusting.get(device, -_TRUSTED_FOR) < _TRUSTED_FOR
        is_everywhere = self._refuses_everywhere(device, program, host, sign, now, is_trusting)
        if is_trusting and (is_known or not is_everywhere) and self._is_enough(host, program, sign, now):
            return Lesson.PINNED
        return Lesson.UNTRUSTING if is_everywhere else Lesson.NOTHING

    def _refuses_everywhere(
        self, device: str, program: str, host: str, sign: Sign, now: float, is_trusting: bool
    ) -> bool:
        """Count the site; whether the program refuses so many, and trusts none, that it has not got the certificate."""
        sites = self._sites.setdefault((device, program), {})
        for site in [site for site, at in sites.items() if now - at > WITHIN]:
            del sites[site]
        site = site_of(host)
        if sign is Sign.ALERT and (site in sites or len(sites) < _MOST_SITES):
            sites[site] = now
        _trim(self._sites)
        is_trusted = now - self._programs.get((device, program), -_TRUSTED_FOR) < _TRUSTED_FOR
        return not is_trusted and len(sites) >= (_MOST_SITES if is_trusting else _MANY_SITES)

    def _is_enough(self, host: str, program: str, sign: Sign, now: float) -> bool:
        """Count the refusal; whether there were enough of them lately, which begins the count anew."""
        seen = self._seen.setdefault((host, program), deque(maxlen=ENOUGH_SILENT))
        seen.append((now, sign))
        _trim(self._seen)
        lately = [sign for at, sign in seen if now - at <= WITHIN]
        if lately.count(Sign.ALERT) < ENOUGH and len(lately) < ENOUGH_SILENT:
            return False
        del self._seen[host, program]
        return True


_REFUSED = ("unknown ca", "bad certificate", "certificate unknown", "unsupported certificate", "access denied")
"""Alerts about the certificate (RFC 8446, 6.2), as OpenSSL names them."""
_ENDED = (
    "client disconnected during the handshake",
    "zeroreturnerror",  # close_notify in TLS 1.3
    "('ssl routines', '', '')",  # the same in TLS 1.2
    "alert user cancelled",
    "alert handshake failure",
    "alert internal error",
)
"""What else ends a handshake that had come as far as the certificate: programs that do not say why."""


def sign_of(error: str) -> Sign | None:
    """What a failed handshake says: None where it has nothing to do with the certificate."""
    said = error.lower()
    if any(words in said for words in _REFUSED):
        return Sign.ALERT
    return Sign.SILENT if any(words in said for words in _ENDED) else None


def _trim[K, V](known: dict[K, V]) -> None:
    """Nobody fills the memory: the oldest goes."""
    if len(known) > _MOST:
        del known[next(iter(known))]
