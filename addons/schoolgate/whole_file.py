"""A file that changes all at once or not at all, so that nobody ever reads half of it."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def exchange(path: Path, content: bytes) -> None:
    """The new content takes the place of the old, with its rights (a new file is its owner's); durable on return.

    Raises OSError.
    """
    real = Path(os.path.realpath(path))
    handle, written = tempfile.mkstemp(prefix=f".{real.name}-", suffix=".new", dir=real.parent)
    new = Path(written)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if real.exists():
                old = real.stat()
                os.fchmod(file.fileno(), old.st_mode & 0o7777)
                with suppress(PermissionError):
                    os.fchown(file.fileno(), old.st_uid, old.st_gid)
            os.fsync(file.fileno())
        new.replace(real)
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """One writer at a time in a folder, whichever of our processes it is. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
