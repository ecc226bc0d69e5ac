"""Midday supervisors work in the others' lunch break, in term, and on no INSET day; some are known by their device only."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from days.conftest import Told

CALENDAR = """
working_hours: {staff: {mon-fri: ["08:15-12:15", "13:00-16:00"]}}
contracts:
  - {id: midday, groups: [midday], hours: {mon-fri: ["12:00-13:15"]}, inset: false}
duties:
  - {name: Breakfast club, groups: [midday], every: {fri: ["07:30-08:30"]}}
terms:
  - {name: Autumn 2026, from: 2026-09-01, to: 2026-12-18}
  - {name: Summer 2027, from: 2027-04-12, to: 2027-07-21}
closed: [{name: Half term, from: 2026-10-26, to: 2026-10-30}]
inset: [2026-09-01, 2026-11-20]
bank_holidays: England
"""


@pytest.fixture(scope="module")
def told(tell: Callable[[str], Told]) -> Told:
    return tell(CALENDAR)


@pytest.mark.parametrize("who", ["m.day", "10.31.0.7"])
@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-24T11:59", "outside their working hours: before work, which begins 12:00 (contract midday)"),
        ("2026-11-24T12:00", "in their working hours 12:00-13:15 (contract midday)"),
        ("2026-11-24T13:14", "in their working hours 12:00-13:15 (contract midday)"),
        ("2026-11-24T13:15", "outside their working hours: after work, which ended 13:15 (contract midday)"),
        ("2026-11-27T07:29", "outside their working hours: before work, which begins 07:30 (Breakfast club)"),
        ("2026-11-27T08:00", "in their working hours: Breakfast club 07:30-08:30"),
        ("2026-11-27T09:00", "outside their working hours: before work, which begins 12:00 (contract midday)"),
        ("2026-11-27T12:30", "in their working hours 12:00-13:15 (contract midday)"),
        ("2026-11-28T12:30", "outside their working hours: no working day"),
        ("2026-09-01T12:30", "outside their working hours: INSET day"),
        ("2026-11-20T08:00", "outside their working hours: INSET day"),  # a Friday: no breakfast club without pupils
        ("2026-10-27T12:30", "outside their working hours: the school is closed (Half term)"),
        ("2027-05-03T12:30", "outside their working hours: bank holiday (May Day)"),
        ("2027-04-01T12:30", "outside their working hours: outside term"),
    ],
)
def test_her_term(told: Told, at: str, words: str, who: str) -> None:
    assert told.words(at, who).partition(" is ")[2] == words


def test_what_is_her_work_is_the_others_lunch_break(told: Told) -> None:
    assert "break 12:15-13:00" in told.words("2026-11-24T12:30", "t.full")
    assert "in working hours 08:15-12:15" in told.words("2026-09-01T12:00", "t.full")


def test_all_of_her_autumn_is_75_minutes_a_school_day_and_an_hour_on_fridays(told: Told) -> None:
    calendar = told.settings.snapshot.calendar
    day, last = date(2026, 8, 1), date(2027, 1, 31)
    minutes = 0
    while day <= last:
        minutes += sum(each.window.end - each.window.start for each in calendar.working_day(day, "midday").stretches)
        day += timedelta(days=1)
    # 1 September to 18 December: 79 weekdays, less 5 of half term and 2 INSET days; 16 Fridays, less half term and INSET
    assert minutes == 72 * 75 + 14 * 60
