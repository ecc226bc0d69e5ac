"""The digest says what the record says, in words: who, what, how often, when, and nothing that was not asked for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pretend.school import School
from schoolgate.policy.calendar import Calendar, Period
from schoolgate.policy.decision import decide
from schoolgate.policy.request import request_from_url
from schoolgate.policy.rules import Alert
from schoolgate.policy.visits import Kind, Origin
from schoolgate.reporting.filling import number, times
from schoolgate.reporting.period import span
from schoolgate.reporting.report import Rendered, render_report, who_is
from schoolgate.settings.load import Settings
from schoolgate.store.event import event_of
from schoolgate.store.journal import Journal
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.record import open_reader

LONDON = ZoneInfo("Europe/London")


class Week:
    """A record of a week that can be told event by event."""

    def __init__(self, settings: Settings, data: Path) -> None:
        self.settings, self.data = settings, data
        self.pseudonyms, self.journal = open_pseudonyms(data), Journal(data, "w")

    def tell(self, at: str, client: str, url: str, alert: Alert | None = None, user: str | None = None) -> None:
        moment = datetime.fromisoformat(at).replace(tzinfo=LONDON)
        request = request_from_url(url, at=moment, client=client, user=user)
        verdict = decide(request, self.settings.snapshot)
        verdict = replace(verdict, alert=alert or verdict.alert)
        event = event_of(request, verdict, Origin(Kind.VISIT, "a test"), self.pseudonyms)
        self.journal.append({"t": "event", **event.row()})

    def digest(self, period: str, day: str = "2026-11-24") -> Rendered:
        days = span(period, datetime.fromisoformat(day).date(), self.settings.snapshot.calendar)
        with open_reader(self.data, with_waiting=True) as reader:
            return render_report("digest", days, reader, self.settings, who_is(self.settings, self.pseudonyms))


@pytest.fixture
def week(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Week:
    return Week(settings_of(School(tmp_path / "school").write()), tmp_path)


def test_an_empty_day_says_so(week: Week) -> None:
    rendered = week.digest("day")
    assert rendered.subject == "St Test's School: Tuesday 24 November 2026, nothing was blocked"
    assert rendered.text.count("Nothing.") == 2
    assert "None was recorded." in rendered.text
    assert "Nobody." in rendered.text
    for words in ("CONTESTED", "DOES NOT COUNT"):
        assert words not in rendered.text


def test_days_are_named_where_they_differ(week: Week) -> None:
    week.tell("2026-11-23T09:00", "127.0.0.2", "pornhub.com")
    week.tell("2026-11-26T14:00", "127.0.0.2", "pornhub.com")
    week.tell("2026-11-24T09:00", "127.0.2.5", "pornhub.com")
    week.tell("2026-11-24T11:00", "127.0.2.5", "pornhub.com")
    text = week.digest("week").text
    assert (
        'Device 127.0.0.2 (Pupil devices) was blocked from "Adult sites" twice: Mon 23 Nov 09:00 to Thu 26 Nov 14:00.'
        in text
    )
    assert "twice: Tue 24 Nov 09:00 to 11:00." in text
    assert "127.0.0.2" not in week.digest("day").text


def test_every_line_stands_by_itself_and_staff_stand_under_a_code(week: Week) -> None:
    for client in ("127.0.0.3", "127.0.0.33"):
        week.tell("2026-11-24T10:00", client, "amazon.co.uk", user="j.smith")
        week.tell("2026-11-24T10:05", "127.0.0.3", "facebook.com")
    text = week.digest("day").text
    lines, person = text.splitlines(), week.pseudonyms.of("user", "j.smith")
    visits = [line for line in lines if line.startswith(f"- {person} (Staff): amazon.co.uk")]
    assert len(visits) == 2
    assert all(line.endswith(", 1 page, 1 minute, Tue 24 Nov 10:00.") for line in visits)
    device = week.pseudonyms.of("device", "127.0.0.3")
    assert any(line.startswith(f"- {device} (Staff): facebook.com") for line in lines)
    assert all(line.count("Tue 24 Nov") <= 1 for line in lines)
    assert "j.smith" not in text


def test_what_rules_keep_quiet_stays_quiet(week: Week) -> None:
    week.tell("2026-11-24T09:00", "127.0.0.2", "pornhub.com", alert=Alert.NONE)
    week.tell("2026-11-24T09:00", "127.0.0.3", "facebook.com", alert=Alert.NONE)
    rendered = week.digest("day")
    assert "Adult" not in rendered.text
    assert "facebook" not in rendered.text
    assert "1 request more met rules that ask for no report." in rendered.text


def test_hostile_names_show_as_text(week: Week) -> None:
    week.tell("2026-11-24T09:00", "127.0.0.2", "pornhub.com", user="<script>alert(1)</script>")
    week.tell("2026-11-24T09:00", "<b>127.0.0.2</b>", "pornhub.com")
    html = week.digest("day").html
    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;b&gt;" in html


def test_the_term_is_the_one_that_the_day_lies_in(week: Week) -> None:
    with pytest.raises(ValueError, match="no term"):
        week.digest("term")
    first, last = datetime(2026, 9, 2).date(), datetime(2026, 12, 18).date()  # noqa: DTZ001
    autumn = span("term", datetime(2026, 11, 24).date(), Calendar(LONDON, terms=(Period("Autumn", first, last),)))  # noqa: DTZ001
    assert (autumn.words, autumn.since, autumn.until) == (
        "Autumn", "2026-09-01T23:00:00.000Z", "2026-12-19T00:00:00.000Z"
    )  # fmt: skip


def test_numbers_are_said_as_people_say_them() -> None:
    assert [times(n) for n in (1, 2, 3)] == ["once", "twice", "3 times"]
    assert [number(n, "page", "pages") for n in (0, 1, 2)] == ["0 pages", "1 page", "2 pages"]
