"""The cases: a list with what is open first, one case with all that is known of it, and what can be done about it.

Whoever a case is about does not see it, whatever their role, and one about the Headteacher goes to the chair of
governors alone. Each opening of a case about somebody is a look at their record, and on record as one.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from schoolgate.alerting.case_roles import CASE_ROLES, may_see, may_take
from schoolgate.alerting.clocks import Clock, Name, clock_of
from schoolgate.console.entry import Refused, Visitor
from schoolgate.console.looking import put_on_record
from schoolgate.console.paging import part_of
from schoolgate.reporting.precision import precision
from schoolgate.store.cases import REOPENED, Case, Outcome, Priority, State, case, cases, steady_id
from schoolgate.store.deeds import Contest, contests
from schoolgate.store.event import Deed

_MOST_EVENTS = 50
_EVENTS = "select * from events where id in (select value from json_each(:ids)) and action <> 'deed' order by at, id"
_PRIORITIES = tuple(Priority)
_ONCE = 64  # letters of the mark that makes a form count once


@dataclass(frozen=True, slots=True)
class Shown:
    """A case with the clock that runs for it, as a list shows it."""

    case: Case
    clock: Clock | None
    is_over: bool


def show_cases(visitor: Visitor) -> Response:
    """What is open, by priority and clock; what is closed; and how often which rule was right."""
    with visitor.desk.reading() as reader:
        everything = cases(reader)
        told = contests(reader)
    seen = [each for each in everything if _may_see(visitor, each)]
    waiting = sorted((_shown(visitor, each, told) for each in seen if each.is_open), key=_urgency)
    closed = [_shown(visitor, each, told) for each in reversed(seen) if not each.is_open]
    part = part_of(visitor.query)
    words = {"closed": part.of(closed), "part": part.beside(closed), "precision": precision(seen)}
    return visitor.page("cases.html", waiting=waiting, **words)


def show_case(visitor: Visitor) -> Response:
    """One case; the look goes on record first, once in half an hour."""
    return _page(visitor, _case(visitor), 200, "")


def change(visitor: Visitor) -> Response:
    """Do what the address says: acknowledge, investigate, take, hand, note, outcome, close, reopen."""
    what = visitor.request.path_params["what"]
    if what not in _CHANGES:
        raise Refused(404, "There is no such thing to be done about a case.")
    with visitor.desk.alone:
        known = _case(visitor)
        wrong = _CHANGES[what](visitor, known)
    if wrong:
        return _page(visitor, known, 400, wrong)
    return visitor.go(f"/cases/{known.id}")


def find_case(visitor: Visitor) -> Case:
    """The case of the address. Raises Refused for one that is not for this account."""
    return _case(visitor)


def write(visitor: Visitor, known: Case, deed: Deed, entry: str = "", words: str = "") -> None:
    """Put on record what is done about a case; the same form that is sent twice counts once."""
    once = visitor.form.line("once", _ONCE) or secrets.token_hex(8)
    names = {"id": steady_id(known.at, known.id, deed, entry, once)}
    visitor.desk.write(deed, visitor.account.actor, **names, about=known.id, entry=entry, why=words)


def _acknowledge(visitor: Visitor, known: Case) -> str:
    if known.state is State.NEW:
        write(visitor, known, Deed.CASE_STEP, State.ACKNOWLEDGED)
    return ""


def _investigate(visitor: Visitor, known: Case) -> str:
    if known.state in (State.NEW, State.ACKNOWLEDGED):
        write(visitor, known, Deed.CASE_STEP, State.INVESTIGATING)
    return ""


def _take(visitor: Visitor, known: Case) -> str:
    mine = [role for role in _takers(visitor, known) if role in visitor.account.roles]
    if not mine or not known.is_open:
        return "You cannot take this case over."
    if known.owner not in mine:
        write(visitor, known, Deed.CASE_OWNER, mine[0])
    return ""


def _hand(visitor: Visitor, known: Case) -> str:
    role, words = visitor.form.line("role"), visitor.form.text("words")
    if role not in _takers(visitor, known) or not known.is_open:
        return "Choose to whom the case goes."
    if not words:
        return "Write why it goes to somebody else."
    if role != known.owner:
        write(visitor, known, Deed.CASE_OWNER, role, words)
    return ""


def _note(visitor: Visitor, known: Case) -> str:
    words = visitor.form.text("words")
    if not words:
        return "Write your note first."
    write(visitor, known, Deed.CASE_NOTE, words=words)
    return ""


def _decide(visitor: Visitor, known: Case) -> str:
    outcome, words = visitor.form.line("outcome"), visitor.form.text("words")
    if not known.is_open:
        return "The case is closed. Open it again before you decide it anew."
    if outcome not in tuple(Outcome) or not words:
        return "Choose what was found, and write what it rests on."
    write(visitor, known, Deed.OUTCOME, outcome, words)
    return ""


def _close(visitor: Visitor, known: Case) -> str:
    if known.state is not State.DECIDED:
        return "" if known.state is State.CLOSED else "Decide the case before you close it."
    write(visitor, known, Deed.CASE_STEP, State.CLOSED, visitor.form.text("words"))
    return ""


def _reopen(visitor: Visitor, known: Case) -> str:
    words = visitor.form.text("words")
    if not words:
        return "Write why the case is opened again."
    if known.state in (State.CLOSED, State.DECIDED):
        write(visitor, known, Deed.CASE_STEP, REOPENED, words)
    return ""


_CHANGES: dict[str, Callable[[Visitor, Case], str]] = {
    "acknowledge": _acknowledge,
    "investigate": _investigate,
    "take": _take,
    "hand": _hand,
    "note": _note,
    "outcome": _decide,
    "close": _close,
    "reopen": _reopen,
}


def _case(visitor: Visitor) -> Case:
    with visitor.desk.reading() as reader:
        found = case(reader, visitor.request.path_params["case"])
    if found is None:
        raise Refused(404, "There is no such case.")
    if not _may_see(visitor, found):
        raise Refused(403, "This case is not for your login.")
    return found


def _may_see(visitor: Visitor, known: Case) -> bool:
    return may_see(visitor.settings, visitor.desk.pseudonyms, visitor.account, known)


def _takers(visitor: Visitor, known: Case) -> list[str]:
    return may_take(visitor.settings, visitor.desk.pseudonyms, known)


def _look(visitor: Visitor, known: Case) -> None:
    """A look at a case about somebody is a look at their record, once in half an hour."""
    assert visitor.session is not None
    sessions, key = visitor.desk.sessions, f"case {known.id}"
    if known.person and not sessions.reason(visitor.session, key):
        put_on_record(visitor, known.person, f"case {known.ref}", about=known.id)
        sessions.open_record(visitor.session, key, known.ref)


def _page(visitor: Visitor, known: Case, status: int, wrong: str) -> Response:
    _look(visitor, known)
    with visitor.desk.reading() as reader:
        rows = list(reader.query(_EVENTS, {"ids": json.dumps(known.events)}))
        own = set(known.events)
        about = [each for each in contests(reader) if own & set(each.events)]
    shown = _shown(visitor, known, about)
    takers = _takers(visitor, known)
    words: dict[str, Any] = {"case": known, "shown": shown, "rows": rows[:_MOST_EVENTS], "contests": about}
    words |= {"more": max(0, len(rows) - _MOST_EVENTS), "gone": len(known.events) - len(rows)}
    words |= {"takers": [role for role in takers if role != known.owner], "outcomes": OUTCOME_WORDS}
    words |= {"mine": any(role in takers and role != known.owner for role in visitor.account.roles)}
    words |= {"once": secrets.token_hex(8), "steps": STEP_WORDS, "wrong": wrong, "clock_words": clock_words(shown)}
    words |= {"group": _group(visitor, known.group)}
    return visitor.page("case.html", status, **words)


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


ROLES = CASE_ROLES
OUTCOME_WORDS = {
    Outcome.SUBSTANTIATED: "Substantiated: there is enough evidence to prove it",
    Outcome.MALICIOUS: "Malicious: there is enough evidence to disprove it, and it was meant to deceive",
    Outcome.FALSE: "False: there is enough evidence to disprove it",
    Outcome.UNSUBSTANTIATED: "Unsubstantiated: there is not enough evidence either way",
    Outcome.UNFOUNDED: "Unfounded: there is no evidence or proper basis for it",
    Outcome.LOW_LEVEL: "Low-level concern: it does not meet the harm threshold",
}
"""What can be found, in the words of Keeping children safe in education, part four."""
STEP_WORDS = {
    Deed.CASE_STEP: {
        State.ACKNOWLEDGED: "took note of it",
        State.INVESTIGATING: "began to look into it",
        State.DECIDED: "decided it",
        State.CLOSED: "closed it",
        REOPENED: "opened it again",
    },
    Deed.OUTCOME: {outcome: f"decided: {words.partition(':')[0].lower()}" for outcome, words in OUTCOME_WORDS.items()},
}
"""What was done, by the kind of the deed and its entry."""
