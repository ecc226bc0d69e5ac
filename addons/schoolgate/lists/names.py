"""What a site's name alone gives away: ``luckyspin-casino.example`` is a casino even where no list knows it.

A list can only name what somebody has already seen. For a name that no list knows, this model adds up what its short
pieces of letters (two to seven characters, and its ending such as ``.bet``) meant in the names it has learnt from, and
speaks only where that is far more than ordinary names reach. It never looks a site up and it never learns at a school:
the file ``names.model`` was made by ``tests/models/train_names.py``; ``names.md`` beside it says from what, and how
often it is right.

The file is read by ``lists/model_file.py``; its mark is ``SGNAMES1``.
"""

import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from schoolgate.lists.model_file import LANE, BadModel, Model, lanes_of, read_model, save_model

SHIPPED = Path(__file__).with_name("names.model")
_MAGIC = b"SGNAMES1"
_LANE_MASK = (1 << LANE) - 1
_ZERO = 128  # what a weight of nothing is written as
_LONGEST_HOST = 253
_SHORTEST, _LONGEST = 2, 7
_MOST_SURE = 0.99  # a name alone never proves more
_CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщыэюяіїєґўъь"
_SOUNDS = (*"a b v g d e e zh z i i k l m n o p r s t u f h c ch sh sh y e yu ya i i e g u".split(), "", "")  # noqa: SIM905
_LATIN = str.maketrans(dict(zip(_CYRILLIC, _SOUNDS, strict=True)))
_GATE = 4  # characters of the pieces that the quick first look uses


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a name gives away, and how surely (0 to 1)."""

    category: str
    confidence: float


@dataclass(frozen=True, slots=True)
class _Piece:
    """Where a piece stands in the spelled name, and how much it says."""

    start: int
    end: int
    weight: float

    def within(self, other: "_Piece") -> bool:
        """Whether at least half of it lies in the other."""
        return 2 * (min(self.end, other.end) - max(self.start, other.start)) >= self.end - self.start


def split_host(host: str, suffixes: frozenset[str]) -> tuple[str, str]:
    """The label that somebody chose, and the suffix below which everybody may choose one; ("", host) if there is none.

    ``suffixes`` holds those of more than one label, each with its own parents.
    """
    end = host.rfind(".")
    if end < 1:
        return "", host
    dot = host.rfind(".", 0, end)
    while dot >= 0 and host[dot + 1 :] in suffixes:
        end = dot
        dot = host.rfind(".", 0, end)
    if dot < 0 and host in suffixes:
        return "", host
    return host[dot + 1 : end], host[end + 1 :]


def site_of(host: str, suffixes: frozenset[str]) -> str:
    """``www.example.co.uk`` as ``example.co.uk``; "" for a public suffix or a single label."""
    label, suffix = split_host(host, suffixes)
    return f"{label}.{suffix}" if label else ""


def spell(label: str) -> str:
    """A label between its boundary marks, an A-label (``xn--``) as it sounds in Latin letters where it decodes."""
    if label.startswith("xn--"):
        try:
            label = label[4:].encode("ascii").decode("punycode").lower().translate(_LATIN)
        except ValueError:  # not what it says it is: judged as it stands
            return f"^{label}$"
        label = "".join(mark for mark in unicodedata.normalize("NFKD", label) if not unicodedata.combining(mark))
    return f"^{label}$"


def pieces_of(text: str) -> list[str]:
    """All pieces of a spelled label, shortest first."""
    size = len(text)
    return [text[i : i + n] for n in range(_SHORTEST, _LONGEST + 1) for i in range(size - n + 1)]


class NameModel(Model):
    """Judges host names that no list knows. Opening it costs a few hundredths of a second, a judgement microseconds."""

    def __init__(self, path: Path = SHIPPED) -> None:
        """Open and check the file. Raises BadModel."""
        self.path = path
        header, sections, self.version = read_model(path, _MAGIC, "name model")
        try:
            self._take(header, sections)
        except (KeyError, TypeError, ValueError) as error:
            raise BadModel(f"{path}: made for another version of schoolgate; install schoolgate again") from error

    def _take(self, header: dict[str, Any], sections: dict[str, bytes]) -> None:
        self.categories: tuple[str, ...] = tuple(header["categories"])
        self._scale: float = header["scale"]
        self._bias: tuple[float, ...] = tuple(header["bias"])
        self._thresholds: tuple[float, ...] = tuple(header["thresholds"])
        self._calibration: tuple[tuple[float, float], ...] = tuple((a, b) for a, b in header["calibration"])
        self._calming: float = header["calming"]
        self._calming_words: tuple[str, ...] = tuple(header["calming_words"])
        self._suffixes = frozenset(_words(sections["suffixes"]))
        self._reserved = frozenset(_words(sections["reserved"]))
        packed = lanes_of(sections["weights"], len(self.categories))
        self._weights = dict(zip(_words(sections["pieces"]), packed, strict=True))
        quick = (byte - _ZERO for byte in sections["quick_weights"])
        self._quick = dict(zip(_words(sections["quick_pieces"]), quick, strict=True))
        self._quick_least: int = header["quick_least"]

    def judge(self, host: str) -> Judgement | None:
        """What the name of this canonical host gives away; None where it does not say enough, and for addresses."""
        label, suffix = split_host(host, self._suffixes)
        if not label or len(host) > _LONGEST_HOST:
            return None
        text = spell(label)
        quick = self._quick.get
        total = quick("." + suffix, 0)
        for i in range(len(text) - _GATE + 1):
            total += quick(text[i : i + _GATE], 0)
        return self._judge(text, suffix, host) if total >= self._quick_least else None

    def _judge(self, text: str, suffix: str, host: str) -> Judgement | None:
        if suffix in self._reserved or suffix.isdigit() or ":" in host:  # a school's or a hospital's; an address
            return None
        category, harm = self._harm(text, suffix)
        if harm < self._thresholds[category]:
            return None
        slope, offset = self._calibration[category]
        return Judgement(
            self.categories[category], min(_MOST_SURE, 1 / (1 + math.exp(-max(-50.0, slope * harm + offset))))
        )

    def _harm(self, text: str, suffix: str) -> tuple[int, float]:
        """The likeliest category, and the log-odds of all harmful categories together against an ordinary site.

        A name that speaks of a school, a church, a clinic or of help has to say far more.
        """
        scores = self.scores(text, suffix)
        top = max(scores)
        calmed = self._calming if any(word in text for word in self._calming_words) else 0.0
        return scores.index(top), top + math.log(sum(math.exp(score - top) for score in scores)) - calmed

    def scores(self, text: str, suffix: str) -> list[float]:
        """The log-odds of each category against an ordinary site, for a spelled label and its suffix."""
        total = sum(map(self._weights.get, chain(pieces_of(text), ("." + suffix,)), repeat(0)))
        count = total & _LANE_MASK
        result = []
        for bias in self._bias:
            total >>= LANE
            result.append(bias + ((total & _LANE_MASK) - _ZERO * count) * self._scale)
        return result

    def weigh(self, host: str) -> tuple[tuple[str, float], ...]:
        """The pieces of the name that spoke for the judgement, each with its share, biggest first; for people to read.

        Pieces that overlap (``casin``, ``asino``) are said as one (``casino``). Empty where there is no judgement.
        """
        if self.judge(host) is None:
            return ()
        label, suffix = split_host(host, self._suffixes)
        text = spell(label)
        found = sorted(self._speaking(text, suffix), key=lambda piece: (-piece.weight, piece.start, piece.end))
        written, shares = text + "." + suffix, dict[str, float]()
        while found:
            first = found[0]
            strong = [piece for piece in found if piece.within(first) and 4 * piece.weight >= first.weight]
            word = _Piece(min(piece.start for piece in strong), max(piece.end for piece in strong), 0.0)
            said = written[word.start : word.end].strip("^$") or "(the beginning or the end)"
            shares[said] = shares.get(said, 0.0) + sum(piece.weight for piece in found if piece.within(word))
            found = [piece for piece in found if not piece.within(word)]
        whole = sum(shares.values())
        return tuple((said, share / whole) for said, share in sorted(shares.items(), key=lambda s: (-s[1], s[0])))

    def _speaking(self, text: str, suffix: str) -> Iterator[_Piece]:
        """The pieces that speak for the likeliest category."""
        lane = LANE * (self._harm(text, suffix)[0] + 1)
        spans = [(i, i + n) for n in range(_SHORTEST, _LONGEST + 1) for i in range(len(text) - n + 1)]
        named = [(text[start:end], start, end) for start, end in spans]
        for piece, start, end in [*named, ("." + suffix, len(text), len(text) + len(suffix) + 1)]:
            weight = ((self._weights.get(piece, _ZERO << lane) >> lane) & _LANE_MASK) - _ZERO
            if weight > 0:
                yield _Piece(start, end, weight * self._scale)


def _words(section: bytes) -> list[str]:
    return section.decode().split("\n")


def write_model(path: Path, header: dict[str, Any], sections: dict[str, bytes]) -> None:
    """Write a model file; ``header`` holds all that ``NameModel`` reads from it but the sections' sizes."""
    save_model(path, _MAGIC, header, sections)
