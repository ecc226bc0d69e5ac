"""A worker's own file of what just happened: one line an entry, checked by a checksum, appended in one write.

Once ``append`` has returned, the kernel holds the line: the death of any process loses nothing. The writer keeps a
lock on its segment; a segment without a lock belongs to nobody any more and may be deleted when it has been read.
"""

import fcntl
import json
import os
import secrets
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schoolgate.store.event import Event, fault_event

FOLDER = "journal"
_SEGMENT_BYTES = 4 * 1024 * 1024
_SEGMENT_SECONDS = 3600.0  # what retention deletes from the record must not go on standing here
_READ_BYTES = 1024 * 1024
Entry = dict[str, Any]


class Journal:
    """The writing end; one for each process, never shared. It begins on a full disk, too: each entry tries again."""

    def __init__(self, data: Path, writer: str) -> None:
        self._folder = data / FOLDER
        self._writer = writer
        self._number = 0
        self._size = 0
        self._until = 0.0
        self._path = self._folder
        self._unwritten, self._since, self._why = 0, "", ""
        self._handle = -1
        with suppress(OSError):
            self._handle = self._open()

    def append(self, entry: Entry) -> None:
        """Write one entry. Raises OSError when it could not be written whole (a full disk, say).

        When entries can be written again, the first one tells the technician since when they could not.
        """
        try:
            if self._unwritten:
                self._write({"t": "event", **self._told().row()})
                self._unwritten = 0
            self._write(entry)
        except OSError as error:
            self._since = self._since if self._unwritten else f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
            self._unwritten, self._why = self._unwritten + 1, error.strerror or str(error)
            raise

    def _told(self) -> Event:
        words = f"From {self._since} on {self._unwritten} entries of {self._writer} could not be written"
        words += (
            f" ({self._why}). What they were about was refused, and is not on record. Is the disk full or read-only?"
        )
        return fault_event(datetime.now(UTC), "disk", words, "")

    def _write(self, entry: Entry) -> None:
        if self._handle < 0:
            self._handle = self._open()
        elif not self._is_untouched():
            name = self._path.name
            self._begin_another()
            words = f"Somebody removed {name}, or wrote in it, while it was in use: what stood there may be lost."
            self._write({"t": "event", **fault_event(datetime.now(UTC), "chain", words, "").row()})
        elif self._size and time.monotonic() >= self._until:
            self._begin_another()
        text = json.dumps(entry, ensure_ascii=True, separators=(",", ":")).encode()
        line = b"%08x %s\n" % (zlib.crc32(text), text)
        written = os.write(self._handle, line)
        if written != len(line):
            os.ftruncate(self._handle, self._size)
            raise OSError(28, "the journal could not be written whole; is the disk full?")
        self._size += written
        if self._size >= _SEGMENT_BYTES:
            self._begin_another()

    def close(self) -> None:
        """Give the segment up for the recorder to finish."""
        if self._handle >= 0:
            os.close(self._handle)

    def _begin_another(self) -> None:
        full, self._handle = self._handle, self._open()
        os.close(full)

    def _is_untouched(self) -> bool:
        """Whether the segment still stands where it was made, as long as this process has written it."""
        try:
            found, own = self._path.stat(), os.fstat(self._handle)
        except FileNotFoundError:
            return False
        return (found.st_ino, found.st_dev, found.st_size) == (own.st_ino, own.st_dev, self._size)

    def _open(self) -> int:
        self._number += 1
        name = f"{self._writer}-{self._number}-{secrets.token_hex(8)}"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        making = self._folder / f"{name}.new"
        handle = os.open(making, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            owner = self._folder.stat().st_uid
            if os.geteuid() == 0 and owner != 0:  # a command that root gives writes for the gateway, which must read it
                os.fchown(handle, owner, -1)
            self._path = making.rename(self._folder / f"{name}.journal")  # nobody sees it before it is locked
        except OSError:
            os.close(handle)
            making.unlink(missing_ok=True)
            raise
        self._size, self._until = 0, time.monotonic() + _SEGMENT_SECONDS
        return handle


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of one segment, the place after them, and how many lines could not be read."""

    segment: str
    entries: list[Entry]
    end: int
    damaged: int


def segments(data: Path) -> list[Path]:
    """Every segment that exists, oldest first."""
    found: list[tuple[int, Path]] = []
    for path in (data / FOLDER).glob("*.journal"):
        try:
            found.append((path.stat().st_ctime_ns, path))
        except FileNotFoundError:
            continue
    return [path for _, path in sorted(found)]


def read_batch(path: Path, start: int) -> Batch:
    """The whole lines of a segment from ``start``, up to about a megabyte; a line still being written is left."""
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(_READ_BYTES)
        while data and b"\n" not in data:
            more = file.read(_READ_BYTES)
            if not more:
                break
            data += more
    whole = data[: data.rfind(b"\n") + 1]
    entries, damaged = list[Entry](), 0
    for line in whole.splitlines():
        entry = _parse(line)
        if entry is None:
            damaged += 1
        else:
            entries.append(entry)
    return Batch(path.name, entries, start + len(whole), damaged)


def _parse(line: bytes) -> Entry | None:
    checksum, _, text = line.partition(b" ")
    try:
        if int(checksum, 16) != zlib.crc32(text):
            return None
        entry = json.loads(text)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def abandoned(path: Path) -> bool:
    """Whether no living process writes this segment any more."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def waiting(data: Path, ends: dict[str, int]) -> Iterator[Entry]:
    """Entries that stand in journals beyond the places that were already carried over."""
    for path in segments(data):
        place = ends.get(path.name, 0)
        while True:
            try:
                batch = read_batch(path, place)
            except FileNotFoundError:
                break
            yield from batch.entries
            if batch.end == place:
                break
            place = batch.end
