"""Which group stands behind a request, and how surely.

The first match in this order wins: a login that was verified, then the network of the device's address (the narrowest
network first), then the group that the school treats unknown devices as.
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from schoolgate.policy.request import host_address


class Inspect(StrEnum):
    """How far the gateway looks into a group's traffic."""

    FULL = "full"  # TLS is opened, addresses and pages are judged
    NAMES = "names"  # TLS stays closed, names are judged
    NONE = "none"  # nothing is judged or recorded


class Confidence(StrEnum):
    """What an identity rests on, from surest to none."""

    LOGIN = "login"
    DEVICE = "device"  # the school has given this device to one person
    NETWORK = "network"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Group:
    """A kind of people or devices that rules speak of."""

    id: str
    title: str
    inspect: Inspect
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    users: frozenset[str] = frozenset()
    text_limit: int | None = 100  # points at which a page's words count as a category; None: words are not judged
    safe_search: str = "strict"  # off | moderate | strict


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the school names in people.yaml: a login, the devices that are theirs alone, a name for people."""

    login: str
    name: str
    group: str
    devices: tuple[IPv4Address | IPv6Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request is held to come from."""

    client: str | None
    user: str | None
    group: Group
    confidence: Confidence
    reason: str


@dataclass(frozen=True, slots=True)
class People:
    """Every group of the school, and the one that stands for everybody who is not recognised."""

    groups: tuple[Group, ...]
    unknown: str
    persons: tuple[Person, ...] = ()

    def group(self, name: str) -> Group:
        """The group of that name. Raises KeyError."""
        for group in self.groups:
            if group.id == name:
                return group
        raise KeyError(name)

    def identify(self, client: str | None, user: str | None) -> Identity:
        """The group behind an address and a verified login; an unreadable address is an unknown one."""
        if user is not None:
            for group in self.groups:
                if user.casefold() in group.users:
                    return Identity(client, user, group, Confidence.LOGIN, f"login {user!r}")
        address = host_address(client) if client else None
        best: tuple[int, Group, IPv4Network | IPv6Network] | None = None
        if address is not None:
            for group in self.groups:
                for network in group.networks:
                    if address in network and (best is None or network.prefixlen > best[0]):
                        best = (network.prefixlen, group, network)
        if best is not None:
            return Identity(client, user, best[1], Confidence.NETWORK, f"{client} is in {best[2]}")
        where = f"{client} is in no known network" if client else "nobody was named"
        if user is not None:
            where = f"no group lists the login {user!r}, and {where}"
        reason = f"{where}, so it counts as {self.unknown}"
        return Identity(client, user, self.group(self.unknown), Confidence.UNKNOWN, reason)
