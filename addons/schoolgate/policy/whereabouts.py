"""Which device an address belongs to, and who sits at that device: what was seen, since when, and for how long.

Two kinds of sightings are kept apart. A *hold* says that an address is a device's (a lease, the neighbours on the
wire). A *sitting* says that somebody is at a device (RADIUS accounting, the login page). Where sightings contradict one
another, or the newest is over, the answer is nobody: a record may lack a name, it must never bear a wrong one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

type Address = IPv4Address | IPv6Address
type _Held = dict[Address, list[Hold]]

_MAC = re.compile(
    r"\s*([0-9a-f]{2}([:-])(?:[0-9a-f]{2}\2){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}|[0-9a-f]{12})(?![0-9a-f])",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(r"[\s.:-]")
_KEEP = timedelta(days=1)  # an end stays known, so that nothing older comes to life again


class Source(StrEnum):
    """Where a sighting comes from."""

    LEASE = "lease"
    NEIGHBOUR = "neighbour"
    RADIUS = "radius"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class Hold:
    """An address is a device's from ``since`` until ``until`` (aware, half-open); ``name`` is what it calls itself."""

    address: Address
    mac: str
    since: datetime
    until: datetime
    source: Source
    name: str = ""


@dataclass(frozen=True, slots=True)
class Sitting:
    """Somebody is at a device from ``since`` until ``until``; ``user`` is "" where it is known that nobody is.

    The device is known by its MAC or, where that is not to be had, by an address alone. ``key`` is the source's own.
    """

    key: str
    user: str
    since: datetime
    until: datetime
    source: Source
    mac: str = ""
    addresses: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of an address at a moment; all of it may be "". ``why`` says what speaks against more.

    ``devices`` is how many are said to have the address; with more than one, none is named. ``since`` is when somebody
    came to the device, or where that is not known, when the address was first seen to be the device's.
    """

    devices: int = 0
    mac: str = ""
    name: str = ""
    user: str = ""
    source: Source | None = None
    why: str = ""
    since: datetime | None = None


NOTHING = Found()


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Everything that was seen and is still of use."""

    holds: tuple[Hold, ...] = ()
    sittings: tuple[Sitting, ...] = ()
    _by_address: dict[Address, list[Hold]] = field(init=False, compare=False, repr=False)
    _by_place: dict[object, list[Sitting]] = field(init=False, compare=False, repr=False)
    _relays: dict[str, frozenset[Address]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """What is looked up at each request, laid out once."""
        by_place: dict[object, list[Sitting]] = {}
        for sitting in self.sittings:
            for place in _places(sitting):
                by_place.setdefault(place, []).append(sitting)
        object.__setattr__(self, "_relays", _relays(self.holds))
        object.__setattr__(self, "_by_address", _by_address(self.holds))
        object.__setattr__(self, "_by_place", by_place)

    def found(self, address: Address, at: datetime) -> Found:
        """Which device has the address at that moment, and who is at it."""
        held = [hold for hold in self._by_address.get(address, ()) if hold.since <= at < hold.until]
        said = self._by_place.get(address, ())
        claimed = max((one.since for one in said if one.mac), default=None)
        macs = {hold.mac for hold in held} or {one.mac for one in said if one.mac and one.since == claimed}
        if len(macs) > 1 or (held and any(one.mac and one.mac not in macs for one in said)):
            return Found(2, why=f"{address} is said to be of several devices at once")
        mac = next(iter(macs), "")
        if not self._is_one(mac, address):
            return Found(2, why="the MAC of this device stands for several IPv4 addresses, as that of a repeater does")
        name = next((hold.name for hold in held if hold.name), "")
        began = max((*(hold.since for hold in held), *([claimed] if claimed else ())), default=None)
        here = [*self._by_place.get(mac, ())] if mac else []
        here += [one for one in said if not one.mac and (began is None or began < one.since)]
        seen = min((hold.since for hold in held), default=claimed)
        return _newest(here, Found(len(macs), mac, name, since=seen), at)

    def _is_one(self, mac: str, address: Address) -> bool:
        """Whether a MAC is one device's; who came from another network has an older lease there, but is here alone."""
        alone_at = self._relays.get(mac)
        return alone_at is None or (bool(alone_at) and (address.version == 6 or address in alone_at))

    def with_holds(self, holds: Iterable[Hold]) -> "Whereabouts":
        """New holds in place of the old; who was known by an address that its device has no more is known no more."""
        new = tuple(holds)
        return Whereabouts(new, self.still(self.sittings, _by_address(new)))

    def still(self, sittings: Iterable[Sitting], now: "_Held | Whereabouts") -> tuple[Sitting, ...]:
        """Those of the sittings that go on where these holds are followed by others."""
        held = now._by_address if isinstance(now, Whereabouts) else now
        kept = (_without_lost(one, self._by_address, held) for one in sittings)
        return tuple(one for one in kept if one.mac or one.addresses)

    def with_sitting(self, new: Sitting) -> "Whereabouts":
        """Somebody came to a device, or is seen there again; the same key takes the place of the one before."""
        others = tuple(one for one in self.sittings if one.key != new.key)
        return replace(self, sittings=(*others, new))

    def ended(self, key: str, at: datetime) -> "Whereabouts":
        """What goes by that key is over; that it was is still known."""
        return replace(self, sittings=tuple(_end(one, at) if one.key == key else one for one in self.sittings))

    def tidied(self, at: datetime) -> "Whereabouts":
        """Without what is long over; an end is kept as long as something older of the same device is there."""
        holds = tuple(hold for hold in self.holds if at < hold.until)
        kept = tuple(one for one in self.sittings if at < one.until + _KEEP or self._is_needed(one))
        same = (len(holds), len(kept)) == (len(self.holds), len(self.sittings))
        return self if same else Whereabouts(holds, kept)

    def _is_needed(self, over: Sitting) -> bool:
        others = (one for place in _places(over) for one in self._by_place.get(place, ()))
        return any(one.until > over.until and one is not over for one in others)


def mac_address(text: str) -> str | None:
    """A MAC in the one form that is used here (``02:00:5e:10:00:01``), whichever it was written in; None if it is none.

    The forms of RFC 3580, of Cisco (``0200.5e10.0001``) and of Windows; what follows a MAC after a colon, such as the
    network's name, is left out. Addresses of groups and of nobody are no device's.
    """
    match = _MAC.match(text)
    if match is None:
        return None
    digits = _SEPARATORS.sub("", match[1]).lower()
    if int(digits, 16) == 0 or int(digits[:2], 16) & 1:
        return None
    return ":".join(digits[place : place + 2] for place in range(0, 12, 2))


def _places(sitting: Sitting) -> Iterable[object]:
    return [*([sitting.mac] if sitting.mac else []), *sitting.addresses]


def _by_address(holds: Iterable[Hold]) -> _Held:
    found: _Held = {}
    for hold in holds:
        found.setdefault(hold.address, []).append(hold)
    return found


def _relays(holds: Iterable[Hold]) -> dict[str, frozenset[Address]]:
    """MACs with several IPv4 addresses, each with the only one that was seen on the wire, where there is just one."""
    every: dict[str, set[Address]] = {}
    for hold in holds:
        if hold.address.version == 4:
            every.setdefault(hold.mac, set()).add(hold.address)
    several = {mac for mac, addresses in every.items() if len(addresses) > 1}
    near: dict[str, set[Address]] = {mac: set() for mac in several}
    for hold in holds:
        if hold.mac in several and hold.source is Source.NEIGHBOUR and hold.address.version == 4:
            near[hold.mac].add(hold.address)
    return {mac: frozenset(addresses if len(addresses) == 1 else ()) for mac, addresses in near.items()}


def _newest(here: list[Sitting], found: Found, at: datetime) -> Found:
    """Whoever came last; nobody where that is over, or where it cannot be told who came last.

    Who comes in the future has come last, too: the clock was set back since.
    """
    if not here:
        return found
    last = max(one.since for one in here)
    newest = [one for one in here if one.since == last]
    if len({one.user.casefold() for one in newest}) > 1:
        return replace(found, why="two people are said to have come to this device at the same moment")
    living = [one for one in newest if one.since <= at < one.until and one.user]
    if not living:
        return replace(found, why="who came to this device last has left, or was not seen for too long")
    return replace(found, user=living[0].user, source=living[0].source, since=last)


def _without_lost(sitting: Sitting, before: _Held, now: _Held) -> Sitting:
    lost = {address for address in sitting.addresses if _is_lost(sitting, before.get(address), now.get(address, []))}
    return replace(sitting, addresses=sitting.addresses - lost) if lost else sitting


def _is_lost(sitting: Sitting, before: list[Hold] | None, now: list[Hold]) -> bool:
    """Whether another device has come to the address since, or the one that had it has gone."""
    if before and not now:
        return True
    if sitting.mac:
        return any(hold.mac != sitting.mac and hold.since > sitting.since for hold in now)
    return any(hold.since >= sitting.since for hold in now)


def _end(sitting: Sitting, at: datetime) -> Sitting:
    return replace(sitting, user="", until=max(sitting.since, min(sitting.until, at)))


NOWHERE = Whereabouts()
