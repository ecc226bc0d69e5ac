"""What people have done that changes what holds for them, as one worker knows it: at most two seconds old.

It is read from the record, off the road of requests, and only when something was written; before somebody would be
shown a notice it is looked at once more. What this worker itself was told holds at once. When it cannot be read, what
was known goes on to hold: people are then asked to read a notice once more, and nothing of them is kept before.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from schoolgate.policy.standing import NO_STANDING
from schoolgate.proxy.rounds import Rounds
from schoolgate.store.deeds import read_standing
from schoolgate.store.journal import FOLDER
from schoolgate.store.record import FILE, open_reader

type _Stamps = frozenset[tuple[str, int, int]]


class Standings(Rounds):
    """Keeps the standing of one worker."""

    seconds = 2.0

    def __init__(self, data: Path) -> None:
        self.now = NO_STANDING
        self._data = data
        self._fault: Callable[[Exception], object] = lambda error: None
        self._own: frozenset[tuple[str, str]] = frozenset()
        self._stamps: _Stamps = frozenset()
        self._deeds: tuple[Any, ...] = ()
        self._found = NO_STANDING
        self._reading = Lock()
        self._is_told = False

    def acknowledge(self, person: str, version: str) -> None:
        """Somebody has just read a notice here, and it is on record."""
        self._own |= {(person, version)}
        self._take_up()

    def read(self, fault: Callable[[Exception], object]) -> None:
        """Read for the first time, before anybody is served.

        ``fault`` is told once of a record that cannot be read, and again only after it could.
        """
        self._fault = fault
        self.look_again()

    def look_again(self) -> bool:
        """Read at once what another worker may just have been told; whether anything is new.

        For the rare moment before a notice is shown: nobody reads it twice because two workers serve them.
        """
        before = self.now
        try:
            self._look()
        except Exception as error:
            self._complain(error)
        self._take_up()
        return self.now != before

    async def round(self) -> None:
        """Look at the record, where anything was written."""
        try:
            await asyncio.to_thread(self._look)
        except Exception as error:
            self._complain(error)
            return
        self._is_told = False
        self._take_up()

    def _take_up(self) -> None:
        found = self._found
        self.now = replace(found, acknowledged=found.acknowledged | self._own)

    def _complain(self, error: Exception) -> None:
        if not self._is_told:
            self._is_told = True
            self._fault(error)

    def _look(self) -> None:
        """What the record says, where anything was written since; one reading at a time, so that the newest holds."""
        with self._reading:
            stamps = _stamps(self._data)
            if stamps == self._stamps:
                return
            with open_reader(self._data, with_waiting=True) as reader:
                deeds = reader.mark_of_deeds()
                if deeds != self._deeds:
                    self._found = read_standing(reader, datetime.now(UTC))
            self._stamps, self._deeds = stamps, deeds


def _stamps(data: Path) -> _Stamps:
    """Every file that deeds may stand in, with its time and size."""
    paths = [data / FILE, data / f"{FILE}-wal", *(data / FOLDER).glob("*.journal")]
    stamps: set[tuple[str, int, int]] = set()
    for path in paths:
        with contextlib.suppress(OSError):
            stat = path.stat()
            stamps.add((path.name, stat.st_mtime_ns, stat.st_size))
    return frozenset(stamps)
