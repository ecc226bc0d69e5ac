"""Brings the school's copies of its publishers' lists up to date, and never swaps a good list for a worse one.

For each list that is due: fetch it, compare its checksum, count its entries, and put it in force, unless it is no list,
is empty, or has lost more than half of its entries. One that fails stays as it was and does not hold up the others.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import httpx2

from schoolgate.lists.publishers import checksum
from schoolgate.lists.publishers.copies import Copies, Copy, digest
from schoolgate.lists.publishers.download import DISK_FULL, Current, Fetched, Validators, fetch, is_full
from schoolgate.lists.publishers.partial import Partial
from schoolgate.lists.publishers.publisher import Broken, Failed, Terms, open_client
from schoolgate.lists.publishers.remote import Remote
from schoolgate.lists.publishers.state import Content, Failure

FIRST_PAUSE, LONGEST_PAUSE = timedelta(hours=1), timedelta(days=1)
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body")
Count = Callable[[Remote, Path], int]
Names = Callable[[Remote, Path], Iterable[str]]


class Result(StrEnum):
    """What came of one list."""

    TAKEN = "taken"
    UNCHANGED = "unchanged"
    HELD = "held"
    FAILED = "failed"
    NOT_DUE = "not due"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``words`` is the line for people, with the list's name; ``entries`` are those of the copy now in force."""

    name: str
    result: Result
    words: str
    entries: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` bytes of a list have arrived (None: not known how many there are)."""

    name: str
    done: int
    total: int | None


def is_due(remote: Remote, copy: Copy | None, now: datetime, failure: Failure | None = None) -> bool:
    """Whether to ask the publisher now; ``failure`` is the last one, as ``Copies.failure`` has it, also without a copy.

    After a failure the pauses grow (1 h, 2 h, 4 h, ... 1 day); a new address is asked at once. A clock that was set
    back never stops updates.
    """
    failed, again = (copy.failed, copy.again) if copy else (None, None)
    if failure is not None:
        failed, again = (failure.at, failure.again) if failure.url == remote.url else (None, None)
    if failed is not None and again is not None:
        return now >= again or now < failed
    return copy is None or copy.url != remote.url or now >= copy.checked + remote.refresh or now < copy.checked


def update(
    remotes: Iterable[Remote],
    copies: Copies,
    count: Count,
    now: Callable[[], datetime],
    progress: Callable[[Progress], None] | None = None,
    force: bool = False,
    *,
    names: Names | None = None,
    terms: Terms | None = None,
) -> list[Outcome]:
    """Update what is due (with ``force`` everything), and say what came of each list, in the order given.

    ``count`` returns a file's number of usable entries, or raises ValueError when it is no list; ``names`` reads
    them, to note since when each is listed. Both are called on threads. ``now`` is aware; ``progress`` is called on
    the caller's thread. Raises AlreadyUpdating, and ValueError when two lists share a name. Not for use inside a
    running event loop.
    """
    remotes = list(remotes)
    if twice := {r.name for r in remotes if sum(r.name == other.name for other in remotes) > 1}:
        raise ValueError(f"two lists are called {', '.join(sorted(twice))}; give each its own name")
    with copies.lock():
        run = _Update(copies, count, now, progress or (lambda _: None), names, terms or Terms())
        return asyncio.run(run.all(remotes, force))


class _Update:
    """One run over all lists. Lists of one host are asked for one after the other."""

    def __init__(
        self,
        copies: Copies,
        count: Count,
        now: Callable[[], datetime],
        progress: Callable[[Progress], None],
        names: Names | None,
        terms: Terms,
    ) -> None:
        self._copies, self._count, self._now = copies, count, now
        self._progress, self._names, self._terms = progress, names, terms

    async def all(self, remotes: Sequence[Remote], force: bool) -> list[Outcome]:
        by_host: defaultdict[str, list[Remote]] = defaultdict(list)
        turns, outcomes = asyncio.Semaphore(self._terms.hosts), dict[str, Outcome]()
        for remote in remotes:
            if not force and (outcome := self._not_due(remote)):
                outcomes[remote.name] = outcome
            else:
                by_host[httpx2.URL(remote.url).host].append(remote)
        if not by_host:
            return [outcomes[remote.name] for remote in remotes]

        async def ask(host: list[Remote]) -> None:
            async with turns:
                for remote in host:
                    outcomes[remote.name] = await self._one(client, remote)

        async with open_client(self._terms) as client, asyncio.TaskGroup() as group:
            for host in by_host.values():
                group.create_task(ask(host))
        return [outcomes[remote.name] for remote in remotes]

    def _not_due(self, remote: Remote) -> Outcome | None:
        """The outcome of a list that need not be asked for; a damaged copy is due, a disk that fails is met later."""
        try:
            sound, failure = self._copies.get(remote.name, verify=True), self._copies.failure(remote.name)
            if is_due(remote, sound, self._now(), failure):
                return None
            return self._say(remote, Result.NOT_DUE, failure.words if failure else "not due yet")
        except OSError:
            return None

    async def _one(self, client: httpx2.AsyncClient, remote: Remote) -> Outcome:
        try:
            sound = await asyncio.to_thread(self._copies.get, remote.name, verify=True)
            self._copies.sweep(remote.name)
            try:
                return await self._fetch_and_judge(client, remote, sound)
            except Broken:  # the checksum does not fit: the publisher may have changed list and checksum in between
                return await self._fetch_and_judge(client, remote, sound)
        except Failed as failed:
            return self._fail(remote, str(failed), failed.wait)
        except OSError as error:
            return self._fail(remote, DISK_FULL if is_full(error) else f"the disk does not do its work ({error})", None)
        except Exception as error:  # whatever one list does, the others are updated
            return self._fail(remote, f"it could not be read ({type(error).__name__}: {error})", None)

    async def _fetch_and_judge(self, client: httpx2.AsyncClient, remote: Remote, sound: Copy | None) -> Outcome:
        partial = Partial(self._copies.place(remote.name), remote.url)
        known = _known(remote, sound)

        def tell(done: int, total: int | None) -> None:
            self._progress(Progress(remote.name, done, total))

        fetched = await fetch(client, remote, partial, known, self._terms, tell)
        if isinstance(fetched, Current):
            return self._still_current(remote, sound, fetched)
        promised = await checksum.wanted(client, remote, self._terms)
        try:
            return await asyncio.to_thread(self._judge, remote, fetched, promised)
        finally:
            partial.discard()

    def _still_current(self, remote: Remote, sound: Copy | None, current: Current) -> Outcome:
        held = sound.held if sound else None
        is_held = held is not None and (current.etag is None or current.etag == held.etag)
        self._copies.confirm(remote.name, self._now(), held=is_held)
        if held is not None and is_held:
            return self._say(remote, Result.HELD, held.reason)
        return self._say(remote, Result.UNCHANGED, "still current")

    def _judge(self, remote: Remote, fetched: Fetched, promised: str | None) -> Outcome:
        """Decide over a whole downloaded file. Raises Failed."""
        if promised is not None:
            checksum.compare(fetched.path, promised)
        sha256, at, copy = digest(fetched.path), self._now(), self._copies.get(remote.name)
        entries = self._entries(remote, fetched.path)
        content = Content(remote.url, sha256, fetched.path.stat().st_size, entries, at, fetched.etag, fetched.modified)
        if copy is not None and copy.sha256 != sha256 and entries * 2 < (copy.entries or 0):
            reason = _shrunk(entries, copy.entries or 0, remote.name)
            self._copies.hold(remote.name, content, fetched.path, reason, at)
            return self._say(remote, Result.HELD, reason)
        if copy is not None and copy.sha256 == sha256:
            self._copies.renew(remote.name, content, fetched.path, at)
            return self._say(remote, Result.UNCHANGED, "still current")
        names = self._names
        self._copies.take(remote.name, content, fetched.path, at, names and (lambda path: names(remote, path)))
        return self._say(remote, Result.TAKEN, f"{entries:,} entries, {_change(entries, copy)}")

    def _entries(self, remote: Remote, path: Path) -> int:
        if remote.format != "html" and _is_page(path):
            raise Failed("the publisher sent a web page instead of the list; open its address in a browser to see why")
        try:
            entries = self._count(remote, path)
        except ValueError as error:
            raise Failed(f"what the publisher sent is not a list of this format ({error})") from error
        if entries <= 0:
            raise Failed("the new copy has no entries at all")
        return entries

    def _say(self, remote: Remote, result: Result, words: str) -> Outcome:
        copy = self._copies.get(remote.name)
        return Outcome(remote.name, result, f"{remote.name}: {words}", copy.entries if copy else None)

    def _fail(self, remote: Remote, words: str, wait: float | None) -> Outcome:
        """Write the failure down and say it, with what that means for the school."""
        now, copy = self._now(), None
        try:
            copy = self._copies.get(remote.name)
            before = self._copies.failure(remote.name)
            times = before.times + 1 if before else 1
            pause = min(FIRST_PAUSE * 2 ** min(times - 1, 10), LONGEST_PAUSE)
            again = now + max(pause, min(timedelta(seconds=wait or 0), LONGEST_PAUSE))
            self._copies.fail(remote.name, Failure(remote.url, words, now, times, again))
        except OSError as error:
            words = f"{words}; nor could that be written down ({error.strerror})"
        stays = f"the copy in force stays ({copy.age(now)})" if copy else "nothing has been downloaded of it yet"
        return Outcome(remote.name, Result.FAILED, f"{remote.name}: {words}; {stays}", copy.entries if copy else None)


def _known(remote: Remote, sound: Copy | None) -> Validators:
    """What need not be sent again: the copy in force, and one that is held back. Another address knows neither."""
    if sound is None or sound.url != remote.url:
        return Validators()
    held = sound.held if sound.held and sound.held.url == remote.url else None
    etags, modified = (sound.etag, held.etag if held else None), held.modified if held else sound.modified
    return Validators(tuple(etag for etag in etags if etag), modified)


def _change(entries: int, copy: Copy | None) -> str:
    if copy is None or copy.entries is None:
        return "the first copy"
    more = entries - copy.entries
    return f"{abs(more):,} {'more' if more >= 0 else 'fewer'} than before"


def _is_page(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(1024)
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_PAGES)


def _shrunk(entries: int, before: int, name: str) -> str:
    return (
        f"the new copy has {entries:,} entries where the old one had {before:,}; it is held back. "
        f"If that is right, run: schoolgate lists update --accept {name}"
    )
