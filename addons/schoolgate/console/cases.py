"""The cases: a list with what is open first, one case with all that is known of it, and what can be done about it.

Whoever a case is about does not see it, whatever their role, and one about the Headteacher goes to the chair of
governors alone. Each opening of a case about somebody is a look at their record, and on record as one.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from schoolgate.alerting.case_roles import deputy_of, may_see
from schoolgate.alerting.clocks import Clock, Name, clock_of
from schoolgate.console.case_deeds import CHANGES, OUTCOME_WORDS, STEP_WORDS, takers
from schoolgate.console.entry import Refused, Visitor
from schoolgate.console.looking import put_on_record_once
from schoolgate.console.paging import part_of
from schoolgate.reporting.precision import precision
from schoolgate.store.cases import Case, Priority, case, cases
from schoolgate.store.deeds import Contest, contests
from schoolgate.store.event import DEED
from schoolgate.store.queries import events_of

_MOST_EVENTS = 50
_EXTREMISM = "extremism"
_PRIORITIES = tuple(Priority)


@dataclass(frozen=True, slots=True)
class Shown:
    """A case with the clock that runs for it, as a list shows it."""

    case: Case
    clock: Clock | None
    is_over: bool


def show_cases(visitor: Visitor) -> Response:
    """What is open, by priority and clock; what is closed; and how often which rule was right."""
    with visitor.desk.reading() as reader:
        everything, told = visitor.desk.folds.of(reader, cases), visitor.desk.folds.of(reader, contests)
    seen, about = [each for each in everything if _may_see(visitor, each)], _by_event(told)
    waiting = sorted((_shown(visitor, each, _about(each, about)) for each in seen if each.is_open), key=_urgency)
    closed, part = [each for each in reversed(seen) if not each.is_open], part_of(visitor.query)
    over = [_shown(visitor, each, _about(each, about)) for each in part.of(closed)]
    words = {"closed": over, "part": part.beside(closed), "precision": precision(seen)}
    return visitor.page("cases.html", waiting=waiting, **words)


def _by_event(told: Iterable[Contest]) -> dict[str, list[Contest]]:
    found: dict[str, list[Contest]] = {}
    for each in told:
        for event in each.events:
            found.setdefault(event, []).append(each)
    return found


def _about(of: Case, by_event: Mapping[str, list[Contest]]) -> list[Contest]:
    """The contests about events of a case."""
    return list({each.id: each for event in of.events for each in by_event.get(event, ())}.values())


def show_case(visitor: Visitor) -> Response:
    """One case; the look goes on record first, once in half an hour."""
    return _page(visitor, find_case(visitor), 200, "")


def change(visitor: Visitor) -> Response:
    """Do what the address says: acknowledge, investigate, take, hand, note, outcome, close, reopen."""
    what = visitor.request.path_params["what"]
    if what not in CHANGES:
        raise Refused(404, "There is no such thing to be done about a case.")
    with visitor.desk.alone:
        known = find_case(visitor)
        wrong = CHANGES[what](visitor, known)
    if wrong:
        return _page(visitor, known, 400, wrong)
    return visitor.go(f"/cases/{known.id}")


def find_case(visitor: Visitor) -> Case:
    """The case of the address. Raises Refused for one that is not for this account."""
    with visitor.desk.reading() as reader:
        found = case(reader, visitor.request.path_params["case"])
    if found is None:
        raise Refused(404, "There is no such case.")
    if not _may_see(visitor, found):
        raise Refused(403, "This case is not for your login.")
    return found


def _may_see(visitor: Visitor, known: Case) -> bool:
    return may_see(visitor.settings, visitor.desk.pseudonyms, visitor.account, known)


def _look(visitor: Visitor, known: Case) -> None:
    """A look at a case is on record, once in half an hour; about somebody it is a look at their record."""
    put_on_record_once(visitor, known.person, f"case {known.ref}", known.id)


def _page(visitor: Visitor, known: Case, status: int, wrong: str) -> Response:
    _look(visitor, known)
    with visitor.desk.reading() as reader:
        rows = [row for row in events_of(reader, known.events) if row["action"] != DEED]
        own = set(known.events)
        about = [each for each in contests(reader) if own & set(each.events)]
    answerable = {each.id for each in about if visitor.may_answer(each.person)}
    shown = _shown(visitor, known, about)
    roles = takers(visitor, known)
    words: dict[str, Any] = {"case": known, "shown": shown, "rows": rows[:_MOST_EVENTS], "contests": about}
    words |= {"answerable": answerable}
    words |= {"more": max(0, len(rows) - _MOST_EVENTS), "gone": len(known.events) - len(rows)}
    words |= {"takers": [role for role in roles if role != known.owner], "outcomes": OUTCOME_WORDS}
    words |= {"mine": any(role in roles and role != known.owner for role in visitor.account.roles)}
    words |= {"once": secrets.token_hex(8), "steps": STEP_WORDS, "wrong": wrong, "clock_words": clock_words(shown)}
    words |= {"group": _group(visitor, known.group), "prevent": _is_extremism(visitor, known, rows)}
    words |= {"deputy": deputy_of(visitor.settings, visitor.desk.pseudonyms, known)}
    return visitor.page("case.html", status, **words)


def _is_extremism(visitor: Visitor, known: Case, rows: Iterable[dict[str, Any]]) -> bool:
    """Whether the case, or anything that it is about, is of that kind or of a narrower one."""
    categories = visitor.settings.snapshot.categories
    kinds = {known.category, *(row["category"] for row in rows)}
    wider = {categories[kind].part_of for kind in kinds if kind in categories}
    return _EXTREMISM in kinds | wider


def _group(visitor: Visitor, group: str) -> str:
    known = next((each for each in visitor.settings.snapshot.people.groups if each.id == group), None)
    return known.title if known else group


def _shown(visitor: Visitor, known: Case, told: list[Contest]) -> Shown:
    times, calendar = visitor.settings.alerts.cases, visitor.settings.snapshot.calendar
    clock = clock_of(known, times, calendar, told)
    return Shown(known, clock, clock is not None and clock.is_over(visitor.desk.now()))


def _urgency(shown: Shown) -> tuple[int, float, str]:
    known, clock = shown.case, shown.clock
    place = _PRIORITIES.index(Priority(known.priority)) if known.priority in _PRIORITIES else len(_PRIORITIES)
    due = clock.due.timestamp() if clock and clock.due else float("inf")
    return place, due, known.at


def clock_words(shown: Shown) -> str:
    """What the clock of a case is for."""
    if shown.clock is None:
        return ""
    what = "to be acknowledged" if shown.clock.name is Name.ACKNOWLEDGE else "to be decided"
    if shown.clock.due is None:
        return f"{what}: the clock stands still while a contest waits for its answer"
    return f"{what} {'since' if shown.is_over else 'by'}"
