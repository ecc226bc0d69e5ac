"""One entry of a list: a host, or a host and the beginning of a path, in the one spelling that look-ups use."""

import re
from dataclasses import dataclass
from functools import lru_cache

from schoolgate.policy.request import BadAddress, canonical_host, match_target

_PLAIN = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)+")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_GOES_ON = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-%")
_LONGEST_LABEL = 63  # RFC 1035
_LONGEST_HOST = 253
NO_HOST = "no host name stands here"
NO_PATH = "a path with characters that no address has"
TOO_LONG = "a name longer than DNS allows (63 characters a label, 253 in all)"


@dataclass(frozen=True, slots=True)
class Entry:
    """A host, with a path prefix ("" for the whole host) below which the entry holds."""

    host: str
    path: str = ""

    def __str__(self) -> str:
        return f"[{self.host}]{self.path}" if ":" in self.host else self.host + self.path


@lru_cache(maxsize=1024)
def _canonical(text: str) -> str:
    return canonical_host(text)


def read_host(text: str, as_written: bool = False) -> str:
    """The one spelling of a host as a list writes it: lower case, A-labels, no dots at its ends.

    ``www.`` is taken away, as a list that names it means the site, unless ``as_written``.

    Raises BadAddress with one of this module's reasons.
    """
    low = text.lower().strip(".")
    if not _PLAIN.fullmatch(low) or "xn--" in low or low[-1].isdigit():
        if not low:
            raise BadAddress(NO_HOST)
        try:
            low = _canonical(low)
        except BadAddress:
            raise BadAddress(TOO_LONG if len(low) > _LONGEST_HOST else NO_HOST) from None
    if len(low) > _LONGEST_LABEL and (
        len(low) > _LONGEST_HOST or any(len(label) > _LONGEST_LABEL for label in low.split("."))
    ):
        raise BadAddress(TOO_LONG)
    if low.startswith("www.") and low.count(".") > 1 and not as_written:
        return low[4:]
    return low


def read_address(text: str) -> tuple[str, str]:
    """Host and path of ``host`` or ``host/path``, with or without scheme. Raises BadAddress."""
    text = _SCHEME.sub("", text)
    host, slash, path = text.partition("/")
    if not slash or not path:
        return read_host(host), ""
    path, _, query = path.partition("?")
    target = match_target("/" + path, query)
    if not target.isprintable():
        raise BadAddress(NO_PATH)
    return read_host(host), target


def covers(path: str, target: str) -> bool:
    """Whether an entry's path ("" for the whole host) covers a match target: ``/bad`` does not cover ``/badger``."""
    return not path or (
        target.startswith(path) and (path[-1] == "/" or target[len(path) : len(path) + 1] not in _GOES_ON)
    )


def entry(text: str) -> Entry:
    """Read what a person wrote in YAML; a bare ``edu`` means all below it. Raises BadAddress."""
    try:
        return Entry(*read_address(text.strip()))
    except BadAddress as error:
        raise BadAddress(f"{text.strip()!r}: {error}") from None
