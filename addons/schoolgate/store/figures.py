"""Figures about the store itself, for the metrics: what waits, what was written, what was sent."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schoolgate.store import office, record
from schoolgate.store.journal import segments, waiting


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts since the files were made; times in seconds."""

    queue_bytes: int = 0
    queue_entries: int = 0
    write_seconds: float = 0.0
    writes: int = 0
    damaged: int = 0
    mails_sent: int = 0
    mails_waiting: int = 0


def store_figures(data: Path) -> Figures:
    """Read both files as they are now; a file that is not there yet counts as empty."""
    ends: dict[str, int] = {
        row[0]: row[1] for row in _rows(data / record.FILE, "select segment, end from journal_place")
    }
    notes = {row[0]: row[1] for row in _rows(data / record.FILE, "select name, value from recorder")}
    sent, waits = next(iter(_rows(data / office.FILE, "select sent, waiting from mail_figures")), (0, 0))
    queued = 0
    for path in segments(data):
        try:
            queued += max(0, path.stat().st_size - ends.get(path.name, 0))
        except FileNotFoundError:
            continue
    return Figures(
        queue_bytes=queued,
        queue_entries=len(list(waiting(data, ends))) if queued else 0,
        write_seconds=notes.get("write_seconds_sum", 0.0),
        writes=int(notes.get("write_seconds_count", 0)),
        damaged=int(notes.get("damaged_lines", 0)),
        mails_sent=sent,
        mails_waiting=waits,
    )


def _rows(path: Path, sql: str) -> list[tuple[Any, Any]]:
    if not path.exists():
        return []
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=1)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()
    except sqlite3.Error:
        return []
