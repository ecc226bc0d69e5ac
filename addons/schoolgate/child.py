"""A child process of the gateway, seen from both ends: the supervisor's handle on it, and the loop that it runs."""

import contextlib
import logging
import multiprocessing
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

log = logging.getLogger("schoolgate")

READY = "ready"
STOP = "stop"
_START_WITHIN = 30.0  # seconds
_SPAWN = multiprocessing.get_context("spawn")


class CannotStart(Exception):
    """The gateway cannot start for a reason outside its files: a port in use, a folder that cannot be written."""


def work_in_rounds(
    channel: Connection, every: float, take_up: Callable[[Any], None], work: Callable[[], object]
) -> None:
    """Say that this child is ready, then work every so many seconds until told to stop or left alone.

    What one round could not do, the next one tries again: nothing ends a child but its supervisor.
    """
    channel.send(READY)
    while True:
        try:
            if channel.poll(every):
                message = channel.recv()
                if message == STOP:
                    return
                take_up(message)
        except (EOFError, OSError):
            return
        try:
            work()
        except Exception:
            log.exception("This round failed; it is tried again")
            time.sleep(1)


def be_child(name: str, main: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """What every child does first: leave signals to the supervisor, say who speaks, and show its name in ``ps``."""
    for stopped_by_parent in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stopped_by_parent, signal.SIG_IGN)
    logging.basicConfig(level=logging.ERROR, format=f"%(asctime)s {name}: %(message)s")
    log.setLevel(logging.INFO)
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(f"sg-{name.replace(' ', '')}"[:15])
    main(*arguments)


@dataclass(slots=True)
class Child:
    """A child process that is to run as long as the gateway does."""

    name: str
    main: Callable[..., None]
    arguments: tuple[Any, ...]
    process: SpawnProcess | None = None
    channel: Connection | None = None
    started: float = 0.0
    start_at: float | None = None
    early_deaths: int = 0

    def start(self, settings: object) -> None:
        """Start it (again) with the settings in force."""
        ours, theirs = _SPAWN.Pipe()
        work = (*self.arguments, settings, theirs)
        self.process = _SPAWN.Process(target=be_child, args=(self.name, self.main, work), name=self.name)
        self.process.start()
        theirs.close()
        self.channel, self.started, self.start_at = ours, time.monotonic(), None

    def wait_until_ready(self) -> None:
        """Raises CannotStart with the child's own words."""
        assert self.channel is not None
        try:
            words = self.channel.recv() if self.channel.poll(_START_WITHIN) else "it did not answer in time"
        except (EOFError, OSError):
            words = "it ended at once; see the lines above"
        if words != READY:
            raise CannotStart(f"{self.name} did not start: {words}")

    def last_words(self) -> str:
        """What it said before it ended, other than that it was ready."""
        words: list[str] = []
        with contextlib.suppress(OSError, EOFError):
            while self.channel is not None and self.channel.poll():
                words.append(str(self.channel.recv()))
        return " ".join(word for word in words if word != READY)

    def tell(self, message: object) -> None:
        """Send a message; a child that is just dying misses it and gets it at its restart."""
        with contextlib.suppress(OSError, ValueError):
            if self.channel is not None:
                self.channel.send(message)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.is_alive()
