"""Which part of the school's day, week and year a moment is in."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from schoolgate.policy.calendar import Calendar, Period, Window

LONDON = ZoneInfo("Europe/London")
DAY = (Window(8 * 60 + 15, 12 * 60 + 15), Window(13 * 60, 16 * 60))
YEAR = Calendar(
    zone=LONDON,
    hours={"staff": (DAY, DAY, DAY, DAY, (Window(495, 735), Window(780, 930)), (), ())},
    terms=(
        Period("Autumn", date(2026, 9, 2), date(2026, 12, 18)),
        Period("Summer", date(2027, 4, 12), date(2027, 7, 21)),
    ),
    closed=(Period("Half term", date(2026, 10, 26), date(2026, 10, 30)),),
    inset=frozenset({date(2026, 9, 1)}),
    bank_holidays={date(2027, 5, 3): "May Day"},
    named={"homework club": ((Window(930, 1000),),) * 5 + ((), ())},
)


@pytest.mark.parametrize(
    ("local", "working", "words"),
    [
        ("2026-11-24T08:14:59", False, "before work"),
        ("2026-11-24T08:15:00", True, "working hours 08:15-12:15"),
        ("2026-11-24T12:14:59", True, "working hours"),
        ("2026-11-24T12:15:00", False, "break 12:15-13:00"),
        ("2026-11-24T12:59:59", False, "break"),
        ("2026-11-24T13:00:00", True, "13:00-16:00"),
        ("2026-11-24T16:00:00", False, "after work, which ended 16:00"),
        ("2026-11-27T15:30:00", False, "after work"),
        ("2026-11-28T10:00:00", False, "no working day"),
        ("2026-10-27T10:00:00", False, "Half term"),
        ("2026-09-01T10:00:00", True, "working hours"),
        ("2026-08-20T10:00:00", False, "outside term"),
        ("2026-12-21T10:00:00", False, "outside term"),
        ("2027-05-03T10:00:00", False, "May Day"),
    ],
)
def test_staff_hours(local: str, working: bool, words: str) -> None:
    moment = YEAR.moment(datetime.fromisoformat(local).replace(tzinfo=LONDON), "staff")
    assert ("working_hours" in moment.periods) is working
    assert ("outside_working_hours" in moment.periods) is not working
    assert words in moment.words


@pytest.mark.parametrize(
    ("utc", "working"),
    [
        ("2026-10-23T07:14:00", False),  # summer time: 08:14 on the wall
        ("2026-10-23T07:15:00", True),
        ("2026-11-02T07:15:00", False),  # winter time
        ("2026-11-02T08:15:00", True),
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall(utc: str, working: bool) -> None:
    moment = YEAR.moment(datetime.fromisoformat(utc).replace(tzinfo=UTC), "staff")
    assert ("working_hours" in moment.periods) is working


def test_a_night_of_the_clock_change_has_its_hour_twice_and_none_missing() -> None:
    night = Calendar(LONDON, {"staff": (((Window(60, 120),)),) * 7})
    twice = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert ["working_hours" in night.moment(at, "staff").periods for at in twice] == [True, True]
    gone = datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert "working_hours" not in night.moment(gone, "staff").periods


def test_a_group_without_hours_is_neither_in_nor_out_of_them() -> None:
    moment = YEAR.moment(datetime(2026, 11, 24, 10, tzinfo=LONDON), "pupils")
    assert moment.periods == {"always", "term", "Autumn"}


def test_closures_terms_and_named_periods_can_be_meant_by_rules() -> None:
    assert "Half term" in YEAR.moment(datetime(2026, 10, 27, 10, tzinfo=LONDON), "pupils").periods
    assert "term" not in YEAR.moment(datetime(2026, 10, 27, 10, tzinfo=LONDON), "pupils").periods
    assert "homework club" in YEAR.moment(datetime(2026, 11, 24, 15, 45, tzinfo=LONDON), "pupils").periods
    assert "homework club" not in YEAR.moment(datetime(2026, 10, 27, 15, 45, tzinfo=LONDON), "pupils").periods


def test_without_terms_every_open_day_counts() -> None:
    calendar = Calendar(LONDON, {"staff": (DAY,) * 7})
    assert "working_hours" in calendar.moment(datetime(2026, 8, 20, 10, tzinfo=LONDON), "staff").periods
