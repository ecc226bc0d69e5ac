"""What was read from deeds is kept until another deed is done, so that no page reads them all again."""

import threading
from collections.abc import Callable
from typing import Any

from schoolgate.store.record import RecordReader

_MOST = 200  # things that are kept


class Folds:
    """For all visitors of one console; what is kept is frozen, or is only read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mark: tuple[object, ...] | None = None
        self._kept: dict[object, Any] = {}

    def of[T](self, reader: RecordReader, fold: Callable[[RecordReader], T], name: object = None) -> T:
        """``fold(reader)``, or what is kept of it where no deed was done since; ``name`` tells two of a kind apart."""
        mark, key = reader.mark_of_deeds(), (fold if name is None else name)
        with self._lock:
            if mark != self._mark or len(self._kept) >= _MOST:
                self._mark, self._kept = mark, {}
            elif key in self._kept:
                found: T = self._kept[key]
                return found
        found = fold(reader)
        with self._lock:
            if mark == self._mark:
                self._kept[key] = found
        return found
