"""The clock that the record is sealed by, and whether somebody has turned it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schoolgate.store.check_chain import AHEAD, BACK, span_words


def _wall() -> datetime:
    return datetime.now(UTC)


def _running() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # goes on while the machine sleeps, and nobody can turn it


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of day (UTC), and seconds that only ever run on."""

    wall: Callable[[], datetime] = _wall
    running: Callable[[], float] = _running


class ClockWatch:
    """Compares the time of day with time that passed; ``last_sealed`` is what the record says it was at last."""

    def __init__(self, clock: Clock, last_sealed: datetime | None) -> None:
        self._clock = clock
        self._wall = last_sealed
        self._running: float | None = None

    def turned(self) -> timedelta:
        """By how much the clock was turned since the last look; 0 where it was not, or by so little as is usual."""
        wall, running = self._clock.wall(), self._clock.running()
        before, since, self._wall, self._running = self._wall, self._running, wall, running
        if before is None:
            return timedelta(0)
        passed = timedelta(seconds=running - since) if since is not None else max(timedelta(0), wall - before)
        turned = wall - before - passed
        return turned if turned < -BACK or turned > AHEAD else timedelta(0)


def turned_words(turned: timedelta, wall: datetime) -> str:
    """What the technician is told."""
    way = "back" if turned < timedelta(0) else "forward"
    return f"The clock of this machine was set {way} by {span_words(turned)}; it now says {wall:%Y-%m-%d %H:%M:%S} UTC."
