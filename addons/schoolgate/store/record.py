"""Reads the record: what stands in it, and what still waits in the journals, under the names of the interface."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schoolgate.store.chain import values_of
from schoolgate.store.event import NAMES
from schoolgate.store.journal import waiting
from schoolgate.store.schema import COLUMNS, FILE, VIEWS

_WAITING = {
    "waiting": f"seq integer, {COLUMNS.replace(',', ' text,')} text",
    "waiting_tally": 'hour text, "group" text, action text, category text, requests integer',
    "waiting_activity": 'day text, person text, "group" text, category text, kind text, requests integer',
    "waiting_coverage": 'hour text, "group" text, fate text, app text, connections integer',
}
"""What waits, in columns of the record's own types: only then does SQLite look through the views, and find indexes."""

__all__ = ["FILE", "RecordReader", "open_reader"]


@dataclass(slots=True)
class RecordReader:
    """A read-only view of the record, with what still waits in the journals when it was asked for."""

    connection: sqlite3.Connection
    exists: bool
    sealed: bool = False  # whether there is a chain in it

    def last_seq(self) -> int:
        """The highest ``seq`` that was ever given in this record, also when its event has been deleted since."""
        if not self.exists:
            return 0
        row = self.connection.execute("select seq from record.sqlite_sequence where name = 'event'").fetchone()
        return int(row[0]) if row else 0

    def count(self) -> int:
        """How many events there are, counted by an index: through the view, SQLite looks at each of them."""
        stored = " + (select count(*) from record.event)" if self.exists else ""
        return int(self.connection.execute(f"select (select count(*) from waiting){stored}").fetchone()[0])

    def mark_of_deeds(self) -> tuple[object, ...]:
        """A value that changes whenever a deed comes to the record, or leaves it: what was folded from deeds holds."""
        sql = "select id from waiting where action = 'deed' order by id"
        waits = tuple(row[0] for row in self.connection.execute(sql))
        if not self.exists:
            return waits
        counted = "select count(*), max(seq) from record.event where action = 'deed'"
        return (*self.connection.execute(counted).fetchone(), *waits)

    def query(self, sql: str, parameters: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Rows of a query over the views, as dicts."""
        cursor = self.connection.execute(sql, parameters or {})
        names = [column[0] for column in cursor.description or ()]
        for row in cursor:
            yield dict(zip(names, row, strict=True))


@contextmanager
def open_reader(data: Path, with_waiting: bool = False) -> Iterator[RecordReader]:
    """Open the record for reading. ``with_waiting`` adds events that no recorder has carried over yet.

    A record that does not exist yet reads as an empty one. Raises sqlite3.Error when the file is damaged.
    """
    path = data / FILE
    connection = sqlite3.connect(":memory:", timeout=10, uri=True)
    try:
        if path.exists():
            connection.execute("attach database ? as record", [f"{path.as_uri()}?mode=ro"])
            known = {row[0] for row in connection.execute("select name from record.sqlite_master")}
        else:
            known = set[str]()
        _fill(connection, data, "events" in known, with_waiting)
        yield RecordReader(connection, "events" in known, {"event", "link", "batch"} <= known)
    finally:
        connection.close()


def _fill(connection: sqlite3.Connection, data: Path, exists: bool, with_waiting: bool) -> None:
    """Temporary views under the names of the interface, over the record and over what waits."""
    for name, columns in _WAITING.items():
        connection.execute(f"create temp table {name} ({columns})")
    if with_waiting:
        ends = {row[0]: row[1] for row in connection.execute("select * from record.journal_place")} if exists else {}
        for entry in waiting(data, ends):
            _take_in(connection, entry)
        if exists:
            known = "select 1 from record.events as stored where stored.id = waiting.id"  # by its index
            connection.execute(f"delete from waiting where exists ({known})")
    for view, table in zip(("events", "tallies", "activity", "coverage"), _WAITING, strict=True):
        waits = connection.execute(f"select 1 from {table} limit 1").fetchone()
        parts = [f"select * from {table}"] if waits or not exists else []  # SQLite is quicker with one part
        parts += [f"select * from record.{view}"] if exists else []
        connection.execute(f"create temp view {view} as {' union all '.join(parts)}")
    for name, sql in VIEWS.items():
        connection.execute(f"create temp view {name} as {sql}")


def _take_in(connection: sqlite3.Connection, entry: dict[str, Any]) -> None:
    """One entry that waits in a journal."""
    if entry.get("t") == "event":
        with suppress(sqlite3.Error, ValueError):  # what cannot be stored cannot be shown either
            connection.execute(f"insert into waiting values (null, {','.join('?' * len(NAMES))})", values_of(entry))
    elif entry.get("t") == "tally":
        values = [entry.get(name) for name in ("hour", "group", "action", "category", "requests")]
        connection.execute("insert into waiting_tally values (?,?,?,?,?)", values)
    elif entry.get("t") == "activity":
        values = [entry.get(name) for name in ("day", "person", "group", "category", "kind", "requests")]
        connection.execute("insert into waiting_activity values (?,?,?,?,?,?)", values)
    elif entry.get("t") == "coverage":
        values = [entry.get(name) for name in ("hour", "group", "fate", "app", "connections")]
        connection.execute("insert into waiting_coverage values (?,?,?,?,?)", values)
