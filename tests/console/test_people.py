"""The list of people: under codes, with what counts and what is open, never the reader's own line."""

from typing import Any

from schoolgate.store.event import Deed


def _line(page: str, code: str) -> str:
    found = [line for line in page.splitlines() if f'"/records/{code}"' in line]
    return found[0] if found else ""


def test_people_stand_under_codes_with_times_and_minutes(console: Any) -> None:
    console.visit("a.jones", 0)
    console.visit("a.jones", 2, path="/more")
    console.visit("a.jones", 90)
    console.visit("a.jones", 95, left_out="in their break")
    console.visit("h.head", 0)
    page = console.browser("h.head").get("/people").text
    line = _line(page, console.code("a.jones"))
    assert 'data-label="Times" class="figure">2<' in line
    assert 'data-label="Minutes" class="figure">3<' in line
    assert not _line(page, console.code("h.head"))
    assert "Jones" not in page


def test_what_is_contested_does_not_count_and_waits(console: Any) -> None:
    event = console.visit("a.jones")
    browser = console.browser("a.jones")
    browser.post(f"/mine/visits/{event.id}/contest", {"words": "It was work", "page": event.id, "sure": "yes"})
    line = _line(console.browser("d.safe").get("/people").text, console.code("a.jones"))
    assert 'data-label="Times" class="figure">0<' in line
    assert '<a href="/contests">1<' in line


def test_a_day_that_is_over_counts_in_the_week(console: Any) -> None:
    console.visit("a.jones", -24 * 60)
    browser, code = console.browser("d.safe"), console.code("a.jones")
    assert not _line(browser.get("/people").text, code)
    for _ in range(2):
        assert 'data-label="Times" class="figure">1<' in _line(browser.get("/people?period=week").text, code)


def test_a_case_counts_for_those_who_may_see_it(console: Any) -> None:
    code = console.code("h.head")
    about = {"about": "", "group": "staff", "category": "adult", "theme": "content", "why": "A concern"}
    console.desk.write(Deed.CASE, "schoolgate", person=code, entry="high/chair_of_governors", **about)
    assert not _line(console.browser("d.safe").get("/people").text, code)
    console.desk.write(Deed.CASE, "schoolgate", person=console.code("a.jones"), entry="high/dsl", **about)
    assert '<a href="/cases">1<' in _line(console.browser("d.safe").get("/people").text, console.code("a.jones"))
