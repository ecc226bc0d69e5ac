"""When somebody works: contracts of persons or groups, duties beside the hours, and leave.

A person's contracts replace those of their group, and a group's contracts replace its ``working_hours``, on the days
on which they hold. Of several that hold at once each gives its hours. Leave takes a whole day away, and a stretch that
crosses midnight belongs to the day it begins on. Logins are casefolded here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
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
    """Days on which persons have no working time, both ends included; nobody asks why."""

    people: frozenset[str]
    first: date
    last: date


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
        return f" {self.window} (contract {self.contract})" if self.contract else f" {self.window}"


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """All working time of somebody that begins on one day; where there is none, ``off`` says why.

    Minutes are those since this day's midnight: 1470 is 00:30 on the next day.
    """

    stretches: tuple[Stretch, ...]
    whose: str  # "working hours" of a group, or "their working hours"
    off: str = ""
    source: str = ""  # " (contract ...)", for the words of a break

    def stretch_at(self, minute: int) -> Stretch | None:
        """The stretch that is worked in at that minute."""
        for each in self.stretches:
            if minute in each.window and not any(minute in pause for pause in each.breaks):
                return each
        return None

    def pause_at(self, minute: int) -> str:
        """Words for the break within a stretch that the minute is in, or ""."""
        pauses = (pause for each in self.stretches for pause in each.breaks)
        return next((f"break {pause}{self.source}" for pause in pauses if minute in pause), "")

    def outside(self, minute: int) -> str:
        """Why a minute of this day that no stretch is worked in is outside, for the record."""
        if not self.stretches:
            return self.off
        if pause := self.pause_at(minute):
            return pause
        ended = [each.window.end for each in self.stretches if each.window.end <= minute]
        to_come = [each.window.start for each in self.stretches if each.window.start > minute]
        hours = [each.window.start for each in self.stretches if not each.duty]
        hours = hours or [each.window.start for each in self.stretches]
        if minute < min(hours):
            return f"before work, which begins {clock(min(to_come))}{self.source}"
        if minute >= max(hours):
            return f"after work, which ended {clock(max(ended))}{self.source}"
        return f"break {Window(max(ended), min(to_come))}{self.source}"


def working_day(day: Day, contracts: tuple[Contract, ...], duties: tuple[Duty, ...], on_leave: bool) -> WorkingDay:
    """What somebody works on a day, under the contracts that hold on it and the duties that are theirs."""
    names = [contract.id for contract in contracts if contract.id]
    whose = "their working hours" if names or on_leave else "working hours"
    at_work = [contract for contract in contracts if day.kind in contract.days]
    if on_leave:
        return WorkingDay((), whose, "on leave" if at_work else _off(day, contracts))
    stretches = (*_hours(day, at_work), *_duties(day, duties))
    source = f" (contract{'s' if len(names) > 1 else ''} {', '.join(names)})" if names else ""
    return WorkingDay(stretches, whose, "" if stretches else _off(day, contracts), source)


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
