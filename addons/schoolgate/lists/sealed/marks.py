"""Digests the entries of a feed in the way in which ``policy.sealed`` looks addresses up."""

from collections.abc import Iterable
from dataclasses import dataclass

from schoolgate.lists.guards import is_suffix
from schoolgate.lists.sealed.reading import Address, Published, Readings
from schoolgate.policy.sealed import (
    ALONE,
    BELOW,
    PAGE,
    PAIR,
    SOME,
    WHOLE,
    WITH,
    Feed,
    digest_of,
    pairs_of,
    paths_of,
    without_www,
)


@dataclass(frozen=True, slots=True)
class Digested:
    """A feed in digests, with the numbers of lines that became an entry, and that could not be read."""

    feed: Feed
    entries: int
    left_out: int


def digested(name: str, key: bytes, lines: Iterable[Readings]) -> Digested:
    """Digest all entries of a feed under a key."""
    marks, pages, published = set[bytes](), dict[bytes, set[frozenset[bytes]]](), set[str]()
    number = left_out = 0
    for readings in lines:
        added = [entry for entry in readings if _add(entry, key, marks, pages)]
        number, left_out = number + bool(added), left_out + (not added)
        published.update(entry.kind for entry in added if isinstance(entry, Published))
    parameters = {page: tuple(found) for page, found in pages.items()}
    return Digested(Feed(name, frozenset(marks), parameters, tuple(sorted(published))), number, left_out)


def _add(entry: Address | Published, key: bytes, marks: set[bytes], pages: dict[bytes, set[frozenset[bytes]]]) -> bool:
    """Add an entry; False where it would block what no list can mean."""

    def mark(kind: str, text: str) -> bytes:
        return digest_of(key, kind, text)

    if isinstance(entry, Published):
        marks.add(mark(entry.kind, entry.digest))
        return True
    pairs = pairs_of(entry.query)
    path = paths_of(entry.path)[0]
    if path == "/" and not pairs:
        return _add_site(entry.host, mark(ALONE, entry.host), mark(WHOLE, entry.host), key, marks)
    page = without_www(entry.host) + path
    marks.add(mark(SOME, without_www(entry.host)))
    if pairs:
        found = frozenset(mark(PAIR, f"{page}?{pair}") for pair in pairs)
        pages.setdefault(mark(WITH, page), set()).add(found)
        return True
    marks.add(mark(PAGE, page))
    if entry.is_folder or "." in path.rpartition("/")[2]:  # page.php/anything is served by page.php
        marks.add(mark(BELOW, page))
    return True


def _add_site(host: str, alone: bytes, whole: bytes, key: bytes, marks: set[bytes]) -> bool:
    """A whole site: with all below it, but not where strangers share the name, such as under blogspot.com."""
    if is_suffix(host):
        if host.count(".") == 0 or len(host.rpartition(".")[0]) <= 3:  # com, co.uk
            return False
        marks.add(alone)
        return True
    marks.add(whole)
    if host != (bare := without_www(host)):
        marks.add(digest_of(key, ALONE, bare))
    return True
