"""What comes in over a socket is handed on as it comes: nothing is lost, doubled or out of order, on both event loops."""

import asyncio
import hashlib
import socket
from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from schoolgate.proxy.insides.directly import hand_over

LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop, uvloop.new_event_loop]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter, socket.socket]


async def connected() -> Streams:
    """A reader and a writer, and the other end."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=ours)
    return reader, writer, theirs


def run(loop: Callable[[], asyncio.AbstractEventLoop], talk: Callable[[Streams], Any]) -> Any:
    async def main() -> Any:
        streams = await connected()
        try:
            return await asyncio.wait_for(talk(streams), 40)
        finally:
            streams[1].close()
            streams[2].close()

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main())


@pytest.mark.parametrize("loop", LOOPS)
def test_all_comes_once_and_in_order_and_so_does_the_end(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    data = bytes(range(256)) * 8000

    async def talk(streams: Streams) -> bytes:
        reader, writer, theirs = streams
        running = asyncio.get_running_loop()
        sending = running.create_task(running.sock_sendall(theirs, data))
        while len(reader._buffer) < 200_000:  # type: ignore[attr-defined]  # it has stopped to read by itself
            await asyncio.sleep(0.01)
        got = list[bytes]()
        ended = hand_over(reader, writer, got.append)
        assert ended is not None
        await sending
        theirs.shutdown(socket.SHUT_WR)
        await ended
        return b"".join(got)

    assert hashlib.sha256(run(loop, talk)).digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("loop", LOOPS)
def test_what_ended_before_ends_now(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def talk(streams: Streams) -> list[bytes]:
        reader, writer, theirs = streams
        theirs.send(b"last words")
        theirs.shutdown(socket.SHUT_WR)
        while not reader._eof:  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)
        got = list[bytes]()
        ended = hand_over(reader, writer, got.append)
        assert ended is not None
        await ended
        writer.write(b"answer")  # half of the connection is still open
        await writer.drain()
        assert await asyncio.get_running_loop().sock_recv(theirs, 100) == b"answer"
        return got

    assert run(loop, talk) == [b"last words"]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_writer_waits_for_whom_does_not_read(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def talk(streams: Streams) -> int:
        reader, writer, theirs = streams
        assert hand_over(reader, writer, bytes) is not None
        writer.write(bytes(3_000_000))
        draining = asyncio.get_running_loop().create_task(writer.drain())
        await asyncio.sleep(0.1)
        assert not draining.done()
        read = 0
        while read < 3_000_000:
            read += len(await asyncio.get_running_loop().sock_recv(theirs, 1_000_000))
        await draining
        return read

    assert run(loop, talk) == 3_000_000


@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_that_breaks_ends(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def talk(streams: Streams) -> bool:
        reader, writer, _ = streams
        ended = hand_over(reader, writer, bytes)
        assert ended is not None
        writer.transport.abort()
        await ended
        with pytest.raises(ConnectionError):
            await writer.drain()
        assert writer.is_closing()
        return True

    assert run(loop, talk)


def test_what_is_not_known_is_left_alone() -> None:
    async def talk(streams: Streams) -> bytes:
        reader, writer, theirs = streams
        assert hand_over(object(), writer, bytes) is None
        assert hand_over(reader, object(), bytes) is None
        theirs.send(b"a")
        return await reader.read(10)

    assert run(asyncio.new_event_loop, talk) == b"a"
