"""v2fly's domain-list-community: short files of five line forms that include one another."""

import re
from collections.abc import Callable, Iterator
from functools import partial

from schoolgate.lists.entry import NO_HOST, read_host
from schoolgate.lists.formats.domains import without_comment
from schoolgate.lists.formats.found import EXACT, HOST_PATTERN, LIST, Found
from schoolgate.lists.formats.reading import Reading
from schoolgate.lists.formats.source_text import UnreadableList, members
from schoolgate.policy.request import BadAddress

_FILE_NAME = re.compile(r"[A-Za-z0-9][\w!.-]{0,99}")


def read_v2fly(reading: Reading) -> Iterator[Found]:
    """A file of v2fly's domain-list-community; ``include:`` is looked for beside it, or in its archive.

    ``folder`` names the file inside an archive or folder, such as ``data/category-porn``.
    """
    if reading.folder:
        within, _, first = reading.folder.rpartition("/")
        loaded = {member.name: list(reading.lines(member)) for member in members(reading.path, within)}
        get: Callable[[str], list[tuple[int, str]] | None] = loaded.get
    else:
        first, get = reading.path.name, partial(_beside, reading)
    seen: set[tuple[str, str]] = set()
    if get(first) is None:
        raise UnreadableList(f"it has no file {first!r}")
    yield from _v2fly_file(reading, get, first, "", seen)


def _beside(reading: Reading, name: str) -> list[tuple[int, str]] | None:
    if not _FILE_NAME.fullmatch(name):
        return None
    path = reading.path.with_name(name)
    if not path.is_file():
        return None
    return [pair for member in members(path) for pair in reading.lines(member)]


def _v2fly_file(
    reading: Reading,
    get: Callable[[str], list[tuple[int, str]] | None],
    name: str,
    wanted: str,
    seen: set[tuple[str, str]],
) -> Iterator[Found]:
    """One file; of an include with attributes (``include:x @cn @-ads``) only the entries that bear them out."""
    if (name, wanted) in seen:
        return
    seen.add((name, wanted))
    for number, line in get(name) or ():
        reading.file = name
        words = without_comment(line).split()
        if not words:
            continue
        kind, colon, value = words[0].rpartition(":") if not words[0].startswith("regexp:") else ("regexp", ":", "")
        kind = kind if colon else "domain"
        attributes = {word[1:] for word in words[1:] if word.startswith("@")}
        if kind == "include":
            if get(value) is None:
                reading.complain(number, "it includes a file that is not here", line)
            else:
                yield from _v2fly_file(reading, get, value, " ".join(sorted(attributes)), seen)
        elif _bears_out(attributes, wanted):
            yield from _v2fly_entry(reading, number, kind, value or words[0].removeprefix("regexp:"), line)


def _bears_out(attributes: set[str], wanted: str) -> bool:
    return all((w[1:] not in attributes) if w.startswith("-") else (w in attributes) for w in wanted.split())


def _v2fly_entry(reading: Reading, number: int, kind: str, value: str, line: str) -> Iterator[Found]:
    if not value:
        reading.complain(number, NO_HOST, line)
    elif kind == "regexp":
        yield number, value, "", HOST_PATTERN
    elif kind == "keyword":
        yield number, _literal(value), "", HOST_PATTERN
    elif kind in ("domain", "full"):
        try:
            yield number, read_host(value, as_written=kind == "full"), "", EXACT if kind == "full" else LIST
        except BadAddress as error:
            reading.complain(number, str(error), line)
    else:
        reading.complain(number, NO_HOST, line)


def _literal(text: str) -> str:
    """A pattern of re2 that matches just this text."""
    return "".join(char if char.isalnum() or char in "-_" else f"\\{char}" for char in text.lower())
