"""Keeps everybody out of a report: whoever and whatever could name a person is empty while the report is filled."""

from collections.abc import Iterator
from contextlib import contextmanager

from schoolgate.store.event import NAMES
from schoolgate.store.record import RecordReader

NAMING = frozenset({"client", "device", "person", "path", "search", "actor"})
"""Columns of events that say who, or could: an address of a page may hold a name, and so may words searched for."""
_WORDS = ("why", "entry")  # of deeds, where people write what they like


@contextmanager
def without_people(reader: RecordReader) -> Iterator[None]:
    """In here, these columns of the views ``events`` and ``activity``, and of all views over them, are empty."""
    known = dict(reader.connection.execute("select name, sql from temp.sqlite_master where type = 'view'").fetchall())
    columns = ", ".join(["seq", *map(_shown, NAMES)])
    rows = known["events"].partition(" as ")[2]
    counts = known["activity"].partition(" as ")[2]
    active = "day, '' as person, \"group\", category, kind, requests"
    _replace(reader, "events", f"select {columns} from ({rows})")  # noqa: S608 our own views and columns
    _replace(reader, "activity", f"select {active} from ({counts})")  # noqa: S608
    try:
        yield
    finally:
        _replace(reader, "events", rows)
        _replace(reader, "activity", counts)


def _shown(name: str) -> str:
    if name in NAMING:
        return f"'' as \"{name}\""
    if name in _WORDS:
        return f"case when action = 'deed' then '' else \"{name}\" end as \"{name}\""
    return f'"{name}"'


def _replace(reader: RecordReader, name: str, rows: str) -> None:
    reader.connection.execute(f"drop view temp.{name}")
    reader.connection.execute(f"create temp view {name} as {rows}")
