"""The door of every screen: roles that come and go, names that are not ours, and answers that are kept nowhere."""

from typing import Any

import pytest
from schoolgate.console.guard import SAFETY


def test_the_chair_of_governors_sees_look_ups_also_where_she_may_reveal_no_names(
    console: Any, school: Any, settings_of: Any
) -> None:
    (school.config / "monitoring.yaml").write_text("names: {may_reveal: [headteacher]}\n")
    console.desk.settings = settings_of(school)
    chair = console.browser("c.chair")
    assert chair.get("/look-ups").status_code == 200
    assert [chair.get(path).status_code for path in ("/names", "/records", "/contests/x")] == [403, 403, 404]
    assert chair.get("/contests").status_code == 200  # the Headteacher's own are hers to answer
    assert console.browser("d.safe").get("/look-ups").status_code == 403


def test_a_role_that_is_taken_away_closes_its_screens_at_once(console: Any, school: Any, settings_of: Any) -> None:
    head = console.browser("h.head")
    assert head.get("/contests").status_code == 200
    school.roles = school.roles.replace("user: h.head", "user: d.other")
    console.desk.settings = settings_of(school.write())
    assert head.get("/contests").status_code == 403
    assert head.get("/mine").status_code == 200


def test_a_session_ends_with_its_password(console: Any, school: Any) -> None:
    jones = console.browser("a.jones")
    path = school.config / "logins.htpasswd"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("a.jones:")]
    path.write_text("\n".join(lines) + "\n")
    assert jones.get("/mine").status_code == 303


@pytest.mark.parametrize("path", ["/", "/login", "/mine", "/nowhere", "/mine/visits/1", "/contests"])
def test_every_answer_carries_the_safety_headers_and_is_kept_nowhere(console: Any, path: str) -> None:
    for browser in (console.browser(), console.browser("a.jones")):
        answer = browser.get(path)
        assert answer.headers["cache-control"] == "no-store"
        for name, value in SAFETY.items():
            assert answer.headers[name] == value
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("host", "good"),
    [
        ("127.0.0.1:8081", True),
        ("localhost:8081", True),
        ("[::1]:8081", True),
        ("10.1.2.3", True),
        ("evil.example:8081", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example:8081", False),
        ("", False),
        ("a b", False),
    ],
)
def test_only_its_own_addresses_lead_to_the_console(console: Any, host: str, good: bool) -> None:
    answer = console.browser().get("/login", headers={"host": host})
    assert answer.status_code == (200 if good else 421)


def test_the_name_under_which_people_reach_it_is_its_own_too(console: Any, school: Any, settings_of: Any) -> None:
    outside = {"host": "filter.school.example"}
    assert console.browser().get("/login", headers=outside).status_code == 421
    school.roles += "console_url: https://filter.school.example\n"
    console.desk.settings = settings_of(school.write())
    assert console.browser().get("/login", headers=outside).status_code == 200
    assert console.browser().get("/login", headers={"host": "other.school.example"}).status_code == 421


def test_an_unknown_page_and_a_wrong_method_say_so_in_plain_words(console: Any) -> None:
    browser = console.browser("a.jones")
    assert "no such page" in browser.get("/nowhere").text
    answer = browser.post("/mine")
    assert answer.status_code == 405
    assert "Traceback" not in answer.text


def test_a_fault_shows_no_insides(console: Any, tmp_path: Any) -> None:
    jones = console.browser("a.jones")
    (console.settings.data / "record.db").write_bytes(b"this is no database" * 100)
    answer = jones.get("/mine")
    assert answer.status_code == 500
    assert "record cannot be read" in answer.text
    assert "sqlite" not in answer.text.lower()


def test_the_style_sheet_is_the_only_thing_that_is_loaded(console: Any) -> None:
    page = console.browser().get("/login").text
    assert "<script" not in page
    assert "http:" not in page
    assert console.browser().get("/console.css").headers["content-type"].startswith("text/css")
