"""Makes the name model that ships: learns from the lists which pieces of a name speak for which harm.

Needs numpy, scipy, pyyaml, publicsuffixlist (a virtual environment of its own; the product needs none of numpy and scipy)
and ``addons`` on the path:

    PYTHONPATH=addons python tests/models/train_names.py [--data DIR] [--out FILE]

What it does, in order:

1. every site is labelled once by all lists (``name_data``); mirror families count little more than one site;
2. a first small model finds ordinary sites of mixed lists that are plainly casinos or porn, and harm sites whose names
   say nothing; both are left out;
3. a multinomial logistic regression over all pieces picks those that matter; a second one is fitted to them alone;
4. three models, each of which has not seen a third of the families, give honest scores to every name: from those of
   ordinary visited sites come the thresholds, from all the confidence;
5. weights are rounded to bytes and written with a quick first look (pieces of four letters only), which spares all but
   one or two in a hundred ordinary names the whole sum.
"""

import argparse
import hashlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize

sys.path.insert(0, str(Path(__file__).resolve().parent))
from name_data import (
    CATEGORIES,
    DATA,
    DIRTY,
    REPOSITORY,
    TOP_LISTS,
    Lists,
    benign_names,
    families,
    family,
    meaningless_names,
    reserved,
    sensitive_sites,
    telling_names,
)
from schoolgate.lists.names import spell, write_model

OUT = REPOSITORY / "addons" / "schoolgate" / "lists" / "names.model"
Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that can be turned; the values are what held-out sources liked best."""

    strength: float = 0.1  # C of the logistic regression
    suffix_weight: float = 0.5  # how loudly the ending speaks, against a piece
    least_families: float = 3.0  # families that must have a piece
    most_pieces: int = 90_000
    most_sites: dict[str, int] = field(default_factory=lambda: {"adult": 150_000, "circumvention": 6_000})
    class_weight: dict[str, float] = field(default_factory=lambda: {"adult": 0.7, "gambling": 1.5, "dating": 1.5})
    benign_weight: float = 3.0  # of a name written by hand
    composed_weight: float = 2.0
    # the share of ordinary visited sites that each category may wrongly block; together 0.19 %
    budget: dict[str, float] = field(
        default_factory=lambda: {
            "adult": 0.0009,
            "gambling": 0.0003,
            "dating": 0.0002,
            "piracy": 0.0003,
            "circumvention": 0.0002,
        }
    )
    least_threshold: dict[str, float] = field(
        default_factory=lambda: {"adult": 3.0, "dating": 3.0}
    )  # log-odds; 2 for the others
    least_confidence: float = 0.65
    harmful_share: float = 0.05  # of unknown names, assumed for the confidence
    most_excuse: float = 1.2  # log-odds that a suffix may speak against harm: casinos have .co.uk names too
    calming: float = 2.5  # log-odds that a name needs more when it speaks of a school, a church, a clinic, of help
    calming_words: tuple[str, ...] = (
        *("school", "academy", "college", "nursery", "education", "library", "museum", "church", "chapel", "parish"),
        *(
            "hospital",
            "hospice",
            "clinic",
            "health",
            "therap",
            "charity",
            "helpline",
            "addict",
            "recovery",
            "anonymous",
        ),
        *(
            "awareness",
            "responsibl",
            "christian",
            "catholic",
            "methodist",
            "baptist",
            "presbyter",
            "mosque",
            "synagogue",
        ),
    )
    rounds: int = 70

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories that are learnt, in order."""
        return tuple(category for category in CATEGORIES if category in self.budget)


MIXED = frozenset({"ut1-games", "ut1-leisure", "ut1-shopping", "v2fly", "third-party-web", "shadowwhisperer"})
"""Ordinary lists that nobody keeps clean of harm."""


@dataclass(slots=True)
class Lesson:
    """Names, what each is (0 ordinary, then the categories), how much each counts, and its third for the honest scores."""

    names: list[str]
    labels: Array
    weights: Array
    thirds: Array
    visited: Array  # which are ordinary sites that people visit

    def only(self, keep: Array) -> "Lesson":
        """The same without some names."""
        names = [name for name, kept in zip(self.names, keep, strict=True) if kept]
        return Lesson(names, self.labels[keep], self.weights[keep], self.thirds[keep], self.visited[keep])


def _third(name: str) -> int:
    return hashlib.sha256(family(name).encode()).digest()[0] % 3


def lesson(lists: Lists, recipe: Recipe, without: frozenset[str] = frozenset()) -> Lesson:
    """What there is to learn when the sources in ``without`` are unknown. The sensitive names are never in it."""
    kinds = ("ordinary", *recipe.categories)
    sites: dict[str, list[str]] = {kind: [] for kind in kinds}
    unseen = sensitive_sites()
    for name, site in sorted(lists.sites.items()):
        label = lists.label(site, without)
        if label in sites and name not in unseen:
            sites[label].append(name)
    for kind, most in recipe.most_sites.items():
        sites[kind] = _sample(lists, kind, sites[kind], most)
    written, composed = benign_names()
    extra = {
        **dict.fromkeys(meaningless_names(), 1.0),
        **dict.fromkeys(composed, recipe.composed_weight),
        **dict.fromkeys(written, recipe.benign_weight),
    }
    kept_back = {name.partition(".")[0] for name in unseen}  # the same word below another suffix would teach it too
    extra = {n: w for n, w in extra.items() if n.partition(".")[0] not in kept_back and not _harmful(lists, n)}
    for name, kind in telling_names().items():
        if name not in lists.sites and name not in unseen:
            sites[kind].append(name)
    names = [n for kind in kinds for n in sites[kind] if n not in extra]
    place = {kind: number for number, kind in enumerate(kinds)}
    labels = np.array([place[kind] for kind in kinds for n in sites[kind] if n not in extra] + [0] * len(extra))
    sizes = families(names)
    shares = [min(1.0, (1 + np.log(sizes[n])) / sizes[n]) for n in names]
    names += extra
    weights = np.array(shares + list(extra.values()))
    weights *= np.array([1.0, *(recipe.class_weight.get(kind, 1.0) for kind in kinds[1:])])[labels]
    visited = np.array([_visited(lists, n) and not label for n, label in zip(names, labels, strict=True)])
    weights[visited & np.array([_says_porn(n) for n in names])] = 0.0
    visited &= ~np.array([_says_porn(n) for n in names])
    return Lesson(names, labels, weights, np.array([_third(n) for n in names]), visited)


def _harmful(lists: Lists, name: str) -> bool:
    return name in lists.sites and bool(lists.sites[name].harm)


def _visited(lists: Lists, name: str) -> bool:
    return name in lists.sites and bool(lists.sites[name].ordinary & set(TOP_LISTS))


def _says_porn(name: str) -> bool:
    """What popular sites call themselves when they are porn that no list has: neither ordinary nor known to be harmful."""
    return any(word in name for word in ("porn", "hentai", "xnxx", "xvideo", "xhamster", "redtube"))


def _sample(lists: Lists, kind: str, names: list[str], most: int) -> list[str]:
    """At most so many, first those of clean lists."""
    if len(names) <= most:
        return names
    clean = [n for n in names if lists.sites[n].harm[kind] - DIRTY]
    rest = sorted(set(names) - set(clean))
    shuffle = random.Random(7)  # the same sample each time
    return shuffle.sample(clean, min(most, len(clean))) + shuffle.sample(rest, max(0, most - len(clean)))


def split(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The spelled labels and the suffixes of sites."""
    pairs = [name.split(".", 1) for name in names]
    return [spell(label) for label, _ in pairs], [suffix for _, suffix in pairs]


class Vocabulary:
    """Which pieces there are, and names as sparse rows of them. Pieces are found by a 64-bit hash, all at once."""

    def __init__(self, shortest: int = 2, longest: int = 7) -> None:
        self.shortest, self.longest = shortest, longest
        self.hashes: Array = np.zeros(0, np.uint64)
        self.pieces: list[str] = []
        self.suffixes: dict[str, int] = {}

    def learn(self, names: Sequence[str], weights: Array, least: float, least_suffix: int = 20) -> None:
        """Take all pieces that ``least`` families have."""
        texts, suffixes = split(names)
        whole, hashes, pieces = "".join(texts), [], []
        for rows, codes, places, size in self._grams(texts):
            order = np.argsort(codes, kind="stable")
            codes, rows = codes[order], rows[order]
            first = np.ones(len(codes), bool)
            first[1:] = codes[1:] != codes[:-1]
            once = first.copy()
            once[1:] |= rows[1:] != rows[:-1]
            counts = np.bincount(np.cumsum(first) - 1, weights=np.minimum(weights[rows], 1.0) * once)
            kept = np.nonzero(first)[0][counts >= least]
            hashes.append(codes[kept])
            pieces += [whole[places[order[k]] : places[order[k]] + size] for k in kept]
        joined = np.concatenate(hashes)
        order = np.argsort(joined)
        self.hashes, self.pieces = joined[order], [pieces[k] for k in order]
        usual = sorted(s for s, count in Counter(suffixes).items() if count >= least_suffix)
        self.suffixes = {suffix: len(self.pieces) + k for k, suffix in enumerate(usual)}

    def keep(self, chosen: Array) -> None:
        """Forget all features but those chosen (a mask)."""
        pieces = np.nonzero(chosen[: len(self.pieces)])[0]
        endings = [suffix for suffix, k in self.suffixes.items() if chosen[k]]
        self.hashes, self.pieces = self.hashes[pieces], [self.pieces[k] for k in pieces]
        self.suffixes = {suffix: len(self.pieces) + k for k, suffix in enumerate(endings)}

    def __len__(self) -> int:
        return len(self.pieces) + len(self.suffixes)

    def rows(self, names: Sequence[str], suffix_weight: float) -> sp.csr_matrix:
        """One sparse row a name: how often each piece stands in it."""
        texts, suffixes = split(names)
        rows, columns = [], []
        for row, codes, _, _ in self._grams(texts):
            places = np.minimum(np.searchsorted(self.hashes, codes), len(self.hashes) - 1)
            there = self.hashes[places] == codes
            rows.append(row[there])
            columns.append(places[there].astype(np.int32))
        ends = [(k, self.suffixes[s]) for k, s in enumerate(suffixes) if s in self.suffixes]
        rows.append(np.array([k for k, _ in ends], np.int32))
        columns.append(np.array([c for _, c in ends], np.int32))
        row, column = np.concatenate(rows), np.concatenate(columns)
        values = np.ones(len(row), np.float32)
        values[len(values) - len(ends) :] = suffix_weight
        return sp.csr_matrix((values, (row, column)), shape=(len(names), len(self)), dtype=np.float32)

    def _grams(self, texts: list[str]) -> list[tuple[Array, Array, Array, int]]:
        """For each size: the row of each piece, its hash, where it begins in the joined text, the size."""
        letters = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
        lengths = np.array([len(text) for text in texts])
        ends = np.cumsum(lengths)
        row = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
        left = ends[row] - np.arange(len(letters))
        mixed = (letters + np.uint64(7)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        code, found = mixed.copy(), []
        for size in range(2, self.longest + 1):
            ahead = np.zeros_like(code)
            ahead[: len(code) - size + 1] = mixed[size - 1 :]
            code = code * np.uint64(6364136223846793005) + ahead * np.uint64(2 * size + 1)
            code ^= code >> np.uint64(31)
            if size >= self.shortest:
                there = np.nonzero(left >= size)[0]
                found.append((row[there], code[there], there, size))
        return found


def fit(
    rows: sp.csr_matrix, labels: Array, weights: Array, kinds: int, strength: float, rounds: int
) -> tuple[Array, Array]:
    """Multinomial logistic regression by L-BFGS: the weights (piece, kind) and the bias of each kind."""
    count, width = rows.shape
    columns = rows.T.tocsr()
    hot = np.zeros((count, kinds), np.float32)
    hot[np.arange(count), labels] = 1
    share = weights.astype(np.float32)[:, None]

    def loss(flat: Array) -> tuple[float, Array]:
        theta = flat.astype(np.float32).reshape(width + 1, kinds)
        scores = rows @ theta[:-1] + theta[-1]
        scores -= scores.max(1, keepdims=True)
        odds = np.exp(scores)
        total = odds.sum(1, keepdims=True)
        value = float((share[:, 0] * (np.log(total[:, 0]) - scores[np.arange(count), labels])).sum(dtype=np.float64))
        wrong = share * (odds / total - hot)
        slope = np.empty_like(theta)
        slope[:-1] = columns @ wrong + theta[:-1] / np.float32(strength)
        slope[-1] = wrong.sum(0)
        value += 0.5 / strength * float((theta[:-1] ** 2).sum(dtype=np.float64))
        return value, slope.astype(np.float64).ravel()

    start = np.zeros((width + 1) * kinds)
    best = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds, "maxcor": 6, "maxfun": 2 * rounds}
    )
    theta = best.x.reshape(width + 1, kinds).astype(np.float32)
    return theta[:-1], theta[-1]


def modest(weights: Array, words: Vocabulary, recipe: Recipe) -> Array:
    """The same weights, with suffixes of trade (not ``org``) that excuse no more than they may."""
    result = weights.copy()
    endings = slice(len(words.pieces), None)
    least = result[endings, :1] - recipe.most_excuse / recipe.suffix_weight
    trade = np.array([not suffix.startswith("org") for suffix in words.suffixes])[:, None]
    result[endings, 1:] = np.where(trade, np.maximum(result[endings, 1:], least), result[endings, 1:])
    return result


def margins(rows: sp.csr_matrix, weights: Array, bias: Array) -> Array:
    """The log-odds of each category against an ordinary site."""
    scores = rows @ weights + bias
    return scores[:, 1:] - scores[:, :1]


def harm(scores: Array) -> Array:
    """The log-odds of all categories together against an ordinary site."""
    top = scores.max(1)
    return top + np.log(np.exp(scores - top[:, None]).sum(1))


def in_thirds(rows: sp.csr_matrix, words: Vocabulary, taught: Lesson, recipe: Recipe, rounds: int) -> Array:
    """The scores of every name by a model that has seen no name of its family."""
    kinds = len(recipe.categories) + 1
    scores = np.zeros((len(taught.names), kinds - 1), np.float32)
    for third in range(3):
        seen, unseen = taught.thirds != third, taught.thirds == third
        weights, bias = fit(rows[seen], taught.labels[seen], taught.weights[seen], kinds, recipe.strength, rounds)
        scores[unseen] = margins(rows[unseen], modest(weights, words, recipe), bias)
    return scores


def clean(taught: Lesson, lists: Lists, recipe: Recipe) -> Lesson:
    """Without mixed lists' ordinary sites that are plainly harmful, and without harm sites whose names say nothing."""
    words = Vocabulary(3, 5)
    words.learn(taught.names, taught.weights, 5.0)
    scores = harm(in_thirds(words.rows(taught.names, recipe.suffix_weight), words, taught, recipe, 40))
    mixed = np.array([n in lists.sites and lists.sites[n].ordinary <= MIXED for n in taught.names])
    mixed &= (taught.labels == 0) & (taught.weights <= 1.0)
    curated = np.array(
        [n in lists.sites and any("curated" in s for s in lists.sites[n].harm.values()) for n in taught.names]
    )
    wrong = mixed & (scores > 3.0)
    silent = (taught.labels > 0) & (scores < -2.2) & ~curated
    return taught.only(~(wrong | silent))


def choose(words: Vocabulary, rows: sp.csr_matrix, taught: Lesson, recipe: Recipe) -> None:
    """Keep the pieces that change most scores most."""
    kinds = len(recipe.categories) + 1
    weights, _ = fit(rows, taught.labels, taught.weights, kinds, recipe.strength, recipe.rounds)
    spread = np.abs(weights[:, 1:] - weights[:, :1]).max(1)
    often = np.asarray(rows.T @ np.minimum(taught.weights, 1.0)).ravel()
    value = spread * np.sqrt(often)
    value[len(words.pieces) :] = np.inf
    least = np.sort(value)[-min(recipe.most_pieces, len(value))]
    words.keep(value >= least)


def thresholds(scores: Array, taught: Lesson, recipe: Recipe) -> list[float]:
    """For each category, the score above which the wrong share of visited ordinary sites is its budget."""
    ordinary = scores[taught.visited]
    total, which = harm(ordinary), ordinary.argmax(1)
    result = []
    for number, category in enumerate(recipe.categories):
        own = np.sort(total[which == number])[::-1]
        allowed = int(recipe.budget[category] * len(ordinary))
        result.append(
            max(recipe.least_threshold.get(category, 2.0), float(own[allowed]) + 0.01 if allowed < len(own) else 0.0)
        )
    return result


def confidence(scores: Array, taught: Lesson, recipe: Recipe) -> list[tuple[float, float]]:
    """For each category, slope and offset that turn the score into how often such names really are harmful.

    Of the names where this category is the likeliest: visited ordinary sites against its own, weighed as if
    ``harmful_share`` of all unknown names were harmful.
    """
    total, which = harm(scores), scores.argmax(1)
    mass = np.where(taught.labels > 0, taught.weights, taught.visited.astype(float))
    good, bad = mass[taught.labels == 0].sum(), mass[taught.labels > 0].sum()
    mass = mass * np.where(taught.labels > 0, recipe.harmful_share / bad, (1 - recipe.harmful_share) / good)
    result = []
    for number in range(len(recipe.categories)):
        own = (which == number) & (mass > 0)
        result.append(_line(total[own], taught.labels[own] > 0, mass[own]))
    return result


def _line(scores: Array, truth: Array, mass: Array) -> tuple[float, float]:
    mass = mass / mass.sum()

    def loss(line: Array) -> float:
        z = line[0] * scores + line[1]
        fit = (mass * (np.logaddexp(0, z) - truth * z)).sum()
        return float(fit + 1e-4 * (line[0] - 1.0) ** 2)

    best = minimize(loss, np.array([1.0, -2.0]), method="Nelder-Mead")
    return max(0.05, float(best.x[0])), float(best.x[1])


def _crossed(scores: Array, limits: list[float], taught: Lesson, recipe: Recipe) -> None:
    """Print how many of each category's unseen families the model speaks of, and how often of the right category."""
    which = scores.argmax(1)
    speaks = harm(scores) >= np.array(limits)[which]
    for number, category in enumerate(recipe.categories):
        own = taught.labels == number + 1
        weight = taught.weights * own + 1e-9
        found, right = (
            (weight * speaks).sum() / weight.sum(),
            (weight * speaks * (which == number)).sum() / weight.sum(),
        )
        false = (speaks & (which == number) & taught.visited).sum()
        print(
            f"      {category:16} {own.sum():6} names: found {found:.1%}, as this {right:.1%}; {false} visited ordinary sites"
        )
    print(
        f"      false blocks of {taught.visited.sum()} visited sites: {(speaks & taught.visited).sum() / taught.visited.sum():.3%}"
    )


def quick_look(
    taught: Lesson, rows: sp.csr_matrix, scores: Array, limits: list[float], recipe: Recipe
) -> tuple[list[str], bytes, int]:
    """Pieces of four letters and endings, their byte weights and the least sum that asks for the whole model.

    It learns which names the whole model speaks of, and may miss three in a thousand of them.
    """
    speaks = harm(scores) >= np.array(limits)[scores.argmax(1)] - 0.7
    words = Vocabulary(4, 4)
    words.learn(taught.names, taught.weights, 6.0)
    quick = words.rows(taught.names, 1.0)
    weights, _ = fit(quick, speaks.astype(int), np.where(taught.labels == 0, 1.0, taught.weights), 2, 0.3, 50)
    line = weights[:, 1] - weights[:, 0]
    scale = 127 / np.abs(line).max()
    rounded = np.round(line * scale).astype(int)
    kept = np.abs(rounded) >= 3
    sums = quick[:, kept] @ rounded[kept]
    certain = harm(scores) >= np.array(limits)[scores.argmax(1)]
    least = int(np.quantile(sums[certain & (taught.labels > 0)], 0.003))
    features = words.pieces + ["." + suffix for suffix in words.suffixes]
    chosen = [(piece, int(byte)) for piece, byte, keep in zip(features, rounded, kept, strict=True) if keep]
    passed = (sums >= least)[taught.visited].mean()
    print(f"quick look: {len(chosen)} pieces; {passed:.1%} of visited ordinary sites need the whole sum")
    return [piece for piece, _ in chosen], bytes(byte + 128 for _, byte in chosen), least


def train(lists: Lists, out: Path, without: frozenset[str] = frozenset(), recipe: Recipe | None = None) -> None:
    """Train without some sources and write the model file."""
    recipe = recipe or Recipe()
    began = time.monotonic()
    taught = clean(lesson(lists, recipe, without), lists, recipe)
    print(
        f"{time.monotonic() - began:4.0f} s  lesson:",
        dict(sorted(Counter(("ordinary", *recipe.categories)[k] for k in taught.labels).items())),
    )
    words = Vocabulary()
    words.learn(taught.names, taught.weights, recipe.least_families)
    choose(words, words.rows(taught.names, recipe.suffix_weight), taught, recipe)
    rows = words.rows(taught.names, recipe.suffix_weight)
    honest = in_thirds(rows, words, taught, recipe, recipe.rounds)
    calibration = confidence(honest, taught, recipe)
    sure = np.log(recipe.least_confidence / (1 - recipe.least_confidence))
    limits = [
        max(limit, float((sure - offset) / slope))
        for limit, (slope, offset) in zip(thresholds(honest, taught, recipe), calibration, strict=True)
    ]
    _crossed(honest, limits, taught, recipe)
    weights, bias = fit(rows, taught.labels, taught.weights, len(recipe.categories) + 1, recipe.strength, recipe.rounds)
    weights = modest(weights, words, recipe)
    own = margins(rows, weights, bias)
    print(
        f"{time.monotonic() - began:4.0f} s  thresholds:",
        dict(zip(recipe.categories, np.round(limits, 2).tolist(), strict=True)),
    )
    gains = weights[:, 1:] - weights[:, :1]
    gains[len(words.pieces) :] *= recipe.suffix_weight
    scale = float(np.abs(gains).max() / 127)
    features = words.pieces + ["." + suffix for suffix in words.suffixes]
    order = sorted(range(len(features)), key=features.__getitem__)
    planes = (np.round(gains[order] / scale).astype(int) + 128).astype(np.uint8).T
    quick_pieces, quick_weights, least = quick_look(taught, rows, own, limits, recipe)
    header = {
        "categories": recipe.categories,
        "scale": scale,
        "bias": (bias[1:] - bias[0]).astype(float).tolist(),
        "thresholds": limits,
        "calibration": calibration,
        "calming": recipe.calming,
        "calming_words": recipe.calming_words,
        "quick_least": least,
    }
    sections = {
        "suffixes": "\n".join(sorted(lists.suffixes)).encode(),
        "reserved": "\n".join(sorted(reserved())).encode(),
        "pieces": "\n".join(features[k] for k in order).encode(),
        "weights": planes.tobytes(),
        "quick_pieces": "\n".join(quick_pieces).encode(),
        "quick_weights": quick_weights,
    }
    write_model(out, json.loads(json.dumps(header)), sections)
    print(
        f"{time.monotonic() - began:4.0f} s  {out.name}: {out.stat().st_size:,} bytes, {len(features):,} pieces",
        flush=True,
    )


def main() -> None:
    """Train on everything and write the shipped file."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--out", type=Path, default=OUT)
    chosen = options.parse_args()
    train(Lists(chosen.data), chosen.out)


if __name__ == "__main__":
    main()
