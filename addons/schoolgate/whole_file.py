"""A file that changes all at once or not at all, so that nobody ever reads half of it, whatever the machine does."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def _nothing() -> None:
    pass


@contextmanager
def whole(path: Path, last_look: Callable[[], None] = _nothing) -> Iterator[BinaryIO]:
    """Write beside ``path``; when the block ends well the file takes its place, on the disk and not only in memory.

    ``last_look`` is called right before that, and may still raise. Raises OSError (a full disk among others). Whatever
    is raised, what was there stays.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with unfinished.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        last_look()
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    settle_folder(path.parent)


def exchange(path: Path, content: bytes, new_mode: int = 0o600, last_look: Callable[[], None] = _nothing) -> None:
    """The new content takes the place of the old, with its rights (a new file has those of ``new_mode``).

    Follows links. Raises OSError, and what ``last_look`` raises.
    """
    real = Path(os.path.realpath(path))
    with whole(real, last_look) as file:
        if real.exists():
            old = real.stat()
            os.fchmod(file.fileno(), old.st_mode & 0o7777)
            with suppress(PermissionError):
                os.fchown(file.fileno(), old.st_uid, old.st_gid)
        else:
            os.fchmod(file.fileno(), new_mode)
        file.write(content)


def hand_to_owner(path: Path, folder: Path) -> None:
    """What root makes in a folder belongs to the folder's owner, who has to read it. Raises OSError."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def move(source: Path, target: Path) -> None:
    """Rename within a file system, once the content of ``source`` is surely on the disk."""
    with source.open("rb") as file:
        os.fsync(file.fileno())
    source.replace(target)
    settle_folder(target.parent)


def settle_folder(folder: Path) -> None:
    """Put the folder's names on the disk: without this a rename can be lost with the power."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One writer at a time in a folder, whichever of our processes it is. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
