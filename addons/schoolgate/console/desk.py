"""What all screens work with: the settings in force, the record to read, and the journal to write deeds to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from schoolgate.console.forms import Seal
from schoolgate.console.sessions import Sessions
from schoolgate.console.throttle import Throttle
from schoolgate.settings.load import Settings
from schoolgate.store.event import Deed, Event, deed_event
from schoolgate.store.journal import Journal
from schoolgate.store.pseudonym import Pseudonyms
from schoolgate.store.record import RecordReader, open_reader


@dataclass(slots=True)
class Desk:
    """One for each console. ``alone`` is held by whoever looks at the record and then writes what follows from it."""

    settings: Settings
    pseudonyms: Pseudonyms
    journal: Journal
    sessions: Sessions
    by_login: Throttle
    by_address: Throttle
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    seal: Seal = field(default_factory=Seal)
    checking: threading.Semaphore = field(default_factory=lambda: threading.BoundedSemaphore(4))
    alone: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def reading(self) -> Iterator[RecordReader]:
        """The record with what is still waiting to be carried over. Raises sqlite3.Error when it is damaged."""
        with open_reader(self.settings.data, with_waiting=True) as reader:
            yield reader

    def on_the_wall(self, at: str) -> datetime:
        """A moment of the record on the school's clock."""
        return datetime.fromisoformat(at).astimezone(self.settings.school.timezone)

    def write(self, deed: Deed, actor: str, **given: str) -> Event:
        """Put a deed on record; it is durable when this returns. Raises OSError (a full disk, say)."""
        event = deed_event(self.now(), deed, actor, self.settings.snapshot.version, **given)
        with self.alone:
            self.journal.append({"t": "event", **event.row()})
        return event


def open_desk(settings: Settings, pseudonyms: Pseudonyms, journal: Journal, clock: Callable[[], float]) -> Desk:
    """A desk whose logins are slowed down after five wrong passwords of one login, or twenty from one address."""
    by_login, by_address = (
        Throttle(clock, 5, 300.0),
        Throttle(clock, 20, 60.0),
    )  # behind a web server all share one address
    return Desk(settings, pseudonyms, journal, Sessions(clock), by_login, by_address)
