"""A store that is damaged is put aside, and its last good copy takes its place; what was lost is said in words.

Whoever finds a store unreadable asks those who write them to look (``ask_to_look``): each alone mends its own.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from schoolgate.store.check_chain import read_seals
from schoolgate.store.copies import FOLDER, copy_whole, is_whole, journals_since, nights
from schoolgate.store.event import fault_event
from schoolgate.store.journal import Journal, waiting
from schoolgate.store.schema import FILE as RECORD
from schoolgate.store.seals import FILE as SEALS

_OFFICE = "office.db"
_MARKS = {RECORD: "look", _OFFICE: "look-office"}


def ask_to_look(data: Path) -> None:
    """A store cannot be read: the recorder and the office check theirs at their next round. Never raises."""
    with suppress(OSError):
        (data / FOLDER).mkdir(mode=0o700, exist_ok=True)
        for mark in _MARKS.values():
            (data / FOLDER / mark).touch()


def is_to_look(data: Path, name: str = RECORD) -> bool:
    """Whether somebody has asked."""
    return (data / FOLDER / _MARKS[name]).exists()


def looked(data: Path, name: str = RECORD) -> bool:
    """Look, once for all who asked; whether the store is whole. Raises sqlite3.Error where that cannot be told."""
    whole = is_whole(data / name)
    (data / FOLDER / _MARKS[name]).unlink(missing_ok=True)
    return whole


def read_by_office(data: Path) -> int:
    """The last row that the office has read: what gets a lower number would alert nobody."""
    with suppress(sqlite3.Error, ValueError, TypeError):
        path = (data / _OFFICE).resolve()
        if path.is_file():
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
                found = connection.execute("select value from bookmark where name = 'events'").fetchone()
                return int(found[0]) if found else 0
    return 0


def mend_record(data: Path, why: str) -> str:
    """Put the record aside, take the last good copy and the journals since; puts it on record, and returns the words.

    The record must not be open for writing. Raises OSError where the disk does not allow it.
    """
    number, copy, aside = _take_back(data, RECORD)
    journals = journals_since(data, number)
    words = f"The record was damaged ({why}). It was put aside as {aside.name}; {copy}. "
    words += _lost(data) + f" {journals} kept journals are carried over again. See docs/backup.md."
    journal = Journal(data, "recorder")
    journal.append({"t": "event", **fault_event(datetime.now(UTC), "record-damaged", words, "").row()})
    journal.close()
    return words


def mend_office(data: Path, name: str, why: str) -> str:
    """The same for the office's file, of which nothing stands in journals; returns the words."""
    _, copy, aside = _take_back(data, name)
    words = f"The office's file was damaged ({why}). It was put aside as {aside.name}; {copy}. "
    return words + "Mails that waited in it may be lost, others may come twice. Cases are in the record, and whole."


def _take_back(data: Path, name: str) -> tuple[int, str, Path]:
    path = data / name
    aside = path.with_name(f"{name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    for ending in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            path.with_name(name + ending).rename(aside.with_name(aside.name + ending))
    for number, copy in nights(data, name):
        if _is_good(copy):
            copy_whole(copy, path)
            made = datetime.fromtimestamp(copy.stat().st_mtime, UTC)
            return number, f"the copy of {made:%Y-%m-%d %H:%M} UTC took its place", aside
        copy.rename(copy.with_name(f"{copy.name}.damaged"))
    return 0, "there was no copy yet, so it begins anew", aside


def _is_good(path: Path) -> bool:
    try:
        return is_whole(path)
    except sqlite3.Error:
        return False


def _lost(data: Path) -> str:
    """What seals.log knows of the record that was, against what the copy and the journals hold."""
    lines = read_seals(data / SEALS)[0] if (data / SEALS).exists() else ()
    was = max((line.last for line in lines), default=0)
    last, ends = 0, dict[str, int]()
    with closing(sqlite3.connect(data / RECORD if (data / RECORD).exists() else ":memory:")) as connection:
        if connection.execute("select 1 from sqlite_master where name = 'journal_place'").fetchone():
            last = connection.execute("select coalesce(max(seq), 0) from event").fetchone()[0]
            ends = dict(connection.execute("select segment, end from journal_place"))
        events = {str(entry.get("id")) for entry in waiting(data, ends) if entry.get("t") == "event"}
        again = len(events) - (_here(connection, events) if last else 0)
    missing = max(0, was - last - again)
    if missing:
        return f"Of {was - last} rows since the copy {again} are in journals, so {missing} may be lost for good."
    return f"Nothing that was sealed is known to be lost: {again} rows since then stand in journals."


def _here(connection: sqlite3.Connection, events: Iterable[str]) -> int:
    """How many of these events are in the copy."""
    found = (connection.execute("select 1 from event where id = ?", [event]).fetchone() for event in events)
    return sum(row is not None for row in found)
