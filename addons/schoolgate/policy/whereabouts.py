"""Which device an address belongs to, and who sits at that device: what was seen, since when, and for how long.

Two kinds of sightings are kept apart. A *hold* says that an address is a device's (a lease, the neighbours on the
wire). A *sitting* says that somebody is at a device (RADIUS accounting, the login page). Where sightings contradict one
another, or the newest is over, the answer is nobody: a record may lack a name, it must never bear a wrong one.
"""

import re
from collections import Counter
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

    ``devices`` is how many are said to have the address; with more than one, none is named.
    """

    devices: int = 0
    mac: str = ""
    name: str = ""
    user: str = ""
    source: Source | None = None
    why: str = ""


NOTHING = Found()


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Everything that was seen and is still of use."""

    holds: tuple[Hold, ...] = ()
    sittings: tuple[Sitting, ...] = ()
    _by_address: dict[Address, list[Hold]] = field(init=False, compare=False, repr=False)
    _by_place: dict[object, list[Sitting]] = field(init=False, compare=False, repr=False)
    _relays: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """What is looked up at each request, laid out once."""
        by_address: dict[Address, list[Hold]] = {}
        for hold in self.holds:
            by_address.setdefault(hold.address, []).append(hold)
        by_place: dict[object, list[Sitting]] = {}
        for sitting in self.sittings:
            for place in _places(sitting):
                by_place.setdefault(place, []).append(sitting)
        of_v4 = {(hold.mac, hold.address) for hold in self.holds if hold.address.version == 4}
        counted = Counter(mac for mac, _ in of_v4)
        object.__setattr__(self, "_relays", frozenset(mac for mac, number in counted.items() if number > 1))
        object.__setattr__(self, "_by_address", by_address)
        object.__setattr__(self, "_by_place", by_place)

    def found(self, address: Address, at: datetime) -> Found:
        """Which device has the address at that moment, and who is at it."""
        held = [hold for hold in self._by_address.get(address, ()) if hold.since <= at < hold.until]
        said = [one for one in self._by_place.get(address, ()) if one.since <= at]
        claimed = max((one.since for one in said if one.mac), default=None)
        macs = {hold.mac for hold in held} or {one.mac for one in said if one.mac and one.since == claimed}
        if len(macs) > 1 or (held and any(one.mac and one.mac not in macs for one in said)):
            return Found(2, why=f"{address} is said to be of several devices at once")
        if macs & self._relays:
            return Found(2, why="the MAC of this device stands for several IPv4 addresses, as that of a repeater does")
        mac = next(iter(macs), "")
        name = next((hold.name for hold in held if hold.name), "")
        began = max((*(hold.since for hold in held), *([claimed] if claimed else ())), default=None)
        here = [one for one in self._by_place.get(mac, ()) if mac and one.since <= at]
        here += [one for one in said if not one.mac and (began is None or began < one.since)]
        return _newest(here, Found(len(macs), mac, name), at)

    def with_holds(self, holds: Iterable[Hold]) -> "Whereabouts":
        """New holds in place of the old; who was known by an address that its device has no more is known no more."""
        new = Whereabouts(tuple(holds))
        kept = (_without_lost(one, self._by_address, new._by_address) for one in self.sittings)
        return replace(new, sittings=tuple(one for one in kept if one.mac or one.addresses))

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
        return Whereabouts(holds, kept)

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


def _newest(here: list[Sitting], found: Found, at: datetime) -> Found:
    """Whoever came last; nobody where that is over, or where it cannot be told who came last."""
    if not here:
        return found
    last = max(one.since for one in here)
    newest = [one for one in here if one.since == last]
    if len({one.user.casefold() for one in newest}) > 1:
        return replace(found, why="two people are said to have come to this device at the same moment")
    living = [one for one in newest if at < one.until and one.user]
    if not living:
        return replace(found, why="who came to this device last has left, or was not seen for too long")
    return replace(found, user=living[0].user, source=living[0].source)


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
