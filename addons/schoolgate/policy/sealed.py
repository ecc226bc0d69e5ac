"""Illegal material that licensed feeds name: no rule, exception, opening or group of the school's reaches it.

Feeds are kept as keyed digests, so nobody can read an address out of them; an address that is asked for is digested in
the same way and compared. An entry is a whole site, a page, everything below a folder, or a page with parameters.

A page is the same page however it is written: percent-encoded once or more often, in capitals, with ``..``, ``//`` or
``\\`` in its path, with or without ``www.``, port, ``;`` parts, a fragment that was sent along, more parameters or
parameters in another order.
"""

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from schoolgate.policy.request import host_address

SEALED = "sealed"
"""The category and the rule of a verdict on illegal material; no YAML file can name the category."""
WHOLE, ALONE, SOME, PAGE, BELOW, WITH, PAIR = "whole", "alone", "some", "page", "below", "with", "pair"
"""What a digest is of: a host with all below it, a host alone, a host that has pages on a list, a page, all below a
path, a page that counts with parameters only, and such a page with one of its parameters."""
_DIGEST_BYTES = 16
_MOST_DECODED = 8  # times; a browser sends nothing that needs more than two
_REMEMBERED = 65_536
_KINDS = {"md5": hashlib.md5, "sha1": hashlib.sha1, "sha256": hashlib.sha256}
_SCHEMES = ("", "http://", "https://")
_BLANK = " \t\r\n\0"  # what servers drop at the end of a name
_AS_THEY_ARE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "#%")


@dataclass(frozen=True, slots=True)
class Match:
    """The feed that names an address, and the digest of its entry in hex: all that may be told of it."""

    feed: str
    digest: str


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed in digests. ``with_parameters`` holds, for a page, the parameters of each of its entries.

    ``published`` are the kinds of digest (``md5``, ``sha1``, ``sha256``) that its publisher made of addresses itself.
    """

    name: str
    marks: frozenset[bytes] = frozenset()
    with_parameters: Mapping[bytes, tuple[frozenset[bytes], ...]] = field(default_factory=dict[Any, Any])
    published: tuple[str, ...] = ()


def digest_of(key: bytes, kind: str, text: str) -> bytes:
    """The keyed digest of what an entry says."""
    return hashlib.blake2b(f"{kind}\0{text}".encode(), key=key, digest_size=_DIGEST_BYTES).digest()


def is_sealed(category: str, rule: str) -> bool:
    """Whether a verdict, or an event, with this category and rule is about illegal material."""
    return category == SEALED and rule == SEALED


class Sealed:
    """All feeds, ready to be asked; it can be handed to another process."""

    def __init__(self, key: bytes = b"", feeds: Sequence[Feed] = ()) -> None:
        self._key, self._feeds = key, tuple(feeds)
        self._host = lru_cache(_REMEMBERED)(self._look_at_host)

    def __reduce__(self) -> tuple[type["Sealed"], tuple[Any, ...]]:
        return Sealed, (self._key, self._feeds)

    def __bool__(self) -> bool:
        return bool(self._feeds)

    def match(self, names: Iterable[str], asked: str) -> Match | None:
        """What names one of these canonical hosts, or the page; ``asked`` is path and query, "" where unknown."""
        if not self._feeds:
            return None
        for name in names:
            found, has_pages = self._host(name)
            found = found or (self._page(name, asked) if asked and has_pages else None)
            found = found or self._published(name, asked)
            if found:
                return found
        return None

    def knows(self, host: str) -> bool:
        """Whether a feed names the host or any page of it: such a connection is never left closed where it can be."""
        found, has_pages = self._host(host) if self._feeds else (None, False)
        return has_pages or found is not None

    def _digest(self, kind: str, text: str) -> bytes:
        return digest_of(self._key, kind, text)

    def _look_at_host(self, host: str) -> tuple[Match | None, bool]:
        """Whether the host itself is named, and whether pages of it are."""
        marks = [self._digest(ALONE, host), *(self._digest(WHOLE, name) for name in _and_above(host))]
        return self._first(marks), self._first([self._digest(SOME, without_www(host))]) is not None

    def _page(self, host: str, asked: str) -> Match | None:
        host, query = without_www(host), asked.partition("?")[2]
        for path in paths_of(asked.partition("?")[0]):
            marks = [self._digest(PAGE, host + path)]
            marks += [self._digest(BELOW, host + above) for above in _folders(path)]
            found = self._first(marks)
            for page in (path, *(above for above in _folders(path) if "." in above.rpartition("/")[2])):
                found = found or self._with_parameters(host + page, query)  # of page.php/more, also page.php
            if found:
                return found
        return None

    def _with_parameters(self, page: str, query: str) -> Match | None:
        mark = self._digest(WITH, page)
        for feed in self._feeds:
            entries = feed.with_parameters.get(mark, ())
            given = {self._digest(PAIR, f"{page}?{pair}") for pair in pairs_of(query)} if entries else set[bytes]()
            for entry in entries:
                if entry <= given:
                    return Match(feed.name, mark.hex())
        return None

    def _published(self, host: str, asked: str) -> Match | None:
        """What publishers digested themselves cannot be digested our way, so every usual spelling is tried."""
        is_needed = any(feed.published for feed in self._feeds)
        texts = [text.encode() for text in spellings(host, asked)] if is_needed else []
        for feed in self._feeds:
            for kind in feed.published:
                digest = _KINDS[kind]
                for text in texts:
                    if (mark := self._digest(kind, digest(text, usedforsecurity=False).hexdigest())) in feed.marks:
                        return Match(feed.name, mark.hex())
        return None

    def _first(self, marks: Collection[bytes]) -> Match | None:
        for feed in self._feeds:
            for mark in marks:
                if mark in feed.marks:
                    return Match(feed.name, mark.hex())
        return None


NOTHING_SEALED = Sealed()


def without_www(host: str) -> str:
    """``www.example.com`` and ``example.com`` have the same pages."""
    return host[4:] if host.startswith("www.") and host.count(".") > 1 else host


def folded(text: str) -> str:
    """One spelling for all: decoded until nothing is left to decode, in small letters, accents in one form."""
    return unicodedata.normalize("NFC", _decoded(text)).casefold()


def paths_of(path: str) -> tuple[str, ...]:
    """A path in its one spelling; where it has ``;`` parts, ``#`` or ``?``, also without them. No slash at the end."""
    plain = folded(path)
    short = plain.partition("#")[0].partition("?")[0]
    bare = "/".join(segment.partition(";")[0] for segment in short.split("/"))
    return tuple(dict.fromkeys(map(_without_dots, (plain, short, bare))))


def pairs_of(query: str) -> frozenset[str]:
    """The parameters of a query, each as ``name=value`` in one spelling; where one has a ``#``, also without it."""
    pieces = query.removeprefix("?").replace(";", "&").split("&")
    pairs = [folded(piece.replace("+", "%20")) for piece in pieces if piece]
    return frozenset(_trimmed(text) for pair in pairs for text in (pair, pair.partition("#")[0]) if text)


def spellings(host: str, asked: str) -> Iterator[str]:
    """How publishers write an address before they digest it: Safe Browsing's expressions, bare and with a scheme.

    The path is tried as it was asked for, in Safe Browsing's one spelling, without ``;`` parts, and in small letters.
    """
    path, mark, query = (asked or "/").partition("?")
    plain = quote(_without_dots(_decoded(path)), safe=_AS_THEY_ARE)
    bare = "/".join(segment.partition(";")[0] for segment in plain.split("/"))
    paths = dict[str, None]()
    for each in dict.fromkeys((path, plain, bare, bare.lower())):
        paths |= dict.fromkeys((*([each + mark + query] if mark else ()), each, each.rstrip("/")))
        paths |= dict.fromkeys(f"{above}/".replace("//", "/") for above in _folders(each, 4))
    for name in _hosts_of(host):
        for each in (*paths, ""):
            for scheme in _SCHEMES:
                yield scheme + name + each


def _hosts_of(host: str) -> Iterator[str]:
    """A host, the five shortest names above it, and the same host with or without ``www.``."""
    names = list(_and_above(host))
    other = [] if host_address(host) is not None else [without_www(host), f"www.{host}"]
    yield from dict.fromkeys((host, *names[-5:], *other))


def _decoded(text: str) -> str:
    """Percent-decoded until nothing changes any more."""
    for _ in range(_MOST_DECODED):
        before, text = text, unquote(text)
        if text == before:
            break
    return text


def _without_dots(path: str) -> str:
    """Without what servers leave out: ``.``, ``..``, doubled slashes, and dots and blanks at the end of a name."""
    kept: list[str] = []
    for segment in path.replace("\\", "/").split("/"):
        name = segment.strip(_BLANK)
        if name == "..":
            del kept[-1:]
        elif name not in ("", "."):
            kept.append(name.rstrip("." + _BLANK) or name)
    return "/" + "/".join(kept)


def _trimmed(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name.strip(_BLANK)}{equals}{value.strip(_BLANK)}" or pair


def _and_above(host: str) -> Iterator[str]:
    """A host and every domain above it that is not an ending alone; an IP address stands for itself."""
    yield host
    if host_address(host) is None:
        while host.count(".") > 1:
            host = host.partition(".")[2]
            yield host


def _folders(path: str, most: int = 64) -> Iterator[str]:
    """``/a/b`` as ``/``, ``/a`` and ``/a/b``, each without a slash at its end; at most so many."""
    segments = [each for each in path.split("/") if each][:most]
    yield from ("/" + "/".join(segments[:length]) for length in range(len(segments) + 1))
