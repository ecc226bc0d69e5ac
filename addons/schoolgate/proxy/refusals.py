"""Tells an app that accepts its own certificate only from a device that does not trust the school's.

A device that was seen to trust the school's certificate, and whose program refuses it at one site again and again, runs
a pinned app. One that was never seen to trust it teaches nothing; nor does a program that refuses it everywhere (a
browser with a list of certificates of its own). Those are for the technician.
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
_MANY_SITES = 4  # that a program refuses: it refuses them all
_MOST = 5_000


class Sign(StrEnum):
    """How a program refused."""

    ALERT = "alert"
    SILENT = "closed"


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

    def refused(self, device: str, program: str, host: str, sign: Sign, now: float) -> Lesson:
        """A program refused the certificate at a host."""
        sites = self._sites.setdefault((device, program), {})
        for site in [site for site, at in sites.items() if now - at > WITHIN]:
            del sites[site]
        site = site_of(host)
        if sign is Sign.ALERT and (site in sites or len(sites) < _MANY_SITES):
            sites[site] = now
        _trim(self._sites)
        is_trusted = now - self._programs.get((device, program), -_TRUSTED_FOR) < _TRUSTED_FOR
        if len(sites) >= _MANY_SITES and not is_trusted:
            return Lesson.UNTRUSTING
        if now - self._trusting.get(device, -_TRUSTED_FOR) >= _TRUSTED_FOR:
            return Lesson.NOTHING
        seen = self._seen.setdefault((host, program), deque(maxlen=ENOUGH_SILENT))
        seen.append((now, sign))
        _trim(self._seen)
        lately = [sign for at, sign in seen if now - at <= WITHIN]
        if lately.count(Sign.ALERT) < ENOUGH and len(lately) < ENOUGH_SILENT:
            return Lesson.NOTHING
        del self._seen[host, program]
        return Lesson.PINNED


def sign_of(error: str) -> Sign | None:
    """What a failed handshake says: None where it has nothing to do with the certificate."""
    said = error.lower()
    if any(words in said for words in ("unknown ca", "bad certificate", "certificate unknown", "certificate_unknown")):
        return Sign.ALERT
    return Sign.SILENT if said == "connection closed" else None


def _trim[K, V](known: dict[K, V]) -> None:
    """Nobody fills the memory: the oldest goes."""
    if len(known) > _MOST:
        del known[next(iter(known))]
