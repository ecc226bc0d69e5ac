"""A child process of the gateway, seen from both ends: the supervisor's handle on it, and the loop that it runs."""

import contextlib
import logging
import multiprocessing
import signal
import sys
import time
from collections.abc import Callable
from ctypes import c_double
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from schoolgate.memory import be_lean, give_back

log = logging.getLogger("schoolgate")

READY = "ready"
STOP = "stop"
LEAVE = "leave"
"""To a worker: another has taken its place, so it takes nothing new and may take its time with what it has."""
_START_WITHIN = 30.0  # seconds
_CHANCES, _LONGEST_PAUSE = 5, 30.0  # seconds
_SPAWN = multiprocessing.get_context("spawn")
_PULSE = [c_double()]
"""When this process was last seen at work, by the clock that all of the machine's processes share; 0: never."""


@dataclass(frozen=True, slots=True)
class Late:
    """A process's main function by its name: only that process imports it, and not the one that starts it."""

    module: str
    name: str

    def __call__(self, *arguments: Any) -> None:
        """Import it and run it."""
        getattr(import_module(self.module), self.name)(*arguments)


class CannotStart(Exception):
    """The gateway cannot start for a reason outside its files: a port in use, a folder that cannot be written."""


def work_in_rounds(
    channel: Connection, every: float, take_up: Callable[[Any], None], work: Callable[[], object]
) -> None:
    """Say that this child is ready, then work every so many seconds until told to stop or left alone.

    What one round could not do, the next one tries again: nothing ends a child but its supervisor.
    """
    give_back()
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
        except Exception:
            log.exception("The new settings could not be taken up; those before stay in force")
        try:
            work()
        except Exception:
            log.exception("This round failed; it is tried again")
            time.sleep(1)


def be_child(name: str, main: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """What every child does first: leave signals to the supervisor, say who speaks, and show its name in ``ps``."""
    be_lean()
    for stopped_by_parent in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stopped_by_parent, signal.SIG_IGN)
    logging.basicConfig(level=logging.ERROR)
    log.setLevel(logging.INFO)
    be_called(name)
    main(*arguments)


def leave_the_script() -> None:
    """Let children of this process begin without the script that it was begun with.

    multiprocessing runs that script again in each of them, for what it may define; ours would import every command.
    """
    script = sys.modules["__main__"]
    if script.__spec__ is None:
        script.__spec__ = find_spec("schoolgate.__main__")  # a module of that name is never run again


def beat() -> None:
    """Say to the supervisor that this process is at work; one that has said so once is to say it every few seconds."""
    _PULSE[0].value = time.monotonic()


def _begin(main: Callable[..., None], arguments: tuple[Any, ...], channel: Connection, pulse: c_double) -> None:
    """Settings come first by the channel. They are large, so they are no argument of the process.

    A child that dies before it has read its arguments would hold its parent up for ever, where they are more than a
    pipe holds: multiprocessing keeps the other end of that pipe open itself.
    """
    _PULSE[0] = pulse
    try:
        settings = channel.recv()
    except (EOFError, OSError):
        return  # the supervisor is gone already
    except Exception as error:  # of another build, this process reads the files itself, and they have faults
        log.error("It cannot begin until this is correct: %s", error)
        return
    main(*arguments, settings, channel)


def be_called(name: str) -> None:
    """The name under which this process speaks, and is seen in ``ps``."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(logging.Formatter(f"%(asctime)s {name}: %(message)s"))
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(f"sg-{name.replace(' ', '')}"[:15])


def _send(channel: Connection, post: SimpleQueue[object]) -> None:
    """A thread for each child, so that one that takes nothing in holds up nobody but itself."""
    while True:
        message = post.get()
        try:
            channel.send(message)
        except (OSError, ValueError):
            return
        if message == STOP:
            return


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
    ready: bool = False
    said: str = ""
    post: SimpleQueue[object] | None = None
    pulse: c_double = field(default_factory=c_double)

    def start(self, settings: object) -> None:
        """Start it (again) with the settings in force."""
        ours, theirs = _SPAWN.Pipe()
        self.tell(STOP)  # ends the thread that wrote to the process before
        self.pulse = _SPAWN.RawValue(c_double)
        work = (self.name, _begin, (self.main, self.arguments, theirs, self.pulse))
        self.process = _SPAWN.Process(target=be_child, args=work, name=self.name)
        self.process.start()
        theirs.close()
        self.post = SimpleQueue()
        self.post.put(settings)
        Thread(target=_send, args=(ours, self.post), daemon=True).start()
        self.channel, self.started, self.start_at = ours, time.monotonic(), None
        self.ready, self.said = False, ""

    def become(self, other: "Child") -> None:
        """From now on the process of ``other`` is this one."""
        self.process, self.channel, self.started, self.start_at = other.process, other.channel, time.monotonic(), None
        self.ready, self.said, self.post, self.pulse = other.ready, other.said, other.post, other.pulse

    def wait_until_ready(self) -> None:
        """Raises CannotStart with the child's own words."""
        assert self.channel is not None
        try:
            words = self.channel.recv() if self.channel.poll(_START_WITHIN) else "it did not answer in time"
        except (EOFError, OSError):
            words = "it ended at once; see the lines above"
        self.ready = words == READY
        if not self.ready:
            raise CannotStart(f"{self.name} did not start: {words}")

    def is_ready(self) -> bool:
        """Whether it has said meanwhile that it is ready; other words are left for ``last_words``."""
        if not self.ready and self.channel is not None:
            with contextlib.suppress(OSError, EOFError):
                if self.channel.poll():
                    words = self.channel.recv()
                    self.ready = words == READY
                    self.said += "" if self.ready else str(words)
        return self.ready and self.alive

    def pause(self) -> float:
        """Seconds to wait after it died young so often; one that had been ready is given more chances."""
        self.is_ready()
        times = self.early_deaths - (_CHANCES if self.ready else 1)
        return min(_LONGEST_PAUSE, 2.0**times) if times > 0 else 0.0

    def last_words(self) -> str:
        """What it said before it ended, other than that it was ready."""
        words = [self.said]
        with contextlib.suppress(OSError, EOFError):
            while self.channel is not None and self.channel.poll():
                words.append(str(self.channel.recv()))
        return " ".join(word for word in words if word not in ("", READY))

    def tell(self, message: object) -> None:
        """Send a message, without waiting; a child that is just dying misses it and gets it at its restart."""
        if self.post is not None:
            self.post.put(message)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.is_alive()
