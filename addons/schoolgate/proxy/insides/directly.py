"""What comes in over a socket is handed on in the moment it comes; no task is woken to read it."""

import asyncio
from asyncio import StreamReader, StreamReaderProtocol, StreamWriter
from collections.abc import Callable
from typing import Any

_PARTS = ("_buffer", "_eof", "_exception", "_paused")


class Directly(asyncio.Protocol):
    """Takes the place of asyncio's stream reader at a transport; what it is told of writing goes on to the writer."""

    def __init__(
        self, stream: StreamReaderProtocol, ended: asyncio.Future[None], take: Callable[[bytes], None]
    ) -> None:
        self._stream, self._ended = stream, ended
        self.data_received = take  # type: ignore[method-assign,assignment]  # a call less for each piece

    def eof_received(self) -> bool | None:
        """Nothing more comes; something may still be sent."""
        self._end()
        return self._stream.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing comes and nothing goes any more."""
        self._end()
        self._stream.connection_lost(exc)

    def pause_writing(self) -> None:
        """The other side does not read as fast as we write."""
        self._stream.pause_writing()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._stream.resume_writing()

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)


def hand_over(reader: Any, writer: Any, take: Callable[[bytes], None]) -> asyncio.Future[None] | None:
    """Have ``take`` called with every piece from now on, first of all with what lies there already.

    What is returned is done once nothing more comes. None where these are not the streams that are known here; they are
    left as they are then, and are to be read in the ordinary way.
    """
    if type(reader) is not StreamReader or type(writer) is not StreamWriter:
        return None
    transport, held = writer.transport, vars(reader)
    stream = transport.get_protocol()
    if type(stream) is not StreamReaderProtocol or not all(part in held for part in _PARTS):
        return None
    ended = asyncio.get_running_loop().create_future()
    transport.set_protocol(Directly(stream, ended, take))
    if held["_paused"]:
        held["_paused"] = False
        transport.resume_reading()  # type: ignore[attr-defined]
    data: bytes = bytes(held["_buffer"])
    held["_buffer"].clear()
    if data:
        take(data)  # after which it may be paused again
    if (held["_eof"] or held["_exception"]) and not ended.done():
        ended.set_result(None)
    return ended
