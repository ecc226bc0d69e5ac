"""The stores in copies: made each night and before an upgrade; a damaged store is mended from them, and says what it lost."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pretend.mailbox import Mailbox
from pretend.school import School
from schoolgate.office import Office
from schoolgate.settings.load import Settings
from schoolgate.store.clock import Clock
from schoolgate.store.copies import FOLDER, NotCopied, copy_whole, is_whole, kept_journals, nights
from schoolgate.store.event import fault_event
from schoolgate.store.journal import Journal, segments
from schoolgate.store.mending import ask_to_look
from schoolgate.store.office import OfficeStore
from schoolgate.store.record import open_reader
from schoolgate.store.recorder import Recorder
from schoolgate.store.schema import record_migrations

KEEP = {"fault": timedelta(days=36500), "deed": timedelta(days=36500)}
OLDER = Path(__file__).with_name("older")


class Gone:
    """A school's data folder whose clocks are set by hand."""

    def __init__(self, data: Path) -> None:
        self.data, self.hours, self.start = data, 0.0, datetime.now(UTC)
        self.names = 0
        data.mkdir(exist_ok=True)

    def recorder(self) -> Recorder:
        clock = Clock(lambda: self.start + timedelta(hours=self.hours), lambda: self.hours * 3600)
        return Recorder(self.data, KEEP, clock=clock)

    def say(self, *words: str) -> None:
        """Events of a process that ends at once, so that its journal is finished."""
        self.names += 1
        journal = Journal(self.data, f"worker{self.names}")
        for each in words:
            journal.append({"t": "event", **fault_event(datetime.now(UTC), "test", each, "v1").row()})
        counted = {"hour": "2026-11-24T09", "group": "pupils", "action": "allow", "category": "", "requests": 1}
        journal.append({"t": "tally", **counted})
        journal.close()
        now = (self.start + timedelta(hours=self.hours)).timestamp()
        for path in segments(self.data):
            os.utime(path, (now, now))

    def night(self, recorder: Recorder) -> None:
        """A day later, until the copy is made."""
        self.hours += 23.1
        recorder._nightly._next_look = 0.0
        recorder.round(lambda: self.hours * 3600)
        thread = recorder._nightly._copying
        assert thread is not None
        thread.join(60)
        recorder._next_retention = 0.0
        recorder.round(lambda: self.hours * 3600)

    def said(self, rule: str = "test") -> list[str]:
        with open_reader(self.data) as reader:
            return [
                row["why"] for row in reader.query("select why from events where rule = :r order by seq", {"r": rule})
            ]

    def counted(self) -> int:
        with open_reader(self.data) as reader:
            return int(next(reader.query("select sum(requests) as n from tallies"))["n"])


@pytest.fixture
def gone(tmp_path: Path) -> Gone:
    return Gone(tmp_path / "var")


def spoil(path: Path, first: int = 0) -> None:
    """All pages from ``first`` on are noise."""
    data = bytearray(path.read_bytes())
    data[first * 4096 :] = b"\xa5" * (len(data) - first * 4096)
    path.write_bytes(data)


def settle(data: Path) -> None:
    """What waits in the write-ahead log goes into the file."""
    with closing(sqlite3.connect(data / "record.db")) as db:
        db.execute("pragma wal_checkpoint(truncate)")


def test_two_nights_are_kept_and_journals_as_long_as_a_copy_needs_them(gone: Gone) -> None:
    recorder = gone.recorder()
    for number in range(1, 5):
        gone.say(f"day {number}")
        recorder.round()
        gone.night(recorder)
    assert [number for number, _ in nights(gone.data, "record.db")] == [4, 3]
    assert all(is_whole(path) for _, path in nights(gone.data, "record.db"))
    assert all(path.stat().st_mode & 0o77 == 0 for path in (gone.data / FOLDER).rglob("*"))
    gone.say("day 5")
    recorder.round()
    assert sorted(number for number, _ in kept_journals(gone.data)) == [3, 4]
    with closing(sqlite3.connect(gone.data / "record.db")) as db:
        assert db.execute("select count(*) from journal_place").fetchone()[0] == 2
    recorder.close()


@pytest.mark.parametrize("nights_before", [0, 1, 3])
@pytest.mark.parametrize("first_page", [0, 1])
def test_a_damaged_record_costs_nothing(gone: Gone, nights_before: int, first_page: int) -> None:
    recorder = gone.recorder()
    for number in range(nights_before):
        gone.say(f"day {number}")
        recorder.round()
        gone.night(recorder)
    gone.say("today", "also today")
    recorder.round()
    settle(gone.data)
    before, counted = gone.said(), gone.counted()
    spoil(gone.data / "record.db", first_page)
    gone.say("after the damage")
    ask_to_look(gone.data)
    with pytest.raises(SystemExit):
        recorder.round()
    recorder._seals.close()
    recorder = gone.recorder()
    recorder.round()
    assert sorted(gone.said()) == sorted([*before, "after the damage"])
    assert gone.counted() == counted + 1
    [told] = gone.said("record-damaged")
    assert "was damaged" in told
    assert "put aside as record.db.damaged-" in told
    assert ("there was no copy yet" if nights_before == 0 else "UTC took its place") in told
    assert "lost" in told
    recorder.close()
    assert list(gone.data.glob("record.db.damaged-*")) != []


def test_a_record_that_is_damaged_while_nobody_runs_is_mended_at_the_start(gone: Gone) -> None:
    recorder = gone.recorder()
    gone.say("one")
    recorder.round()
    gone.night(recorder)
    recorder.close()
    spoil(gone.data / "record.db")
    newest = nights(gone.data, "record.db")[0][1]
    recorder = gone.recorder()
    recorder.round()
    assert gone.said() == ["one"]
    gone.say("two")
    recorder.round()
    gone.night(recorder)
    recorder.close()
    spoil(nights(gone.data, "record.db")[0][1])  # the newest copy is no good either
    spoil(gone.data / "record.db")
    recorder = gone.recorder()
    recorder.round()
    assert gone.said() == ["one", "two"]
    assert newest.exists()
    recorder.close()


def test_what_comes_after_the_damage_is_news_to_the_office(gone: Gone) -> None:
    """seals.log lags up to a minute behind the record, and the office may have read all of it."""
    recorder = gone.recorder()
    gone.say(*(f"day {n}" for n in range(20)))
    recorder.round()
    recorder.close()
    office = OfficeStore(gone.data)
    office.set_bookmark("events", "4000")
    office.close()
    spoil(gone.data / "record.db")
    recorder = gone.recorder()
    recorder.round()
    with open_reader(gone.data) as reader:
        assert min(row["seq"] for row in reader.query("select seq from events")) > 4000
    recorder.close()


def test_what_is_lost_is_counted(gone: Gone) -> None:
    recorder = gone.recorder()
    gone.say("one")
    recorder.round()
    gone.night(recorder)
    gone.say("two", "three")
    recorder.round()
    recorder.close()
    for _, folder in kept_journals(gone.data):
        for path in folder.iterdir():
            path.unlink()
    spoil(gone.data / "record.db")
    recorder = gone.recorder()
    recorder.round()
    assert gone.said() == ["one"]
    assert "may be lost for good" in gone.said("record-damaged")[0]
    recorder.close()


def test_a_damaged_office_begins_again_with_its_copy(gone: Gone) -> None:
    office = OfficeStore(gone.data)
    office.set_bookmark("read", "3")
    recorder = gone.recorder()
    gone.night(recorder)
    office.close()
    spoil(gone.data / "office.db", 1)
    again = OfficeStore(gone.data)
    assert again.bookmark("read") == "3"
    assert "The office's file was damaged" in again.mended
    again.close()
    recorder.close()


def test_without_room_there_is_no_copy_and_the_technician_is_told(gone: Gone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schoolgate.store.copies._SPARE", 1 << 60)
    recorder = gone.recorder()
    gone.say("one")
    gone.night(recorder)
    assert nights(gone.data, "record.db") == []
    assert "No copy of record.db could be made" in gone.said("copies")[0]
    recorder.close()


def older(data: Path, version: str) -> None:
    """A data folder as a version before has left it."""
    data.mkdir(exist_ok=True)
    for path in OLDER.glob(f"{version}-*"):
        name = path.name.partition("-")[2]
        if name.endswith(".sql"):
            with closing(sqlite3.connect(data / name.replace(".sql", ".db"))) as db:
                db.executescript(path.read_text())
        else:
            (data / name).write_bytes(path.read_bytes())


@pytest.mark.parametrize("version", ["m002", "m004", "m005"])
def test_the_stores_of_older_versions_are_carried_on_with_a_copy_kept(gone: Gone, version: str) -> None:
    older(gone.data, version)
    recorder = gone.recorder()
    gone.say("new")
    while recorder.round():
        pass
    assert gone.said() == [*(f"old {n}" for n in range(5)), "new"]
    assert gone.counted() == 8
    recorder.close()
    office = OfficeStore(gone.data)
    assert office.bookmark("read") == "3"
    office.close()
    [copy] = (gone.data / FOLDER).glob("before-*-record.db")
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("select count(*) from event").fetchone()[0] >= 5
        names = [row[0] for row in db.execute("select name from _sqlite_migrations order by id")]
    assert names[-1].startswith(version)
    assert len(names) < len(record_migrations._migrations)


def test_without_a_copy_the_tables_stay_as_they_are(gone: Gone, monkeypatch: pytest.MonkeyPatch) -> None:
    older(gone.data, "m002")
    monkeypatch.setattr("schoolgate.store.copies._SPARE", 1 << 60)
    with pytest.raises(NotCopied, match="MB"):
        gone.recorder()
    with closing(sqlite3.connect(gone.data / "record.db")) as db:
        assert db.execute("select count(*) from _sqlite_migrations").fetchone() == (2,)


def test_a_copy_of_what_is_damaged_is_none(gone: Gone) -> None:
    recorder = gone.recorder()
    recorder.close()
    spoil(gone.data / "record.db", 1)
    with pytest.raises(NotCopied, match="damaged"):
        copy_whole(gone.data / "record.db", gone.data / "copy.db")
    assert [path.name for path in gone.data.glob("*copy*")] == []
    assert segments(gone.data) == []


DYING = """
import os, sqlite3, sys
from datetime import timedelta
from pathlib import Path
left, connect = int(sys.argv[2]), sqlite3.connect
def counted(statement):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), 9)
def connecting(*given, **named):
    opened = connect(*given, **named)
    if str(given[0]).endswith("record.db"):
        opened.set_trace_callback(counted)
    return opened
sqlite3.connect = connecting
from schoolgate.store.recorder import Recorder
recorder = Recorder(Path(sys.argv[1]), {"fault": timedelta(days=36500), "deed": timedelta(days=36500)})
recorder.round()
recorder.close()
"""


@pytest.mark.parametrize("statements", [3, 30, 40, 50, 60, 75])
def test_a_migration_that_is_killed_is_carried_on(gone: Gone, statements: int) -> None:
    older(gone.data, "m002")
    done = subprocess.run([sys.executable, "-c", DYING, gone.data, str(statements)], check=False)
    assert done.returncode == -9, "it was through before"
    recorder = gone.recorder()
    recorder.round()
    assert gone.said() == [f"old {n}" for n in range(5)]
    recorder.close()
    assert len(list((gone.data / FOLDER).glob("before-*-record.db"))) >= 1


def test_a_recorder_that_does_nothing_is_told_by_the_office_itself(
    gone: Gone, settings_of: Callable[[School], Settings], mailbox: Callable[[int], Mailbox], tmp_path: Path
) -> None:
    """Its faults come to the technician through the record; here nothing does, and it cannot even be read."""
    school = School(tmp_path / "school").write()
    settings, seconds = settings_of(school), [0.0]
    gone = Gone(settings.data)
    recorder = gone.recorder()
    office = Office(settings, running_on=lambda: seconds[0])
    box = mailbox(school.mail_port)
    for _ in range(6):
        seconds[0] += 300
        gone.hours += 300 / 3600
        recorder._next_note = 0.0
        recorder.round()
        office.round_or_mend(time.time())
    recorder.close()
    (settings.data / "record.db").rename(tmp_path / "aside")
    (settings.data / "record.db").mkdir()
    for _ in range(40):
        seconds[0] += 60
        with suppress(sqlite3.OperationalError):
            office.round_or_mend(time.time())
        time.sleep(0.05)
    office.close()
    told = [mail.to for mail in box.delivered if "the recorder has written nothing for ten minutes" in mail.text]
    assert told == [("it@school.example",)]
