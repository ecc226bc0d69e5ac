"""Devices of the school that come to its filter from anywhere, each by a WireGuard tunnel of its own.

They stand in ``devices.json`` in the data folder, which ``schoolgate devices`` writes. Every device has an address in
the tunnel, a port, and a key of the filter's that serves no other device: a message that arrives there can only be
its own, so nobody takes the address of somebody else. The device's private key is shown once and kept nowhere.
"""

import base64
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from schoolgate.policy.identity import Group, Person
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.school_models import AwayEntry
from schoolgate.whole_file import alone_in, exchange

FILE = "devices.json"
_RESOLVER = 53
_V6 = int(IPv6Address("fd53:6761:7465::"))  # a private network (RFC 4193): tunnels carry IPv6 too, so none goes beside


@dataclass(frozen=True, slots=True)
class AwayDevice:
    """One device: whose it is, where it arrives, and the two keys that the filter needs for it (base64)."""

    name: str
    group: str
    user: str  # "" where it belongs to a group only
    number: int
    added: str
    filter_key: str = field(repr=False)  # private
    device_key: str  # public

    def address(self, away: AwayEntry) -> IPv4Address:
        """Its fixed address in the tunnel."""
        return away.network[self.number + (1 if self.number + 1 < _RESOLVER else 2)]

    def address_v6(self, away: AwayEntry) -> IPv6Address:
        """The one that it uses for IPv6; the record knows it by the other."""
        return IPv6Address(_V6 + int(self.address(away)))

    def port(self, away: AwayEntry) -> int:
        """The UDP port at which only this device is heard."""
        return away.port + self.number


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the file holds; ``following`` is the number that the next device gets, if it is free."""

    devices: tuple[AwayDevice, ...] = ()
    following: int = 0


class NoSuchChange(Exception):
    """A device cannot be added or removed; the words say why, and what to do."""


def room_in(network: IPv4Network) -> int:
    """How many devices can have an address: all of the network but its own two and the resolver's."""
    return network.num_addresses - 3


def resolver_of(network: IPv4Network) -> IPv4Address:
    """The address that devices send their DNS to."""
    return network[_RESOLVER]


def read_devices(data: Path) -> tuple[AwayDevice, ...]:
    """Every device that may come. Raises SettingsError where the file is not what the command wrote."""
    return _read(data).devices


def _read(data: Path) -> _Kept:
    path = data / FILE
    try:
        kept = json.loads(path.read_text())
        return _Kept(tuple(AwayDevice(**entry) for entry in kept["devices"]), int(kept.get("next", 0)))
    except FileNotFoundError:
        return _Kept()
    except OSError as error:
        raise SettingsError([Fault(str(path), 0, f"cannot be read: {error.strerror}")]) from None
    except (ValueError, TypeError, KeyError):
        words = "this is not what 'schoolgate devices' wrote; put back a copy, or delete it and add the devices again"
        raise SettingsError([Fault(str(path), 0, words)]) from None


def usable(devices: Iterable[AwayDevice], away: AwayEntry | None) -> tuple[AwayDevice, ...]:
    """Those that have an address and a port as the settings are now."""
    room = room_in(away.network) if away else 0
    return tuple(device for device in devices if device.number < room)


def add_device(data: Path, away: AwayEntry, name: str, group: str, user: str) -> tuple[AwayDevice, str]:
    """Keep a new device; gives it and its private key. Raises NoSuchChange, SettingsError and OSError.

    The address of one that was removed is given again as late as can be: the record knows devices by their address.
    """
    theirs, ours = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    made: list[AwayDevice] = []

    def added(kept: _Kept) -> _Kept:
        if any(device.name.casefold() == name.casefold() for device in kept.devices):
            raise NoSuchChange(f"{name!r} is there already; remove it first, or take another name")
        taken, room = {device.number for device in kept.devices}, room_in(away.network)
        in_turn = (n % room for n in range(kept.following, kept.following + room))
        number = next((n for n in in_turn if n not in taken), None)
        if number is None:
            raise NoSuchChange(f"config/school.yaml: away: network: {away.network} has no address left")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        public = base64.b64encode(theirs.public_key().public_bytes_raw()).decode()
        made.append(AwayDevice(name, group, user, number, now, _private(ours), public))
        return _Kept((*kept.devices, *made), number + 1)

    _change(data, added)
    return made[0], _private(theirs)


def remove_device(data: Path, name: str) -> AwayDevice:
    """Keep it no longer. Raises NoSuchChange, SettingsError and OSError."""
    gone: list[AwayDevice] = []

    def without(kept: _Kept) -> _Kept:
        gone.extend(device for device in kept.devices if device.name.casefold() == name.strip().casefold())
        if not gone:
            names = ", ".join(device.name for device in kept.devices) or "none"
            raise NoSuchChange(f"there is no device {name!r}; there are: {names}")
        return replace(kept, devices=tuple(device for device in kept.devices if device not in gone))

    _change(data, without)
    return gone[0]


def public_of(private: str) -> str:
    """The public key that belongs to a private one, both in base64."""
    key = X25519PrivateKey.from_private_bytes(base64.b64decode(private))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def with_devices(
    groups: Iterable[Group], persons: Iterable[Person], devices: Iterable[AwayDevice], away: AwayEntry
) -> tuple[tuple[Group, ...], tuple[Person, ...]]:
    """Groups and persons, each with the tunnel addresses of their devices; a device of nobody is an unknown one."""
    of_group: dict[str, list[IPv4Network]] = {}
    of_person: dict[str, list[IPv4Address]] = {}
    for device in devices:
        address = device.address(away)
        if device.user:
            of_person.setdefault(device.user.casefold(), []).append(address)
        else:
            of_group.setdefault(device.group, []).append(IPv4Network(address))
    return (
        tuple(replace(group, networks=(*group.networks, *of_group.get(group.id, ()))) for group in groups),
        tuple(
            replace(person, devices=(*person.devices, *of_person.get(person.login.casefold(), ())))
            for person in persons
        ),
    )


def advice_on_devices(devices: Iterable[AwayDevice], people: PeopleFile, away: AwayEntry | None) -> Iterator[str]:
    """Devices that people.yaml does not know any more, or that have no way in; addresses that are at school, too."""
    logins = {login.casefold() for login in people.people}
    if away is not None:
        yield from _shared(people, away.network)
    for device in devices:
        if away is None:
            yield f"device {device.name!r} has no way in: config/school.yaml has no away: any more"
        elif device.number >= room_in(away.network):
            yield f"device {device.name!r} has no address in {away.network}: remove it and add it again"
        elif device.user and device.user.casefold() not in logins:
            yield f"device {device.name!r} is an unknown one: config/people.yaml has no person {device.user!r} any more"
        elif not device.user and device.group not in people.groups:
            yield f"device {device.name!r} is an unknown one: config/people.yaml has no group {device.group!r} any more"


def _shared(people: PeopleFile, tunnels: IPv4Network) -> Iterator[str]:
    for name, group in people.groups.items():
        for network in group.networks:
            if isinstance(network, IPv4Network) and network.overlaps(tunnels):
                yield (
                    f"config/school.yaml: away: network: {tunnels} is in {network} of group {name!r}, too: take one "
                    "that the school has nowhere else; who has such an address at school is an unknown device"
                )


def _private(key: X25519PrivateKey) -> str:
    return base64.b64encode(key.private_bytes_raw()).decode()


def _change(data: Path, change: Callable[[_Kept], _Kept]) -> None:
    """One writer at a time; the file is for its owner only, who is the gateway."""
    path = data / FILE
    with alone_in(data):
        kept = change(_read(data))
        text = json.dumps({"devices": [asdict(each) for each in kept.devices], "next": kept.following}, indent=1)
        exchange(path, text.encode())
        path.chmod(0o600)
        owner = data.stat()
        if os.geteuid() == 0 and owner.st_uid != 0:
            os.chown(path, owner.st_uid, owner.st_gid)
