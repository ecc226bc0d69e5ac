"""When somebody works: contracts of persons or groups, duties beside the hours, and leave.

A person's contracts replace those of their group, and a group's contracts replace its ``working_hours``, on the days
on which they hold. Of several that hold at once each gives its hours. Leave takes whole days away, and a stretch that
crosses midnight belongs to the day it begins on. Leave of some hours is taken out of the hours as a break is. Logins
are casefolded here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from schoolgate.policy.week import NO_WEEK, Week, Window, clock


class DayKind(StrEnum):
    """What a day is for the school."""

    SCHOOL = "school"  # pupils are there
    INSET = "inset"  # staff are there
    HOLIDAY = "holiday"  # closed, or outside term: those who work all year are there
    SHUT = "shut"  # nobody works


TERM_TIME = frozenset({DayKind.SCHOOL, DayKind.INSET})
ALL_YEAR = TERM_TIME | {DayKind.HOLIDAY}


@dataclass(frozen=True, slots=True)
class Day:
    """A date, what it is for the school, and words for a day on which not everybody works ("" on others)."""

    date: date
    kind: DayKind
    words: str = ""


def _holds(first: date | None, last: date | None, day: date) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


@dataclass(frozen=True, slots=True)
class Contract:
    """The weekly hours of persons or groups, the breaks within them, and the kinds of days on which they work.

    ``first`` and ``last`` are the days between which it holds, both included. ``id`` is "" for ``working_hours``.
    """

    id: str
    hours: Week
    people: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    breaks: Week = NO_WEEK
    days: frozenset[DayKind] = TERM_TIME
    first: date | None = None
    last: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the contract is in force on that date."""
        return _holds(self.first, self.last, day)


@dataclass(frozen=True, slots=True)
class Duty:
    """Working time beside the hours: every week on school days (``every``), or on dates of its own (``on``)."""

    name: str
    people: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    every: Week = NO_WEEK
    on: frozenset[date] = frozenset()
    hours: tuple[Window, ...] = ()
    first: date | None = None
    last: date | None = None

    def windows(self, day: Day) -> tuple[Window, ...]:
        """Its stretches on that day; a date of its own may lie in the holidays, but not where nobody works."""
        if day.date in self.on and day.kind is not DayKind.SHUT:
            return self.hours
        weekly = day.kind is DayKind.SCHOOL and _holds(self.first, self.last, day.date)
        return self.every[day.date.weekday()] if weekly else ()


@dataclass(frozen=True, slots=True)
class Leave:
    """Days on which persons have no working time, both ends included, or not in ``hours``; nobody asks why."""

    people: frozenset[str]
    first: date
    last: date
    hours: tuple[Window, ...] = ()

    def holds_on(self, day: date) -> bool:
        """Whether that date is one of its days."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of working time as it was written, with the breaks that are taken out of it, and where it comes from.

    It stands in a contract or in a duty, in neither where it comes from the ``working_hours`` of a group.
    """

    window: Window
    contract: str = ""
    duty: str = ""
    breaks: tuple[Window, ...] = ()

    def __str__(self) -> str:
        if self.duty:
            return f": {self.duty} {self.window}"
        return f" {self.window}{_sources(self)}"

    @property
    def source(self) -> str:
        """Where it comes from, for the words of what lies beside it; "" for a group's ``working_hours``."""
        return self.duty or (f"contract {self.contract}" if self.contract else "")


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """All working time of somebody that begins on one day; where there is none, ``off`` says why.

    Minutes are those since this day's midnight: 1470 is 00:30 on the next day.
    """

    stretches: tuple[Stretch, ...]
    whose: str  # "working hours" of a group, or "their working hours"
    off: str = ""
    away: tuple[Window, ...] = ()  # leave of some hours: these are among the breaks of each stretch

    def stretch_at(self, minute: int) -> Stretch | None:
        """The stretch that is worked in at that minute."""
        for each in self.stretches:
            if minute in each.window and not any(minute in pause for pause in each.breaks):
                return each
        return None

    def pause_at(self, minute: int) -> str:
        """Words for the leave, or the break within a stretch, that the minute is in, or ""."""
        pauses = [(pause, each) for each in self.stretches for pause in each.breaks if minute in pause]
        if gone := next((pause for pause, _ in pauses if pause in self.away), None):
            return f"on leave {gone}"
        return next((f"break {pause}{_sources(each)}" for pause, each in pauses), "")

    def outside(self, minute: int) -> str:
        """Why a minute of this day that no stretch is worked in is outside, for the record."""
        if not self.stretches:
            return self.off
        if pause := self.pause_at(minute):
            return pause
        ended = sorted((each for each in self.stretches if _end(each) <= minute), key=_end)
        to_come = sorted((each for each in self.stretches if _start(each) > minute), key=_start)
        hours = [_start(each) for each in self.stretches if not each.duty] or [_start(each) for each in self.stretches]
        if minute < min(hours):
            return f"before work, which begins {clock(_start(to_come[0]))}{_sources(to_come[0])}"
        if minute >= max(hours):
            return f"after work, which ended {clock(_end(ended[-1]))}{_sources(ended[-1])}"
        return f"break {Window(_end(ended[-1]), _start(to_come[0]))}{_sources(ended[-1], to_come[0])}"


def _start(stretch: Stretch) -> int:
    return stretch.window.start


def _end(stretch: Stretch) -> int:
    return stretch.window.end


def _sources(*stretches: Stretch) -> str:
    """Where stretches come from, in brackets; "" where there is nothing to say of that."""
    named = dict.fromkeys(each.source for each in stretches if each.source)
    return f" ({', '.join(named)})" if named else ""


def working_day(
    day: Day,
    contracts: tuple[Contract, ...],
    duties: tuple[Duty, ...],
    on_leave: bool = False,
    away: tuple[Window, ...] = (),
) -> WorkingDay:
    """What somebody works on a day, under the contracts that hold on it and the duties that are theirs.

    ``on_leave`` takes the whole day away, ``away`` are hours of leave in minutes since this day's midnight.
    """
    whose = "their working hours" if on_leave or any(contract.id for contract in contracts) else "working hours"
    at_work = [contract for contract in contracts if day.kind in contract.days]
    if on_leave:
        return WorkingDay((), whose, "on leave" if at_work else _off(day, contracts))
    worked = (*_hours(day, at_work), *_duties(day, duties))
    stretches = tuple(replace(each, breaks=(*each.breaks, *away)) for each in worked) if away else worked
    return WorkingDay(stretches, whose, "" if stretches else _off(day, contracts), away)


def _hours(day: Day, contracts: list[Contract]) -> Iterator[Stretch]:
    weekday = day.date.weekday()
    for contract in contracts:
        for window in contract.hours[weekday]:
            breaks = tuple(pause for pause in contract.breaks[weekday] if pause.start in window)
            yield Stretch(window, contract.id, breaks=breaks)


def _duties(day: Day, duties: tuple[Duty, ...]) -> Iterator[Stretch]:
    for duty in duties:
        for window in duty.windows(day):
            yield Stretch(window, duty=duty.name)


def _off(day: Day, contracts: tuple[Contract, ...]) -> str:
    """Why there is no working time on a day: the day's own reason where that keeps somebody from work."""
    if not contracts:
        return day.words if day.kind not in TERM_TIME else "no hours are written down"
    kept = [contract for contract in contracts if day.kind not in contract.days]
    if len(kept) == len(contracts) or any(contract.hours[day.date.weekday()] for contract in kept):
        return day.words
    return "no working day"
