"""Mrs Smith works Monday to Wednesday mornings and a longer Thursday; her colleague works full time."""

from collections.abc import Callable

import pytest
from days.conftest import Told

CALENDAR = """
working_hours:
  staff: {mon-thu: ["08:15-12:15", "13:00-16:00"], fri: ["08:15-12:15", "13:00-15:30"]}
contracts:
  - id: part-time
    people: [J.Smith]
    hours: {mon-wed: ["08:15-12:15"], thu: ["08:15-12:15", "13:00-15:00"]}
    breaks: {mon-thu: ["10:30-10:45"]}
    from: 2026-09-01
    to: 2027-07-21
  - id: class teacher
    people: [t.other]
    hours: {mon-wed: ["08:30-12:00"]}
    breaks: {mon-wed: ["10:30-10:45"]}
  - {id: reading club, people: [t.other], hours: {wed: ["10:40-11:00", "15:30-16:30"], thu: ["15:30-16:30"]}}
duties:
  - {name: Playground duty, people: [j.smith], every: {tue: ["12:15-12:45"]}}
terms: [{name: Autumn 2026, from: 2026-09-02, to: 2026-12-18}, {name: Autumn 2027, from: 2027-09-02, to: 2027-12-17}]
bank_holidays: England
"""
HER_DEVICE, A_STAFF_DEVICE = "10.30.1.20", "10.30.7.7"


@pytest.fixture(scope="module")
def told(tell: Callable[[str], Told]) -> Told:
    return tell(CALENDAR)


@pytest.mark.parametrize(
    ("at", "who", "words"),
    [
        ("2026-11-24T08:14", "j.smith", "outside their working hours: before work, which begins 08:15 (contract part-time)"),
        ("2026-11-24T08:15", "j.smith", "in their working hours 08:15-12:15 (contract part-time)"),
        ("2026-11-24T10:29", "j.smith", "in their working hours 08:15-12:15 (contract part-time)"),
        ("2026-11-24T10:30", "j.smith", "outside their working hours: break 10:30-10:45 (contract part-time)"),
        ("2026-11-24T10:44", HER_DEVICE, "outside their working hours: break 10:30-10:45 (contract part-time)"),
        ("2026-11-24T10:45", HER_DEVICE, "in their working hours 08:15-12:15 (contract part-time)"),
        ("2026-11-24T12:15", "j.smith", "in their working hours: Playground duty 12:15-12:45"),
        ("2026-11-24T12:45", "j.smith", "outside their working hours: after work, which ended 12:45 (Playground duty)"),
        ("2026-11-25T12:15", "J.SMITH", "outside their working hours: after work, which ended 12:15 (contract part-time)"),
        ("2026-11-25T14:00", "j.smith", "outside their working hours: after work, which ended 12:15 (contract part-time)"),
        ("2026-11-26T12:20", "j.smith", "outside their working hours: break 12:15-13:00 (contract part-time)"),
        ("2026-11-26T14:59", "j.smith", "in their working hours 13:00-15:00 (contract part-time)"),
        ("2026-11-26T15:00", "j.smith", "outside their working hours: after work, which ended 15:00 (contract part-time)"),
        ("2026-11-27T10:00", "j.smith", "outside their working hours: no working day"),
        ("2026-11-27T10:00", HER_DEVICE, "outside their working hours: no working day"),
        ("2026-12-21T10:00", "j.smith", "outside their working hours: outside term"),
        # the contract has run out, so the hours of her group hold
        ("2027-09-06T14:00", "j.smith", "in working hours 13:00-16:00"),
        ("2027-09-06T12:20", "j.smith", "outside working hours: break 12:15-13:00"),
        # her colleague, a device that is nobody's own, and somebody else logged in on hers
        ("2026-11-27T10:00", "t.full", "in working hours 08:15-12:15"),
        ("2026-11-27T10:00", A_STAFF_DEVICE, "in working hours 08:15-12:15"),
        ("2026-11-24T12:20", A_STAFF_DEVICE, "outside working hours: break 12:15-13:00"),
    ],
)  # fmt: skip
def test_her_week(told: Told, at: str, who: str, words: str) -> None:
    assert told.words(at, who).partition(" is ")[2] == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-25T10:39", "outside their working hours: break 10:30-10:45 (contract class teacher)"),
        ("2026-11-25T10:41", "in their working hours 10:40-11:00 (contract reading club)"),
        ("2026-11-25T11:30", "in their working hours 08:30-12:00 (contract class teacher)"),
        ("2026-11-25T13:00", "outside their working hours: break 12:00-15:30 (contract class teacher, contract reading club)"),
        ("2026-11-25T16:00", "in their working hours 15:30-16:30 (contract reading club)"),
        ("2026-11-24T16:00", "outside their working hours: after work, which ended 12:00 (contract class teacher)"),
        ("2026-11-26T16:00", "in their working hours 15:30-16:30 (contract reading club)"),
        ("2026-11-27T16:00", "outside their working hours: no working day"),
    ],
)  # fmt: skip
def test_two_posts_of_one_person_add_up(told: Told, at: str, words: str) -> None:
    assert told.words(at, "t.other").partition(" is ")[2] == words


def test_a_colleague_who_logs_in_on_her_device_is_the_colleague(told: Told) -> None:
    people = told.settings.snapshot.people
    found = people.identify(HER_DEVICE, "t.full")
    assert (found.user, found.confidence) == ("t.full", "login")
    found = people.identify(HER_DEVICE, None)
    assert (found.user, found.confidence, found.reason) == ("j.smith", "device", "10.30.1.20 is the device of j.smith")
