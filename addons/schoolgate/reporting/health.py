"""How the gateway itself is: the age of its lists, mails that wait, the size of its files; as things are now."""

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schoolgate.settings.load import Settings
from schoolgate.store import office, record
from schoolgate.store.mails import waiting_mails

STALE = timedelta(days=2)
"""A list that its publisher has not confirmed for so long is old."""


@dataclass(frozen=True, slots=True)
class ListState:
    """A downloaded list: days since its publisher last confirmed it (-1: never fetched), and what is wrong with it."""

    name: str
    entries: int
    days: int
    is_fresh: bool
    trouble: str


@dataclass(frozen=True, slots=True)
class Health:
    """``waits_for`` are the hours that the oldest mail waits, sizes are bytes, ``free`` is left on the disk."""

    lists: tuple[ListState, ...]
    mails: int
    waits_for: int
    mail_trouble: str
    record_bytes: int
    office_bytes: int
    free: int
    at: str

    @property
    def fresh(self) -> int:
        """How many lists are fresh."""
        return sum(each.is_fresh for each in self.lists)


def health(settings: Settings, now: datetime) -> Health:
    """Look at the files of the gateway. What cannot be read counts as empty."""
    try:
        mails = waiting_mails(settings.data)
    except sqlite3.Error:
        mails = []  # the office itself says what is wrong with its file
    oldest = min((mail["created"] for mail in mails), default=now.timestamp())
    data = settings.data
    return Health(
        lists=tuple(_lists(settings, now)),
        mails=len(mails),
        waits_for=max(0, int((now.timestamp() - oldest) // 3600)),
        mail_trouble=next((mail["error"] for mail in mails if mail["error"]), ""),
        record_bytes=_size(data / record.FILE),
        office_bytes=_size(data / office.FILE),
        free=shutil.disk_usage(data).free if data.is_dir() else 0,
        at=now.astimezone(UTC).isoformat(timespec="minutes"),
    )


def _lists(settings: Settings, now: datetime) -> Iterator[ListState]:
    for remote in settings.remotes:
        copy, failure = settings.copies.get(remote.name), settings.copies.failure(remote.name)
        troubles = [f"the last try failed: {failure.words}"] if failure else []
        if copy is None:
            yield ListState(remote.name, 0, -1, False, "; ".join(["not fetched yet", *troubles]))
            continue
        if copy.held is not None:
            troubles.insert(0, f"a newer copy is held back: {copy.held.reason}")
        age = max(timedelta(), now - copy.checked)
        yield ListState(remote.name, copy.entries or 0, age.days, age < STALE, "; ".join(troubles))


def _size(path: Path) -> int:
    """Bytes of a file of the store, with what still waits beside it (SQLite's write-ahead log)."""
    return sum(each.stat().st_size for each in (path, Path(f"{path}-wal")) if each.is_file())
