"""Lengths as people say them, on the school's clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schoolgate.policy.lengths import NoLength, until_of

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 24, 10, 42, 30, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("now", "length", "until"),
    [
        ("2026-11-24T10:42", "lesson", "2026-11-24T11:00"),
        ("2026-11-24T10:00", "lesson", "2026-11-24T11:00"),
        ("2026-11-24T10:45", "lesson", "2026-11-24T11:00"),
        ("2026-11-24T10:46", "lesson", "2026-11-24T12:00"),
        ("2026-11-24T23:50", "Lesson", "2026-11-25T01:00"),
        ("2026-11-24T10:42", "day", "2026-11-25T00:00"),
        ("2026-12-31T10:42", "day", "2027-01-01T00:00"),
        ("2026-11-24T10:42", "45m", "2026-11-24T11:27"),
        ("2026-11-24T10:42", "45 min", "2026-11-24T11:27"),
        ("2026-11-24T10:42", "2h", "2026-11-24T12:42"),
        ("2026-11-24T10:42", " 11:15 ", "2026-11-24T11:15"),
        ("2026-11-24T10:42", "2026-11-25T11:15", "2026-11-25T11:15"),
        ("2026-06-24T10:42", "2026-06-24T11:15Z", "2026-06-24T12:15"),
    ],
)
def test_it_ends_when_people_mean(now: str, length: str, until: str) -> None:
    found = until_of(length, datetime.fromisoformat(now).replace(tzinfo=LONDON))
    assert found == datetime.fromisoformat(until).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    "length", ["", "always", "0m", "10:42", "10:15", "-5m", "1d", "25:00", "soon", "٣m", "9999999h"]
)
def test_what_is_no_length_is_said(length: str) -> None:
    with pytest.raises(NoLength):
        until_of(length, NOW)


@given(st.text(max_size=12))
def test_any_text_is_an_end_that_lies_ahead_or_a_plain_refusal(length: str) -> None:
    try:
        assert until_of(length, NOW) > NOW
    except NoLength as error:
        assert str(error)
