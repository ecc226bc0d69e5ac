"""Finds weighted phrases in a folded text: thousands of them at once, whole words only."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

from ahocorasick_rs import BytesAhoCorasick

from schoolgate.content.fold import fold

ANY_ENDING = "*"
_CHOICE = re.compile(r"\(([^()]*)\)")
_ANY_WORD = re.compile(r"[A-Za-z0-9@$]")
_MOST_WAYS = 500


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that speak for a category, or against it where ``weight`` (points) is negative.

    All of ``say`` must stand in a text for the phrase to count; a ``*`` at the end of one lets its last word end
    anyhow, at the beginning lets its first word begin anyhow.
    """

    category: str
    say: tuple[str, ...]
    weight: int

    @property
    def words(self) -> str:
        """The phrase as people read it."""
        return " + ".join(self.say)


@dataclass(frozen=True, slots=True)
class Found:
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
        self._single, self._together = single, together
        self._size = len(patterns)
        self._machine = BytesAhoCorasick([pattern.encode() for pattern in patterns]) if patterns else None

    def __len__(self) -> int:
        """How many different strings are looked for."""
        return self._size

    def find(self, folded: str) -> list[Found]:
        """The phrases that stand in a text that ``fold`` gave."""
        if self._machine is None:
            return []
        haystack = f" {folded} ".encode("utf-8", "replace")
        times = Counter([match[0] for match in self._machine.find_matches_as_indexes(haystack, overlapping=True)])
        found = [Found(phrase, number) for part, number in times.items() for phrase in self._single.get(part, ())]
        for part in times.keys() & self._together.keys():
            for parts, phrase in self._together[part]:
                if parts <= times.keys():
                    found.append(Found(phrase, min(times[each] for each in parts)))
        return found


def _pattern(say: str) -> str:
    """What is looked for in a folded text that has a blank at both ends; "" where nothing is left of the words."""
    bare = say.strip()
    words = fold(bare.strip(ANY_ENDING))
    begin = "" if bare.startswith(ANY_ENDING) else " "
    end = "" if bare.endswith(ANY_ENDING) else " "
    return f"{begin}{words}{end}" if words else ""


def spelled_out(say: tuple[str, ...]) -> list[tuple[str, ...]]:
    """A phrase with its alternatives ``(a|b)`` written out. Raises ValueError where it cannot be looked for."""
    ways = [list(_ways(part)) for part in say]
    if prod(map(len, ways)) > _MOST_WAYS:
        raise ValueError(f"{' + '.join(say)!r} stands for more than {_MOST_WAYS} phrases; write it as several")
    for part in (part for each in ways for part in each):
        if not is_findable(part):
            raise ValueError(f"{part!r} holds no word that could be looked for")
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
