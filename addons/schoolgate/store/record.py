"""The record's file: its tables, its migrations by name, and the views that everybody reads.

Tables may change from version to version; the views ``events``, ``blocks``, ``visits``, ``faults`` and ``tallies`` are
the interface and keep their columns.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database, Migrations

from schoolgate.store.event import NAMES
from schoolgate.store.journal import Batch, waiting

FILE = "record.db"
_COLUMNS = ", ".join(f'"{name}"' for name in NAMES)
_VIEWS = {
    "blocks": f"select {_COLUMNS} from events where action = 'block'",
    "visits": f"select {_COLUMNS} from events where kind = 'visit' and action in ('log', 'warn')",
    "faults": f"select {_COLUMNS} from events where action = 'fault'",
}

record_migrations = Migrations("record")


@record_migrations()
def m001_events(db: Database) -> None:
    """Events, the counts of what was only counted, and how far each journal was carried over."""
    db["event"].create({"seq": int} | dict.fromkeys(NAMES, str), pk="seq")  # type: ignore[union-attr]
    db["event"].create_index(["id"], unique=True)  # type: ignore[union-attr]
    db["event"].create_index(["at"])  # type: ignore[union-attr]
    db["event"].create_index(["ref"])  # type: ignore[union-attr]
    db["event"].create_index(["action", "at"])  # type: ignore[union-attr]
    db["tally"].create(  # type: ignore[union-attr]
        {"hour": str, "group": str, "action": str, "category": str, "requests": int},
        pk=("hour", "group", "action", "category"),
    )
    db["journal_place"].create({"segment": str, "end": int}, pk="segment")  # type: ignore[union-attr]
    db["recorder"].create({"name": str, "value": float}, pk="name")  # type: ignore[union-attr]


@record_migrations()
def m002_views(db: Database) -> None:
    """The reading interface."""
    db.create_view("events", f"select seq, {_COLUMNS} from event")
    for name, sql in _VIEWS.items():
        db.create_view(name, sql)
    db.create_view("tallies", 'select hour, "group", action, category, requests from tally')


class RecordWriter:
    """The one writing connection; only the recorder process makes one."""

    def __init__(self, data: Path) -> None:
        self._connection = sqlite3.connect(data / FILE, timeout=30)
        self._db = Database(self._connection)
        self._db.enable_wal()
        self._connection.execute("pragma synchronous = full")
        record_migrations.apply(self._db)

    def places(self) -> dict[str, int]:
        """How far each journal segment was carried over."""
        return {row["segment"]: row["end"] for row in self._db.query("select segment, end from journal_place")}

    def carry(self, batch: Batch) -> int:
        """Carry a batch and its place over in one transaction; entries that are here already are passed over."""
        events = [{name: entry.get(name) for name in NAMES} for entry in batch.entries if entry.get("t") == "event"]
        with self._db.atomic():
            if events:
                self._db["event"].insert_all(events, ignore=True)  # type: ignore[union-attr]
            for entry in batch.entries:
                if entry.get("t") == "tally":
                    self._add_tally(entry)
            self._db["journal_place"].upsert({"segment": batch.segment, "end": batch.end}, pk="segment")  # type: ignore[union-attr]
        return len(events)

    def _add_tally(self, entry: dict[str, Any]) -> None:
        self._connection.execute(
            "insert into tally values (:hour, :group, :action, :category, :requests) "
            "on conflict do update set requests = requests + excluded.requests",
            {name: entry[name] for name in ("hour", "group", "action", "category", "requests")},
        )

    def forget_place(self, segment: str) -> None:
        """A segment that was read to its end and deleted."""
        self._connection.execute("delete from journal_place where segment = ?", [segment])
        self._connection.commit()

    def note(self, **values: float) -> None:
        """Keep figures about the recorder itself, for the metrics."""
        with self._db.atomic():
            rows = ({"name": name, "value": value} for name, value in values.items())
            self._db["recorder"].upsert_all(rows, pk="name")  # type: ignore[union-attr]

    def forget_before(self, actions: Iterable[str], at: str) -> int:
        """Delete events and counts of these actions that are older than ``at``; returns the number of events."""
        marks = list(actions)
        with self._db.atomic():
            holders = ",".join("?" * len(marks))
            self._connection.execute(f"delete from tally where hour < ? and action in ({holders})", [at, *marks])
            sql = f"delete from event where at < ? and action in ({holders})"
            return self._connection.execute(sql, [at, *marks]).rowcount

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in."""
        self._connection.close()


@dataclass(slots=True)
class RecordReader:
    """A read-only view of the record, with what still waits in the journals when it was asked for."""

    connection: sqlite3.Connection

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
        yield RecordReader(connection)
    finally:
        connection.close()


def _fill(connection: sqlite3.Connection, data: Path, exists: bool, with_waiting: bool) -> None:
    """Temporary views under the names of the interface, over the record and over what waits."""
    stored = "union all select * from record.events" if exists else ""
    tallied = "union all select * from record.tallies" if exists else ""
    connection.execute(f"create temp table waiting (seq integer, {_COLUMNS})")
    connection.execute('create temp table waiting_tally (hour, "group", action, category, requests)')
    if with_waiting:
        ends = {row[0]: row[1] for row in connection.execute("select * from record.journal_place")} if exists else {}
        for entry in waiting(data, ends):
            if entry.get("t") == "event":
                row = [None, *(entry.get(name) for name in NAMES)]
                connection.execute(f"insert into waiting values ({','.join('?' * len(row))})", row)
            elif entry.get("t") == "tally":
                values = [entry.get(name) for name in ("hour", "group", "action", "category", "requests")]
                connection.execute("insert into waiting_tally values (?,?,?,?,?)", values)
        if exists:
            connection.execute("delete from waiting where id in (select id from record.events)")
    connection.execute(f"create temp view events as select * from waiting {stored}")
    connection.execute(f"create temp view tallies as select * from waiting_tally {tallied}")
    for name, sql in _VIEWS.items():
        connection.execute(f"create temp view {name} as {sql}")
