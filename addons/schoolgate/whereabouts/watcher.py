"""The process that watches: lease files as they change, the neighbours every second, RADIUS packets as they come."""

import logging
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from multiprocessing.connection import Connection

from schoolgate.child import work_in_rounds
from schoolgate.policy.whereabouts import Hold, Source, Whereabouts
from schoolgate.settings.identity_models import IdentityEntry, LeaseEntry
from schoolgate.settings.load import Settings
from schoolgate.store.event import fault_event
from schoolgate.store.journal import Journal
from schoolgate.whereabouts.accounting import after
from schoolgate.whereabouts.leases import first_seen, read_leases
from schoolgate.whereabouts.neighbours import Neighbour, read_neighbours
from schoolgate.whereabouts.radius import BadPacket, answer, read_packet
from schoolgate.whereabouts.sightings import Stamp, change_logins, open_folder, stamp_of, touch, write_seen

log = logging.getLogger("schoolgate")

_ROUND = 0.2  # seconds
_NEIGHBOURS_EVERY = 1.0  # seconds
_ANEW_EVERY = 20.0  # seconds: the ends of what is still seen move on
_TELL_AGAIN = 3600.0  # seconds
_MOST_PACKETS = 500  # a round


class Watcher:
    """Draws everything together. What it knows of people ends with it: it may have missed who left meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._folder = open_folder(settings.data)
        self._journal = Journal(settings.data, "whereabouts")
        self._now = Whereabouts()
        self._before: tuple[Hold, ...] = ()
        self._written: tuple[object, float] = (None, 0.0)
        self._stamps: dict[LeaseEntry, tuple[Stamp, tuple[Hold, ...]]] = {}
        self._near: dict[tuple[object, str], Hold] = {}
        self._next_look = 0.0
        self._socket: socket.socket | None = None
        self._told: dict[str, float] = {}
        self.take_up(settings)

    def take_up(self, settings: Settings) -> None:
        """New settings: files that are named no more are forgotten, the port is opened where it is now."""
        self._settings = settings
        self._root = settings.folders.root
        self._stamps.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        write_seen(self._folder, self._now)

    @property
    def _identity(self) -> IdentityEntry:
        return self._settings.school.identity

    def round(self) -> None:
        """One look at everything."""
        now = datetime.now(UTC)
        self._look_at_neighbours(now)
        holds = tuple(first_seen([*self._leases(now), *self._near.values()], self._now.holds))
        self._now = self._now.with_holds(holds).tidied(now)
        self._listen(now)
        self._hand_over(holds)

    def close(self) -> None:
        """The end."""
        self._journal.close()

    def _leases(self, now: datetime) -> Iterator[Hold]:
        for entry in self._identity.leases:
            path = self._root / entry.file
            before, holds = self._stamps.get(entry, (None, ()))
            stamp = stamp_of(path)
            if stamp is None or stamp != before:
                try:
                    found = read_leases(entry.kind, path, now)
                    if stamp == stamp_of(path):  # else it is being written just now
                        holds = found
                        self._stamps[entry] = (stamp, holds)
                except OSError as error:
                    self._tell(f"The leases in {entry.file} cannot be read: {error.strerror}.")
                    holds = ()
                    self._stamps.pop(entry, None)
            yield from (hold for hold in holds if now < hold.until)

    def _look_at_neighbours(self, now: datetime) -> None:
        if self._identity.neighbours == "off":
            self._near.clear()
            return
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _NEIGHBOURS_EVERY
            try:
                seen = read_neighbours(self._settings.school.gateway.inside)
            except OSError as error:
                self._tell(f"The neighbours on the network cannot be read: {error}.")
                seen = ()
            self._take_neighbours(_without_left(seen, self._now.holds), now)
        self._near = {key: hold for key, hold in self._near.items() if now < hold.until}

    def _take_neighbours(self, seen: Iterable[Neighbour], now: datetime) -> None:
        until = now + self._identity.forget
        for each in seen:
            for key in [key for key in self._near if key[0] == each.address and key[1] != each.mac]:
                del self._near[key]
            known = self._near.get((each.address, each.mac))
            since = known.since if known else now
            self._near[each.address, each.mac] = Hold(each.address, each.mac, since, until, Source.NEIGHBOUR)
        for lease in (hold for hold in self._now.holds if hold.source is Source.LEASE):
            for key, hold in list(self._near.items()):
                other = key[0] == lease.address and key[1] != lease.mac and lease.since > hold.since
                if other and hold.until < until:  # only remembered, and another device has leased its address since
                    del self._near[key]

    def _listen(self, now: datetime) -> None:
        radius = self._identity.radius
        if radius is None:
            return
        try:
            port = self._socket or _open(radius.listen)
        except OSError as error:
            self._tell(f"RADIUS accounting cannot be listened to at port {radius.listen[1]}: {error.strerror}.")
            return
        self._socket = port
        for _ in range(_MOST_PACKETS):
            try:
                packet, sender = port.recvfrom(4096)
            except BlockingIOError:
                return
            except OSError as error:  # an answer that could not be delivered is told so
                log.info("RADIUS: %s", error)
                continue
            self._take_packet(packet, sender, now)

    def _take_packet(self, packet: bytes, sender: tuple[str, int], now: datetime) -> None:
        radius = self._identity.radius
        assert radius is not None
        assert self._socket is not None
        address = ip_address(sender[0])
        client = str(getattr(address, "ipv4_mapped", None) or address)
        named = next((name for name in radius.clients if ip_address(name) == ip_address(client)), None)
        if named is None:
            self._tell(f"RADIUS accounting came from {client}, which is none of config/school.yaml's clients.")
            return
        try:
            secret = (self._root / radius.clients[named]).read_text("utf-8").strip().encode()
            said = read_packet(packet, secret)
        except OSError as error:
            self._tell(f"The secret of the RADIUS client {client} cannot be read: {error.strerror}.")
            return
        except BadPacket as error:
            self._tell(f"A RADIUS packet of {client} is not believed: {error}.")
            return
        self._now = after(self._now, client, said, now, radius.lifetime, radius.realms)
        self._socket.sendto(answer(packet, secret), sender)

    def _hand_over(self, holds: tuple[Hold, ...]) -> None:
        """The file where anything is new, else a sign of life; logins of devices that have gone are ended."""
        clock = time.monotonic()
        told = (frozenset(replace(hold, until=hold.since) for hold in holds), self._now.sittings)
        if told != self._written[0] or clock - self._written[1] > _ANEW_EVERY:
            write_seen(self._folder, self._now)
            self._written = (told, clock)
            change_logins(self._folder, self._prune)
        touch(self._folder)

    def _prune(self, logins: Whereabouts) -> Whereabouts:
        now = datetime.now(UTC)
        kept = replace(logins, holds=self._before).with_holds(self._now.holds).tidied(now)
        self._before = self._now.holds
        return replace(kept, holds=())

    def _tell(self, words: str) -> None:
        """The technician, once an hour for each fault."""
        clock = time.monotonic()
        if self._told.get(words, -_TELL_AGAIN) + _TELL_AGAIN > clock or len(self._told) > 1000:
            return
        self._told[words] = clock
        log.error("%s", words)
        event = fault_event(datetime.now(UTC), "whereabouts", words, self._settings.snapshot.version)
        self._journal.append({"t": "event", **event.row()})


def run_whereabouts(settings: Settings, channel: Connection) -> None:
    """The watcher's main function."""
    watcher = Watcher(settings)
    work_in_rounds(channel, _ROUND, watcher.take_up, watcher.round)
    watcher.close()


def _without_left(seen: Iterable[Neighbour], holds: Iterable[Hold]) -> Iterator[Neighbour]:
    """Without addresses that the kernel only remembers, where the device has leased another one meanwhile."""
    leased: dict[str, set[object]] = {}
    for hold in holds:
        if hold.source is Source.LEASE and hold.address.version == 4:
            leased.setdefault(hold.mac, set()).add(hold.address)
    for each in seen:
        theirs = leased.get(each.mac)
        if each.address.version == 4 and theirs and each.address not in theirs and each.state == "STALE":
            continue
        yield each


def _open(listen: tuple[str, int]) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in listen[0] else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.bind(listen)
    except OSError:
        made.close()
        raise
    return made
