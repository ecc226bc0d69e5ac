"""Nobody is monitored before they have read the notice: it is shown once, and only a person's own answer counts."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from e2e.test_browser import Relay
from e2e.test_staff import counts
from pretend.chromium import CHROMIUM, QUIET
from pretend.forms import OPENED, action_of, answer, hidden_fields
from pretend.gateway import Gateway, schoolgate
from pretend.sites import Served, Sites
from schoolgate.store.pseudonym import open_pseudonyms

MONITORING = "notice: {contact: 'Ms Data, dpo@school.example', words: 'Thank you for reading.'}\n"
PEOPLE = """
groups:
  pupils: {title: Pupils, networks: ["127.0.0.2/32"]}
  staff: {title: Staff, networks: ["127.0.0.3/32", "127.0.0.30/32", "127.0.0.31/32", "127.0.0.32/32"], users: [j.smith, a.jones]}
  guests: {title: Guests}
  servers: {title: Servers}
unknown: pupils
logins: {file: logins.htpasswd}
"""
PASSWORD = "correct horse"
ONE, TWO, THREE, FOUR = "127.0.0.3", "127.0.0.30", "127.0.0.31", "127.0.0.32"


def _of(gateway: Gateway, person: str) -> list[dict[str, Any]]:
    return [event for event in gateway.events() if event["person"] == person]


def _device(gateway: Gateway, address: str) -> str:
    return open_pseudonyms(gateway.school.data).of("device", address)


def _acknowledge(gateway: Gateway, site: str, client: str, *login: str) -> str:
    """Open a page, read the notice and say so; returns the notice's version."""
    page = gateway.curl(f"{site}/wanted", *OPENED, *login, client=client)
    assert page.status == 403
    assert "I have read this" in page.text
    browser = [*OPENED, "--header", "Sec-Fetch-Site: same-origin", "--header", f"Origin: {site}", *login]
    done = answer(gateway, site, page.text, *browser, client=client)
    assert done.status == 303
    assert f"location: {site}/wanted" in done.head.lower()
    return gateway.events("--action", "deed")[-1]["notice"]


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway]) -> Gateway:
    gateway = start(monitoring=MONITORING, people=PEOPLE.replace("logins: {file: logins.htpasswd}\n", ""))
    gateway.stop()
    for login in ("j.smith", "a.jones"):
        done = schoolgate("login", login, "--config", str(gateway.school.config), input=f"{PASSWORD}\n")
        assert done.returncode == 0, done.stderr
    gateway.school.people = PEOPLE
    return gateway.start()


def test_until_the_notice_was_read_nothing_is_recorded_and_afterwards_visits_are(
    gateway: Gateway, sites: Sites
) -> None:
    site, person = f"https://x.com:{sites.tls_port}", _device(gateway, ONE)
    page = gateway.curl(f"{site}/wanted?q=1", *OPENED, client=ONE)
    assert page.status == 403
    for words in (
        "I have read this",
        "Social media",
        "working hours",
        "Monday to Sunday",
        "dpo@school.example",
        "Thank you",
    ):
        assert words in page.text
    assert "no-store" in page.head
    assert "frame-ancestors 'none'" in page.head
    for option in ("Sec-Fetch-Dest: image", "Sec-Fetch-Dest: iframe", "Sec-Fetch-Dest: empty"):
        assert gateway.curl(f"{site}/part", "--header", option, client=ONE).status == 200
    assert gateway.curl(f"{site}/part", "--data", "a=b", *OPENED, client=ONE).status == 200
    assert gateway.curl(f"https://news.example:{sites.tls_port}/", *OPENED, client=ONE).status == 200
    assert _of(gateway, person) == []

    version = _acknowledge(gateway, site, ONE)
    [deed] = _of(gateway, person)
    assert (deed["action"], deed["rule"], deed["notice"]) == ("deed", "notice-acknowledged", version)
    assert (deed["actor"], deed["client"], deed["group"]) == (person, ONE, "staff")
    assert gateway.curl(f"{site}/wanted?q=1", *OPENED, client=ONE).status == 200
    [_, visit] = sorted(_of(gateway, person), key=lambda event: event["at"])
    assert (visit["host"], visit["path"], visit["action"], visit["notice"]) == ("x.com", "/wanted", "log", version)
    assert not [asked for asked in sites.seen("x.com") if ".schoolgate" in asked.path]


def test_no_site_can_say_that_somebody_has_read_it(gateway: Gateway, sites: Sites) -> None:
    site, other = f"https://x.com:{sites.tls_port}", f"https://www.facebook.com:{sites.tls_port}"
    person = _device(gateway, TWO)
    page = gateway.curl(f"{site}/", *OPENED, client=TWO).text
    same = "Sec-Fetch-Site: same-origin"
    refused = [
        answer(gateway, site, page, *OPENED, "--header", same, client=TWO, token="0" * 40),
        answer(gateway, site, page, *OPENED, "--header", "Sec-Fetch-Site: cross-site", client=TWO),
        answer(gateway, site, page, *OPENED, "--header", "Sec-Fetch-Site: same-site", client=TWO),
        answer(gateway, site, page, *OPENED, "--header", f"Origin: {other}", client=TWO),
        answer(gateway, site, page, *OPENED, "--header", "Origin: null", client=TWO),
        answer(gateway, site, page, "--header", "Sec-Fetch-Mode: cors", "--header", same, client=TWO),
        answer(gateway, site, page, client=TWO, to="//evil.example/"),
        answer(gateway, site, page, "--header", "Content-Type: text/plain", client=TWO),
        answer(gateway, other, page, client=TWO),  # made for another site
        answer(gateway, site, page, client=THREE),  # made for another person
        gateway.curl(f"{site}{action_of(page)}", *OPENED, client=TWO),
        gateway.curl(f"{site}{action_of(page)}", "--data", "x" * 100_000, client=TWO),
        answer(gateway, site, page, client=TWO, **{f"field{number}": "x" for number in range(50)}),
    ]
    assert [each.status for each in refused] == [403] * 10 + [404, 413, 403]
    assert gateway.events("--action", "fault") == []
    assert gateway.curl(f"{site}/", *OPENED, client=TWO).status == 403
    assert _of(gateway, person) == []
    assert not [asked for asked in sites.seen("x.com") if ".schoolgate" in asked.path]


def test_what_is_blocked_stays_blocked_and_on_record(gateway: Gateway, sites: Sites) -> None:
    answer = gateway.curl(f"https://pornhub.com:{sites.tls_port}/", *OPENED, client=THREE)
    assert answer.status == 403
    assert "This page is blocked" in answer.text
    [event] = [each for each in _of(gateway, _device(gateway, THREE)) if each["host"] == "pornhub.com"]
    assert (event["action"], event["notice"]) == ("block", "")


def test_each_person_at_a_device_reads_it_and_once_for_all_devices(gateway: Gateway, sites: Sites) -> None:
    site, login = f"https://x.com:{sites.tls_port}", ("--proxy-user", f"j.smith:{PASSWORD}")
    _acknowledge(gateway, site, FOUR, *login)
    for client in (FOUR, THREE):
        assert gateway.curl(f"{site}/", *OPENED, *login, client=client).status == 200
    other = gateway.curl(f"{site}/", *OPENED, "--proxy-user", f"a.jones:{PASSWORD}", client=FOUR)
    assert (other.status, "I have read this" in other.text) == (403, True)
    person = open_pseudonyms(gateway.school.data).of("user", "j.smith")
    assert {event["action"] for event in _of(gateway, person)} == {"deed", "log"}


def test_what_they_ask_a_chatbot_is_not_even_counted(start: Callable[..., Gateway], sites: Sites) -> None:
    noted = "rules:\n  - {id: asked, groups: [staff], categories: [self_harm], applies_to: [searches], action: log, why: W.}\n"
    gateway = start(monitoring=MONITORING, rules=noted)
    prompt = '{"messages": [{"role": "user", "content": "how to kill myself"}]}'
    as_json = ["--header", "Content-Type: application/json", "--data", prompt]
    url = f"https://chat.example:{sites.tls_port}"
    assert gateway.curl(f"{url}/v1/chat/completions", *as_json, client=ONE).status == 200
    tallies = counts(gateway.school, "tallies", bool)
    assert {(row["group"], row["action"], row["category"]) for row in tallies} == {("staff", "allow", "")}


def test_pupils_are_shown_none_and_the_path_is_theirs(gateway: Gateway, sites: Sites) -> None:
    assert (
        gateway.curl(f"http://news.example:{sites.port}/.schoolgate/notice", *OPENED, client="127.0.0.2").status == 200
    )


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed (apt-get install chromium)")
class TestInChromium:
    @pytest.fixture
    def browse(self, gateway: Gateway) -> Iterator[Callable[[str], Any]]:
        from playwright.sync_api import Browser, sync_playwright

        opened: list[Browser] = []
        with sync_playwright() as playwright:

            def begin(source: str) -> Any:
                relay = Relay(source, gateway.school.proxy_port)
                proxy = {"server": f"http://127.0.0.1:{relay.port}"}
                opened.append(playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET, proxy=proxy))
                return opened[-1].new_context(ignore_https_errors=True, java_script_enabled=False).new_page()

            yield begin
            for browser in opened:
                browser.close()

    @pytest.mark.parametrize(("scheme", "client"), [("https", "127.0.0.30"), ("http", "127.0.0.31")])
    def test_it_is_read_once_and_leads_on(
        self, gateway: Gateway, sites: Sites, browse: Callable[[str], Any], scheme: str, client: str
    ) -> None:
        port = sites.tls_port if scheme == "https" else sites.port
        target = f"https://www.facebook.com:{sites.tls_port}/end"
        sites.pages["x.com/on"] = Served((b"",), {"Location": target}, status=302)
        page = browse(client)
        assert page.goto(f"{scheme}://x.com:{port}/on?a=1&b=%C3%A9").status == 403
        assert page.get_by_role("heading", name="What is recorded about you").is_visible()
        assert page.get_by_role("heading", name="Your working hours").is_visible()
        page.get_by_role("button", name="I have read this").click()
        page.get_by_role("heading", name="Welcome to www.facebook.com").wait_for(timeout=60_000)
        assert page.url == target
        assert page.goto(f"{scheme}://x.com:{port}/again").status == 200
        events = _of(gateway, _device(gateway, client))
        [deed] = [event for event in events if event["action"] == "deed"]
        visits = [event for event in events if event["kind"] == "visit" and event["action"] in ("log", "allow")]
        assert ("www.facebook.com", "/end") in {(event["host"], event["path"]) for event in visits}
        assert {event["notice"] for event in visits} == {deed["notice"]}


def test_a_kill_right_after_it_loses_nothing_and_an_edit_asks_anew(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start(workers=2, monitoring=MONITORING)
    site, url = f"https://x.com:{sites.tls_port}", f"https://x.com:{sites.tls_port}/"
    first = _acknowledge(gateway, site, ONE)
    assert [gateway.curl(url, *OPENED, client=ONE).status for _ in range(6)] == [200] * 6  # whichever worker answers
    for name, process in gateway.children().items():
        if name.startswith("worker"):
            os.kill(process, signal.SIGKILL)
    _until_read_everywhere(gateway, url)
    deeds = gateway.events("--action", "deed")
    assert [deed["notice"] for deed in deeds] == [first]

    calendar = gateway.school.config / "calendar.yaml"
    calendar.write_text(calendar.read_text() + "# an edit that changes nothing for anybody\n")
    time.sleep(4)
    assert gateway.curl(url, *OPENED, client=ONE).status == 200
    gateway.school.monitoring = MONITORING.replace("Thank you", "Thanks a lot")
    gateway.school.write()
    end = time.monotonic() + 60
    while gateway.curl(url, *OPENED, client=ONE).status == 200:
        assert time.monotonic() < end, gateway.log
        time.sleep(0.3)
    time.sleep(2)
    page = gateway.curl(url, *OPENED, client=ONE)
    assert "Thanks a lot" in page.text
    second = _acknowledge(gateway, site, ONE)
    assert second != first
    assert second[:5] == first[:5]
    _until_read_everywhere(gateway, url)
    assert gateway.events("--group", "staff")[-1]["notice"] == second


def _until_read_everywhere(gateway: Gateway, url: str) -> None:
    """Each connection may meet another worker; all of them know it within seconds."""
    end, known = time.monotonic() + 60, 0
    while known < 8:
        known = known + 1 if gateway.curl(url, *OPENED, client=ONE).status == 200 else 0
        assert time.monotonic() < end, gateway.log


def test_the_fields_of_the_form_hold_the_address_that_was_wanted(gateway: Gateway, sites: Sites) -> None:
    page = gateway.curl(f"http://x.com:{sites.port}/a?b=%22%3E%3Cscript%3E", *OPENED, client=FOUR).text
    assert hidden_fields(page)["to"] == "/a?b=%22%3E%3Cscript%3E"
    assert "<script" not in page
