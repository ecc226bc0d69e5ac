"""Who may open which screen: every screen of the list is tried by every role, and held against a table of its own."""

import re
from typing import Any

import pytest
from schoolgate.console.app import SCREENS
from schoolgate.console.entry import Who
from schoolgate.store.event import Deed

ROLES = {"H": "h.head", "D": "d.safe", "G": "c.chair", "T": "t.tech", "S": "a.jones"}
"""Headteacher (of staff too), safeguarding lead, chair of governors, technician, and a member of staff."""
ALLOWED = {
    "POST /logout": "HDGTS",
    "GET /account": "HDGTS",
    "POST /account/log-out-everywhere": "HDGTS",
    "POST /account/password": "HDGTS",
    "GET /": "HDGTS",
    "GET /log": "HDT",
    "POST /log": "HD",
    "GET /log/{event}": "HDT",
    "GET /people": "HD",
    "GET /lists": "HDT",
    "GET /settings": "HDT",
    "GET /reports": "HDGT",
    "GET /reports/{report}": "HDGT",
    "GET /health": "HDT",
    "GET /mine": "HS",
    "GET /mine/left-out": "HS",
    "GET /mine/kept": "HS",
    "GET /mine/said": "HS",
    "GET /mine/visits/{event}": "HS",
    "POST /mine/visits/{event}/note": "HS",
    "POST /mine/visits/{event}/contest": "HS",
    "GET /mine/lessons": "HS",
    "POST /mine/lessons": "HS",
    "POST /mine/lessons/{declared}/withdraw": "HS",
    "GET /mine/open": "HS",
    "POST /mine/open": "HS",
    "POST /mine/open/{opening}/shut": "HS",
    "GET /unblock": "HDT",
    "POST /unblock/open": "HDT",
    "POST /unblock/refuse": "HDT",
    "POST /unblock/{opening}/shut": "HDT",
    "GET /contests": "HDG",
    "GET /contests/{contest}": "HDG",
    "POST /contests/{contest}/look": "HDG",
    "POST /contests/{contest}/answer": "HDG",
    "GET /records": "HDG",
    "POST /records": "HDG",
    "GET /records/{person}": "HDG",
    "GET /records/{person}/left-out": "HDG",
    "GET /names": "HDG",
    "POST /names": "HDG",
    "GET /look-ups": "HDG",
    "GET /what-if": "HDT",
    "GET /cases": "HDG",
    "GET /cases/{case}": "HDG",
    "POST /cases/{case}/evidence": "HDG",
    "GET /cases/{case}/evidence/{sha256}": "HDG",
    "POST /cases/{case}/{what}": "HDG",
    "GET /concern": "HDGTS",
    "POST /concern": "HDGTS",
    "GET /concern/block/{ref}": "HDGTS",
    "GET /concern/{ref}": "HDGTS",
}
"""Who may open a screen, by the letters of ``ROLES``; what everybody may open without a login stands in ``ANYONES``."""
ANYONES = {"GET /login", "POST /login", "GET /setup", "POST /setup", "GET /sign-on", "GET /sign-on/back"}
LAST = ["POST /account/log-out-everywhere", "POST /logout"]
NOT_FOR_YOU = "not for your login"


def _screens() -> list[str]:
    return [f"{method} {path}" for method, path, _, _ in SCREENS]


def _ask(browser: Any, screen: str) -> Any:
    method, _, path = screen.partition(" ")
    path = re.sub(r"\{\w+\}", "0" * 12, path)
    return browser.get(path) if method == "GET" else browser.post(path)


def test_every_screen_stands_in_the_table_and_none_that_is_gone() -> None:
    assert {*ALLOWED, *ANYONES} == set(_screens())
    assert {f"{method} {path}" for method, path, who, _ in SCREENS if who is Who.ANYONE} == ANYONES


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_its_own_screens_and_gets_403_for_all_others(console: Any, role: str) -> None:
    browser = console.browser(ROLES[role])
    for screen in [*(each for each in ALLOWED if each not in LAST), LAST[0]]:
        answer = _ask(browser, screen)
        if role in ALLOWED[screen]:
            assert answer.status_code in (200, 303, 400, 403, 404), screen
            assert NOT_FOR_YOU not in answer.text, screen
        else:
            assert answer.status_code == 403, screen
            assert NOT_FOR_YOU in answer.text, screen


@pytest.mark.parametrize("role", ROLES)
def test_the_navigation_shows_what_one_may_open_and_nothing_else(console: Any, role: str) -> None:
    browser = console.browser(ROLES[role])
    page = browser.get("/").text
    shown = set(re.findall(r'<li><a href="([^"?]+)"', page[page.index("<nav") : page.index("</nav>")]))
    assert shown
    for path in shown:
        assert role in ALLOWED[f"GET {path}"], path
        assert browser.get(path).status_code == 200, path


def test_without_a_login_every_screen_but_the_login_is_shut(console: Any) -> None:
    browser = console.browser()
    browser.get("/login")
    for screen in ALLOWED:
        answer = _ask(browser, screen)
        if screen.startswith("GET"):
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login"), screen
        else:
            assert answer.status_code == 403, screen
    with console.desk.reading() as reader:
        assert not list(reader.query("select * from deeds"))


def test_a_pupil_opens_nothing(console: Any, school: Any, settings_of: Any) -> None:
    head = console.browser("a.jones")
    school.people = school.people.replace("users: [a.jones, b.khan, h.head]", "users: [b.khan, h.head]")
    school.people = school.people.replace("{title: Pupil devices,", "{title: Pupil devices, users: [a.jones],")
    console.desk.settings = settings_of(school.write())
    for screen in ALLOWED:
        answer = _ask(head, screen)
        shut = answer.headers.get("location", "").startswith("/login") if screen.startswith("GET") else False
        assert shut or answer.status_code == 403, screen


def test_a_leader_who_opens_an_event_of_somebody_leaves_a_trace_and_the_technician_sees_nobody(console: Any) -> None:
    event = console.visit("a.jones", search="how to resign", path="/private/words", action="block", device="her-laptop")
    own = console.visit("h.head", 5)
    for _ in range(2):
        page = console.browser("d.safe")
        assert console.code("a.jones") in page.get(f"/log/{event.id}").text
        page.get(f"/log/{event.id}")
    looks = [(deed["actor"], deed["person"], deed["about"]) for deed in console.deeds("record-viewed")]
    assert looks == [(f"dsl {console.code('d.safe')}", console.code("a.jones"), event.id)] * 2  # once in a login
    assert console.browser("h.head").get(f"/log/{own.id}").status_code == 200
    technician = console.browser("t.tech")
    for path in (f"/log/{event.id}", "/log", "/", "/health", "/unblock", "/what-if?rule=staff-personal-use&days=28"):
        text = technician.get(path).text
        for secret in (console.code("a.jones"), "how to resign", "/private/words", "her-laptop", "127.0.0.3"):
            assert secret not in text, (path, secret)
    assert len(console.deeds("record-viewed")) == 2


def test_the_chair_of_governors_begins_with_her_cases_and_what_she_keeps_an_eye_on(console: Any) -> None:
    about = {"about": "", "group": "staff", "category": "adult", "theme": "content", "why": "About her"}
    console.desk.write(Deed.CASE, "schoolgate", person=console.code("h.head"), entry="high/chair_of_governors", **about)
    page = console.browser("c.chair").get("/").text
    assert '<a href="/cases">1 new case that nobody has looked at (1 of high priority)</a>' in page
    assert '<a href="/look-ups">' in page
    assert '<a href="/reports">' in page
    assert 'href="/log' not in page
    assert "Blocked today" not in page
