"""Where workers listen: every device stays with one worker, by its address alone."""

import asyncio
import socket
import struct
from collections import Counter
from ipaddress import ip_address
from pathlib import Path

import pytest
from pretend.school import free_port
from schoolgate.proxy.doors import BACKLOG, Doors, doors_of, open_doors, worker_of
from schoolgate.proxy.loop import open_loop
from schoolgate.proxy.own import has_ipv6
from schoolgate.settings.school_models import ListenOn


def listening(proxy: list[tuple[str, int]], **rest: int) -> ListenOn:
    """As config/school.yaml has it."""
    words = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in proxy]
    return ListenOn.model_validate({"proxy": words, **rest})


def arrived(doors: Doors, place: tuple[str, int]) -> int:
    """The worker at whose socket the one connection waits."""
    for number, opened in doors.items():
        try:
            opened[place].accept()[0].close()
        except BlockingIOError:
            continue
        return number
    return 0


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_the_kernel_sends_every_device_to_one_worker(workers: int) -> None:
    port = free_port()
    doors = open_doors(listening([("127.0.0.1", port)]), workers)
    for last in (2, 3, 4, 5, 77, 254):
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port), 10, source_address=(f"127.0.0.{last}", 0)):
                assert arrived(doors, ("127.0.0.1", port)) == worker_of(f"127.0.0.{last}", workers)


def test_so_it_does_over_ipv6() -> None:
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    port = free_port()
    doors = open_doors(listening([("::1", port)]), 3)
    for _ in range(3):
        with socket.create_connection(("::1", port), 10):
            assert arrived(doors, ("::1", port)) == worker_of("::1", 3)


@pytest.mark.parametrize("first", ["10.20.0.1", "fd00:20::1"])
def test_neighbours_are_spread_evenly(first: str) -> None:
    start = ip_address(first)
    counts = Counter(worker_of(str(start + n), 4) for n in range(400))
    assert len(counts) == 4
    assert max(counts.values()) < 140


def test_a_connection_waits_while_nobody_is_at_work() -> None:
    port = free_port()
    doors = open_doors(listening([("127.0.0.1", port)]), 1)
    copy = doors[1]["127.0.0.1", port].dup()
    copy.close()  # what a worker that ends does
    with socket.create_connection(("127.0.0.1", port), 10):
        assert arrived(doors, ("127.0.0.1", port)) == 1


def test_only_several_workers_have_ports_of_their_own_and_one_answers_names() -> None:
    listen = listening([("0.0.0.0", 8080)], transparent=8480, dns=5353)
    alone = {(door.mode, door.port) for door in doors_of(listen, 1, 1)}
    assert alone == {("regular", 8080), ("transparent", 8480), ("dns", 5353)}
    second = {(door.mode, door.port) for door in doors_of(listen, 2, 2)}
    assert second == {("regular", 8080), ("transparent", 8480), ("transparent", 8482), ("regular", 8546)}
    assert {8480, 8482, 8546} <= listen.ports()


def test_a_port_that_is_taken_leaves_nothing_open() -> None:
    port, taken = free_port(), free_port()
    with socket.create_server(("127.0.0.1", taken)):
        with pytest.raises(OSError, match=f"127.0.0.1:{taken}"):
            open_doors(listening([("127.0.0.1", port), ("127.0.0.1", taken)]), 2)
        socket.create_server(("127.0.0.1", port), reuse_port=False).close()


def test_hundreds_may_wait_at_a_door_at_once() -> None:
    """At the beginning of a lesson every device comes; asyncio would have let 100 wait, and the others tried in vain."""
    place = "127.0.0.1", free_port()
    doors = open_doors(listening([place]), 1)[1]

    async def waiting() -> int:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(asyncio.Protocol, *place)
        told = server.sockets[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        server.close()
        return int(struct.unpack_from("I", told, 28)[0])  # of a listening socket: how many may wait (linux/tcp.h)

    with asyncio.Runner(loop_factory=lambda: open_loop(doors)) as runner:
        most = runner.run(waiting())
    assert most == min(BACKLOG, int(Path("/proc/sys/net/core/somaxconn").read_text()))
