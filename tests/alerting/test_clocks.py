"""Clocks of cases run in school time only, stand still while something is contested, and know what is urgent."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st
from schoolgate.alerting.clocks import Clock, Name, clock_of, school_minutes
from schoolgate.policy.calendar import Calendar, Period, Window
from schoolgate.settings.alert_models import CaseEntry
from schoolgate.store.cases import Case, fold
from schoolgate.store.deeds import Contest
from schoolgate.store.event import Deed, deed_event, stamp

LONDON = ZoneInfo("Europe/London")
DAY = (Window(8 * 60, 12 * 60), Window(13 * 60, 16 * 60))
WEEK = (DAY, DAY, DAY, DAY, DAY[:1], (), ())
TERM = (Period("Autumn", date(2026, 9, 2), date(2026, 12, 18)), Period("Spring", date(2027, 1, 4), date(2027, 3, 25)))
SCHOOL = Calendar(LONDON, {"staff": WEEK}, TERM, closed=(Period("Half term", date(2026, 10, 26), date(2026, 10, 30)),))
TIMES = CaseEntry()


def _at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=LONDON)


def _case(at: str, *steps: tuple[str, Deed, str], priority: str = "medium", event: str = "e1") -> Case:
    opened = deed_event(_at(at), Deed.CASE, "schoolgate", "", about=event, entry=f"{priority}/headteacher").row()
    rows = [deed_event(_at(when), deed, "x", "", about=opened["id"], entry=entry).row() for when, deed, entry in steps]
    [case] = fold([opened, *rows])
    return case


def _due(case: Case, contests: tuple[Contest, ...] = (), calendar: Calendar = SCHOOL) -> str | None:
    clock = clock_of(case, TIMES, calendar, contests)
    assert clock is not None
    return f"{clock.due.astimezone(LONDON):%Y-%m-%dT%H:%M}" if clock.due else None


def _contest(since: str, until: str = "", event: str = "e1") -> Contest:
    answer: dict[str, Any] = {"answer": "refused", "answered_at": stamp(_at(until))} if until else {}
    return Contest("c", "C", "u", stamp(_at(since)), (event,), "", **answer)


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2026-11-24T10:00", "2026-11-24T11:00"),
        ("2026-11-24T11:30", "2026-11-24T13:30"),  # over the lunch break
        ("2026-11-24T15:30", "2026-11-25T08:30"),
        ("2026-11-24T03:00", "2026-11-24T09:00"),
        ("2026-11-27T11:30", "2026-11-30T08:30"),  # Friday afternoon is free
        ("2026-10-23T11:59", "2026-11-02T08:59"),  # half term, in which the clocks go back
        ("2026-12-18T11:45", "2027-01-04T08:45"),  # Christmas
    ],
)
def test_an_hour_is_an_hour_of_school(at: str, due: str) -> None:
    assert _due(_case(at)) == due


def test_what_is_urgent_runs_by_the_wall() -> None:
    assert _due(_case("2026-12-24T23:30", priority="high")) == "2026-12-25T00:30"


def test_five_days_are_five_school_days() -> None:
    case = _case("2026-11-23T09:00", ("2026-11-23T09:30", Deed.CASE_STEP, "acknowledged"))
    assert school_minutes(SCHOOL, timedelta(days=5)) == 5 * 7 * 60
    assert _due(case) == "2026-11-30T13:30"  # Friday is three hours shorter
    clock = clock_of(case, TIMES, SCHOOL, ())
    assert clock is not None
    assert (clock.name, clock.is_over(_at("2026-11-30T13:30")), clock.is_over(_at("2026-11-30T13:29"))) == (
        Name.DECIDE, True, False,
    )  # fmt: skip


def test_a_calendar_without_hours_has_the_usual_ones() -> None:
    assert _due(_case("2026-11-27T15:30"), calendar=Calendar(LONDON)) == "2026-11-30T09:00"


def test_a_calendar_without_a_school_day_stops_no_clock() -> None:
    shut = Calendar(LONDON, {"staff": WEEK}, closed=(Period("shut", date(2020, 1, 1), date(2100, 1, 1)),))
    assert _due(_case("2026-11-24T10:00"), calendar=shut) == "2026-11-24T11:00"


@pytest.mark.parametrize(
    ("contests", "due"),
    [
        ((_contest("2026-11-24T10:30", "2026-11-24T11:30"),), "2026-11-24T12:00"),
        ((_contest("2026-11-24T09:00", "2026-11-24T11:30"),), "2026-11-24T13:30"),
        ((_contest("2026-11-24T10:30", "2026-11-25T10:00"),), "2026-11-25T10:30"),
        ((_contest("2026-11-24T10:30"),), None),
        ((_contest("2026-11-24T11:30"),), "2026-11-24T11:00"),  # it had run out before
        ((_contest("2026-11-24T10:30", event="another"),), "2026-11-24T11:00"),
        (
            (_contest("2026-11-24T10:10", "2026-11-24T10:30"), _contest("2026-11-24T10:20", "2026-11-24T10:40")),
            "2026-11-24T11:30",
        ),
    ],
)
def test_a_contest_stops_it(contests: tuple[Contest, ...], due: str | None) -> None:
    assert _due(_case("2026-11-24T10:00"), contests) == due


def test_a_contest_stops_what_is_urgent_too() -> None:
    case = _case("2026-11-24T22:00", priority="high")
    assert _due(case, (_contest("2026-11-24T22:30", "2026-11-24T23:15"),)) == "2026-11-24T23:45"
    assert _due(case, (_contest("2026-11-24T22:30"),)) is None


def test_it_is_set_anew_for_whoever_comes_next_and_stops_when_it_is_decided() -> None:
    assert _due(_case("2026-11-24T10:00", ("2026-11-24T11:00", Deed.ESCALATED, "dsl"))) == "2026-11-24T12:00"
    decided = _case("2026-11-24T10:00", ("2026-11-24T11:00", Deed.OUTCOME, "unfounded"))
    assert clock_of(decided, TIMES, SCHOOL, ()) is None
    steps = (("2026-11-24T11:00", Deed.CASE_STEP, "closed"), ("2026-11-25T09:00", Deed.CASE_STEP, "reopened"))
    again = clock_of(_case("2026-11-24T10:00", *steps), TIMES, SCHOOL, ())
    assert again == Clock(Name.DECIDE, _at("2026-11-25T09:00").astimezone(UTC), again.due if again else None)


@tries(deadline=None, max_examples=40)
@given(
    st.datetimes(datetime(2026, 9, 1), datetime(2027, 3, 20)),  # noqa: DTZ001
    st.integers(1, 9 * 60),
    st.booleans(),
)
def test_it_runs_out_after_so_much_school_time_and_in_it(at: datetime, minutes: int, has_lunch: bool) -> None:
    calendar = SCHOOL if has_lunch else Calendar(LONDON, {"staff": WEEK, "kitchen": (DAY[::-1][:1],) * 7}, TERM)
    times = CaseEntry.model_validate({"acknowledge": f"{minutes}m"})
    opened = deed_event(at.replace(tzinfo=LONDON), Deed.CASE, "schoolgate", "", entry="low/dsl").row()
    [case] = fold([opened])
    clock = clock_of(case, times, calendar, ())
    assert clock is not None
    if clock.due is None:
        return
    ran = sum(
        _is_school_time(calendar, clock.since + timedelta(minutes=number))
        for number in range(1, int((clock.due - clock.since).total_seconds() // 60) + 1)
    )
    assert abs(ran - school_minutes(calendar, timedelta(minutes=minutes))) <= 1


def _is_school_time(calendar: Calendar, at: datetime) -> bool:
    local = (at - timedelta(minutes=1)).astimezone(LONDON)
    minute = local.hour * 60 + local.minute
    hours = [window for week in calendar.hours.values() for window in week[local.weekday()]]
    return "term" in calendar.moment(local, "").periods and any(minute in window for window in hours)


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("2027-03-25T15:30", "2027-03-26T08:30"),  # its last day
        ("2027-04-10T10:00", "2027-04-12T09:00"),  # a Saturday after it
        ("2026-12-18T11:45", "2027-01-04T08:45"),  # while it still knows of school to come, holidays are holidays
    ],
)
def test_a_calendar_that_has_run_out_stops_no_clock(at: str, due: str) -> None:
    assert _due(_case(at)) == due


def test_what_becomes_urgent_is_due_from_then_on_and_never_later_than_it_was() -> None:
    rises = ("2026-11-28T12:00", Deed.CASE_MORE, "high")
    assert _due(_case("2026-11-27T11:30", rises)) == "2026-11-28T13:00"
    assert _due(_case("2026-11-24T10:00", ("2026-11-24T10:50", Deed.CASE_MORE, "high"))) == "2026-11-24T11:00"
    assert _due(_case("2026-11-27T11:30", ("2026-11-28T12:00", Deed.CASE_MORE, "low"))) == "2026-11-30T08:30"
