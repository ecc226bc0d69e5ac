"""Which connections stay closed although their group is looked into, because they break, or are too private, otherwise.

The name alone is judged then, so a name may pass only where nothing inside would have been judged: services that are
known not to bear being looked into, sites that the school itself has allowed, and the never-log topics. Never what a
list, a rule for any group or a judgement of the name speaks against, nor a site that nobody knows. What the technician
gives in school.yaml needs no such ground, but is still held against every rule for whoever asks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from schoolgate.policy.rules import NAME, Action, Subject

if TYPE_CHECKING:
    from schoolgate.policy.snapshot import Snapshot


class Ground(StrEnum):
    """Why a connection was passed through."""

    GIVEN = "given"  # school.yaml says so
    TOPIC = "topic"  # a never-log topic
    APP = "app"  # a service that is known to break, from the start
    LEARNED = "learned"  # devices that trust the school's certificate refused it there


class Held(StrEnum):
    """Why a site is not passed through, however often devices refuse the certificate there; in words for people."""

    OFF = "learning is switched off in school.yaml"
    NEVER = "school.yaml says never"
    BLOCKED = "a list and a rule, or the school itself, speak against it or a part of it"
    UNKNOWN = "no list of pinned services knows it, and the school has not allowed it"
    SEARCHED = "people search there, and searches are looked after"
    STAFF = "anybody's files or messages come that way, so it may be learned for people who work here only"


@dataclass(frozen=True, slots=True)
class Passing:
    """What passes, by host with all below it. The mappings name the service; ``staff`` is for people who work here."""

    given: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    at_once: Mapping[str, str] = field(default_factory=dict[str, str])
    learned: Mapping[str, str] = field(default_factory=dict[str, str])
    staff: Mapping[str, str] = field(default_factory=dict[str, str])
    in_part: frozenset[str] = frozenset()  # hosts that the school itself has blocked a part of, there and below
    is_learning: bool = True


NO_PASSING = Passing(is_learning=False)


def above(host: str, known: Mapping[str, str] | frozenset[str]) -> str:
    """The nearest of the known hosts that a canonical host is, or is below; "" for none."""
    while host and host not in known:
        host = host.partition(".")[2]
    return host


def ground_at_once(snapshot: "Snapshot", host: str, is_searched: bool) -> tuple[Ground, str] | None:
    """Why a host passes before anything was learned, with the service's or topic's name; None where it does not."""
    passing = snapshot.passing
    if above(host, passing.never) or snapshot.sealed.knows(host):
        return None
    if given := above(host, passing.given):
        return None if _is_blocked_in_part(snapshot, host, given) else (Ground.GIVEN, "given in school.yaml")
    if (known := above(host, passing.at_once)) and is_harmless(snapshot, host):
        return Ground.APP, passing.at_once[known]
    if not is_searched and (topic := snapshot.purposes.topic(host)) and is_harmless(snapshot, host):
        return Ground.TOPIC, topic
    return None


def held_back(snapshot: "Snapshot", group: str, host: str, is_searched: bool) -> Held | None:
    """Why a host may not be passed through because devices refuse the certificate there; None where it may."""
    passing = snapshot.passing
    if not passing.is_learning:
        return Held.OFF
    if above(host, passing.never):
        return Held.NEVER
    at_work = snapshot.calendar.at_work
    is_staffs = group in at_work and bool(above(host, passing.staff))
    if not is_harmless(snapshot, host, at_work if is_staffs else None):
        return Held.BLOCKED
    if is_staffs or above(host, passing.learned) or above(host, passing.at_once):
        return None
    if above(host, passing.staff):
        return Held.STAFF
    local = snapshot.lists.look_up(host, "").local
    if local is None or local[0] is not Action.ALLOW:
        return Held.UNKNOWN
    return Held.SEARCHED if is_searched else None


def service_of(snapshot: "Snapshot", host: str) -> str:
    """The service that a host is known to belong to; "" for none."""
    passing = snapshot.passing
    for known in (passing.at_once, passing.learned, passing.staff):
        if found := above(host, known):
            return known[found]
    return ""


def is_harmless(snapshot: "Snapshot", host: str, groups: frozenset[str] | None = None) -> bool:
    """Whether nothing speaks against a host or any part of it that a rule blocks or warns of.

    Asked are the rules for whatever group, or only those for some of ``groups``.
    """
    known = _known_as(snapshot, host)
    if snapshot.sealed.knows(host) or _is_blocked_in_part(snapshot, host, known):
        return False
    parts = {"", *(part for name in _up_to(host, known) for part in snapshot.lists.parts(name))}
    return not any(_is_harmful(snapshot, host, part, groups) for part in parts)


def _known_as(snapshot: "Snapshot", host: str) -> str:
    """The entry that speaks for a host, which may be above it: what is said of sites above that is about others."""
    passing = snapshot.passing
    for known in (passing.at_once, passing.learned, passing.staff, snapshot.purposes.private):
        if found := above(host, known):
            return found
    local = snapshot.lists.look_up(host, "").local
    return local[1].entry if local is not None else host


def _up_to(host: str, top: str) -> Iterator[str]:
    """A host and every domain above it, to ``top`` at the most."""
    while host:
        yield host
        host = "" if host == top else host.partition(".")[2]


def _is_blocked_in_part(snapshot: "Snapshot", host: str, known: str) -> bool:
    return any(name in snapshot.passing.in_part for name in _up_to(host, known))


def _is_harmful(snapshot: "Snapshot", host: str, target: str, groups: frozenset[str] | None) -> bool:
    listing = snapshot.lists.look_up(host, target)
    if listing.local is not None and listing.local[0] is Action.BLOCK:
        return True
    if not listing.hits:
        return False
    found = {hit.category for hit in listing.hits}
    return any(hit.list == NAME for hit in listing.hits) or any(
        rule.action in (Action.BLOCK, Action.WARN)
        and Subject.ADDRESSES in rule.subjects
        and (groups is None or not groups.isdisjoint(rule.groups))
        and not found.isdisjoint(rule.categories)
        for rule in snapshot.rules
    )
