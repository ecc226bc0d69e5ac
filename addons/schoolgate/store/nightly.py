"""Has the stores copied once a day, beside the recorder's work, and keeps what the newest copies do not hold yet."""

import logging
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

from schoolgate.store.copies import (
    NotCopied,
    copy_of_night,
    keep_journal,
    let_go_of_journals,
    newest,
    nights,
)
from schoolgate.store.mending import ask_to_look
from schoolgate.store.schema import FILE as RECORD

log = logging.getLogger("schoolgate")

OFFICE = "office.db"
_EVERY = timedelta(hours=23)
_LOOK_EVERY = 600.0  # seconds
_FIRST_AFTER = 300.0  # seconds: what runs comes first, and a new record has all its journals
_STOP_WITHIN = 3.0  # seconds
_KEEP_FOR = timedelta(hours=47)  # that journals are kept, longer than two copies take; then what is deleted is gone


@dataclass(slots=True)
class Nightly:
    """One for a recorder."""

    data: Path
    _number: int = field(init=False)  # of the newest copy, begun or made
    _next_look: float | None = None
    _copying: Thread | None = None
    _said: list[str] = field(default_factory=list[str])
    _told: str = ""

    def __post_init__(self) -> None:
        self._number = newest(self.data, RECORD)

    def round(self, now: float, wall: datetime) -> str:
        """What the technician should read, "" where there is nothing; ``now`` is in seconds that only run on."""
        words = ""
        if self._copying is not None and not self._copying.is_alive():
            self._copying = None
            words = self._end(wall)
        if self._next_look is None:
            self._next_look = now + _FIRST_AFTER
        if now < self._next_look or self._copying is not None:
            return words
        self._next_look = now + _LOOK_EVERY
        if self._is_due(wall):
            self._number = newest(self.data, RECORD) + 1  # journals that end from now on belong to the new copy
            self._copying = Thread(target=self._copy, args=(self._number, wall.timestamp()), daemon=True)
            self._copying.start()
        return words

    def stop(self) -> None:
        """Wait a little for a copy that is being made: an unfinished one is of no use."""
        if self._copying is not None:
            self._copying.join(_STOP_WITHIN)

    def keep(self, segment: Path) -> bool:
        """A journal that was carried over; False where it could not be kept, and was deleted."""
        try:
            keep_journal(self.data, segment, self._number)
        except OSError as error:
            log.error("A journal that was carried over cannot be kept: %s", error)
            segment.unlink(missing_ok=True)
            return False
        return True

    def let_go(self, wall: datetime) -> list[str]:
        """Delete journals that no copy needs, or so old that nothing may stand in them still; returns their names."""
        oldest = min((number for number, _ in nights(self.data, RECORD)), default=0)
        return let_go_of_journals(self.data, oldest, (wall - _KEEP_FOR).timestamp())

    def _is_due(self, wall: datetime) -> bool:
        found = nights(self.data, RECORD)
        return not found or not timedelta(0) <= wall - _made(found[0][1]) < _EVERY

    def _copy(self, number: int, at: float) -> None:
        """In a thread of its own: SQLite copies without holding anybody up."""
        for name in (OFFICE, RECORD):
            try:
                if (self.data / name).exists():
                    copy_of_night(self.data, name, number, at)
            except (NotCopied, OSError, sqlite3.Error) as error:
                self._said.append(f"No copy of {name} could be made: {error}.")

    def _end(self, wall: datetime) -> str:
        said, self._said = " ".join(self._said), []
        if not said:
            return ""
        self._number = newest(self.data, RECORD)
        if "damaged" in said:
            ask_to_look(self.data)
        before, self._told = self._told, f"{said} {wall:%F}"
        if before == self._told:
            return ""
        return f"{said} Until one can, a damaged store is mended from older ones; see docs/backup.md."


def _made(copy: Path) -> datetime:
    return datetime.fromtimestamp(copy.stat().st_mtime, UTC)
