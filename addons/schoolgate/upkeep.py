"""Keeps the downloaded lists fresh: by command, or by itself in the night, in a process that holds nothing up."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from schoolgate.child import STOP, Child
from schoolgate.lists.formats.reading import Reading
from schoolgate.lists.formats.source_text import UnreadableList
from schoolgate.lists.publishers.download import Terms
from schoolgate.lists.publishers.remote import Remote
from schoolgate.lists.publishers.update import Outcome, Progress, Result, is_due, update
from schoolgate.settings.blocklists import FORMATS
from schoolgate.settings.load import Settings

LOOK_EVERY = timedelta(minutes=1)
_OVERDUE = timedelta(days=2)  # a list that old is asked for at any hour
_LONG_FAILING = timedelta(days=3)  # a publisher that cannot be reached for so long is worth a mail


def entries_of(remote: Remote, path: Path) -> Iterator[str]:
    """Every entry of a downloaded list, as ``since`` remembers them. Raises ValueError where it is no list."""
    try:
        for _, host, way, _ in FORMATS[remote.format](Reading(path, remote.folder)):
            yield host + way
    except UnreadableList as error:
        raise ValueError(str(error)) from None


def count_entries(remote: Remote, path: Path) -> int:
    """How many lines of a downloaded list could be used; patterns count like names. Raises ValueError."""
    return sum(1 for _ in entries_of(remote, path))


def update_lists(
    settings: Settings,
    remotes: tuple[Remote, ...],
    now: Callable[[], datetime],
    force: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> list[Outcome]:
    """Bring copies up to date, those that are due or with ``force`` all. Raises AlreadyUpdating."""
    extra = settings.school.upstream_ca
    terms = Terms(extra_ca=settings.folders.root / extra if extra else None)
    return update(remotes, settings.copies, count_entries, now, progress, force, names=entries_of, terms=terms)


def _update_apart(settings: Settings, channel: Connection) -> None:
    try:
        outcomes = update_lists(settings, settings.remotes, lambda: datetime.now().astimezone())
        channel.send([outcome for outcome in outcomes if outcome.result in (Result.HELD, Result.FAILED)])
    except Exception as error:
        channel.send(f"the lists could not be updated: {error}")


@dataclass(slots=True)
class Upkeep:
    """Looks now and then whether a list is due, and has one process at a time fetch what is."""

    _process: BaseProcess | None = None
    _channel: Connection | None = None
    _next_look: datetime | None = None
    _told: dict[str, str] = field(default_factory=dict[str, str])

    def round(self, settings: Settings, now: datetime) -> list[str]:
        """Start what is due; returns words for the technician, each once, about what an update that ended met."""
        if self._process is not None:
            return [] if self._process.is_alive() else self._end(settings, now)
        if self._next_look is not None and self._next_look - LOOK_EVERY <= now < self._next_look:
            return []
        self._next_look = now + LOOK_EVERY
        if self._is_time(settings, now):
            child = Child("lists", _update_apart, ())
            child.start(settings)
            child.tell(STOP)  # nothing else is to be said
            self._process, self._channel = child.process, child.channel
        return []

    @property
    def is_busy(self) -> bool:
        """Whether an update is under way, or has ended and was not heard yet."""
        return self._process is not None

    def stop(self) -> None:
        """End an update that is under way; what it had fetched is used the next time."""
        if self._process is not None:
            self._process.kill()
            self._process.join(2)

    def _is_time(self, settings: Settings, now: datetime) -> bool:
        """Whether a list is due in the hours that the school gave, or overdue at any hour."""
        hours = settings.school.lists.update
        if hours is None:
            return False
        copies, local = settings.copies, now.astimezone(settings.school.timezone)
        at_night = hours.start <= local.hour * 60 + local.minute < hours.end
        for remote in settings.remotes:
            copy = copies.get(remote.name)
            overdue = copy is not None and now - copy.checked > max(_OVERDUE, 2 * remote.refresh)
            if (at_night or overdue) and is_due(remote, copy, now, copies.failure(remote.name)):
                return True
        return False

    def _end(self, settings: Settings, now: datetime) -> list[str]:
        said: list[Outcome] | str = "the process that updates the lists ended by itself"
        with contextlib.suppress(EOFError, OSError):  # it was killed before it could say anything
            if self._channel is not None and self._channel.poll():
                said = self._channel.recv()
        self._process = self._channel = None
        if isinstance(said, str):
            return self._once("", said)
        copies = settings.copies
        words: list[str] = []
        for outcome in said:
            copy = copies.get(outcome.name)
            old = copy is not None and now - copy.checked > _LONG_FAILING
            if outcome.result is Result.HELD or old:
                words += self._once(outcome.name, outcome.words)
        return words

    def _once(self, name: str, words: str) -> list[str]:
        if self._told.get(name) == words:
            return []
        self._told[name] = words
        return [words]
