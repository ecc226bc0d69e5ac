"""Asks the kernel which MAC it talks to at one address, at this very moment (rtnetlink(7)): some 50 microseconds.

Who has a TCP connection with this machine has answered from that MAC, so it is surely theirs.
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress

from schoolgate.policy.whereabouts import Address, mac_address

_GET_ROUTE, _GET_NEIGHBOUR = 26, 30
_ROUTE, _NEIGHBOUR = 24, 28  # what the kernel answers with
_TO, _OUT, _VIA, _MAC = 1, 4, 5, 2  # RTA_DST and NDA_DST, RTA_OIF, RTA_GATEWAY, NDA_LLADDR
_HEAD, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=HH")
_OF_ROUTE, _OF_NEIGHBOUR = struct.Struct("=BBBBBBBBI"), struct.Struct("=BBHiHBB")
_REQUEST = 1


def mac_of(address: Address) -> str:
    """The MAC of an address; "" where it is behind a router, this machine's own, or not known. Never raises."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    to = _attribute(_TO, address.packed)
    with suppress(OSError, struct.error), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as kernel:
        kernel.settimeout(1)
        kernel.bind((0, 0))
        length = len(address.packed) * 8
        asked = _OF_ROUTE.pack(family, length, 0, 0, 0, 0, 0, 0, 0) + to
        route = dict(_ask(kernel, _GET_ROUTE, asked, _ROUTE, _OF_ROUTE.size))
        if _OUT not in route or _VIA in route:
            return ""
        (device,) = struct.unpack("=i", route[_OUT])
        asked = _OF_NEIGHBOUR.pack(family, 0, 0, device, 0, 0, 0) + to
        found = dict(_ask(kernel, _GET_NEIGHBOUR, asked, _NEIGHBOUR, _OF_NEIGHBOUR.size)).get(_MAC, b"")
        return mac_address(found.hex()) or "" if len(found) == 6 else ""
    return ""


def _ask(kernel: socket.socket, what: int, asked: bytes, expected: int, head: int) -> Iterator[tuple[int, bytes]]:
    """The attributes of the kernel's answer; none where it says no."""
    kernel.send(_HEAD.pack(_HEAD.size + len(asked), what, _REQUEST, 1, 0) + asked)
    answer = kernel.recv(65536)
    length, kind, *_ = _HEAD.unpack_from(answer)
    place = _HEAD.size + head
    while kind == expected and place + _ATTRIBUTE.size <= length:
        size, name = _ATTRIBUTE.unpack_from(answer, place)
        if size < _ATTRIBUTE.size:
            return
        yield name & 0x3FFF, answer[place + _ATTRIBUTE.size : place + size]
        place += size + 3 & ~3


def _attribute(name: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), name) + value
