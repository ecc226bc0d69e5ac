"""Staff personal use: a visit in working hours is on record, everything else is not."""

from collections.abc import Callable

import pytest
from pretend.gateway import Gateway, schoolgate
from pretend.school import NEVER_WORKING
from pretend.sites import Sites

STAFF, PUPIL = "127.0.0.3", "127.0.0.2"
PAGE = ["--header", "Sec-Fetch-Dest: document", "--header", "Sec-Fetch-Mode: navigate"]


@pytest.fixture(scope="module")
def working(start: Callable[..., Gateway]) -> Gateway:
    return start()


def _kinds(gateway: Gateway) -> list[tuple[str, str, str]]:
    return [(e["host"], e["kind"], e["action"]) for e in gateway.events("--group", "staff")]


def test_a_visit_in_working_hours_is_recorded_and_served(working: Gateway, sites: Sites) -> None:
    answer = working.curl(f"https://www.facebook.com:{sites.tls_port}/friends?token=abc", *PAGE, client=STAFF)
    assert answer.status == 200
    [event] = [e for e in working.events("--group", "staff") if e["host"] == "www.facebook.com"]
    assert (event["kind"], event["action"], event["category"]) == ("visit", "log", "social_media")
    assert event["path"] == "/friends"
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
    ],
)
def test_what_a_page_does_by_itself_is_no_visit(working: Gateway, sites: Sites, headers: list[str]) -> None:
    options = [part for header in headers for part in ("--header", header)]
    answer = working.curl(f"https://x.com:{sites.tls_port}/button", *options, client=STAFF)
    assert answer.status == 200
    assert not [e for e in working.events("--group", "staff") if e["host"] == "x.com"]


def test_a_redirect_is_no_visit_but_its_end_is(working: Gateway, sites: Sites) -> None:
    url = f"https://www.amazon.co.uk:{sites.tls_port}/redirect"
    assert working.curl(url, *PAGE, "--location", client=STAFF).status == 200
    found = [e["path"] for e in working.events("--group", "staff") if e["host"] == "www.amazon.co.uk"]
    assert found == ["/landing"]


def test_outside_working_hours_nothing_is_kept(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start(calendar=NEVER_WORKING)
    assert gateway.curl(f"https://www.facebook.com:{sites.tls_port}/", *PAGE, client=STAFF).status == 200
    assert gateway.events() == []


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
