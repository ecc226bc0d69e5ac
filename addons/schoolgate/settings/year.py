"""Builds the school's calendar from calendar.yaml: its year, and when whom of its people works."""

from collections.abc import Iterable
from datetime import date
from functools import cache

import holidays

from schoolgate.policy.calendar import Calendar
from schoolgate.policy.contracts import ALL_YEAR, TERM_TIME, Contract, DayKind, Duty, Leave
from schoolgate.policy.week import MIDNIGHT, Period, Week, Window
from schoolgate.settings.calendar_models import CalendarFile, ContractEntry, DutyEntry, PeriodEntry
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.persons import groups_by_login
from schoolgate.settings.school_models import SchoolFile
from schoolgate.settings.values import week_of

_NATIONS = {"England": "ENG", "Wales": "WLS", "Scotland": "SCT", "Northern Ireland": "NIR"}
_YEARS = range(2020, 2051)


def calendar_of(school: SchoolFile, year: CalendarFile, people: PeopleFile) -> Calendar:
    """What policy asks; everything named in it is there."""
    groups = groups_by_login(people)
    under_contract = {groups.get(login.casefold(), "") for contract in year.contracts for login in contract.people}
    return Calendar(
        zone=school.timezone,
        hours={group: week_of(hours) for group, hours in year.working_hours.items()},
        terms=tuple(map(_period, year.terms)),
        closed=tuple(_period(closure) for closure in year.closed if not closure.everybody),
        inset=frozenset(year.inset),
        bank_holidays=bank_holidays(year.bank_holidays),
        named={name: week_of(hours) for name, hours in year.periods.items()},
        shut=tuple(_period(closure) for closure in year.closed if closure.everybody),
        contracts=tuple(map(_contract, year.contracts)),
        duties=tuple(map(_duty, year.duties)),
        leave=tuple(Leave(_logins(off.people), off.first, off.last, tuple(off.hours)) for off in year.leave),
        employers=frozenset(under_contract - {""}),
    )


@cache
def bank_holidays(nation: str | None) -> dict[date, str]:
    """The bank holidays of a nation by their names, with the days that stand in for those on a weekend."""
    if nation not in _NATIONS:
        return {}
    return dict(holidays.country_holidays("GB", subdiv=_NATIONS[nation], years=_YEARS).items())


def breaks_of(contract: ContractEntry) -> Week:
    """The breaks of each day, those of a night behind its midnight: 02:00 in 22:00-06:00 is on the next day's clock."""
    hours, breaks = week_of(contract.hours), week_of(contract.breaks)
    return tuple(
        tuple(pause if within(pause, windows) else behind_midnight(pause, windows) for pause in pauses)
        for windows, pauses in zip(hours, breaks, strict=True)
    )


def within(pause: Window, windows: tuple[Window, ...]) -> bool:
    """Whether a break lies between the beginning and the end of a day's hours."""
    return bool(windows) and windows[0].start <= pause.start and pause.end <= windows[-1].end


def behind_midnight(pause: Window, windows: tuple[Window, ...]) -> Window:
    """The break as one of the next morning, where the day's hours go on until then."""
    morning = Window(pause.start + MIDNIGHT, pause.end + MIDNIGHT)
    return morning if within(morning, windows) else pause


def _period(written: PeriodEntry) -> Period:
    return Period(written.name, written.first, written.last)


def _logins(people: Iterable[str]) -> frozenset[str]:
    return frozenset(login.casefold() for login in people)


def _contract(written: ContractEntry) -> Contract:
    days = ALL_YEAR if written.works == "all_year" else TERM_TIME
    return Contract(
        id=written.id,
        hours=week_of(written.hours),
        people=_logins(written.people),
        groups=frozenset(written.groups),
        breaks=breaks_of(written),
        days=days if written.inset else days - {DayKind.INSET},
        first=written.first,
        last=written.last,
    )


def _duty(written: DutyEntry) -> Duty:
    return Duty(
        name=written.name,
        people=_logins(written.people),
        groups=frozenset(written.groups),
        every=week_of(written.every),
        on=frozenset(written.on or ()),
        hours=tuple(written.hours),
        first=written.first,
        last=written.last,
    )
