"""What people did with the record, read back: notices acknowledged, purposes declared, contests, holds.

Deeds are events like all others, written to the journal and sealed in the chain; here they become what holds now.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schoolgate.policy.standing import Declared, Standing
from schoolgate.store.event import Deed
from schoolgate.store.openings import opened
from schoolgate.store.queries import Queries as Queries
from schoolgate.store.queries import deeds_of as _deeds

UPHELD, REFUSED = "upheld", "refused"
"""The answers to a contest: the person was right, or the visit counts all the same."""


@dataclass(frozen=True, slots=True)
class Contest:
    """A person says that events should not count; ``answer`` is "" until somebody has answered."""

    id: str
    ref: str
    person: str
    at: str
    events: tuple[str, ...]
    words: str
    answer: str = ""
    answered_at: str = ""
    answered_by: str = ""
    answer_words: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Events that no retention may delete: of a person (in ``since`` to ``until``, where given), or by their ids."""

    id: str
    ref: str
    at: str
    actor: str
    case: str
    person: str
    events: tuple[str, ...]
    since: str
    until: str


def read_standing(reader: Queries, now: datetime) -> Standing:
    """Every notice that was acknowledged, the purposes that are declared and not withdrawn, and what was opened."""
    rows = _deeds(reader, Deed.NOTICE)
    acknowledged = frozenset((row["person"], row["notice"]) for row in rows)
    withdrawn = {row["about"] for row in _deeds(reader, Deed.WITHDRAWN)}
    declared = [_declared(row) for row in _deeds(reader, Deed.DECLARED) if row["id"] not in withdrawn]
    return Standing(acknowledged, tuple(each for each in declared if each.until > now), opened(reader, now))


def declarations(reader: Queries, person: str) -> list[Declared]:
    """Everything that a person ever declared and did not withdraw, oldest first."""
    withdrawn = {row["about"] for row in _deeds(reader, Deed.WITHDRAWN)}
    rows = _deeds(reader, Deed.DECLARED)
    return [_declared(row) for row in rows if row["id"] not in withdrawn and row["person"] == person]


def contests(reader: Queries, person: str | None = None) -> list[Contest]:
    """All contests (of one person), oldest first; the first answer to each counts."""
    answers: dict[str, dict[str, Any]] = {}
    for row in _deeds(reader, Deed.ANSWER):
        answers.setdefault(row["about"], row)
    found: list[Contest] = []
    for row in _deeds(reader, Deed.CONTEST):
        if person is None or row["person"] == person:
            events, answer = tuple(row["about"].split()), answers.get(row["id"])
            contest = Contest(row["id"], row["ref"], row["person"], row["at"], events, row["why"])
            if answer is not None:
                told = (answer["entry"], answer["at"], answer["actor"], answer["why"])
                contest = Contest(row["id"], row["ref"], row["person"], row["at"], events, row["why"], *told)
            found.append(contest)
    return found


@dataclass(frozen=True, slots=True)
class Contested:
    """What all contests come to: events that wait for an answer, and those that are cleared for good.

    ``by_case`` is the reference of the case whose outcome has cleared an event, by the event's id; these are among
    ``cleared`` too.
    """

    waiting: frozenset[str] = frozenset()
    cleared: frozenset[str] = frozenset()
    by_case: Mapping[str, str] = field(default_factory=dict[str, str])


def contested(of: Iterable[Contest], by_case: Mapping[str, str] | None = None) -> Contested:
    """The events of contests; what was upheld once stays cleared, whatever else is said of it.

    ``by_case`` are the events that outcomes of cases have cleared (``store.cases.clearings``).
    """
    known, by_case = list(of), dict(by_case or {})
    cleared = frozenset(event for each in known if each.answer == UPHELD for event in each.events) | frozenset(by_case)
    waiting = frozenset(event for each in known if not each.answer for event in each.events)
    return Contested(waiting - cleared, cleared, by_case)


def holds(reader: Queries) -> list[Hold]:
    """The holds that were not released."""
    released = {row["about"] for row in _deeds(reader, Deed.RELEASED)}
    return [hold for hold in all_holds(reader) if hold.id not in released]


def all_holds(reader: Queries) -> list[Hold]:
    """Every hold on record, released or not."""
    return [_hold(row) for row in _deeds(reader, Deed.HOLD)]


def _hold(row: dict[str, Any]) -> Hold:
    since, _, until = row["entry"].partition("/")
    events = tuple(row["about"].split())
    return Hold(row["id"], row["ref"], row["at"], row["actor"], row["why"], row["person"], events, since, until)


def _declared(row: dict[str, Any]) -> Declared:
    """A declaration holds from when it was made at the earliest: nothing is excused afterwards."""
    since, until = (datetime.fromisoformat(text) for text in row["entry"].split("/"))
    since = max(since, datetime.fromisoformat(row["at"]))
    return Declared(row["id"], row["person"], tuple(row["about"].split()), row["why"], since, until)
