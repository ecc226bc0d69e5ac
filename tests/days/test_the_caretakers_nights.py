"""The caretaker's night belongs to the day it begins on, and the clock on the wall counts when it is changed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from days.conftest import LONDON, Told

CALENDAR = """
working_hours: {staff: {mon-fri: ["08:15-16:00"]}}
contracts:
  - {id: nights, people: [c.taker], hours: {sun-thu: ["22:00-06:00"], sat: ["20:00-02:00"]},
     breaks: {sun-thu: ["00:00-00:10", "02:00-02:30"]}, works: all_year}
leave:
  - {people: [c.taker], from: 2026-11-24, to: 2026-11-24}
  - {people: [c.taker], from: 2026-12-09, to: 2026-12-09, hours: ["00:00-03:00", "23:00-24:00"]}
closed: [{name: Shutdown, from: 2026-12-24, to: 2026-12-28, everybody: true}]
terms: [{name: Autumn 2026, from: 2026-09-02, to: 2026-12-18}]
bank_holidays: England
"""


@pytest.fixture(scope="module")
def told(tell: Callable[[str], Told]) -> Told:
    return tell(CALENDAR)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-10T21:59", "Tuesday 21:59 is outside their working hours: before work, which begins 22:00 (contract nights)"),
        ("2026-11-10T22:00", "Tuesday 22:00 is in their working hours 22:00-06:00 (contract nights)"),
        ("2026-11-11T00:00", "Wednesday 00:00 is outside their working hours: break 00:00-00:10 (contract nights)"),
        ("2026-11-11T00:10", "Wednesday 00:10 is in their working hours 22:00-06:00 (contract nights)"),
        ("2026-11-11T02:10", "Wednesday 02:10 is outside their working hours: break 02:00-02:30 (contract nights)"),
        ("2026-11-11T02:30", "Wednesday 02:30 is in their working hours 22:00-06:00 (contract nights)"),
        ("2026-11-11T05:59", "Wednesday 05:59 is in their working hours 22:00-06:00 (contract nights)"),
        ("2026-11-11T06:00", "Wednesday 06:00 is outside their working hours: before work, which begins 22:00 (contract nights)"),
        # Thursday's night ends on Friday, on which none begins; Saturday's begins at 20:00
        ("2026-11-13T05:00", "Friday 05:00 is in their working hours 22:00-06:00 (contract nights)"),
        ("2026-11-13T22:30", "Friday 22:30 is outside their working hours: no working day"),
        ("2026-11-14T01:00", "Saturday 01:00 is outside their working hours: before work, which begins 20:00 (contract nights)"),
        ("2026-11-15T01:59", "Sunday 01:59 is in their working hours 20:00-02:00 (contract nights)"),
        ("2026-11-15T02:00", "Sunday 02:00 is outside their working hours: before work, which begins 22:00 (contract nights)"),
        # leave on the 24th takes away the night that begins then, not the one that began on the 23rd
        ("2026-11-24T05:00", "Tuesday 05:00 is in their working hours 22:00-06:00 (contract nights)"),
        ("2026-11-24T22:30", "Tuesday 22:30 is outside their working hours: on leave"),
        ("2026-11-25T05:00", "Wednesday 05:00 is outside their working hours: before work, which begins 22:00 (contract nights)"),
        # hours of leave are those of their own date, whichever night they are in
        ("2026-12-08T23:30", "Tuesday 23:30 is in their working hours 22:00-06:00 (contract nights)"),
        ("2026-12-09T00:30", "Wednesday 00:30 is outside their working hours: on leave 00:00-03:00"),
        ("2026-12-09T03:00", "Wednesday 03:00 is in their working hours 22:00-06:00 (contract nights)"),
        ("2026-12-09T22:30", "Wednesday 22:30 is in their working hours 22:00-06:00 (contract nights)"),
        ("2026-12-09T23:30", "Wednesday 23:30 is outside their working hours: on leave 23:00-24:00"),
        ("2026-12-10T00:10", "Thursday 00:10 is in their working hours 22:00-06:00 (contract nights)"),
        # the summer holidays, the last night before the shutdown, and the first after it
        ("2026-08-19T03:00", "Wednesday 03:00 is in their working hours 22:00-06:00 (contract nights)"),
        ("2026-12-24T03:00", "Thursday 03:00 is in their working hours 22:00-06:00 (contract nights)"),
        ("2026-12-24T23:00", "Thursday 23:00 is outside their working hours: the school is closed (Shutdown)"),
        ("2026-12-29T03:00", "Tuesday 03:00 is outside their working hours: before work, which begins 22:00 (contract nights)"),
        ("2026-12-29T23:00", "Tuesday 23:00 is in their working hours 22:00-06:00 (contract nights)"),
        # the bank holiday's own night is off, the one before it ends in it
        ("2027-01-01T03:00", "Friday 03:00 is in their working hours 22:00-06:00 (contract nights)"),
        ("2027-05-02T23:00", "Sunday 23:00 is in their working hours 22:00-06:00 (contract nights)"),
        ("2027-05-03T03:00", "Monday 03:00 is in their working hours 22:00-06:00 (contract nights)"),
        ("2027-05-03T23:00", "Monday 23:00 is outside their working hours: bank holiday (May Day)"),
    ],
)  # fmt: skip
def test_nights(told: Told, at: str, words: str) -> None:
    assert told.words(at, "c.taker") == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-10-25T00:30+00:00", "Sunday 01:30 is in their working hours 20:00-02:00 (contract nights)"),
        ("2026-10-25T01:30+00:00", "Sunday 01:30 is in their working hours 20:00-02:00 (contract nights)"),
        ("2026-10-25T01:59+00:00", "Sunday 01:59 is in their working hours 20:00-02:00 (contract nights)"),
        ("2026-10-25T02:00+00:00", "Sunday 02:00 is outside their working hours: before work, which begins 22:00 (contract nights)"),
        ("2027-03-28T00:59+00:00", "Sunday 00:59 is in their working hours 20:00-02:00 (contract nights)"),
        ("2027-03-28T01:00+00:00", "Sunday 02:00 is outside their working hours: before work, which begins 22:00 (contract nights)"),
        ("2027-03-28T01:30", "Sunday 02:30 is outside their working hours: before work, which begins 22:00 (contract nights)"),
    ],
)  # fmt: skip
def test_the_nights_of_the_clock_changes(told: Told, at: str, words: str) -> None:
    assert told.words(at, "c.taker") == words


@pytest.mark.parametrize(("saturday", "minutes"), [("2026-10-24", 420), ("2027-03-27", 300), ("2026-11-14", 360)])
def test_that_night_is_an_hour_longer_in_october_and_shorter_in_march(told: Told, saturday: str, minutes: int) -> None:
    calendar = told.settings.snapshot.calendar
    noon = datetime.fromisoformat(f"{saturday}T12:00").replace(tzinfo=LONDON).astimezone(UTC)
    sunday_noon = [noon + timedelta(minutes=number) for number in range(22 * 60)]  # to Sunday 10:00 or later
    worked = [at for at in sunday_noon if "working_hours" in calendar.moment(at, "site", "c.taker").periods]
    ends = datetime.fromisoformat(saturday).replace(hour=22, tzinfo=LONDON) + timedelta(days=1)
    assert len([at for at in worked if at < ends]) == minutes
