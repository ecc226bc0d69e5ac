"""Which MACs the gateway has seen on the wire, since when, and for how long that counts."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from schoolgate.policy.whereabouts import Address, Hold, Source
from schoolgate.whereabouts.neighbours import Neighbour

_SLOT = 20  # seconds: the ends of all that is seen move on at the same moments, so that little has to be written
_SILENT = "STALE"
"""The kernel's word for a neighbour that it only remembers; it may do so for days."""


class Leased:
    """What the leases say, laid out by MAC (IPv4 only) and by address."""

    def __init__(self, leases: Iterable[Hold] = ()) -> None:
        self.of_mac: dict[str, set[Address]] = {}
        self.at: dict[Address, Hold] = {}
        for lease in leases:
            self.at[lease.address] = lease
            if lease.address.version == 4:
                self.of_mac.setdefault(lease.mac, set()).add(lease.address)


class Wire:
    """``holds`` is replaced as a whole where anything has changed."""

    def __init__(self) -> None:
        self.holds: tuple[Hold, ...] = ()
        self._looked: frozenset[tuple[Address, str]] = frozenset()

    def take(self, seen: Iterable[Neighbour], leased: Leased, now: datetime, forget: timedelta) -> None:
        """Take up what one look has shown."""
        looked = [each for each in seen if not _has_left(each, leased)]
        until = datetime.fromtimestamp(int(now.timestamp()) // _SLOT * _SLOT, UTC) + forget
        macs: dict[Address, set[str]] = {}
        for each in looked:
            macs.setdefault(each.address, set()).add(each.mac)
        near = {(hold.address, hold.mac): hold for hold in self._kept(macs, leased, now)}
        for each in looked:
            pair = (each.address, each.mac)
            if each.state == _SILENT and pair in self._looked:
                continue  # nothing was heard of it
            since = near[pair].since if pair in near else now
            near[pair] = Hold(*pair, since, until, Source.NEIGHBOUR)
        self._looked = frozenset((each.address, each.mac) for each in looked)
        holds = tuple(near.values())
        if set(holds) != set(self.holds):
            self.holds = holds

    def _kept(self, macs: dict[Address, set[str]], leased: Leased, now: datetime) -> Iterator[Hold]:
        """What is remembered, but where another MAC was seen at the address, or has leased it since."""
        for hold in self.holds:
            there, lease = macs.get(hold.address), leased.at.get(hold.address)
            is_leased_on = lease is not None and lease.mac != hold.mac and lease.since > hold.since
            if now < hold.until and (hold.mac in there if there else not is_leased_on):
                yield hold


def _has_left(each: Neighbour, leased: Leased) -> bool:
    """Whether the kernel only remembers an address, and the device has leased another one meanwhile."""
    theirs = leased.of_mac.get(each.mac)
    is_elsewhere = each.address.version == 4 and bool(theirs) and each.address not in (theirs or ())
    return is_elsewhere and each.state == _SILENT
