"""What is looked for is found by an index, also while something waits in a journal: no look reads the whole record."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from schoolgate.store.cases import case, cases, clearings
from schoolgate.store.deeds import contests, read_standing
from schoolgate.store.event import NAMES, Deed, deed_event
from schoolgate.store.journal import Journal
from schoolgate.store.newest import Place, Wanted, newest
from schoolgate.store.openings import asked
from schoolgate.store.queries import Queries, deeds_of, events_of
from schoolgate.store.record import RecordReader, open_reader
from schoolgate.store.recorder import Recorder

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
READS_ALL = re.compile(r"^SCAN event$", re.M)
"""SQLite's words for reading every row of the record's table; ``events`` is the view, of which it reads what it found."""


def event(number: int, **changes: str) -> dict[str, Any]:
    at = f"2026-11-{number:02}T10:00:00.000Z"
    row = dict.fromkeys(NAMES, "") | {"id": f"e{number}", "ref": f"AAAA-{number:04}", "at": at, "action": "block"}
    return {"t": "event", **row, "search": None, "person": "u-1", "kind": "visit", **changes}


@pytest.fixture(params=[True, False], ids=["something waits", "nothing waits"])
def reader(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    journal = Journal(tmp_path, "w")
    for number in (3, 1, 2):
        journal.append(event(number))
    about = {"about": "e1", "person": "u-1", "why": "I was asked to"}
    for deed in (Deed.CONTEST, Deed.CASE):
        journal.append({"t": "event", **deed_event(NOW, deed, "u-1", "v1", **about).row()})
    recorder = Recorder(tmp_path, {})
    recorder.round()
    if request.param:
        journal.append(event(4))
    with open_reader(tmp_path, with_waiting=True) as found:
        yield found
    recorder.close()


class Plans:
    """Answers queries, and keeps how SQLite went about each."""

    def __init__(self, reader: RecordReader) -> None:
        self.reader, self.told = reader, list[str]()

    def query(self, sql: str, parameters: dict[str, Any] | None = None) -> Any:
        plan = self.reader.query(f"explain query plan {sql}", parameters)
        self.told.append("\n".join(str(row["detail"]) for row in plan))
        return self.reader.query(sql, parameters)


@pytest.mark.parametrize(
    "look",
    [
        lambda reader: events_of(reader, ["e1", "e4"]),
        lambda reader: deeds_of(reader, Deed.CONTEST, Deed.ANSWER),
        cases,
        clearings,
        contests,
        asked,
        lambda reader: case(reader, "e1"),
        lambda reader: read_standing(reader, NOW),
        lambda reader: list(reader.query("select at from events where action = 'block' order by at limit 1")),
        lambda reader: list(reader.query("select at from events order by at limit 1")),
        lambda reader: list(reader.query("select * from visits where person = 'u-1' order by at, id")),
        lambda reader: list(reader.query("select * from events where at >= '2026' order by at desc, id desc limit 9")),
        lambda reader: list(reader.query("select count(*) from blocks where at >= '2026-11' and at < '2026-12'")),
    ],
)
def test_no_look_reads_the_whole_record(reader: RecordReader, look: Callable[[Queries], object]) -> None:
    plans = Plans(reader)
    look(plans)
    assert plans.told
    assert [plan for plan in plans.told if READS_ALL.search(plan)] == []


def test_of_deeds_only_those_of_the_kind_are_read(reader: RecordReader) -> None:
    plans = Plans(reader)
    assert [row["about"] for row in deeds_of(plans, Deed.CONTEST)] == ["e1"]
    assert "event_deed (rule=?" in plans.told[0]


def test_events_come_by_their_ids_oldest_first(reader: RecordReader) -> None:
    found = [row["id"] for row in events_of(reader, ["e4", "e3", "nobody's", "e1"])]
    assert found in (["e1", "e3", "e4"], ["e1", "e3"])
    assert events_of(reader, []) == []


def test_what_waits_is_among_what_is_read(reader: RecordReader) -> None:
    waits = list(reader.query("select id from waiting"))
    [row] = reader.query("select count(*) as n, min(at) as first, max(at) as last from blocks")
    assert row["n"] == 3 + len(waits)
    assert row["first"].startswith("2026-11-01")
    assert row["last"].startswith("2026-11-04" if waits else "2026-11-03")
    assert len(newest(reader, Wanted(action="block"), Place(), 10).rows) == row["n"]
