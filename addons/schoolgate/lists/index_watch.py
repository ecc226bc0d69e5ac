"""Notices that the index which workers have mapped is not what it was: what is written there changes their verdicts."""

from dataclasses import dataclass
from pathlib import Path

from schoolgate.lists.index import BadIndex, Index

_EVERY = 600.0  # seconds between two readings of an index that nobody seems to have touched


@dataclass(slots=True)
class IndexWatch:
    """Looks at the file in force."""

    _path: Path | None = None
    _stamp: tuple[int, int, int] | None = None
    _due: float = 0.0

    def is_damaged(self, path: Path, now: float) -> bool:
        """Read it again where it has been written to, and now and then; ``now`` is in seconds that only run on.

        One that is gone is no damage: those who have mapped it keep it.
        """
        try:
            found = path.stat()
        except FileNotFoundError:
            return False
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if path != self._path:  # it was read whole when it was taken up
            self._path, self._stamp, self._due = path, stamp, now + _EVERY
        if stamp == self._stamp and now < self._due:
            return False
        self._stamp, self._due = stamp, now + _EVERY
        try:
            Index(path)
        except BadIndex:
            return True
        return False
