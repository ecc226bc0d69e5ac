"""The record's file: its tables, its migrations by name, and the views that everybody reads.

Tables may change from version to version; the views ``events``, ``blocks``, ``visits``, ``faults``, ``deeds``,
``tallies`` and ``activity`` are the interface and keep their columns.
"""

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database, Migrations

from schoolgate.policy.rules import Action
from schoolgate.store.event import NAMES
from schoolgate.store.journal import Batch, waiting
from schoolgate.store.writer_lock import WriterLock

log = logging.getLogger("schoolgate")

FILE = "record.db"
_COLUMNS = ", ".join(f'"{name}"' for name in NAMES)
_VIEWS = {
    "blocks": f"select {_COLUMNS} from events where action = 'block'",
    "visits": f"select {_COLUMNS} from events where kind = 'visit' and action = 'log'",
    "faults": f"select {_COLUMNS} from events where action = 'fault'",
    "deeds": f"select {_COLUMNS} from events where action = 'deed'",
}

record_migrations = Migrations("record")


@record_migrations()
def m001_events(db: Database) -> None:
    """Events, the counts of what was only counted, and how far each journal was carried over."""
    columns = ", ".join(f'"{name}" text' for name in NAMES)
    db.execute(f"create table event (seq integer primary key autoincrement, {columns})")  # no seq is used twice
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


@record_migrations()
def m003_fair_record(db: Database) -> None:
    """How sure a kind is and why, what is left out, notices, and deeds."""
    known = {column.name for column in db["event"].columns}
    for name in NAMES:
        if name not in known:
            db.execute(f"alter table event add column \"{name}\" text not null default ''")
    for name in ("events", *_VIEWS):
        db.execute(f"drop view if exists {name}")
    db.create_view("events", f"select seq, {_COLUMNS} from event")
    for name, sql in _VIEWS.items():
        db.create_view(name, sql)
    db["event"].create_index(["person", "at"], if_not_exists=True)  # type: ignore[union-attr]
    db["activity_count"].create(  # type: ignore[union-attr]
        {"day": str, "person": str, "group": str, "category": str, "kind": str, "requests": int},
        pk=("day", "person", "group", "category", "kind"),
    )
    db.create_view("activity", 'select day, person, "group", category, kind, requests from activity_count')


_INSERT = f"insert or ignore into event ({_COLUMNS}) values ({','.join('?' * len(NAMES))})"
_ADD_TALLY = (
    "insert into tally values (:hour, :group, :action, :category, :requests) "
    "on conflict do update set requests = requests + excluded.requests"
)
_ADD_ACTIVITY = (
    "insert into activity_count values (:day, :person, :group, :category, :kind, :requests) "
    "on conflict do update set requests = requests + excluded.requests"
)


def _row(entry: dict[str, Any]) -> list[Any]:
    return [entry.get(name) for name in NAMES]


class RecordWriter:
    """The one writing connection; only the recorder process makes one."""

    def __init__(self, data: Path) -> None:
        self._lock = WriterLock(data / f"{FILE}.lock")
        self._connection = sqlite3.connect(data / FILE, timeout=30)
        self._db = Database(self._connection)
        self._db.enable_wal()
        self._connection.execute("pragma synchronous = full")
        record_migrations.apply(self._db)

    def places(self) -> dict[str, int]:
        """How far each journal segment was carried over."""
        return {row["segment"]: row["end"] for row in self._db.query("select segment, end from journal_place")}

    def carry(self, batch: Batch) -> tuple[int, int]:
        """Carry a batch and its place over in one transaction; entries that are here already are passed over.

        Returns the numbers of events and of entries that cannot be stored: those cost themselves only.
        """
        events = [_row(entry) for entry in batch.entries if entry.get("t") == "event"]
        tallies = [entry for entry in batch.entries if entry.get("t") == "tally"]
        activities = [entry for entry in batch.entries if entry.get("t") == "activity"]
        refused = 0
        with self._db.atomic():
            try:
                with self._db.atomic():
                    self._connection.executemany(_INSERT, events)
            except (sqlite3.Error, ValueError):
                refused += sum(not self._try(_INSERT, event) for event in events)
            refused += sum(not self._try(_ADD_TALLY, tally) for tally in tallies)
            refused += sum(not self._try(_ADD_ACTIVITY, activity) for activity in activities)
            self._db["journal_place"].upsert({"segment": batch.segment, "end": batch.end}, pk="segment")  # type: ignore[union-attr]
        return len(events), refused

    def _try(self, sql: str, values: Any) -> bool:
        """One entry by itself; a full disk is no fault of the entry."""
        try:
            self._connection.execute(sql, values)
        except sqlite3.OperationalError:
            raise
        except (sqlite3.Error, ValueError):
            log.exception("An entry of the journal cannot be stored")
            return False
        return True

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
            if Action.LOG in marks:
                self._connection.execute("delete from activity_count where day < ?", [at[:10]])
            sql = f"delete from event where at < ? and action in ({holders})"
            return self._connection.execute(sql, [at, *marks]).rowcount

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in."""
        self._connection.close()
        self._lock.release()


@dataclass(slots=True)
class RecordReader:
    """A read-only view of the record, with what still waits in the journals when it was asked for."""

    connection: sqlite3.Connection
    exists: bool

    def last_seq(self) -> int:
        """The highest ``seq`` that was ever given in this record, also when its event has been deleted since."""
        if not self.exists:
            return 0
        row = self.connection.execute("select seq from record.sqlite_sequence where name = 'event'").fetchone()
        return int(row[0]) if row else 0

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
        yield RecordReader(connection, "events" in known)
    finally:
        connection.close()


def _fill(connection: sqlite3.Connection, data: Path, exists: bool, with_waiting: bool) -> None:
    """Temporary views under the names of the interface, over the record and over what waits."""
    stored = "union all select * from record.events" if exists else ""
    tallied = "union all select * from record.tallies" if exists else ""
    active = "union all select * from record.activity" if exists else ""
    connection.execute(f"create temp table waiting (seq integer, {_COLUMNS})")
    connection.execute('create temp table waiting_tally (hour, "group", action, category, requests)')
    connection.execute('create temp table waiting_activity (day, person, "group", category, kind, requests)')
    if with_waiting:
        ends = {row[0]: row[1] for row in connection.execute("select * from record.journal_place")} if exists else {}
        for entry in waiting(data, ends):
            if entry.get("t") == "event":
                with suppress(sqlite3.Error, ValueError):  # what cannot be stored cannot be shown either
                    connection.execute(f"insert into waiting values (null, {','.join('?' * len(NAMES))})", _row(entry))
            elif entry.get("t") == "tally":
                values = [entry.get(name) for name in ("hour", "group", "action", "category", "requests")]
                connection.execute("insert into waiting_tally values (?,?,?,?,?)", values)
            elif entry.get("t") == "activity":
                values = [entry.get(name) for name in ("day", "person", "group", "category", "kind", "requests")]
                connection.execute("insert into waiting_activity values (?,?,?,?,?,?)", values)
        if exists:
            connection.execute("delete from waiting where id in (select id from record.events)")
    connection.execute(f"create temp view events as select * from waiting {stored}")
    connection.execute(f"create temp view tallies as select * from waiting_tally {tallied}")
    connection.execute(f"create temp view activity as select * from waiting_activity {active}")
    for name, sql in _VIEWS.items():
        connection.execute(f"create temp view {name} as {sql}")
