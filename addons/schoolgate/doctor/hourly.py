"""Examines the gateway by itself, hour by hour, in a thread beside the office's round; tells what changed since before.

What is newly wrong, and still so when it is asked again a minute later, is a fault, which the technician hears of as
of any other; what stays wrong is not told again; what holds again is told once by mail. What was told stands in the
office's file, so a restart forgets nothing.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from schoolgate.doctor.examination import ITSELF, examine, is_cut_short, steps
from schoolgate.doctor.finding import Finding, good, in_a_line, wrong, wrongs
from schoolgate.doctor.history import BY_ITSELF, event_of
from schoolgate.doctor.processes import beat
from schoolgate.settings.load import Settings
from schoolgate.store.event import fault_event
from schoolgate.store.journal import Journal
from schoolgate.store.office import OfficeStore

log = logging.getLogger("schoolgate")

FAULT = "doctor"
"""The ``rule`` of a fault that says what a probe found."""
_WRONG = "doctor-wrong"
_SETTLED = 600.0  # seconds after the start: what is starting up is not ill
_AGAIN = 60.0  # seconds until what is newly wrong, or was asked under settings of before, is asked once more
_HANGS = 1800.0  # seconds after which an examination is not believed to come to an end
_MOST_WORDS = 1600  # of a fault, which is cut at 2000
Tell = Callable[[str, str, float], None]
"""A subject, a text and the time: a mail to the technician."""


@dataclass(slots=True)
class _Examination:
    """One that is under way; ``at`` is the step that it has come to."""

    settings: Settings
    began: float
    at: str = ""
    result: Future[list[Finding]] | None = None

    def examine(self) -> list[Finding]:
        todo = steps(self.settings)

        def tell(done: int, of: int) -> None:
            self.at = todo[done].name if done < of else ""

        return [*examine(todo, tell), good(ITSELF, "The examination came to its end.")]

    def hangs(self) -> Finding:
        words = f"It began at {datetime.fromtimestamp(self.began, UTC):%H:%M} UTC and has not ended: {self.at} hangs."
        return wrong(ITSELF, words, "Restart the gateway; until then it does not probe itself.")


class Hourly:
    """One an office. ``settled`` are the seconds after the first round when it begins."""

    def __init__(
        self, store: OfficeStore, journal: Journal, tell: Tell, settled: float = _SETTLED, again: float = _AGAIN
    ) -> None:
        self._store, self._journal, self._tell = store, journal, tell
        self._settled, self._again = settled, again
        self._next: float | None = None
        self._thread = ThreadPoolExecutor(1, "doctor")
        self._under_way: _Examination | None = None
        self._doubted: set[str] = set()

    def round(self, settings: Settings, now: float) -> None:
        """Begin what is due, and take note of what has ended; waits for nothing."""
        beat(settings.data, now)
        every = settings.school.doctor.every
        if self._next is None:
            self._next = now + self._settled
        if self._under_way is not None:
            self._look_after(self._under_way, settings, now)
        elif every is not None and (now >= self._next or self._next - now > every.total_seconds() + self._settled):
            self._next = now + every.total_seconds()
            begun = self._under_way = _Examination(settings, now)
            begun.result = self._thread.submit(begun.examine)

    def close(self) -> None:
        """End; what is under way is given up."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _look_after(self, begun: _Examination, settings: Settings, now: float) -> None:
        assert begun.result is not None
        if begun.result.done():
            self._under_way = None
            if settings.snapshot.version != begun.settings.snapshot.version:  # the gateway may have judged by either
                self._next = now + self._again
            else:
                self.note(settings, begun.result.result(), now)
        elif now - begun.began > _HANGS and ITSELF not in self._known():
            self._tell_of(settings, {ITSELF: begun.hangs()}, now)

    def note(self, settings: Settings, findings: Sequence[Finding], now: float) -> None:
        """Take note of an examination that has ended: on record, and told where something changed."""
        before, ill = self._known(), {each.key: each for each in wrongs(findings)}
        asked = {each.key for each in findings}
        kept = {key for key in before if key not in asked} if is_cut_short(findings) else set[str]()
        event = event_of(findings, datetime.fromtimestamp(now, UTC), BY_ITSELF, settings.snapshot.version)
        self._journal.append({"t": "event", **event.row()})
        new = {key: each for key, each in ill.items() if key not in before}
        sure = {key: each for key, each in new.items() if key in self._doubted}
        self._doubted = set(new)
        if len(sure) < len(new):  # a moment's trouble is not told: it is wrong when it is found twice
            assert self._next is not None
            self._next = min(self._next, now + self._again)
        mended = {key: line for key, line in before.items() if key not in ill and key not in kept}
        if mended:
            for key in mended:
                before.pop(key)
            self._know(before)
            self._tell(*_mended(mended.values(), len(before) + len(new)), now)
        if sure:
            self._tell_of(settings, sure, now)

    def _tell_of(self, settings: Settings, found: Mapping[str, Finding], now: float) -> None:
        """A fault, of which the technician hears as of any other."""
        lines = {key: in_a_line(each) for key, each in found.items()}
        words = _cut(list(lines.values()))
        log.error("What the gateway's own probes found:\n%s", words)
        at = datetime.fromtimestamp(now, UTC)
        self._journal.append({"t": "event", **fault_event(at, FAULT, words, settings.snapshot.version).row()})
        self._know({**self._known(), **lines})

    def _known(self) -> dict[str, str]:
        """What the technician was told is wrong: a line for each, by its key."""
        known: dict[str, str] = json.loads(self._store.bookmark(_WRONG) or "{}")
        return known

    def _know(self, known: Mapping[str, str]) -> None:
        self._store.set_bookmark(_WRONG, json.dumps(known))


def _mended(lines: Iterable[str], left: int) -> tuple[str, str]:
    """A subject and a text."""
    told = "\n".join(f"  {line}" for line in lines)
    still = f"Still wrong: {left}; run 'schoolgate doctor'." if left else "Nothing is wrong any more."
    text = f"What happened: what the gateway's own probes had found is mended, or can no longer be asked. {still}\n"
    todo = "What to do now: see what is still wrong.\n" if left else "What to do now: nothing.\n"
    return "what was wrong is mended", f"{text}What was wrong:\n{told}\n{todo}"


def _cut(lines: Sequence[str]) -> str:
    """As many lines as a fault has room for, and how many more there are."""
    room, told = _MOST_WORDS, list[str]()
    for line in lines:
        room -= len(line) + 1
        if told and room < 0:
            return "\n".join([*told, f"And {len(lines) - len(told)} more: run 'schoolgate doctor'."])
        told.append(line)
    return "\n".join(told)
