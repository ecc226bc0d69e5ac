"""Which part of a period there is a record of: what was deleted or came before it cannot be counted, and is said."""

from datetime import datetime, timedelta

from schoolgate.reporting.period import Span
from schoolgate.settings.load import Settings
from schoolgate.store.event import stamp
from schoolgate.store.record import RecordReader

_FIRST = "select min(at) as at from events"
_FIRST_EVER = f"{_FIRST} where seq = 1"  # of a file from which rows were deleted the oldest row says nothing


def kept_from(settings: Settings, span: Span, now: datetime, what: str) -> str:
    """From which day on ``what`` (allowed, logged, blocked) is kept, where that is later than the period's first.

    "" where all of it is still there.
    """
    horizon = now - getattr(settings.school.retention, what)
    if not span.since or stamp(horizon) <= span.since:
        return ""
    return _day(horizon.astimezone(settings.school.timezone))


def begins_on(reader: RecordReader, settings: Settings, span: Span) -> str:
    """The day on which the record begins, where that is later than the period's first; "" otherwise."""
    began = next(reader.query(_FIRST_EVER if reader.exists else _FIRST))["at"]
    if not began or not span.since:
        return ""
    day = datetime.fromisoformat(began).astimezone(settings.school.timezone)
    return _day(day) if stamp(day.replace(hour=0, minute=0, second=0, microsecond=0)) > span.since else ""


def days_of(settings: Settings, now: datetime, span: Span) -> str:
    """``2 September to 18 December 2026``, and how far it has got where it is not over."""
    zone = settings.school.timezone
    first = datetime.fromisoformat(span.since).astimezone(zone)
    last = (datetime.fromisoformat(span.until) - timedelta(seconds=1)).astimezone(zone)
    words = f"{first.day} {first:%B}{f' {first.year}' if first.year != last.year else ''} to {_day(last)}"
    today = now.astimezone(zone)
    return f"{words}, so far up to {today.day} {today:%B}" if first < today < last else words


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
