"""What one person did in working time as a whole, by kind of site: shares say more than a list of the bad."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from schoolgate.policy.rules import Action
from schoolgate.reporting.case import Case
from schoolgate.reporting.sittings import Sitting

BY_ITSELF = ("embedded", "prefetch", "background", "redirect", "unknown")
"""Kinds of requests that nobody asked for, or of which nobody can tell."""


@dataclass(frozen=True, slots=True)
class Share:
    """A category: pages that were opened in it, their share of all (per cent), and what pages loaded by themselves."""

    category: str
    opened: int
    percent: float
    by_itself: int
    personal: bool


@dataclass(frozen=True, slots=True)
class Context:
    """Working days and minutes are those of the calendar as it stands now; ``active_days`` have counts on record.

    Pages and minutes that are ``counted`` are of sittings that stand, after contests; ``counted_pages_then`` are those
    of days of which all activity is still on record, which alone can be compared with it.
    """

    shares: list[Share]
    opened: int
    by_itself: int
    working_days: int
    working_minutes: int
    active_days: int
    counted_days: int
    counted_minutes: int
    counted_pages: int
    counted_pages_then: int

    @property
    def percent_of_time(self) -> float:
        """Counted minutes of all working minutes, per cent."""
        return 100 * self.counted_minutes / self.working_minutes if self.working_minutes else 0.0

    @property
    def percent_of_pages(self) -> float:
        """Counted pages of all pages that were opened in working time on the same days, per cent."""
        return min(100.0, 100 * self.counted_pages_then / self.opened) if self.opened else 0.0


def context(case: Case, counted: list[Sitting], now: datetime) -> Context:
    """``counted`` are the sittings that stand, after contests; days after ``now`` are not worked yet."""
    opened, by_itself = Counter[str](), Counter[str]()
    for row in case.activity:
        (by_itself if row["kind"] in BY_ITSELF else opened)[row["category"]] += row["requests"]
    total, personal = opened.total(), _personal(case)
    names = sorted({*opened, *by_itself}, key=lambda name: (-opened[name], -by_itself[name], name))
    shares = [
        Share(name, opened[name], 100 * opened[name] / total if total else 0.0, by_itself[name], name in personal)
        for name in names
    ]
    days, minutes = _working_time(case, now)
    return Context(
        shares=shares,
        opened=total,
        by_itself=by_itself.total(),
        working_days=days,
        working_minutes=minutes,
        active_days=len(case.active_days),
        counted_days=len({case.day(each.first["at"]).date() for each in counted}),
        counted_minutes=sum(each.minutes for each in counted),
        counted_pages=sum(len(each.pages) for each in counted),
        counted_pages_then=sum(
            case.day(page["at"]).date().isoformat() in case.active_days for each in counted for page in each.pages
        ),
    )


def _personal(case: Case) -> set[str]:
    """The categories that a rule records for the group."""
    rules = case.settings.snapshot.rules
    recorded = (Action.LOG, Action.WARN)
    return {name for r in rules if case.subject.group in r.groups and r.action in recorded for name in r.categories}


def _working_time(case: Case, now: datetime) -> tuple[int, int]:
    """Days and minutes of working time in the period."""
    calendar, group = case.settings.snapshot.calendar, case.subject.group
    if group not in calendar.at_work:
        return 0, 0
    last = min(case.last_day, now.astimezone(case.settings.school.timezone).date())
    day, days, total = case.first_day, 0, 0
    while day <= last:
        minutes = _minutes(case, day)
        days, total = days + bool(minutes), total + minutes
        day += timedelta(days=1)
    return days, total


def _minutes(case: Case, day: date) -> int:
    """Minutes of working time that begin on a day; a break of one stretch is none where another goes on."""
    worked = case.settings.snapshot.calendar.working_day(day, case.subject.group, case.subject.login)
    minutes: set[int] = set()
    for stretch in worked.stretches:
        pauses = {minute for pause in stretch.breaks for minute in range(pause.start, pause.end)}
        minutes |= set(range(stretch.window.start, stretch.window.end)) - pauses
    return len(minutes)
