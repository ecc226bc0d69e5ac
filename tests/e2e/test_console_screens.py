"""Every screen of those who run things, as every role, in a real Chromium at the console of a real gateway."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from pretend.gateway import Gateway
from pretend.school import PEOPLE, free_port
from pretend.sites import Sites

PASSWORD = "correct horse"
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
ROLES = """roles:
  headteacher: {name: Ms Head, email: head@school.example, deputy: dsl, user: h.head}
  dsl: {name: Mr Safe, email: dsl@school.example, user: d.safe}
  chair_of_governors: {name: Dr Chair, email: chair@school.example, user: c.chair}
  technician: {name: IT, email: it@school.example, user: t.tech}
"""
OPERATIONS, LEADERS = {"h.head", "d.safe", "t.tech"}, {"h.head", "d.safe"}
MAY = {
    "/": OPERATIONS | {"c.chair", "a.jones"},
    "/log": OPERATIONS,
    "/log?action=block&group=pupils&host=porn": OPERATIONS,
    "/log?search=worry": LEADERS,
    "/people": LEADERS,
    "/lists": OPERATIONS,
    "/lists?site=pornhub.com": OPERATIONS,
    "/lists?url=pornhub.com&group=pupils": OPERATIONS,
    "/settings": OPERATIONS,
    "/settings?file=config/rules.yaml": OPERATIONS,
    "/reports": OPERATIONS | {"c.chair"},
    "/reports/digest?as=text": LEADERS,
    "/health": OPERATIONS,
}
"""Who may open what; everybody else is answered 403, or 404 where a report is not theirs."""


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway], sites: Sites, tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    code = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    logins = tmp_path_factory.mktemp("logins") / "logins.htpasswd"
    logins.write_text("".join(f"{login}:{code}\n" for login in ("a.jones", "h.head", "d.safe", "c.chair", "t.tech")))
    people = PEOPLE.replace('users: ["j.smith"]', "users: [a.jones, h.head]") + f"logins: {{file: {logins}}}\n"
    gateway = start(console_port=free_port(), people=people, roles=ROLES)
    assert gateway.curl(f"https://pornhub.com:{sites.tls_port}/", client="127.0.0.2").status == 403
    _until(lambda: [event for event in gateway.events() if event["host"] == "pornhub.com"])
    return gateway


def _until(true: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def _page(chromium: Any, gateway: Gateway, login: str, **options: Any) -> Any:
    page = chromium.new_context(base_url=f"http://127.0.0.1:{gateway.school.console_port}", **options).new_page()
    page.goto("/")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", level=1, name="Hello").wait_for()
    return page


def _complaints(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=WCAG).response["violations"]
    return [f"{each['id']}: {[node['html'][:160] for node in each['nodes'][:3]]}" for each in found]


@pytest.mark.parametrize("login", ["h.head", "d.safe", "t.tech", "c.chair", "a.jones"])
def test_every_screen_is_for_its_roles_alone_and_usable_by_everybody(
    gateway: Gateway, chromium: Any, login: str
) -> None:
    page, wrong = _page(chromium, gateway, login, color_scheme="dark" if login == "t.tech" else "light"), list[str]()
    for path, roles in MAY.items():
        answer = page.goto(path)
        if login in roles:
            assert answer.status == 200, path
            wrong += [f"{path}: {words}" for words in _complaints(page)]
            wrong += [] if page.get_by_role("main").inner_text().strip() else [f"{path} is empty"]
        else:
            assert answer.status in (403, 404), path
    assert wrong == []


@pytest.mark.parametrize("login", ["h.head", "t.tech"])
def test_a_narrow_screen_needs_no_sideways_scrolling(gateway: Gateway, chromium: Any, login: str) -> None:
    page = _page(chromium, gateway, login, viewport={"width": 320, "height": 640})
    wide = []
    for path in (path for path, roles in MAY.items() if login in roles):
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth > 320"):
            wide.append(path)
    assert wide == []


def test_from_today_to_the_reason_with_the_keyboard_alone(gateway: Gateway, chromium: Any) -> None:
    page = _page(chromium, gateway, "t.tech", java_script_enabled=False)
    for name, heading in (("1 request", "Event log"), ("Why? pornhub.com", "Why? pornhub.com")):
        link = page.get_by_role("main").get_by_role("link", name=name).first
        for _ in range(80):
            page.keyboard.press("Tab")
            if link.evaluate("link => link === document.activeElement"):
                break
        page.keyboard.press("Enter")
        page.get_by_role("heading", level=1, name=heading).wait_for()
    words = page.get_by_role("main").inner_text()
    assert "because adult lists pornhub.com" in words
    assert "By the settings in force" in words
    page.get_by_role("link", name="Open this site").click()
    assert page.get_by_label("Which site?").input_value() == "pornhub.com"


def test_a_report_opens_as_it_is_mailed(gateway: Gateway, chromium: Any) -> None:
    page, complaints = _page(chromium, gateway, "h.head"), list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    page.goto("/reports")
    page.get_by_role("button", name=re.compile("^Read ?: The digest")).click()
    page.get_by_role("heading", level=1).wait_for()
    assert "1 request was blocked" in page.locator("body").inner_text()
    assert complaints == []


def test_a_bad_edit_is_shown_at_its_line(gateway: Gateway, chromium: Any, request: pytest.FixtureRequest) -> None:
    rules: Path = gateway.school.config / "rules.yaml"
    sound = rules.read_text()
    request.addfinalizer(lambda: rules.write_text(sound))
    rules.write_text(sound.replace("gambling", "gambing"))
    page = _page(chromium, gateway, "t.tech")

    def is_told() -> bool:
        page.goto("/settings")
        return "unknown category 'gambing'" in page.get_by_role("main").inner_text()

    _until(is_told)
    page.get_by_role("link", name="config/rules.yaml:").first.click()
    faulty = page.locator("li.faulty").first
    assert "gambing" in faulty.inner_text()
    assert _complaints(page) == []


def test_the_health_of_a_running_gateway(gateway: Gateway, chromium: Any) -> None:
    page = _page(chromium, gateway, "t.tech")
    page.goto("/health")
    words = page.get_by_role("main").inner_text()
    for said in (
        "worker",
        "filter the web" if "workers" in words else "filters the web",
        "NOT COMPLIANT",
        "is in force",
    ):
        assert said in words
    assert "No worker is running" not in words
