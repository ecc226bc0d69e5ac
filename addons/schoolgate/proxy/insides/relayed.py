"""What nobody looks into goes from socket to socket, as fast as both sides take it, until both have said all."""

import asyncio
from collections.abc import Callable
from typing import Any

PARTING = 30.0
"""Seconds of silence after which a connection ends of which one side has said all, or is gone."""
_MOST_GATHERED = 1 << 16  # bytes that wait for the other end; nothing more is read before it is there


class End(asyncio.Protocol):
    """One end of two; what comes in here goes out there. Either may end what it says while the other still speaks."""

    __slots__ = ("_gathered", "_is_held", "_loop", "_other", "_relay", "_transport", "ended", "gone", "heard")

    def __init__(self, relay: "Relay", first: bytes = b"") -> None:
        self._loop = asyncio.get_running_loop()
        self._relay: Relay | None = relay
        self._other: End | None = None
        self._transport: Any = None
        self._gathered, self._is_held = first, False
        self.ended = self.gone = False
        self.heard = self._loop.time()  # when something came last

    @property
    def unsent(self) -> int:
        """Bytes that whoever is at this end has not taken yet."""
        return 0 if self.gone else int(self._transport.get_write_buffer_size())

    def connection_made(self, transport: Any) -> None:
        """This end is open."""
        self._transport = transport
        if self._relay is not None:
            self._relay.opened(self)

    def data_received(self, data: bytes) -> None:
        """Send it on, or keep it for the other end to come."""
        self.heard = self._loop.time()
        if self._other is not None:
            self._other.send(data)
            return
        self._gathered += data
        if len(self._gathered) > _MOST_GATHERED:
            self._is_held = True
            self.hold()

    def eof_received(self) -> bool:
        """Nothing more comes from here, and the other end hears of it; this one may still be sent something."""
        self.ended = True
        if self._other is None or self._relay is None:
            return False
        self._other.end()
        self._relay.parts()
        return not self._other.ended

    def pause_writing(self) -> None:
        """This end takes no more for now, so the other is not read."""
        if self._other is not None:
            self._other.hold()

    def resume_writing(self) -> None:
        """It has caught up."""
        if self._other is not None:
            self._other.go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """This end is gone; the other is sent what has come for it, and goes, too."""
        self.gone = True
        if self._other is not None:
            self._other.close()
        if self._relay is not None:
            self._relay.closed()

    def join(self, other: "End") -> None:
        """From now on, all that comes goes there."""
        self._other = other
        gathered, self._gathered = self._gathered, b""
        if self._is_held:
            self.go_on()
        if gathered:
            other.send(gathered)  # last: it may be more than is taken at once

    def leave(self) -> None:
        """It is over: nothing here refers to anything any more."""
        self._other = self._relay = None

    def send(self, data: bytes) -> None:
        """Say this to whoever is at this end."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def end(self) -> None:
        """Nothing more is to be said here."""
        if self.ended:
            self.close()
        elif not self._transport.is_closing():
            try:
                self._transport.write_eof()
            except OSError:  # it was reset, and nobody has read that yet
                self._transport.abort()

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
    """A device's connection, and the site's once it is there.

    ``joined`` is called when it is, ``lost`` when the device is gone before, and ``over`` when both are gone. After
    ``idle`` seconds in which nobody says anything, or takes any of what is to be sent, both end.
    """

    __slots__ = ("_ends", "_idle", "_joined", "_loop", "_lost", "_over", "_timer", "_unsent", "near")

    def __init__(
        self,
        transport: Any,
        first: bytes,
        idle: float,
        *,
        joined: Callable[[], None],
        lost: Callable[[], object],
        over: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._joined, self._lost, self._over, self._idle = joined, lost, over, idle
        self._ends: tuple[End, ...] = ()
        self._timer: asyncio.TimerHandle | None = None
        self._unsent: int | None = None
        self.near = End(self, first)
        transport.set_protocol(self.near)
        self.near.connection_made(transport)

    def far(self) -> End:
        """The site's end, for whoever opens a connection to it."""
        return End(self)

    def opened(self, end: End) -> None:
        """One of them is there."""
        if not self._ends:
            self._ends = (end,)
            return
        near, far = self._ends[0], end
        if near.gone:
            far.leave()
            far.abort()
            return
        self._ends = near, far
        self._joined()
        far.join(near)
        near.join(far)
        self._timer = self._loop.call_later(self._idle, self._look)

    def parts(self) -> None:
        """One side has said all, or is gone: the other is waited for, but not for long."""
        if self._timer is not None:
            self._timer.cancel()
        self._unsent = None
        self._timer = self._loop.call_later(PARTING, self._look)

    def closed(self) -> None:
        """One of them is gone."""
        if not all(end.gone for end in self._ends):
            self.parts()
            return
        if self._timer is not None:
            self._timer.cancel()
        over = self._over if len(self._ends) > 1 else self._lost
        for end in self._ends:
            end.leave()
        self._joined = self._lost = self._over = _nothing  # no rings are left for the garbage collector
        self._timer = None
        over()

    def _look(self) -> None:
        """End it where nothing is said and nothing taken; else look again when that may be."""
        limit = PARTING if any(end.ended or end.gone for end in self._ends) else self._idle
        quiet = self._loop.time() - max(end.heard for end in self._ends)
        if quiet < limit:
            self._unsent = None
            self._timer = self._loop.call_later(limit - quiet, self._look)
            return
        unsent = sum(end.unsent for end in self._ends)
        takes = unsent > 0 and (self._unsent is None or unsent < self._unsent)
        self._unsent = unsent
        if takes:
            self._timer = self._loop.call_later(PARTING, self._look)
            return
        for end in self._ends:
            if not end.gone:
                end.abort()


def _nothing() -> None:
    """Nobody is told any more."""
