"""Weighs a text: points for each category, with the words that gave them.

Phrases and the trained model speak in the same points, 100 of which are the usual limit. Each different phrase counts
once, a repeat adds a little; the few words of a sentence weigh more, and those of a long page, which says a bit of
everything, less. The model alone, with no phrase to bear it out, stays below the usual limit. One
voice among many (a comment under an article) is also heard by itself, around the most telling phrases, at half of its
points.
What speaks against a category (a helpline, a lesson, a news report) takes points away, but never more than a share of
what speaks for it: else a line of harmless words at the foot would open any page.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import inf
from typing import Any

from schoolgate.content.fold import fold, joined_words
from schoolgate.content.page import PageText
from schoolgate.content.phrases import Found, Match, Phrase, PhraseBook, padded
from schoolgate.content.proxy_pages import POINTS
from schoolgate.content.text_model import MOST_POINTS, Leaning, TextModel, open_model
from schoolgate.policy.rules import Hit
from schoolgate.policy.signs import CIRCUMVENTION

USUAL_LIMIT = 100
"""Points at which a page of a usual group, and any search, counts."""
CERTAIN = 1.8
"""So many times its limit, a judgement is held to be sure enough to alarm people."""
_SHORT = 60  # words; below it a phrase weighs more
_RAISING = 0.5
_MOST_RAISED = 2.0
_DAMPED_FROM = 300  # words; above it a phrase weighs less
_DAMPING = 0.4
_LEAST_DAMPED = 0.3
_REPEAT = 0.15  # of a phrase's weight, for each repeat
_MOST_REPEATS = 3
_MOST_AGAINST = 0.75  # of the points that speak for a category, on a page
_MOST_AGAINST_A_SEARCH = 0.6
_CRY = re.compile(r"\b(?:myself|my self|i want|i wanna|my life)\b")
"""What makes an unmistakable phrase a cry for help, which no harmless word beside it may silence."""
_BORNE_OUT = 10  # points of phrases with which the model's opinion counts in full
_MODEL_ALONE = 90  # points that the model can give without them: not enough for the usual limit
_MANY_VOICES = 500  # characters of a text in which one voice may be lost among others
_TELLING = 40  # points of a phrase around which it is worth to listen
_EARSHOT = 150  # characters on either side of it
_MOST_VOICES = 10
_VOICE = 0.5  # of its points count for the whole text
_MOST_BROKEN_UP = 20_000  # characters of a page in which words broken by signs are looked for
_SHOWN = 5
_ROUNDING = 1e-6  # points


@dataclass(frozen=True, slots=True)
class Opinion:
    """A category's points on one text, and what weighed: words with their share (0 to 1) of what spoke for it."""

    category: str
    points: float
    weighed: tuple[tuple[str, float], ...]

    @property
    def entry(self) -> str:
        """What weighed, for people: ``free spins 40 %, casino 25 %``."""
        told = ", ".join(f"{words} {share:.0%}".replace("%", " %") for words, share in self.weighed)
        return f"{told} ({self.points:.0f} points)"


class Judge:
    """Judges pages, texts and searches by one school's phrases and the shipped model; made ready when first asked.

    ``least`` is the lowest limit of any group of the school's: what surely stays below it is of no interest.
    """

    def __init__(
        self, phrases: Iterable[Phrase], searches: Iterable[Phrase], model: TextModel | None, least: float = 0.0
    ) -> None:
        self.phrases, self.searches, self.least = tuple(phrases), tuple(searches), least
        self._model = model
        self.query = lru_cache(maxsize=2048)(self._query)

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process the machine is built anew and the model opened there, when they are first needed."""
        return Judge, (self.phrases, self.searches, self._model, self.least)

    def make_ready(self) -> None:
        """Build and open all that is needed now, and not when the first page waits for it. Raises BadModel."""
        _ = self._book, self._search_book, self._model and self._model.version

    @cached_property
    def _book(self) -> PhraseBook:
        return PhraseBook(self.phrases)

    @cached_property
    def _search_book(self) -> PhraseBook:
        return PhraseBook(self.searches)

    def page(self, page: PageText, limit: float = 0.0) -> tuple[Opinion, ...]:
        """Points of a page's words, strongest first; only categories with points, as ``text`` has them for a limit.

        What a browser may not show, and words broken by a sign (``cas-ino``), are weighed apart: they can speak for a
        category, but nothing in them speaks against what is seen.
        """
        seen = "\n".join(page.parts)
        unseen = self.text(page.unseen, limit) if page.unseen else ()
        found = self._book.find(joined) if (joined := joined_words(seen[:_MOST_BROKEN_UP])) else []
        broken = _weigh(found, (), _VOICE, _MOST_AGAINST, 0.0)
        built = [Opinion(CIRCUMVENTION, POINTS, ((f"built with {page.software}", 1.0),))] if page.software else []
        return _strongest(self.text(seen, limit), (*unseen, *broken, *built))

    def text(self, text: str, limit: float = 0.0) -> tuple[Opinion, ...]:
        """Points of a plain text, strongest first; only categories with points.

        With a ``limit``, those that reach it: others may lack, for the model is not asked where nothing that it can
        say would reach it. Of an ordinary text that is most of the work.
        """
        folded = fold(text)
        matches = self._book.scan(folded)
        whole = self._weighed(folded, matches, limit)
        return _strongest(whole, self._voices(folded, matches, limit)) if len(folded) > _MANY_VOICES else whole

    def _weighed(self, folded: str, matches: list[Match], limit: float) -> tuple[Opinion, ...]:
        found, weight = self._book.found(matches), _weight_of_words(folded.count(" ") + 1)
        if limit and not _may_reach(limit, found, weight):
            return ()
        leanings = self._model.judge(folded) if self._model else ()
        return _weigh(found, leanings, weight, _MOST_AGAINST, _MODEL_ALONE)

    def _voices(self, folded: str, matches: list[Match], limit: float) -> Iterator[Opinion]:
        """What is said around the most telling phrases, as if it stood alone, at part of its points."""
        raw, seen = padded(folded), list[tuple[int, int]]()
        for begin, end in self._book.telling(matches, _TELLING):
            if any(first < end and begin < last for first, last in seen):
                continue
            if len(seen) == _MOST_VOICES:
                return
            first, last = raw.rfind(b" ", 0, max(begin - _EARSHOT, 1)), raw.find(b" ", end + _EARSHOT)
            seen.append((max(first, 0), last if last >= 0 else len(raw)))
            said = raw[seen[-1][0] : seen[-1][1]].decode("utf-8", "ignore").strip()
            for opinion in self._weighed(said, self._book.scan(said), limit / _VOICE):
                yield replace(opinion, points=opinion.points * _VOICE)

    def _query(self, words: str) -> tuple[Opinion, ...]:
        """Points of search words or of a prompt to a chatbot, strongest first."""
        folded = fold(words)
        leanings = self._model.judge_query(folded) if self._model else ()
        found = self._search_book.find(folded)
        crying = {
            each.phrase.category
            for each in found
            if each.phrase.weight >= USUAL_LIMIT and _CRY.search(each.phrase.words)
        }
        opinions = _weigh(found, leanings, 1.0, _MOST_AGAINST_A_SEARCH, inf)
        return tuple(
            replace(each, points=max(each.points, float(USUAL_LIMIT))) if each.category in crying else each
            for each in opinions
        )


def _strongest(whole: tuple[Opinion, ...], voices: Iterable[Opinion]) -> tuple[Opinion, ...]:
    """For each category the opinion with most points, strongest first."""
    best = {opinion.category: opinion for opinion in whole}
    for voice in voices:
        if voice.category not in best or voice.points > best[voice.category].points:
            best[voice.category] = voice
    return tuple(sorted(best.values(), key=lambda each: -each.points))


def open_judge(phrases: Iterable[Phrase], searches: Iterable[Phrase], least: float = 0.0) -> Judge:
    """A judge with the shipped model. Raises BadModel."""
    return Judge(phrases, searches, open_model(), least)


def hits(opinions: Iterable[Opinion], limit: float, kind: str) -> tuple[Hit, ...]:
    """The categories that reach a limit, as policy reads them; ``kind`` is TEXT or SEARCH."""
    return tuple(
        Hit(each.category, kind, each.entry, each.points >= CERTAIN * limit)
        for each in opinions
        if each.points >= limit
    )


def _weight_of_words(words: int) -> float:
    """How much a phrase weighs in a text of so many words: a sentence has few to tell by, a long page says much."""
    if words < _SHORT:
        return float(min(_MOST_RAISED, (_SHORT / words) ** _RAISING))
    if words <= _DAMPED_FROM:
        return 1.0
    return float(max(_LEAST_DAMPED, (_DAMPED_FROM / words) ** _DAMPING))


def _may_reach(limit: float, found: Iterable[Found], weight: float) -> bool:
    """Whether any category may reach a limit by these phrases and the most that the model can say beside them."""
    speaking: dict[str, float] = {}
    for each in found:
        if each.phrase.weight > 0:
            category = each.phrase.category
            speaking[category] = speaking.get(category, 0.0) + _points_of(each, weight)
    strongest = max(speaking.values(), default=0.0)
    most = MOST_POINTS if strongest >= _BORNE_OUT - _ROUNDING else _MODEL_ALONE
    return strongest + most >= limit - _ROUNDING


def _points_of(found: Found, weight: float) -> float:
    return found.phrase.weight * weight * (1 + _REPEAT * min(found.times - 1, _MOST_REPEATS))


def _weigh(
    found: Iterable[Found], leanings: Iterable[Leaning], weight: float, most_against: float, most_alone: float
) -> tuple[Opinion, ...]:
    speaking: dict[str, list[tuple[str, float]]] = {}
    against: dict[str, float] = {}
    for each in found:
        phrase = each.phrase
        if phrase.weight > 0:
            speaking.setdefault(phrase.category, []).append((phrase.words, _points_of(each, weight)))
        else:
            against[phrase.category] = against.get(phrase.category, 0.0) + phrase.weight * weight
    borne_out = {name for name, words in speaking.items() if sum(points for _, points in words) >= _BORNE_OUT}
    for leaning in leanings:
        if leaning.points > 0:
            most = inf if leaning.category in borne_out else most_alone
            told = [(words, share * min(leaning.points, most)) for words, share in leaning.words]
            rest = min(leaning.points, most) - sum(points for _, points in told)
            speaking.setdefault(leaning.category, []).extend([*told, *([("the whole text", rest)] if rest > 0 else [])])
        else:
            against[leaning.category] = against.get(leaning.category, 0.0) + leaning.points
    opinions = [
        _opinion(category, words, max(against.get(category, 0.0), -most_against * sum(points for _, points in words)))
        for category, words in speaking.items()
    ]
    return tuple(sorted((each for each in opinions if each.points > 0), key=lambda each: -each.points))


def _opinion(category: str, speaking: list[tuple[str, float]], against: float) -> Opinion:
    total = sum(points for _, points in speaking)
    shares: dict[str, float] = {}
    for words, points in speaking:
        shares[words] = shares.get(words, 0.0) + points / total
    strongest = sorted(shares.items(), key=lambda item: -item[1])[:_SHOWN]
    return Opinion(category, total + against, tuple(strongest))
