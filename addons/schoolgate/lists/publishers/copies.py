"""The folder of last good copies: what the school holds of each publisher's list, and what is known about it.

``<folder>/<name>/`` holds ``copy-<digest>`` (the list, as downloaded), ``since-<digest>`` (see ``since``), an
unfinished download, and ``state.json``, which names the copy in force. A new copy is written beside the old one and
takes its place when ``state.json`` is replaced, so at any moment the old copy stands whole with its own state, or the
new one does.
"""

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from schoolgate.lists.publishers.since import read_since, write_since
from schoolgate.lists.publishers.state import STATE, Content, Failure, State, read_state, write_state
from schoolgate.whole_file import move

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
Names = Callable[[Path], Iterable[str]]
"""Reads a list file's entries, in any order."""


class AlreadyUpdating(Exception):
    """Another process is updating these lists; the message says which."""


@dataclass(frozen=True, slots=True)
class Held:
    """A newer copy that is not taken until somebody says it is right; ``reason`` says what is odd about it."""

    path: Path
    url: str
    entries: int
    reason: str
    fetched: datetime
    etag: str | None
    modified: str | None


@dataclass(frozen=True, slots=True)
class Copy:
    """What is on disk of a list, and what is known of it. Times are aware UTC, sizes bytes.

    ``first`` is when the first copy was taken, ``fetched`` when this very content was, ``checked`` when the publisher
    last said that it is current. ``failure`` has the words of the last try, "" when that was good; ``again`` is when
    the next try is due after a failure.
    """

    name: str
    path: Path
    url: str
    sha256: str
    size: int
    first: datetime
    fetched: datetime
    checked: datetime
    etag: str | None
    modified: str | None
    entries: int | None
    failure: str = ""
    failed: datetime | None = None
    again: datetime | None = None
    held: Held | None = None

    def age(self, now: datetime) -> str:
        """How old the content is and how long ago the publisher confirmed it, in words."""
        fetched, checked = ago(now - self.fetched), ago(now - self.checked)
        return f"taken {fetched}" if fetched == checked else f"taken {fetched}, confirmed {checked}"


class Copies:
    """``folder`` is made when it is needed. One process writes at a time (``lock``); any number may read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str, verify: bool = False) -> Copy | None:
        """The copy in force, or None where there is none yet. Raises ValueError for a name that no list can have.

        ``verify`` reads the file and answers None when it is not what was downloaded.
        """
        state = read_state(self.place(name))
        if state is None or state.copy is None:
            return None
        copy = _copy(name, self.place(name), state, state.copy)
        if not copy.path.is_file() or (verify and digest(copy.path) != copy.sha256):
            return None
        return copy

    def all(self) -> list[Copy]:
        """Every list that there is a copy of, by name."""
        names = [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []
        copies = (self.get(name) for name in sorted(names) if _NAME.fullmatch(name))
        return [copy for copy in copies if copy is not None]

    def failure(self, name: str) -> Failure | None:
        """What went wrong at the last try, also where there is no copy yet; None when it was good."""
        state = read_state(self.place(name))
        return state.failure if state else None

    def since(self, name: str, entry: str) -> datetime | None:
        """When an entry came into the list; None: it is there from the first copy (``Copy.first``), or not at all."""
        state = read_state(self.place(name))
        return read_since(self._since_path(name, state.copy.sha256), entry) if state and state.copy else None

    def place(self, name: str) -> Path:
        """The list's own folder, whether it is there or not."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a list: use a-z, 0-9 and -, at most 64 characters")
        return self.folder / name

    def state_file(self, name: str) -> Path:
        """The file that changes whenever anything is known anew of a list; it need not be there."""
        return self.place(name) / STATE

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other writers out. Raises AlreadyUpdating; ends with the process, however that ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                who = file.read().strip() or "unknown"
                raise AlreadyUpdating(
                    f"{self.folder}: the lists are being updated already, by process {who}; wait for it to end"
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def take(self, name: str, content: Content, file: Path, at: datetime, names: Names | None = None) -> Copy:
        """Put ``file`` in force in place of the copy before. ``names`` reads entries, to note which are new."""
        place, state = self.place(name), read_state(self.place(name)) or State()
        if state.copy is not None and state.copy.sha256 != content.sha256:
            self._note_since(name, state.copy, content, file, at, names)
        move(file, place / content.file)
        state = State(first=state.first or at, checked=at, copy=content)
        write_state(place, state)
        return _copy(name, place, state, content)

    def _note_since(self, name: str, old: Content, new: Content, file: Path, at: datetime, names: Names | None) -> None:
        before, after = self._since_path(name, old.sha256), self._since_path(name, new.sha256)
        if names is not None:
            sound = self.get(name, verify=True)
            write_since(after, names(file), names(sound.path) if sound else None, before, at)
        elif before.exists():
            shutil.copyfile(before, after)

    def confirm(self, name: str, at: datetime, *, held: bool = False) -> None:
        """The publisher says that the copy in force (or, with ``held``, the one that is held back) is current."""
        state = read_state(self.place(name)) or State()
        state = replace(state, checked=at, failure=None)
        write_state(self.place(name), state if held else replace(state, held=None, reason=""))

    def renew(self, name: str, content: Content, file: Path, at: datetime) -> None:
        """The copy in force came once more: the file heals a damaged one, and what the publisher calls it is noted."""
        place, state = self.place(name), read_state(self.place(name)) or State()
        move(file, place / content.file)
        copy = replace(content, fetched=state.copy.fetched) if state.copy else content
        write_state(place, State(first=state.first or at, checked=at, copy=copy))

    def hold(self, name: str, content: Content, file: Path, reason: str, at: datetime) -> None:
        """Keep ``file`` beside the copy in force until it is accepted or a better one comes."""
        place, state = self.place(name), read_state(self.place(name)) or State()
        move(file, place / content.file)
        write_state(place, replace(state, checked=at, held=content, reason=reason, failure=None))

    def accept(self, name: str, at: datetime, names: Names | None = None) -> Copy:
        """Put the copy in force that was held back. Raises ValueError when there is none, AlreadyUpdating."""
        with self.lock():
            state = read_state(self.place(name))
            path = self.place(name) / state.held.file if state and state.held else None
            if state is None or state.held is None or path is None or not path.is_file():
                raise ValueError(f"{name}: no copy is held back, so there is nothing to accept")
            if digest(path) != state.held.sha256:
                raise ValueError(f"{name}: the copy that is held back was damaged on the disk; update the lists again")
            return self.take(name, state.held, path, at, names)

    def fail(self, name: str, failure: Failure) -> None:
        """Write down that a try failed; the copy in force stays."""
        self.place(name).mkdir(parents=True, exist_ok=True)
        write_state(self.place(name), replace(read_state(self.place(name)) or State(), failure=failure))

    def sweep(self, name: str) -> None:
        """Remove what no state names any more; readers of the copy before have had until now to finish."""
        place, state = self.place(name), read_state(self.place(name)) or State()
        place.mkdir(parents=True, exist_ok=True)
        kept = {STATE, "partial", "partial.json"}
        kept |= {content.file for content in (state.copy, state.held) if content}
        kept |= {self._since_path(name, state.copy.sha256).name} if state.copy else set()
        for path in place.iterdir():
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def _since_path(self, name: str, sha256: str) -> Path:
        return self.place(name) / f"since-{sha256[:16]}"


def digest(path: Path, algorithm: str = "sha256") -> str:
    """The file's digest in hex, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def ago(span: timedelta) -> str:
    """``3 weeks ago``, in the largest unit that fills at least two."""
    seconds = span.total_seconds()
    for unit, size in (("weeks", 604800), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now" if seconds < 60 else "a minute ago"


def _copy(name: str, place: Path, state: State, content: Content) -> Copy:
    held, failure = state.held, state.failure
    return Copy(
        name=name,
        path=place / content.file,
        url=content.url,
        sha256=content.sha256,
        size=content.size,
        first=state.first or content.fetched,
        fetched=content.fetched,
        checked=state.checked or content.fetched,
        etag=content.etag,
        modified=content.modified,
        entries=content.entries,
        failure=failure.words if failure else "",
        failed=failure.at if failure else None,
        again=failure.again if failure else None,
        held=Held(place / held.file, held.url, held.entries, state.reason, held.fetched, held.etag, held.modified)
        if held
        else None,
    )
