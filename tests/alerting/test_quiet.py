"""In quiet hours only what has high priority is told; the rest waits for the next school morning, and is never lost."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pretend.alerted import Alerted, alerting_school
from pretend.school import School
from pretend.told import CALENDAR
from schoolgate.alerting.quiet_hours import is_quiet
from schoolgate.settings.alert_models import QuietEntry
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings

LONDON = ZoneInfo("Europe/London")
USUAL = 'quiet: {from: "18:00", until: "07:00", school_days_only: true}\n'
NIGHTS = 'quiet: {from: "18:00", until: "07:00", school_days_only: false}\n'
Make = Callable[..., Alerted]


@pytest.fixture
def alerted(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Iterator[Make]:
    made: list[Alerted] = []

    def make(alerts: str = USUAL, calendar: str = "", **options: object) -> Alerted:
        school = alerting_school(tmp_path, alerts)
        if calendar:
            (school.config / "calendar.yaml").write_text(calendar)
        made.append(Alerted(settings_of(school), **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize(
    ("at", "quiet", "only_nights"),
    [
        ("2026-11-24T06:59", True, True),  # a Tuesday
        ("2026-11-24T07:00", False, False),
        ("2026-11-24T17:59", False, False),
        ("2026-11-24T18:00", True, True),
        ("2026-11-24T23:59", True, True),
        ("2026-11-25T00:00", True, True),
        ("2026-11-28T12:00", True, False),  # a Saturday
        ("2026-10-28T12:00", True, False),  # half term
        ("2026-11-02T12:00", False, False),  # INSET: people are there to read
        ("2026-12-21T12:00", True, False),  # after the end of term
        ("2026-10-25T06:59", True, True),  # the clocks went back in this night
        ("2027-07-22T12:00", True, False),  # summer, with a term to come
        ("2027-10-20T12:00", False, False),  # the calendar has run out: a Wednesday
        ("2027-10-23T12:00", True, False),  # and a Saturday
    ],
)
def test_what_is_quiet(
    at: str, quiet: bool, only_nights: bool, settings_of: Callable[[School], Settings], tmp_path: Path
) -> None:
    terms = "terms: [{name: A, from: 2026-09-02, to: 2026-12-18}, {name: S, from: 2027-01-05, to: 2027-07-21}, {name: B, from: 2027-09-02, to: 2027-10-01}]\n"
    closed = "closed: [{name: Half term, from: 2026-10-26, to: 2026-10-30}]\ninset: [2026-11-02]\nbank_holidays: none\n"
    school = School(tmp_path, calendar=terms + closed).write()
    calendar = settings_of(school).snapshot.calendar
    now = datetime.fromisoformat(at).replace(tzinfo=LONDON).timestamp()
    assert is_quiet(QuietEntry(), calendar, now) is quiet
    assert is_quiet(QuietEntry(school_days_only=False), calendar, now) is only_nights
    assert is_quiet(None, calendar, now) is False


def test_quiet_hours_may_lie_within_a_day(settings_of: Callable[[School], Settings], tmp_path: Path) -> None:
    calendar = settings_of(School(tmp_path).write()).snapshot.calendar
    lunch = QuietEntry.model_validate({"from": "12:00", "until": "13:00", "school_days_only": "false"})
    hours = {
        hour: is_quiet(lunch, calendar, datetime(2026, 11, 24, hour, 30, tzinfo=LONDON).timestamp())
        for hour in (11, 12, 13)
    }
    assert hours == {11: False, 12: True, 13: False}


def test_what_is_of_medium_priority_waits_for_monday_and_counts_until_then(alerted: Make) -> None:
    office = alerted(at="2026-11-27T18:30")  # a Friday
    office.block()
    assert office.run() == []
    assert office.at("2026-11-28T12:00") == []
    office.block()
    office.block(category="drugs")
    assert office.run() == []
    assert office.at("2026-11-30T06:59", 1) == []
    [mail] = office.at("2026-11-30T07:00")
    assert 'was blocked from "Adult sites" and "Drugs" 3 times, between Friday 27 November at 18:30' in mail.text
    assert office.at("2026-11-30T09:00") == []


def test_what_came_just_before_the_quiet_is_still_told(alerted: Make) -> None:
    office = alerted(at="2026-11-24T17:59:59")
    office.block()
    assert len(office.run()) == 1
    office.block("a.jones", client="127.0.3.8")
    assert office.run() == []


def test_high_priority_rings_at_night_and_so_does_what_becomes_so(alerted: Make) -> None:
    office = alerted(at="2026-11-28T02:00")
    office.block(category="self_harm")
    assert len(office.run()) == 1
    office.block("a.jones", client="127.0.3.8")
    assert office.run() == []
    for _ in range(9):
        office.block("a.jones", client="127.0.3.8")
    [mail] = office.run()
    assert "10 times" in str(mail.message["subject"])
    assert office.at("2026-11-30T07:00") == []


def test_a_follow_up_waits_for_the_morning_too(alerted: Make) -> None:
    office = alerted(at="2026-11-24T17:30")
    office.block()
    assert len(office.run()) == 1
    office.block()
    assert office.run() == []
    assert office.at("2026-11-24T18:31") == []
    office.block()
    assert office.at("2026-11-25T02:00") == []
    [mail] = office.at("2026-11-25T07:00")
    assert "twice more" in mail.text


def test_what_waits_outlives_the_office_and_new_settings_hold_for_it(alerted: Make) -> None:
    office = alerted(at="2026-11-27T20:00")
    office.block()
    assert office.run() == []
    office.restart()
    assert office.at("2026-11-28T10:00") == []
    assert [alert["state"] for alert in office.alerts()] == ["gathering"]
    without = office.settings.alerts.model_copy(update={"quiet": None})
    assert office.settings.alerts.quiet is not None
    office.restart(replace(office.settings, alerts=without))
    assert len(office.run()) == 1


def test_left_out_there_are_no_quiet_hours(alerted: Make) -> None:
    office = alerted("", at="2026-11-28T02:00")
    office.block()
    assert len(office.run()) == 1


def test_a_school_that_forgot_its_calendar_hears_on_weekdays(alerted: Make) -> None:
    office = alerted(at="2027-03-02T12:00", calendar=CALENDAR)  # months after its last term
    office.block()
    assert len(office.run()) == 1


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('quiet: {from: "18:00", until: "18:00"}\n', "config/alerts.yaml:1: begins and ends at once"),
        ('quiet: {from: "6pm"}\n', "config/alerts.yaml:1: '6pm'"),
        ("quiet: {form: x}\n", "config/alerts.yaml:1: unknown key 'form'; did you mean 'from'?"),
        ("quiet:\n  school_days_only: maybe\n", "config/alerts.yaml:2: 'maybe' is neither true nor false"),
    ],
)
def test_faults_are_told_by_line(
    written: str, words: str, tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    with pytest.raises(SettingsError) as error:
        settings_of(School(tmp_path, alerts=written).write())
    assert words in str(error.value)
