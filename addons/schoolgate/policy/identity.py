"""Which person and group stand behind a request, and how surely.

The first match in this order wins: a login that was verified, then the person whose own device it is (by its MAC, by
its address, by the name that it calls itself), then the group that lists its MAC, then the network of the device's
address (the narrowest network first), then the group that the school treats unknown devices as. A login that is
verified says who sits there, whoever's device it is: also one that no group lists. What was seen of an address
(``whereabouts``) is a login too where somebody came to the device.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from schoolgate.policy.request import host_address
from schoolgate.policy.whereabouts import NOTHING, Found, Source


class Inspect(StrEnum):
    """How far the gateway looks into a group's traffic."""

    FULL = "full"  # TLS is opened, addresses and pages are judged
    NAMES = "names"  # TLS stays closed, names are judged
    NONE = "none"  # nothing is judged or recorded


class Addresses(StrEnum):
    """What it means for a group that somebody asks for a bare IP address of the internet instead of a site."""

    JUDGED = "judged"  # like any other site that no list knows
    WARN = "warn"
    BLOCK = "block"


class Confidence(StrEnum):
    """What an identity rests on, from surest to none."""

    LOGIN = "login"
    PORTAL = "portal"  # a login on the gateway's own page, which holds for the device for some hours
    RADIUS = "radius"  # a login at the wireless or wired network, as its server tells
    MAC = "mac"  # the school has given this device to one person, and knows it by its MAC
    DEVICE = "device"  # the school has given this device to one person, and knows it by its address
    HOSTNAME = "hostname"  # it calls itself as a device does that the school has given to one person
    NETWORK = "network"
    UNKNOWN = "unknown"
    PROBE = "probe"  # nobody: the gateway asks itself what it would answer a group


NAMING = frozenset(set(Confidence) - {Confidence.NETWORK, Confidence.UNKNOWN, Confidence.PROBE})
"""Those that say which person it was."""
_SEATED = {Source.PORTAL: Confidence.PORTAL, Source.RADIUS: Confidence.RADIUS}
_REMEMBERED = 4096  # devices and logins


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
    addresses: Addresses | None = None  # None: as is usual for such a group
    macs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the school names in people.yaml: a login, the devices that are theirs alone, a name for people."""

    login: str
    name: str
    group: str
    devices: tuple[IPv4Address | IPv6Address, ...] = ()
    macs: tuple[str, ...] = ()
    hostnames: tuple[str, ...] = ()

    @property
    def own(self) -> tuple[str, ...]:
        """What the devices that are theirs alone are known by: addresses and MACs."""
        return (*map(str, self.devices), *self.macs)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request is held to come from; ``mac`` is the device's, "" where it is not known.

    ``since`` is when that became known which it rests on; None where it came with the request, or always holds.
    """

    client: str | None
    user: str | None
    group: Group
    confidence: Confidence
    reason: str
    mac: str = ""
    since: datetime | None = None

    @property
    def device(self) -> str:
        """What the device is known by, the same for all of its addresses; "" where there is none."""
        return self.mac or self.client or ""

    @property
    def known_by(self) -> tuple[str, str]:
        """What stands for the person on record: ``user`` and the login, or ``device`` and what that is known by."""
        return ("user", self.user) if self.user else ("device", self.device)


@dataclass(frozen=True, slots=True)
class People:
    """Every group of the school, the one that stands for everybody who is not recognised, and persons by name."""

    groups: tuple[Group, ...]
    unknown: str
    persons: tuple[Person, ...] = ()
    _logins: dict[str, Group] = field(init=False, compare=False, repr=False)
    _devices: dict[IPv4Address | IPv6Address, tuple[Person, Group]] = field(init=False, compare=False, repr=False)
    _macs: dict[str, tuple[Person | None, Group]] = field(init=False, compare=False, repr=False)
    _hostnames: dict[str, tuple[Person, Group]] = field(init=False, compare=False, repr=False)
    _networks: tuple[tuple[IPv4Network | IPv6Network, Group], ...] = field(init=False, compare=False, repr=False)
    _known: dict[tuple[str | None, str | None], tuple[Found, Identity]] = field(
        default_factory=dict[tuple[str | None, str | None], tuple[Found, Identity]],
        init=False,
        compare=False,
        repr=False,
    )

    def __post_init__(self) -> None:
        """Everything that is looked up at each request, laid out once."""
        by_id = {group.id: group for group in self.groups}
        logins = {user.casefold(): group for group in reversed(self.groups) for user in group.users}
        persons = [(person, by_id[person.group]) for person in self.persons]
        logins.update((person.login.casefold(), group) for person, group in persons)
        devices = {host_address(str(device)) or device: known for known in persons for device in known[0].devices}
        macs: dict[str, tuple[Person | None, Group]] = {
            mac: (None, group) for group in self.groups for mac in group.macs
        }
        macs.update((mac, known) for known in persons for mac in known[0].macs)
        hostnames = {name.casefold(): known for known in persons for name in known[0].hostnames}
        networks = [(network, group) for group in self.groups for network in group.networks]
        object.__setattr__(self, "_logins", logins)
        object.__setattr__(self, "_devices", devices)
        object.__setattr__(self, "_macs", macs)
        object.__setattr__(self, "_hostnames", hostnames)
        object.__setattr__(self, "_networks", tuple(sorted(networks, key=lambda each: -each[0].prefixlen)))

    def group(self, name: str) -> Group:
        """The group of that name. Raises KeyError."""
        for group in self.groups:
            if group.id == name:
                return group
        raise KeyError(name)

    def probe(self, group: str) -> Identity:
        """Nobody of that group, for a probe. Raises KeyError."""
        return Identity(None, None, self.group(group), Confidence.PROBE, "a probe of the gateway's own")

    def person(self, login: str) -> Person | None:
        """Who goes by that login, if people.yaml names them."""
        folded = login.casefold()
        return next((person for person in self.persons if person.login.casefold() == folded), None)

    def identify(self, client: str | None, user: str | None, found: Found = NOTHING) -> Identity:
        """Who is behind an address and a verified login, and what was ``found`` of the address.

        An unreadable address is an unknown one.
        """
        known = self._known.get((client, user))
        if known is None or (known[0] is not found and known[0] != found):
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[client, user] = (found, self._identify(client, user, found))
        return known[1]

    def _identify(self, client: str | None, user: str | None, found: Found) -> Identity:
        sure, mac, since = Confidence.LOGIN, found.mac, None
        if user is None and found.user and found.source in _SEATED:
            user, sure, since = found.user, _SEATED[found.source], found.since
        if user is not None and (listed := self._logins.get(user.casefold())) is not None:
            return Identity(client, user, listed, sure, f"login {user!r}", mac, since)
        address = host_address(client) if client else None
        network, placed = self._placed(address)
        if user is None and address is not None and (own := self._owned(client, address, found, placed)) is not None:
            return own
        but = f"; {found.why}" if found.why and user is None else ""
        login, guessed = (f"login {user!r}, which no group lists; ", sure) if user is not None else ("", None)
        if mac and (known := self._macs.get(mac)) is not None and known[0] is None:
            reason = f"{login}{mac} is a device of the group"
            return Identity(client, user, known[1], guessed or Confidence.NETWORK, reason, mac, since or found.since)
        if placed is not None:
            reason = f"{login}{client} is in {network}{but}"
            return Identity(client, user, placed, guessed or Confidence.NETWORK, reason, mac, since)
        where = f"{client} is in no known network" if client else "nobody was named"
        if user is not None:
            where = f"no group lists the login {user!r}, and {where}"
        reason = f"{where}, so it counts as {self.unknown}{but}"
        return Identity(client, user, self.group(self.unknown), guessed or Confidence.UNKNOWN, reason, mac, since)

    def _placed(
        self, address: IPv4Address | IPv6Address | None
    ) -> tuple[IPv4Network | IPv6Network | None, Group | None]:
        """The narrowest network that an address is in, and the group that lists it."""
        return next((known for known in self._networks if address is not None and address in known[0]), (None, None))

    def _owned(
        self, client: str | None, address: IPv4Address | IPv6Address, found: Found, placed: Group | None
    ) -> Identity | None:
        """The person whose own device it is; one who has a MAC on the list is not known by less where a MAC is seen.

        A name that a device calls itself moves nobody into another group: anybody can call a device so.
        """
        if found.devices > 1:
            return None
        if (known := self._macs.get(found.mac)) is not None:
            person, group = known
            reason = f"{found.mac} is the device of {person.login}" if person else ""
            known_as = (Confidence.MAC, reason, found.mac, found.since)
            return Identity(client, person.login, group, *known_as) if person else None
        named = self._hostnames.get(found.name.casefold())
        ways = (
            (Confidence.DEVICE, client, self._devices.get(address), None),
            (Confidence.HOSTNAME, repr(found.name), named if named and named[1] is placed else None, found.since),
        )
        for sure, what, owned, since in ways:
            if owned is not None and not (found.mac and owned[0].macs):
                reason = f"{what} is the device of {owned[0].login}"
                return Identity(client, owned[0].login, owned[1], sure, reason, found.mac, since)
        return None
