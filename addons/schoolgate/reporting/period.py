"""The stretch of time that a report is about, on the school's clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from schoolgate.policy.calendar import Calendar, Period

YEAR_BEGINS = 8  # the month
"""A school year is the one whose first term begins after July (Education Act 1996, s. 579): from 1 August here."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of days, with its name for the heading."""

    words: str
    since: str
    until: str

    def until_now(self, last: str | None, now: datetime) -> "Span":
        """The same, but from where the last report ended (ISO 8601), if there was one, until now."""
        words = self.words if last is None else f"{self.words} (since {datetime.fromisoformat(last):%a %d %b %H:%M})"
        return Span(words, self.since if last is None else _utc(datetime.fromisoformat(last)), _utc(now))


def span(period: str, day: date, calendar: Calendar) -> Span:
    """The ``day``, ``week`` (Monday to Sunday), ``term`` or ``year`` that ``day`` lies in.

    Raises ValueError when the day lies in no term.
    """
    if period == "day":
        return _span(f"{day:%A %d %B %Y}", day, day + timedelta(days=1), calendar)
    if period == "week":
        monday = day - timedelta(days=day.weekday())
        return _span(f"Week from {monday:%d %B %Y}", monday, monday + timedelta(days=7), calendar)
    if period == "year":
        first, end = year_of(day)
        return _span(f"School year {first.year}/{end.year % 100:02}", first, end, calendar)
    for term in calendar.terms:
        if day in term:
            return _span(term.name, term.first, term.last + timedelta(days=1), calendar)
    raise ValueError(f"{day} lies in no term of config/calendar.yaml")


def before(period: str, day: date, calendar: Calendar) -> Span | None:
    """The one before the ``period`` that ``day`` lies in; None where the calendar knows no earlier term."""
    if period == "day":
        return span(period, day - timedelta(days=1), calendar)
    if period == "week":
        return span(period, day - timedelta(days=7), calendar)
    if period == "year":
        return span(period, year_of(day)[0] - timedelta(days=1), calendar)
    earlier = [term for term in calendar.terms if term.last < day]
    return span(period, max(earlier, key=lambda term: term.last).last, calendar) if earlier else None


def year_of(day: date) -> tuple[date, date]:
    """The first day of the school year that ``day`` lies in, and that of the next."""
    year = day.year if day.month >= YEAR_BEGINS else day.year - 1
    return date(year, YEAR_BEGINS, 1), date(year + 1, YEAR_BEGINS, 1)


def terms_of(day: date, calendar: Calendar) -> list[Period]:
    """The terms that begin in the school year of ``day``, in order."""
    first, end = year_of(day)
    return sorted((term for term in calendar.terms if first <= term.first < end), key=lambda term: term.first)


def between(first: date, last: date, calendar: Calendar) -> Span:
    """The days from ``first`` to ``last``, both included."""
    words = f"{first.day} {first:%B %Y}" if first == last else f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}"
    return _span(words, first, last + timedelta(days=1), calendar)


def _span(words: str, first: date, end: date, calendar: Calendar) -> Span:
    def midnight(day: date) -> str:
        return _utc(datetime.combine(day, time(), calendar.zone))

    return Span(words, midnight(first), midnight(end))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
