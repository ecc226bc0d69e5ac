"""What all screens work with: the settings in force, the record to read, and the journal to write deeds to."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from schoolgate.access import Account, named
from schoolgate.console.folds import Folds
from schoolgate.console.forms import Seal
from schoolgate.console.round_trip import RoundTrips
from schoolgate.console.sessions import Sessions
from schoolgate.console.throttle import Guesses, Throttle
from schoolgate.policy.identity import Confidence
from schoolgate.settings.load import Settings
from schoolgate.store.event import Deed, Event, deed_event, fault_event
from schoolgate.store.journal import Journal
from schoolgate.store.pseudonym import Pseudonyms
from schoolgate.store.record import RecordReader, open_reader

log = logging.getLogger("schoolgate")

_NEWEST = (
    "select \"group\", identity_confidence as sure, snapshot from events where person = :person and action <> 'deed' "
    "order by at desc limit 1"
)


@dataclass(slots=True)
class Desk:
    """One for each console. ``alone`` is held by whoever looks at the record and then writes what follows from it."""

    settings: Settings
    pseudonyms: Pseudonyms
    journal: Journal
    sessions: Sessions
    by_login: Throttle
    by_address: Throttle
    guesses: Guesses
    sign_on: RoundTrips
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    seal: Seal = field(default_factory=Seal)
    checking: threading.Semaphore = field(default_factory=lambda: threading.BoundedSemaphore(2))
    alone: threading.RLock = field(default_factory=threading.RLock)
    folds: Folds = field(default_factory=Folds)

    @contextmanager
    def reading(self) -> Iterator[RecordReader]:
        """The record with what is still waiting to be carried over. Raises sqlite3.Error when it is damaged."""
        with open_reader(self.settings.data, with_waiting=True) as reader:
            yield reader

    def account(self, login: str) -> Account:
        """Who a login is. Whom no group lists but the network makes staff on record has that record to see too."""
        account = named(self.settings, self.pseudonyms, login)
        if account.group:
            return account
        with self.reading() as reader:
            newest = next(iter(reader.query(_NEWEST, {"person": account.person})), None)
        if newest is None or newest["group"] not in self.settings.snapshot.calendar.at_work:
            return account
        as_now = newest["snapshot"] == self.settings.snapshot.version  # when no group listed the login either
        if as_now or newest["sure"] in (Confidence.NETWORK, Confidence.UNKNOWN):
            return replace(account, group=newest["group"], staff=True)
        return account

    def on_the_wall(self, at: str) -> datetime:
        """A moment of the record on the school's clock."""
        return datetime.fromisoformat(at).astimezone(self.settings.school.timezone)

    def write(self, deed: Deed, actor: str, **given: str) -> Event:
        """Put a deed on record; it is durable when this returns. Raises OSError (a full disk, say)."""
        event = deed_event(self.now(), deed, actor, self.settings.snapshot.version, **given)
        with self.alone:
            self.journal.append({"t": "event", **event.row()})
        return event

    def note_fault(self, where: str, why: str) -> None:
        """Tell the technician; where not even that can be written, the log has it."""
        log.warning("console: %s", why)
        event = fault_event(self.now(), where, why, self.settings.snapshot.version)
        try:
            with self.alone:
                self.journal.append({"t": "event", **event.row()})
        except OSError as error:
            log.error("A fault could not be recorded: %s", error)


def open_desk(settings: Settings, pseudonyms: Pseudonyms, journal: Journal, clock: Callable[[], float]) -> Desk:
    """A desk whose logins are slowed down after five wrong passwords of one login, or twenty from one address."""
    by_login, by_address = Throttle(clock, 5, 300.0), Throttle(clock, 20, 60.0)
    return Desk(settings, pseudonyms, journal, Sessions(clock), by_login, by_address, Guesses(clock), RoundTrips(clock))
