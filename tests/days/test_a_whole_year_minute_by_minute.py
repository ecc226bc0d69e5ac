"""Every minute of a year, and of weeks that nobody thought of, against a slow reckoning that shares no code with ours.

The reference writes every worked minute of the clock on the wall into a set, day by day, as the files say it, and asks
for each minute of the world's time whether the wall shows one of them.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schoolgate.policy.calendar import Calendar
from schoolgate.settings.calendar_models import CalendarFile
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.school_models import SchoolFile
from schoolgate.settings.year import calendar_of

LONDON = ZoneInfo("Europe/London")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Wall = tuple[date, int]

YEAR: dict[str, Any] = {
    "working_hours": {"staff": {"mon-thu": ["08:15-12:15", "13:00-16:00"], "fri": ["08:15-12:15", "13:00-15:30"]}},
    "contracts": [
        {
            "id": "part-time",
            "people": ["p"],
            "hours": {"mon-wed": ["08:15-12:15"], "thu": ["08:15-12:15", "13:00-15:00"]},
            "breaks": {"mon-thu": ["10:30-10:45"]},
            "to": "2027-02-26",
        },
        {"id": "club", "people": ["p"], "hours": {"wed": ["10:40-12:30"]}, "inset": "false"},
        {
            "id": "nights",
            "people": ["n"],
            "hours": {"sun-thu": ["22:00-06:00"], "sat": ["19:30-01:45"]},
            "breaks": {"sun-thu": ["01:15-01:45"]},
            "works": "all_year",
        },
    ],
    "duties": [
        {"name": "Playground", "people": ["p"], "every": {"tue": ["12:15-12:45"]}, "from": "2026-10-01"},
        {"name": "Evening", "groups": ["staff"], "on": ["2026-11-26", "2027-02-16"], "hours": ["17:00-19:30"]},
    ],
    "leave": [
        {"people": ["p", "n"], "from": "2026-11-23", "to": "2026-11-24"},
        {"people": ["f"], "from": "2027-03-01", "to": "2027-03-31"},
        {"people": ["p", "n"], "from": "2026-10-24", "to": "2026-11-05", "hours": ["00:30-02:15", "10:00-11:00"]},
    ],
    "terms": [
        {"name": "Autumn", "from": "2026-09-02", "to": "2026-12-18"},
        {"name": "Spring", "from": "2027-01-05", "to": "2027-03-25"},
        {"name": "Summer", "from": "2027-04-12", "to": "2027-07-21"},
    ],
    "closed": [
        {"name": "Half term", "from": "2026-10-26", "to": "2026-10-30"},
        {"name": "February", "from": "2027-02-15", "to": "2027-02-19"},
        {"name": "Shutdown", "from": "2026-12-24", "to": "2026-12-31", "everybody": "true"},
    ],
    "inset": ["2026-09-01", "2027-01-04", "2027-06-09"],
}
WHO = {"f": "staff", "p": "staff", "n": "site"}


def _calendar(year: dict[str, Any]) -> Calendar:
    school = SchoolFile.model_validate({"name": "S", "roles": {}})
    groups = {name: {"title": name} for name in ("staff", "site")}
    people = {login: {"name": login, "group": group} for login, group in WHO.items()}
    written = PeopleFile.model_validate({"groups": groups, "unknown": "staff", "people": people})
    return calendar_of(school, CalendarFile.model_validate(year), written)


def _minutes(day: date, stretches: list[str]) -> Iterator[Wall]:
    for stretch in stretches:
        (h, m), (to_h, to_m) = (map(int, clock.split(":")) for clock in stretch.split("-"))
        at, end = h * 60 + m, to_h * 60 + to_m
        if end <= at:
            end += 1440
        while at < end:
            yield day + timedelta(days=at // 1440), at % 1440
            at += 1


def _on(day: date, week: dict[str, list[str]]) -> list[str]:
    found: list[str] = []
    for span, stretches in week.items():
        first, _, last = span.partition("-")
        number, meant = DAYS.index(first), [first]
        while last and meant[-1] != last:
            number = (number + 1) % 7
            meant.append(DAYS[number])
        if DAYS[day.weekday()] in meant:
            found += stretches
    return found


def _within(day: date, entry: dict[str, Any]) -> bool:
    return str(entry.get("from", "0000")) <= day.isoformat() <= str(entry.get("to", "9999"))


def _worked(year: dict[str, Any], login: str, first: date, last: date) -> set[Wall]:
    """Every minute on the wall in which somebody works, from the files as they are written."""
    group, worked, day = WHO[login], set[Wall](), first - timedelta(days=2)
    while day <= last:
        iso = day.isoformat()
        shut = any(_within(day, each) and each.get("everybody") == "true" for each in year.get("closed", []))
        closed = any(_within(day, each) for each in year.get("closed", []))
        inset = iso in year.get("inset", []) and not closed
        in_term = not year.get("terms") or any(_within(day, each) for each in year["terms"])
        leave = [each for each in year.get("leave", []) if login in each["people"]]
        away = any("hours" not in each and _within(day, each) for each in leave)
        mine = [each for each in year.get("contracts", []) if login in each.get("people", []) and _within(day, each)]
        if not mine and group in year.get("working_hours", {}):
            mine = [{"hours": year["working_hours"][group]}]
        for contract in mine:
            if shut or (inset and contract.get("inset") == "false"):
                continue
            if contract.get("works") != "all_year" and not inset and (closed or not in_term):
                continue
            hours = set(_minutes(day, _on(day, contract["hours"])))
            for at, minute in _minutes(day, _on(day, contract.get("breaks", {}))):
                hours -= {(at, minute), (at + timedelta(days=1), minute)}
            if not away:
                worked |= hours
        for duty in year.get("duties", []):
            if away or (login not in duty.get("people", []) and group not in duty.get("groups", [])):
                continue
            if iso in duty.get("on", []) and not shut:
                worked |= set(_minutes(day, duty["hours"]))
            elif in_term and not closed and not inset and _within(day, duty):
                worked |= set(_minutes(day, _on(day, duty.get("every", {}))))
        day += timedelta(days=1)
    return worked - set(_away(year, login, first, last))


def _away(year: dict[str, Any], login: str, first: date, last: date) -> Iterator[Wall]:
    """Every minute in which somebody is on leave for some hours."""
    for each in year.get("leave", []):
        for number in range((last - first).days + 5):
            day = first + timedelta(days=number - 2)
            if "hours" in each and login in each["people"] and _within(day, each):
                yield from _minutes(day, each["hours"])


def _differences(calendar: Calendar, year: dict[str, Any], login: str, first: date, days: int) -> list[str]:
    worked = _worked(year, login, first, first + timedelta(days=days + 1))
    at = datetime(first.year, first.month, first.day, tzinfo=UTC)
    wrong = []
    for _ in range(days * 1440):
        local = at.astimezone(LONDON)
        expected = (local.date(), local.hour * 60 + local.minute) in worked
        moment = calendar.moment(at, WHO[login], login)
        if ("working_hours" in moment.periods) is not expected:
            wrong.append(f"{at:%Y-%m-%d %H:%M} {moment.words}")
        assert ("working_hours" in moment.periods) is not ("outside_working_hours" in moment.periods)
        at += timedelta(minutes=1)
    return wrong


@pytest.mark.parametrize(
    ("login", "first", "days"), [("p", "2026-08-20", 366), ("n", "2026-08-20", 366), ("f", "2027-01-01", 120)]
)
def test_a_school_year(login: str, first: str, days: int) -> None:
    begin = date.fromisoformat(first)
    assert _differences(_calendar(YEAR), YEAR, login, begin, days) == []
    assert len(_worked(YEAR, login, begin, begin + timedelta(days=days))) > 200 * 60, "there is something to compare"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def _stretches(draw: st.DrawFn) -> list[str]:
    """Up to three stretches of a day in order, the last perhaps of a night."""
    count = draw(st.integers(1, 3))
    marks = draw(st.lists(st.integers(240, 1439), min_size=2 * count, max_size=2 * count, unique=True).map(sorted))
    stretches = [f"{_clock(a)}-{_clock(b)}" for a, b in zip(marks[::2], marks[1::2], strict=True)]
    if marks[-2] >= 720 and draw(st.booleans()):
        stretches[-1] = f"{_clock(marks[-2])}-{_clock(draw(st.integers(0, 119)))}"
    return stretches


_spans = st.sampled_from(["mon", "tue", "wed-fri", "sat-sun", "mon-sun", "fri-mon", "thu"])
_weeks = st.tuples(_spans, _stretches()).map(lambda item: {item[0]: item[1]})
_dates = st.integers(0, 20).map(lambda number: (date(2026, 10, 15) + timedelta(days=number)).isoformat())
_periods = st.lists(_dates, min_size=2, max_size=2).map(
    lambda ends: dict(zip(("from", "to"), sorted(ends), strict=True))
)
_contracts = st.fixed_dictionaries(
    {"people": st.just(["p"]), "hours": _weeks},
    optional={"works": st.sampled_from(["term", "all_year"]), "inset": st.sampled_from(["true", "false"])},
)
_years = st.fixed_dictionaries(
    {
        "working_hours": _weeks.map(lambda week: {"staff": week}),
        "contracts": st.lists(st.tuples(_contracts, _periods).map(lambda two: two[0] | two[1]), max_size=3),
        "leave": st.lists(
            st.tuples(_periods, st.sampled_from([{}, {"hours": ["00:00-05:00", "09:00-12:30"]}])).map(
                lambda two: {"people": ["p"]} | two[0] | two[1]
            ),
            max_size=2,
        ),
        "closed": st.lists(
            st.tuples(_periods, st.sampled_from(["true", "false"])).map(
                lambda two: {"name": "C", "everybody": two[1]} | two[0]
            ),
            max_size=2,
        ),
        "terms": st.lists(_periods.map(lambda period: {"name": "T"} | period), max_size=1),
        "inset": st.lists(_dates, max_size=2),
        "duties": st.lists(
            st.one_of(
                _weeks.map(lambda week: {"name": "D", "groups": ["staff"], "every": week}),
                st.tuples(_dates, _stretches()).map(
                    lambda two: {"name": "D", "people": ["p"], "on": [two[0]], "hours": two[1]}
                ),
            ),
            max_size=2,
        ),
    }
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_years, st.integers(0, 12))
def test_weeks_that_nobody_thought_of(year: dict[str, Any], begin: int) -> None:
    for number, contract in enumerate(year["contracts"]):
        contract["id"] = str(number)
    assert _differences(_calendar(year), year, "p", date(2026, 10, 15) + timedelta(days=begin), 5) == []
