"""Periods are half-open, on the school's clock, and meet without a gap."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from schoolgate.policy.calendar import Calendar, Period
from schoolgate.reporting.period import before, span, terms_of
from schoolgate.reporting.schedule import due, stretch

LONDON = ZoneInfo("Europe/London")
TERMS = (
    Period("Autumn 2026", date(2026, 9, 2), date(2026, 12, 18)),
    Period("Spring 2027", date(2027, 1, 5), date(2027, 3, 25)),
    Period("Summer 2027", date(2027, 4, 12), date(2027, 7, 21)),
)
CALENDAR = Calendar(LONDON, terms=TERMS)
HALF_PAST_FOUR = 16 * 60 + 30


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("period", "day", "since", "until"),
    [
        ("day", "2026-10-25", "2026-10-24T23:00:00.000Z", "2026-10-26T00:00:00.000Z"),  # clocks go back: 25 hours
        ("day", "2027-03-28", "2027-03-28T00:00:00.000Z", "2027-03-28T23:00:00.000Z"),  # and forward: 23
        ("week", "2026-10-25", "2026-10-18T23:00:00.000Z", "2026-10-26T00:00:00.000Z"),
        ("term", "2027-01-05", "2027-01-05T00:00:00.000Z", "2027-03-26T00:00:00.000Z"),
        ("year", "2026-09-01", "2026-07-31T23:00:00.000Z", "2027-07-31T23:00:00.000Z"),
        ("year", "2027-07-31", "2026-07-31T23:00:00.000Z", "2027-07-31T23:00:00.000Z"),
    ],
)
def test_a_period_begins_and_ends_at_the_schools_midnight(period: str, day: str, since: str, until: str) -> None:
    found = span(period, date.fromisoformat(day), CALENDAR)
    assert (found.since, found.until) == (since, until)


@pytest.mark.parametrize("period", ["day", "week", "year"])
def test_the_period_before_ends_where_this_one_begins(period: str) -> None:
    day = date(2026, 1, 1)
    for _ in range(400):
        day += timedelta(days=1)
        earlier = before(period, day, CALENDAR)
        assert earlier is not None
        assert earlier.until == span(period, day, CALENDAR).since


def test_the_term_before_is_the_last_that_ended_and_the_first_has_none() -> None:
    assert before("term", date(2026, 9, 2), CALENDAR) is None
    earlier = before("term", date(2027, 4, 12), CALENDAR)
    assert earlier is not None
    assert earlier.words == "Spring 2027"


def test_a_school_year_holds_the_terms_that_begin_in_it() -> None:
    assert [term.name for term in terms_of(date(2027, 6, 1), CALENDAR)] == [term.name for term in TERMS]
    assert span("year", date(2027, 6, 1), CALENDAR).words == "School year 2026/27"


@pytest.mark.parametrize(
    ("period", "when", "now", "moment"),
    [
        ("week", "fri", "2026-11-27T16:29", "2026-11-20T16:30"),
        ("week", "fri", "2026-11-27T16:30", "2026-11-27T16:30"),
        ("week", "fri", "2026-11-30T08:00", "2026-11-27T16:30"),  # the gateway was off on Friday
        ("day", "school_days", "2026-11-29T20:00", "2026-11-27T16:30"),
        ("day", "school_days", "2027-01-02T20:00", None),  # holidays
        ("term", "end", "2026-12-18T23:59", None),
        ("term", "end", "2026-12-19T16:30", "2026-12-19T16:30"),
        ("term", "end", "2027-02-01T10:00", "2026-12-19T16:30"),
        ("year", "end", "2027-07-22T16:29", None),
        ("year", "end", "2027-08-20T10:00", "2027-07-22T16:30"),
    ],
)
def test_a_report_is_due_at_its_moment_and_stays_so(period: str, when: str, now: str, moment: str | None) -> None:
    assert due(period, when, HALF_PAST_FOUR, at(now), CALENDAR) == (at(moment) if moment else None)


def test_weekly_reports_meet_and_a_term_is_told_whole() -> None:
    moment, last = at("2026-11-27T16:30"), at("2026-11-20T16:31")
    told, earlier = stretch("week", "fri", moment, at("2026-11-27T16:31"), last, CALENDAR)
    assert (told.since, told.until) == ("2026-11-20T16:31:00.000Z", "2026-11-27T16:31:00.000Z")
    assert earlier is not None
    assert (earlier.since, earlier.until) == ("2026-11-13T16:31:00.000Z", told.since)
    whole, earlier = stretch("term", "end", at("2027-03-26T16:30"), at("2027-04-02T09:00"), None, CALENDAR)
    assert (whole.words, whole.until) == ("Spring 2027", "2027-03-26T00:00:00.000Z")
    assert earlier is not None
    assert earlier.words == "Autumn 2026"
