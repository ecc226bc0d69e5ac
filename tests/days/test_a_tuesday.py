"""A whole school day, told hour by hour: the same requests mean different things at different times."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from schoolgate.policy.decision import decide
from schoolgate.policy.request import request_from_url
from schoolgate.settings.load import Settings

TEACHER, PUPIL, GUEST, STRANGER = "10.30.1.7", "10.20.3.4", "10.40.0.9", "192.0.2.50"


@pytest.fixture(scope="module")
def decide_at(default: Settings) -> Callable[[str, str, str], str]:

    def answer(at: str, client: str, url: str) -> str:
        moment = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo("Europe/London"))
        verdict = decide(request_from_url(url, at=moment, client=client), default.snapshot)
        return f"{verdict.action} {verdict.category}".strip() if verdict.rule else str(verdict.action)

    return answer


@pytest.mark.parametrize(
    ("at", "who", "url", "verdict"),
    [
        ("2026-11-24T07:50", TEACHER, "https://www.facebook.com/", "allow"),
        ("2026-11-24T08:15", TEACHER, "https://www.facebook.com/", "log social_media"),
        ("2026-11-24T09:05", TEACHER, "https://www.bbc.co.uk/bitesize", "allow"),
        ("2026-11-24T09:10", PUPIL, "https://www.bbc.co.uk/bitesize", "allow"),
        ("2026-11-24T09:12", PUPIL, "https://en.wikipedia.org/wiki/Breast_cancer", "allow"),
        ("2026-11-24T09:15", PUPIL, "https://www.ushmm.org/learn", "allow"),
        ("2026-11-24T09:20", PUPIL, "https://www.pornhub.com/", "block adult"),
        ("2026-11-24T09:21", STRANGER, "https://www.pornhub.com/", "block adult"),
        ("2026-11-24T09:22", GUEST, "https://www.pornhub.com/", "block adult"),
        ("2026-11-24T10:42", TEACHER, "https://www.amazon.co.uk/", "log shopping"),
        ("2026-11-24T12:15", TEACHER, "https://www.amazon.co.uk/", "allow"),
        ("2026-11-24T12:16", PUPIL, "https://www.bet365.com/", "block gambling"),
        ("2026-11-24T12:59", TEACHER, "https://www.amazon.co.uk/", "allow"),
        ("2026-11-24T13:00", TEACHER, "https://www.amazon.co.uk/", "log shopping"),
        ("2026-11-24T14:00", TEACHER, "https://www.pornhub.com/", "block adult"),
        ("2026-11-24T16:00", TEACHER, "https://www.amazon.co.uk/", "allow"),
        ("2026-11-24T20:00", TEACHER, "https://www.pornhub.com/", "block adult"),
        ("2026-11-24T20:00", PUPIL, "https://www.pornhub.com/", "block adult"),
        ("2026-11-27T15:29", TEACHER, "https://www.amazon.co.uk/", "log shopping"),
        ("2026-11-27T15:30", TEACHER, "https://www.amazon.co.uk/", "allow"),
        ("2026-11-28T10:42", TEACHER, "https://www.amazon.co.uk/", "allow"),
        ("2026-10-27T10:42", TEACHER, "https://www.amazon.co.uk/", "allow"),
        ("2026-09-01T10:42", TEACHER, "https://www.amazon.co.uk/", "log shopping"),
        ("2027-05-03T10:42", TEACHER, "https://www.amazon.co.uk/", "allow"),
        ("2026-12-25T10:42", TEACHER, "https://www.amazon.co.uk/", "allow"),
        ("2027-03-29T10:42", TEACHER, "https://www.amazon.co.uk/", "allow"),
    ],
)
def test_the_day(decide_at: Callable[[str, str, str], str], at: str, who: str, url: str, verdict: str) -> None:
    assert decide_at(at, who, url) == verdict
