"""The listening sockets of the workers: one process holds them all, so no device is refused while a worker is replaced.

The supervisor opens every socket once and hands it to whichever process works at that place. A connection that arrives
while nobody is at work there waits in the kernel. Several workers share a port by SO_REUSEPORT; which of them a
connection goes to is told by a small program in the kernel, from the device's address alone, so each
device stays with one worker. On a gateway nftables has chosen before (``gateway/redirect.py``), by ports of their own.
"""

import ctypes
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import ip_address

from schoolgate.proxy.own import has_ipv6
from schoolgate.settings.school_models import ListenOn

type Doors = Mapping[int, Mapping[tuple[str, int], socket.socket]]
"""The sockets of each worker, by its number from 1 on and by what they are bound to."""
BACKLOG = 4096
"""Connections that may wait to be taken: a lesson's beginning brings hundreds at once; the kernel may allow fewer."""
_ATTACH_PROGRAM = getattr(socket, "SO_ATTACH_REUSEPORT_CBPF", 51)  # asm-generic/socket.h
_OF_NETWORK_HEADER = 0xFFF00000  # SKF_NET_OFF of linux/filter.h
_SOURCE = {4: (12,), 6: (8, 12, 16, 20)}  # where the source address stands in a header of IP
_LOAD, _TO_X, _XOR_X, _TIMES, _SHIFT, _MODULO, _RETURN = 0x20, 0x07, 0xAC, 0x24, 0x74, 0x94, 0x16  # linux/bpf_common.h
_SPREAD = 0x9E3779B1  # 2^32 divided by the golden ratio (Knuth): neighbours of an address go elsewhere


@dataclass(frozen=True, slots=True)
class Door:
    """One thing that is opened: how mitmproxy calls what is spoken there, and where."""

    mode: str
    host: str
    port: int

    @property
    def spec(self) -> str:
        """In mitmproxy's words."""
        return f"{self.mode}@{self.host}:{self.port}"


def doors_of(listen: ListenOn, number: int, workers: int) -> tuple[Door, ...]:
    """What worker ``number`` of so many opens: what it shares with the others, and its own."""
    everywhere = ("0.0.0.0", "::") if has_ipv6() else ("0.0.0.0",)
    found = [Door("regular", host, port) for named, port in listen.proxy for host in _hosts(named)]
    if listen.transparent is not None:
        found += [Door("transparent", host, listen.transparent) for host in everywhere]
    if listen.transparent is not None and workers > 1:
        found += [Door("transparent", host, listen.own_transparent(number)) for host in everywhere]
        found += [Door("regular", host, listen.own_proxy(number)) for host in everywhere]
    if listen.dns is not None and number == 1:  # UDP cannot be shared as TCP can
        found += [Door("dns", host, listen.dns) for host in everywhere]
    return tuple(found)


def open_doors(listen: ListenOn, workers: int) -> dict[int, dict[tuple[str, int], socket.socket]]:
    """Open every TCP socket of all workers. Raises OSError, and then nothing is left open."""
    opened: dict[int, dict[tuple[str, int], socket.socket]] = {}
    with ExitStack() as held:
        for number in range(1, workers + 1):
            opened[number] = {}
            for door in doors_of(listen, number, workers):
                place = (door.host, door.port)
                opened[number][place] = held.enter_context(_listening(*place))
        if workers > 1:
            for place, first in opened[1].items():
                if all(place in theirs for theirs in opened.values()):
                    _keep_devices_together(first, workers)
        held.pop_all()
    return opened


def worker_of(address: str, workers: int) -> int:
    """The number of the worker that a device with this address comes to where the kernel chooses (not nftables)."""
    packed = ip_address(address).packed
    mixed = 0
    for (word,) in struct.iter_unpack(">I", packed):
        mixed ^= word
    return (((mixed * _SPREAD) & 0xFFFFFFFF) >> 16) % workers + 1


def _hosts(named: str) -> tuple[str, ...]:
    if named != "localhost":
        return (named,)
    return ("127.0.0.1", "::1") if has_ipv6() else ("127.0.0.1",)


def _listening(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)
        made.bind((host, port))
        made.listen(BACKLOG)  # in the order of the workers: so the kernel counts them
    except OSError as error:
        made.close()
        raise OSError(error.errno, f"{host}:{port} cannot be opened: {error.strerror}") from error
    return made


def _keep_devices_together(first: socket.socket, workers: int) -> None:
    """Give the kernel the program for all sockets that share a place with this one."""
    program = list(_choice(6 if first.family == socket.AF_INET6 else 4, workers))
    code = b"".join(struct.pack("=HBBI", *step) for step in program)
    kept = ctypes.create_string_buffer(code)
    filled = struct.pack("@HP", len(program), ctypes.addressof(kept))
    first.setsockopt(socket.SOL_SOCKET, _ATTACH_PROGRAM, filled)


def _choice(version: int, workers: int) -> Iterator[tuple[int, int, int, int]]:
    """Classic BPF (code, jump if true, jump if false, operand): ``worker_of`` in the kernel, counted from 0."""
    start, *more = _SOURCE[version]
    yield _LOAD, 0, 0, _OF_NETWORK_HEADER + start
    for place in more:
        yield _TO_X, 0, 0, 0
        yield _LOAD, 0, 0, _OF_NETWORK_HEADER + place
        yield _XOR_X, 0, 0, 0
    yield _TIMES, 0, 0, _SPREAD
    yield _SHIFT, 0, 0, 16
    yield _MODULO, 0, 0, workers
    yield _RETURN, 0, 0, 0
