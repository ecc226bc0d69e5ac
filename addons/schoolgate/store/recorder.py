"""The recorder: the one process that writes the record. It carries journals over and deletes what has had its time."""

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from schoolgate.store import retention
from schoolgate.store.check_chain import moment, stamp
from schoolgate.store.clock import Clock, ClockWatch, turned_words
from schoolgate.store.copies import is_damage
from schoolgate.store.event import fault_event
from schoolgate.store.journal import abandoned, read_batch, segments
from schoolgate.store.mending import is_to_look, looked, mend_record, read_by_office
from schoolgate.store.nightly import Nightly
from schoolgate.store.schema import FILE
from schoolgate.store.seals import SealsLog, complaint
from schoolgate.store.writer import RecordWriter

log = logging.getLogger("schoolgate")

_RETENTION_EVERY = 3600.0  # seconds
_RETENTION_PAUSE = 24 * 3600.0  # seconds; after the clock has jumped forward, nothing is deleted for so long
_JUMP = timedelta(hours=1)
_NOTE_EVERY = 2.0  # seconds
_ADVICE = "Somebody may have changed the record. Run 'schoolgate verify' and keep a copy of what is there."


class Recorder:
    """Works in rounds; every round carries over all that is waiting."""

    def __init__(
        self,
        data: Path,
        keep: Mapping[str, timedelta],
        versions: str = "",
        snapshot: str = "",
        clock: Clock | None = None,
    ) -> None:
        """``keep`` says how long events of each action stay; ``versions`` stand in each seal, ``snapshot`` in deeds."""
        self._data = data
        self._clock = clock or Clock()
        self._seen = retention.Seen()
        self._record = _open(data, versions, self._clock)
        self._seals = SealsLog(data)  # only now is no other recorder at work
        self._places = self._record.places()
        self._nightly = Nightly(data)
        self.keep, self.snapshot = keep, snapshot
        self._seconds = 0.0
        self._batches = self._damaged = 0
        self._next_retention = 0.0
        self._next_note = 0.0
        self._begin()

    def take_up(self, keep: Mapping[str, timedelta], versions: str, snapshot: str) -> None:
        """From now on these hold."""
        self.keep, self._record.versions, self.snapshot = keep, versions, snapshot

    def round(self, now: Callable[[], float] = time.monotonic) -> int:
        """Carry over what is waiting; returns the number of events.

        Ends the process where another file stands in the record's place: what went on into the old one would be lost.
        So it does where the record is damaged, once a good copy has taken its place.
        """
        try:
            return self._round(now)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._mend(str(error))
            return 0

    def _round(self, now: Callable[[], float]) -> int:
        if not self._record.is_in_place():
            raise SystemExit(f"{FILE} was replaced or removed; the recorder begins again with what stands there now")
        if is_to_look(self._data) and not looked(self._data):
            self._mend("pages of it cannot be read")
        while self._record.seal_old():
            pass
        self._look_at_clock(now)
        carried = sum(self._carry_segment(path) for path in segments(self._data))
        if now() >= self._next_retention:
            self._next_retention = now() + _RETENTION_EVERY
            self._forget()
        if now() >= self._next_note:
            self._next_note = now() + _NOTE_EVERY
            self._record.note(
                write_seconds_sum=self._seconds, write_seconds_count=self._batches, damaged_lines=self._damaged
            )
        self._note_seal(now())
        if words := self._nightly.round(now(), self._clock.wall()):
            self._report("copies", words)
        return carried

    def close(self) -> None:
        """The last round before the end."""
        self.round()
        self._note_seal(0.0, at_once=True)
        self._nightly.stop()
        self._record.close()
        self._seals.close()

    def _forget(self) -> None:
        known = set(self._seen.unlike)
        retention.forget(self._record, self.keep, self._clock.wall(), self.snapshot, self._seen)
        for segment in self._nightly.let_go(self._clock.wall()):
            self._forget_place(segment)
        unlike = sorted(self._seen.unlike - known)
        if unlike:
            rows = ", ".join(map(str, unlike[:10])) + (f" and {len(unlike) - 10} more" if unlike[10:] else "")
            self._report("chain", f"Rows that are not what was sealed are not deleted by retention: {rows}. {_ADVICE}")

    def _begin(self) -> None:
        """Compare the record with what seals.log knows of it; a break is told and stays visible, and work goes on."""
        head = self._record.head()
        words = complaint(self._seals, head, self._record.seal_of)
        self._record.beyond = max(self._seals.lines, default=None)
        self._record.least = read_by_office(self._data)
        self._watch = ClockWatch(self._clock, _sealed(head.sealed_at) if head else None)
        if words:
            self._report("chain", f"{words}. {_ADVICE}")
        elif head is None:
            self._note(lambda: self._seals.begin(stamp(self._clock.wall())))
        else:
            self._note_seal(0.0, at_once=True)

    def _look_at_clock(self, now: Callable[[], float]) -> None:
        turned = self._watch.turned()
        if turned > _JUMP:
            self._next_retention = now() + _RETENTION_PAUSE
        if turned:
            self._report("clock", turned_words(turned, self._clock.wall()))

    def _report(self, where: str, words: str) -> None:
        log.error("%s", words)
        self._record.add(fault_event(self._clock.wall(), where, words, self.snapshot))

    def _note_seal(self, now: float, at_once: bool = False) -> None:
        self._note(lambda: self._seals.note(self._record.head(), now, at_once))

    def _note(self, write: Callable[[], None]) -> None:
        """A line that cannot be written now is written later, or at the next start."""
        try:
            write()
        except OSError as error:
            log.error("seals.log cannot be written: %s", error)

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
                self._places[path.name] = batch.end
                self._tell_damaged(path.name, batch.damaged + refused)
        except FileNotFoundError:
            return events
        if done and not self._nightly.keep(path):
            self._forget_place(path.name)
        return events

    def _forget_place(self, segment: str) -> None:
        if self._places.pop(segment, None) is not None:
            self._record.forget_place(segment)

    def _mend(self, why: str) -> None:
        """Ends the process; the one that begins next has the good copy."""
        self._record.close()
        raise SystemExit(mend_record(self._data, why))

    def _tell_damaged(self, segment: str, lines: int) -> None:
        """What could not be carried over is told on record, so that the gap is seen."""
        if lines:
            self._damaged += lines
            words = f"{lines} {'line' if lines == 1 else 'lines'} of the journal {segment} cannot be put on record"
            self._report("chain", f"{words}: the power went while it was written, or somebody changed it.")


def _open(data: Path, versions: str, clock: Clock) -> RecordWriter:
    """The record; a damaged one is mended first."""
    try:
        return RecordWriter(data, versions, clock)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        log.error("%s", mend_record(data, str(error)))
        return RecordWriter(data, versions, clock)


def _sealed(text: str) -> datetime | None:
    """When a batch was sealed; None where somebody has written something else there."""
    try:
        return moment(text)
    except ValueError:
        return None
