"""Figures that SQL alone cannot give: cases and their outcomes, requests to open a site, notices read, who was seen."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schoolgate.reporting.period import Span
from schoolgate.settings.load import Settings
from schoolgate.settings.notice import notices_of
from schoolgate.store.cases import CASE_DEEDS, Case, Outcome, fold
from schoolgate.store.deeds import Queries
from schoolgate.store.event import Deed
from schoolgate.store.openings import MISTAKE, Asked, asked
from schoolgate.store.queries import DEEDS, quoted

OUTCOMES = {
    Outcome.SUBSTANTIATED: "Substantiated: there was enough evidence",
    Outcome.MALICIOUS: "Malicious: it was made up to deceive",
    Outcome.FALSE: "False: there was enough evidence against it",
    Outcome.UNSUBSTANTIATED: "Unsubstantiated: not enough evidence either way",
    Outcome.UNFOUNDED: "Unfounded: nothing supports it",
    Outcome.LOW_LEVEL: "Low-level concern",
}
_CHAIR = "chair_of_governors"
_LEADERS = frozenset({"headteacher", "dsl"})
_CASES = f"{DEEDS} and rule in {quoted(CASE_DEEDS)} and at < :until order by at, id"
_READ = "select distinct person, notice from deeds where rule = :rule and at < :until"
SEEN = (
    'select "group", count(*) as n, count(distinct client) as devices, '
    "sum(identity_confidence in ('login', 'portal', 'radius', 'mac', 'device', 'hostname')) as named, "
    "sum(identity_confidence = 'unknown') as unknown "
    "from events where action not in ('deed', 'fault', 'probe') and at >= :since and at < :until group by \"group\""
)
"""What the record holds of each group, and of how many devices."""


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """Cases of a period, as they stood at its end; ``outcomes`` are words and numbers of what was decided in it."""

    opened: int
    by_people: int
    decided: int
    escalated: int
    outcomes: tuple[tuple[str, int], ...]
    still_open: tuple[Case, ...]
    late: int


def case_figures(reader: Queries, span: Span, roles: Collection[str], readers: Collection[str]) -> CaseFigures:
    """The cases that all of these roles may know of; ``readers`` are their codes, and no case of theirs is counted."""
    deeds = reader.query(_CASES, {"until": span.until})
    known = [case for case in fold(deeds) if may_know(case, roles, readers)]
    opened = [case for case in known if case.at >= span.since]
    outcomes = Counter(case.outcome for case in known if _decided_at(case) >= span.since)
    still_open = tuple(case for case in known if case.is_open)
    return CaseFigures(
        opened=len(opened),
        by_people=sum(case.was_raised_by_somebody for case in opened),
        decided=outcomes.total(),
        escalated=sum(any(entry.at >= span.since for entry in case.of(Deed.ESCALATED)) for case in known),
        outcomes=tuple((words, outcomes[outcome]) for outcome, words in OUTCOMES.items() if outcomes[outcome]),
        still_open=still_open,
        late=sum(bool(case.of(Deed.ESCALATED)) for case in still_open),
    )


def may_know(case: Case, roles: Collection[str], readers: Collection[str]) -> bool:
    """Whether all readers may know of a case: one that goes round the Headteacher is for the chair alone.

    One about a reader is for others. One that somebody raised about nobody in particular may be about anybody, so it
    is for those leaders alone whom it was given to.
    """
    if case.person in readers or (case.route == _CHAIR and set(roles) != {_CHAIR}):
        return False
    if case.person or not case.was_raised_by_somebody:
        return True
    told = {case.route, case.owner, *(entry.entry for entry in case.of(Deed.ESCALATED, Deed.CASE_OWNER))}
    return told.issuperset(_LEADERS.intersection(roles))


def _decided_at(case: Case) -> str:
    """When its outcome was put on record, "" while there is none."""
    return max((entry.at for entry in case.of(Deed.OUTCOME)), default="") if case.outcome else ""


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests to open a blocked site: what became of them, and which sites were asked for most."""

    number: int
    opened: int
    refused: int
    waiting: int
    mistakes: int
    sites: tuple[tuple[str, str, int], ...]


def requests_of(reader: Queries, span: Span, most: int = 10) -> Requests:
    """The requests of a period, and how they stood at its end; ``sites`` are host, category and number."""
    of_period = [each for each in asked(reader) if span.since <= each.at < span.until]
    answered = [each for each in of_period if each.answered_at and each.answered_at < span.until]
    sites = Counter((each.host, each.category) for each in of_period).most_common(most)
    return Requests(
        number=len(of_period),
        opened=sum(bool(each.opening) for each in answered),
        refused=sum(not each.opening for each in answered),
        waiting=len(of_period) - len(answered),
        mistakes=sum(_is_mistake(each) for each in of_period),
        sites=tuple((host, category, number) for (host, category), number in sites),
    )


def _is_mistake(each: Asked) -> bool:
    return each.kind == MISTAKE


@dataclass(frozen=True, slots=True)
class NoticeFigures:
    """How many people had read a notice by the end of the period, how many of them the one now in force, of how many.

    ``staff`` are the people who work here and whose login people.yaml names.
    """

    ever: int
    in_force: int
    staff: int


def notice_figures(reader: Queries, span: Span, settings: Settings, now: datetime) -> NoticeFigures:
    """Count the people behind the notices that were acknowledged."""
    today = now.astimezone(settings.school.timezone).date()
    versions = {notice.version for notice in notices_of(settings, today).values()}
    rows = list(reader.query(_READ, {"rule": Deed.NOTICE, "until": span.until}))
    people, at_work = settings.snapshot.people, settings.snapshot.calendar.at_work
    logins = {user.casefold() for group in people.groups if group.id in at_work for user in group.users}
    logins |= {person.login.casefold() for person in people.persons if person.group in at_work}
    in_force = {row["person"] for row in rows if row["notice"] in versions}
    return NoticeFigures(len({row["person"] for row in rows}), len(in_force), len(logins))


def seen_by_group(reader: Queries, span: Span, settings: Settings) -> list[dict[str, Any]]:
    """A row for each group of people.yaml; all noughts where nothing of it was recorded."""
    during = {"since": span.since, "until": span.until}
    rows = {row["group"]: row for row in reader.query(SEEN, during)}
    nothing = {"n": 0, "devices": 0, "named": 0, "unknown": 0}
    return [
        {"group": group.id, "inspect": group.inspect.value, **(rows.get(group.id) or nothing)}
        for group in settings.snapshot.people.groups
    ]
