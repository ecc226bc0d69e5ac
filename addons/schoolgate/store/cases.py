"""Cases: concerns that a person has to look into, and how far they have got, read back from deeds.

A case is opened by an alert that needs a person, or by somebody who raises a concern. All that is done about it is a
deed of its own, so nothing of a case can be altered quietly, and what a case is now follows from its deeds alone. A
deed that was written twice (its writer was killed before it knew) has the same id, and counts once.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from schoolgate.store.deeds import Queries
from schoolgate.store.event import Deed, steady_reference
from schoolgate.store.queries import DEEDS, deeds_of, events_of, quoted


class State(StrEnum):
    """How far a case has got; the entry of a ``case-step``."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    INVESTIGATING = "investigating"
    DECIDED = "decided"
    CLOSED = "closed"


REOPENED = "reopened"
"""The step that leads from closed, or from decided, back to investigating."""


class Priority(StrEnum):
    """How soon somebody has to look; the clocks of what is high run also at night."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


_URGENCY: dict[str, int] = {priority: place for place, priority in enumerate(reversed(Priority))}


class Outcome(StrEnum):
    """What was found, in the words of Keeping children safe in education, part four."""

    SUBSTANTIATED = "substantiated"
    MALICIOUS = "malicious"
    FALSE = "false"
    UNSUBSTANTIATED = "unsubstantiated"
    UNFOUNDED = "unfounded"
    LOW_LEVEL = "low_level"


_CLEARING = frozenset({Outcome.MALICIOUS, Outcome.FALSE})  # after these its events count against nobody any more
CASE_DEEDS = (
    Deed.CASE, Deed.CASE_MORE, Deed.CASE_STEP, Deed.CASE_OWNER, Deed.CASE_NOTE, Deed.ESCALATED, Deed.OUTCOME,
    Deed.ATTACHED,
)  # fmt: skip
"""What cases are folded from."""
_ORDER = tuple(State)
_ONE = f"{DEEDS} and rule in {quoted(CASE_DEEDS)} and (id = :case or about = :case or about like :more) order by at, id"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done about a case; ``entry`` is of the deed that ``what`` names."""

    id: str
    at: str
    what: Deed
    actor: str
    entry: str
    words: str


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A file that was attached as evidence; ``size`` is in bytes, ``kind`` a media type (see ``store.exhibits``)."""

    at: str
    actor: str
    sha256: str
    size: int
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands. ``owner`` and ``route`` are roles; ``events`` are ids; ``outcome`` is "" until decided.

    ``rule`` is the rule whose alert opened it, "" where a person did; ``changed`` is when its last deed was done, and
    ``urgent`` when its priority rose to high ("": it was opened with it, or never had it). ``cleared`` are the events
    that a false or malicious outcome was about: what came later counts until somebody has decided that, too.
    """

    id: str
    ref: str
    at: str
    person: str
    group: str
    client: str
    category: str
    theme: str
    priority: str
    route: str
    why: str
    raised_by: str
    events: tuple[str, ...]
    owner: str
    state: State = State.NEW
    outcome: str = ""
    changed: str = ""
    history: tuple[Entry, ...] = ()
    rule: str = ""
    urgent: str = ""
    cleared: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state is not State.CLOSED

    @property
    def was_raised_by_somebody(self) -> bool:
        """Whether a person raised it, and not an alert."""
        return self.raised_by != GATEWAY

    @property
    def exhibits(self) -> tuple[Exhibit, ...]:
        """The files that were attached, each once, oldest first."""
        found: dict[str, Exhibit] = {}
        for entry in self.history:
            if entry.what is Deed.ATTACHED:
                sha256, size, kind = (*entry.entry.split("/", 2), "", "")[:3]
                number = int(size) if size.isdecimal() else 0
                found.setdefault(sha256, Exhibit(entry.at, entry.actor, sha256, number, kind, entry.words))
        return tuple(found.values())

    def of(self, *kinds: Deed) -> tuple[Entry, ...]:
        """What was done of these kinds, oldest first."""
        return tuple(entry for entry in self.history if entry.what in kinds)


GATEWAY = "schoolgate"
"""The actor of what the gateway does by itself."""


def steady_id(at: str, *seed: str) -> str:
    """An id that is the same whenever it is made anew from the same, sortable by ``at`` (ISO 8601) as all ids are."""
    digest = hashlib.sha256("\0".join(seed).encode()).hexdigest()
    return f"{int(datetime.fromisoformat(at).timestamp() * 1000):012x}{digest[:16]}"


def case_names(at: str, *seed: str) -> dict[str, str]:
    """The id and the reference of the case of an alert or a form, the same whenever they are made anew."""
    case_id = steady_id(at, "case", *seed)
    return {"id": case_id, "ref": steady_reference(case_id)}


def cases(reader: Queries) -> list[Case]:
    """All cases, the oldest first."""
    return fold(deeds_of(reader, *CASE_DEEDS))


def case(reader: Queries, case_id: str) -> Case | None:
    """One case by its id."""
    asked = {"case": case_id, "more": f"{case_id} %"}
    return next((each for each in fold(reader.query(_ONE, asked)) if each.id == case_id), None)


def fold(rows: Iterable[Mapping[str, Any]]) -> list[Case]:
    """Cases from the rows of their deeds, which come in order. A deed about no case that is known is left aside."""
    deeds: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        deeds.setdefault(row["id"], row)
    found = {row["id"]: _opened(row) for row in deeds.values() if row["rule"] == Deed.CASE}
    for row in deeds.values():
        about, _, more = row["about"].partition(" ")
        if row["rule"] != Deed.CASE and about in found:
            found[about] = _after(found[about], row, tuple(more.split()))
    return list(found.values())


def clearings(reader: Queries) -> dict[str, str]:
    """The reference of the case whose outcome has cleared an event, by the event's id.

    Only events of the person concerned are cleared: a concern may speak of an event of whoever raised it.
    """
    outcomes = deeds_of(reader, Deed.OUTCOME)
    decided = {row["about"].partition(" ")[0] for row in outcomes if row["entry"] in _CLEARING}
    if not decided:
        return {}
    clearing = [each for each in cases(reader) if each.id in decided and each.cleared]
    rows = events_of(reader, (event for each in clearing for event in each.cleared))
    whose = {row["id"]: row["person"] for row in rows}
    return {event: each.ref for each in clearing for event in each.cleared if whose.get(event) == each.person}


def _opened(row: Mapping[str, Any]) -> Case:
    priority, _, route = row["entry"].partition("/")
    same = {name: row[name] for name in ("id", "ref", "at", "person", "group", "client", "category", "theme", "why")}
    events, priority = tuple(row["about"].split()), priority if priority in tuple(Priority) else Priority.MEDIUM
    opened = {"priority": priority, "route": route, "owner": route, "raised_by": row["actor"], "changed": row["at"]}
    return Case(**same, **opened, events=events, rule=row["basis"])


def _after(known: Case, row: Mapping[str, Any], more: tuple[str, ...]) -> Case:
    """The case after one more deed."""
    what = Deed(row["rule"])
    entry = Entry(row["id"], row["at"], what, row["actor"], row["entry"], row["why"])
    known = replace(known, history=(*known.history, entry), changed=row["at"])
    match what:
        case Deed.CASE_MORE:
            return _risen(replace(known, events=tuple(dict.fromkeys((*known.events, *more)))), row)
        case Deed.CASE_STEP:
            return replace(known, state=_step(known.state, row["entry"]))
        case Deed.CASE_OWNER | Deed.ESCALATED:
            return replace(known, owner=row["entry"])
        case Deed.OUTCOME if row["entry"] in tuple(Outcome):
            cleared = known.events if known.person and row["entry"] in _CLEARING else ()
            state = max(known.state, State.DECIDED, key=_ORDER.index)
            return replace(known, outcome=row["entry"], state=state, cleared=cleared)
        case _:
            return known


def _risen(known: Case, row: Mapping[str, Any]) -> Case:
    """A priority only rises: what was urgent once has to be looked at as such."""
    if not is_more_urgent(row["entry"], known.priority):
        return known
    return replace(known, priority=row["entry"], urgent=row["at"] if row["entry"] == Priority.HIGH else "")


def is_more_urgent(one: str, other: str) -> bool:
    """Whether a priority is higher than another; what is none is the lowest."""
    return _URGENCY.get(one, -1) > _URGENCY.get(other, -1)


def _step(state: State, entry: str) -> State:
    """Steps lead forwards; only reopening leads back."""
    if entry == REOPENED:
        return State.INVESTIGATING if state in (State.CLOSED, State.DECIDED) else state
    if entry not in tuple(State):
        return state
    return max(state, State(entry), key=_ORDER.index)
