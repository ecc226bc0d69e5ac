"""One writer a file: two connections that write at once can damage it (SQLite before 3.51.3, its WAL-reset fault)."""

import fcntl
import os
from pathlib import Path


class WriterLock:
    """Held from its making until ``release`` or the end of the process; making it waits for the holder before."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def release(self) -> None:
        """Let the next writer begin."""
        os.close(self._handle)
