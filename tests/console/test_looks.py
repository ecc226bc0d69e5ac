"""The console in a real Chromium: usable by everybody (WCAG 2.2 AA as far as axe sees it), on a wide and a narrow screen."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import uvicorn
from pretend.chromium import CHROMIUM, QUIET
from schoolgate.store.deeds import contests
from schoolgate.store.event import Deed, deed_event

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="Debian's chromium is not installed (apt-get install chromium)"
)
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LONG = "A very long reason " * 20


@pytest.fixture
def served(console: Any) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(console.app, lifespan="off", log_config=None))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


def _fill(console: Any) -> dict[str, list[str]]:
    """Put something on every screen; returns the screens by login."""
    event = console.visit("a.jones")
    console.visit("a.jones", 3, path="/a/very/long/path" * 12)
    open_one = console.visit("a.jones", 50, host="x.com")
    other = console.visit("a.jones", 90, host="ebay.co.uk", category="shopping")
    console.visit("a.jones", 95, host="www.instagram.com", left_out="in their break 12:15-13:00", action="allow")
    console.visit("a.jones", 96, host="pornhub.com", action="block", category="adult")
    entry = {"day": "2026-11-24", "person": console.code("a.jones"), "group": "staff", "category": "social_media"}
    console.gateway.append({"t": "activity", **entry, "kind": "embedded", "requests": 41})
    jones, head, code = console.browser("a.jones"), console.browser("h.head"), console.code("a.jones")
    jones.post(f"/mine/visits/{event.id}/note", {"words": LONG})
    jones.post("/mine/lessons", {"purpose": "Year 5", "sites": "etsy.com", "until": "2026-11-27T15:30"})
    for each in (open_one, other):
        jones.post(f"/mine/visits/{each.id}/contest", {"words": LONG, "page": each.id, "sure": "yes"})
    with console.desk.reading() as reader:
        waiting, answered = contests(reader)
    head.post(f"/contests/{answered.id}/look", {"reason": "To answer it"})
    head.post(f"/contests/{answered.id}/answer", {"answer": "upheld", "words": "Agreed."})
    head.post("/names", {"code": code, "reason": LONG})
    case, raised = _cases(console, jones, open_one.id)
    _openings(console)
    return {
        "a.jones": ["/", "/mine", "/mine/left-out", "/mine/said", "/mine/lessons", "/mine/kept", "/mine/open", f"/mine/visits/{event.id}", "/concern", raised],
        "h.head": [
            "/", "/unblock", "/contests", f"/contests/{waiting.id}", f"/contests/{answered.id}", "/records", f"/records/{code}",
            f"/records/{code}/left-out", "/names", "/look-ups", "/cases", case, "/concern", "/nowhere", "/what-if",
            "/what-if?rule=staff-personal-use&days=28",
        ],
        "c.chair": ["/"],
    }  # fmt: skip


def _openings(console: Any) -> None:
    """A request that waits, one that was refused, and openings of a teacher and always."""
    site = {"host": "x.com", "path": "/a" * 90, "group": "pupils", "client": "127.0.0.2", "category": "social_media"}
    for event, kind in (("b1", "wanted"), ("b2", "mistake"), ("b3", "wanted")):
        about = site | {"about": event, "entry": kind, "why": LONG[:200], "host": f"{event}.example"}
        asked = deed_event(console.now, Deed.ASKED, "d-1", "v1", **about)
        console.gateway.append({"t": "event", **asked.row()})
    refused = deed_event(console.now, Deed.NOT_OPENED, "headteacher u-1", "v1", about=asked.id, why=LONG)
    for until, actor in (("2026-11-24T16:00:00.000Z", console.code("a.jones")), ("", "technician u-1")):
        given = site | {"entry": f"2026-11-24T15:00:00.000Z/{until}", "why": LONG}
        opened = deed_event(console.now, Deed.OPENED, actor, "v1", **given)
        console.gateway.append({"t": "event", **opened.row()})
    console.gateway.append({"t": "event", **refused.row()})


def _cases(console: Any, jones: Any, event: str) -> tuple[str, str]:
    """A case on which much was done, and a concern with evidence; returns the pages of both."""
    about = {
        "person": console.code("a.jones"),
        "about": event,
        "entry": "high/dsl",
        "basis": "staff-adult",
        "why": LONG,
    }
    case = deed_event(console.now, Deed.CASE, "schoolgate", "v1", category="extremism", **about)
    console.gateway.append({"t": "event", **case.row()})
    once = re.search(r'name="once" value="([^"]+)"', jones.get("/concern").text)
    given = {"kind": "bullying", "words": LONG, "about": "5B", "none": "yes", "once": once[1] if once else ""}
    raised = jones.post("/concern", given, files=[("files", ("a.txt", b"They wrote it."))]).headers["location"]
    safe = console.browser("d.safe")
    safe.get(f"/cases/{case.id}")
    for what, more in (("note", {}), ("outcome", {"outcome": "low_level"}), ("close", {}), ("reopen", {})):
        console.now += timedelta(minutes=1)
        safe.post(f"/cases/{case.id}/{what}", {"words": LONG, **more})
    safe.post(f"/cases/{case.id}/evidence", {"none": "yes"}, files=[("files", ("b.txt", LONG.encode()))])
    return f"/cases/{case.id}", raised


def _log_in(page: Any, served: str, login: str) -> None:
    page.goto(f"{served}/login")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_is_usable_by_everybody(console: Any, served: str, browser: Any, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    screens, axe, found = _fill(console), Axe(), list[str]()
    for login, paths in screens.items():
        page = browser.new_context(color_scheme=scheme).new_page()
        page.goto(f"{served}/login")
        found += [f"login: {each['id']}" for each in axe.run(page, options=WCAG).response["violations"]]
        _log_in(page, served, login)
        for path in paths:
            page.goto(served + path)
            if page.get_by_role("button", name="Look at").count():
                found += [
                    f"{path} (reason): {each['id']}" for each in axe.run(page, options=WCAG).response["violations"]
                ]
                for label in page.get_by_label("Why do you look?").all():
                    label.fill("To answer this contest")
                if page.get_by_label("Code of the person").count():
                    page.get_by_label("Code of the person").fill(console.code("a.jones"))
                page.get_by_role("button", name="Look at").click()
                page.goto(served + path)
            found += [
                f"{path}: {each['id']}: {[node['html'][:120] for node in each['nodes'][:3]]}"
                for each in axe.run(page, options=WCAG).response["violations"]
            ]
    assert found == []


def test_a_narrow_screen_needs_no_sideways_scrolling(console: Any, served: str, browser: Any) -> None:
    screens, wide = _fill(console), list[str]()
    for login, paths in screens.items():
        page = browser.new_context(viewport={"width": 320, "height": 640}).new_page()
        _log_in(page, served, login)
        for path in paths:
            page.goto(served + path)
            if page.evaluate("document.documentElement.scrollWidth > 320"):
                wide.append(path)
            if path == "/mine/left-out":  # its tables have no heads on a narrow screen, so each cell says what it is
                named = "[...document.querySelectorAll('td')].map(cell => getComputedStyle(cell, '::before').content)"
                assert "none" not in page.evaluate(named)
    assert wide == []


def test_a_narrow_table_keeps_its_caption_in_lines(console: Any, served: str, browser: Any) -> None:
    page = browser.new_context(viewport={"width": 320, "height": 640}).new_page()
    _log_in(page, served, "h.head")
    page.goto(f"{served}/health")
    assert page.locator("caption").bounding_box()["width"] > 200


def test_the_log_is_live_and_takes_nobodys_place_away(console: Any, served: str, browser: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    wrong, complaints = "<img src=x onerror=alert(1)>", list[str]()
    console.visit("a.jones", 1, host="first.example", action="block")
    page = browser.new_context().new_page()
    page.on("console", lambda message: complaints.append(message.text))
    _log_in(page, served, "h.head")
    page.goto(f"{served}/log")
    why = page.get_by_role("link", name="Why? first.example")
    why.focus()
    console.visit("a.jones", 2, host="x" * 2000, search=f"\u202e{wrong}", path="/=HYPERLINK(1)")
    page.get_by_role("status").filter(has_text="1 new since").wait_for(timeout=40_000)
    assert wrong in page.locator("tbody tr").first.inner_text()
    assert page.locator("tbody tr").count() == 2
    assert why.evaluate("link => link === document.activeElement")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [each["id"] for each in Axe().run(page, options=WCAG).response["violations"]] == []
    page.get_by_role("button", name="Pause").click()
    assert page.get_by_role("status").inner_text() == "Paused."
    assert complaints == []


def test_nothing_is_loaded_but_the_page_and_its_style(console: Any, served: str, browser: Any) -> None:
    screens, complaints, asked = _fill(console), list[str](), set[str]()
    page = browser.new_context().new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: asked.add(request.resource_type))
    _log_in(page, served, "a.jones")
    for path in screens["a.jones"]:
        page.goto(served + path)
    assert complaints == []
    assert asked == {"document", "stylesheet"}
    assert page.evaluate("getComputedStyle(document.querySelector('header')).display") == "flex"
