"""The lock on a data folder: one gateway for one record, and what others may know of the one that runs."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schoolgate.child import CannotStart

FILE = "gateway.lock"


@dataclass(frozen=True, slots=True)
class Running:
    """The gateway that runs: its process, how many rolling restarts it began, how the last stands (``crew.Roll``)."""

    pid: int
    begun: int
    roll: str


@dataclass(slots=True)
class Lock:
    """Held while the gateway runs; ``died``: whether the one before was killed."""

    handle: int
    died: bool

    def note(self, roll: str, begun: int) -> None:
        """Say how the rolling restart stands, for those who asked for it."""
        os.pwrite(self.handle, f"{os.getpid()} {begun} {roll}".encode().ljust(40) + b"\n", 0)


@contextlib.contextmanager
def lock(data: Path) -> Iterator[Lock]:
    """Hold the folder. Raises CannotStart where another gateway does, or where it cannot be written."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(data / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CannotStart(f"{data} cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise CannotStart(f"another schoolgate is running with {data}; stop it first") from None
    try:
        held = Lock(handle, os.fstat(handle).st_size > 0)
        held.note("none", 0)
        yield held
        os.ftruncate(handle, 0)
    except CannotStart:
        os.ftruncate(handle, 0)
        raise
    finally:
        os.close(handle)


def running(data: Path) -> Running | None:
    """The gateway that holds the folder; None where none does. Raises OSError."""
    try:
        with (data / FILE).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                pid, begun, roll = (*file.read().decode().split(maxsplit=2), "", "", "")[:3]
                return Running(int(pid), int(begun), roll.strip()) if pid.isdigit() and begun.isdigit() else None
    except FileNotFoundError:
        return None
    return None
