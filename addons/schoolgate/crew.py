"""The workers of a gateway: one at each place, one that waits warm for the next place, and those that are leaving.

A worker that died is replaced by the spare, which has only to listen. A rolling restart starts a new process for each
place in turn; the old one leaves only when the new one listens. Their sockets are the supervisor's (``proxy/doors``).
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from schoolgate.child import LEAVE, STOP, Child

log = logging.getLogger("schoolgate")

SPARE = 0
"""The number of a worker that waits for one."""
_SPARE_AFTER = 4.0  # seconds: what runs comes first
_SPARE_DIED = 60.0  # seconds
_NEW_WITHIN = 60.0  # seconds that a new process may take until it listens
_LEAVE_WITHIN = 75.0  # seconds, after which a worker that was to leave is killed


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
    told: str = ""  # what came of the rolling restart, or what the spare's end was, until somebody has heard it
    _leaving: list[tuple[Child, float]] = field(default_factory=list[tuple[Child, float]])
    _waiting: deque[Child] = field(default_factory=deque[Child])
    _coming: Child | None = None
    _spare_at: float = 0.0

    def __post_init__(self) -> None:
        self.places = [self.begin(number) for number in range(1, self.size + 1)]
        self._spare_at = time.monotonic() + _SPARE_AFTER

    def everybody(self) -> Iterator[Child]:
        """Every process of a worker that may be running."""
        yield from self.places
        yield from (child for child, _ in self._leaving)
        yield from (child for child in (self.spare, self._coming) if child is not None)

    def round(self, settings: object) -> None:
        """See to the spare, to a rolling restart, and to those that are leaving."""
        now = time.monotonic()
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
        self.spare, self._spare_at = None, time.monotonic() + _SPARE_AFTER
        return True

    def restart(self) -> None:
        """Begin to replace every process, one after the other. The spare is of old, so it goes first."""
        if self.roll is Roll.UNDER_WAY:
            return
        self.roll = Roll.UNDER_WAY
        if self.spare is not None:
            self._leave(self.spare, STOP)
            self.spare = None
        self._waiting.extend((*self.places, *self.others))

    def _go_on(self, settings: object, now: float) -> None:
        if self._coming is None:
            if not self._waiting:
                self.roll, self.told = Roll.DONE, "Every process of the gateway has been replaced."
                self._spare_at = now + _SPARE_AFTER
                return
            old = self._waiting[0]
            if not old.alive:
                self._waiting.popleft()  # it is started anew by itself
            elif old in self.others:
                self._replace_with_gap(self._waiting.popleft(), settings)
            else:
                self._coming = self.begin(self.places.index(old) + 1)
                self._coming.start(settings)
        elif self._coming.is_ready():
            old, new = self._waiting.popleft(), self._coming
            gone = Child(old.name, old.main, old.arguments)
            gone.become(old)
            old.become(new)
            self._leave(gone, LEAVE)
            self._coming = None
        elif not self._coming.alive or now - self._coming.started > _NEW_WITHIN:
            self._give_up()

    def _replace_with_gap(self, old: Child, settings: object) -> None:
        gone = Child(old.name, old.main, old.arguments)
        gone.become(old)
        gone.tell(STOP)
        if gone.process is not None:
            gone.process.join(10)
            if gone.process.is_alive():
                gone.process.kill()
        old.start(settings)

    def _give_up(self) -> None:
        assert self._coming is not None
        name, words = self._waiting[0].name, self._coming.last_words()
        self._leave(self._coming, STOP)
        self._coming = None
        self._waiting.clear()
        self.roll = Roll.FAILED
        self.told = f"A new {name} does not start, so the old processes go on. {words}".strip()

    def _leave(self, child: Child, how: str) -> None:
        child.tell(how)
        self._leaving.append((child, time.monotonic() + _LEAVE_WITHIN))

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
