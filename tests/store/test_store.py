"""The journal and the record: every event exactly once, damage costs its own line only, readers see everything."""

import json
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pretend.school import School
from schoolgate.policy.decision import decide
from schoolgate.policy.request import request_from_url
from schoolgate.policy.visits import Kind, Origin
from schoolgate.settings.load import Settings
from schoolgate.store.event import NAMES, Event, event_of, fault_event, new_reference
from schoolgate.store.figures import store_figures
from schoolgate.store.journal import Journal, read_batch, segments
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.record import open_reader
from schoolgate.store.recorder import Recorder

NOW = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)
KEEP = {"fault": timedelta(days=365), "block": timedelta(days=30)}
_EVENTS = "select why from events where action <> 'deed' and rule <> 'chain'"


def _event(words: str = "w", at: datetime | None = None) -> Event:
    return fault_event(at or datetime.now(UTC), "test", words, "v1")


def _append(journal: Journal, *events: Event) -> None:
    for event in events:
        journal.append({"t": "event", **event.row()})


def _stored(data: Path, with_waiting: bool = False) -> list[str]:
    with open_reader(data, with_waiting) as reader:
        return [row["why"] for row in reader.query(f"{_EVENTS} order by why")]


def test_what_is_appended_is_read_at_once_and_stored_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "w")
    _append(journal, _event("a"), _event("b"))
    assert _stored(tmp_path, with_waiting=True) == ["a", "b"]
    assert _stored(tmp_path) == []
    recorder = Recorder(tmp_path, KEEP)
    assert recorder.round() == 2
    assert recorder.round() == 0
    _append(journal, _event("c"))
    assert _stored(tmp_path) == ["a", "b"]
    assert _stored(tmp_path, with_waiting=True) == ["a", "b", "c"]
    recorder.close()
    assert _stored(tmp_path) == ["a", "b", "c"]


def test_a_recorder_that_died_between_commit_and_tidying_stores_nothing_twice(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "w")
    _append(journal, _event("a"))
    first = Recorder(tmp_path, KEEP)
    first.round()
    [segment] = segments(tmp_path)
    with sqlite3.connect(tmp_path / "record.db") as db:
        db.execute("delete from journal_place")
    first._record.close()
    second = Recorder(tmp_path, KEEP)
    second.round()
    assert _stored(tmp_path) == ["a"]
    journal.close()
    second.round()
    assert not segment.exists()


def test_a_torn_or_altered_line_costs_itself_only(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "w")
    _append(journal, _event("a"), _event("b"), _event("c"))
    [path] = segments(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b'"b"', b'"x"')
    path.write_bytes(b"".join(lines) + b"12345678 {half a li")
    recorder = Recorder(tmp_path, KEEP)
    recorder.round()
    assert _stored(tmp_path) == ["a", "c"]
    recorder._next_note = 0
    recorder.round()
    assert store_figures(tmp_path).damaged == 1
    [told] = _complaints(tmp_path)
    assert told.startswith(f"1 line of the journal {path.name} cannot be put on record: ")


def _complaints(data: Path) -> list[str]:
    with open_reader(data, with_waiting=True) as reader:
        return [row["why"] for row in reader.query("select why from faults where rule = 'chain' order by at")]


def _take_away(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _edit_in_a_copy(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


def _add_a_line(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"nonsense\n")


def _take_the_folder_away(path: Path) -> None:
    shutil.rmtree(path.parent)


@pytest.mark.parametrize("by_hand", [_take_away, _empty, _edit_in_a_copy, _add_a_line, _take_the_folder_away])
def test_a_journal_that_is_changed_while_it_is_written_is_told_and_loses_nothing_after_it(
    tmp_path: Path, by_hand: Callable[[Path], None]
) -> None:
    journal, recorder = Journal(tmp_path, "w"), Recorder(tmp_path, KEEP)
    _append(journal, _event("a"))
    recorder.round()
    by_hand(segments(tmp_path)[0])
    _append(journal, _event("b"), _event("c"))
    recorder.round()
    assert _stored(tmp_path) == ["a", "b", "c"]
    told = [words for words in _complaints(tmp_path) if words.startswith("Somebody removed w-1-")]
    assert len(told) == 1
    assert len(segments(tmp_path)) == 1


def test_a_journal_that_is_used_for_long_does_not_go_on_holding_what_it_held(tmp_path: Path) -> None:
    journal, recorder = Journal(tmp_path, "w"), Recorder(tmp_path, KEEP)
    _append(journal, _event("secret"))
    journal._until = 0
    _append(journal, _event("b"))
    recorder.round()
    [segment] = segments(tmp_path)
    assert b"secret" not in segment.read_bytes()
    assert _stored(tmp_path) == ["b", "secret"]
    assert _complaints(tmp_path) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_journal(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.journal"
    path.write_bytes(data)
    batch = read_batch(path, 0)
    assert batch.entries == []
    assert batch.end <= len(data)


def test_a_long_journal_goes_on_in_further_segments(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "w")
    for number in range(60):
        _append(journal, fault_event(NOW + timedelta(hours=number), "t", "x" * 2000, "v", client="c" * 200_000))
    assert len(segments(tmp_path)) > 2
    recorder = Recorder(tmp_path, {})
    recorder.round()
    assert len(_stored(tmp_path)) == 60
    assert len(segments(tmp_path)) == 1
    journal.close()
    recorder.close()
    assert segments(tmp_path) == []


def test_bytes_that_are_no_text_are_stored_as_such(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "w")
    _append(journal, _event("odd \udcff\ud800 words"), _event("b"))
    Recorder(tmp_path, KEEP).round()
    assert _stored(tmp_path) == ["b", "odd \\udcff\\ud800 words"]


def test_an_entry_that_cannot_be_stored_costs_itself_only(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "w")
    _append(journal, _event("a"))
    journal.append({"t": "event", **_event("x").row(), "host": "\udcff"})
    journal.append({"t": "event", **_event("x").row(), "host": ["a", "list"]})
    journal.append({"t": "tally", "hour": "h"})
    journal.append({"t": "neither"})
    _append(journal, _event("b"))
    assert _stored(tmp_path, with_waiting=True) == ["a", "b"]
    recorder = Recorder(tmp_path, KEEP)
    recorder.round()
    _append(journal, _event("c"))
    recorder.round()
    assert _stored(tmp_path) == ["a", "b", "c"]
    recorder._next_note = 0
    recorder.round()
    assert store_figures(tmp_path).damaged == 3


def test_no_segment_is_taken_away_from_a_writer_that_just_began(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, KEEP)
    stop, written = threading.Event(), list[str]()

    def write() -> None:
        while not stop.is_set():
            journal = Journal(tmp_path, "w")
            event = _event(f"{threading.get_ident()}-{len(written)}")
            _append(journal, event)
            written.append(event.id)
            journal.close()
            time.sleep(0.003)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 4
    while time.monotonic() < end:
        recorder.round()
    stop.set()
    for thread in threads:
        thread.join()
    recorder.close()
    with sqlite3.connect(tmp_path / "record.db") as db:
        stored = {row[0] for row in db.execute("select id from events")}
    assert set(written) == stored
    assert len(written) > 100


def test_no_number_is_given_twice_when_retention_has_emptied_the_record(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "w")
    _append(journal, _event("old", datetime.now(UTC) - timedelta(days=366)))
    recorder = Recorder(tmp_path, KEEP)
    recorder.round()
    _append(journal, _event("young"))
    recorder.round()
    with open_reader(tmp_path) as reader:
        rows = [(row["seq"], row["rule"]) for row in reader.query("select seq, rule from events")]
    assert rows == [(2, "retention"), (3, "test")]


def test_two_writers_and_counts_add_up(tmp_path: Path) -> None:
    journals = [Journal(tmp_path, "w"), Journal(tmp_path, "w")]
    tally = {"t": "tally", "hour": "h", "group": "g", "action": "allow", "category": "", "requests": 3}
    for journal in journals:
        _append(journal, _event())
        journal.append(tally)
    recorder = Recorder(tmp_path, KEEP)
    recorder.round()
    journals[0].append(tally)
    for waiting, number in ((True, 9), (False, 6)):
        with open_reader(tmp_path, waiting) as reader:
            [row] = reader.query("select sum(requests) n from tallies")
        assert row["n"] == number


def test_retention_deletes_what_has_had_its_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "w")
    _append(journal, _event("old", datetime.now(UTC) - timedelta(days=366)), _event("young"))
    recorder = Recorder(tmp_path, KEEP)
    recorder.round()
    assert _stored(tmp_path) == ["young"]


def test_the_views_are_the_interface(tmp_path: Path) -> None:
    Recorder(tmp_path, KEEP).close()
    with sqlite3.connect(tmp_path / "record.db") as db:
        views = {row[0] for row in db.execute("select name from sqlite_master where type = 'view'")}
        columns = [row[1] for row in db.execute("pragma table_info(events)")]
        names = {row[0] for row in db.execute("select name from _sqlite_migrations")}
        mode = db.execute("pragma journal_mode").fetchone()
    assert views == {"events", "blocks", "visits", "faults", "deeds", "tallies", "activity", "coverage"}
    assert tuple(columns) == ("seq", *NAMES)
    assert sorted(names)[0] == "m001_events"
    assert sorted(names)[-1] == "m009_deeds"
    assert mode == ("wal",)


def test_readers_cannot_write(tmp_path: Path) -> None:
    Recorder(tmp_path, KEEP).close()
    with open_reader(tmp_path) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        list(reader.query("delete from record.event returning *"))


def test_an_empty_folder_reads_as_an_empty_record(tmp_path: Path) -> None:
    assert _stored(tmp_path, with_waiting=True) == []


def test_an_event_holds_no_query_no_login_and_no_name(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    snapshot = settings_of(School(tmp_path).write()).snapshot
    request = request_from_url(
        "http://u:p@pornhub.com/a;s=sess?q=query#frag", at=NOW, client="127.0.0.2", user="j.smith"
    )
    text = json.dumps(
        event_of(request, decide(request, snapshot), Origin(Kind.VISIT, "a test"), open_pseudonyms(tmp_path)).row()
    )
    for secret in ("u:p", "query", "sess", "frag", "smith"):
        assert secret not in text
    assert '"group": "staff"' in text


def test_pseudonyms_are_the_same_for_one_key_and_others_for_another(tmp_path: Path) -> None:
    first, again, other = (open_pseudonyms(tmp_path / name) for name in ("a", "a", "b"))
    assert first.of("user", "J.Smith") == again.of("user", "j.smith")
    assert first.of("user", "j.smith") != other.of("user", "j.smith")


def test_references_are_short_and_hard_to_mishear() -> None:
    refs = {new_reference() for _ in range(2000)}
    assert len(refs) == 2000
    assert all(len(ref) == 9 and not set(ref) & set("01IOLU") for ref in refs)
