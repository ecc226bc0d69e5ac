"""What a worker looks at again and again, off the road of requests, from its beginning to its end."""

import asyncio
import contextlib
from abc import ABC, abstractmethod


class Rounds(ABC):
    """A duty of mitmproxy's that makes a round every so many ``seconds``; a round never raises."""

    seconds: float
    _task: asyncio.Task[None] | None = None

    def running(self) -> None:
        """The gateway is up."""
        self._task = asyncio.get_running_loop().create_task(self._go_round())

    async def done(self) -> None:
        """The gateway ends."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @abstractmethod
    async def round(self) -> None:
        """Look once; what goes wrong is told, not raised."""

    async def _go_round(self) -> None:
        while True:
            await asyncio.sleep(self.seconds)
            await self.round()
