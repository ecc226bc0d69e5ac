"""Innocent explanations that the record itself holds: looked for at every visit, before anybody concludes anything."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from schoolgate.policy.calendar import WORKING_HOURS
from schoolgate.policy.purpose import ended
from schoolgate.reporting.case import Case
from schoolgate.reporting.sittings import Row, Sitting
from schoolgate.store.event import stamp

_SURE = 0.95  # of the confidence that a request was a visit
_EDGE = timedelta(minutes=5)
_NEAR = timedelta(minutes=30)
_BURST = timedelta(seconds=2)
_MANY = 3
_SENT_ON = "over a redirect"  # in the reason of a visit (policy/pages.py)
_OTHERS_WORDS = {
    "login": "",
    "portal": "They had logged in on the device before; somebody else may have held it since.",
    "radius": "The device had joined the network with their login; somebody else may have held it.",
    "mac": "The device is theirs alone, but nobody had logged in: somebody else may have held it.",
    "device": "The device is theirs alone, but nobody had logged in: somebody else may have held it.",
    "hostname": "The device only calls itself as theirs does: it may be another, or somebody else may have held it.",
    "network": "Nobody had logged in: the device is known by its network only, and anybody may have held it.",
    "unknown": "Neither the person nor the device is known to the school.",
}


def explanations(case: Case, sitting: Sitting) -> tuple[str, ...]:
    """All that speaks for the person, each thing once."""
    return tuple(dict.fromkeys(words for look in _LOOKS for words in look(case, sitting) if words))


def _identity(case: Case, sitting: Sitting) -> Iterator[str]:
    for page in sitting.pages:
        yield _OTHERS_WORDS.get(page["identity_confidence"], _OTHERS_WORDS["unknown"])


def _shared(case: Case, sitting: Sitting) -> Iterator[str]:
    since, until = _at(sitting.first) - _NEAR, _at(sitting.last) + _NEAR
    for other in case.others:
        near = datetime.fromisoformat(other["first"]) <= until and datetime.fromisoformat(other["last"]) >= since
        if other["client"] == sitting.first["client"] and near:
            yield f"The same device was in use by {other['person']} within half an hour."


def _likely(case: Case, sitting: Sitting) -> Iterator[str]:
    for page in sitting.pages:
        if _confidence(page) < _SURE:
            yield f"It is only likely ({page['confidence'] or 'not said'}) that somebody opened this: {page['reason']}."


def _by_itself(case: Case, sitting: Sitting) -> Iterator[str]:
    """A page that a site sent the browser on to, or one of many that a browser opened at once."""
    for page in sitting.pages:
        at, client = _at(page), page["client"]
        if _SENT_ON in page["reason"]:
            yield f"A site sent the browser on to {page['host']}: the link may have looked as if it led elsewhere."
        together = [each for each in _between(case.pages, at - _BURST, at + _BURST) if each["client"] == client]
        if len(together) >= _MANY:
            yield f"{len(together)} pages were opened within seconds: a browser that restores its tabs does that."


def _brief(case: Case, sitting: Sitting) -> Iterator[str]:
    if len(sitting.pages) == 1 or sitting.minutes <= 1:
        yield "A short look (a single page, or within one minute) can be a click by mistake."
    if sitting.repeats:
        yield "The page loaded itself anew besides: it may have stood open with nobody there."


def _edge(case: Case, sitting: Sitting) -> Iterator[str]:
    """Near a break, or outside working time by the calendar as it stands now (leave that was put down later)."""
    calendar = case.settings.snapshot.calendar
    for page in sitting.pages:
        group, login, at = page["group"], case.subject.login, _at(page)
        moment = calendar.moment(at, group, login)
        if WORKING_HOURS not in moment.periods and group in calendar.at_work:
            yield f"By the calendar as it stands now this was not working time: {moment.words}."
        elif any(WORKING_HOURS not in calendar.moment(at + way, group, login).periods for way in (-_EDGE, _EDGE)):
            yield "It lies within five minutes of a break, or of the beginning or end of work."


def _notice(case: Case, sitting: Sitting) -> Iterator[str]:
    if not all(page["notice"] for page in sitting.pages):
        yield "The record names no notice that had been acknowledged before."


def _purpose(case: Case, sitting: Sitting) -> Iterator[str]:
    settings, login = case.settings, case.subject.login or None
    for page in sitting.pages:
        at = _at(page).astimezone(settings.school.timezone)
        near = ended(
            settings.snapshot.purposes,
            case.declared,
            login,
            page["person"],
            page["group"],
            (page["host"],),
            page["path"],
            at,
        )
        yield from (f"{words[0].upper()}{words[1:]}." for words in near)


def _left_out_nearby(case: Case, sitting: Sitting) -> Iterator[str]:
    """The same site was work, or a break, within the same half hour."""
    for row in _between(case.events, _at(sitting.first) - _NEAR, _at(sitting.last) + _NEAR):
        if row["left_out"] and row["host"] in sitting.sites:
            yield f"Another visit to {row['host']} within half an hour does not count: {row['left_out']}."


_LOOKS: tuple[Callable[[Case, Sitting], Iterator[str]], ...] = (
    _identity,
    _shared,
    _likely,
    _by_itself,
    _brief,
    _edge,
    _notice,
    _purpose,
    _left_out_nearby,
)


def _between(rows: list[Row], since: datetime, until: datetime) -> list[Row]:
    """Rows (oldest first) of a stretch of time, both ends included."""
    first = bisect_left(rows, stamp(since), key=lambda row: row["at"])
    return rows[first : bisect_right(rows, stamp(until), key=lambda row: row["at"])]


def _at(row: Row) -> datetime:
    return datetime.fromisoformat(row["at"])


def _confidence(page: Row) -> float:
    """What is no number speaks for nothing."""
    try:
        return float(page["confidence"])
    except (TypeError, ValueError):
        return 0.0
