"""The digest is fair: visits as spells, contested ones apart, cleared ones nowhere, and the watchers are watched."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pretend.school import School
from pretend.told import Told, named_school
from schoolgate.reporting.period import span
from schoolgate.reporting.report import Rendered, render_report, who_is
from schoolgate.settings.load import Settings
from schoolgate.store.event import Deed
from schoolgate.store.record import open_reader

DAY = "2026-11-24T"
MONITORING = """
official_pages:
  - {url: facebook.com/ourschool, title: Our page, approver: headteacher, review: 2026-09-01}
"""


@pytest.fixture
def told(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Told:
    school = named_school(tmp_path)
    (school.config / "monitoring.yaml").write_text(MONITORING)
    return Told(settings_of(school))


def digest(told: Told, period: str = "day", day: str = "2026-11-24") -> Rendered:
    days = span(period, date.fromisoformat(day), told.settings.snapshot.calendar)
    with open_reader(told.data, with_waiting=True) as reader:
        return render_report("digest", days, reader, told.settings, who_is(told.settings, told.pseudonyms))


def test_pages_of_one_site_are_one_line_with_minutes(told: Told) -> None:
    for minute in (40, 41, 44, 59):
        told.event(f"{DAY}10:{minute}")
    text = digest(told).text
    code = told.code("j.smith")
    assert f"- {code} (Staff): www.facebook.com (Social media), 4 pages, 4 minutes, Tue 24 Nov 10:40 to 10:59." in text


def test_what_is_contested_stands_apart_and_is_not_counted(told: Told) -> None:
    visit, block = told.event(f"{DAY}10:40"), told.block(f"{DAY}10:50")
    assert "1 request blocked" in digest(told).subject
    contest = told.contest(f"{DAY}11:00", visit, block)
    rendered = digest(told)
    assert "nothing was blocked" in rendered.subject
    assert "None was recorded." in rendered.text
    assert f"{told.code('j.smith')} says that 2 entries should not count (Adult sites, Social media; " in rendered.text
    assert contest.ref in rendered.text
    assert contest.ref in rendered.html
    assert contest.ref in digest(told, day="2026-11-25").text


def test_what_is_cleared_is_never_counted_again(told: Told) -> None:
    visit, block = told.event(f"{DAY}10:40"), told.block(f"{DAY}10:50")
    told.answer(f"{DAY}12:00", told.contest(f"{DAY}11:00", visit, block), "upheld")
    for period in ("day", "week", "term"):
        rendered = digest(told, period)
        assert "nothing was blocked" in rendered.subject
        assert "facebook" not in rendered.text
        assert "WAITING FOR AN ANSWER" not in rendered.text
        assert "1 visit: cleared, because a contest was upheld" in rendered.text
        assert "Contests answered: 1 upheld, 0 refused." in rendered.text


def test_what_is_refused_counts(told: Told) -> None:
    visit = told.event(f"{DAY}10:40")
    told.answer(f"{DAY}12:00", told.contest(f"{DAY}11:00", visit), "refused")
    text = digest(told).text
    assert "www.facebook.com (Social media), 1 page" in text
    assert "Contests answered: 0 upheld, 1 refused." in text


def test_what_was_left_out_is_told_in_numbers_only(told: Told) -> None:
    left = {"action": "allow", "alert": "none"}
    told.event(f"{DAY}10:40", left_out="said to be a break", **left)
    told.event(f"{DAY}10:41", left_out="said to be work: a gift for Year 6", **left)
    told.event(f"{DAY}10:42", left_out="work: the agreed channel 'News' (approved by Ms Head)", **left)
    told.event(f"{DAY}10:43", left_out="work: needed for 'history', declared ahead, until 12:00", **left)
    text = digest(told).text
    assert "- 2 visits: work: official pages, agreed channels, lessons." in text
    assert "- 1 visit: said to be in a break." in text
    assert "- 1 visit: said to be for work." in text
    assert "facebook" not in text
    assert "Year 6" not in text


def test_who_looked_at_whose_record_is_told_by_role_and_code(told: Told) -> None:
    chair = f"chair_of_governors {told.code('c.chair')}"
    dsl = f"dsl {told.code('d.safe')}"
    told.deed(f"{DAY}09:00", Deed.REVEALED, dsl, person=told.code("j.smith"), why="a worry")
    told.deed(f"{DAY}09:10", Deed.VIEWED, dsl, person=told.code("j.smith"), why="a worry")
    told.deed(f"{DAY}09:20", Deed.VIEWED, dsl, person=told.code("j.smith"), why="again")
    told.deed(f"{DAY}09:30", Deed.EXPORTED, dsl, person=told.code("a.jones"), entry="evidence", why="a case")
    told.deed(f"{DAY}09:40", Deed.VIEWED, chair, person=told.code("h.head"), why="a complaint about the head")
    told.deed(
        f"{DAY}09:50", Deed.EXPORTED, told.code("j.smith"), person=told.code("j.smith"), entry="sar", why="for myself"
    )
    rendered = digest(told)
    looked = f"dsl ({told.code('d.safe')})"
    person = told.code("j.smith")
    assert f"- {looked} had a name shown of {person}, once: a worry." in rendered.text
    assert f"- {looked} looked at a record of {person}, twice: a worry; again." in rendered.text
    assert f"- {looked} took a copy out of {told.code('a.jones')}, once: a case (evidence)." in rendered.text
    for part in (rendered.text, rendered.html):
        assert "a complaint about the head" not in part
        assert "for myself" not in part
        for name in ("d.safe", "Safeman", "j.smith"):
            assert name not in part


def test_overdue_pages_are_told(told: Told) -> None:
    assert "Our page" in digest(told).text
    assert "to be reviewed by 2026-09-01" in digest(told).html


def test_a_template_of_an_older_version_still_works(told: Told) -> None:
    told.event(f"{DAY}10:40")
    reports = told.settings.folders.root / "reports"
    reports.mkdir()
    old = "{% for row in query('select person, client from visits') %}{{ who(row.person, row.client) }}{% endfor %}"
    (reports / "digest.html").write_text(old)
    assert digest(told).text.strip() == told.code("j.smith")
