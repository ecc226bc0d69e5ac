"""When a report is due, and of which stretch of time: pure, from the calendar and the clock."""

from datetime import date, datetime, timedelta

from schoolgate.policy.calendar import TERM, Calendar
from schoolgate.policy.week import WEEKDAYS
from schoolgate.reporting.period import Span, before, span, terms_of

_FAR = 14  # days; a school has been open in so many, or nobody waits for a report


def due(period: str, when: str, minute: int, now: datetime, calendar: Calendar) -> datetime | None:
    """The last moment up to ``now`` (school time) at which the report was to go out; None where there was none.

    ``minute`` is that of the day. ``when`` is ``school_days``, a weekday like ``fri``, or ``end``: the day after the
    last day of a term or, for ``period`` year, of the year's last term.
    """
    days = _ends(period, now.date(), calendar) if when == "end" else _days(when, now.date(), calendar)
    moments = (datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=calendar.zone) for day in days)
    return max((moment for moment in moments if moment <= now), default=None)


def stretch(
    period: str, when: str, moment: datetime, now: datetime, last: datetime | None, calendar: Calendar
) -> tuple[Span, Span | None]:
    """What a report that was due at ``moment`` and is made ``now`` tells of, and what it compares that with.

    Daily and weekly reports go on where the last one ended (``last``), so that nothing is left out or told twice; a
    term or a year is told whole.
    """
    if when == "end":
        day = moment.date() - timedelta(days=1)
        whole = span(period, day, calendar)
        told = whole.until_now(None, now) if whole.until > _stamp(now) else whole
        return told, before(period, day, calendar)
    day = moment.date()
    if last is None:
        return span(period, day, calendar).until_now(None, now), before(period, day, calendar)
    told = span(period, day, calendar).until_now(last.isoformat(), now)
    began = last - timedelta(days=7 if period == "week" else 1)
    return told, Span("The time before", _stamp(began), told.since)


def _days(when: str, today: date, calendar: Calendar) -> list[date]:
    recent = [today - timedelta(days=number) for number in range(_FAR)]
    if when == "school_days":
        return [day for day in recent if _is_school_day(day, calendar)]
    return [day for day in recent if WEEKDAYS[day.weekday()][:3].lower() == when]


def _is_school_day(day: date, calendar: Calendar) -> bool:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=calendar.zone)
    return day.weekday() < 5 and TERM in calendar.moment(noon, "").periods


def _ends(period: str, today: date, calendar: Calendar) -> list[date]:
    if period == "term":
        return [term.last + timedelta(days=1) for term in calendar.terms]
    years = (terms_of(day, calendar) for day in (today, today - timedelta(days=365)))
    return [terms[-1].last + timedelta(days=1) for terms in years if terms]


def _stamp(at: datetime) -> str:
    return Span("", "", "").until_now(None, at).until
