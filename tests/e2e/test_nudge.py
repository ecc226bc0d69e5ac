"""Before a personal site in working time staff are asked what it is for: work, a break, or back; no answer, no site."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from e2e.test_browser import Relay
from pretend.chromium import CHROMIUM, QUIET
from pretend.forms import OPENED, action_of, answer, hidden_fields
from pretend.gateway import Gateway
from pretend.school import NEVER_WORKING, PEOPLE, RULES
from pretend.sites import Sites
from schoolgate.proxy.nudges import HOLDS_FOR, LONGEST, Choice, Nudges, in_words
from schoolgate.store.pseudonym import open_pseudonyms

ASKING = RULES.replace("when: working_hours, action: log", "when: working_hours, action: warn")
STAFF = PEOPLE.replace(
    '["127.0.0.3/32"]', '["127.0.0.3/32", "127.0.0.30/32", "127.0.0.31/32", "127.0.0.32/32", "127.0.0.34/32"]'
)
ONE, TWO, THREE, FOUR, FIVE = "127.0.0.3", "127.0.0.30", "127.0.0.31", "127.0.0.32", "127.0.0.34"


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway]) -> Gateway:
    return start(rules=ASKING, people=STAFF)


def _of(gateway: Gateway, client: str) -> list[tuple[str, str, str]]:
    events = [event for event in gateway.events("--group", "staff") if event["client"] == client]
    return [(event["action"], event["path"], event["left_out"]) for event in events]


def test_without_an_answer_nothing_opens_and_with_one_the_visit_is_left_out(gateway: Gateway, sites: Sites) -> None:
    site = f"https://x.com:{sites.tls_port}"
    for _ in range(2):
        page = gateway.curl(f"{site}/asked?b=c", *OPENED, client=ONE)
        assert page.status == 403
        for words in ("It is for work", "I am on a break", "Go back", "Social media", "Staff give the whole"):
            assert words in page.text
    assert gateway.curl(f"{site}/part", "--header", "Sec-Fetch-Dest: image", client=ONE).status == 200
    assert gateway.curl(f"{site}/asked", "--data", "q=1", *OPENED, client=ONE).status == 403
    assert not [asked for asked in sites.seen("x.com") if asked.path.startswith("/asked")]

    done = answer(gateway, site, page.text, client=ONE, choice="work", reason="  marking\thomework " + "x" * 300)
    assert (done.status, f"location: {site}/asked?b=c" in done.head.lower()) == (303, True)
    for path in ("/asked?b=c", "/d"):
        assert gateway.curl(f"{site}{path}", *OPENED, client=ONE).status == 200
    said = ("said to be work: marking homework " + "x" * 300)[: LONGEST + len("said to be work: ")]
    assert _of(gateway, ONE) == [("warn", "/asked", ""), ("allow", "/asked", said), ("allow", "/d", said)]
    [*_, last] = gateway.events("--group", "staff")
    assert (last["alert"], last["category"], last["kind"]) == ("none", "social_media", "visit")
    other = gateway.curl(f"https://www.facebook.com:{sites.tls_port}/", *OPENED, client=ONE)
    assert other.status == 403  # what was said was said of one site


def test_a_break_is_left_out_too(gateway: Gateway, sites: Sites) -> None:
    site = f"http://x.com:{sites.port}"
    page = gateway.curl(f"{site}/b", *OPENED, client=TWO).text
    assert answer(gateway, site, page, client=TWO, choice="break").status == 303
    assert gateway.curl(f"{site}/b", *OPENED, client=TWO).status == 200
    assert _of(gateway, TWO) == [("warn", "/b", ""), ("allow", "/b", "said to be a break")]


def test_going_back_opens_nothing(gateway: Gateway, sites: Sites) -> None:
    site, before = f"https://x.com:{sites.tls_port}", "https://news.example/today?x=1"
    page = gateway.curl(f"{site}/", *OPENED, "--referer", before, client=THREE).text
    done = answer(gateway, site, page, client=THREE, choice="back")
    assert (done.status, f"location: {before}" in done.head.lower()) == (303, True)
    page = gateway.curl(f"{site}/", *OPENED, client=THREE).text
    done = answer(gateway, site, page, client=THREE, choice="back")
    assert (done.status, "was not opened" in done.text) == (200, True)
    assert gateway.curl(f"{site}/", *OPENED, client=THREE).status == 403


def test_no_other_site_can_answer_or_send_anybody_away(gateway: Gateway, sites: Sites) -> None:
    site = f"https://x.com:{sites.tls_port}"
    page = gateway.curl(f"{site}/", *OPENED, "--referer", "https://news.example/", client=FOUR).text
    assert hidden_fields(page)["back"] == "https://news.example/"
    refused = [
        answer(gateway, site, page, *OPENED, "--header", "Sec-Fetch-Site: cross-site", client=FOUR, choice="work"),
        answer(gateway, site, page, client=FOUR, choice="back", back="https://evil.example/"),
        answer(gateway, site, page, client=FOUR, choice="work", category="shopping"),
        answer(gateway, site, page, client=FOUR, choice="whatever"),
        answer(gateway, site, page, client=ONE, choice="work"),
        gateway.curl(f"{site}{action_of(page)}", "--data", "choice=work", *OPENED, client=FOUR),
    ]
    assert [each.status for each in refused] == [403] * 6
    assert gateway.curl(f"{site}/", *OPENED, client=FOUR).status == 403


AHEAD = ["--header", "Sec-Purpose: prefetch;prerender"]


def test_what_is_fetched_ahead_opens_nothing_and_asks_nobody(gateway: Gateway, sites: Sites) -> None:
    url = f"https://www.linkedin.com:{sites.tls_port}/feed"
    assert gateway.curl(url, *OPENED, *AHEAD, client=FIVE).status == 403
    assert _of(gateway, FIVE) == []
    assert not sites.seen("www.linkedin.com")
    assert "Is this for work?" in gateway.curl(url, *OPENED, client=FIVE).text


def test_a_page_that_waits_for_an_answer_is_not_opened_by_asking_again_and_again(
    gateway: Gateway, sites: Sites
) -> None:
    """Over plain http nothing tells a person's impatience from a page that loads itself anew."""
    url = f"https://facebook.com:{sites.tls_port}/again"
    itself = ["--referer", url, "--header", "Sec-Fetch-Site: same-origin"]
    assert gateway.curl(url, *OPENED, client=FIVE).status == 403
    assert [gateway.curl(url, *OPENED, *itself, client=FIVE).status for _ in range(3)] == [403] * 3
    assert not [asked for asked in sites.seen("facebook.com") if asked.path == "/again"]


def test_an_answer_holds_with_and_without_www(gateway: Gateway, sites: Sites) -> None:
    site = f"https://amazon.co.uk:{sites.tls_port}"
    page = gateway.curl(f"{site}/", *OPENED, client=FIVE).text
    assert answer(gateway, site, page, client=FIVE, choice="break").status == 303
    assert gateway.curl(f"https://www.amazon.co.uk:{sites.tls_port}/", *OPENED, client=FIVE).status == 200


def test_a_page_to_go_back_to_is_one_plain_address(gateway: Gateway, sites: Sites) -> None:
    url = f"https://facebook.com:{sites.tls_port}/"
    page = gateway.curl(url, *OPENED, "--header", "Referer: https://a.example/\tx", client=FIVE).text
    assert hidden_fields(page)["back"] == ""


def test_a_warning_that_was_only_fetched_ahead_was_not_shown(gateway: Gateway, sites: Sites) -> None:
    url = f"https://mail.yahoo.com:{sites.tls_port}/"
    assert gateway.curl(url, *OPENED, *AHEAD).status == 403
    assert not [event for event in gateway.events("--group", "pupils") if event["host"] == "mail.yahoo.com"]
    assert [gateway.curl(url, *OPENED).status for _ in range(2)] == [403, 200]


def test_pupils_and_free_time_keep_the_page_that_lets_one_go_on(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start(rules=ASKING.replace("when: working_hours, action: warn", "action: warn"), calendar=NEVER_WORKING)
    for client, url in (
        ("127.0.0.2", f"https://mail.yahoo.com:{sites.tls_port}/"),
        (ONE, f"https://x.com:{sites.tls_port}/"),
    ):
        first, second = (gateway.curl(url, *OPENED, client=client) for _ in range(2))
        assert ("Before you go on" in first.text, first.status, second.status) == (True, 403, 200)


def test_what_was_said_holds_for_half_an_hour() -> None:
    now = [0.0]
    nudges, key = Nudges(lambda: now[0]), ("u-1", "x.com", "social_media")
    assert nudges.said(key) == ""
    nudges.say(key, in_words(Choice.BREAK))
    now[0] = HOLDS_FOR - 1
    assert nudges.said(key) == "said to be a break"
    assert nudges.said(("u-2", "x.com", "social_media")) == ""
    now[0] = HOLDS_FOR
    assert nudges.said(key) == ""
    for number in range(20_000):
        nudges.say((f"u-{number}", "x.com", "games"), "said to be work")
    assert nudges.said(("u-19999", "x.com", "games")) == "said to be work"


@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed (apt-get install chromium)")
class TestInChromium:
    @pytest.fixture
    def page(self, gateway: Gateway) -> Iterator[Any]:
        from playwright.sync_api import sync_playwright

        relay = Relay("127.0.0.32", gateway.school.proxy_port)
        with sync_playwright() as playwright:
            proxy = {"server": f"http://127.0.0.1:{relay.port}"}
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET, proxy=proxy)
            yield browser.new_context(ignore_https_errors=True, java_script_enabled=False).new_page()
            browser.close()

    def test_the_choices_work_without_scripts(self, gateway: Gateway, sites: Sites, page: Any) -> None:
        link = f"https://www.amazon.co.uk:{sites.tls_port}/basket"
        sites.pages["allowed.example/shop"] = f"<!doctype html><title>T</title><a href='{link}'>shop</a>".encode()
        page.goto(f"https://allowed.example:{sites.tls_port}/shop")
        page.get_by_role("link", name="shop").click()
        page.get_by_role("heading", name="Is this for work?").wait_for()
        page.get_by_role("button", name="Go back").click()
        page.wait_for_url("https://allowed.example:*/**")
        page.goto(link)
        page.get_by_label("What for").fill("Paint for Year 2")
        page.get_by_role("button", name="It is for work").click()
        page.get_by_role("heading", name="Welcome to www.amazon.co.uk").wait_for()
        assert page.url == link
        person = open_pseudonyms(gateway.school.data).of("device", "127.0.0.32")
        events = [each for each in gateway.events() if each["person"] == person and each["host"] == "www.amazon.co.uk"]
        assert [each["action"] for each in events] == ["warn", "allow"]
        assert events[-1]["left_out"] == "said to be work: Paint for Year 2"
