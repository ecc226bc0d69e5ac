"""What a text as a whole speaks of: a small trained model beside the weighted phrases.

Each word and each pair of neighbouring words that the model knows has a weight for every category, and one for
ordinary and one for sensitive pages (health, news, history, help). They are added up, each counted once. A long text
is judged by at most 4,000 words: its first 1,500 and five stretches of 500 spread over the rest. Nothing is looked up
and nothing is learnt at a school: ``text.model`` was made by ``tests/models/train_text.py``; ``text.md`` beside it says
from what, and how often it is right.

The file is read by ``lists/model_file.py``; its mark is ``SGTEXTS1``.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from schoolgate.lists.model_file import LANE, BadModel, Model, lanes_of, opened, read_model, save_model

SHIPPED = Path(__file__).with_name("text.model")
_MAGIC = b"SGTEXTS1"
_LANE_MASK = (1 << LANE) - 1
_ZERO = 128  # what a weight of nothing is written as
_FIRST, _STRETCHES, _STRETCH = 1500, 5, 500
_MOST = _FIRST + _STRETCHES * _STRETCH
_QUIET = 20  # points; weaker leanings are not said
_SAID = 5
_LEAST_POINTS, MOST_POINTS = -100.0, 200.0


@dataclass(frozen=True, slots=True)
class Leaning:
    """How far a text leans to a category: 100 points are as much as ordinary and sensitive pages hardly ever reach.

    ``words`` are the words and pairs that weighed most, each with its share (0 to 1) of what spoke for the category.
    """

    category: str
    points: float
    words: tuple[tuple[str, float], ...]


class TextModel(Model):
    """Judges folded texts and search words. Opening it costs a fifth of a second, a page a few thousandths."""

    def __init__(self, path: Path = SHIPPED) -> None:
        """Open and check the file. Raises BadModel."""
        self.path = path
        header, sections, self.version = read_model(path, _MAGIC, "text model")
        try:
            self._pages = _Head(header["pages"], sections["pages"], sections["pages_weights"])
            self._queries = _Head(header["queries"], sections["queries"], sections["queries_weights"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadModel(f"{path}: made for another version of schoolgate; install schoolgate again") from error

    def judge(self, folded: str) -> tuple[Leaning, ...]:
        """What a page or a message leans to or clearly does not, strongest first. ``folded`` comes from ``fold``."""
        return self._pages.judge(_sampled(folded.split()))

    def judge_query(self, folded: str) -> tuple[Leaning, ...]:
        """What a search, or a short question to a chatbot, is worried or curious about, strongest first."""
        return self._queries.judge(folded.split()[:_FIRST])

    def scores(self, folded: str) -> dict[str, float]:
        """The log-odds of every class of page, before they become points; for measuring."""
        return self._pages.scores(_sampled(folded.split()))


class _Head:
    """One table of weights with what turns its sums into points."""

    def __init__(self, header: dict[str, Any], features: bytes, planes: bytes) -> None:
        self.classes: tuple[str, ...] = tuple(header["classes"])
        self._benign: int = header["benign"]  # that many classes at the end are none to block
        self._bias: tuple[float, ...] = tuple(header["bias"])
        self._scale: tuple[float, ...] = tuple(header["scale"])
        self._shortest: float = header["shortest"]
        self._longest: float = header["longest"]
        self._none: tuple[float, ...] = tuple(header["none"])
        self._full: tuple[float, ...] = tuple(header["full"])
        self._against: float = header["against"]
        named = features.decode().split("\n")
        self._weights = dict(zip(named, lanes_of(planes, len(self.classes)), strict=True))

    def judge(self, words: list[str]) -> tuple[Leaning, ...]:
        scores = self._scores(words)
        harms = len(scores) - self._benign
        calm = _log_sum(scores[harms:])
        odds = [score - calm for score in scores[:harms]]
        strongest = odds.index(max(odds))
        odds[strongest] = _log_sum(odds)
        found = []
        for number, each in enumerate(odds):
            points = 100 * (each - self._none[number]) / (self._full[number] - self._none[number])
            points = min(points, MOST_POINTS) if points > 0 else max(points * self._against, _LEAST_POINTS)
            if abs(points) > _QUIET:
                told = self._speaking(words, number) if points > 0 else ()
                found.append(Leaning(self.classes[number], points, told))
        return tuple(sorted(found, key=lambda leaning: -leaning.points))

    def scores(self, words: list[str]) -> dict[str, float]:
        return dict(zip(self.classes, self._scores(words), strict=True))

    def _scores(self, words: list[str]) -> list[float]:
        distinct = set(words)
        total = sum(filter(None, map(self._weights.get, distinct)))
        total += sum(filter(None, map(self._weights.get, set(_pairs(words)))))
        length = quieter(len(distinct), self._shortest, self._longest)
        count = total & _LANE_MASK
        result = []
        for bias, scale in zip(self._bias, self._scale, strict=True):
            total >>= LANE
            result.append(bias + ((total & _LANE_MASK) - _ZERO * count) * scale / length)
        return result

    def _speaking(self, words: list[str], number: int) -> tuple[tuple[str, float], ...]:
        """What weighed most for a category against ordinary pages, with its share."""
        ordinary = len(self.classes) - self._benign
        found = []
        for feature in {*words, *_pairs(words)}:
            packed = self._weights.get(feature)
            if packed is not None:
                mine = (((packed >> LANE * (number + 1)) & _LANE_MASK) - _ZERO) * self._scale[number]
                other = (((packed >> LANE * (ordinary + 1)) & _LANE_MASK) - _ZERO) * self._scale[ordinary]
                if mine > other:
                    found.append((mine - other, feature))
        whole = sum(weight for weight, _ in found)
        found.sort(key=lambda entry: (-entry[0], entry[1]))
        return tuple((feature, weight / whole) for weight, feature in found[:_SAID])


def quieter(words: int, shortest: float, longest: float) -> float:
    """What the sum of a text's weights is divided by: long texts say a bit of everything and must not add it all up."""
    return math.sqrt(max(words, shortest)) if words <= longest else words / math.sqrt(longest)


def open_model() -> TextModel:
    """The model that is shipped, opened once. Raises BadModel."""
    return opened(TextModel, SHIPPED)


def _sampled(words: list[str]) -> list[str]:
    if len(words) <= _MOST:
        return words
    step = (len(words) - _FIRST) // _STRETCHES
    starts = range(_FIRST, _FIRST + _STRETCHES * step, step)
    return words[:_FIRST] + [word for start in starts for word in words[start : start + _STRETCH]]


def _pairs(words: list[str]) -> Iterable[str]:
    return map(" ".join, pairwise(words))


def _log_sum(scores: list[float]) -> float:
    top = max(scores)
    return top + math.log(sum(math.exp(score - top) for score in scores))


def write_model(path: Path, header: dict[str, Any], sections: dict[str, bytes]) -> None:
    """Write a model file; ``header`` holds all that ``TextModel`` reads from it but the sections' sizes."""
    save_model(path, _MAGIC, header, sections)
