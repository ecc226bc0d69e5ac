"""Checks what calendar.yaml says against people.yaml and against itself."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from schoolgate.policy.week import WEEKDAYS
from schoolgate.settings.calendar_models import CalendarFile, ContractEntry, DutyEntry, PeriodEntry
from schoolgate.settings.checks import RESERVED, ConfigFiles
from schoolgate.settings.faults import Fault, unknown
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.persons import every_login, groups_by_login
from schoolgate.settings.values import week_of
from schoolgate.settings.year import bank_holidays, breaks_of, within

Place = tuple[str | int, ...]


def check_year(files: ConfigFiles, year: CalendarFile | None, people: PeopleFile | None) -> Iterator[Fault]:
    """What in calendar.yaml fits no other file, or cannot be meant."""
    if "calendar" not in files.documents:
        return
    yield from _check_names(files)
    if year is None:
        return
    yield from _check_periods(files, year)
    ids: set[str] = set()
    for number, contract in enumerate(year.contracts):
        if contract.id in ids:
            yield _fault(files, ("contracts", number, "id"), f"there are two contracts called {contract.id!r}")
        ids.add(contract.id)
        yield from _check_contract(files, ("contracts", number), contract, year)
    at_work = _groups_at_work(year, people) if people else None
    for number, duty in enumerate(year.duties):
        yield from _check_duty(files, ("duties", number), duty, year)
        if people and at_work is not None:
            yield from _check_who(files, ("duties", number), duty, people, at_work)
    for number, leave in enumerate(year.leave):
        yield from _check_span(files, ("leave", number), "leave", leave.first, leave.last)


def _fault(files: ConfigFiles, place: Place, words: str) -> Fault:
    return files.fault("calendar", place, words)


def _check_names(files: ConfigFiles) -> Iterator[Fault]:
    """Names are looked up in what is written, so that a mistake elsewhere hides no unknown name."""
    groups, logins = set(files.at("people", "groups", kind=dict)), every_login(files)
    for group in files.at("calendar", "working_hours", kind=dict):
        if groups and group not in groups:
            yield _fault(files, ("working_hours", group), unknown("group", group, groups))
    for part in ("contracts", "duties", "leave"):
        for number in range(len(files.at("calendar", part, kind=list))):
            yield from files.known("calendar", (part, number, "groups"), "group", groups)
            if groups:
                yield from _check_logins(files, (part, number, "people"), logins)


def _check_logins(files: ConfigFiles, place: Place, logins: Collection[str]) -> Iterator[Fault]:
    for number, login in enumerate(files.at("calendar", *place, kind=list)):
        if isinstance(login, str) and login not in logins:
            yield _fault(files, (*place, number), f"{unknown('person', login, logins)} (of config/people.yaml)")


def _check_periods(files: ConfigFiles, year: CalendarFile) -> Iterator[Fault]:
    closed: list[tuple[int, PeriodEntry]] = [(n, each) for n, each in enumerate(year.closed) if not each.everybody]
    shut: list[tuple[int, PeriodEntry]] = [(n, each) for n, each in enumerate(year.closed) if each.everybody]
    for part, periods in (("terms", list(enumerate(year.terms))), ("closed", closed), ("closed", shut)):
        yield from _check_order(files, part, sorted(periods, key=lambda item: item[1].first))
    taken = {each.name: part for part in ("terms", "closed") for each in getattr(year, part)}
    for name in year.periods:
        if name in RESERVED or name in taken:
            yield _fault(files, ("periods", name), _taken(name, taken.get(name, "")))
    for part in ("terms", "closed"):
        for number, each in enumerate(getattr(year, part)):
            if each.name in RESERVED:
                yield _fault(files, (part, number, "name"), _taken(each.name))


def _taken(name: str, part: str = "") -> str:
    """Rules speak of periods by name, so a name that means two things would hold at times that nobody meant."""
    where = f" (it stands under {part}:)" if part else ""
    return f"{name!r} already means something{where}; take another name"


def _check_order(files: ConfigFiles, part: str, ordered: Sequence[tuple[int, PeriodEntry]]) -> Iterator[Fault]:
    """A closure for everybody may lie within one that is not; two of a kind may not overlap."""
    for number, period in ordered:
        yield from _check_span(files, (part, number), repr(period.name), period.first, period.last)
    for (_, before), (number, after) in pairwise(ordered):
        if after.first <= before.last and before.first <= before.last:
            yield _fault(files, (part, number), f"{after.name!r} overlaps {before.name!r}")


def _check_span(files: ConfigFiles, place: Place, what: str, first: date | None, last: date | None) -> Iterator[Fault]:
    if first and last and last < first:
        yield _fault(files, (*place, "to"), f"{what} ends on {last}, before it begins on {first}")


def _check_contract(files: ConfigFiles, place: Place, contract: ContractEntry, year: CalendarFile) -> Iterator[Fault]:
    name = f"contract {contract.id!r}"
    if not contract.people and not contract.groups:
        yield _fault(files, place, f"{name} is nobody's; give it people: or groups:")
    yield from _check_span(files, place, name, contract.first, contract.last)
    if contract.first is None and contract.last is None:
        for number, group in enumerate(contract.groups):
            if year.working_hours.get(group):
                words = f"{group!r} has working_hours, which never hold beside {name}; leave one of the two out"
                yield _fault(files, (*place, "groups", number), words)
    for weekday, (hours, pauses) in enumerate(zip(week_of(contract.hours), breaks_of(contract), strict=True)):
        for pause in pauses:
            if hours and not within(pause, hours):
                words = f"the break {pause} is not within the hours of {name} on {WEEKDAYS[weekday]}"
                yield _fault(files, (*place, "breaks"), words)
                return


def _check_duty(files: ConfigFiles, place: Place, duty: DutyEntry, year: CalendarFile) -> Iterator[Fault]:
    name = f"duty {duty.name!r}"
    if not duty.people and not duty.groups:
        yield _fault(files, place, f"{name} is nobody's; give it people: or groups:")
    is_weekly = any(duty.every.values())
    if is_weekly == (duty.on is not None):
        words = f"{name} needs either every: {{tue: ...}} or on: a date with hours:, one of the two"
        yield _fault(files, place, words)
    elif is_weekly == bool(duty.hours):
        words = "hours: go with on:, the hours of every: stand beside its days" if is_weekly else "hours: are missing"
        yield _fault(files, place, f"{name}: {words}")
    if duty.on and (duty.first or duty.last):
        yield _fault(files, place, f"{name}: from: and to: go with every:")
    yield from _check_span(files, place, name, duty.first, duty.last)
    for day in duty.on or ():
        if closed := _shut(day, year):
            yield _fault(files, (*place, "on"), f"nobody works on {day}: {closed}")


def _shut(day: date, year: CalendarFile) -> str:
    closures = (each.name for each in year.closed if each.everybody and each.first <= day <= each.last)
    return next(closures, bank_holidays(year.bank_holidays).get(day, ""))


def _groups_at_work(year: CalendarFile, people: PeopleFile) -> set[str]:
    groups = groups_by_login(people)
    under_contract = {groups.get(login.casefold(), "") for each in year.contracts for login in each.people}
    return {*year.working_hours, *under_contract, *(group for each in year.contracts for group in each.groups)}


def _check_who(
    files: ConfigFiles, place: Place, duty: DutyEntry, people: PeopleFile, at_work: set[str]
) -> Iterator[Fault]:
    """A duty beside hours is for those who have hours."""
    groups = groups_by_login(people)
    for key, names in (("people", duty.people), ("groups", duty.groups)):
        for number, name in enumerate(names):
            group: Any = groups.get(name.casefold()) if key == "people" else name
            if group in people.groups and group not in at_work:
                words = f"{group!r} has no working_hours and no contract, so nobody of it has a duty"
                yield _fault(files, (*place, key, number), words)


def advice_on_year(year: CalendarFile, people: PeopleFile, today: date) -> Iterator[str]:
    """What is no fault, but may not be meant."""
    closed = {each.name: each for each in year.closed}
    for day in year.inset:
        name = next((name for name, each in closed.items() if each.first <= day <= each.last), "")
        if name := name or bank_holidays(year.bank_holidays).get(day, ""):
            yield f"config/calendar.yaml: {day} is an INSET day, but the school is closed then ({name})"
    groups = groups_by_login(people)
    ending: dict[str, list[ContractEntry]] = {}
    for contract in year.contracts:
        for login in contract.people:
            ending.setdefault(login.casefold(), []).append(contract)
    for login, contracts in ending.items():
        if all(contract.last is not None and contract.last < today for contract in contracts):
            last = max(contracts, key=lambda contract: contract.last or today)
            yield (
                f"config/calendar.yaml: contract {last.id!r} of {login} ended on {last.last}; "
                f"since then the hours of {groups.get(login, 'their group')} hold for them"
            )
