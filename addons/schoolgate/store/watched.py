"""Whether the recorder is at work: it writes its figures every two seconds, so a record that stays the same tells.

Faults reach the technician through the record. Where nothing comes to the record any more, somebody else has to say so.
"""

from pathlib import Path

from schoolgate.store.schema import FILE

STILL = 600.0
"""Seconds without a change, after which nobody is at work; a large record takes minutes to be looked through."""


class RecordWatch:
    """``data`` is the gateway's folder; times are seconds of a clock that only runs on."""

    def __init__(self, data: Path) -> None:
        self._files = (data / FILE, data / f"{FILE}-wal")
        self._seen: list[tuple[int, int]] | None = None
        self._since = 0.0

    def stands_still(self, now: float) -> bool:
        """Whether the record has not changed for so long."""
        seen = [_stamp(path) for path in self._files]
        if seen != self._seen:
            self._seen, self._since = seen, now
        return now - self._since >= STILL


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
