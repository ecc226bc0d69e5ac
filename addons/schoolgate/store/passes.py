"""The sites that devices refuse the school's certificate for, and what was learned of it: one file that workers share.

A site passes for the kinds of program (``classes``) that refused, each until a day of its own; afterwards it is looked
into again. The file holds no person and no address of a device but of those that do not trust the school's
certificate at all.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from schoolgate.whole_file import alone_in, exchange

FOLDER, FILE = "passes", "passes.json"
HOLDS = timedelta(days=14)
"""How long what was learned holds before it is tried again."""
_KEPT = timedelta(days=30)  # after which what ended, what was held back and who lacked the certificate is forgotten
_TOLD = timedelta(days=1)
_MOST = 1000  # of each kind
_MOST_CLASSES = 100  # of one host


@dataclass(frozen=True, slots=True)
class Pass:
    """A learned host. Moments are ISO 8601 in UTC; ``how`` says what was seen, for people.

    ``classes`` says until when it passes for each kind of program, ``until`` the last of these; it is "" for good.
    """

    host: str
    classes: Mapping[str, str]
    since: str
    until: str
    how: str
    service: str = ""

    def holds(self, now: datetime) -> bool:
        """Whether it still passes for anybody at an aware moment."""
        return not self.until or now < datetime.fromisoformat(self.until)

    def holds_for(self, device_class: str, now: datetime) -> bool:
        """Whether it still passes for this kind of program."""
        until = self.classes.get(device_class)
        return until is not None and (not self.until or now < datetime.fromisoformat(until))


@dataclass(frozen=True, slots=True)
class Stopped:
    """A host that devices refuse the certificate for, and that is not passed through all the same; ``why`` in words."""

    host: str
    at: str
    why: str


@dataclass(frozen=True, slots=True)
class Untrusting:
    """A device that refuses the certificate everywhere: it has not got the school's."""

    client: str
    at: str


@dataclass(frozen=True, slots=True)
class Learned:
    """All that the file holds, by host or by the device's address."""

    passes: Mapping[str, Pass] = field(default_factory=dict[str, Pass])
    stopped: Mapping[str, Stopped] = field(default_factory=dict[str, Stopped])
    untrusting: Mapping[str, Untrusting] = field(default_factory=dict[str, Untrusting])


NOTHING = Learned()


class Passes:
    """Reads and changes the file below ``data``; what is asked often is read again only where it was changed."""

    def __init__(self, data: Path) -> None:
        self._folder, self._path = data / FOLDER, data / FOLDER / FILE
        self._stamp: tuple[int, int, int] | None = None
        self._known = NOTHING

    def now(self) -> Learned:
        """What is learned. Raises ValueError where the file cannot be read, and OSError; nothing passes then."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self._stamp, self._known = None, NOTHING
            return NOTHING
        stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if stamp != self._stamp:
            self._known = NOTHING
            self._known, self._stamp = _read(self._path.read_bytes()), stamp
        return self._known

    def learn(self, host: str, device_class: str, how: str, service: str, now: datetime) -> None:
        """A host passes for one more kind of program, or once more. Raises OSError."""
        with self._changing(now) as known:
            old = known.passes.get(host)
            kept = old is not None and not old.until
            since, until = (each.isoformat(timespec="seconds") for each in (now, now + HOLDS))
            classes = {each: day for each, day in old.classes.items() if old.holds_for(each, now)} if old else {}
            classes = _with(classes, device_class, until, _MOST_CLASSES)
            made = Pass(host, classes, old.since if old and kept else since, "" if kept else until, how, service)
            stopped = {name: each for name, each in known.stopped.items() if name != host}
            self._write(replace(known, passes=_with(known.passes, host, made), stopped=stopped))

    def stop(self, host: str, why: str, now: datetime) -> None:
        """A host would have to pass, and does not. Raises OSError."""
        with self._changing(now) as known:
            made = Stopped(host, now.isoformat(timespec="seconds"), why)
            self._write(replace(known, stopped=_with(known.stopped, host, made)))

    def distrust(self, client: str, now: datetime) -> bool:
        """A device lacks the certificate; whether that is news, which it is once a day. Raises OSError."""
        with self._changing(now) as known:
            old = known.untrusting.get(client)
            if old is not None and now - datetime.fromisoformat(old.at) < _TOLD:
                return False
            made = Untrusting(client, now.isoformat(timespec="seconds"))
            self._write(replace(known, untrusting=_with(known.untrusting, client, made)))
            return True

    def forget(self, host: str) -> bool:
        """Look into a host again; whether it was known. Raises OSError and ValueError."""
        with self._changing(None) as known:
            if host not in known.passes and host not in known.stopped:
                return False
            passes = {name: each for name, each in known.passes.items() if name != host}
            stopped = {name: each for name, each in known.stopped.items() if name != host}
            self._write(replace(known, passes=passes, stopped=stopped))
            return True

    def keep(self, host: str) -> bool:
        """A learned host passes for good; whether it was learned. Raises OSError and ValueError."""
        with self._changing(None) as known:
            old = known.passes.get(host)
            if old is None:
                return False
            self._write(replace(known, passes=_with(known.passes, host, replace(old, until=""))))
            return True

    @contextmanager
    def _changing(self, now: datetime | None) -> Iterator[Learned]:
        """What stands in the file while nobody else changes it.

        With a time, what is too old is left out, and a file that cannot be read is begun anew.
        """
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            owner = self._folder.parent.stat().st_uid
            if os.geteuid() == 0 and owner != 0:  # a command that root gives writes for the gateway
                os.chown(self._folder, owner, -1)
        with alone_in(self._folder):
            self._stamp = None
            try:
                known = self.now()
            except ValueError:
                if now is None:
                    raise
                known = NOTHING
            yield known if now is None else _lately(known, now)

    def _write(self, known: Learned) -> None:
        document = {kind: [asdict(each) for each in getattr(known, kind).values()] for kind in _KINDS}
        exchange(self._path, json.dumps(document, indent=1).encode())


_KINDS = ("passes", "stopped", "untrusting")


def _read(data: bytes) -> Learned:
    try:
        document = json.loads(data)
        passes = [Pass(**each) for each in document["passes"]]
        stopped = [Stopped(**each) for each in document["stopped"]]
        untrusting = [Untrusting(**each) for each in document["untrusting"]]
        moments = [moment for each in passes for moment in (each.until or each.since, *each.classes.values())]
        for moment in (*moments, *(each.at for each in stopped), *(each.at for each in untrusting)):
            datetime.fromisoformat(moment).astimezone()
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ValueError(f"{FOLDER}/{FILE} is damaged: {error!r}") from None
    return Learned(
        {each.host: each for each in passes},
        {each.host: each for each in stopped},
        {each.client: each for each in untrusting},
    )


def _lately(known: Learned, now: datetime) -> Learned:
    since = (now - _KEPT).isoformat(timespec="seconds")
    return Learned(
        {host: each for host, each in known.passes.items() if not each.until or each.until > since},
        {host: each for host, each in known.stopped.items() if each.at > since},
        {client: each for client, each in known.untrusting.items() if each.at > since},
    )


def _with[T](known: Mapping[str, T], name: str, made: T, most: int = _MOST) -> dict[str, T]:
    """The newest last; beyond what a school can have, the oldest goes, but nothing that passes for good."""
    found = {key: each for key, each in known.items() if key != name} | {name: made}
    passing = [key for key, each in found.items() if not (isinstance(each, Pass) and not each.until)]
    gone = set(passing[: max(0, len(found) - most)])
    return {key: each for key, each in found.items() if key not in gone}
