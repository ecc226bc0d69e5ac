"""The newest events that somebody looks for, found in a moment however large the record is.

The record is looked through from its end in stretches of days. When that has taken long enough, what was found so far
is handed over with the place where to go on, so that a rare word costs a click and never a wait.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from schoolgate.store.event import PROBE, stamp
from schoolgate.store.record import RecordReader

Row = dict[str, Any]
LAST = "9"
"""A moment after all others, as the record writes them."""
_PATIENCE = 0.06  # seconds, after which no further stretch is begun
_FIRST, _LONGEST = timedelta(days=1), timedelta(days=8)
_SAME = {"group": '+"group"', "action": "+action", "category": "category", "ref": "ref", "person": "person"}
"""The columns that are compared as they are; a plus keeps SQLite from an index that is worse than the one by time."""
_FROM = "where +action <> 'deed' and at >= :low and at < :high and (at < :at or (at = :at and id < :id))"
_ENDS = "select (select min(at) from record.event), (select max(at) from record.event)"  # each by itself is quick
_ORDER = "order by at desc, id desc limit :most"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; what is "" does not matter. ``host`` is a part of a name, ``search`` is "worry" or "".

    ``since`` and ``until`` are moments of the record, the second one no longer included.
    """

    since: str = ""
    until: str = LAST
    group: str = ""
    action: str = ""
    category: str = ""
    host: str = ""
    ref: str = ""
    person: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: with what is older than this event, or than this moment where ``id`` is ""."""

    at: str = LAST
    id: str = ""

    def __str__(self) -> str:
        return f"{self.at}_{self.id}"


@dataclass(frozen=True, slots=True)
class Found:
    """The newest ``rows``; ``older`` is where to go on, None at the end. ``ended_early``: there may be more."""

    rows: list[Row]
    older: Place | None = None
    ended_early: bool = False


def place_of(text: str) -> Place:
    """A place as an address carries it; what is none means the newest."""
    at, _, event = text.partition("_")
    try:
        datetime.fromisoformat(at)
    except ValueError:
        return Place()
    return Place(at, event)


def newest(reader: RecordReader, wanted: Wanted, before: Place, most: int) -> Found:
    """The newest events before a place, at most so many, of the record and of what waits to be carried over."""
    begun, rows = time.monotonic(), list[Row]()
    waits = _rows(reader, "waiting", wanted, before, (wanted.since, wanted.until), most + 1)
    for low, high in _stretches(reader, wanted, before):
        rows += _rows(reader, "record.events", wanted, before, (low, high), most + 1 - len(rows))
        if len(rows) > most:
            break
        if low > wanted.since and time.monotonic() - begun > _PATIENCE:
            rows += [row for row in waits if row["at"] >= low]
            return Found(_ordered(rows)[:most], Place(low), ended_early=True)
    rows = _ordered([*rows, *waits])
    return Found(rows[:most], Place(rows[most - 1]["at"], rows[most - 1]["id"]) if len(rows) > most else None)


def _ordered(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["at"], row["id"]), reverse=True)


def _stretches(reader: RecordReader, wanted: Wanted, before: Place) -> Iterator[tuple[str, str]]:
    """The time that is asked for, in stretches from its end; whole where an index leads to the rows."""
    if not reader.exists:
        return
    if wanted.ref or wanted.person or wanted.search:
        yield wanted.since, wanted.until
        return
    first, last = reader.connection.execute(_ENDS).fetchone()
    high = min(wanted.until, before.at + "~", (last or "") + "~")  # a letter after all that a moment is written in
    low, step = high, _FIRST
    while first and low > max(first, wanted.since):
        low = _earlier(low, step)
        yield max(low, wanted.since) if low > first else wanted.since, high
        high, step = low, min(_LONGEST, step * 2)


def _earlier(at: str, step: timedelta) -> str:
    try:
        return stamp(datetime.fromisoformat(at.rstrip("~")) - step)
    except (ValueError, OverflowError):
        return ""


def _rows(
    reader: RecordReader, table: str, wanted: Wanted, before: Place, within: tuple[str, str], most: int
) -> list[Row]:
    given: dict[str, Any] = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
    given |= {"low": within[0], "high": within[1], "at": before.at, "id": before.id, "most": most}
    sql = [f"select * from {table} {_FROM}"]
    if not (wanted.action or wanted.ref):
        sql.append(f"+action <> '{PROBE}'")  # what the gateway asks itself is shown to those who ask for it
    sql += [f"{column} = :{name}" for name, column in _SAME.items() if given[name]]
    if wanted.host:
        given["host"] = "%" + "".join(f"\\{letter}" if letter in "\\%_" else letter for letter in wanted.host) + "%"
        sql.append("host like :host escape '\\'")
    if wanted.search:
        sql.append("search is not null and search <> '' and alert = 'immediate'")
    return list(reader.query(f"{' and '.join(sql)} {_ORDER}", given))
