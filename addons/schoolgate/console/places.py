"""Places for forms that come with files: each takes memory while it is read, so only so many are read at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

MOST, EACH = 4, 2
"""Forms at once, of everybody and of one person: nobody whose line is slow, or who means ill, takes every place."""
PATIENCE = 10.0
"""Seconds that a form waits for a place."""


class NoPlace(Exception):
    """No place became free in time."""


@dataclass(slots=True)
class Places:
    """A form takes a place before it is read, and gives it back when its screen has returned."""

    patience: float = PATIENCE
    _taken: list[str] = field(default_factory=list[str])
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def take(self, person: str) -> AsyncIterator[None]:
        """A place for a form of this person. Raises NoPlace."""
        try:
            async with asyncio.timeout(self.patience), self._changed:
                await self._changed.wait_for(lambda: self._is_free(person))
                self._taken.append(person)
        except TimeoutError:
            raise NoPlace from None
        try:
            yield
        finally:
            self._taken.remove(person)
            async with self._changed:
                self._changed.notify_all()

    def _is_free(self, person: str) -> bool:
        return len(self._taken) < MOST and self._taken.count(person) < EACH
