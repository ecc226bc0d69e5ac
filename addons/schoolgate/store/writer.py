"""Writes the record: each batch of the journals goes in, and is sealed, in one transaction."""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from schoolgate.store.chain import Unsealable, add_rows, head_of, seal_afterwards, seal_batch, values_of
from schoolgate.store.check_chain import Seal, stamp
from schoolgate.store.clock import Clock
from schoolgate.store.copies import keep_before
from schoolgate.store.database import Database
from schoolgate.store.event import DEED, NAMES, Deed, Event
from schoolgate.store.journal import Batch, Entry
from schoolgate.store.schema import FILE, UNSEALED, record_migrations
from schoolgate.store.writer_lock import WriterLock

log = logging.getLogger("schoolgate")

_AT, _ID = NAMES.index("at"), NAMES.index("id")
_ADD_TALLY = (
    "insert into tally values (:hour, :group, :action, :category, :requests) "
    "on conflict do update set requests = requests + excluded.requests"
)
_ADD_ACTIVITY = (
    "insert into activity_count values (:day, :person, :group, :category, :kind, :requests) "
    "on conflict do update set requests = requests + excluded.requests"
)
_ADD_COVERAGE = (
    "insert into coverage_count values (:hour, :group, :fate, :app, :connections) "
    "on conflict do update set connections = connections + excluded.connections"
)
_ADD_COUNTS = {"tally": _ADD_TALLY, "activity": _ADD_ACTIVITY, "coverage": _ADD_COVERAGE}


class RecordWriter:
    """The one writing connection; only the recorder process makes one.

    ``versions`` stand in every seal; ``beyond`` is the last seal that somebody outside knows: what follows gets higher
    numbers than it, so that a record that was cut off shows the gap for good.
    """

    def __init__(self, data: Path, versions: str = "", clock: Clock | None = None) -> None:
        self._lock = WriterLock(data / f"{FILE}.lock")
        self.data, self._path = data, data / FILE
        self.connection = sqlite3.connect(self._path, timeout=30)
        self.db = Database(self.connection)
        self.versions = versions
        self.beyond: Seal | None = None
        self.least = 0  # what the office has read of the record before: what follows must be news to it
        self._clock = clock or Clock()
        try:
            self._unsealed = self._begin()
        except BaseException:
            self.close()
            raise
        self._inode = self._path.stat().st_ino

    def _begin(self) -> float:
        """Bring the tables up to date; how many rows stood here before there was a chain."""
        self.db.enable_wal()
        self.connection.execute("pragma synchronous = full")
        self.connection.execute("pragma secure_delete = on")  # what retention deletes is overwritten
        keep_before(self._path, self.db, record_migrations)
        record_migrations.apply(self.db)
        return self._noted(UNSEALED)

    def is_in_place(self) -> bool:
        """Whether the file that is open is still the one that readers find."""
        try:
            return self._path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def places(self) -> dict[str, int]:
        """How far each journal segment was carried over."""
        return {row["segment"]: row["end"] for row in self.db.query("select segment, end from journal_place")}

    def head(self) -> Seal | None:
        """The last seal."""
        return head_of(self.connection)

    def seal_of(self, number: int) -> str | None:
        """The seal of a batch, in hex."""
        row = self.connection.execute("select seal from batch where number = ?", [number]).fetchone()
        return row[0].hex() if row else None

    def carry(self, batch: Batch) -> tuple[int, int]:
        """Carry a batch and its place over in one transaction; entries that are here already are passed over.

        Returns the numbers of events and of entries that cannot be stored: those cost themselves only.
        """
        events = [entry for entry in batch.entries if entry.get("t") == "event"]
        with self.db.atomic():
            refused = self._add_events(events)
            for entry in batch.entries:
                if (kind := entry.get("t")) in _ADD_COUNTS:
                    refused += not self._try(_ADD_COUNTS[kind], entry)
            place = "insert into journal_place values (?, ?) on conflict do update set end = excluded.end"
            self.connection.execute(place, [batch.segment, batch.end])
        return len(events), refused

    def add(self, event: Event) -> None:
        """Put an event of the recorder's own on record, sealed at once."""
        with self.db.atomic():
            self.add_within(event)

    def add_within(self, event: Event) -> None:
        """The same, within a transaction that is open."""
        self._seal([values_of(event.row())])

    @contextmanager
    def atomic(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with self.db.atomic():
            yield self.connection

    def seal_old(self) -> bool:
        """Seal some rows that stood on record before there was a chain; whether there may be more."""
        if not self._unsealed:
            return False
        with self.db.atomic():
            if not seal_afterwards(self.connection, int(self._unsealed), (self._now(), self.versions)):
                self.connection.execute("delete from recorder where name = ?", [UNSEALED])
                self._unsealed = 0.0
        return bool(self._unsealed)

    def forget_place(self, segment: str) -> None:
        """A segment that was read to its end and deleted."""
        self.connection.execute("delete from journal_place where segment = ?", [segment])
        self.connection.commit()

    def note(self, **values: float) -> None:
        """Keep figures about the recorder itself, for the metrics."""
        with self.db.atomic():
            rows = ({"name": name, "value": value} for name, value in values.items())
            self.db["recorder"].upsert_all(rows, pk="name")  # type: ignore[union-attr]

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in."""
        self.connection.close()
        self._lock.release()

    def _add_events(self, events: Sequence[Entry]) -> int:
        rows, refused = list[list[str | None]](), 0
        for entry in events:
            try:
                if entry.get("action") == DEED and entry.get("rule") == Deed.RETENTION:
                    raise Unsealable("a deed of retention, which the recorder alone leaves behind")
                rows.append(values_of(entry))
            except Unsealable:
                log.exception("An entry of the journal cannot be stored")
                refused += 1
        if not rows:
            return refused
        return refused + self._seal(self._new(rows))

    def _new(self, rows: list[list[str | None]]) -> list[list[str | None]]:
        """The rows that are not here yet, each once."""
        ids = orjson.dumps([row[_ID] for row in rows if (row[_ID] or "").isascii()]).decode()
        known = {
            row[0]
            for row in self.connection.execute(
                "select id from event where id in (select value from json_each(?))", [ids]
            )
        }
        fresh = dict[str | None, list[str | None]]()
        for row in rows:
            if row[_ID] not in known:
                fresh.setdefault(row[_ID], row)
        return list(fresh.values())

    def _seal(self, rows: Sequence[list[str | None]]) -> int:
        """Insert rows and seal them; returns how many cannot be stored."""
        head = head_of(self.connection)
        counter = self.connection.execute("select seq from sqlite_sequence where name = 'event'").fetchone()
        ends = [end for end in (head, self.beyond) if end is not None]
        first = max([self.least, counter[0] if counter else 0, *(end.last for end in ends)]) + 1
        digests, refused = add_rows(self.connection, first, rows)
        if digests:
            number = max([0, *(end.number for end in ends)]) + 1
            times = [row[_AT] or "" for row in rows]
            links = [(first + place, digest) for place, digest in enumerate(digests)]
            seal_batch(self.connection, number, links, times, (self._now(), self.versions))
        return refused

    def _now(self) -> str:
        return stamp(self._clock.wall())

    def _noted(self, name: str) -> float:
        row = self.connection.execute("select value from recorder where name = ?", [name]).fetchone()
        return float(row[0]) if row else 0.0

    def _try(self, sql: str, values: Any) -> bool:
        """One entry by itself; a full disk is no fault of the entry."""
        try:
            self.connection.execute(sql, values)
        except sqlite3.OperationalError:
            raise
        except (sqlite3.Error, ValueError):
            log.exception("An entry of the journal cannot be stored")
            return False
        return True
