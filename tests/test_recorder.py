"""A large record of an earlier version is brought up to date while the gateway filters already, and it says so."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from multiprocessing import Pipe
from pathlib import Path
from threading import Thread

import pytest
from pretend.school import School
from schoolgate.child import READY, STOP
from schoolgate.recorder import run_recorder
from schoolgate.settings.load import Settings
from schoolgate.store import copies

OLDER = Path(__file__).with_name("faults") / "older"


@pytest.fixture
def settings(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Settings:
    found = settings_of(School(tmp_path).write())
    found.data.mkdir(exist_ok=True)
    with closing(sqlite3.connect(found.data / "record.db")) as db:
        db.executescript((OLDER / "m005-record.sql").read_text())
    return found


def steps(settings: Settings) -> int:
    return len(copies.steps_done(settings.data / "record.db"))


def test_a_large_one_is_opened_in_the_first_round(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(copies, "_LARGE", 0)
    ours, theirs = Pipe()
    before = steps(settings)
    with caplog.at_level(logging.WARNING, "schoolgate"):
        thread = Thread(target=run_recorder, args=(settings, theirs))
        thread.start()
        try:
            assert ours.poll(60)
            assert ours.recv() == READY
            assert "what happens meanwhile waits in journals" in caplog.text
            thread.join(1)
        finally:
            ours.send(STOP)
            thread.join(60)
    assert steps(settings) > before
    assert "The record is open." in caplog.text


def test_a_small_one_is_opened_before_the_recorder_is_ready(settings: Settings) -> None:
    ours, theirs = Pipe()
    before = steps(settings)
    ours.send(STOP)
    run_recorder(settings, theirs)
    assert ours.recv() == READY
    assert steps(settings) > before


def test_without_room_for_a_copy_it_does_not_start_and_says_why(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_SPARE", 1 << 60)
    ours, theirs = Pipe()
    run_recorder(settings, theirs)
    assert "without a copy of them as they are, but a copy of record.db needs" in ours.recv()


def test_a_large_one_without_room_for_a_copy_ends_the_process_with_the_reason(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_SPARE", 1 << 60)
    monkeypatch.setattr(copies, "_LARGE", 0)
    ours, theirs = Pipe()
    with pytest.raises(SystemExit, match="without a copy of them as they are"):
        run_recorder(settings, theirs)
    assert ours.recv() == READY
