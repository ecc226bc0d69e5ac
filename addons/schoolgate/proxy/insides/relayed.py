"""What nobody looks into goes from socket to socket, as fast as both sides take it, until both have said all."""

import asyncio
from collections.abc import Callable
from typing import Any


class End(asyncio.Protocol):
    """One end of two; what comes in here goes out there. Either may end what it says while the other still speaks."""

    __slots__ = ("_loop", "_transport", "closed", "ended", "gone", "heard", "other")

    def __init__(self, closed: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self.other: End | None = None
        self.closed = closed  # is called once, when this end is gone
        self.ended = self.gone = False
        self.heard = self._loop.time()  # when something came last

    def connection_made(self, transport: Any) -> None:
        """This end is open."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Send it on."""
        self.heard = self._loop.time()
        if self.other is not None:
            self.other.send(data)

    def eof_received(self) -> bool:
        """Nothing more comes from here, and the other end hears of it; this one may still be sent something."""
        self.ended = True
        if self.other is None:
            return False
        self.other.end()
        return not self.other.ended

    def pause_writing(self) -> None:
        """This end takes no more for now, so the other is not read."""
        if self.other is not None:
            self.other.hold()

    def resume_writing(self) -> None:
        """It has caught up."""
        if self.other is not None:
            self.other.go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """This end is gone; the other is sent what has come for it, and goes, too."""
        self.gone = True
        if self.other is not None:
            self.other.close()
        self.closed()

    def send(self, data: bytes) -> None:
        """Say this to whoever is at this end."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def end(self) -> None:
        """Nothing more is to be said here."""
        if self.ended:
            self.close()
        elif not self._transport.is_closing():
            self._transport.write_eof()

    def hold(self) -> None:
        """Read nothing for now."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        """Hang up, once what was said is sent."""
        self._transport.close()

    def abort(self) -> None:
        """Hang up at once."""
        self._transport.abort()


class Relay:
    """Two ends that are joined; after ``idle`` seconds of silence both end.

    ``over`` is called once both are gone. Where one was gone before, the other goes, too.
    """

    __slots__ = ("_idle", "_loop", "_open", "_over", "_timer", "ends")

    def __init__(self, near: End, far: End, idle: float, over: Callable[[], None]) -> None:
        self.ends = near, far
        near.other, far.other = far, near
        near.closed = far.closed = self._closed
        self._idle, self._over, self._loop = idle, over, asyncio.get_running_loop()
        self._open = sum(not end.gone for end in self.ends)
        self._timer = self._loop.call_later(idle if self._open == len(self.ends) else 0, self._look)

    def _look(self) -> None:
        """End it where it is idle; else look again when it may be."""
        quiet = self._loop.time() - max(end.heard for end in self.ends)
        if quiet < self._idle and not any(end.gone for end in self.ends):
            self._timer = self._loop.call_later(self._idle - quiet, self._look)
            return
        for end in self.ends:
            end.abort()

    def _closed(self) -> None:
        self._open -= 1
        if not self._open:
            self._timer.cancel()
            near, far = self.ends
            near.other = far.other = None
            self._over()
