"""Names and records of others: by a role, with a reason, on record before they are shown."""

import shutil
from typing import Any

import pytest


def test_a_name_is_revealed_with_a_reason_that_goes_on_record(console: Any) -> None:
    head, code = console.browser("h.head"), console.code("a.jones")
    head.get("/names")
    answer = head.post("/names", {"code": code.upper(), "reason": "Case 17, concern of a parent"})
    assert "login a.jones" in answer.text
    [deed] = console.deeds("name-revealed")
    assert (deed["person"], deed["why"]) == (code, "Case 17, concern of a parent")
    assert deed["actor"] == f"headteacher {console.code('h.head')}"


@pytest.mark.parametrize("form", [{"reason": ""}, {"reason": "why?"}, {"code": "u-000000000000"}, {"code": ""}])
def test_without_a_reason_or_a_code_no_name_is_shown(console: Any, form: dict[str, str]) -> None:
    head = console.browser("h.head")
    answer = head.post("/names", {"code": console.code("a.jones"), "reason": "Case 17, a concern"} | form)
    assert answer.status_code == 400
    assert "a.jones" not in answer.text
    assert not console.deeds("name-revealed")


def test_a_full_disk_reveals_nothing(console: Any) -> None:
    head = console.browser("h.head")
    folder = console.settings.data / "journal"
    shutil.rmtree(folder)
    folder.write_text("")  # what is written now fails as on a full disk
    answer = head.post("/names", {"code": console.code("a.jones"), "reason": "Case 17, a concern"})
    assert answer.status_code == 500
    assert "a.jones" not in answer.text
    assert "not be put on record" in answer.text


def test_a_record_is_opened_with_a_reason_and_every_page_of_it_is_on_record(console: Any) -> None:
    console.visit("a.jones", host="www.hers.example")
    head, code = console.browser("h.head"), console.code("a.jones")
    assert "hers.example" not in head.get(f"/records/{code}").text
    assert head.post("/records", {"person": code, "reason": "no"}).status_code == 400
    assert head.post("/records", {"person": "u-00", "reason": "A long reason"}).status_code == 400
    assert not console.deeds("record-viewed")
    assert head.post("/records", {"person": code, "reason": "Case 17, a concern"}).status_code == 303
    assert "hers.example" in head.get(f"/records/{code}?period=all").text
    assert "a.jones" not in head.get(f"/records/{code}?period=all").text
    assert head.get(f"/records/{code}/left-out").status_code == 200
    assert [deed["why"] for deed in console.deeds("record-viewed")] == ["Case 17, a concern"] * 3
    console.clock.now += 1799
    console.clock.now += 60
    assert "hers.example" not in console.browser("h.head").get(f"/records/{code}").text


def test_a_reason_opens_one_record_for_one_session_only(console: Any) -> None:
    console.visit("a.jones", host="www.hers.example")
    console.visit("b.khan", host="www.his.example")
    head = console.browser("h.head")
    head.post("/records", {"person": console.code("a.jones"), "reason": "Case 17, a concern"})
    assert "his.example" not in head.get(f"/records/{console.code('b.khan')}").text
    assert "hers.example" not in console.browser("d.safe").get(f"/records/{console.code('a.jones')}").text


def test_ones_own_record_is_not_looked_up(console: Any) -> None:
    console.visit("h.head")
    head = console.browser("h.head")
    assert head.get(f"/records/{console.code('h.head')}").status_code == 403
    assert head.post("/records", {"person": console.code("h.head"), "reason": "just looking"}).status_code == 403


def test_look_ups_are_seen_by_those_who_watch_but_not_those_about_oneself(console: Any) -> None:
    console.visit("a.jones")
    console.visit("h.head", 1)
    chair = console.browser("c.chair")
    for login, reason in (("a.jones", "A concern about Jones"), ("h.head", "A concern about the head")):
        chair.post("/names", {"code": console.code(login), "reason": reason})
        chair.post("/records", {"person": console.code(login), "reason": reason})
        chair.get(f"/records/{console.code(login)}")
    page = chair.get("/look-ups").text
    assert "A concern about Jones" in page
    assert "A concern about the head" in page
    assert "chair of governors" in page
    page = console.browser("h.head").get("/look-ups").text
    assert "A concern about Jones" in page
    assert "A concern about the head" not in page
    assert console.code("h.head") not in page
