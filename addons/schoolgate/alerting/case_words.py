"""What is said about a case in mails and on its screen; no word of a page, of a search or of a concern is in a mail."""

from collections.abc import Callable, Mapping
from typing import Any

from schoolgate.alerting.clocks import Name
from schoolgate.policy.rules import Stage
from schoolgate.settings.load import Settings
from schoolgate.store.cases import Case, Priority
from schoolgate.store.event import Deed

_UNDONE = {
    Name.ACKNOWLEDGE: "Nobody has taken note of the case",
    Name.DECIDE: "The case has not been decided",
}
NO_LOGIN = (
    "Your role has no login yet, and a case is opened with one. Ask the technician for it; what the case is about is "
    "not for him to know.\n"
)
"""What a mail adds for a role that cannot open the case."""
_SOON = "Take note of it as soon as you can, also out of school hours: its priority is high."
_IN_TIME = "Take note of it within {span} of school time."


def why_of(number: int, facts: Mapping[str, Any], settings: Settings) -> str:
    """The plain line of a case that an alert opens with so many events."""
    category = title(settings, facts["category"])
    times = {1: "once", 2: "twice"}.get(number, f"{number} times")
    if facts.get("stage") == Stage.SEARCH:
        return f'Searched for, or written to a chatbot, {times}: it counts as "{category}".'
    return f'{"Blocked from" if facts["action"] == "block" else "Opened"} "{category}" {times}.'


def ran_out(clock: Name, settings: Settings, case: Case) -> str:
    """Why a case goes on to the next role."""
    times = settings.alerts.cases
    length = times.acknowledge if clock is Name.ACKNOWLEDGE else times.decide
    kind = "" if case.priority == Priority.HIGH else " of school time"
    return f"{_UNDONE[clock]} within {span_words(int(length.total_seconds() // 60))}{kind}."


def case_link(settings: Settings, case: str, ref: str) -> str:
    """Where a case is read: its address in the console, or the command where there is no console."""
    if not settings.console_url:
        return f"with this command: schoolgate case {ref} --by YOUR-LOGIN"
    return f"at {settings.console_url}/cases/{case}"


def title(settings: Settings, category: str) -> str:
    """A category's title, or what stands in its place."""
    known = settings.snapshot.categories.get(category)
    return known.title if known else "A site that the school blocks" if category == "local" else category or "a concern"


def span_words(minutes: int) -> str:
    """``1 hour``, ``5 days``, ``90 minutes``."""
    for size, unit in ((24 * 60, "day"), (60, "hour")):
        if minutes >= size and not minutes % size:
            return f"{minutes // size} {unit}{'s' if minutes // size > 1 else ''}"
    return f"{minutes} minute{'s' if minutes != 1 else ''}"


def _raised(case: Case, deed: str, settings: Settings) -> tuple[str, str]:
    """Somebody has raised a concern."""
    span = span_words(int(settings.alerts.cases.acknowledge.total_seconds() // 60))
    do = _SOON if case.priority == Priority.HIGH else _IN_TIME.format(span=span)
    return f"{settings.school.name}: somebody has raised a concern ({case.ref})", _letter(
        case, settings, "somebody raised a concern with you through schoolgate.", do
    )


def _escalated(case: Case, deed: str, settings: Settings) -> tuple[str, str]:
    """A clock has run out."""
    reason = next(entry.words for entry in case.history if entry.id == deed)
    return f"{settings.school.name}: a case comes to you, as nobody answered in time ({case.ref})", _letter(
        case, settings, f"a case comes to you. {reason}", "Open it, and take note of it or decide it."
    )


def _handed(case: Case, deed: str, settings: Settings) -> tuple[str, str]:
    """Somebody hands a case over."""
    return f"{settings.school.name}: a case was handed to you ({case.ref})", _letter(
        case, settings, "a case was handed to you.", "Open it: the reason stands in its history."
    )


def _letter(case: Case, settings: Settings, what: str, do: str) -> str:
    return f"""What happened: {what}
How sure we are: what it is about stands in the case alone, so that this message tells nobody else.
What to do now: {do} You find it {case_link(settings, case.id, case.ref)}

Case {case.ref}. This mail is sent once. Do not forward it.
"""


LETTERS: dict[str, Callable[[Case, str, Settings], tuple[str, str]]] = {
    Deed.CASE: _raised,
    Deed.ESCALATED: _escalated,
    Deed.CASE_OWNER: _handed,
}
"""Subject and text of the mail about a deed, by the kind of the deed."""
