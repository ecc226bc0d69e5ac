"""``schoolgate visits``: what requests were, line by line, and the visits on record as spells."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pretend.gateway import schoolgate
from pretend.school import School
from schoolgate.commands.visits import Ledger
from schoolgate.store.event import Event
from schoolgate.store.journal import Journal

TYPED = {"Sec-Fetch-Dest": "document", "SEC-FETCH-USER": "?1", "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}


def line(**told: Any) -> dict[str, Any]:
    row = {"client": "10.0.0.7", "at": "2026-11-24T10:42:00Z", "method": "GET", "url": "https://a.example/"}
    return {**row, "headers": TYPED, "status": 200, "type": "text/html", "location": "", **told}


def answers(*lines: Any) -> list[dict[str, Any]]:
    ledger = Ledger()
    given = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines]
    return [json.loads(ledger.answer_line(each)) for each in given]


def test_each_line_is_answered_at_once_and_in_order() -> None:
    command = [sys.executable, "-m", "schoolgate", "visits", "--stream"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for told, kind in (
            (line(status=302, location="/there"), "redirect"),
            (line(url="https://a.example/there"), "visit"),
            (line(url="https://b.example/x", headers={"sec-fetch-dest": "iframe"}), "embedded"),
        ):
            process.stdin.write(json.dumps(told) + "\n")
            answer = json.loads(process.stdout.readline())
            assert set(answer) == {"kind", "confidence", "reason"}
            assert answer["kind"] == kind
        process.stdin.close()
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    "bad",
    [
        b"nonsense", b"[1]", b"{}", b'{"url": 5}', b'"' + b"[" * 5000, b"\xff\xfe", b'{"url":"https://a/","at":"soon"}',
        b'{"url":"https://a/","at":1e300}', b'{"url":"https://a/","at":[]}', b'{"url":"https://a/","headers":"Accept: x"}',
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_costs_itself_only(bad: bytes) -> None:
    before, wrong, after = answers(line(status=301, location="/b"), bad, line(url="https://a.example/b", headers={}))
    assert before["kind"] == "redirect"
    assert set(wrong) == {"error"}
    assert wrong["error"].startswith("line 2: ")
    assert after["kind"] in ("visit", "unknown")


@pytest.mark.parametrize(
    "odd",
    [
        {"headers": [["Sec-Fetch-Dest", "document"], ["x", None], 5, ["y"], [1, 2]]}, {"headers": None, "status": -1},
        {"headers": {"Sec-Fetch-Dest": ["document"], "a": {"b": 1}}, "status": 1e9}, {"status": "200", "type": None},
        {"headers": {"Referer": "x" * 1_000_000, "a\x00": "\x00\x00"}}, {"url": "https://a.example/" + "\x00" * 90},
        {"url": "https://" + "a" * 300_000}, {"client": None, "method": None, "at": None, "location": 7},
        {"at": 1795000000}, {"at": 1795000000.5, "client": "y" * 100_000}, {"at": "2026-11-24T10:42:00"}, {"at": "0001-01-01"},
    ],
)  # fmt: skip
def test_odd_lines_are_answered(odd: dict[str, Any]) -> None:
    [answer] = answers(line(**odd))
    assert set(answer) == {"kind", "confidence", "reason"}


def test_a_file_from_windows_may_begin_with_its_mark() -> None:
    [answer] = answers(b"\xef\xbb\xbf" + json.dumps(line()).encode() + b"\r")
    assert answer["kind"] == "visit"


def test_headers_may_come_as_har_has_them_and_a_status_as_text() -> None:
    har = [{"name": "Sec-Fetch-Dest", "value": "document"}, {"name": "Sec-Fetch-User", "value": "?1"}, {}]
    hop, landed = answers(line(headers=har, status="302", location="/b"), line(headers=har, url="https://a.example/b"))
    assert (hop["kind"], landed["kind"], landed["confidence"]) == ("redirect", "visit", 1.0)


def test_lines_that_cannot_be_read_are_told_at_the_end_and_long_ones_take_one_answer() -> None:
    long = line(headers={**TYPED, "Cookie": "x" * 3_000_000})
    given = [json.dumps(line()), "nonsense", json.dumps(long), "y" * 20_000_000, json.dumps(line())]
    told = subprocess.run(
        [sys.executable, "-m", "schoolgate", "visits", "--stream"],
        input="\n".join(given),
        capture_output=True,
        text=True,
    )
    assert ["error" in json.loads(each) for each in told.stdout.splitlines()] == [False, True, False, True, False]
    assert told.returncode == 2
    assert "2 of 5 lines could not be read; the first was line 2: 'nonsense' is not JSON" in told.stderr


def test_moments_out_of_order_and_lines_without_one_are_judged() -> None:
    later, earlier, without = (
        line(),
        line(at="2026-11-24T09:00:00Z", url="https://b.example/"),
        line(url="https://c.example/"),
    )
    del without["at"]
    assert [answer["kind"] for answer in answers(later, earlier, without)] == ["visit"] * 3


def visit(at: datetime, path: str, **told: str) -> Event:
    fields = dict.fromkeys(Event.__slots__, "")
    stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    own = {
        "at": stamp,
        "id": f"{at:%H%M%S}{path}",
        "ref": f"R{at:%H%M%S}",
        "person": "u-0123456789ab",
        "group": "staff",
    }
    own |= {"kind": "visit", "action": "log", "host": "www.shop.example", "path": path, "category": "shopping"}
    return Event(**{**fields, **own, **told})


def test_visits_on_record_are_shown_as_spells(tmp_path: Path) -> None:
    school = School(tmp_path).write()
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=2)
    journal = Journal(school.data, "test")
    for minutes, path, left_out in ((0, "/", ""), (3, "/a", ""), (4, "/b", "they chose work"), (40, "/c", "")):
        event = visit(start + timedelta(minutes=minutes), path, left_out=left_out)
        journal.append({"t": "event", **event.row()})
    journal.close()
    told = schoolgate("visits", "--config", str(school.config), "--json", "--group", "staff")
    assert told.returncode == 0, told.stderr
    spells = [json.loads(each) for each in told.stdout.splitlines()]
    assert [(s["site"], s["minutes"], s["pages"], len(s["events"])) for s in spells] == [
        ("shop.example", 2, 2, 2), ("shop.example", 1, 1, 1),
    ]  # fmt: skip
    words = schoolgate("visits", "--config", str(school.config))
    assert "2 minutes, 2 pages  shop.example  shopping" in words.stdout
    assert "u-0123456789ab" in words.stdout
    nobody = schoolgate("visits", "--config", str(school.config), "--group", "pupils")
    assert (nobody.returncode, nobody.stdout) == (0, "")
    for wrong in (["--group", "staf"], ["--since", "soon"]):
        told = schoolgate("visits", "--config", str(school.config), *wrong)
        assert told.returncode == 2
        assert wrong[0] in told.stderr
