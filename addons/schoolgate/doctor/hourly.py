"""Examines the gateway by itself, hour by hour, in a thread beside the office's round; tells what changed since before.

What is newly wrong is a fault, which the technician hears of as of any other; what stays wrong is not told again; what
holds again is told once by mail. What was wrong before stands in the office's file, so a restart forgets nothing.
"""

import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

from schoolgate.doctor.examination import examine, steps
from schoolgate.doctor.finding import Finding, in_a_line, wrongs
from schoolgate.doctor.history import BY_ITSELF, event_of
from schoolgate.settings.load import Settings
from schoolgate.store.event import fault_event
from schoolgate.store.journal import Journal
from schoolgate.store.office import OfficeStore

log = logging.getLogger("schoolgate")

FAULT = "doctor"
"""The ``rule`` of a fault that says what a probe found."""
_WRONG = "doctor-wrong"
_SETTLED = 600.0  # seconds after the start: what is starting up is not ill
Tell = Callable[[str, str, float], None]
"""A subject, a text and the time: a mail to the technician."""


class Hourly:
    """One an office. ``settled`` are the seconds after the first round when it begins."""

    def __init__(self, store: OfficeStore, journal: Journal, tell: Tell, settled: float = _SETTLED) -> None:
        self._store, self._journal, self._tell = store, journal, tell
        self._settled = settled
        self._next: float | None = None
        self._thread = ThreadPoolExecutor(1, "doctor")
        self._under_way: tuple[Settings, Future[list[Finding]]] | None = None

    def round(self, settings: Settings, now: float) -> None:
        """Begin what is due, and take note of what has ended; waits for nothing."""
        every = settings.school.doctor.every
        if self._next is None:
            self._next = now + self._settled
        if self._under_way is not None:
            asked, future = self._under_way
            if future.done():
                self._under_way = None
                self._note(asked, future.result(), now)
        elif every is not None and (now >= self._next or self._next - now > every.total_seconds() + self._settled):
            self._next = now + every.total_seconds()
            self._under_way = (settings, self._thread.submit(lambda: list(examine(steps(settings)))))

    def close(self) -> None:
        """End; what is under way is given up."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _note(self, settings: Settings, findings: Sequence[Finding], now: float) -> None:
        at, version = datetime.fromtimestamp(now, UTC), settings.snapshot.version
        before: dict[str, str] = json.loads(self._store.bookmark(_WRONG) or "{}")
        ill = {each.key: in_a_line(each) for each in wrongs(findings)}
        untried = {each.key for each in findings}  # what could not be asked this time is as it was
        kept = {key: line for key, line in before.items() if key not in untried}
        new = {key: line for key, line in ill.items() if key not in before}
        mended = [line for key, line in before.items() if key not in ill and key not in kept]
        self._journal.append({"t": "event", **event_of(findings, at, BY_ITSELF, version).row()})
        if new:
            words = "\n".join(new.values())
            log.error("What the gateway's own probes found:\n%s", words)
            self._journal.append({"t": "event", **fault_event(at, FAULT, words, version).row()})
        if mended:
            lines = "\n".join(f"  {line}" for line in mended)
            left = f"{len(ill | kept)} are still wrong." if ill | kept else "Nothing is wrong any more."
            text = (
                f"What happened: what the gateway's own probes had found is mended. {left}\nWhat was wrong:\n{lines}\n"
            )
            self._tell("what was wrong is mended", text + "What to do now: nothing.\n", now)
        self._store.set_bookmark(_WRONG, json.dumps({**kept, **ill}))
