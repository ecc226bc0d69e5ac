"""When only what is urgent may ring: the school's evenings and nights, and the days without school."""

from datetime import datetime, timedelta

from schoolgate.policy.calendar import TERM, Calendar
from schoolgate.settings.alert_models import QuietEntry

_FAR = 100  # days without a school day after which the calendar has run out, and weekdays take its place


def is_quiet(quiet: QuietEntry | None, calendar: Calendar, now: float) -> bool:
    """Whether a moment (seconds since 1970) lies in quiet hours; both ends of them are on the school's clock."""
    if quiet is None:
        return False
    local = datetime.fromtimestamp(now, calendar.zone)
    minute = local.hour * 60 + local.minute
    within = quiet.since <= minute < quiet.until
    if quiet.since > quiet.until:
        within = minute >= quiet.since or minute < quiet.until
    return within or (quiet.school_days_only and not _is_told_on(calendar, local))


def _is_told_on(calendar: Calendar, local: datetime) -> bool:
    """Whether the day is a school day. A calendar that knows of none to come is out of date, and holds nothing back."""
    if local.weekday() < 5 and TERM in calendar.moment(local, "").periods:
        return True
    noon = local.replace(hour=12, minute=0)
    days = (noon + timedelta(days=number) for number in range(_FAR))
    is_over = not any(day.weekday() < 5 and TERM in calendar.moment(day, "").periods for day in days)
    return is_over and local.weekday() < 5
