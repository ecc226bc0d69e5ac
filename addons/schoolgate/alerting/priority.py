"""How soon somebody has to read an alert: how grave it is, times how sure we are, times how often it happened.

==========================  ======  ============================================================================
Severity                    points  of what
==========================  ======  ============================================================================
grave                       8       illegal material, harm to oneself, grooming, extremism, running away
serious                     3       adult content, hate, violence, weapons, drugs, bullying, malware, ways round the
                                    filter; all other categories of the themes content and contact
slight                      1       gambling, chat, webmail, dating, false news, searches without a filter; all
                                    other categories of the themes conduct and commerce
--------------------------  ------  ----------------------------------------------------------------------------
Confidence in who it was    times   1.0 a login, 0.9 a login on the device before or at the network, or a device of
                                    one person, 0.8 a known place on the network, 0.7 a device that nobody knows
Confidence in what it was   times   1.0 the address is on a list, 0.9 the words of a search, 0.8 the words of a
                                    page, 0.6 a picture, 0.6 the name of a site
Repetition                  times   in an hour 1.2 from 3 times, 1.5 from 10, 2.0 from 30; in a day 1.2 from 10,
                                    1.5 from 30, 2.0 from 100; the greater of the two
==========================  ======  ============================================================================

High is 4.0 points or more, medium 1.5 or more, low the rest. A narrower category counts as the one it is part of.
"""

from dataclasses import dataclass

from schoolgate.policy.rules import NAME, PICTURE, SEARCH, TEXT
from schoolgate.store.cases import Priority

GRAVE, SERIOUS, SLIGHT = 8, 3, 1
HIGH_FROM, MEDIUM_FROM = 4.0, 1.5
RANK = {Priority.LOW: 0, Priority.MEDIUM: 1, Priority.HIGH: 2}
"""The order of priorities."""
SEVERITY = {
    "sealed": GRAVE, "self_harm": GRAVE, "grooming": GRAVE, "extremism": GRAVE, "running_away": GRAVE,
    "adult": SERIOUS, "hate": SERIOUS, "violence": SERIOUS, "weapons": SERIOUS, "drugs": SERIOUS,
    "bullying": SERIOUS, "malware": SERIOUS, "circumvention": SERIOUS,
    "gambling": SLIGHT, "chat": SLIGHT, "webmail": SLIGHT, "dating": SLIGHT, "misinformation": SLIGHT,
    "unsafe_search": SLIGHT,
}  # fmt: skip
_OF_THEME = {"content": SERIOUS, "contact": SERIOUS}
_WHO = {"login": 1.0, "portal": 0.9, "radius": 0.9, "mac": 0.9, "device": 0.9, "hostname": 0.8, "network": 0.8}
_UNKNOWN = 0.7
_WHAT = {SEARCH: 0.9, TEXT: 0.8, PICTURE: 0.6, NAME: 0.6}
_IN_HOUR = ((30, 2.0), (10, 1.5), (3, 1.2))
_IN_DAY = ((100, 2.0), (30, 1.5), (10, 1.2))
_GRAVITY = {GRAVE: "the subject is grave", SERIOUS: "the subject is serious", SLIGHT: "the subject is slight"}
_WHAT_WORDS = {
    SEARCH: "the words of a search were judged",
    TEXT: "the words of a page were judged",
    PICTURE: "a picture was judged",
    NAME: "the name of a site was judged",
}
_WHO_WORDS = {
    "login": "somebody had logged in",
    "portal": "somebody had logged in on the device before",
    "radius": "the device had joined the network with a login",
    "mac": "the device is one person's",
    "device": "the device is one person's",
    "hostname": "the device calls itself as one person's",
    "network": "the device is known by its place only",
}
_FAULTS = {"chain": Priority.HIGH, "recording": Priority.HIGH, "sealed": Priority.HIGH}


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for a priority; ``list`` and ``identity`` are as in an event, ``part_of`` is the wider category."""

    category: str
    theme: str = ""
    part_of: str = ""
    identity: str = ""
    list: str = ""
    in_hour: int = 1
    in_day: int = 1


@dataclass(frozen=True, slots=True)
class Judged:
    """The priority, the points it comes from, and why, in words without a site or a search in them."""

    level: Priority
    points: float
    why: str


def priority_of(signs: Signs) -> Judged:
    """Severity times confidence times repetition."""
    severity = severity_of(signs.category, signs.theme, signs.part_of)
    repetition = max(_factor(signs.in_hour, _IN_HOUR), _factor(signs.in_day, _IN_DAY))
    sure = _WHO.get(signs.identity, _UNKNOWN) * _WHAT.get(signs.list, 1.0)
    points = round(severity * sure * repetition, 2)
    level = Priority.HIGH if points >= HIGH_FROM else Priority.MEDIUM if points >= MEDIUM_FROM else Priority.LOW
    reasons = [_GRAVITY[severity], _WHAT_WORDS.get(signs.list, "the address is on a list")]
    reasons.append(_WHO_WORDS.get(signs.identity, "nobody knows the device"))
    if repetition > 1:
        often = _factor(signs.in_hour, _IN_HOUR) >= repetition
        reasons.append(f"{signs.in_hour} times in an hour" if often else f"{signs.in_day} times in a day")
    return Judged(level, points, ", ".join(reasons))


def severity_of(category: str, theme: str = "", part_of: str = "") -> int:
    """Points of a category; of one that the table does not name, those of the wider one, or of its theme."""
    return SEVERITY.get(category) or SEVERITY.get(part_of) or _OF_THEME.get(theme, SLIGHT)


def priority_of_fault(rule: str) -> Priority:
    """How soon the technician has to hear of a fault of the gateway."""
    return _FAULTS.get(rule, Priority.MEDIUM)


def _factor(number: int, steps: tuple[tuple[int, float], ...]) -> float:
    return next((factor for least, factor in steps if number >= least), 1.0)
