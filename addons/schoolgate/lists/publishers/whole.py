"""A file that is replaced whole or not at all, whatever happens to the machine in between."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Write beside ``path``; when the block ends well the file takes its place, on the disk and not only in memory.

    Raises OSError (a full disk among others) and then leaves what was there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    settle_folder(path.parent)


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
