"""Stretches of a day, weeks of them, and named days of the year, on the clock on the school's wall."""

from dataclasses import dataclass
from datetime import date

MIDNIGHT = 24 * 60
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")  # strftime costs more


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch in minutes since midnight, from ``start`` up to and without ``end``.

    An ``end`` behind midnight (over 1440) lies on the next day: all of the stretch belongs to the day it begins on.
    """

    start: int
    end: int

    def __contains__(self, minute: int) -> bool:
        return self.start <= minute < self.end

    def __str__(self) -> str:
        return f"{clock(self.start % MIDNIGHT)}-{clock(self.end)}"


Week = tuple[tuple[Window, ...], ...]
"""Seven days from Monday, each with its windows in order."""

NO_WEEK: Week = ((),) * 7


@dataclass(frozen=True, slots=True)
class Period:
    """Named days of the year, both ends included, as people write them."""

    name: str
    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def clock(minute: int) -> str:
    """A minute as people write it: 24:00 is the end of a day, what lies behind it is told on the next day's clock."""
    minute = minute if minute <= MIDNIGHT else minute - MIDNIGHT
    return f"{minute // 60:02}:{minute % 60:02}"
