"""A teaching purpose is declared ahead, for a while, by the person herself, and can be taken back."""

from datetime import UTC, datetime
from typing import Any

import pytest
from schoolgate.store.deeds import declarations, read_standing

FORM = {
    "purpose": "Year 5 history, Victorian toys",
    "sites": "etsy.com/market\nebay.co.uk",
    "until": "2026-11-27T15:30",
}


def test_a_purpose_holds_from_now_on_for_her_alone(console: Any) -> None:
    jones = console.browser("a.jones")
    assert jones.post("/mine/lessons", FORM).status_code == 303
    with console.desk.reading() as reader:
        [declared] = declarations(reader, console.code("a.jones"))
        assert declarations(reader, console.code("b.khan")) == []
        assert read_standing(reader, console.now).declared == (declared,)
    assert declared.sites == ("etsy.com/market", "ebay.co.uk")
    assert declared.purpose == "Year 5 history, Victorian toys"
    assert declared.since == console.now
    assert declared.until == datetime(2026, 11, 27, 15, 30, tzinfo=UTC)
    assert ">Year 5 history, Victorian toys</td>" in jones.get("/mine/lessons").text
    assert ">Year 5 history, Victorian toys</td>" not in console.browser("b.khan").get("/mine/lessons").text


def test_times_are_on_the_schools_clock(console: Any) -> None:
    console.now = datetime(2026, 6, 9, 12, 0, tzinfo=UTC)
    jones = console.browser("a.jones")
    jones.post("/mine/lessons", FORM | {"since": "2026-06-10T09:00", "until": "2026-06-10T10:00"})
    [deed] = console.deeds("purpose-declared")
    assert deed["entry"] == "2026-06-10T08:00:00.000Z/2026-06-10T09:00:00.000Z"


def test_nothing_is_declared_afterwards(console: Any) -> None:
    console.browser("a.jones").post("/mine/lessons", FORM | {"since": "2026-11-20T09:00"})
    [deed] = console.deeds("purpose-declared")
    assert deed["entry"].startswith("2026-11-24T15:00")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"purpose": ""}, "what you need the sites for"),
        ({"sites": ""}, "Write the sites"),
        ({"sites": "not a site"}, "is no site"),
        ({"sites": "co.uk"}, "every site below it"),
        ({"sites": "com"}, "is no site"),
        ({"sites": "http://[::"}, "is no site"),
        ({"sites": " ".join(f"s{n}.example" for n in range(30))}, "from one to 20"),
        ({"until": "2026-11-24T14:00"}, "ends before it begins"),
        ({"until": "2026-12-26T09:00"}, "31 days"),
        ({"until": "9999-12-31T23:59"}, "31 days"),
        ({"until": ""}, "cannot be read"),
        ({"until": "tomorrow"}, "cannot be read"),
        ({"since": "soon"}, "cannot be read"),
        ({"since": "2026-11-27T16:00"}, "ends before it begins"),
    ],
)
def test_a_form_with_a_mistake_says_what_to_change_and_keeps_what_was_typed(
    console: Any, change: dict[str, str], words: str
) -> None:
    answer = console.browser("a.jones").post("/mine/lessons", FORM | change)
    assert answer.status_code == 400
    assert words in answer.text
    if "purpose" not in change:
        assert 'value="Year 5 history, Victorian toys"' in answer.text
    assert not console.deeds("purpose-declared")


def test_a_purpose_is_taken_back_by_her_alone(console: Any) -> None:
    jones, khan = console.browser("a.jones"), console.browser("b.khan")
    jones.post("/mine/lessons", FORM)
    [deed] = console.deeds("purpose-declared")
    assert khan.post(f"/mine/lessons/{deed['id']}/withdraw").status_code == 404
    assert jones.post(f"/mine/lessons/{deed['id']}/withdraw").status_code == 303
    assert jones.post(f"/mine/lessons/{deed['id']}/withdraw").status_code == 404
    with console.desk.reading() as reader:
        assert read_standing(reader, console.now).declared == ()


def test_the_page_says_that_nothing_blocked_is_opened(console: Any) -> None:
    page = console.browser("a.jones").get("/mine/lessons").text
    assert "opens nothing that is blocked" in page
    assert "Adult" in page
