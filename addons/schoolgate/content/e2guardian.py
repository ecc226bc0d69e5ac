"""Reads phrase lists in e2guardian's format: ``<free spins >,<casino><40>``, also with ``.Include<file>``.

A blank at an edge of a phrase means the edge of a word, as there; without one the word may go on. Lines without a
weight (banned and exception lists) count 100 for or against.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from schoolgate.content.phrases import ANY_ENDING, Phrase, is_findable

_PART = re.compile(r"<([^<>]*)>")
_INCLUDE = re.compile(r"^\.Include<([^<>]+)>", re.IGNORECASE)
_WEIGHT = re.compile(r"-?\d{1,4}")
_ALONE = 100
_MOST = 500


class UnreadablePhrases(ValueError):
    """A phrase list that cannot be used; the message names file and line."""


def read_phrase_list(path: Path, category: str) -> tuple[list[Phrase], list[Path]]:
    """The phrases of a list, all for ``category``, and every file that was read.

    Included files are looked for beside the one that names them. Raises UnreadablePhrases, OSError.
    """
    files: list[Path] = []
    return list(_phrases(path, category, files, ())), files


def _phrases(path: Path, category: str, files: list[Path], above: tuple[Path, ...]) -> Iterator[Phrase]:
    if path in above:
        raise UnreadablePhrases(f"{path.name}: lists include each other in a circle")
    if path in files:
        return  # what is included twice counts once
    files.append(path)
    against = "exception" in path.name
    for number, line in enumerate(_text(path).splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        place = f"{path.name}:{number}"
        if included := _INCLUDE.match(line):
            beside = path.parent / included.group(1)
            if not beside.is_file():
                raise UnreadablePhrases(f"{place}: the included list {included.group(1)!r} does not exist")
            yield from _phrases(beside, category, files, (*above, path))
            continue
        yield _phrase(line, category, place, against)


def _phrase(line: str, category: str, place: str, against: bool) -> Phrase:
    parts = _PART.findall(line)
    if not parts:
        raise UnreadablePhrases(f"{place}: {line[:60]!r} is no phrase; write <words><weight>")
    weight = -_ALONE if against else _ALONE
    if len(parts) > 1 and _WEIGHT.fullmatch(parts[-1].strip()):
        weight = max(-_MOST, min(_MOST, int(parts.pop())))
    say = tuple(_edges(part) for part in parts)
    if not all(is_findable(part) for part in say):
        raise UnreadablePhrases(f"{place}: {line[:60]!r} holds a part without any word")
    return Phrase(category, say, weight)


def _edges(part: str) -> str:
    begin = "" if part.startswith((" ", "-")) else ANY_ENDING
    end = "" if part.endswith((" ", "-")) else ANY_ENDING
    return f"{begin}{part.strip()}{end}"


def _text(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
