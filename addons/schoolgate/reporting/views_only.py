"""What a report's own query may do: read the views of the record, and nothing else, whatever its file says."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from schoolgate.store.record import RecordReader

_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_BEHIND = re.compile(  # the files and tables behind the views, which hold what a view leaves out
    r"(?<![\w-])(record|main|temp|event|waiting\w*|tally|activity_count|coverage_count"
    r"|sqlite_\w+|pragma_\w+|dbstat)(?![\w-])",
    re.I,
)
_WORDS = "a query of a report only reads, and only the views of the record"


@contextmanager
def views_only(reader: RecordReader, sql: str) -> Iterator[None]:
    """In here the connection answers this query. Raises ValueError in words where it asks for more than the views."""
    if found := _BEHIND.search(sql):
        raise ValueError(f"{_WORDS}, not {found[0]!r}")
    reader.connection.execute("select 1 from json_each('[]')")  # its first use makes it known, which is refused below
    reader.connection.set_authorizer(_judge)
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise ValueError(_WORDS) if "not authorized" in str(error) else error from None
    finally:
        reader.connection.set_authorizer(None)


def _judge(action: int, *_: str | None) -> int:
    """SQLite asks this of each part of a query."""
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY
