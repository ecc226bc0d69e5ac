"""One file that answers which categories an address stands in, mapped once and shared by all workers.

Layout: ``SGINDEX1``, the header's length (8 bytes, little-endian), the header (JSON), then the sections it names: two
tries of reversed host names (``com.example.``) and of URL prefixes (``com.example./path``), and for each trie one
unsigned 32-bit number a key, which points into the header's table of combinations. The header holds a SHA-256 over
the sections, and its own follows the file's magic, so a truncated or altered file is refused.
"""

import hashlib
import json
import mmap
import os
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import marisa_trie

from schoolgate.policy.request import host_address
from schoolgate.policy.rules import Action, Hit, Listing

_MAGIC = b"SGINDEX1"
_HASH = 32
_ALIGN = 16
_SECTIONS = ("hosts", "host_marks", "urls", "url_marks")
Mark = tuple[str, str, str]
"""What an entry says: (role, category, list); the role is list, except, allow or block."""
_GOES_ON = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-%")


class BadIndex(Exception):
    """The index file is missing, truncated or altered; the message says which and what to do."""


def host_key(host: str) -> str:
    """``www.example.com`` as ``com.example.www.``; an IP address stays whole."""
    if host_address(host) is not None:
        return f"@{host}."
    return ".".join(reversed(host.split("."))) + "."


def key_host(key: str) -> str:
    """The inverse of ``host_key``."""
    return key[1:-1] if key.startswith("@") else ".".join(reversed(key[:-1].split(".")))


def write_index(
    path: Path, hosts: dict[str, tuple[Mark, ...]], urls: dict[str, tuple[Mark, ...]], **facts: Any
) -> None:
    """Write an index of host keys and URL keys with their marks; the file appears whole or not at all."""
    combinations: dict[tuple[Mark, ...], int] = {}
    sections: dict[str, bytes] = {}
    for name, keys in (("hosts", hosts), ("urls", urls)):
        trie = marisa_trie.Trie(keys)
        marks = array("I", bytes(4 * len(keys)))
        for key, says in keys.items():
            marks[trie.key_id(key)] = combinations.setdefault(says, len(combinations))
        sections[name] = trie.tobytes()
        sections[f"{name[:-1]}_marks"] = marks.tobytes()
    body, places = bytearray(), dict[str, tuple[int, int]]()
    for name in _SECTIONS:
        body += bytes(-len(body) % _ALIGN)
        places[name] = (len(body), len(sections[name]))
        body += sections[name]
    header = {"combinations": list(combinations), "places": places, "sha256": hashlib.sha256(body).hexdigest(), **facts}
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-(len(_MAGIC) + 8 + _HASH + len(head)) % _ALIGN)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("wb") as file:
            file.write(_MAGIC + len(head).to_bytes(8, "little") + hashlib.sha256(head).digest() + head + body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class Index:
    """An open index. Workers map the same file, so its memory is counted once."""

    def __init__(self, path: Path) -> None:
        """Open and check the file. Raises BadIndex."""
        self.path = path
        self.facts, body = _open(path)
        self._combinations = [
            tuple((str(r), str(c), str(s)) for r, c, s in says) for says in self.facts["combinations"]
        ]
        places = self.facts["places"]

        def section(name: str) -> memoryview:
            start, size = places[name]
            return body[start : start + size]

        self._hosts, self._urls = marisa_trie.Trie(), marisa_trie.Trie()
        self._hosts.map(section("hosts"))
        self._urls.map(section("urls"))
        self._host_marks, self._url_marks = section("host_marks").cast("I"), section("url_marks").cast("I")

    def __reduce__(self) -> tuple[type["Index"], tuple[Path]]:
        return Index, (self.path,)

    def __len__(self) -> int:
        return len(self._hosts) + len(self._urls)

    def look_up(self, host: str, target: str) -> Listing:
        """Everything that is listed for a canonical host and a match target ("" where only the name is known)."""
        key = host_key(host)
        found = [
            (len(prefix), key_host(prefix), self._combinations[self._host_marks[number]])
            for prefix, number in self._hosts.iter_prefixes_with_ids(key)
        ]
        if target and len(self._urls):
            found.extend(self._look_up_urls(key, target))
        return _listing(found) if found else _NOTHING

    def _look_up_urls(self, key: str, target: str) -> Iterable[tuple[int, str, tuple[Mark, ...]]]:
        end = key.find(".") + 1 if not key.startswith("@") else len(key)
        while end:
            suffix = key[:end]
            for prefix, number in self._urls.iter_prefixes_with_ids(suffix + target):
                path = prefix[end:]
                if path.startswith("/") and not (path[-1] != "/" and target[len(path) : len(path) + 1] in _GOES_ON):
                    yield len(prefix), key_host(suffix) + path, self._combinations[self._url_marks[number]]
            end = key.find(".", end) + 1


_NOTHING = Listing()


def _listing(found: list[tuple[int, str, tuple[Mark, ...]]]) -> Listing:
    """Put matches together: exceptions clear their category, the school's longest word wins, block before allow."""
    hits: list[tuple[int, Hit]] = []
    cleared: set[str] = set()
    local: tuple[int, bool, Action, Hit] | None = None
    for length, entry, says in found:
        for role, category, name in says:
            if role == "list":
                hits.append((length, Hit(category, name, entry)))
            elif role == "except":
                cleared.add(category)
            else:
                action = Action.BLOCK if role == "block" else Action.ALLOW
                word = (length, action is Action.BLOCK, action, Hit(category, name, entry))
                local = word if local is None or word[:2] > local[:2] else local
    hits.sort(key=lambda pair: (-pair[0], pair[1].list != pair[1].category))
    kept = tuple(hit for _, hit in hits if hit.category not in cleared)
    return Listing(kept, None if local is None else (local[2], local[3]))


def _open(path: Path) -> tuple[dict[str, Any], memoryview]:
    try:
        with path.open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise BadIndex(f"{path}: the list index cannot be opened ({error})") from error
    start = len(_MAGIC) + 8 + _HASH
    size = int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 8], "little")
    head = bytes(data[start : start + size])
    if data[: len(_MAGIC)] != _MAGIC or hashlib.sha256(head).digest() != data[len(_MAGIC) + 8 : start]:
        raise BadIndex(f"{path}: not a whole list index; delete it and it is made again")
    facts: dict[str, Any] = json.loads(head)
    body = data[start + size :]
    if hashlib.sha256(body).hexdigest() != facts["sha256"]:
        raise BadIndex(f"{path}: the list index was cut or altered; delete it and it is made again")
    return facts, body
