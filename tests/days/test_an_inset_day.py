"""On an INSET day staff work and no pupil is there, in term or just before it; some contracts leave it out."""

from collections.abc import Callable

import pytest
from days.conftest import Told

CALENDAR = """
working_hours: {staff: {mon-fri: ["08:15-12:15", "13:00-16:00"]}, site: {mon-fri: ["07:00-15:00"]}}
contracts:
  - {id: no inset, people: [j.smith], hours: {mon-fri: ["08:15-12:15"]}, inset: false}
  - {id: all year, people: [o.ffice], hours: {mon-fri: ["08:00-15:30"]}, works: all_year, inset: false}
duties:
  - {name: Gate duty, groups: [staff], every: {mon-fri: ["12:15-12:30"]}}
terms: [{name: Autumn 2026, from: 2026-09-02, to: 2026-12-18}]
inset: [2026-09-01, 2026-11-24]
bank_holidays: none
"""


@pytest.fixture(scope="module")
def told(tell: Callable[[str], Told]) -> Told:
    return tell(CALENDAR)


@pytest.mark.parametrize("day", ["2026-09-01", "2026-11-24"])
@pytest.mark.parametrize(
    ("who", "clock", "words"),
    [
        ("t.full", "10:42", "in working hours 08:15-12:15"),
        ("10.30.7.7", "13:00", "in working hours 13:00-16:00"),
        ("t.full", "12:20", "outside working hours: break 12:15-13:00"),  # no gate to stand at without pupils
        ("c.taker", "08:00", "in working hours 07:00-15:00"),
        ("j.smith", "10:42", "outside their working hours: INSET day"),
        ("j.smith", "12:20", "outside their working hours: INSET day"),
        ("o.ffice", "10:42", "outside their working hours: INSET day"),
    ],
)
def test_the_day(told: Told, day: str, who: str, clock: str, words: str) -> None:
    assert told.words(f"{day}T{clock}", who) == f"Tuesday {clock} is {words}"


def test_the_day_after_pupils_are_back(told: Told) -> None:
    assert told.words("2026-11-25T12:20", "t.full").endswith("is in their working hours: Gate duty 12:15-12:30")
    assert told.words("2026-11-25T12:35", "t.full").endswith("is outside working hours: break 12:30-13:00 (Gate duty)")
    assert told.words("2026-11-25T12:20", "j.smith").endswith("is in their working hours: Gate duty 12:15-12:30")


def test_for_pupils_the_record_says_what_day_it_is(told: Told) -> None:
    assert told.verdict("2026-11-24T10:42", "10.20.1.1").calendar == "Tuesday 10:42, INSET day"
