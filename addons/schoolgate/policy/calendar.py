"""Which part of the school's day, week and year a moment is in.

Days and hours are the school's own, on the clock on its wall: daylight saving time shifts nothing. All periods are
half-open, so 12:15 already belongs to the break that begins then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

ALWAYS = "always"
WORKING_HOURS = "working_hours"
OUTSIDE_WORKING_HOURS = "outside_working_hours"
TERM = "term"
_REMEMBERED = 4096  # minutes
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")  # strftime costs more


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a day in minutes since midnight, from ``start`` up to and without ``end``."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.start // 60:02}:{self.start % 60:02}-{self.end // 60:02}:{self.end % 60:02}"


Week = tuple[tuple[Window, ...], ...]
"""Seven days from Monday, each with its windows in order."""


@dataclass(frozen=True, slots=True)
class Period:
    """Named days of the year, both ends included, as people write them."""

    name: str
    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Moment:
    """What a moment is for one group: the names of all periods it falls in, and words for the record."""

    periods: frozenset[str]
    words: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The school's year. With no terms at all every day that is not closed is a school day."""

    zone: ZoneInfo
    hours: Mapping[str, Week] = field(default_factory=dict[str, Week])
    terms: tuple[Period, ...] = ()
    closed: tuple[Period, ...] = ()
    inset: frozenset[date] = frozenset()
    bank_holidays: Mapping[date, str] = field(default_factory=dict[date, str])
    named: Mapping[str, Week] = field(default_factory=dict[str, Week])
    _known: dict[tuple[int, str], Moment] = field(
        default_factory=dict[tuple[int, str], Moment], compare=False, repr=False
    )

    @property
    def at_work(self) -> frozenset[str]:
        """The groups of people who work here."""
        return frozenset(self.hours)

    def moment(self, at: datetime, group: str) -> Moment:
        """Every period that the aware time ``at`` is in for ``group``, with the reason in words."""
        key = (int(at.timestamp() // 60), group)  # nothing here is finer than a minute
        moment = self._known.get(key)
        if moment is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            moment = self._known[key] = self._work_out(at, group)
        return moment

    def _work_out(self, at: datetime, group: str) -> Moment:
        local = at.astimezone(self.zone)
        day, minute = local.date(), local.hour * 60 + local.minute
        periods = {ALWAYS}
        periods.update(p.name for p in (*self.terms, *self.closed) if day in p)
        off = self._day_off(day)
        if off is None and (not self.terms or any(day in term for term in self.terms)):
            periods.add(TERM)
        for name, week in self.named.items():
            if off is None and _window(week, local.weekday(), minute):
                periods.add(name)
        stamp = f"{_WEEKDAYS[local.weekday()]} {local.hour:02}:{local.minute:02}"
        week_of_group = self.hours.get(group)
        if week_of_group is None:
            return Moment(frozenset(periods), f"{stamp}, {off}" if off else stamp)
        window = None if off else _window(week_of_group, local.weekday(), minute)
        if window:
            periods.add(WORKING_HOURS)
            return Moment(frozenset(periods), f"{stamp} is in working hours {window}")
        periods.add(OUTSIDE_WORKING_HOURS)
        reason = off or _outside(week_of_group[local.weekday()], minute)
        return Moment(frozenset(periods), f"{stamp} is outside working hours: {reason}")

    def _day_off(self, day: date) -> str | None:
        """Why nobody works on that day, or None."""
        for period in self.closed:
            if day in period:
                return f"the school is closed ({period.name})"
        if day in self.bank_holidays:
            return f"bank holiday ({self.bank_holidays[day]})"
        if day in self.inset:
            return None
        if self.terms and not any(day in term for term in self.terms):
            return "outside term"
        return None


def _window(week: Week, weekday: int, minute: int) -> Window | None:
    return next((w for w in week[weekday] if w.start <= minute < w.end), None)


def _outside(windows: tuple[Window, ...], minute: int) -> str:
    if not windows:
        return "no working day"
    if minute < windows[0].start:
        return f"before work, which begins {windows[0]!s:.5}"
    if minute >= windows[-1].end:
        return f"after work, which ended {str(windows[-1])[6:]}"
    before = max(w.end for w in windows if w.end <= minute)
    after = min(w.start for w in windows if w.start > minute)
    return f"break {Window(before, after)}"
