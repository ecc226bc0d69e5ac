"""Long lists come in parts: everything can be read, and nothing is cut off in silence."""

import re
from typing import Any

import pytest
from schoolgate.console.forms import Form
from schoolgate.console.paging import LENGTH, Part, part_of
from schoolgate.store.event import Deed

MANY = 2 * LENGTH + 7


def _parts(browser: Any, path: str, pattern: str) -> list[list[str]]:
    """What a pattern finds on each part of a list, by following the links."""
    found = list[list[str]]()
    onward = path
    while onward and len(found) < 10:
        page = browser.get(onward).text
        found.append(re.findall(pattern, page))
        older = re.search(r'href="([^"]+)">Older<', page)
        onward = older[1].replace("&amp;", "&") if older else ""
    return found


def test_every_visit_that_was_left_out_can_be_read(console: Any) -> None:
    for number in range(MANY):
        console.visit("a.jones", number, path=f"/left/{number}", action="allow", left_out="in their break")
        console.visit("a.jones", number, path=f"/shut/{number}", action="block") if number < LENGTH + 1 else None
    parts = _parts(console.browser("a.jones"), "/mine/left-out?period=all", r"/left/\d+<")
    assert [len(each) for each in parts] == [LENGTH, LENGTH, 7]
    assert parts[0][0] == f"/left/{MANY - 1}<"
    assert parts[-1][-1] == "/left/0<"
    shut = _parts(console.browser("a.jones"), "/mine/left-out?period=all", r"/shut/\d+<")
    assert sum(map(len, shut)) == LENGTH + 1


def test_every_spell_can_be_read_and_the_totals_are_of_all(console: Any) -> None:
    for number in range(LENGTH + 5):
        console.visit("a.jones", number * 40, host=f"site{number}.example")
    jones = console.browser("a.jones")
    parts = _parts(jones, "/mine?period=all", r"<h3>[^<]*<span class=\"address\">(site\d+)")
    assert len({site for part in parts for site in part}) == LENGTH + 5
    assert [len(each) for each in parts] == [LENGTH, 5]
    totals = [
        re.findall(r'data-label="Times" class="figure">(\d+)', jones.get(f"/mine?period=all&page={n}").text)
        for n in (1, 2)
    ]
    assert sum(map(int, totals[0])) == LENGTH + 5
    assert totals[0] == totals[1]
    assert "nothing counts" not in jones.get("/mine?period=all&page=9").text


def test_every_note_and_every_look_up_can_be_read(console: Any) -> None:
    event, code = console.visit("a.jones"), console.code("a.jones")
    for number in range(MANY):
        console.desk.write(Deed.NOTE, code, person=code, about=event.id, why=f"note number {number}.")
        console.desk.write(Deed.VIEWED, "dsl u-000000000000", person=code, why=f"reason number {number}.")
    notes = _parts(console.browser("a.jones"), "/mine/said", r"note number \d+\.")
    assert [len(each) for each in notes] == [LENGTH, LENGTH, 7]
    looks = _parts(console.browser("c.chair"), "/look-ups", r"reason number \d+\.")
    assert sum(map(len, looks)) == MANY


@pytest.mark.parametrize("written", ["", "0", "-1", "x", "1e3", "\u0662", "99999999999999999999", "%00"])
def test_a_part_that_is_none_is_the_first_or_an_empty_one(console: Any, written: str) -> None:
    assert part_of(Form({"page": [written]})).number >= 1
    assert console.browser("a.jones").get(f"/mine/left-out?page={written}").status_code == 200
    assert Part(1).of(range(3)) == range(3)
