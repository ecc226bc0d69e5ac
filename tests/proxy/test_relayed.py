"""Two sockets that are joined: all that is said arrives, in order and to its end, and no more of it is held than needed."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import uvloop
from schoolgate.proxy.insides.relayed import End, Relay

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
both_loops = pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
MOST_HELD = 4 * 1024 * 1024  # in all buffers of the kernel and of the loop between two sockets


@dataclass
class Joined:
    """The outer sockets of a relay, and how often it said that it was over."""

    near: socket.socket
    far: socket.socket
    relay: Relay
    overs: list[bool] = field(default_factory=list)


@asynccontextmanager
async def joined(idle: float = 60.0) -> AsyncIterator[Joined]:
    loop, overs = asyncio.get_running_loop(), list[bool]()
    pairs = [socket.socketpair() for _ in range(2)]
    ends = list[End]()
    for outer, inner in pairs:
        outer.setblocking(False)
        _, end = await loop.connect_accepted_socket(lambda: End(lambda: None), inner)
        ends.append(end)
    made = Joined(pairs[0][0], pairs[1][0], Relay(*ends, idle, lambda: overs.append(True)), overs)
    try:
        yield made
    finally:
        for outer, _ in pairs:
            outer.close()


async def heard_to_the_end(line: socket.socket) -> bytes:
    loop, whole = asyncio.get_running_loop(), bytearray()
    while data := await loop.sock_recv(line, 1 << 16):
        whole += data
    return bytes(whole)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(40):
        while not holds():
            await asyncio.sleep(0.01)


def run(loop: Callable[[], asyncio.AbstractEventLoop], main: Callable[[], object]) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())  # type: ignore[arg-type]


@both_loops
def test_all_that_is_said_arrives_both_ways_at_once_and_the_end_is_heard(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def main() -> None:
        async with joined() as line, asyncio.timeout(40):
            one, two = bytes(range(256)) * 20_000, b"two" * 2_000_000
            saying = asyncio.get_running_loop().sock_sendall
            says = [asyncio.create_task(saying(line.near, one)), asyncio.create_task(saying(line.far, two))]
            heard = [asyncio.create_task(heard_to_the_end(each)) for each in (line.far, line.near)]
            await asyncio.gather(*says)
            line.near.shutdown(socket.SHUT_WR)
            assert await heard[0] == one
            line.far.shutdown(socket.SHUT_WR)
            assert await heard[1] == two
            await until(lambda: line.overs)

    run(loop, main)


@both_loops
def test_whoever_has_said_all_is_still_answered(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def main() -> None:
        async with joined() as line, asyncio.timeout(40):
            await asyncio.get_running_loop().sock_sendall(line.near, b"question")
            line.near.shutdown(socket.SHUT_WR)
            assert await heard_to_the_end(line.far) == b"question"
            await asyncio.get_running_loop().sock_sendall(line.far, b"answer" * 100_000)
            line.far.close()
            assert await heard_to_the_end(line.near) == b"answer" * 100_000
            await until(lambda: line.overs)
            assert line.overs == [True]

    run(loop, main)


@both_loops
def test_nothing_is_gathered_for_an_end_that_does_not_read(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def main() -> None:
        async with joined() as line:
            sent = 0
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.5):
                    while sent < 64 * 1024 * 1024:
                        await asyncio.get_running_loop().sock_sendall(line.near, bytes(65536))
                        sent += 65536
            assert sent < MOST_HELD
            line.near.close()
            async with asyncio.timeout(40):
                assert len(await heard_to_the_end(line.far)) >= sent  # the rest comes all the same

    run(loop, main)


@both_loops
def test_what_is_silent_on_both_sides_ends_and_what_speaks_does_not(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def main() -> None:
        async with joined(idle=0.6) as line, asyncio.timeout(40):
            for _ in range(6):
                await asyncio.sleep(0.2)
                await asyncio.get_running_loop().sock_sendall(line.far, b".")
            assert not line.overs
            assert await heard_to_the_end(line.near) == b"......"
            assert await heard_to_the_end(line.far) == b""
            await until(lambda: line.overs)

    run(loop, main)


@both_loops
def test_an_end_that_breaks_off_takes_the_other_with_it(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def main() -> None:
        async with joined() as line, asyncio.timeout(40):
            await asyncio.get_running_loop().sock_sendall(line.far, bytes(1000))  # which the other never reads
            line.near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
            await asyncio.sleep(0.1)
            line.near.close()
            await until(lambda: line.overs or line.far.fileno() < 0)
            await heard_to_the_end(line.far)
            await until(lambda: line.overs)
            assert line.overs == [True]

    run(loop, main)
