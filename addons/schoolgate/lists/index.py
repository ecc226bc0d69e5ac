"""One file that answers which categories an address stands in, mapped once and shared by all workers.

Layout: ``SGINDEX3``, the header's length (8 bytes, little-endian), the header's BLAKE2b digest (32 bytes), the header
(JSON), then the sections it names. A shelf is two sections: a trie of keys, and for each key a number that points into
the header's table of combinations of marks. There are three shelves: ``hosts`` (``com.example.``), ``urls``
(``com.example./path``), and ``refused``, the entries that the import left out, for those who ask why a name is not
listed. The header holds a digest of all sections, so a truncated or altered file is refused.
"""

import hashlib
import json
import mmap
import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import marisa_trie
import re2

from schoolgate.lists.entry import covers
from schoolgate.lists.formats.found import (
    BELOW,
    EXACT,
    HOST_PATTERN,
    LIST,
    UNLESS,
    UNLESS_BELOW,
    UNLESS_EXACT,
    URL_PATTERN,
)
from schoolgate.lists.patterns import Pattern, Patterns
from schoolgate.policy.rules import Hit, Listing

_MAGIC = b"SGINDEX3"
_DIGEST = 32
_ALIGN = 16
_SHELVES = ("hosts", "urls", "refused")
_WIDTHS = ((1 << 8, "B"), (1 << 16, "H"), (1 << 32, "I"))
Mark = tuple[str, str, str]
"""What an entry says: (role, category, list)."""
EXCEPT = "except"  # a curated file clears its category here, whichever list names the host
PATHS = "paths"  # entries with a path stand below this host
PROTECTED = "protected"  # nobody else's list and no judgement of the name counts here
UNPROTECTED = "unprotected"
_NOTHING = Listing()


class BadIndex(Exception):
    """The index file is missing, truncated or altered; the message says which and what to do."""


def host_key(host: str) -> str:
    """``www.example.com`` as ``com.example.www.``, so that what is below a domain begins with its key."""
    return ".".join(host.split(".")[::-1]) + "."


def key_host(key: str) -> str:
    """The inverse of ``host_key``."""
    return ".".join(key[:-1].split(".")[::-1])


def write_index(
    path: Path,
    shelves: Mapping[str, dict[str, int]],
    combinations: Sequence[Sequence[Mark]],
    patterns: Sequence[Pattern],
    **facts: Any,
) -> None:
    """Write the shelves (keys with the numbers of their combinations); the file appears whole or not at all."""
    width = next(code for limit, code in _WIDTHS if len(combinations) <= limit)
    body, places = bytearray(), dict[str, tuple[int, int]]()
    for name in _SHELVES:
        keys = shelves[name]
        trie = marisa_trie.Trie(keys, num_tries=1)  # two are 25 % smaller, and a fifth slower
        marks = array(width, bytes(array(width).itemsize * len(keys)))
        for key, number in keys.items():
            marks[trie.key_id(key)] = number
        for section, data in ((name, trie.tobytes()), (f"{name}_marks", marks.tobytes())):
            body += bytes(-len(body) % _ALIGN)
            places[section] = (len(body), len(data))
            body += data
        del trie
    digest = hashlib.blake2b(body, digest_size=_DIGEST).hexdigest()
    header = {"combinations": combinations, "patterns": patterns, "places": places, "width": width, "digest": digest}
    head = json.dumps({**header, **facts}, separators=(",", ":")).encode()
    head += b" " * (-(len(_MAGIC) + 8 + _DIGEST + len(head)) % _ALIGN)
    start = _MAGIC + len(head).to_bytes(8, "little") + hashlib.blake2b(head, digest_size=_DIGEST).digest()
    _write_whole(path, (start, head, body))


def _write_whole(path: Path, pieces: Iterable[bytes | bytearray]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class _Shelf:
    """A trie of keys and the combinations of marks behind them."""

    def __init__(self, trie: memoryview, numbers: memoryview, combinations: Sequence[tuple[Mark, ...]]) -> None:
        self._trie = marisa_trie.Trie()
        self._trie.map(trie)
        self.prefixes = self._trie.prefixes
        self.below = self._trie.iterkeys
        self._key_id = self._trie.key_id
        self._numbers, self._combinations = numbers, combinations

    def __len__(self) -> int:
        return len(self._trie)

    def number(self, key: str) -> int:
        """The combination of a key that is there."""
        number: int = self._numbers[self._key_id(key)]
        return number

    def marks(self, key: str) -> tuple[Mark, ...]:
        """The marks of a key that is there."""
        return self._combinations[self.number(key)]


_Match = tuple[int, str, bool, tuple[Mark, ...]]
"""Length of the key, the entry in words, whether it is the very host that was asked for, its marks."""


class Index:
    """An open index. Workers map the same file, so its memory is counted once."""

    def __init__(self, path: Path) -> None:
        """Open and check the file. Raises BadIndex."""
        self.path = path
        self.facts, body = _open(path)
        combinations = [tuple((r, c, s) for r, c, s in marks) for marks in self.facts.pop("combinations")]
        places, width = self.facts.pop("places"), self.facts["width"]

        def section(name: str) -> memoryview:
            start, size = places[name]
            return body[start : start + size]

        def shelf(name: str) -> _Shelf:
            return _Shelf(section(name), section(f"{name}_marks").cast(width), combinations)

        self._hosts, self._urls, self._refused = (shelf(name) for name in _SHELVES)
        self._prefixes = self._hosts.prefixes
        self._plain = [
            (marks[0][1], marks[0][2]) if len(marks) == 1 and marks[0][0] == LIST else None for marks in combinations
        ]
        try:
            self._patterns = [Patterns(self.facts["patterns"], how) for how in (HOST_PATTERN, URL_PATTERN)]
        except re2.error as error:
            raise BadIndex(f"{path}: its patterns take too much memory together ({error})") from error
        self._sources = frozenset(self.facts.get("sources", ()))
        self._has_patterns = bool(self.facts["patterns"])

    def __reduce__(self) -> tuple[type["Index"], tuple[Path]]:
        return Index, (self.path,)

    def __len__(self) -> int:
        return len(self._hosts) + len(self._urls)

    @property
    def version(self) -> str:
        """The digest of what the lists say: the same lists give the same version."""
        return str(self.facts["digest"])[:16]

    def look_up(self, host: str, target: str) -> Listing:
        """Everything that is listed for a canonical host and a match target ("" where only the name is known)."""
        key = ".".join(host.split(".")[::-1]) + "."
        prefixes = self._prefixes(key)
        if not self._has_patterns:
            if not prefixes:
                return _NOTHING
            if len(prefixes) == 1:
                plain = self._plain[self._hosts.number(prefixes[0])]
                if plain is not None:  # the host's own end is the entry, as long as the key without its last dot
                    return Listing((Hit(*plain, host[len(host) - len(prefixes[0]) + 1 :]),))
        found = self._matches(prefixes, key, host, target)
        if not found:
            return _NOTHING
        listing = _listing(found)
        if listing.hits and _is_protected(found):  # a list that names a domain above it reaches no protected site
            return Listing(tuple(hit for hit in listing.hits if hit.list not in self._sources))
        return listing

    def hangs_on_path(self, host: str) -> bool:
        """Whether what is listed for a canonical host may be different for one target and another."""
        if self._has_patterns:
            return True
        return any(self._hosts.marks(prefix)[0][0] == PATHS for prefix in self._prefixes(host_key(host)))

    def is_settled(self, host: str) -> bool:
        """Whether the lists know the host as one that must be reached: protected, or an exception of a curated list."""
        key = host_key(host)
        found = self._matches(self._hosts.prefixes(key), key, host, "")
        return _is_protected(found) or any(role == EXCEPT for *_, marks in found for role, _, _ in marks)

    def below(self, host: str) -> Iterator[tuple[str, str]]:
        """Every host and path ("" for the whole host) that has an entry of its own at a host or below it."""
        yield from ((key_host(key), "") for key in self._hosts.below(host_key(host)))
        for key in self._urls.below(host_key(host)):
            name, _, path = key.partition("/")
            yield key_host(name), f"/{path}"

    def parts(self, host: str) -> Iterator[str]:
        """Every path of which lists say something at this very host (and so below it)."""
        key = host_key(host)
        return (found.removeprefix(key) for found in self._urls.below(f"{key}/"))

    def explain(self, host: str, target: str) -> Iterator[tuple[str, Mark]]:
        """All that the file holds about an address, each entry with a mark: also exceptions, and what was refused."""
        key = host_key(host)
        for _, entry, _, marks in self._matches(self._hosts.prefixes(key), key, host, target):
            yield from ((entry, mark) for mark in marks if mark[0] != PATHS)
        refused = {prefix for host in _above(key) for prefix in self._refused.prefixes(host + target)}
        for prefix in sorted(refused):
            name, dot, path = prefix.partition("./")
            entry = f"{key_host(name + '.')}/{path}" if dot else key_host(prefix)
            for reason, category, source in self._refused.marks(prefix):
                yield entry, (f"refused: {reason}", category, source)

    def _matches(self, prefixes: list[str], key: str, host: str, target: str) -> list[_Match]:
        found: list[_Match] = []
        whole = len(key)
        for prefix in prefixes:
            marks = self._hosts.marks(prefix)
            length = len(prefix)
            if marks[0][0] == PATHS:  # sorted to the front
                if target:
                    found.extend(self._match_paths(prefix, target))
                marks = marks[1:]
                if not marks:
                    continue
            found.append((length, key_host(prefix), length == whole, marks))
        if self._has_patterns and not _is_protected(found):
            found.extend((0, pattern, True, ((LIST, c, s),)) for pattern, c, s in self._match_patterns(host, target))
        return found

    def _match_paths(self, host: str, target: str) -> Iterator[_Match]:
        for prefix in self._urls.prefixes(host + target):
            path = prefix[len(host) :]
            if path.startswith("/") and covers(path, target):
                yield len(prefix), key_host(host) + path, True, self._urls.marks(prefix)

    def _match_patterns(self, host: str, target: str) -> Iterator[tuple[str, str, str]]:
        of_hosts, of_urls = self._patterns
        yield from of_hosts.match(host)
        yield from of_urls.match(host + (target or "/"))


def _is_protected(found: list[_Match]) -> bool:
    """Whether the longest word on protection is for it."""
    roles = [role for *_, marks in found for role, _, _ in marks if role in (PROTECTED, UNPROTECTED)]
    return bool(roles) and roles[-1] == PROTECTED


def _above(key: str) -> Iterator[str]:
    """The key of a host and of every domain above it."""
    end = key.find(".") + 1
    while end:
        yield key[:end]
        end = key.find(".", end) + 1


_REACH = {UNLESS: None, UNLESS_EXACT: True, UNLESS_BELOW: False, LIST: None, EXACT: True, BELOW: False}


def _listing(found: list[_Match]) -> Listing:
    """Put matches together: a curated exception clears its category, a list's own exception clears its own entries."""
    hits: list[tuple[int, Hit]] = []
    cleared: set[str] = set()
    own_exceptions: set[tuple[str, str]] = set()
    for length, entry, is_whole, marks in found:
        for role, category, name in marks:
            if role == LIST:
                hits.append((length, Hit(category, name, entry)))
            elif role == EXCEPT:
                cleared.add(category)
            elif role in _REACH and _REACH[role] in (None, is_whole):
                if role in (EXACT, BELOW):
                    hits.append((length, Hit(category, name, entry)))
                else:
                    own_exceptions.add((category, name))
    hits.sort(key=lambda pair: (-pair[0], pair[1].list != pair[1].category))
    return Listing(
        tuple(
            hit
            for _, hit in hits
            if hit.category not in cleared and (not own_exceptions or (hit.category, hit.list) not in own_exceptions)
        )
    )


def _open(path: Path) -> tuple[dict[str, Any], memoryview]:
    try:
        with path.open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise BadIndex(f"{path}: the list index cannot be opened ({error})") from error
    start = len(_MAGIC) + 8 + _DIGEST
    size = int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 8], "little")
    head = bytes(data[start : start + size])
    if data[: len(_MAGIC)] != _MAGIC or _digest(head) != data[len(_MAGIC) + 8 : start]:
        raise BadIndex(f"{path}: not a whole list index; delete it and it is made again")
    facts: dict[str, Any] = json.loads(head)
    body = data[start + size :]
    if _digest(body).hex() != facts["digest"]:
        raise BadIndex(f"{path}: the list index was cut or altered; delete it and it is made again")
    return facts, body


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST).digest()
