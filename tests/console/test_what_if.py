"""What if a rule were different: the console judges the past again, changes nothing and names nobody."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest

GAMBLING = {
    "client": "127.0.0.2", "person": "d-0123456789ab", "identity_confidence": "network", "group": "pupils",
    "action": "block", "rule": "pupils-harm", "category": "gambling", "host": "bet365.com", "path": "/",
}  # fmt: skip


def ask(browser: Any, **fields: str) -> Any:
    return browser.get("/what-if?" + urlencode(fields))


def rows(text: str, caption: str) -> list[list[str]]:
    """The cells of a table."""
    table = text.partition(f"<caption>{caption}</caption>")[2].partition("</table>")[0].partition("<tbody>")[2]
    cells = (re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in table.split("<tr>")[1:])
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in cells]


def test_without_a_question_there_is_only_the_form(console: Any) -> None:
    answer = console.browser("h.head").get("/what-if")
    assert answer.status_code == 200
    assert "pupils-harm (blocked: guests, pupils, servers)" in answer.text
    assert "would have gone otherwise" not in answer.text


def test_a_rule_that_is_switched_off_shows_what_it_kept_out(console: Any) -> None:
    for minute in range(3):
        console.visit("a.jones", minute, **GAMBLING)
    console.visit("a.jones", 5, **GAMBLING | {"host": "m.bet365.com"})
    console.visit("a.jones", 6)
    answer = ask(console.browser("h.head"), rule="pupils-harm", change="off")
    assert "4 of 5 events would have gone otherwise" in answer.text
    assert rows(answer.text, "What would have gone otherwise") == [
        [
            "Pupil devices",
            "Gambling",
            "blocked pupils-harm",
            "let through no rule",
            "4",
            "bet365.com (3), m.bet365.com (1)",
        ]
    ]
    assert "Told at once: 0 in place of 4." in answer.text
    assert console.code("a.jones") not in answer.text
    assert "127.0.0.2" not in answer.text


@pytest.mark.parametrize(
    ("change", "then"), [("warn", "a page asked first"), ("log", "recorded"), ("allow", "let through")]
)
def test_a_rule_may_do_something_else(console: Any, change: str, then: str) -> None:
    console.visit("a.jones", **GAMBLING)
    answer = ask(console.browser("h.head"), rule="pupils-harm", change=change)
    [row] = rows(answer.text, "What would have gone otherwise")
    assert row[3] == f"{then} pupils-harm"


def test_a_rule_may_mean_one_kind_of_site_more(console: Any) -> None:
    console.visit("a.jones", **GAMBLING | {"host": "mail.google.com", "action": "warn", "rule": "pupils-chat"})
    for category, hour in (("games", 9), ("games", 12), ("", 9)):
        about = {"hour": f"2026-11-24T{hour:02}:00:00.000Z", "group": "pupils", "action": "allow", "category": category}
        console.gateway.append({"t": "tally", **about, "requests": 1500})
    head = console.browser("h.head")
    answer = ask(head, rule="pupils-harm", change="also", category="webmail")
    assert [row[:4] for row in rows(answer.text, "What would have gone otherwise")] == [
        ["Pupil devices", "Personal e-mail", "a page asked first pupils-chat", "blocked pupils-harm"]
    ]
    answer = ask(head, rule="pupils-harm", change="also", category="games")
    assert "Nothing on record would have gone otherwise" in answer.text
    assert rows(answer.text, "Allowed requests that the rule would newly meet") == [
        ["Pupil devices", "Games", "blocked pupils-harm", "3,000"]
    ]
    assert "Pupil devices: 4,500 requests, 3,000 of them to sites that a list names" in answer.text


def test_what_is_not_kept_is_told(console: Any) -> None:
    console.visit("a.jones", **GAMBLING | {"list": "text", "stage": "response"})
    answer = ask(console.browser("h.head"), rule="pupils-harm")
    assert rows(answer.text, "What cannot be judged again") == [["what the page said is not kept", "1", "1"]]


def test_only_the_newest_are_looked_at_until_somebody_asks_for_all(console: Any) -> None:
    entries = [GAMBLING | {"path": f"/{number}"} for number in range(2501)]
    for number, entry in enumerate(entries):
        console.visit("a.jones", number // 60, **entry)
    head = console.browser("h.head")
    answer = ask(head, rule="pupils-harm", days="1")
    assert "2,500 of 2,500 events" in answer.text
    assert "only the newest 2,500 events were looked at, tick the box" in " ".join(answer.text.split())
    answer = ask(head, rule="pupils-harm", days="1", all="yes")
    assert "2,501 of 2,501 events" in answer.text
    assert "only the newest" not in answer.text
    assert re.search(r'id="all"[^>]* checked', answer.text)


def test_the_time_is_chosen(console: Any) -> None:
    console.visit("a.jones", **GAMBLING)
    console.visit("a.jones", **GAMBLING | {"at": "2026-11-19T10:00:00.000Z"})
    console.visit("a.jones", **GAMBLING | {"at": "2026-11-12T10:00:00.000Z"})
    head = console.browser("h.head")
    found = {days: ask(head, rule="pupils-harm", days=days).text for days in ("1", "7", "14", "28", "x")}
    for days, number in (("1", 1), ("7", 2), ("14", 3), ("28", 3), ("x", 3)):
        assert f"{number} of {number} events" in found[days]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rule": "nothing"}, "There is no rule &#39;nothing&#39;"),
        ({"rule": "<script>", "change": "off"}, "There is no rule &#39;&lt;script&gt;&#39;"),
        ({"rule": "pupils-harm", "change": "explode"}, "Choose what the rule should do."),
        ({"rule": "pupils-harm", "change": "block"}, "does that already"),
        ({"rule": "pupils-harm", "change": "also"}, "Choose the kind of site"),
        ({"rule": "pupils-harm", "change": "also", "category": "<b>"}, "Choose the kind of site"),
        ({"rule": "pupils-harm", "change": "also", "category": "gambling"}, "already"),
    ],
)
def test_a_question_that_makes_no_sense_says_what_to_change(console: Any, fields: dict[str, str], words: str) -> None:
    answer = ask(console.browser("h.head"), **fields)
    assert answer.status_code == 400
    assert words in answer.text
    assert "<script>" not in answer.text


def test_what_sites_and_records_say_is_text(console: Any) -> None:
    hostile = "<script>alert(1)</script>"
    console.visit("a.jones", **GAMBLING | {"group": hostile, "host": "bet365.com"})
    answer = ask(console.browser("h.head"), rule="pupils-harm")
    assert "1 of 1 events" in answer.text
    assert hostile not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_it_is_not_for_everybody(console: Any) -> None:
    for login, status in (("h.head", 200), ("d.safe", 200), ("a.jones", 403)):
        browser = console.browser(login)
        assert browser.get("/what-if").status_code == status
        assert ('href="/what-if"' in browser.get("/").text) == (status == 200)
    assert console.browser().get("/what-if").status_code == 303


def test_nothing_is_changed_by_asking(console: Any) -> None:
    console.visit("a.jones", **GAMBLING)
    before = console.settings.snapshot
    ask(console.browser("h.head"), rule="pupils-harm", change="off")
    assert console.desk.settings.snapshot is before
    with console.desk.reading() as reader:
        assert [row["action"] for row in reader.query("select action from events where action <> 'deed'")] == ["block"]
