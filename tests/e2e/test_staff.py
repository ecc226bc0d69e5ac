"""Staff personal use: a visit in working hours is on record, everything else is not."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from pretend.gateway import Gateway, schoolgate
from pretend.school import NEVER_WORKING, RULES, School
from pretend.sites import Sites
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.record import open_reader

STAFF, PUPIL = "127.0.0.3", "127.0.0.2"
PAGE = ["--header", "Sec-Fetch-Dest: document", "--header", "Sec-Fetch-Mode: navigate"]
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
WORK = """
notice: {required: false}
official_pages:
  - {url: facebook.com/st-tests, title: School on Facebook, approver: headteacher, review: 2099-09-01}
"""


@pytest.fixture(scope="module")
def working(start: Callable[..., Gateway]) -> Gateway:
    return start(monitoring=WORK)


def _kinds(gateway: Gateway) -> list[tuple[str, str, str]]:
    return [(e["host"], e["kind"], e["action"]) for e in gateway.events("--group", "staff")]


def _of(gateway: Gateway, host: str) -> list[dict[str, Any]]:
    return [event for event in gateway.events("--group", "staff") if event["host"] == host]


def counts(school: School, table: str, has: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """Rows of a view, once they are as they should be: counts are written every few seconds."""
    end = time.monotonic() + 40
    while True:
        with open_reader(school.data, with_waiting=True) as reader:
            rows = list(reader.query(f"select * from {table}"))  # noqa: S608
        if has(rows) or time.monotonic() > end:
            return rows
        time.sleep(0.3)


def test_a_visit_in_working_hours_is_recorded_and_served(working: Gateway, sites: Sites) -> None:
    answer = working.curl(f"https://www.facebook.com:{sites.tls_port}/friends?token=abc", *PAGE, client=STAFF)
    assert answer.status == 200
    [event] = _of(working, "www.facebook.com")
    assert (event["kind"], event["action"], event["category"]) == ("visit", "log", "social_media")
    assert (event["path"], event["left_out"]) == ("/friends", "")
    assert float(event["confidence"]) >= 0.8
    assert event["reason"]
    assert "working hours" in event["calendar"]
    assert "abc" not in str(event)


@pytest.mark.parametrize(
    "headers",
    [
        ["Sec-Fetch-Dest: image"],
        ["Sec-Fetch-Dest: iframe"],
        ["Sec-Fetch-Dest: script"],
        ["Sec-Fetch-Dest: empty"],
        ["Sec-Fetch-Dest: document", "Sec-Purpose: prefetch;prerender"],
        ["Accept: text/html"],
        ["Accept: text/html", "User-Agent: curl/8.14"],
    ],
)
def test_what_a_page_does_by_itself_is_no_visit(working: Gateway, sites: Sites, headers: list[str]) -> None:
    options = [part for header in headers for part in ("--header", header)]
    answer = working.curl(f"https://x.com:{sites.tls_port}/button", *options, client=STAFF)
    assert answer.status == 200
    assert not _of(working, "x.com")


def test_a_redirect_is_no_visit_but_its_end_is(working: Gateway, sites: Sites) -> None:
    url = f"https://www.amazon.co.uk:{sites.tls_port}/redirect"
    assert working.curl(url, *PAGE, "--location", client=STAFF).status == 200
    assert [e["path"] for e in _of(working, "www.amazon.co.uk")] == ["/landing"]


def test_what_may_be_no_visit_is_on_record_with_the_reason_and_does_not_count(working: Gateway, sites: Sites) -> None:
    """A page that sends the browser on by itself: Chromium then does not say that anybody had clicked."""
    options = [*PAGE, "--user-agent", CHROME, "--header", "Sec-Fetch-Site: cross-site"]
    assert working.curl(f"https://amazon.co.uk:{sites.tls_port}/ad", *options, client=STAFF).status == 200
    [event] = _of(working, "amazon.co.uk")
    assert (event["kind"], event["action"], event["alert"]) == ("visit", "allow", "none")
    assert event["left_out"].startswith("not counted: ")
    assert float(event["confidence"]) < 0.8


def test_what_is_work_is_on_record_as_work(working: Gateway, sites: Sites) -> None:
    assert working.curl(f"https://facebook.com:{sites.tls_port}/st-tests/posts", *PAGE, client=STAFF).status == 200
    [event] = _of(working, "facebook.com")
    assert (event["action"], event["alert"], event["category"]) == ("allow", "none", "social_media")
    assert "School on Facebook" in event["left_out"]


def test_everything_in_working_time_is_counted_by_category_without_addresses(
    start: Callable[..., Gateway], sites: Sites
) -> None:
    gateway = start(monitoring=WORK)
    for host, header in (
        ("www.facebook.com", "Sec-Fetch-Dest: document"),
        ("facebook.com", "Sec-Fetch-Dest: image"),
        ("news.example", "Sec-Fetch-Dest: document"),
        ("www.nhs.uk", "Sec-Fetch-Dest: document"),
    ):
        assert gateway.curl(f"http://{host}:{sites.port}/", "--header", header, client=STAFF).status == 200
    gateway.curl(f"http://news.example:{sites.port}/", *PAGE, client=PUPIL)
    rows = counts(gateway.school, "activity", lambda rows: len(rows) >= 3)
    person = open_pseudonyms(gateway.school.data).of("device", STAFF)
    assert {(row["person"], row["group"], row["category"], row["kind"], row["requests"]) for row in rows} == {
        (person, "staff", "social_media", "visit", 1),
        (person, "staff", "social_media", "embedded", 1),
        (person, "staff", "other", "visit", 1),
    }
    assert all(len(row["day"]) == 10 for row in rows)


def test_outside_working_hours_nothing_is_kept(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start(calendar=NEVER_WORKING, monitoring=WORK)
    options = [*PAGE, "--user-agent", CHROME]
    for path, how in (("/", PAGE), ("/st-tests", PAGE), ("/ad", options)):
        assert gateway.curl(f"https://www.facebook.com:{sites.tls_port}{path}", *how, client=STAFF).status == 200
    gateway.curl(f"https://www.facebook.com:{sites.tls_port}/", *PAGE, client=PUPIL)
    assert gateway.events() == []
    tallies = counts(gateway.school, "tallies", lambda rows: sum(row["requests"] for row in rows) >= 4)
    assert {(row["group"], row["action"], row["category"]) for row in tallies} == {
        ("staff", "allow", ""),
        ("pupils", "allow", "social_media"),
    }
    assert counts(gateway.school, "activity", lambda rows: True) == []


def test_a_rule_for_all_times_is_the_schools_own_decision(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start(calendar=NEVER_WORKING, rules=RULES.replace("when: working_hours, action: log", "action: log"))
    for host, how in (("x.com", PAGE), ("amazon.co.uk", [*PAGE, "--user-agent", CHROME])):
        assert gateway.curl(f"https://{host}:{sites.tls_port}/", *how, client=STAFF).status == 200
    [event] = gateway.events("--group", "staff")
    assert (event["host"], event["action"]) == ("x.com", "log")


def test_staff_are_still_kept_from_adult_sites(working: Gateway, sites: Sites) -> None:
    assert working.curl(f"https://pornhub.com:{sites.tls_port}/", *PAGE, client=STAFF).status == 403
    assert ("pornhub.com", "visit", "block") in _kinds(working)


def test_a_login_is_believed_only_with_its_password(start: Callable[..., Gateway], sites: Sites) -> None:
    people = """
groups:
  pupils: {title: Pupils, networks: ["127.0.0.2/32"]}
  staff: {title: Staff, networks: [], users: [J.Smith]}
  guests: {title: Guests}
  servers: {title: Servers}
unknown: pupils
logins: {file: logins.htpasswd, ask: ["127.0.2.0/24"]}
"""
    gateway = start()  # without logins: the name is not believed
    url = f"https://x.com:{sites.tls_port}/"
    answer = gateway.curl(url, *PAGE, "--proxy-user", "j.smith:anything")
    assert answer.status == 200
    assert gateway.events("--group", "staff") == []
    assert all("proxy-authorization" not in asked.headers for asked in sites.seen("x.com"))

    gateway.stop()
    done = schoolgate("login", "j.smith", "--config", str(gateway.school.config), input="correct horse\n")
    assert done.returncode == 0, done.stderr
    gateway.school.people = people
    gateway.start()
    for plain in (f"http://x.com:{sites.port}/", url):
        assert gateway.curl(plain, *PAGE, "--proxy-user", "j.smith:correct horse").status == 200
        assert gateway.curl(plain, *PAGE, "--proxy-user", "j.smith:wrong horse").status == 407
        assert gateway.curl(plain, *PAGE, "--proxy-user", "nobody:correct horse").status == 407
        assert gateway.curl(plain, *PAGE, client="127.0.2.9").status == 407
    found = gateway.events("--group", "staff")
    assert [(e["host"], e["kind"], e["identity_confidence"]) for e in found] == [("x.com", "visit", "login")] * 2
    assert "smith" not in str(found)
    assert all("proxy-authorization" not in asked.headers for asked in sites.seen("x.com"))
