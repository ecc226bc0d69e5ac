"""The sealed record: whatever is changed by hand is found and named, and nothing that happens in good faith is."""

# ruff: noqa: S608  # the statements are those of whoever tampers
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schoolgate.store import check_chain
from schoolgate.store.chain import digest_of, values_of
from schoolgate.store.check_chain import Report, check, check_pack, check_record, grouped, in_words, row_digest
from schoolgate.store.clock import Clock
from schoolgate.store.event import NAMES, Deed, Event, deed_event, fault_event
from schoolgate.store.journal import Journal, segments
from schoolgate.store.pack import last_seal, name_files, write_chain
from schoolgate.store.record import open_reader
from schoolgate.store.recorder import Recorder

KEEP = {"fault": timedelta(days=365), "block": timedelta(days=30), "deed": timedelta(days=7 * 365)}


class Hands:
    """A clock by hand."""

    def __init__(self) -> None:
        self.wall, self.running = datetime.now(UTC).replace(microsecond=0), 1000.0

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.running)

    def pass_by(self, seconds: float) -> None:
        self.wall, self.running = self.wall + timedelta(seconds=seconds), self.running + seconds

    def turn(self, **by: float) -> None:
        self.wall += timedelta(**by)


class Desk:
    """A record that events are put on, batch by batch."""

    def __init__(self, data: Path, hands: Hands | None = None) -> None:
        data.mkdir(exist_ok=True)
        self.data, self.hands = data, hands or Hands()
        self.journal, self.recorder = Journal(data, "w"), self.open()

    def open(self) -> Recorder:
        return Recorder(self.data, KEEP, "schoolgate 9", "v1", self.hands.clock)

    def put(self, *events: Event) -> None:
        for event in events:
            self.journal.append({"t": "event", **event.row()})
        self.round()

    def round(self) -> None:
        self.hands.pass_by(1)
        self.recorder.round(lambda: self.hands.running)

    def event(self, words: str = "w", days: float = 0, **fields: str) -> Event:
        event = fault_event(self.hands.wall - timedelta(days=days), "test", words, "v1", client="10.20.1.2")
        return replace(event, **{"action": "block", "person": "u-000000000001", **fields})

    def deed(self, deed: Deed, **fields: str) -> Event:
        return deed_event(self.hands.wall, deed, "technician u-00000000000a", "v1", **fields)

    def again(self) -> None:
        self.recorder.close()
        self.recorder = self.open()

    def close(self) -> Path:
        self.journal.close()
        self.recorder._next_retention = float("inf")
        self.recorder.close()
        return self.data / "record.db"


def _school(data: Path) -> Path:
    """A record of 16 rows in 8 batches, closed in good order."""
    desk = Desk(data)
    for number in range(8):
        desk.put(desk.event(f"first of {number}"), desk.event(f"second of {number}"))
    return desk.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed record that tests copy."""
    return _school(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def record(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, with all that stands beside it."""
    shutil.copytree(whole.parent, tmp_path / "var")
    return tmp_path / "var" / "record.db"


def _change(record: Path, *statements: str) -> None:
    with sqlite3.connect(record) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def _found(record: Path, **options: object) -> list[tuple[int, str]]:
    return [(finding.seq, finding.kind) for finding in check_record(record, own=True, **options).findings]


def _words(report: Report) -> str:
    return "\n".join(in_words(report))


def test_a_record_that_nobody_touched_is_whole(record: Path) -> None:
    report = check_record(record, own=True)
    assert report.findings == []
    assert (report.events, report.forgotten, report.batches) == (16, 0, 8)
    [line] = in_words(report)
    assert line.startswith("Whole and unaltered: 16 events on record, 0 forgotten by retention, sealed in 8 batches")
    assert report.head
    assert grouped(report.head.seal) in line


@pytest.mark.parametrize("column", [*NAMES, "nonce"])
def test_every_column_that_is_altered_is_found(record: Path, column: str) -> None:
    _change(record, f"update event set \"{column}\" = 'x' where seq = 7")
    assert _found(record) == [(7, "altered")]


@pytest.mark.parametrize(
    "value", ["null", "''", "5", "x'ff'", "cast(x'ff' as text)", "cast(x'00' as text)", "why || ' '", "'\\xff'"]
)
def test_every_kind_of_value_is_found(record: Path, value: str) -> None:
    statement = f"update event set why = {value} where seq = 7"
    if value == "null":  # the column refuses it as long as its table is as it was made
        statement = "update event set host = null where seq = 7"
    _change(record, statement)
    assert _found(record) == [(7, "altered")]


CHANGES: dict[str, tuple[list[str], list[tuple[int, str]]]] = {
    "one row deleted": (["delete from event where seq = 7"], [(7, "missing")]),
    "the first rows deleted": (["delete from event where seq < 4"], [(1, "missing")]),
    "the last rows deleted": (["delete from event where seq > 12"], [(13, "missing")]),
    "a row deleted with its link": (
        ["delete from event where seq = 7", "delete from link where seq = 7"],
        [(7, "link")],
    ),
    "a batch deleted with its links": (
        ["delete from event where seq in (7, 8)", "delete from link where seq in (7, 8)"],
        [(7, "missing")],
    ),
    "a batch deleted altogether": (
        [
            "delete from event where seq in (7, 8)",
            "delete from link where seq in (7, 8)",
            "delete from batch where number = 4",
        ],
        [(7, "missing"), (9, "batch")],
    ),
    "the last batches deleted altogether": (
        ["delete from event where seq > 12", "delete from link where seq > 12", "delete from batch where number > 6"],
        [(13, "truncated"), (13, "truncated")],
    ),
    "the last batches and the counter": (
        [
            "delete from event where seq > 12",
            "delete from link where seq > 12",
            "delete from batch where number > 6",
            "update sqlite_sequence set seq = 12 where name = 'event'",
        ],
        [(13, "truncated")],
    ),
    "a row put in": (
        ["insert into event (id, at, action, why) values ('new', '2026-11-24T10:42:00.000Z', 'block', 'x')"],
        [(17, "inserted")],
    ),
    "a row put in between": (["update event set seq = 100 where seq = 7"], [(100, "re-ordered"), (101, "counter")]),
    "two rows swapped": (
        [
            "update event set seq = -1 where seq = 7",
            "update event set seq = 7 where seq = 10",
            "update event set seq = 10 where seq = -1",
        ],
        [(7, "re-ordered"), (10, "re-ordered")],
    ),
    "two rows swapped with their links": (
        [
            f"update {table} set seq = {new} where seq = {old}"
            for table in ("event", "link")
            for old, new in ((7, -1), (8, 7), (-1, 8))
        ],
        [(7, "re-ordered"), (7, "link"), (8, "re-ordered")],
    ),
    "a link altered": (["update link set digest = x'00' where seq = 7"], [(7, "altered"), (7, "link")]),
    "a link deleted": (["delete from link where seq = 7"], [(7, "inserted"), (7, "link")]),
    "a link of another batch": (["update link set batch = 3 where seq = 7"], [(7, "link")]),
    "a batch's time": (["update batch set sealed_at = '2026-01-01T00:00:00.000Z' where number = 1"], [(1, "batch"), (1, "clock")]),
    "a batch's versions": (["update batch set versions = 'x' where number = 4"], [(7, "batch")]),
    "a batch's root": (["update batch set root = x'00' where number = 4"], [(7, "batch"), (7, "link")]),
    "a batch's seal": (["update batch set seal = x'00' where number = 4"], [(7, "batch"), (9, "batch")]),
    "a batch's number": (["update batch set number = 40 where number = 8"], [(15, "missing"), (15, "batch"), (15, "link"), (16, "link")]),
    "a batch that holds nonsense": (["update batch set number = 9, seal = 'x' where number = 8"], [(15, "truncated"), (15, "inserted"), (15, "batch")]),
    "the events gone": (["drop view events", "drop table event"], [(0, "missing"), (1, "missing")]),
    "the links gone": (["drop table link"], [(0, "missing"), (1, "inserted"), (1, "link")]),
    "the batches gone": (["drop table batch"], [(0, "missing"), (1, "truncated")]),
    "the view of the events gone": (["drop view events"], [(0, "view")]),
    "a table in the place of the events": (
        [
            "drop view events",
            "create table events as select * from event",
            "alter table events drop column nonce",
            "update events set action = 'allow'",
        ],
        [(0, "view")],
    ),
    "a view that shows no blocks": (["drop view blocks", "create view blocks as select * from events where 0"], [(0, "view")]),
    "a view of the counts": (
        ["drop view activity", "create view activity as select day, person, 'work' as category, kind, requests from activity_count"],
        [(0, "view")],
    ),
    "a link that is a text": (["update link set digest = 'abc' where seq = 7"], [(7, "altered"), (7, "link")]),
    "a link that is nothing, of a row without a nonce": (
        ["update link set digest = x'' where seq = 7", "update event set nonce = null, why = 'x' where seq = 7"],
        [(7, "altered"), (7, "link")],
    ),
    "a nonce that is a huge number": (["update event set nonce = 99999999999 where seq = 7"], [(7, "altered")]),
    "a counter that is a text": (["update sqlite_sequence set seq = 'abc'"], [(17, "counter")]),
    "a batch at the end of time": (["update batch set sealed_at = '9999-12-31T23:59:59.000Z' where number = 3"], [(5, "batch"), (7, "clock")]),
    "a batch with a number below nothing": (["update batch set number = -1 where number = 3"], [(1, "batch"), (5, "missing")]),
    "a batch that counts in halves": (["update batch set rows = 2.5 where number = 3"], [(5, "missing"), (5, "batch")]),
    "the links in another table": (
        ["create table l2 as select * from link", "drop table link", "alter table l2 rename to link", "update link set seq = 'x' where seq = 7"],
        [(0, "table"), (0, "missing")],
    ),
    "an explanation of nonsense": (
        ["update event set action = 'deed', rule = 'explained', about = '²' where seq = 7"],
        [(7, "altered")],
    ),
    "a deed over a row of five thousand figures": (
        ["update event set action = 'deed', rule = 'retention', entry = printf('%.*c', 5000, '9') where seq = 7"],
        [(7, "altered")],
    ),
    "a trigger": (["create trigger t after insert on event begin delete from event where seq = new.seq; end"], [(0, "trigger")]),
    "a view that hides rows": (
        ["drop view events", "create view events as select * from event where why not like '%first%'"],
        [(0, "view")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_by_hand_is_found_and_the_first_bad_row_is_named(record: Path, name: str) -> None:
    statements, expected = CHANGES[name]
    _change(record, *statements)
    found = _found(record)
    assert found[: len(expected)] == expected, _words(check_record(record, own=True))


def test_an_index_that_hides_rows_is_found(record: Path) -> None:
    with sqlite3.connect(record) as db:
        [page] = db.execute("select rootpage from sqlite_master where name = 'event_log'").fetchone()
        [size] = db.execute("pragma page_size").fetchone()
    db.close()
    content = bytearray(record.read_bytes())
    place = (page - 1) * size
    content[place + 3 : place + 5] = (int.from_bytes(content[place + 3 : place + 5]) - 1).to_bytes(2)  # one entry fewer
    record.write_bytes(content)
    [finding] = check_record(record, own=True).findings
    assert finding.kind == "damaged"
    assert finding.words.startswith("all rows are as they were sealed, but the file is damaged: ")


def test_a_record_that_cannot_be_read_as_it_is_now_is_not_called_whole(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(check_chain.Unreadable, match="is no file"):
        check(Path("/dev/zero"))
    writer = sqlite3.connect(record, isolation_level=None)
    writer.execute("pragma locking_mode = exclusive")
    writer.execute("begin exclusive")
    monkeypatch.setattr(check_chain, "_WAIT", 0.1)
    with pytest.raises(check_chain.Unreadable, match="another programme has locked it"):
        check(record)
    writer.close()


def test_words_name_the_row_its_id_and_what_is_wrong(record: Path) -> None:
    with sqlite3.connect(record) as db:
        [name] = db.execute("select id from event where seq = 7").fetchone()
    _change(record, "update event set why = 'x' where seq = 7", "delete from event where seq in (9, 10)")
    first, second, total = in_words(check_record(record, own=True))
    assert first == f"ALTERED: row 7 (id {name}) was altered: it is not what was sealed"
    assert second.startswith("MISSING: rows 9 to 10 are missing (batch 5, sealed at ")
    assert total.startswith("This record is NOT whole: 2 findings; last seal ")


def _remake(record: Path) -> None:
    """What somebody with every right on the machine can do: change a row and make the whole chain anew."""
    with sqlite3.connect(record) as db:
        db.execute("update event set why = 'nothing happened' where seq = 7")
        before, names = check_chain.NO_SEAL, sorted(NAMES)
        seals = {0: before}
        columns = ", ".join(f'"{name}"' for name in names)
        sql = "select number, first_seq, last_seq, rows, sealed_at, oldest, newest, versions from batch order by number"
        for batch in db.execute(sql).fetchall():
            header = dict(
                zip(
                    ("number", "first", "last", "rows", "sealed_at", "oldest", "newest", "versions"), batch, strict=True
                )
            )
            digests = []
            for seq, nonce, *values in db.execute(
                f"select seq, nonce, {columns} from event where seq between ? and ? order by seq", batch[1:3]
            ):
                digests.append(row_digest(nonce, seq, zip(names, values, strict=True)))
                db.execute("update link set digest = ? where seq = ?", [digests[-1], seq])
            root = check_chain.hashlib.sha256(b"".join(digests)).digest()
            header |= {"after": batch[0] - 1, "root": root.hex(), "skip": seals[batch[0] & (batch[0] - 1)].hex()}
            before = seals[batch[0]] = check_chain.seal_of(before, header)
            db.execute("update batch set root = ?, seal = ? where number = ?", [root, before, batch[0]])
    db.close()


def test_a_chain_that_was_made_anew_is_found_by_those_who_hold_a_seal(record: Path) -> None:
    head = check_record(record).head
    assert head is not None
    _remake(record)
    assert [kind for _, kind in _found(record)] == ["replaced"]
    (record.parent / "seals.log").unlink()
    assert check_record(record).findings == []  # the record alone cannot know
    assert _found(record) == [(17, "seals.log")]
    report = check_record(record, seal=head.seal)
    assert [finding.kind for finding in report.findings] == ["seal"]
    assert "altered, cut off or replaced" in report.findings[0].words


def test_a_seal_that_somebody_kept_says_up_to_where_nothing_has_changed(record: Path) -> None:
    with sqlite3.connect(record) as db:
        [seal] = db.execute("select lower(hex(seal)) from batch where number = 4").fetchone()
    report = check_record(record, seal=seal)
    assert report.findings == []
    assert "the seal you gave is that of batch 4" in report.notes[0]
    assert "up to row 8 nothing has changed since." in report.notes[0]
    assert check_record(record, seal=seal[:16]).notes == report.notes
    assert [f.kind for f in check_record(record, seal="ab" * 32).findings] == ["seal"]


@pytest.mark.parametrize("text", ["", "12", "x" * 64, "ab" * 33])
def test_what_cannot_be_a_seal_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is no seal"):
        check_chain.plain_seal(text)
    assert check_chain.plain_seal(" AB-cd:ef01 23456789 ") == "abcdef0123456789"


def test_an_older_copy_of_the_record_is_found(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("a"))
    desk.again()
    old = tmp_path / "old.db"
    with sqlite3.connect(desk.data / "record.db") as db:
        db.execute("vacuum into ?", [str(old)])
    db.close()
    desk.put(desk.event("b"), desk.event("c"))
    record = desk.close()
    shutil.copy(old, record)
    assert _found(record) == [(2, "truncated")]
    assert "batch 2 ended with row 3" in _words(check_record(record, own=True))
    # the gateway goes on, tells the technician, and the gap stays for good
    desk.journal, desk.recorder = Journal(desk.data, "w"), desk.open()
    desk.put(desk.event("d"))
    desk.close()
    report = check_record(record, own=True)
    assert [finding[:2] for finding in report.findings] == [(2, "missing")]
    assert "batch 2 is missing, and with them rows 2 to 3" in report.findings[0].words
    assert _faults(record) == [
        ("chain", "the record ends with batch 1 (row 1), but seals.log knows of batch 2 (row 3)")
    ]


def _faults(record: Path) -> list[tuple[str, str]]:
    with open_reader(record.parent) as reader:
        rows = list(
            reader.query("select rule, why from faults where alert = 'immediate' and rule <> 'test' order by at")
        )
    return [(row["rule"], row["why"].partition(". ")[0]) for row in rows]


def test_the_office_is_a_witness_too(record: Path) -> None:
    with sqlite3.connect(record.with_name("office.db")) as db:
        db.execute("create table bookmark (name text, value text)")
        db.execute("insert into bookmark values ('events', '20')")
    db.close()
    assert _found(record) == [(17, "truncated")]


def test_seals_log_that_was_deleted_or_begun_anew_is_found(record: Path) -> None:
    (record.parent / "seals.log").unlink()
    assert _found(record) == [(17, "seals.log")]
    recorder = Recorder(record.parent, KEEP)
    recorder.close()
    assert _faults(record) == [
        ("chain", "seals.log is gone, although the record has 8 sealed batches; it is begun anew")
    ]
    assert [kind for _, kind in _found(record)] == ["seals.log"]


def test_lines_of_seals_log_that_are_torn_are_told_and_no_finding(record: Path) -> None:
    with (record.parent / "seals.log").open("a") as file:
        file.write("8 16 2026-11-2")
    recorder = Recorder(record.parent, KEEP)
    recorder.close()
    report = check_record(record, own=True)
    assert report.findings == []
    assert "1 lines of seals.log cannot be read" in report.notes[0]


@pytest.mark.parametrize("size", [0, 50, 4096, 9000, 30000])
def test_a_file_that_was_cut_off_is_damaged(record: Path, size: int) -> None:
    os.truncate(record, size)
    found = _found(record)
    assert found
    assert {kind for _, kind in found} & {"damaged", "truncated"}


def test_a_record_that_is_gone_is_found_and_one_that_never_was_is_not(record: Path, tmp_path: Path) -> None:
    record.unlink()
    assert "the record is gone" in _words(check(record, own=True))
    with pytest.raises(check_chain.Unreadable, match="no such file"):
        check(tmp_path / "nothing" / "record.db", own=True)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x03\x04nonsense", bytes(5000), b"SQLite format 3\0" + bytes(20)]
)
def test_what_is_no_record_is_told_plainly(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(content)
    if content.startswith(b"SQLite"):
        assert check(path).findings
    else:
        with pytest.raises(check_chain.Unreadable):
            check(path)


def test_a_record_of_another_programme_is_told_plainly(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.db") as db:
        db.execute("create table bookmarks (a)")
    db.close()
    with pytest.raises(check_chain.Unreadable, match="no record of schoolgate"):
        check(tmp_path / "x.db")


# --- the clock


def test_a_clock_that_was_set_back_is_found_told_and_can_be_explained(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("a"), desk.event("b"))
    desk.hands.turn(hours=-2, minutes=-3)
    desk.put(desk.event("c"))
    report = check_record(desk.data / "record.db", own=True)
    [finding] = report.findings
    assert finding[:2] == (3, "clock")
    assert "the clock was set back by 2 h 3 min between row 2 and row 3" in finding.words
    [(rule, words)] = _faults(desk.data / "record.db")
    assert (rule, words.partition(";")[0]) == ("clock", "The clock of this machine was set back by 2 h 3 min")
    desk.put(desk.deed(Deed.EXPLAINED, about="3", why="The time server of the county was wrong"))
    report = check_record(desk.close(), own=True)
    assert report.findings == []
    assert report.notes[0].endswith("The time server of the county was wrong")


def test_a_clock_that_was_set_back_while_the_gateway_stood_is_found(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("a"))
    desk.recorder.close()
    desk.hands.pass_by(3600)
    desk.hands.turn(days=-2)
    desk.recorder = desk.open()
    desk.put(desk.event("b"))
    [finding] = check_record(desk.close(), own=True).findings
    assert finding.kind == "clock"
    assert "set back by 1 day 23 h" in finding.words


def test_a_clock_that_jumps_forward_is_told_and_deletes_nothing_for_a_day(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("a"))
    desk.hands.turn(days=400)
    desk.put(desk.event("b"))
    desk.hands.pass_by(7200)
    desk.round()
    report = check_record(desk.data / "record.db", own=True)
    assert (report.findings, report.events, report.forgotten) == ([], 3, 0)
    assert "set forward by 400 days" in report.notes[0]
    desk.hands.pass_by(24 * 3600)
    desk.round()
    assert check_record(desk.close(), own=True).forgotten == 1


def test_small_steps_of_the_clock_and_late_arrivals_are_no_findings(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    for step in (20, -45, 200, -10, 100, -59):
        desk.put(desk.event("a"), desk.event("late", days=3))
        desk.hands.turn(seconds=step)
    desk.put(desk.event("a"))
    report = check_record(desk.close(), own=True)
    assert (report.findings, report.notes) == ([], [])


def test_an_event_that_happened_later_than_its_seal_is_found(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("a"))
    desk.put(desk.event("from tomorrow", days=-1))
    [finding] = check_record(desk.close(), own=True).findings
    assert finding[:2] == (2, "clock")


# --- retention and holds


def test_retention_leaves_a_chain_that_holds(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.recorder._next_retention = 1e9
    for number in range(6):
        desk.put(desk.event(f"secret {number}", days=29), desk.event("young"))
    desk.put(*(desk.event(f"secret batch {number}", days=28) for number in range(4)))
    desk.hands.pass_by(2 * 86400)
    desk.recorder._next_retention = 0
    desk.round()
    record = desk.data / "record.db"
    report = check_record(record, own=True)
    assert (report.findings, report.events, report.forgotten) == ([], 7, 10)
    with sqlite3.connect(record) as db:
        [[entry, why, kind]] = db.execute("select entry, why, kind from event where rule = 'retention'").fetchall()
        [links] = db.execute("select count(*) from link").fetchone()
    db.close()
    assert (entry, kind) == ("1,3,5,7,9,11,13-16", "block")
    assert why.startswith("10 block events older than 30 days deleted, the newest of ")
    assert links == 6 * 2 + 1  # those of the batch that is gone altogether are folded away
    desk.close()
    assert b"secret" not in record.read_bytes()
    _change(record, "delete from event where seq = 2")
    assert _found(record) == [(2, "missing")]


def test_a_deed_of_retention_cannot_cover_what_was_not_due(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("yesterday"))
    desk.put(desk.event("today"))
    before = "before 2020-01-01T00:00:00.000Z"
    with desk.recorder._record.atomic() as connection:
        connection.execute("delete from event where seq = 2")
        deed = deed_event(desk.hands.wall, Deed.RETENTION, "schoolgate", "v", entry="2", kind="block", reason=before)
        desk.recorder._record.add_within(deed)
    [finding] = check_record(desk.close(), own=True).findings
    assert finding[:2] == (2, "missing")
    assert "all rows of its batch are of" in finding.words


def test_a_deed_that_was_written_by_hand_does_not_cover(record: Path) -> None:
    _change(
        record,
        "delete from event where seq = 7",
        "insert into event (id, action, rule, actor, entry) values ('x', 'deed', 'retention', 'schoolgate', '7')",
    )
    assert (17, "inserted") in _found(record)


def test_a_row_that_comes_back_after_retention_is_found(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.recorder._next_retention = 1e9
    desk.put(desk.event("old", days=31), desk.event("young"))
    with sqlite3.connect(desk.data / "record.db") as db:
        row = db.execute("select * from event where seq = 1").fetchone()
    desk.recorder._next_retention = 0
    desk.round()
    with sqlite3.connect(desk.data / "record.db") as db:
        db.execute(f"insert into event values ({','.join('?' * len(row))})", row)
    db.close()
    assert _found(desk.close()) == [(1, "inserted")]


FORGED = {
    "older": "update event set at = '2020-01-01T00:00:00.000Z' where seq = 1",
    "of another kind": "update event set action = 'allow' where seq = 1",
    "put in without a link": "delete from link where seq = 1",
}


@pytest.mark.parametrize("name", FORGED)
def test_retention_does_not_take_away_what_somebody_made_due(tmp_path: Path, name: str) -> None:
    desk = Desk(tmp_path / "var")
    desk.recorder._next_retention = 1e9
    desk.put(desk.event("a", days=20), desk.event("old", days=31))
    _change(desk.data / "record.db", FORGED[name])
    desk.recorder.keep = {"block": timedelta(days=30 if name == "older" else 10), "allow": timedelta(days=10)}
    for _ in range(2):
        desk.recorder._next_retention = 0
        desk.round()
    told = [words for _, words in _faults(desk.data / "record.db")]
    assert told == ["Rows that are not what was sealed are not deleted by retention: 1"]
    report = check_record(desk.close(), own=True)
    assert report.findings[0].seq == 1
    assert (report.events, report.forgotten) == (3, 1)


HELD = {
    "a release put in by hand": (
        "insert into event (seq, id, action, rule, about) select -5, 'x', 'deed', 'hold-released', id from event where seq = 2",
        "delete from event where seq = -5",
    ),
    "the hold taken out for a while": (
        "create table aside as select * from event where seq = 2; delete from event where seq = 2",
        "insert into event select * from aside; drop table aside",
    ),
    "the hold turned to somebody else": (
        "update event set person = 'u-2' where seq = 2",
        "update event set person = 'u-1' where seq = 2",
    ),
}


@pytest.mark.parametrize("name", HELD)
def test_a_hold_is_not_released_by_hand(tmp_path: Path, name: str) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("evidence", days=29, person="u-1"), desk.deed(Deed.HOLD, person="u-1", why="case 7"))
    desk.recorder._next_retention = 0
    desk.round()
    forth, back = HELD[name]
    _change(desk.data / "record.db", *forth.split("; "))
    desk.hands.pass_by(2 * 86400)
    desk.recorder._next_retention = 0
    desk.round()
    _change(desk.data / "record.db", *back.split("; "))
    assert _blocks(desk) == ["evidence"]
    assert check_record(desk.close(), own=True).findings == []


def test_a_deed_of_retention_that_somebody_puts_into_a_journal_is_refused(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("a", days=2))
    forged = desk.deed(Deed.RETENTION, entry="1", kind="block", reason="before 2099-01-01T00:00:00.000Z")
    desk.put(replace(forged, actor="schoolgate"))
    _change(desk.data / "record.db", "delete from event where seq = 1")
    assert "cannot be put on record" in _faults(desk.data / "record.db")[0][1]
    assert _found(desk.close()) == [(1, "missing")]


def test_what_was_deleted_does_not_stay_in_the_files_of_a_running_gateway(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("secret", days=29))
    desk.hands.pass_by(2 * 86400)
    desk.journal._until = 0
    desk.put(desk.event("young"))
    desk.recorder._next_retention = 0
    desk.round()
    files = [path for path in desk.data.rglob("*") if path.is_file()]
    assert [path.name for path in files if b"secret" in path.read_bytes()] == []
    desk.close()


def test_a_recorder_whose_record_is_replaced_begins_again_and_loses_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("a"))
    record, old = desk.data / "record.db", tmp_path / "old.db"
    with sqlite3.connect(record) as db:
        db.execute("vacuum into ?", [str(old)])
    db.close()
    desk.put(desk.event("b"))
    old.replace(record)
    desk.journal.append({"t": "event", **desk.event("c").row()})
    with pytest.raises(SystemExit, match="was replaced or removed"):
        desk.round()
    desk.recorder._record.close()
    desk.recorder._seals.close()
    desk.recorder = desk.open()
    desk.round()
    assert _blocks(desk) == ["a", "b", "c"]
    desk.close()


def test_a_shorter_time_of_keeping_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("a", days=31), desk.event("b", days=20))
    desk.recorder.take_up({"block": timedelta(days=7)}, "", "v2")
    desk.hands.pass_by(3601)
    desk.round()
    report = check_record(desk.close(), own=True)
    assert report.findings == []
    assert "block events were kept for 7 days; before that for 30 days" in report.notes[0]


def test_retention_proves_once_a_day_that_it_ran(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("a"))
    for _ in range(3 * 24):
        desk.hands.pass_by(3600)
        desk.round()
    with open_reader(desk.data) as reader:
        rows = list(reader.query("select why from deeds where rule = 'retention'"))
    assert [row["why"] for row in rows] == ["Nothing was due to be deleted."] * 3
    assert check_record(desk.close(), own=True).findings == []


def test_what_is_on_hold_is_kept_until_it_is_released(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.recorder._next_retention = 1e9
    mine = {"person": "u-00000000000b"}
    first, second = desk.event("in the period", 40, **mine), desk.event("before the period", 60, **mine)
    named = desk.event("named by its id", 40)
    desk.put(first, second, named, desk.event("of nobody", 40))
    since, until = ((desk.hands.wall - timedelta(days=days)).isoformat() for days in (50, 10))
    person = desk.deed(Deed.HOLD, person="u-00000000000b", entry=f"{since}/{until}", why="case 7")
    one = desk.deed(Deed.HOLD, about=named.id, why="case 8")
    desk.put(person, one)
    desk.recorder._next_retention = 0
    desk.round()
    assert _blocks(desk) == ["in the period", "named by its id"]
    desk.put(desk.deed(Deed.RELEASED, about=person.id), desk.deed(Deed.RELEASED, about=one.id))
    desk.hands.pass_by(3601)
    desk.round()
    assert _blocks(desk) == []
    report = check_record(desk.close(), own=True)
    assert (report.findings, report.forgotten) == ([], 4)


def _blocks(desk: Desk) -> list[str]:
    with open_reader(desk.data) as reader:
        return [row["why"] for row in reader.query("select why from blocks order by why")]


def test_an_open_hold_an_explanation_and_the_deeds_of_retention_are_never_forgotten(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.deed(Deed.HOLD, person="u-1", why="case 7"), desk.deed(Deed.EXPLAINED, about="1", why="w"))
    desk.put(desk.event("old", 31), desk.deed(Deed.VIEWED, person="u-2"))
    desk.hands.pass_by(8 * 365 * 86400)
    desk.round()
    with open_reader(desk.data) as reader:
        rules = [row["rule"] for row in reader.query("select rule from events where action = 'deed' order by seq")]
    assert rules == ["hold", "explained", "retention", "retention"]
    assert check_record(desk.close(), own=True).findings == []


# --- what happens in good faith


def test_a_record_from_before_the_chain_is_sealed_when_the_gateway_starts(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    for number in range(1500):
        desk.journal.append({"t": "event", **desk.event(str(number)).row()})
    desk.round()
    record = desk.close()
    _change(
        record,
        "delete from event where seq in (3, 4)",
        "drop table link",
        "drop table batch",
        "alter table event drop column nonce",
        "delete from _sqlite_migrations where name = 'm004_chain'",
    )
    (record.parent / "seals.log").unlink()
    with pytest.raises(check_chain.Unreadable, match="never sealed"):
        check_record(record)
    desk = Desk(tmp_path / "var", desk.hands)
    desk.put(desk.event("new"))
    report = check_record(desk.close(), own=True)
    assert report.findings == []
    assert (report.events, report.batches) == (1499, 3)
    _change(record, "update event set why = 'x' where seq = 5")
    assert _found(record) == [(5, "altered")]


RECORDER = """
import sys
from datetime import timedelta
from pathlib import Path
from schoolgate.store.recorder import Recorder
recorder = Recorder(Path(sys.argv[1]), {"block": timedelta(days=30)})
print("ready", flush=True)
while True:
    recorder.round()
    recorder._next_retention = 0
"""


def test_a_recorder_that_is_killed_at_any_point_leaves_a_whole_record(tmp_path: Path) -> None:
    data = tmp_path / "var"
    data.mkdir()
    journal = Journal(data, "w")
    for number in range(15):
        killed = subprocess.Popen([sys.executable, "-c", RECORDER, str(data)], stdout=subprocess.PIPE)
        assert killed.stdout
        assert killed.stdout.readline() == b"ready\n"
        end = time.monotonic() + 0.011 * number + 0.003
        while time.monotonic() < end:
            event = fault_event(datetime.now(UTC) - timedelta(days=30 + number % 3, seconds=-0.05), "t", "w", "v")
            journal.append({"t": "event", **replace(event, action="block").row()})
        killed.kill()
        killed.wait()
        killed.stdout.close()
        report = check_record(data / "record.db", own=True)
        assert report.findings == [], _words(report)
    Recorder(data, {"block": timedelta(days=30)}).close()
    report = check_record(data / "record.db", own=True)
    assert report.findings == []
    assert report.forgotten > 100


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from pathlib import Path
from schoolgate.store.recorder import Recorder
recorder = Recorder(Path(sys.argv[1]), {})
for _ in range(5):
    try:
        recorder.round()
    except Exception as error:
        print(type(error).__name__, error)
"""


@pytest.mark.parametrize("size", [40_000, 120_000, 400_000, 1_000_000])
def test_a_full_disk_leaves_a_whole_record(tmp_path: Path, size: int) -> None:
    journal = Journal(tmp_path, "w")
    hands = Hands()
    desk = subprocess.run([sys.executable, "-c", FULL, str(tmp_path), str(10**9)], capture_output=True, text=True)
    assert desk.stdout == ""
    for _ in range(2000):
        journal.append({"t": "event", **fault_event(hands.wall, "t", "w" * 300, "v").row()})
    full = subprocess.run([sys.executable, "-c", FULL, str(tmp_path), str(size)], capture_output=True, text=True)
    assert "full" in full.stdout or "disk" in full.stdout, full.stdout + full.stderr
    assert check_record(tmp_path / "record.db", own=True).findings == []
    Recorder(tmp_path, {}).close()
    report = check_record(tmp_path / "record.db", own=True)
    assert (report.findings, report.events) == ([], 2000)


def test_a_record_is_checked_while_it_is_written(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("a"))
    seen = list[int]()
    for number in range(30):
        desk.put(desk.event(f"b{number}"))
        report = check_record(desk.data / "record.db", own=True, tell=lambda done, total: None)
        assert report.findings == []
        seen.append(report.events)
    assert seen == list(range(2, 32))


@given(st.lists(st.one_of(st.none(), st.text()), min_size=len(NAMES), max_size=len(NAMES)), st.integers(1, 10**12))
def test_what_seals_and_what_checks_agree_on_every_row(values: list[str | None], seq: int) -> None:
    try:
        sealed = digest_of(b"n" * 16, seq, NAMES, values)
    except ValueError:
        sealed = b""
    assert row_digest(b"n" * 16, seq, zip(NAMES, values, strict=True)) in (sealed, b"")


def test_rows_of_older_journals_are_stored_with_what_they_lack(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    row = desk.event("old").row()
    for name in ("confidence", "reason", "left_out", "notice", "actor", "about"):
        del row[name]
    desk.journal.append({"t": "event", **row, "confidence": 0.5})
    desk.round()
    with open_reader(desk.data) as reader:
        [found] = reader.query("select * from events")
    assert (found["why"], found["about"], found["confidence"], found["search"]) == ("old", "", "0.5", None)
    assert values_of(row)[NAMES.index("about")] == ""
    assert check_record(desk.close(), own=True).findings == []


# --- evidence packs


def _pack(record: Path, folder: Path, seqs: list[int]) -> Path:
    folder.mkdir()
    with open_reader(record.parent, with_waiting=True) as reader:
        chained = write_chain(reader, [None, *seqs], folder)
        assert chained.head == last_seal(reader)
    assert chained.rows == len(seqs)
    return folder


@pytest.fixture
def pack(record: Path, tmp_path: Path) -> Path:
    """A pack of three rows of the record."""
    return _pack(record, tmp_path / "pack", [3, 7, 8])


def test_a_pack_is_checked_by_the_file_in_it_alone(pack: Path, record: Path, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-I", "-S", "verify.py"], cwd=pack, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    head = check_record(record).head
    assert head
    assert done.stdout.startswith("Whole and unaltered: 3 events, each at its place in the sealed chain; last seal ")
    assert grouped(head.seal) in done.stdout
    assert grouped(head.seal) in (pack / "seal.txt").read_text()
    archive = Path(shutil.make_archive(str(tmp_path / "evidence"), "zip", pack.parent, pack.name))
    wanted = [sys.executable, "-I", "-S", str(pack / "verify.py"), str(archive), "--seal"]
    done = subprocess.run([*wanted, grouped(head.seal)], capture_output=True, text=True)
    assert (done.returncode, "the seal you gave is that of batch 8" in done.stdout) == (0, True)
    done = subprocess.run([*wanted, "ab" * 32], capture_output=True, text=True)
    assert (done.returncode, "SEAL:" in done.stdout) == (1, True)
    done = subprocess.run([*wanted, "nonsense"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_pack_shows_nothing_of_others(pack: Path) -> None:
    said = "".join(path.read_text() for path in pack.iterdir() if path.suffix in (".jsonl", ".txt"))
    assert "first of 1" in said
    assert "second of 1" not in said


def _edit(path: Path, change: Callable[[list[dict[str, object]]], object]) -> None:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


PACK_CHANGES: dict[str, tuple[str, Callable[[list[dict[str, object]]], object], str]] = {
    "a word": ("events", lambda rows: rows[1].update(why="x"), "altered: row 7"),
    "a column put in": ("events", lambda rows: rows[1].update(more="x"), "altered: row 7"),
    "a nonce": ("events", lambda rows: rows[1].update(nonce="00"), "altered: row 7"),
    "a nonce that is none": ("events", lambda rows: rows[1].update(nonce=5), "altered: row 7"),
    "a number": ("events", lambda rows: rows[1].update(seq=4), "re-ordered: row 4"),
    "a number out of the way": ("events", lambda rows: rows[1].update(seq=15), "re-ordered: row 15"),
    "no number": ("events", lambda rows: rows[1].update(seq="7"), "inserted: line 2"),
    "the order": ("events", lambda rows: rows.reverse(), "re-ordered: row 3"),
    "a row twice": ("events", lambda rows: rows.append(rows[0]), "re-ordered: row 3"),
    "a row put in": ("events", lambda rows: rows.append({**rows[0], "seq": 4, "why": "x"}), "altered: row 4"),
    "a row taken out": ("events", lambda rows: rows.pop(1), "missing: row 7"),
    "the first row taken out": ("events", lambda rows: rows.pop(0), "missing: row 3"),
    "what was in it": (
        "chain",
        lambda rows: [row.pop("held", None) for row in rows],
        "missing: chain.jsonl does not say",
    ),
    "a digest": ("chain", lambda rows: rows[-1]["digests"].__setitem__(0, [3, "00"]), "altered: row 3"),  # type: ignore[attr-defined]
    "a header": ("chain", lambda rows: rows[-1].update(sealed_at="2026-01-01T00:00:00.000Z"), "batch: batch 2"),
    "a seal": ("chain", lambda rows: rows[-1].update(seal="00" * 32), "batch: batch 2"),
    "the last header": ("chain", lambda rows: rows.pop(0), "missing: chain.jsonl does not end where it did"),
    "the first header": ("chain", lambda rows: rows.pop(), "missing: this pack was made with 3 rows"),
    "the names of its files": (
        "chain",
        lambda rows: rows[0].pop("files"),
        "missing: chain.jsonl does not name the files",
    ),
    "a header between": ("chain", lambda rows: rows.pop(1), "batch: no way leads"),
}


@pytest.mark.parametrize("name", PACK_CHANGES)
def test_every_change_of_a_pack_is_found(pack: Path, name: str) -> None:
    file, change, expected = PACK_CHANGES[name]
    _edit(pack / f"{file}.jsonl", change)
    kinds = [f"{finding.kind}: {finding.words}" for finding in check_pack(pack).findings]
    assert any(kind.startswith(expected) for kind in kinds), kinds


def test_the_page_and_the_seals_of_a_pack_are_checked_too(pack: Path) -> None:
    (pack / "evidence.html").write_text("nothing bad")
    assert check_pack(pack).notes == ["what these files say is not part of the proof: evidence.html"]
    name_files(pack)
    assert (check_pack(pack).findings, check_pack(pack).notes) == ([], [])
    (pack / "evidence.html").write_text("something bad")
    (pack / "seal.txt").unlink()
    assert [finding.words for finding in check_pack(pack).findings] == [
        "seal.txt is missing: the pack was made with it",
        "evidence.html was altered: it is not the file that the pack was made with",
    ]


def test_an_emptied_pack_is_not_whole(pack: Path) -> None:
    for name in ("events.jsonl", "chain.jsonl"):
        (pack / name).write_bytes(b"")
    assert "there is no proof in this pack" in _words(check_pack(pack))


def test_a_zip_that_was_changed_is_told_plainly(pack: Path, tmp_path: Path) -> None:
    whole = Path(shutil.make_archive(str(tmp_path / "evidence"), "zip", pack.parent, pack.name)).read_bytes()
    path = tmp_path / "changed.zip"
    for place in range(0, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            check(path)
        except check_chain.Unreadable as error:
            assert str(path) in str(error)


@pytest.mark.parametrize("name", ["events.jsonl", "chain.jsonl"])
@pytest.mark.parametrize("content", [None, b"{", b"[]", b"\xff\xfe"])
def test_a_pack_that_cannot_be_read_is_told_plainly(pack: Path, name: str, content: bytes | None) -> None:
    (pack / name).unlink()
    if content is not None:
        (pack / name).write_bytes(content)
    with pytest.raises(check_chain.Unreadable):
        check(pack)
    with zipfile.ZipFile(pack.parent / "x.zip", "w") as archive:
        archive.write(pack / "seal.txt", "seal.txt")
    with pytest.raises(check_chain.Unreadable, match="no chain"):
        check(pack.parent / "x.zip")


def test_a_pack_of_a_long_record_is_small_and_holds_the_seals_that_were_handed_out(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    for number in range(700):
        desk.put(desk.event(str(number)))
        if number == 500:
            with open_reader(desk.data) as reader:
                seal = last_seal(reader)
            assert seal
            desk.put(desk.deed(Deed.SEALED, entry=seal.seal, why="headteacher"))
    pack = _pack(desk.close(), tmp_path / "pack", [5, 123, 124, 400])
    assert check_pack(pack, seal=seal.seal).findings == []
    assert grouped(seal.seal) in (pack / "seal.txt").read_text()
    assert len((pack / "chain.jsonl").read_text().splitlines()) < 100


def test_the_journal_is_read_to_its_end_before_a_segment_goes(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "var")
    desk.put(desk.event("a"))
    desk.close()
    assert segments(desk.data) == []
