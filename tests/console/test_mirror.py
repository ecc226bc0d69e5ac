"""The staff mirror: her own record as spells with every reason, what was left out, and never anybody else's."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest


def test_a_spell_says_what_was_counted_and_on_what_that_rests(console: Any) -> None:
    console.visit("a.jones")
    console.visit("a.jones", 4, path="/groups")
    page = console.browser("a.jones").get("/mine").text
    for words in (
        "www.facebook.com", "Social media", "2 minutes, 2 pages", "Tuesday 24 November 2026",
        "Tuesday 10:00 is in your working hours 08:15-12:15", "staff-personal-use", "Staff give the whole of their time.",
        "policy 6.19", "no proof of who sat at the device", "version 2026-3fa90c12", "/groups",
        "the browser opened it as a page of its own", "<details>",
    ):  # fmt: skip
        assert words in page


def test_a_page_that_loads_itself_anew_counts_once_and_is_contested_as_one(console: Any) -> None:
    events = [console.visit("a.jones", minute, path="/scores") for minute in range(0, 40, 5)]
    jones = console.browser("a.jones")
    page = jones.get("/mine").text
    assert "1 minute, 1 page." in page
    assert "loaded itself anew 7 times" in page
    jones.post(f"/mine/visits/{events[0].id}/contest", {"words": "left open", "page": events[0].id, "sure": "yes"})
    assert "What counts, by week" not in jones.get("/mine").text


def test_nobody_sees_anything_of_anybody_else(console: Any) -> None:
    hers = console.visit("a.jones", host="www.secret.example", path="/hers")
    console.visit("a.jones", 9, host="www.left.example", left_out="work: the agreed channel", action="allow")
    khan = console.browser("b.khan")
    for path in (
        "/",
        "/mine",
        "/mine?period=all",
        "/mine/left-out?period=all",
        "/mine/said",
        "/mine/kept",
        "/mine/lessons",
    ):
        for query in ("", f"person={console.code('a.jones')}", "login=a.jones"):
            page = khan.get(f"{path}{'&' if '?' in path else '?'}{query}").text
            assert "secret.example" not in page
            assert "left.example" not in page
            assert console.code("a.jones") not in page
    assert khan.get(f"/mine/visits/{hers.id}").status_code == 404
    for deed in ("note", "contest"):
        form = {"words": "mine!", "page": hers.id, "sure": "yes"}
        assert khan.post(f"/mine/visits/{hers.id}/{deed}", form).status_code == 404
    own = console.visit("b.khan", 5)
    assert (
        khan.post(
            f"/mine/visits/{own.id}/contest", {"words": "x", "page": [own.id, hers.id], "sure": "yes"}
        ).status_code
        == 404
    )
    assert not console.deeds("contest")
    assert not console.deeds("note")


def test_a_headteacher_sees_only_her_own_under_my_record(console: Any) -> None:
    console.visit("a.jones", host="www.secret.example")
    assert "secret.example" not in console.browser("h.head").get("/mine?period=all").text


def test_what_was_left_out_stands_with_its_reason(console: Any) -> None:
    console.visit("a.jones", host="x.com", action="allow", left_out="in their break 12:15-13:00")
    console.visit("a.jones", 2, host="pornhub.com", action="block", rule="staff-adult", category="adult")
    page = console.browser("a.jones").get("/mine/left-out").text
    assert "in your break 12:15-13:00" in page
    assert "pornhub.com" in page
    assert "blocked" in page
    assert "x.com" not in console.browser("a.jones").get("/mine").text


def test_what_pages_did_by_themselves_is_counted_by_kind_without_addresses(console: Any) -> None:
    for kind, requests in (("embedded", 41), ("prefetch", 3), ("visit", 7)):
        entry = {"day": "2026-11-24", "person": console.code("a.jones"), "group": "staff", "category": "social_media"}
        console.gateway.append({"t": "activity", **entry, "kind": kind, "requests": requests})
    page = console.browser("a.jones").get("/mine/left-out").text
    assert re.findall(r'data-label="(Parts of pages|Fetched ahead)">(\d+)<', page) == [
        ("Parts of pages", "41"),
        ("Fetched ahead", "3"),
    ]
    assert ">7<" not in page


@pytest.mark.parametrize(("period", "seen"), [("today", 1), ("week", 2), ("all", 3), ("nonsense", 2)])
def test_the_period_can_be_chosen(console: Any, period: str, seen: int) -> None:
    for days, host in ((0, "today.example"), (1, "monday.example"), (9, "before.example")):
        at = datetime(2026, 11, 24, 10, 0, tzinfo=UTC) - timedelta(days=days)
        console.visit("a.jones", host=host, id=f"{int(at.timestamp()):x}", at=at.isoformat().replace("+00:00", ".000Z"))
    page = console.browser("a.jones").get(f"/mine?period={period}").text
    assert sum(f'"address">{host}.example</span></h3>' in page for host in ("today", "monday", "before")) == seen


def test_days_are_the_schools_own_in_summer(console: Any) -> None:
    console.now = datetime(2026, 6, 9, 12, 0, tzinfo=UTC)
    console.visit("a.jones", at="2026-06-08T23:30:00.000Z", host="late.example")  # 00:30 on Tuesday in London
    page = console.browser("a.jones").get("/mine?period=today").text
    assert "Tuesday 9 June 2026" in page
    assert "00:30" in page


def test_what_is_kept_how_long_and_which_notices_were_read(console: Any) -> None:
    from schoolgate.store.event import Deed

    console.desk.write(Deed.NOTICE, console.code("a.jones"), person=console.code("a.jones"), notice="2026-3fa90c12")
    console.desk.write(Deed.NOTICE, console.code("b.khan"), person=console.code("b.khan"), notice="2026-khankhan")
    page = console.browser("a.jones").get("/mine/kept").text
    for words in ("90 days", "1 year", "7 years", "2026-3fa90c12", "The notice in force", "Your working hours"):
        assert words in page
    assert "khankhan" not in page


def test_the_home_page_shows_what_concerns_the_account(console: Any) -> None:
    console.visit("a.jones")
    assert "1 personal visit was" in console.browser("a.jones").get("/").text
    assert "personal visit" not in console.browser("d.safe").get("/").text
    assert "No contest waits" in console.browser("d.safe").get("/").text
    assert "No fault today." in console.browser("t.tech").get("/").text


def test_the_home_page_is_always_about_this_week(console: Any) -> None:
    console.visit("a.jones", at="2026-11-10T10:00:00.000Z")
    assert "This week nothing was recorded" in console.browser("a.jones").get("/?period=all").text


def test_her_own_words_stand_as_she_wrote_them(console: Any) -> None:
    words = "work: needed for 'their exam in working hours', declared ahead, until 15:30"
    console.visit("a.jones", host="x.com", action="allow", left_out=words)
    assert "their exam in working hours" in console.browser("a.jones").get("/mine/left-out").text


def test_somebody_who_is_staff_by_the_network_alone_sees_what_counts_as_hers(console: Any, school: Any) -> None:
    passwords = school.config / "logins.htpasswd"
    lines = passwords.read_text().splitlines()
    passwords.write_text("\n".join([*lines, lines[0].replace("a.jones", "n.new")]) + "\n")
    assert console.browser().log_in("n.new").status_code == 403
    console.visit("n.new", host="www.hers.example", identity_confidence="network")
    new, head = console.browser("n.new"), console.browser("h.head")
    assert "hers.example" in new.get("/mine").text
    assert new.get("/names").status_code == 403
    head.post("/names", {"code": console.code("n.new"), "reason": "Case 17, a concern"})
    assert console.deeds("name-revealed")[0]["person"] == console.code("n.new")


def test_whom_the_school_has_taken_out_of_its_files_is_shut_out_at_once(
    console: Any, school: Any, settings_of: Any
) -> None:
    console.visit("a.jones")
    jones = console.browser("a.jones")
    assert jones.get("/mine").status_code == 200
    school.people = school.people.replace("a.jones, ", "")
    console.desk.settings = settings_of(school.write())
    assert jones.get("/mine").status_code == 303
    assert console.browser().log_in("a.jones").status_code == 403
