"""The workers of a gateway: one at each place, one that waits warm for the next place, and those that are leaving.

A worker that died is replaced by the spare, which has only to listen; one that stands still is ended, and so replaced.
A rolling restart starts a new process for each place in turn; the old one leaves only when the new one listens. Their
sockets are the supervisor's (``proxy/doors``).
"""

import logging
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from schoolgate.child import LEAVE, STOP, Child

log = logging.getLogger("schoolgate")

SPARE = 0
"""The number of a worker that waits for one."""
REPLACED = "Every process of the gateway has been replaced."
_SPARE_AFTER = 4.0  # seconds: what runs comes first
_FIRST_SPARE_AFTER = 20.0  # seconds, where the machine has much to do already as the gateway starts
_SPARE_DIED = 60.0  # seconds
_STANDS_STILL = 20.0  # seconds without a sign of life, where there is to be one each second
_ASLEEP = 5.0  # seconds between two rounds, after which it was the whole machine that stood still
_NEW_WITHIN = 60.0  # seconds that a new process may take until it listens
_LEAVE_WITHIN = 75.0  # seconds, after which a worker that was to leave is killed
_GAP_WITHIN = 10.0  # seconds, after which any other process is


class Roll(StrEnum):
    """How a rolling restart stands."""

    NONE = "none"
    UNDER_WAY = "under way"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class Crew:
    """``begin`` makes the process of a place (SPARE for the one that waits); it is not started yet."""

    size: int
    begin: Callable[[int], Child]
    ended: Callable[[int], None]  # told the process id of every worker that has come to its end
    places: list[Child] = field(init=False)
    others: list[Child] = field(default_factory=list[Child])  # replaced in a rolling restart too, but with a gap
    spare: Child | None = None
    roll: Roll = Roll.NONE
    told: str = ""  # what came of the rolling restart, of the spare, or of who stood still, until somebody has heard it
    _leaving: list[tuple[Child, float]] = field(default_factory=list[tuple[Child, float]])
    _waiting: deque[Child] = field(default_factory=deque[Child])
    _coming: Child | None = None
    _going: Child | None = None
    _spare_at: float = 0.0
    _awake_since: float = 0.0
    _last_round: float = 0.0

    def __post_init__(self) -> None:
        self.places = [self.begin(number) for number in range(1, self.size + 1)]
        self._spare_at = time.monotonic() + (_FIRST_SPARE_AFTER if _is_busy() else _SPARE_AFTER)

    def everybody(self) -> Iterator[Child]:
        """Every process of a worker that may be running."""
        yield from self.places
        yield from (child for child, _ in self._leaving)
        yield from (child for child in (self.spare, self._coming) if child is not None)

    def round(self, settings: object) -> None:
        """See to the spare, to a rolling restart, and to those that are leaving."""
        now = time.monotonic()
        self._end_who_stands_still(now)
        self._see_to_leaving(now)
        if self.roll is Roll.UNDER_WAY:
            self._go_on(settings, now)
        else:
            self._see_to_spare(settings, now)

    def revive(self, child: Child) -> bool:
        """Put the spare, if it is ready, in the place of a child that has died; tells whether it could be done."""
        if child not in self.places or self.spare is None or not self.spare.is_ready():
            return False
        child.tell(STOP)  # ends the thread that wrote to the dead one
        child.become(self.spare)
        child.tell(self.places.index(child) + 1)
        child.pulse.value = time.monotonic()  # from now on it is to show that it is at work
        self.spare, self._spare_at = None, time.monotonic() + _SPARE_AFTER
        return True

    def restart(self) -> None:
        """Begin to replace every process, one after the other. The spare is of old, so it goes first."""
        if self.roll is Roll.UNDER_WAY:
            return
        self.roll = Roll.UNDER_WAY
        if self.spare is not None:
            self._leave(self.spare, STOP, time.monotonic() + _LEAVE_WITHIN)
            self.spare = None
        self._waiting.extend((*self.places, *self.others))

    def _go_on(self, settings: object, now: float) -> None:
        if self._going is not None:
            self._go_on_after(self._going, settings)
        elif self._coming is None:
            self._begin_next(settings, now)
        elif self._coming.is_ready():
            old, new = self._waiting.popleft(), self._coming
            gone = _with_process_of(old)
            old.become(new)
            self._leave(gone, LEAVE, now + _LEAVE_WITHIN)
            self._coming = None
        elif not self._coming.alive or now - self._coming.started > _NEW_WITHIN:
            self._give_up(now)

    def _begin_next(self, settings: object, now: float) -> None:
        if not self._waiting:
            self.roll, self.told = Roll.DONE, REPLACED
            self._spare_at = now + _SPARE_AFTER
        elif not self._waiting[0].alive:
            self._waiting.popleft()  # it is started anew by itself
        elif self._waiting[0] in self.others:
            self._going = _with_process_of(self._waiting[0])
            self._waiting[0].start_at = math.inf  # not by itself, but when this one has gone
            self._leave(self._going, STOP, now + _GAP_WITHIN)
        else:
            self._coming = self.begin(self.places.index(self._waiting[0]) + 1)
            self._coming.start(settings)

    def _go_on_after(self, gone: Child, settings: object) -> None:
        """Two of a kind would write to one file, so the new one begins when the old one has gone."""
        if not gone.alive:
            self._waiting.popleft().start(settings)
            self._going = None

    def _give_up(self, now: float) -> None:
        assert self._coming is not None
        name, words = self._waiting[0].name, self._coming.last_words()
        self._leave(self._coming, STOP, now + _LEAVE_WITHIN)
        self._coming = None
        self._waiting.clear()
        self.roll = Roll.FAILED
        self.told = f"A new {name} does not start, so the old processes go on. {words}".strip()

    def _leave(self, child: Child, how: str, until: float) -> None:
        child.tell(how)
        self._leaving.append((child, until))

    def _end_who_stands_still(self, now: float) -> None:
        if now - self._last_round > _ASLEEP:
            self._awake_since = now
        self._last_round = now
        for child in self.places:
            seen = child.pulse.value
            if (
                seen
                and child.alive
                and child.process is not None
                and now - max(seen, self._awake_since) > _STANDS_STILL
            ):
                self.told = f"{child.name} stood still for {_STANDS_STILL:.0f} seconds and is ended."
                child.pulse.value = now  # once is enough
                child.process.kill()

    def _see_to_leaving(self, now: float) -> None:
        for entry in list(self._leaving):
            child, until = entry
            if child.alive and now >= until and child.process is not None:
                child.process.kill()
            elif not child.alive:
                self._leaving.remove(entry)
                if child.process is not None and child.process.pid is not None:
                    self.ended(child.process.pid)

    def _see_to_spare(self, settings: object, now: float) -> None:
        if self.spare is not None and not self.spare.alive:
            self.told = f"The worker that waits as the spare ended by itself. {self.spare.last_words()}".strip()
            self.spare.tell(STOP)
            self.spare, self._spare_at = None, now + _SPARE_DIED
        elif self.spare is None and now >= self._spare_at and all(child.alive for child in self.places):
            self.spare = self.begin(SPARE)
            self.spare.start(settings)


def _with_process_of(child: Child) -> Child:
    """A child of the same kind that has its process from now on."""
    taken = Child(child.name, child.main, child.arguments)
    taken.become(child)
    return taken


def _is_busy() -> bool:
    """Whether, over the last minute, most of the machine's processors had something to do."""
    return os.getloadavg()[0] > 0.75 * (os.cpu_count() or 1)
