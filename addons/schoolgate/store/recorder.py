"""The recorder: the one process that writes the record. It carries journals over and deletes what has had its time."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schoolgate.store.journal import abandoned, read_batch, segments
from schoolgate.store.record import RecordWriter

_RETENTION_EVERY = 3600.0  # seconds
_NOTE_EVERY = 2.0  # seconds


class Recorder:
    """Works in rounds; every round carries over all that is waiting."""

    def __init__(self, data: Path, keep: Mapping[str, timedelta]) -> None:
        """``keep`` says how long events of each action stay."""
        self._data = data
        self._record = RecordWriter(data)
        self._places = self._record.places()
        self.keep = keep
        self._seconds = 0.0
        self._batches = self._damaged = 0
        self._next_retention = 0.0
        self._next_note = 0.0

    def round(self, now: Callable[[], float] = time.monotonic) -> int:
        """Carry over what is waiting; returns the number of events."""
        carried = sum(self._carry_segment(path) for path in segments(self._data))
        if now() >= self._next_retention:
            self._next_retention = now() + _RETENTION_EVERY
            self._forget(datetime.now(UTC))
        if now() >= self._next_note:
            self._next_note = now() + _NOTE_EVERY
            self._record.note(
                write_seconds_sum=self._seconds, write_seconds_count=self._batches, damaged_lines=self._damaged
            )
        return carried

    def close(self) -> None:
        """The last round before the end."""
        self.round()
        self._record.close()

    def _carry_segment(self, path: Path) -> int:
        events = 0
        try:
            done = abandoned(path)
            while True:
                place = self._places.get(path.name, 0)
                batch = read_batch(path, place)
                if batch.end == place:
                    break
                started = time.perf_counter()
                carried, refused = self._record.carry(batch)
                events += carried
                self._seconds += time.perf_counter() - started
                self._batches += 1
                self._damaged += batch.damaged + refused
                self._places[path.name] = batch.end
        except FileNotFoundError:
            return events
        if done:
            path.unlink(missing_ok=True)
            if self._places.pop(path.name, None) is not None:
                self._record.forget_place(path.name)
        return events

    def _forget(self, now: datetime) -> None:
        for action, span in self.keep.items():
            before = (now - span).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self._record.forget_before([action], before)
