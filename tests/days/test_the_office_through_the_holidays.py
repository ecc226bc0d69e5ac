"""The office manager works all year: in half term and in August, but on no bank holiday and not in the shutdown."""

from collections.abc import Callable

import pytest
from days.conftest import Told

CALENDAR = """
working_hours: {staff: {mon-fri: ["08:15-16:00"]}}
contracts:
  - {id: office, people: [o.ffice], hours: {mon-fri: ["08:00-12:00", "12:30-15:30"]}, works: all_year}
terms:
  - {name: Autumn 2026, from: 2026-09-02, to: 2026-12-18}
  - {name: Spring 2027, from: 2027-01-05, to: 2027-03-25}
closed:
  - {name: Half term, from: 2026-10-26, to: 2026-10-30}
  - {name: Winter, from: 2026-12-19, to: 2027-01-04}
  - {name: Christmas shutdown, from: 2026-12-24, to: 2026-12-31, everybody: true}
  - {name: Snow day, from: 2027-02-03, to: 2027-02-03, everybody: true}
inset: [2027-01-06]
bank_holidays: England
"""
IN, OFF = "in their working hours 08:00-12:00 (contract office)", "outside their working hours: "


@pytest.fixture(scope="module")
def told(tell: Callable[[str], Told]) -> Told:
    return tell(CALENDAR)


@pytest.mark.parametrize(
    ("day", "hers", "the_teachers"),
    [
        ("2026-11-24", IN, "in working hours 08:15-16:00"),
        ("2026-10-27", IN, "outside working hours: the school is closed (Half term)"),
        ("2026-08-20", IN, "outside working hours: outside term"),
        ("2026-08-31", f"{OFF}bank holiday (Late Summer Bank Holiday)", "outside working hours: bank holiday (Late Summer Bank Holiday)"),
        ("2026-12-23", IN, "outside working hours: the school is closed (Winter)"),
        ("2026-12-24", f"{OFF}the school is closed (Christmas shutdown)", "outside working hours: the school is closed (Christmas shutdown)"),
        ("2026-12-30", f"{OFF}the school is closed (Christmas shutdown)", "outside working hours: the school is closed (Christmas shutdown)"),
        ("2027-01-01", f"{OFF}bank holiday (New Year's Day)", "outside working hours: bank holiday (New Year's Day)"),
        ("2027-01-04", IN, "outside working hours: the school is closed (Winter)"),
        ("2027-01-06", IN, "in working hours 08:15-16:00"),
        ("2027-02-03", f"{OFF}the school is closed (Snow day)", "outside working hours: the school is closed (Snow day)"),
        ("2027-02-06", f"{OFF}no working day", "outside working hours: no working day"),
        ("2027-03-26", f"{OFF}bank holiday (Good Friday)", "outside working hours: bank holiday (Good Friday)"),
    ],
)  # fmt: skip
def test_her_year(told: Told, day: str, hers: str, the_teachers: str) -> None:
    assert told.words(f"{day}T10:42", "o.ffice").partition(" is ")[2] == hers
    assert told.words(f"{day}T10:42", "t.full").partition(" is ")[2] == the_teachers


def test_a_device_of_her_group_without_a_login_has_no_hours_that_are_known(told: Told) -> None:
    assert told.words("2026-11-24T10:42", "10.32.0.5").endswith("is outside working hours: no hours are written down")
    assert told.words("2026-11-24T10:42", "c.taker").endswith("is outside working hours: no hours are written down")


def test_rules_can_mean_a_closure_for_everybody(told: Told) -> None:
    verdict = told.verdict("2027-02-03T10:42", "10.20.1.1")
    assert verdict.calendar == "Wednesday 10:42, the school is closed (Snow day)"
