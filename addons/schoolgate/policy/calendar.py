"""Which part of the school's day, week and year a moment is in.

Days and hours are the school's own, on the clock on its wall: daylight saving time shifts nothing. All stretches are
half-open, so 12:15 already belongs to the break that begins then. No name of a person stands in the words.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schoolgate.policy.contracts import TERM_TIME, Contract, Day, DayKind, Duty, Leave, WorkingDay, working_day
from schoolgate.policy.week import MIDNIGHT, WEEKDAYS, Period, Week, Window

__all__ = ["Calendar", "Moment", "Period", "Week", "Window", "in_words_for", "said_of"]

ALWAYS = "always"
WORKING_HOURS = "working_hours"
OUTSIDE_WORKING_HOURS = "outside_working_hours"
TERM = "term"
_REMEMBERED = 4096  # minutes, and days
_WHOSE = re.compile(r"^(\w+day \d\d:\d\d is (in|outside)) (?:their )?working hours")


@dataclass(frozen=True, slots=True)
class Moment:
    """What a moment is for one group or person: the names of all periods it falls in, and words for the record."""

    periods: frozenset[str]
    words: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The school's year. With no terms at all every day that is not closed is a school day.

    ``shut`` are closures on which nobody works at all, ``employers`` the groups whose people have contracts of their
    own. Contracts, duties and leave name people by casefolded logins.
    """

    zone: ZoneInfo
    hours: Mapping[str, Week] = field(default_factory=dict[str, Week])
    terms: tuple[Period, ...] = ()
    closed: tuple[Period, ...] = ()
    inset: frozenset[date] = frozenset()
    bank_holidays: Mapping[date, str] = field(default_factory=dict[date, str])
    named: Mapping[str, Week] = field(default_factory=dict[str, Week])
    shut: tuple[Period, ...] = ()
    contracts: tuple[Contract, ...] = ()
    duties: tuple[Duty, ...] = ()
    leave: tuple[Leave, ...] = ()
    employers: frozenset[str] = frozenset()
    at_work: frozenset[str] = field(init=False)
    """The groups of people who work here."""
    _own: frozenset[str] = field(init=False, repr=False)  # logins of which the calendar says anything of their own
    _known: dict[tuple[int, str, str], Moment] = field(
        default_factory=dict[tuple[int, str, str], Moment], init=False, compare=False, repr=False
    )
    _last: list[tuple[datetime, str, str, Moment]] = field(
        default_factory=list[tuple[datetime, str, str, Moment]], init=False, compare=False, repr=False
    )  # one at most: what was asked last, for many things hang on the moment of a request
    _days: dict[tuple[date, str, str], WorkingDay] = field(
        default_factory=dict[tuple[date, str, str], WorkingDay], init=False, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        under_contract = (group for contract in self.contracts for group in contract.groups)
        object.__setattr__(self, "at_work", frozenset((*self.hours, *under_contract, *self.employers)))
        bound = (login for contract in self.contracts for login in contract.people)
        on_duty = (login for duty in self.duties for login in duty.people)
        away = (login for leave in self.leave for login in leave.people)
        object.__setattr__(self, "_own", frozenset((*bound, *on_duty, *away)))

    def moment(self, at: datetime, group: str, user: str = "") -> Moment:
        """Every period that the aware time ``at`` is in for ``group``, with the reason in words.

        ``user`` is a login: what contracts, duties and leave say of it counts before what holds for the group.
        """
        for when, whose, login, last in self._last:
            if when is at and whose == group and login == user:
                return last
        key = (int(at.timestamp() // 60), group, self._person(group, user))  # nothing here is finer than a minute
        moment = self._known.get(key)
        if moment is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            moment = self._known[key] = self._work_out(at, *key[1:])
        self._last[:] = [(at, group, user, moment)]
        return moment

    def working_day(self, day: date, group: str, user: str = "") -> WorkingDay:
        """The working time that begins on ``day`` for a group, or for the person with a login."""
        key = (day, group, self._person(group, user))
        found = self._days.get(key)
        if found is None:
            if len(self._days) >= _REMEMBERED:
                self._days.clear()
            found = self._days[key] = self._working_day(*key)
        return found

    def contracts_of(self, day: date, group: str, user: str = "") -> tuple[Contract, ...]:
        """What holds on that day: the person's own contracts, else those of the group, else its working hours."""
        login = user.casefold()
        holding = [contract for contract in self.contracts if contract.holds_on(day)]
        own = tuple(contract for contract in holding if login in contract.people)
        if found := own or tuple(contract for contract in holding if group in contract.groups):
            return found
        return (Contract("", self.hours[group]),) if group in self.hours else ()

    def _person(self, group: str, user: str) -> str:
        """The login where it matters, "" for all who have the same hours as their group."""
        login = user.casefold()
        return login if login in self._own and group in self.at_work else ""

    def _work_out(self, at: datetime, group: str, login: str) -> Moment:
        local = at.astimezone(self.zone)
        today, minute = local.date(), local.hour * 60 + local.minute
        stamp = f"{WEEKDAYS[local.weekday()]} {local.hour:02}:{local.minute:02}"
        periods = self._periods(today, minute)
        if group not in self.at_work:
            words = self._day(today).words
            return Moment(frozenset(periods), f"{stamp}, {words}" if words else stamp)
        mine, before = (self.working_day(day, group, login) for day in (today, today - timedelta(days=1)))
        if stretch := mine.stretch_at(minute) or before.stretch_at(minute + MIDNIGHT):
            whose = "their working hours" if stretch.contract or stretch.duty else "working hours"
            return Moment(frozenset((*periods, WORKING_HOURS)), f"{stamp} is in {whose}{stretch}")
        reason = before.pause_at(minute + MIDNIGHT) or mine.outside(minute)
        words = f"{stamp} is outside {mine.whose}: {reason}"
        return Moment(frozenset((*periods, OUTSIDE_WORKING_HOURS)), words)

    def _periods(self, today: date, minute: int) -> set[str]:
        """The names of all periods that hold for everybody; a night's period belongs to the day it begins on."""
        periods = {ALWAYS, *(p.name for p in (*self.terms, *self.closed, *self.shut) if today in p)}
        if self._day(today).kind in TERM_TIME and (not self.terms or any(today in term for term in self.terms)):
            periods.add(TERM)
        for day, since in ((today, minute), (today - timedelta(days=1), minute + MIDNIGHT)) if self.named else ():
            if self._day(day).kind in TERM_TIME:
                weekday = day.weekday()
                periods.update(name for name, week in self.named.items() if any(since in w for w in week[weekday]))
        return periods

    def _working_day(self, day: date, group: str, login: str) -> WorkingDay:
        duties = tuple(duty for duty in self.duties if login in duty.people or group in duty.groups)
        mine = [leave for leave in self.leave if login in leave.people]
        on_leave = any(leave.holds_on(day) and not leave.hours for leave in mine)
        away = (*_away(mine, day, 0), *_away(mine, day + timedelta(days=1), MIDNIGHT))  # a night ends on the next day
        return working_day(self._day(day), self.contracts_of(day, group, login), duties, on_leave, away)

    def _day(self, day: date) -> Day:
        """What a date is, from what shuts the school for everybody to what only pupils have off."""
        if period := next((each for each in self.shut if day in each), None):
            return Day(day, DayKind.SHUT, f"the school is closed ({period.name})")
        if day in self.bank_holidays:
            return Day(day, DayKind.SHUT, f"bank holiday ({self.bank_holidays[day]})")
        if period := next((each for each in self.closed if day in each), None):
            return Day(day, DayKind.HOLIDAY, f"the school is closed ({period.name})")
        if day in self.inset:
            return Day(day, DayKind.INSET, "INSET day")
        if self.terms and not any(day in term for term in self.terms):
            return Day(day, DayKind.HOLIDAY, "outside term")
        return Day(day, DayKind.SCHOOL)


def _away(leave: Iterable[Leave], day: date, later: int) -> Iterator[Window]:
    """The hours of leave on a day, in minutes since ``later`` minutes before its midnight."""
    windows = (window for each in leave if each.holds_on(day) for window in each.hours)
    return (Window(window.start + later, window.end + later) for window in windows)


def said_of(words: str, name: str) -> str:
    """The words of a moment with somebody's name in them, where a name may be shown."""
    return _WHOSE.sub(lambda found: f"{found[1]} {name}'s working hours", words) if name else words


def in_words_for(words: str, name: str, left_out: str = "", counts: bool = True) -> str:
    """Whether a visit is counted, and why: the words of its moment with a name ("" for none) in them.

    ``left_out`` is why it is not counted although it lies in working hours, as an event has it. ``counts`` says that a
    visit outside of them stands on record as counted: its rule holds at other times, too.
    """
    if left_out:
        return f"not counted: {left_out}"
    told, found = said_of(words, name), _WHOSE.match(words)
    if found is None:
        return told
    if found[2] == "in":
        return f"counted because {told}"
    return f"counted because the rule holds at other times, too; {told}" if counts else f"not counted: {told}"
