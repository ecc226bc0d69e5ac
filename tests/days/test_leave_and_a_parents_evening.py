"""Leave takes days away and a parents' evening adds one; duties on a date may lie in the holidays."""

from collections.abc import Callable

import pytest
from days.conftest import Told

CALENDAR = """
working_hours: {staff: {mon-thu: ["08:15-12:15", "13:00-16:00"], fri: ["08:15-15:30"]}}
contracts:
  - {id: part-time, people: [j.smith], hours: {mon-wed: ["08:15-12:15"]}}
duties:
  - {name: "Parents' evening", groups: [staff], on: 2026-11-26, hours: ["17:00-19:30"]}
  - {name: Ski trip, people: [t.full], on: [2026-10-24, 2026-10-25, 2026-10-26], hours: ["07:00-22:00"]}
  - {name: Chess club, people: [t.full], every: {thu: ["16:00-16:45"]}, from: 2026-11-01, to: 2026-11-30}
leave:
  - {people: [j.smith, t.other], from: 2026-11-23, to: 2026-11-24}
  - {people: [t.other], from: 2026-11-26, to: 2026-11-26}
  - {people: [t.full], from: 2026-11-24, to: 2026-11-24, hours: "11:00-14:00"}
  - {people: [t.full], from: 2026-10-25, to: 2026-10-25, hours: ["07:00-08:30", "20:00-22:00"]}
terms: [{name: Autumn 2026, from: 2026-09-02, to: 2026-12-18}]
closed: [{name: Half term, from: 2026-10-26, to: 2026-10-30}]
bank_holidays: England
"""


@pytest.fixture(scope="module")
def told(tell: Callable[[str], Told]) -> Told:
    return tell(CALENDAR)


@pytest.mark.parametrize(
    ("at", "who", "words"),
    [
        ("2026-11-20T10:42", "j.smith", "outside their working hours: no working day"),
        ("2026-11-23T00:00", "j.smith", "outside their working hours: on leave"),
        ("2026-11-23T10:42", "j.smith", "outside their working hours: on leave"),
        ("2026-11-24T23:59", "j.smith", "outside their working hours: on leave"),
        ("2026-11-25T08:15", "j.smith", "in their working hours 08:15-12:15 (contract part-time)"),
        ("2026-11-23T10:42", "t.other", "outside their working hours: on leave"),
        ("2026-11-25T10:42", "t.other", "in working hours 08:15-12:15"),
        ("2026-11-26T17:30", "t.other", "outside their working hours: on leave"),
        ("2026-11-26T16:59", "t.full", "outside working hours: after work, which ended 16:45 (Chess club)"),
        ("2026-11-26T17:00", "t.full", "in their working hours: Parents' evening 17:00-19:30"),
        ("2026-11-26T19:29", "10.30.7.7", "in their working hours: Parents' evening 17:00-19:30"),
        ("2026-11-26T19:30", "t.full", "outside working hours: after work, which ended 19:30 (Parents' evening)"),
        ("2026-11-26T18:00", "j.smith", "in their working hours: Parents' evening 17:00-19:30"),
        ("2026-11-26T10:00", "j.smith", "outside their working hours: before work, which begins 17:00 (Parents' evening)"),
        ("2026-11-19T17:30", "t.full", "outside working hours: after work, which ended 16:45 (Chess club)"),
        ("2026-11-19T16:44", "t.full", "in their working hours: Chess club 16:00-16:45"),
        ("2026-12-03T16:30", "t.full", "outside working hours: after work, which ended 16:00"),
        # leave of some hours, over the end of the morning and the lunch break
        ("2026-11-24T10:59", "t.full", "in working hours 08:15-12:15"),
        ("2026-11-24T11:00", "t.full", "outside working hours: on leave 11:00-14:00"),
        ("2026-11-24T12:30", "t.full", "outside working hours: on leave 11:00-14:00"),
        ("2026-11-24T13:59", "t.full", "outside working hours: on leave 11:00-14:00"),
        ("2026-11-24T14:00", "t.full", "in working hours 13:00-16:00"),
        ("2026-11-24T16:00", "t.full", "outside working hours: after work, which ended 16:00"),
        ("2026-11-24T11:30", "10.30.7.7", "in working hours 08:15-12:15"),
        # it is taken out of a duty, too
        ("2026-10-25T08:00", "t.full", "outside working hours: on leave 07:00-08:30"),
        ("2026-10-25T12:00", "t.full", "in their working hours: Ski trip 07:00-22:00"),
        ("2026-10-25T21:00", "t.full", "outside working hours: on leave 20:00-22:00"),
        # a trip that begins on a Saturday and goes on into half term
        ("2026-10-24T06:59", "t.full", "outside working hours: before work, which begins 07:00 (Ski trip)"),
        ("2026-10-24T21:59", "t.full", "in their working hours: Ski trip 07:00-22:00"),
        ("2026-10-26T10:00", "t.full", "in their working hours: Ski trip 07:00-22:00"),
        ("2026-10-27T10:00", "t.full", "outside working hours: the school is closed (Half term)"),
    ],
)  # fmt: skip
def test_the_days(told: Told, at: str, who: str, words: str) -> None:
    assert told.words(at, who).partition(" is ")[2] == words
