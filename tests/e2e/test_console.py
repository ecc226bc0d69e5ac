"""The console of a real gateway: a process of its own, and a visit on its way from curl to a cleared record in Chromium."""

import os
import re
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from pretend.gateway import Gateway
from pretend.school import PEOPLE, ROLES, free_port
from pretend.sites import Sites

PASSWORD = "correct horse"
PAGE = ["--header", "Sec-Fetch-Dest: document", "--header", "Sec-Fetch-Mode: navigate"]


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway], tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    code = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    logins = tmp_path_factory.mktemp("logins") / "logins.htpasswd"
    logins.write_text(f"a.jones:{code}\nh.head:{code}\n")
    return start(
        console_port=free_port(),
        people=PEOPLE.replace('users: ["j.smith"]', "users: [a.jones, h.head]") + f"logins: {{file: {logins}}}\n",
        roles=ROLES.replace("headteacher: {", "headteacher: {user: h.head, "),
    )


def _home(gateway: Gateway) -> str:
    return f"http://127.0.0.1:{gateway.school.console_port}"


def _status(gateway: Gateway, path: str = "/login", host: str = "") -> int:
    request = urllib.request.Request(_home(gateway) + path, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _until(true: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if true():
                return
        except OSError:
            pass
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def _log_in(page: Any, gateway: Gateway, login: str) -> None:
    page.goto(f"{_home(gateway)}/")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", level=1, name="Hello").wait_for()


def test_a_visit_is_seen_contested_upheld_and_gone_without_javascript(
    gateway: Gateway, sites: Sites, browse: Callable[..., Any]
) -> None:
    url = f"https://www.facebook.com:{sites.tls_port}/trip"
    assert gateway.curl(url, *PAGE, "--proxy-user", f"a.jones:{PASSWORD}", client="127.0.0.3").status == 200
    _until(lambda: [e for e in gateway.events("--group", "staff") if e["path"] == "/trip"])
    jones, head = browse(), browse()
    _log_in(jones, gateway, "a.jones")
    jones.get_by_role("link", name="My record").click()
    visit = jones.get_by_role("article").filter(has_text="www.facebook.com")
    assert "in your working hours" in visit.inner_text()
    assert "2026" in jones.get_by_role("table").inner_text() or jones.get_by_role("table").is_visible()
    visit.get_by_role("link", name="Say something about this").click()
    jones.get_by_label("Your words").fill("It was for the school trip <b>to York</b>.")
    jones.get_by_role("button", name="Contest: this should not count").click()
    assert "Until somebody has answered you" in jones.get_by_role("main").inner_text()
    jones.get_by_role("button", name="Yes, contest").click()
    assert "Waiting for an answer" in jones.get_by_role("main").inner_text()

    _log_in(head, gateway, "h.head")
    head.get_by_role("link", name="Contests").click()
    head.get_by_role("main").get_by_role("table").get_by_role("link").first.click()
    head.get_by_role("button", name="Look at it").click()
    shown = head.get_by_role("main").inner_text()
    assert "It was for the school trip <b>to York</b>." in shown
    assert "a.jones" not in shown
    head.get_by_label("They are right").check()
    head.get_by_label("Why? They will read this.").fill("The trip was agreed in September.")
    head.get_by_role("button", name="Answer").click()
    head.get_by_role("heading", level=1, name="Contests").wait_for()

    jones.goto(f"{_home(gateway)}/mine")
    assert "Cleared: the contest was upheld" in jones.get_by_role("article").inner_text()
    assert not jones.get_by_role("table").is_visible()
    jones.goto(f"{_home(gateway)}/mine/said")
    assert "The trip was agreed in September." in jones.get_by_role("main").inner_text()
    jones.get_by_role("button", name="Log out").click()
    jones.goto(f"{_home(gateway)}/mine")
    jones.get_by_role("heading", level=1, name="Log in").wait_for()
    deeds = [e["rule"] for e in gateway.events("--action", "deed")]
    assert {"contest", "record-viewed", "contest-answered"} <= set(deeds)


def test_a_site_that_a_lesson_needs_is_work_from_the_moment_it_is_declared(
    gateway: Gateway, sites: Sites, browse: Callable[..., Any]
) -> None:
    page = browse()
    _log_in(page, gateway, "a.jones")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Lessons").click()
    page.get_by_label("What for?").fill("Year 5 history")
    page.get_by_label("Which sites?").fill("amazon.co.uk")
    page.get_by_label("Until").fill(page.get_by_label("Until").get_attribute("max"))
    page.get_by_role("button", name="Declare it").click()
    page.get_by_role("cell", name="Year 5 history", exact=True).wait_for()
    url = f"https://www.amazon.co.uk:{sites.tls_port}/toys"

    def is_work() -> object:
        gateway.curl(url, *PAGE, "--proxy-user", f"a.jones:{PASSWORD}", client="127.0.0.3")
        return [e for e in gateway.events() if e["host"] == "www.amazon.co.uk" and "Year 5 history" in e["left_out"]]

    _until(is_work)
    page.goto(f"{_home(gateway)}/mine/left-out")
    assert "Year 5 history" in page.get_by_role("main").inner_text()


def test_the_keyboard_alone_gets_through(gateway: Gateway, browse: Callable[..., Any]) -> None:
    page = browse()
    page.goto(f"{_home(gateway)}/login")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the page's content"
    for keys in ("Tab", "a.jones", "Tab", PASSWORD, "Enter"):
        if keys in ("Tab", "Enter"):
            page.keyboard.press(keys)
        else:
            page.keyboard.type(keys)
    page.get_by_role("heading", level=1, name="Hello").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")


def test_it_answers_under_its_own_address_only_and_not_through_the_gateway(gateway: Gateway) -> None:
    assert _status(gateway) == 200
    assert _status(gateway, host="evil.example") == 421
    assert gateway.curl(f"{_home(gateway)}/login", "--noproxy", "nothing", client="127.0.0.3").status in (502, 503, 403)
    assert _home(gateway) in gateway.log


def test_it_is_started_again_when_it_dies(gateway: Gateway) -> None:
    before = gateway.children()["console"]
    os.kill(before, signal.SIGKILL)
    _until(lambda: gateway.children().get("console", before) != before)
    _until(lambda: _status(gateway) == 200)


def test_edited_settings_are_taken_up(gateway: Gateway) -> None:
    path = gateway.school.config / "school.yaml"
    path.write_text(path.read_text().replace("St Test's School", "Renamed School"))

    def renamed() -> bool:
        with urllib.request.urlopen(f"{_home(gateway)}/login", timeout=10) as answer:
            return "Renamed School" in answer.read().decode()

    _until(renamed)


def test_a_taken_port_is_named_before_anything_runs(start: Callable[..., Gateway]) -> None:
    words = r"listen: console: 127\.0\.0\.1:\d+ cannot be opened"
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(AssertionError, match=words):
        start(console_port=taken.getsockname()[1])


def test_without_an_address_there_is_no_console(start: Callable[..., Gateway]) -> None:
    gateway = start()
    assert "console" not in gateway.children()
    assert not re.search(r"^  Console ", gateway.log, re.MULTILINE)


def test_it_stops_within_a_few_seconds_also_with_a_slow_reader_and_with_no_supervisor(
    start: Callable[..., Gateway],
) -> None:
    gateway = start(console_port=free_port())
    assert gateway.school.console_port is not None
    with socket.create_connection(("127.0.0.1", gateway.school.console_port)) as slow:
        slow.sendall(b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\na")
        assert gateway.stop() < 9
    gateway.start()
    console = gateway.children()["console"]
    assert gateway.process is not None
    gateway.process.kill()
    gateway.process.wait(10)
    _until(lambda: not _runs(console))


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
