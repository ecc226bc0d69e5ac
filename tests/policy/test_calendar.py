"""Which part of the school's day, week and year a moment is in."""

import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from schoolgate.policy.calendar import Calendar, Period, Window, in_words_for, said_of
from schoolgate.policy.contracts import Contract, Duty, Leave

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


def test_a_period_of_a_rule_may_cross_midnight_and_belongs_to_the_day_it_begins_on() -> None:
    nights = ((Window(21 * 60, 30 * 60),),) * 5 + ((), ())
    calendar = Calendar(
        LONDON, named={"night": nights}, closed=(Period("Half term", date(2026, 10, 26), date(2026, 10, 30)),)
    )
    for local, within in (
        ("2026-11-20T20:59", False),
        ("2026-11-20T21:00", True),  # a Friday
        ("2026-11-21T05:59", True),
        ("2026-11-21T06:00", False),
        ("2026-11-21T22:00", False),
        ("2026-11-23T05:00", False),
        ("2026-10-26T05:00", False),
        ("2026-10-27T05:00", False),  # the night of a day on which the school is closed
        ("2026-10-31T05:00", False),
    ):
        at = datetime.fromisoformat(local).replace(tzinfo=LONDON)
        assert ("night" in calendar.moment(at, "pupils").periods) is within, local


MORNINGS = ((Window(495, 735),),) * 5 + ((), ())
AT = datetime(2026, 11, 24, 13, 30, tzinfo=LONDON)
STAFFED = Calendar(
    LONDON,
    {"staff": (DAY,) * 5 + ((), ())},
    contracts=(Contract("mornings", MORNINGS, people=frozenset({"j.smith"})),),
    duties=(
        Duty("Choir", groups=frozenset({"staff"}), on=frozenset({date(2026, 11, 25)}), hours=(Window(960, 1020),)),
    ),
    leave=(Leave(frozenset({"a.way"}), date(2026, 11, 24), date(2026, 11, 24)),),
    employers=frozenset({"office"}),
)


def test_two_people_of_a_group_are_not_told_apart_wrongly_in_the_same_minute() -> None:
    for _ in range(2):  # the second time from memory
        assert "working_hours" in STAFFED.moment(AT, "staff").periods
        assert "working_hours" not in STAFFED.moment(AT, "staff", "j.smith").periods
        assert "working_hours" not in STAFFED.moment(AT, "staff", "J.Smith").periods
        assert "working_hours" in STAFFED.moment(AT, "staff", "somebody").periods
        assert "working_hours" not in STAFFED.moment(AT, "staff", "a.way").periods


def test_groups_with_contracts_are_at_work_and_others_have_no_working_time() -> None:
    assert STAFFED.at_work == {"staff", "office"}
    assert STAFFED.moment(AT, "pupils", "j.smith").periods == {"always", "term"}
    assert STAFFED.moment(AT, "office").words == "Tuesday 13:30 is outside working hours: no hours are written down"


def test_what_is_remembered_is_bounded() -> None:
    calendar = Calendar(LONDON, {"staff": (DAY,) * 7}, contracts=STAFFED.contracts)
    for minute in range(5000):
        calendar.moment(AT + timedelta(minutes=minute), "staff", "j.smith")
        calendar.moment(AT + timedelta(days=minute), "staff")
    assert len(calendar._known) <= 4096
    assert len(calendar._days) <= 4096


def test_thousands_of_logins_without_hours_of_their_own_share_one_memory() -> None:
    calendar = Calendar(LONDON, {"staff": (DAY,) * 7}, contracts=STAFFED.contracts)
    for number in range(1000):
        calendar.moment(AT, "pupils", f"pupil{number}")
        calendar.moment(AT, "staff", f"staff{number}")
    assert len(calendar._known) == 2


def test_a_calendar_can_be_handed_to_a_child_process() -> None:
    again = pickle.loads(pickle.dumps(STAFFED))
    assert again == STAFFED
    assert again.moment(AT, "staff", "j.smith") == STAFFED.moment(AT, "staff", "j.smith")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "Tuesday 10:42 is in their working hours 08:15-12:15 (contract part-time)",
            "counted because Tuesday 10:42 is in Mrs X's working hours 08:15-12:15 (contract part-time)",
        ),
        (
            "Tuesday 10:42 is in working hours 08:15-12:15",
            "counted because Tuesday 10:42 is in Mrs X's working hours 08:15-12:15",
        ),
        (
            "Tuesday 12:20 is in their working hours: Check working hours 12:15-12:45",
            "counted because Tuesday 12:20 is in Mrs X's working hours: Check working hours 12:15-12:45",
        ),
        (
            "Tuesday 12:20 is outside their working hours: on leave",
            "not counted: Tuesday 12:20 is outside Mrs X's working hours: on leave",
        ),
        ("Tuesday 12:20, INSET day", "Tuesday 12:20, INSET day"),
    ],
)
def test_words_with_a_name_where_it_may_be_shown(words: str, told: str) -> None:
    assert in_words_for(words, "Mrs X", counts=False) == told
    assert said_of(words, "Mrs X") in told
    assert in_words_for(words, "").endswith(words)
    assert in_words_for(words, "Mrs X", "work: the agreed channel") == "not counted: work: the agreed channel"


def test_what_a_rule_for_other_times_counted_is_not_called_not_counted() -> None:
    words = "Tuesday 18:00 is outside their working hours: after work, which ended 16:00"
    told = "Tuesday 18:00 is outside Mrs X's working hours: after work, which ended 16:00"
    assert in_words_for(words, "Mrs X") == f"counted because the rule holds at other times, too; {told}"
    assert in_words_for("Tuesday 10:00 is in working hours 08:15-12:15", "").startswith("counted because Tuesday")
