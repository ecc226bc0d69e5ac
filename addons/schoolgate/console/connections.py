"""Connections to the console: one on which nothing new is asked is closed after a while, and keeps nobody else out."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


class Hurried(H11Protocol):
    """uvicorn's own, which waits for the end of a request's head without any limit."""

    patience = 30.0
    """Seconds within which the next request has to begin; how long its form may take is the door's to say."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take it up, and look at it from time to time."""
        super().connection_made(transport)
        self.loop.call_later(self.patience, self._look, None)

    def _look(self, before: object) -> None:
        """Close it where nothing is being answered, and nothing was since the look before this one."""
        if self.transport.is_closing():
            return
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self.cycle is before:
            self.transport.abort()
        else:
            self.loop.call_later(self.patience, self._look, self.cycle)
