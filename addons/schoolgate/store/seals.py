"""The file seals.log beside the record: which seal it had when, so that rows cannot be cut off its end unseen.

One line for about a minute of sealing: the batch's number, its last row, when it was sealed, and the seal. A line is
written after its batch is on disk, so the file may lag behind the record and never leads it; nothing in it is ever
taken back. The first line is that of no batch at all, written when the record was begun: a file without it was begun
anew.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from schoolgate.store.check_chain import NO_SEAL, Seal, read_seals

FILE = "seals.log"
_EVERY = 60.0  # seconds


class SealsLog:
    """The writing end, held by the recorder. ``begun`` says that there was no such file before."""

    def __init__(self, data: Path) -> None:
        path = data / FILE
        self.begun = not path.exists()
        self._handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.lines: Sequence[Seal] = read_seals(path)[0]
        size = os.fstat(self._handle).st_size
        self._torn = size > 0 and os.pread(self._handle, 1, size - 1) != b"\n"
        self._last = self.lines[-1] if self.lines else None
        self._due = 0.0

    def begin(self, at: str) -> None:
        """The first line, of a record that has no batch yet. Raises OSError."""
        if not self.lines:
            self.note(Seal(0, 0, at, NO_SEAL.hex()), 0.0, at_once=True)
            self._due = 0.0

    def note(self, head: Seal | None, now: float, at_once: bool = False) -> None:
        """Write the last seal down, at most once a minute. Raises OSError; it is tried again with the next one."""
        if head is None or head == self._last or (now < self._due and not at_once):
            return
        line = f"{head.number} {head.last} {head.sealed_at} {head.seal}\n"
        text = (b"\n" if self._torn else b"") + line.encode()
        self._torn = True
        if os.write(self._handle, text) != len(text):
            raise OSError(28, "seals.log could not be written whole; is the disk full?")
        self._torn = False
        os.fsync(self._handle)
        self._last, self._due = head, now + _EVERY

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


def complaint(log: SealsLog, head: Seal | None, seal_of: Callable[[int], str | None]) -> str:
    """What the file says against the record, in words; "" where both agree. ``seal_of`` knows the record's seals."""
    number, last = (head.number, head.last) if head else (0, 0)
    if log.begun:
        words = f"{FILE} is gone, although the record has {number} sealed batches; it is begun anew"
        return words if head else ""
    cut = [line for line in log.lines if line.number > number]
    if cut:
        end = max(cut)
        return (
            f"the record ends with batch {number} (row {last}), but {FILE} knows of batch {end.number} (row {end.last})"
        )
    for line in reversed(log.lines[-100:]):
        if line.number and seal_of(line.number) != line.seal:
            return f"batch {line.number} of the record (up to row {line.last}) is not the one that {FILE} noted"
    return ""
