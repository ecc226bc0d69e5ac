"""Categories as squidGuard and UT1 keep them: a folder or an archive of domains, urls and expressions."""

from collections.abc import Iterator

from schoolgate.lists.formats.domains import read_domains
from schoolgate.lists.formats.found import URL_PATTERN, Complain, Found
from schoolgate.lists.formats.reading import LineReader, Reading
from schoolgate.lists.formats.source_text import Lines, UnreadableList, members


def read_expressions(source: Lines, complain: Complain) -> Iterator[Found]:
    """squidGuard's ``expressions``: regular expressions for the whole address, without regard to case."""
    for number, line in source:
        if not line.startswith("#"):
            yield number, line, "", URL_PATTERN


_SQUIDGUARD: dict[str, LineReader] = {"domains": read_domains, "urls": read_domains, "expressions": read_expressions}


def read_squidguard(reading: Reading) -> Iterator[Found]:
    """A squidGuard or UT1 category, as a folder or as an archive: ``domains``, ``urls``, ``expressions``."""
    nothing = True
    for member in members(reading.path, reading.folder):
        kind = member.name.rpartition("/")[2]
        if kind in _SQUIDGUARD and member.name.count("/") <= 1:
            nothing = False
            yield from _SQUIDGUARD[kind](reading.lines(member), reading.complain)
    if nothing:
        part = f" below {reading.folder!r}" if reading.folder else ""
        raise UnreadableList(f"it holds no file 'domains', 'urls' or 'expressions'{part}")
