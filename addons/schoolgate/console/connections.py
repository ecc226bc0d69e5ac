"""Connections to the console: an idle one is closed after a while, and no device takes so many that others stay out."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from schoolgate.console.entry import network_of

_HERE = ("", "127.0.0.1", network_of("::1"))
"""This machine, and what has no address."""


class Hurried(H11Protocol):
    """uvicorn's own, which waits for the end of a request's head without any limit."""

    patience = 30.0
    """Seconds within which the next request has to begin; how long its form may take is the door's to say."""

    most = 40
    """Connections of one device at once; a web server on this machine speaks for many and has as many as there are."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take it up, and look at it from time to time."""
        super().connection_made(transport)
        others = [each for each in self.connections if isinstance(each, Hurried) and each._device() == self._device()]
        if self._device() not in _HERE and len(others) > self.most:
            transport.abort()
            return
        self.loop.call_later(self.patience, self._look, None)

    def _device(self) -> str:
        return network_of(self.client[0]) if self.client else ""

    def _look(self, before: object) -> None:
        """Close it where nothing is being answered, and nothing was since the look before this one."""
        if self.transport.is_closing():
            return
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self.cycle is before:
            self.transport.abort()
        else:
            self.loop.call_later(self.patience, self._look, self.cycle)
