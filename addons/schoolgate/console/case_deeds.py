"""What can be done about a case: each is a deed, and what is missing for it is said in words."""

import secrets
from collections.abc import Callable

from schoolgate.alerting.case_roles import may_take
from schoolgate.console.entry import Visitor
from schoolgate.store.cases import REOPENED, Case, Outcome, State, steady_id
from schoolgate.store.event import Deed

_ONCE = 64  # letters of the mark that makes a form count once
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


def takers(visitor: Visitor, known: Case) -> list[str]:
    """The roles that a case can be handed to."""
    return may_take(visitor.settings, visitor.desk.pseudonyms, known)


def _write(visitor: Visitor, known: Case, deed: Deed, entry: str = "", words: str = "") -> None:
    """Put on record what is done about a case; the same form that is sent twice counts once."""
    once = visitor.form.line("once", _ONCE) or secrets.token_hex(8)
    names = {"id": steady_id(known.at, known.id, deed, entry, once)}
    visitor.desk.write(deed, visitor.account.actor, **names, about=known.id, entry=entry, why=words)


def _acknowledge(visitor: Visitor, known: Case) -> str:
    if known.state is State.NEW:
        _write(visitor, known, Deed.CASE_STEP, State.ACKNOWLEDGED)
    return ""


def _investigate(visitor: Visitor, known: Case) -> str:
    if known.state in (State.NEW, State.ACKNOWLEDGED):
        _write(visitor, known, Deed.CASE_STEP, State.INVESTIGATING)
    return ""


def _take(visitor: Visitor, known: Case) -> str:
    mine = [role for role in takers(visitor, known) if role in visitor.account.roles]
    if not mine or not known.is_open:
        return "You cannot take this case over."
    if known.owner not in mine:
        _write(visitor, known, Deed.CASE_OWNER, mine[0])
    return ""


def _hand(visitor: Visitor, known: Case) -> str:
    role, words = visitor.form.line("role"), visitor.form.text("words")
    if role not in takers(visitor, known) or not known.is_open:
        return "Choose to whom the case goes."
    if not words:
        return "Write why it goes to somebody else."
    if role != known.owner:
        _write(visitor, known, Deed.CASE_OWNER, role, words)
    return ""


def _note(visitor: Visitor, known: Case) -> str:
    words = visitor.form.text("words")
    if not words:
        return "Write your note first."
    _write(visitor, known, Deed.CASE_NOTE, words=words)
    return ""


def _decide(visitor: Visitor, known: Case) -> str:
    outcome, words = visitor.form.line("outcome"), visitor.form.text("words")
    if not known.is_open:
        return "The case is closed. Open it again before you decide it anew."
    if outcome not in tuple(Outcome) or not words:
        return "Choose what was found, and write what it rests on."
    _write(visitor, known, Deed.OUTCOME, outcome, words)
    return ""


def _close(visitor: Visitor, known: Case) -> str:
    if known.state is not State.DECIDED:
        return "" if known.state is State.CLOSED else "Decide the case before you close it."
    _write(visitor, known, Deed.CASE_STEP, State.CLOSED, visitor.form.text("words"))
    return ""


def _reopen(visitor: Visitor, known: Case) -> str:
    words = visitor.form.text("words")
    if not words:
        return "Write why the case is opened again."
    if known.state in (State.CLOSED, State.DECIDED):
        _write(visitor, known, Deed.CASE_STEP, REOPENED, words)
    return ""


CHANGES: dict[str, Callable[[Visitor, Case], str]] = {
    "acknowledge": _acknowledge,
    "investigate": _investigate,
    "take": _take,
    "hand": _hand,
    "note": _note,
    "outcome": _decide,
    "close": _close,
    "reopen": _reopen,
}
"""By what the address says; each returns what is wrong, "" where it is done."""
