"""The reports' screen: who may read which, as page and text, for the period of a day; harmless whatever is in them."""

import re
from html import unescape
from typing import Any

import pytest
from click.testing import CliRunner
from schoolgate.commands.reports import reports

MARKUP = "<script>alert(1)</script>"


def _names(console: Any, login: str) -> list[str]:
    return re.findall(r'action="/reports/([a-z_]+)"', console.browser(login).get("/reports").text)


def test_leaders_read_all_and_others_what_their_role_gets(console: Any) -> None:
    everything = _names(console, "h.head")
    assert {"digest", "term_governors", "week_technician", "year_review"} <= set(everything)
    assert _names(console, "d.safe") == everything
    assert set(_names(console, "c.chair")) == {"term_governors", "year_review"}
    assert _names(console, "t.tech") == ["week_technician"]
    assert console.browser("a.jones").get("/reports").status_code == 403


@pytest.mark.parametrize(("login", "name"), [("c.chair", "digest"), ("t.tech", "digest"), ("h.head", "nothing")])
def test_what_is_not_for_a_role_is_not_there(console: Any, login: str, name: str) -> None:
    assert console.browser(login).get(f"/reports/{name}").status_code == 404


def test_a_report_is_rendered_for_the_period_of_a_day(console: Any) -> None:
    console.visit(
        "a.jones", host=f"x{MARKUP}.example", action="block", group="pupils", category="adult", alert="immediate"
    )
    browser = console.browser("d.safe")
    page = browser.get("/reports/digest?day=2026-11-24&as=page")
    assert page.status_code == 200
    assert "24 November 2026" in page.text
    assert MARKUP not in page.text
    policy = page.headers["content-security-policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-same-origin"
    text = browser.get("/reports/digest?day=2026-11-24&as=text")
    assert text.headers["content-security-policy"] != policy
    assert "24 November 2026" in text.text
    assert MARKUP not in text.text


@pytest.mark.parametrize("query", ["day=tomorrow", "day=0001-01-01", "as=exe", "day=9999-12-31"])
def test_a_day_that_is_none_is_said_in_words(console: Any, query: str) -> None:
    answer = console.browser("h.head").get(f"/reports/digest?{query}")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_a_day_in_no_term_is_said_in_words(console: Any) -> None:
    answer = console.browser("c.chair").get("/reports/term_governors?day=2026-08-10")
    assert answer.status_code == 400
    assert "lies in no term" in answer.text


def test_a_number_leads_through_its_note_to_the_events_in_the_log(console: Any) -> None:
    about = {"action": "block", "alert": "immediate", "theme": "content"}
    for minute in range(3):
        console.visit("a.jones", minute, group="pupils", category="adult", host=f"one{minute}.example", **about)
    console.visit("a.jones", 9, group="staff", category="gambling", host="two.example", **about)
    browser = console.browser("h.head")
    page = browser.get("/reports/digest?day=2026-11-24&as=page").text
    [(number, shown)] = re.findall(r'<td>Pupil devices</td><td class="n"><a href="#note-(\d+)"[^>]*>(\d+)</a>', page)
    note = page.partition(f'id="note-{number}"')[2].partition("</li>")[0]
    link = unescape(re.findall(r'href="(/log[^"]*)"', note)[0])
    assert link == "/log?since=2026-11-24&until=2026-11-24&action=block&category=adult&group=pupils"
    assert len(set(re.findall(r"one\d\.example", browser.get(link).text))) == int(shown) == 3
    assert "two.example" not in browser.get(link).text
    assert "/log?" not in console.browser("c.chair").get("/reports/term_governors?day=2026-11-24").text


def test_a_report_that_cannot_be_used_is_named_by_file_and_line(console: Any) -> None:
    folder = console.settings.folders.root / "reports"
    folder.mkdir()
    (folder / "mine.html").write_text("{#---\ntitel: Ours\nto: [dsl]\nperiod: week\n---#}\n")
    page = console.browser("d.safe").get("/reports")
    assert "Left out: reports/mine.html:2: unknown key" in page.text
    assert 'action="/reports/digest"' in page.text
    told = CliRunner().invoke(reports, ["--config", str(console.settings.folders.config)])
    assert told.exit_code == 0
    assert "Left out: reports/mine.html:2: unknown key" in told.stderr
