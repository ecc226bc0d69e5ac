"""Who may open which screen: every screen of the list is tried by every role, and held against a table of its own."""

import re
from typing import Any

import pytest
from schoolgate.console.app import SCREENS
from schoolgate.console.entry import Who

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
