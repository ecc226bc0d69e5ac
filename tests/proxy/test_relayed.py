"""Two sockets that are joined: all that is said arrives, in order and to its end, and no more of it is held than needed."""

import asyncio
import gc
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop
from schoolgate.proxy.insides import relayed
from schoolgate.proxy.insides.relayed import End, Relay

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
Loop = Callable[[], asyncio.AbstractEventLoop]
both_loops = pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
MOST_HELD = 4 * 1024 * 1024  # in all buffers of the kernel and of the loop between two sockets


@dataclass
class Joined:
    """The outer sockets of a relay, and what it told."""

    near: socket.socket
    far: socket.socket
    told: list[str] = field(default_factory=list)


async def accept(protocol: Callable[[], asyncio.BaseProtocol]) -> tuple[socket.socket, asyncio.BaseTransport]:
    """A connection with that protocol at one end; the other end, and the transport."""
    outer, inner = socket.socketpair()
    outer.setblocking(False)
    transport, _ = await asyncio.get_running_loop().connect_accepted_socket(protocol, inner)
    return outer, transport


@asynccontextmanager
async def joined(idle: float = 60.0, first: bytes = b"", before: bytes = b"") -> AsyncIterator[Joined]:
    """``first`` the device has said already, ``before`` the site says as soon as it is there."""
    told = list[str]()
    near, transport = await accept(asyncio.Protocol)
    relay = Relay(
        transport,
        first,
        idle,
        joined=lambda: told.append("joined"),
        lost=lambda: told.append("lost"),
        over=lambda: told.append("over"),
    )
    outer, inner = socket.socketpair()
    outer.setblocking(False)
    outer.send(before) if before else None
    await asyncio.get_running_loop().connect_accepted_socket(relay.far, inner)
    try:
        yield Joined(near, outer, told)
    finally:
        near.close()
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


async def filled(line: socket.socket, seconds: float = 1.5) -> int:
    """Say as much as is taken in so many seconds; how much that was."""
    sent = 0
    try:
        async with asyncio.timeout(seconds):
            while sent < 64 * 1024 * 1024:
                await asyncio.get_running_loop().sock_sendall(line, bytes(65536))
                sent += 65536
    except TimeoutError:
        return sent
    return sent


def say(line: socket.socket, data: bytes) -> Coroutine[Any, Any, None]:
    return asyncio.get_running_loop().sock_sendall(line, data)


def run(loop: Loop, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())


@both_loops
def test_all_that_is_said_arrives_both_ways_at_once_and_the_end_is_heard(loop: Loop) -> None:
    async def main() -> None:
        async with joined() as line, asyncio.timeout(40):
            one, two = bytes(range(256)) * 20_000, b"two" * 2_000_000
            says = [asyncio.create_task(say(line.near, one)), asyncio.create_task(say(line.far, two))]
            heard = [asyncio.create_task(heard_to_the_end(each)) for each in (line.far, line.near)]
            await asyncio.gather(*says)
            line.near.shutdown(socket.SHUT_WR)
            assert await heard[0] == one
            line.far.shutdown(socket.SHUT_WR)
            assert await heard[1] == two
            await until(lambda: "over" in line.told)
            assert line.told == ["joined", "over"]

    run(loop, main)


@both_loops
def test_whoever_has_said_all_is_still_answered(loop: Loop) -> None:
    async def main() -> None:
        async with joined() as line, asyncio.timeout(40):
            await say(line.near, b"question")
            line.near.shutdown(socket.SHUT_WR)
            assert await heard_to_the_end(line.far) == b"question"
            await say(line.far, b"answer" * 100_000)
            line.far.close()
            assert await heard_to_the_end(line.near) == b"answer" * 100_000
            await until(lambda: line.told == ["joined", "over"])

    run(loop, main)


@both_loops
def test_what_was_said_before_they_were_joined_comes_first(loop: Loop) -> None:
    async def main() -> None:
        for _ in range(30):
            async with joined(first=b"hello, ", before=b"greeting, ") as line, asyncio.timeout(40):
                await say(line.near, b"site")
                await say(line.far, b"device")
                line.near.shutdown(socket.SHUT_WR)
                assert await heard_to_the_end(line.far) == b"hello, site"
                line.far.shutdown(socket.SHUT_WR)
                assert await heard_to_the_end(line.near) == b"greeting, device"

    run(loop, main)


@both_loops
@pytest.mark.parametrize("first", [b"", bytes(1_000_000)], ids=["nothing before", "much before"])
def test_nothing_is_gathered_for_an_end_that_does_not_read(loop: Loop, first: bytes) -> None:
    async def main() -> None:
        async with joined(first=first) as line:
            sent = await filled(line.near)
            assert sent < MOST_HELD
            line.near.close()
            async with asyncio.timeout(40):
                assert len(await heard_to_the_end(line.far)) >= sent + len(first)  # the rest comes all the same

    run(loop, main)


@both_loops
def test_nothing_is_gathered_for_a_site_that_is_not_there_yet(loop: Loop) -> None:
    async def main() -> None:
        told = list[str]()
        near, transport = await accept(asyncio.Protocol)

        def tell() -> None:
            told.append("told")

        relay = Relay(transport, b"first", 60, joined=tell, lost=tell, over=tell)
        assert await filled(near) < MOST_HELD
        outer, inner = socket.socketpair()
        outer.setblocking(False)
        await asyncio.get_running_loop().connect_accepted_socket(relay.far, inner)
        near.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(40):
            assert (await heard_to_the_end(outer)).startswith(b"first\x00")
        near.close()
        outer.close()
        await until(lambda: len(told) == 2)

    run(loop, main)


@both_loops
def test_a_device_that_goes_before_the_site_is_there_is_told_of_once(loop: Loop) -> None:
    async def main() -> None:
        told = list[str]()
        near, transport = await accept(asyncio.Protocol)
        parts = {name: (lambda name=name: told.append(name)) for name in ("joined", "lost", "over")}
        relay = Relay(transport, b"first", 60, **parts)
        near.close()
        await until(lambda: told)
        outer, _ = await accept(relay.far)
        async with asyncio.timeout(40):
            assert await heard_to_the_end(outer) == b""
        assert told == ["lost"]

    run(loop, main)


@both_loops
def test_what_is_silent_on_both_sides_ends_and_what_speaks_does_not(loop: Loop) -> None:
    async def main() -> None:
        async with joined(idle=0.6) as line, asyncio.timeout(40):
            for _ in range(6):
                await asyncio.sleep(0.2)
                await say(line.far, b".")
            assert line.told == ["joined"]
            assert await heard_to_the_end(line.near) == b"......"
            assert await heard_to_the_end(line.far) == b""
            await until(lambda: "over" in line.told)

    run(loop, main)


@both_loops
@pytest.mark.parametrize("who", ["near", "far"])
def test_one_side_that_has_said_all_does_not_keep_the_other_for_long(
    loop: Loop, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relayed, "PARTING", 0.5)

    async def main() -> None:
        async with joined() as line, asyncio.timeout(40):
            getattr(line, who).shutdown(socket.SHUT_WR)
            await until(lambda: "over" in line.told)

    run(loop, main)


@both_loops
def test_an_answer_is_taken_to_its_end_however_slowly_after_its_site_has_gone(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relayed, "PARTING", 0.4)

    async def main() -> None:
        async with joined() as line, asyncio.timeout(40):
            line.near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sending = asyncio.create_task(say(line.far, bytes(1_500_000)))
            heard = 0
            while not sending.done():
                heard += len(await asyncio.get_running_loop().sock_recv(line.near, 1 << 16))
            line.far.close()
            while data := await asyncio.get_running_loop().sock_recv(line.near, 30_000):
                heard += len(data)
                await asyncio.sleep(0.05)
            assert heard == 1_500_000

    run(loop, main)


@both_loops
def test_an_answer_is_taken_to_its_end_though_its_device_has_said_all(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last of it is read just after the time that silence is given has begun."""
    monkeypatch.setattr(relayed, "PARTING", 0.5)

    async def main() -> None:
        async with joined() as line, asyncio.timeout(60):
            line.near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.near.shutdown(socket.SHUT_WR)
            await asyncio.sleep(0.05)
            sending = asyncio.create_task(say(line.far, bytes(1_500_000)))
            heard = 0
            while data := await asyncio.get_running_loop().sock_recv(line.near, 30_000):
                heard += len(data)
                await asyncio.sleep(0.06)
                if sending.done():
                    line.far.close()
            assert heard == 1_500_000

    run(loop, main)


@both_loops
def test_who_takes_nothing_any_more_is_not_waited_for(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relayed, "PARTING", 0.4)

    async def main() -> None:
        async with joined(idle=1.0) as line:
            await filled(line.far, 1)
            line.far.close()
            await until(lambda: "over" in line.told)

    run(loop, main)


@both_loops
def test_an_end_that_breaks_off_takes_the_other_with_it(loop: Loop) -> None:
    async def main() -> None:
        async with joined() as line, asyncio.timeout(40):
            await say(line.far, bytes(1000))  # which the other never reads
            line.near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await asyncio.sleep(0.1)
            line.near.close()
            await heard_to_the_end(line.far)
            await until(lambda: "over" in line.told)
            assert line.told == ["joined", "over"]

    run(loop, main)


@both_loops
def test_nothing_is_left_to_the_garbage_collector(loop: Loop) -> None:
    def kept() -> int:
        return sum(isinstance(each, (End, Relay)) for each in gc.get_objects())

    async def main() -> None:
        before = kept()
        for _ in range(20):
            async with joined(first=b"hello") as line, asyncio.timeout(40):
                line.near.shutdown(socket.SHUT_WR)
                await heard_to_the_end(line.far)
                line.far.shutdown(socket.SHUT_WR)
                await until(lambda line=line: "over" in line.told)
        await asyncio.sleep(0.1)
        assert kept() <= before + 3  # the last one, which this function still knows

    gc.collect()
    gc.disable()
    try:
        run(loop, main)
    finally:
        gc.enable()
