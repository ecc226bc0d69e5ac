"""The lists' screen: what is held, what it says of a site, and the verdict for a group at a time, as the gateway's."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from pretend.school import RULES, School
from schoolgate.cli import main

MARKUP = "<script>alert(1)</script>"
PLAY = "  - {id: pupils-play, groups: [pupils], categories: [games], action: block, why: Devices are for learning.}\n"


@pytest.fixture
def school(school: School) -> School:
    school.rules = RULES + PLAY
    return school.write()


def test_every_kind_of_site_stands_with_its_entries(console: Any) -> None:
    page = console.browser("t.tech").get("/lists").text
    titles = {each.title for each in console.settings.snapshot.categories.values()}
    assert sum(f'data-label="Kind of site">{title}<' in page for title in titles) > 20
    assert "schoolgate and the school" in page


def test_a_site_is_looked_up_with_all_that_is_known_of_it(console: Any) -> None:
    page = console.browser("d.safe").get("/lists?site=www.pornhub.com/x").text
    assert "adult, because adult lists pornhub.com (curated)" in page
    assert "no list names it" in console.browser("d.safe").get("/lists?site=nowhere-at-all.example").text


@pytest.mark.parametrize("at", ["", "2026-11-24T10:42", "2026-11-28T10:42"])
@pytest.mark.parametrize("url", ["https://www.facebook.com/x", "pornhub.com", "news.example"])
def test_the_verdict_is_the_one_of_the_command(console: Any, url: str, at: str) -> None:
    page = console.browser("t.tech").get(f"/lists?url={url}&group=staff&at={at}").text
    command = ["check", url, "--group", "staff", "--json", "--config", str(console.settings.folders.config)]
    said = json.loads(CliRunner().invoke(main, [*command, "--at", at or console.now.isoformat()]).output)
    said = said[0] if isinstance(said, list) else said
    assert f'<span class="state {said["action"]}">' in page
    assert said["why"].replace("'", "&#39;") in page
    assert (said["rule"] or "") in page


def test_what_is_opened_for_a_while_is_open_here_too(console: Any) -> None:
    play = {"host": "www.roblox.com", "path": "/", "category": "games", "action": "block", "group": "pupils"}
    event = console.visit("", person="", **play)
    browser, asked = console.browser("t.tech"), "/lists?url=www.roblox.com&group=pupils"
    assert '<span class="state block">' in browser.get(asked).text
    browser.get("/unblock")
    given = {"site": "roblox.com", "group": "pupils", "length": "day", "why": "Year 5 builds a game"}
    assert browser.post("/unblock/open", given).status_code == 303
    assert '<span class="state allow">' in browser.get(asked).text
    assert "the same address is <strong>let through</strong>" in browser.get(f"/log/{event.id}").text


@pytest.mark.parametrize(
    "query", ["site=http://[", "url=http://[&group=pupils", "url=x.example&group=nobody", "url=x.example&at=soon"]
)
def test_what_makes_no_sense_is_said_in_words(console: Any, query: str) -> None:
    answer = console.browser("t.tech").get(f"/lists?{query}")
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_what_is_asked_is_shown_as_text(console: Any) -> None:
    browser = console.browser("t.tech")
    for query in (f"site=x.example/{MARKUP}", f"url=x.example/{MARKUP}&group=pupils&at={MARKUP}"):
        assert MARKUP not in browser.get(f"/lists?{query}").text
