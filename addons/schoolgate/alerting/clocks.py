"""The clocks of a case: how long somebody has to take note of it and to decide it, counted in school time.

School time is the working hours of the school's calendar (of all its groups together) on school days; where the
calendar names none it is half past eight to four, Monday to Friday, and so are the days of one that has run out. What
has high priority does not wait for Monday: its clocks run by the clock on the wall, from when it came to have it.
While somebody contests one of its events, the clocks of a case stand still.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from schoolgate.policy.calendar import TERM, Calendar, Week, Window
from schoolgate.settings.alert_models import CaseEntry
from schoolgate.store.cases import REOPENED, Case, Priority, State
from schoolgate.store.deeds import Contest
from schoolgate.store.event import Deed

_USUAL = Window(8 * 60 + 30, 16 * 60)
_USUAL_WEEK: Week = ((_USUAL,),) * 5 + ((),) * 2
_FAR = 800  # days: a calendar without a school day in so many ends the search
_RUN_OUT = 100  # days: a calendar that knows of no school day in so many is out of date, and weekdays take its place
Stretch = tuple[datetime, datetime]


class Name(StrEnum):
    """What has to be done before the clock runs out."""

    ACKNOWLEDGE = "acknowledge"
    DECIDE = "decide"


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that runs, or stands still (``due`` is None). ``since`` is the moment from which it was set."""

    name: Name
    since: datetime
    due: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Whether it has run out."""
        return self.due is not None and self.due <= now


def clock_of(case: Case, times: CaseEntry, calendar: Calendar, contests: Iterable[Contest]) -> Clock | None:
    """The clock that runs for a case now; None where it is decided or closed."""
    if case.state is State.NEW:
        name, since, length = Name.ACKNOWLEDGE, case.at, times.acknowledge
    elif case.state in (State.ACKNOWLEDGED, State.INVESTIGATING):
        name, since, length = Name.DECIDE, phase_began(case), times.decide
    else:
        return None
    set_anew = [entry.at for entry in case.of(Deed.ESCALATED, Deed.CASE_OWNER) if entry.at > since]
    begun = datetime.fromisoformat(max([since, *set_anew]))
    standing = _standing(case, contests)
    if case.priority != Priority.HIGH:
        return Clock(name, begun, _in_school_time(calendar, begun, length, standing))
    urgent = datetime.fromisoformat(case.urgent) if case.urgent else begun
    due = [_by_the_wall(max(begun, urgent), length, standing)]
    if urgent > begun:
        due.append(_in_school_time(calendar, begun, length, standing))
    return Clock(name, begun, min(filter(None, due), default=None))


def phase_began(case: Case) -> str:
    """When somebody took note of the case, or opened it again; when it was opened, where nobody has yet."""
    began, is_taken = case.at, False
    for entry in case.of(Deed.CASE_STEP):
        if entry.entry == REOPENED or not is_taken:
            began, is_taken = entry.at, True
    return began


def school_minutes(calendar: Calendar, length: timedelta) -> int:
    """A length of time in minutes of school time: a day of it is the longest day of the school's week."""
    week = _week(calendar)
    longest = max(sum(window.end - window.start for window in day) for day in week)
    return length.days * longest + length.seconds // 60


def _standing(case: Case, contests: Iterable[Contest]) -> list[tuple[datetime, datetime | None]]:
    """When the clocks stood still, in order; an end of None is not yet."""
    own = set(case.events)
    found = [
        (datetime.fromisoformat(each.at), datetime.fromisoformat(each.answered_at) if each.answer else None)
        for each in contests
        if own & set(each.events)
    ]
    return sorted(found, key=lambda stretch: stretch[0])


def _by_the_wall(
    since: datetime, length: timedelta, standing: list[tuple[datetime, datetime | None]]
) -> datetime | None:
    due = since + length
    for start, end in standing:
        if start >= due:
            break
        if end is None:
            return None
        if end > since:
            start = max(start, since)
            since, due = end, due + (end - start)
    return due


def _in_school_time(
    calendar: Calendar, since: datetime, length: timedelta, standing: list[tuple[datetime, datetime | None]]
) -> datetime | None:
    left = timedelta(minutes=school_minutes(calendar, length))
    at = since
    for start, end in standing:
        if end is not None and end <= at:
            continue
        due, spent = _run(calendar, at, left, max(start, at))
        if due is not None:
            return due
        if end is None:
            return None
        at, left = end, left - spent
    return _run(calendar, at, left, None)[0]


def _run(
    calendar: Calendar, at: datetime, left: timedelta, until: datetime | None
) -> tuple[datetime | None, timedelta]:
    """Let a clock run from ``at``: when it runs out, or None with the time that it ran before ``until``."""
    spent = timedelta()
    for start, end in _stretches(calendar, at):
        if until is not None and start >= until:
            break
        end = end if until is None else min(end, until)
        if spent + (end - start) >= left:
            return start + (left - spent), left
        spent += end - start
    return None, spent


def _stretches(calendar: Calendar, since: datetime) -> Iterator[Stretch]:
    """School time from a moment on, in order."""
    first = since.astimezone(calendar.zone).date() - timedelta(days=1)
    week = _week(calendar)
    for number in range(_FAR):
        day = first + timedelta(days=number)
        for window in week[day.weekday()] if _counts(calendar, day) else ():
            midnight = datetime.combine(day, time(), calendar.zone)
            start, end = ((midnight + timedelta(minutes=at)).astimezone(UTC) for at in (window.start, window.end))
            if end > since:
                yield max(start, since.astimezone(UTC)), end


def _counts(calendar: Calendar, day: date) -> bool:
    """Whether clocks run on a day."""
    if _is_school_day(calendar, day):
        return True
    to_come = (day + timedelta(days=number) for number in range(1, _RUN_OUT))
    return day.weekday() < 5 and not any(_is_school_day(calendar, each) for each in to_come)


def _is_school_day(calendar: Calendar, day: date) -> bool:
    return TERM in calendar.moment(datetime.combine(day, time(12), calendar.zone), "").periods


def _week(calendar: Calendar) -> Week:
    """The working hours of all groups together."""
    week = tuple(_together(window for hours in calendar.hours.values() for window in hours[day]) for day in range(7))
    return week if any(week) else _USUAL_WEEK


def _together(windows: Iterable[Window]) -> tuple[Window, ...]:
    found: list[Window] = []
    for window in sorted(windows, key=lambda each: (each.start, each.end)):
        if found and window.start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(found[-1].end, window.end))
        else:
            found.append(window)
    return tuple(found)
