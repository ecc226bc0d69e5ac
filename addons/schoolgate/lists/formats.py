"""Reads the line formats that list publishers use; a line that cannot be read costs itself only."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from schoolgate.policy.request import BadAddress, canonical_host, match_target

_PLAIN = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)+")
_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "local", "broadcasthost", "0.0.0.0"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A host, with a path prefix ("" for the whole host) below which the entry holds."""

    host: str
    path: str = ""

    def __str__(self) -> str:
        return f"[{self.host}]{self.path}" if ":" in self.host else self.host + self.path


@dataclass(slots=True)
class Reading:
    """The entries of one list file, and what was wrong with its other lines (line number, words)."""

    entries: list[Entry] = field(default_factory=list[Entry])
    faults: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])


@lru_cache(maxsize=1024)
def _host(text: str) -> str:
    return canonical_host(text)


def entry(text: str) -> Entry:
    """Read ``host`` or ``host/path``, with or without scheme and ``www.``.

    A bare ``edu`` means all below it. Raises BadAddress.
    """
    bare = text.strip()
    if "://" in bare:
        bare = bare.split("://", 1)[1]
    host, slash, path = bare.partition("/")
    low = host.lower()
    if not _PLAIN.fullmatch(low) or "xn--" in low or low[-1].isdigit():
        low = _host(low)
    low = low.removeprefix("www.") if low.count(".") > 1 else low
    if not slash or not path:
        return Entry(low)
    path, _, query = path.partition("?")
    return Entry(low, match_target("/" + path, query))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.split("#", 1)[0].strip()
        if bare:
            yield number, bare


def read_entries(path: Path) -> Reading:
    """One ``domain`` or ``host/path`` a line, ``#`` begins a comment."""
    reading = Reading()
    for number, line in _lines(path):
        try:
            reading.entries.append(entry(line))
        except BadAddress as error:
            reading.faults.append((number, str(error)))
    return reading


def read_hosts(path: Path) -> Reading:
    """A hosts file: an address, then names."""
    reading = Reading()
    for number, line in _lines(path):
        for name in line.split()[1:]:
            if name.lower() in _LOCAL_NAMES:
                continue
            try:
                reading.entries.append(entry(name))
            except BadAddress as error:
                reading.faults.append((number, str(error)))
    return reading


READERS: dict[str, Callable[[Path], Reading]] = {"domains": read_entries, "urls": read_entries, "hosts": read_hosts}
"""The formats that this version can read, by the name that ``format:`` gives them."""
