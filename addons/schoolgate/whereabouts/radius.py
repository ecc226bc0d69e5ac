"""RADIUS accounting on the wire (RFC 2866): packets that a client with the shared secret sent, and their answer."""

import hashlib
import hmac
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address

from schoolgate.policy.whereabouts import Address, mac_address

_REQUEST, _RESPONSE = 4, 5
_HEAD = struct.Struct("!BBH16s")
_LONGEST = 4096
_USER, _FRAMED_IP, _STATION, _STATUS, _DELAY, _SESSION, _LASTED = 1, 8, 31, 40, 41, 44, 46
_NAS_IP, _NAS_NAME, _NAS_IPV6 = 4, 32, 95
_MESSAGE_AUTHENTICATOR, _FRAMED_IPV6 = 80, 168  # RFC 3579, RFC 6911


class Status(IntEnum):
    """Acct-Status-Type, as far as it says something of people."""

    START = 1
    STOP = 2
    INTERIM = 3
    ON = 7
    OFF = 8


class BadPacket(ValueError):
    """A packet that is none, or that nobody with the secret has sent."""


@dataclass(frozen=True, slots=True)
class Accounted:
    """What a packet says; ``delay`` and how long the session has ``lasted`` are in seconds.

    ``access_point`` tells those apart whose packets one RADIUS server passes on: sessions are numbered by each of them.
    """

    status: Status | None
    user: str
    session: str
    mac: str
    addresses: frozenset[Address]
    delay: int
    lasted: int = 0
    access_point: str = ""


def read_packet(packet: bytes, secret: bytes) -> Accounted:
    """An Accounting-Request whose authenticators are right. Raises BadPacket."""
    if len(packet) < _HEAD.size:
        raise BadPacket("too short")
    code, _, length, authenticator = _HEAD.unpack_from(packet)
    if code != _REQUEST or not _HEAD.size <= length <= min(len(packet), _LONGEST):
        raise BadPacket("no Accounting-Request")
    packet = packet[:length]
    blank = packet[:4] + bytes(16) + packet[20:]
    if not hmac.compare_digest(hashlib.md5(blank + secret).digest(), authenticator):
        raise BadPacket("the shared secret is another one")
    attributes = list(_attributes(packet))
    for kind, place, value in attributes:
        if kind == _MESSAGE_AUTHENTICATOR:
            unsigned = blank[:place] + bytes(16) + blank[place + 16 :]
            if not hmac.compare_digest(hmac.digest(secret, unsigned, "md5"), value):
                raise BadPacket("its Message-Authenticator is wrong")
    return _accounted({kind: value for kind, _, value in attributes}, attributes)


def answer(packet: bytes, secret: bytes) -> bytes:
    """The Accounting-Response to a packet that was read and taken up."""
    head = struct.pack("!BBH", _RESPONSE, packet[1], _HEAD.size)
    return head + hashlib.md5(head + packet[4:20] + secret).digest()


def _attributes(packet: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Each attribute's kind, where its value begins, and the value."""
    place = _HEAD.size
    while place < len(packet):
        if place + 2 > len(packet) or packet[place + 1] < 2 or place + packet[place + 1] > len(packet):
            raise BadPacket("an attribute is cut off")
        kind, length = packet[place], packet[place + 1]
        if kind == _MESSAGE_AUTHENTICATOR and length != 18:
            raise BadPacket("its Message-Authenticator has the wrong length")
        yield kind, place + 2, packet[place + 2 : place + length]
        place += length


def _accounted(given: dict[int, bytes], attributes: list[tuple[int, int, bytes]]) -> Accounted:
    number = _number(given.get(_STATUS, b""))
    addresses: set[Address] = set()
    for kind, _, value in attributes:
        if kind == _FRAMED_IP and len(value) == 4 and value not in (b"\xff\xff\xff\xff", b"\xff\xff\xff\xfe", bytes(4)):
            addresses.add(IPv4Address(value))
        if kind == _FRAMED_IPV6 and len(value) == 16:
            addresses.add(IPv6Address(value))
    return Accounted(
        Status(number) if number in set(Status) else None,
        given.get(_USER, b"").decode("utf-8", "replace"),
        given.get(_SESSION, b"").decode("utf-8", "replace"),
        mac_address(given.get(_STATION, b"").decode("ascii", "replace")) or "",
        frozenset(addresses),
        _number(given.get(_DELAY, b"")) or 0,
        _number(given.get(_LASTED, b"")) or 0,
        next((given[kind].hex() for kind in (_NAS_IP, _NAS_IPV6, _NAS_NAME) if kind in given), ""),
    )


def _number(value: bytes) -> int | None:
    return int.from_bytes(value) if len(value) == 4 else None
