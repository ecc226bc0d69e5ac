"""Which person and group stand behind a request, and how surely.

The first match in this order wins: a login that was verified, then the person whose own device it is, then the network
of the device's address (the narrowest network first), then the group that the school treats unknown devices as. A
login that is verified says who sits there, whoever's device it is: also one that no group lists.
"""

from dataclasses import dataclass, field
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
    """Every group of the school, the one that stands for everybody who is not recognised, and persons by name."""

    groups: tuple[Group, ...]
    unknown: str
    persons: tuple[Person, ...] = ()
    _logins: dict[str, Group] = field(init=False, compare=False, repr=False)
    _devices: dict[IPv4Address | IPv6Address, tuple[Person, Group]] = field(init=False, compare=False, repr=False)
    _networks: tuple[tuple[IPv4Network | IPv6Network, Group], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Everything that is looked up at each request, laid out once."""
        by_id = {group.id: group for group in self.groups}
        logins = {user.casefold(): group for group in reversed(self.groups) for user in group.users}
        persons = [(person, by_id[person.group]) for person in self.persons]
        logins.update((person.login.casefold(), group) for person, group in persons)
        devices = {host_address(str(device)) or device: known for known in persons for device in known[0].devices}
        networks = [(network, group) for group in self.groups for network in group.networks]
        object.__setattr__(self, "_logins", logins)
        object.__setattr__(self, "_devices", devices)
        object.__setattr__(self, "_networks", tuple(sorted(networks, key=lambda each: -each[0].prefixlen)))

    def group(self, name: str) -> Group:
        """The group of that name. Raises KeyError."""
        for group in self.groups:
            if group.id == name:
                return group
        raise KeyError(name)

    def person(self, login: str) -> Person | None:
        """Who goes by that login, if people.yaml names them."""
        folded = login.casefold()
        return next((person for person in self.persons if person.login.casefold() == folded), None)

    def identify(self, client: str | None, user: str | None) -> Identity:
        """Who is behind an address and a verified login; an unreadable address is an unknown one."""
        if user is not None and (listed := self._logins.get(user.casefold())) is not None:
            return Identity(client, user, listed, Confidence.LOGIN, f"login {user!r}")
        address = host_address(client) if client else None
        if address is not None:
            if user is None and (owned := self._devices.get(address)) is not None:
                person, group = owned
                reason = f"{client} is the device of {person.login}"
                return Identity(client, person.login, group, Confidence.DEVICE, reason)
            for network, group in self._networks:
                if address in network:
                    return Identity(client, user, group, Confidence.NETWORK, f"{client} is in {network}")
        where = f"{client} is in no known network" if client else "nobody was named"
        if user is not None:
            where = f"no group lists the login {user!r}, and {where}"
        reason = f"{where}, so it counts as {self.unknown}"
        return Identity(client, user, self.group(self.unknown), Confidence.UNKNOWN, reason)
