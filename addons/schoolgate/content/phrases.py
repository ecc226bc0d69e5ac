"""Finds weighted phrases in a folded text: thousands of them at once, whole words only."""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick

from schoolgate.content.fold import fold

ANY_ENDING = "*"
_CHOICE = re.compile(r"\(([^()]*)\)")
_ANY_WORD = re.compile(r"[A-Za-z0-9@$]")
_MOST_WAYS = 500
_SHORTEST_STEM = 3


Match = tuple[int, int, int]
"""A string by its number, where it begins and where it ends."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that speak for a category, or against it where ``weight`` (points) is negative.

    All of ``say`` must stand in a text for the phrase to count; a ``*`` at the end of one lets its last word end
    anyhow, at the beginning lets its first word begin anyhow.
    """

    category: str
    say: tuple[str, ...]
    weight: int

    def __reduce__(self) -> tuple[type["Phrase"], tuple[str, tuple[str, ...], int]]:
        """Thousands are handed to every process of a gateway: packed by hand, that takes half the time."""
        return Phrase, (self.category, self.say, self.weight)

    @property
    def words(self) -> str:
        """The phrase as people read it."""
        return " + ".join(self.say)


class Found(NamedTuple):  # a hundred are made of an ordinary page, in half the time of a dataclass
    """A phrase that stands in a text, and how often."""

    phrase: Phrase
    times: int


class PhraseBook:
    """All phrases of all categories; building it takes about a second for 100,000."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        patterns: dict[str, int] = {}
        single: dict[int, list[Phrase]] = {}
        together: dict[int, list[tuple[frozenset[int], Phrase]]] = {}
        for phrase in phrases:
            parts = [patterns.setdefault(pattern, len(patterns)) for say in phrase.say if (pattern := _pattern(say))]
            if len(parts) == 1:
                single.setdefault(parts[0], []).append(phrase)
            elif parts:
                together.setdefault(parts[0], []).append((frozenset(parts), phrase))
        self._single = [tuple(single.get(part, ())) for part in range(len(patterns))]
        self._heaviest = array("q", [max((each.weight for each in phrases), default=0) for phrases in self._single])
        self._together = together
        self._size = len(patterns)
        self._machine = BytesAhoCorasick([pattern.encode() for pattern in patterns]) if patterns else None

    def __len__(self) -> int:
        """How many different strings are looked for."""
        return self._size

    def find(self, folded: str) -> list[Found]:
        """The phrases that stand in a text that ``fold`` gave."""
        return self.found(self.scan(folded))

    def scan(self, folded: str) -> list[Match]:
        """Where which strings stand in a folded text, in bytes of it with a blank before and after."""
        if self._machine is None:
            return []
        return self._machine.find_matches_as_indexes(padded(folded), overlapping=True)

    def found(self, matches: Iterable[Match]) -> list[Found]:
        """The phrases that matches make up."""
        times = Counter([match[0] for match in matches])
        found = [Found(phrase, number) for part, number in times.items() for phrase in self._single[part]]
        for part in times.keys() & self._together.keys():
            for parts, phrase in self._together[part]:
                if parts <= times.keys():
                    found.append(Found(phrase, min(times[each] for each in parts)))
        return found

    def telling(self, matches: Iterable[Match], least: int) -> list[tuple[int, int]]:
        """Where phrases of at least so much weight stand, the weightiest first."""
        weights = self._heaviest
        places = [match for match in matches if weights[match[0]] >= least]
        return [(begin, end) for _, begin, end in sorted(places, key=lambda match: -weights[match[0]])]


def padded(folded: str) -> bytes:
    """A folded text as it is scanned: with a blank at either end."""
    return b" %b " % folded.encode("utf-8", "replace")


def _pattern(say: str) -> str:
    """What is looked for in a folded text that has a blank at both ends; "" where nothing is left of the words."""
    bare = say.strip()
    words = fold(bare.strip(ANY_ENDING))
    begin = "" if bare.startswith(ANY_ENDING) else " "
    end = "" if bare.endswith(ANY_ENDING) else " "
    return f"{begin}{words}{end}" if words else ""


def spelled_out(say: tuple[str, ...]) -> list[tuple[str, ...]]:
    """A phrase with its alternatives ``(a|b)`` written out. Raises ValueError where it cannot be looked for."""
    if prod(choice.count("|") + 1 for part in say for choice in _CHOICE.findall(part)) > _MOST_WAYS:
        raise ValueError(f"{' + '.join(say)!r} stands for more than {_MOST_WAYS} phrases; write it as several")
    ways = [list(_ways(part)) for part in say]
    for part in (part for each in ways for part in each):
        if "(" in part or ")" in part:
            raise ValueError(f"{part!r} opens or closes a choice that is not (one|another)")
        if not is_findable(part):
            raise ValueError(f"{part!r} holds no word that could be looked for")
        if ANY_ENDING in part and len(part.strip(f"{ANY_ENDING} ")) < _SHORTEST_STEM:
            raise ValueError(f"{part!r} would be found in nearly every word; write at least {_SHORTEST_STEM} letters")
    return list(product(*ways))


def _ways(part: str) -> Iterator[str]:
    choice = _CHOICE.search(part)
    if choice is None:
        yield " ".join(part.split())
        return
    for way in choice.group(1).split("|"):
        yield from _ways(part[: choice.start()] + way + part[choice.end() :])


def is_findable(say: str) -> bool:
    """Whether anything of a phrase's words is left to look for."""
    return _ANY_WORD.search(say) is not None if say.isascii() else bool(_pattern(say))
