"""The event log: found by what one looks for, newest first, part by part; and each sees only what is for them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from pretend.told import Told
from schoolgate.store.event import stamp
from schoolgate.store.newest import Place, Wanted, newest, place_of

MARKUP = "<script>alert(1)</script>"


def _hosts(answer: Any) -> list[str]:
    return re.findall(r'<td data-label="Site"><span class="address">([^<]*)</span>', answer.text)


@pytest.fixture
def told(console: Any) -> Any:
    """Ten events on record and three that still wait in a journal, a minute apart."""
    for minute in range(10):
        console.visit("a.jones", minute, host=f"site{minute}.example", path="/secret-page")
    Told(console.settings).seal()
    pupil = {"group": "pupils", "person": "d-0123456789ab", "client": "127.0.0.2", "action": "block"}
    console.visit("b.khan", 10, host="pornhub.com", category="adult", rule="pupils-harm", **pupil)
    console.visit("b.khan", 11, host="www.google.com", search="how to vanish", alert="immediate", **pupil)
    console.visit(
        "", 12, host="", action="fault", rule="settings", why="config/rules.yaml:3: wrong", group="", person=""
    )
    return console


@pytest.mark.parametrize(
    ("query", "hosts"),
    [
        ("", ["-", "www.google.com", "pornhub.com", *(f"site{minute}.example" for minute in range(9, -1, -1))]),
        ("host=SITE7", ["site7.example"]),
        ("host=%25", []),
        ("host=_ite", []),
        ("group=pupils", ["www.google.com", "pornhub.com"]),
        ("action=fault", ["-"]),
        ("category=adult", ["pornhub.com"]),
        ("search=worry", ["www.google.com"]),
        ("group=pupils&category=adult&action=block&host=hub", ["pornhub.com"]),
        ("group=nobody", []),
        ("since=2026-11-23&until=2026-11-23", []),
        ("since=2026-11-24&until=2026-11-24&host=site1", ["site1.example"]),
        ("since=2026-11-25", []),
        ("until=2026-11-24&host=site1&period=hour", ["site1.example"]),
        ("period=hour", []),
        ("period=today&host=site1", ["site1.example"]),
    ],
)
def test_the_log_is_looked_through_by_what_one_asks_for(told: Any, query: str, hosts: list[str]) -> None:
    answer = told.browser("h.head").get(f"/log?{query}")
    assert answer.status_code == 200
    assert _hosts(answer) == hosts


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("since=24.11.2026", "is no day. Write it like 2026-11-24."),
        ("until=<b>", "&lt;b&gt;&#39; is no day"),
        ("since=0001-01-01", "is no day"),
        ("since=2026-11-25&until=2026-11-24", "The log ends before it begins"),
    ],
)
def test_days_that_are_none_are_told_in_plain_words(console: Any, query: str, words: str) -> None:
    answer = console.browser("t.tech").get(f"/log?{query}")
    assert answer.status_code == 400
    assert words in answer.text


def test_an_event_is_found_by_its_reference_as_it_is_read_out(told: Any) -> None:
    event = told.visit("a.jones", 20, host="read-out.example")
    spoken = event.ref.replace("-", "").lower()
    assert _hosts(told.browser("t.tech").get(f"/log?ref={spoken}")) == ["read-out.example"]


def test_parts_follow_each_other_without_a_gap_or_a_double(told: Any) -> None:
    everything, place = list[str](), Place()
    with told.desk.reading() as reader:
        while True:
            found = newest(reader, Wanted(), place, 4)
            everything += [row["id"] for row in found.rows]
            if found.older is None:
                break
            place = place_of(str(found.older))
        whole = reader.query("select id from events where action <> 'deed' order by at desc, id desc")
        assert everything == [row["id"] for row in whole]


def test_the_page_says_where_it_goes_on(told: Any) -> None:
    for minute in range(110):
        told.visit("a.jones", 30, host=f"many{minute}.example")
    browser = told.browser("h.head")
    first = browser.get("/log?host=many")
    older = re.search(r'href="(/log\?[^"]*before=[^"]*)"', first.text)
    assert older is not None
    second = browser.get(older[1].replace("&amp;", "&"))
    hosts = _hosts(first) + _hosts(second)
    assert len(hosts) == 110
    assert len(set(hosts)) == 110


def test_the_leaders_see_codes_and_searches_and_the_technician_does_not(told: Any) -> None:
    code = told.code("a.jones")
    head, technician = told.browser("h.head").get("/log").text, told.browser("t.tech").get("/log").text
    assert code in head
    assert "how to vanish" in head
    for hidden in (code, "how to vanish", "127.0.0.3", "u-"):
        assert hidden not in technician
    assert "127.0.0.2" in technician
    assert told.browser("t.tech").get("/log?search=worry").status_code == 403
    assert told.browser("t.tech").get(f"/log?person={code}").status_code == 403


def test_why_tells_the_technician_nothing_of_staff_either(told: Any) -> None:
    event = told.visit("a.jones", 21, search="my doctor", host="bing.com", path="/secret", left_out="in their break")
    page = told.browser("t.tech").get(f"/log/{event.id}").text
    for hidden in (told.code("a.jones"), "my doctor", "/secret", "in their break", "working hours 08", "127.0.0.3"):
        assert hidden not in page


def test_looking_at_one_person_asks_for_a_reason_and_is_itself_on_record(told: Any) -> None:
    code, browser = told.code("a.jones"), told.browser("h.head")
    asked = browser.get(f"/log?person={code}&host=site")
    assert "Why do you look?" in asked.text
    assert _hosts(asked) == []
    assert told.deeds("record-viewed") == []
    assert browser.post("/log", {"person": code, "host": "site", "reason": "no"}).status_code == 400
    answer = browser.post("/log", {"person": code, "host": "site", "reason": "A concern of a parent"})
    assert answer.status_code == 303
    seen = browser.get(answer.headers["location"])
    assert _hosts(seen)[0] == "site9.example"
    [deed] = told.deeds("record-viewed")
    assert (deed["person"], deed["why"], deed["actor"][:11]) == (code, "A concern of a parent", "headteacher")


def test_nobody_looks_at_their_own_events_here(told: Any) -> None:
    assert told.browser("h.head").get(f"/log?person={told.code('h.head')}").status_code == 403


def test_why_says_what_held_then_and_what_holds_now(told: Any) -> None:
    with told.desk.reading() as reader:
        row = next(reader.query("select * from events where host = 'pornhub.com'"))
    page = told.browser("h.head").get(f"/log/{row['id']}").text
    assert "Staff give the whole of their time." in page
    assert "the same address is <strong>blocked</strong> for Pupil devices at this moment" in page
    assert "because adult lists pornhub.com" in page


def test_one_click_leads_to_the_form_that_opens_the_site(told: Any) -> None:
    browser = told.browser("t.tech")
    page = browser.get(_why_of(told, "www.google.com")).text
    link = re.search(r'href="(/unblock\?[^"#]*)#site"', page)
    assert link is not None
    form = browser.get(link[1].replace("&amp;", "&")).text
    assert 'name="site" required maxlength="200" value="www.google.com"' in form
    assert "/unblock?" not in browser.get(_why_of(told, "site1.example")).text
    log = browser.get("/log").text
    assert re.findall(r'href="/unblock\?site=([^&"]*)&amp;group=pupils#site"', log) == ["www.google.com", "pornhub.com"]


def test_without_a_script_the_page_refreshes_itself_only_where_somebody_wants_that(told: Any) -> None:
    browser = told.browser("t.tech")
    assert "http-equiv" not in browser.get("/log").text
    page = browser.get("/log?refresh=on").text
    assert '<meta http-equiv="refresh" content="30">' in page
    assert "Stop refreshing" in page
    old = stamp(told.now - timedelta(hours=1))
    assert "http-equiv" not in browser.get(f"/log?refresh=on&before={old}_x").text


def test_the_log_is_live_where_new_events_can_come(told: Any) -> None:
    browser = told.browser("h.head")
    live = browser.get("/log?group=pupils&until=2026-11-24")
    assert '<script src="/live.js?' in live.text
    assert "script-src 'self'; connect-src 'self'" in live.headers["content-security-policy"]
    assert browser.get("/live.js").headers["content-type"].startswith("text/javascript")
    browser.post("/log", {"person": told.code("a.jones"), "reason": "A concern of a parent"})
    before = f"before={stamp(told.now - timedelta(hours=1))}_x"
    for path in (f"/log?{before}", "/log?until=2026-11-23", f"/log?person={told.code('a.jones')}&refresh=on", "/"):
        page = browser.get(path)
        assert "<script" not in page.text
        assert "http-equiv" not in page.text
        assert "script-src" not in page.headers["content-security-policy"]


def test_a_live_log_before_an_empty_chair_is_logged_out_all_the_same(told: Any) -> None:
    browser = told.browser("h.head")
    for _ in range(2):
        told.clock.now += 16 * 60
        answer = browser.get("/log", headers={"X-By-Itself": "yes"})
    assert answer.status_code == 303


def test_what_sites_and_people_write_is_text(told: Any) -> None:
    event = told.visit("a.jones", 22, host=f"x{MARKUP}", path=MARKUP, why=MARKUP, search=MARKUP, category=MARKUP)
    browser = told.browser("h.head")
    for page in ("/log", f"/log/{event.id}", f"/log?host={MARKUP}&group={MARKUP}&ref={MARKUP}&before={MARKUP}_'"):
        assert MARKUP not in browser.get(page).text


def test_deeds_are_no_part_of_the_log(told: Any) -> None:
    browser = told.browser("h.head")
    browser.post("/names", {"code": told.code("a.jones"), "reason": "A very secret reason"})
    assert "A very secret reason" not in browser.get("/log").text
    [deed] = told.deeds("name-revealed")
    assert browser.get(f"/log/{deed['id']}").status_code == 404
    assert _hosts(browser.get(f"/log?ref={deed['ref']}")) == []


@pytest.mark.parametrize("login", ["a.jones", "c.chair"])
@pytest.mark.parametrize("path", ["/log", "/log/1", "/people", "/lists", "/settings", "/health"])
def test_other_roles_are_turned_away(console: Any, login: str, path: str) -> None:
    assert console.browser(login).get(path).status_code == 403


def _why_of(told: Any, host: str) -> str:
    with told.desk.reading() as reader:
        row = next(reader.query("select id from events where host = :host", {"host": host}))
    return f"/log/{row['id']}"
