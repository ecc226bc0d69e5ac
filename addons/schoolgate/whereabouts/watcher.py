"""The process that watches: lease files as they change, the neighbours every second, RADIUS packets as they come."""

import logging
import socket
import time
from datetime import UTC, datetime
from ipaddress import ip_address
from multiprocessing.connection import Connection

from schoolgate.child import work_in_rounds
from schoolgate.policy.whereabouts import Hold, Whereabouts
from schoolgate.settings.identity_models import IdentityEntry, LeaseEntry
from schoolgate.settings.load import Settings
from schoolgate.store.event import fault_event
from schoolgate.store.journal import Journal
from schoolgate.whereabouts.accounting import after
from schoolgate.whereabouts.leases import APPENDED, FOREVER, first_seen, read_leases
from schoolgate.whereabouts.neighbours import read_neighbours
from schoolgate.whereabouts.radius import BadPacket, answer, read_packet
from schoolgate.whereabouts.sightings import Stamp, change_logins, open_folder, stamp_of, touch, write_seen
from schoolgate.whereabouts.wire import Leased, Wire

log = logging.getLogger("schoolgate")

_ROUND = 0.2  # seconds
_NEIGHBOURS_EVERY = 1.0  # seconds
_TIDY_EVERY = 20.0  # seconds
_TELL_AGAIN = 3600.0  # seconds
_MOST_PACKETS = 500  # a round
_REMEMBER = 20_000  # packets


class Watcher:
    """Draws everything together. What it knows of people ends with it: it may have missed who left meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._folder = open_folder(settings.data)
        self._journal = Journal(settings.data, "whereabouts")
        self._now = self._before = Whereabouts()
        self._written: tuple[object, ...] = ()
        self._stamps: dict[LeaseEntry, tuple[Stamp, tuple[Hold, ...]]] = {}
        self._leases: tuple[Hold, ...] = ()
        self._leased = Leased()
        self._wire = Wire()
        self._next_end = FOREVER
        self._next_look = self._next_tidying = 0.0
        self._socket: socket.socket | None = None
        self._told: dict[str, float] = {}
        self._heard: dict[bytes, None] = {}
        self.take_up(settings)

    def take_up(self, settings: Settings) -> None:
        """New settings: files that are named no more are forgotten, the port is opened where it is now."""
        self._settings = settings
        self._root = settings.folders.root
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        write_seen(self._folder, self._now)

    @property
    def _identity(self) -> IdentityEntry:
        return self._settings.school.identity

    def round(self) -> None:
        """One look at everything; what has not changed costs next to nothing, however many leases there are."""
        now = datetime.now(UTC)
        is_new, wire = self._look_at_leases(now), self._wire.holds
        if is_new or now >= self._next_end:
            found = (hold for _, holds in self._stamps.values() for hold in holds if now < hold.until)
            self._leases = tuple(first_seen(found, self._leases))
            self._leased = Leased(self._leases)
        self._look_at_neighbours(now)
        if is_new or now >= self._next_end or self._wire.holds is not wire:
            holds = (*self._leases, *self._wire.holds)
            self._next_end = min((hold.until for hold in holds), default=FOREVER)
            self._now = self._now.with_holds(holds)
        self._listen(now)
        if time.monotonic() >= self._next_tidying:
            self._next_tidying = time.monotonic() + _TIDY_EVERY
            self._now = self._now.tidied(now)
        self._hand_over()

    def close(self) -> None:
        """The end."""
        self._journal.close()

    def _look_at_leases(self, now: datetime) -> bool:
        """Whether any file says something else than before."""
        named = set(self._identity.leases)
        is_new = not named.issuperset(self._stamps)
        self._stamps = {entry: known for entry, known in self._stamps.items() if entry in named}
        for entry in self._identity.leases:
            path = self._root / entry.file
            before = self._stamps.get(entry, (None,))[0]
            stamp = stamp_of(path)
            if stamp is not None and stamp == before:
                continue
            try:
                found = read_leases(entry.kind, path, now)
                if entry.kind in APPENDED or stamp == stamp_of(path):  # else it is being written just now
                    self._stamps[entry], is_new = (stamp, found), True
            except OSError as error:
                self._tell(f"The leases in {entry.file} cannot be read: {error.strerror}.")
                is_new = self._stamps.pop(entry, None) is not None or is_new
        return is_new

    def _look_at_neighbours(self, now: datetime) -> None:
        if not self._identity.sees_neighbours:
            self._wire = Wire() if self._wire.holds else self._wire
        elif time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _NEIGHBOURS_EVERY
            try:
                seen = read_neighbours(self._settings.school.gateway.inside)
            except OSError as error:
                self._tell(f"The neighbours on the network cannot be read: {error}.")
                seen = ()
            self._wire.take(seen, self._leased, now, self._identity.forget)

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
            self._tell("RADIUS accounting came from elsewhere than config/school.yaml's clients", f", as {client}.")
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
        if self._is_news(packet[4:20]):
            self._now = after(self._now, client, said, now, radius.lifetime, radius.realms)
        self._socket.sendto(answer(packet, secret), sender)

    def _is_news(self, authenticator: bytes) -> bool:
        """Else it is sent again, by its sender or by somebody who overheard it."""
        if authenticator in self._heard:
            return False
        self._heard[authenticator] = None
        if len(self._heard) > _REMEMBER:
            del self._heard[next(iter(self._heard))]
        return True

    def _hand_over(self) -> None:
        """The file where anything is new, else a sign of life; logins of devices that have gone are ended."""
        told = (self._now.holds, self._now.sittings)
        if not self._written or any(new is not old for new, old in zip(told, self._written, strict=True)):
            write_seen(self._folder, self._now)
            self._written = told
            change_logins(self._folder, self._prune)
        touch(self._folder)

    def _prune(self, logins: Whereabouts) -> Whereabouts:
        kept = Whereabouts((), self._before.still(logins.sittings, self._now)).tidied(datetime.now(UTC))
        self._before = self._now
        return kept

    def _tell(self, words: str, more: str = "") -> None:
        """The technician, once an hour for each fault; ``more`` makes none of its own."""
        clock = time.monotonic()
        if self._told.get(words, -_TELL_AGAIN) + _TELL_AGAIN > clock or len(self._told) > 1000:
            return
        self._told[words] = clock
        words += more
        log.error("%s", words)
        event = fault_event(datetime.now(UTC), "whereabouts", words, self._settings.snapshot.version)
        self._journal.append({"t": "event", **event.row()})


def run_whereabouts(settings: Settings, channel: Connection) -> None:
    """The watcher's main function."""
    watcher = Watcher(settings)
    work_in_rounds(channel, _ROUND, watcher.take_up, watcher.round)
    watcher.close()


def _open(listen: tuple[str, int]) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in listen[0] else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.bind(listen)
    except OSError:
        made.close()
        raise
    return made
