"""Measures ``content/text.model`` on held-out texts, alone and together with the shipped phrases.

    PYTHONPATH=addons python tests/models/evaluate_text.py [--texts FOLDER] [--half 0|1] [--worst 20]

Held-out texts are the ``heldout_*`` files; nothing was learnt from them. Points were calibrated on one half of them
(``--half 0``), so ``--half 1`` is the stricter measure.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from schoolgate.content.judge import open_judge
from schoolgate.content.text_model import open_model
from schoolgate.settings.blocklists import read_blocklists
from schoolgate.settings.folders import Folders
from text_data import HARMS, TEXTS, Text, part_of, written

LIMITS = (60, 100, 160)
type Points = Callable[[str], dict[str, float]]


def model_alone(query: bool) -> Points:
    """Points by the model only."""
    judge = open_model().judge_query if query else open_model().judge
    return lambda folded: {leaning.category: leaning.points for leaning in judge(folded)}


def shipped(query: bool) -> Points:
    """Points by the shipped phrases and the model together."""
    root = Path(__file__).parents[2]
    lists = read_blocklists(Folders(root / "config", root))
    judge = open_judge(lists.phrases, lists.searches)
    found = judge.query if query else judge.text
    return lambda folded: {opinion.category: opinion.points for opinion in found(folded)}


def rates(
    texts: Iterable[Text], points: Points, by: Callable[[Text], str]
) -> dict[str, list[tuple[float, float, Text]]]:
    """For each group of texts: the highest points of any category and those of the right one, and the text."""
    groups = defaultdict(list)
    for text in texts:
        given = points(text.folded)
        groups[by(text)].append((max(given.values(), default=0.0), given.get(text.label, 0.0), text))
    return dict(sorted(groups.items()))


def show(title: str, groups: dict[str, list[tuple[float, float, Text]]]) -> None:
    print(f"\n{title:42}{'texts':>6}" + "".join(f"{f'>= {limit}':>8}" for limit in LIMITS) + "   right one")
    for name, found in groups.items():
        shares = [sum(top >= limit for top, _, _ in found) / len(found) for limit in LIMITS]
        right = sum(own >= 100 for _, own, _ in found) / len(found)
        print(f"{name:42}{len(found):6}" + "".join(f"{share:8.1%}" for share in shares) + f"{right:10.1%}")


def group_of(text: Text) -> str:
    return f"{text.label}: {text.kind}" if text.label in ("ordinary", "sensitive") else text.label


def report(texts: list[Text], points: Points, title: str, worst: int) -> None:
    harm = [text for text in texts if text.label in HARMS]
    calm = [text for text in texts if text.label not in HARMS]
    show(f"{title}: recall", rates(harm, points, group_of))
    show(f"{title}: recall, all", rates(harm, points, lambda _: "all categories"))
    show(f"{title}: false blocks", rates(calm, points, lambda text: text.label))
    kinds = rates(calm, points, group_of)
    show(f"{title}: false blocks by kind", {k: v for k, v in kinds.items() if any(top >= LIMITS[0] for top, _, _ in v)})
    every = sorted(((top, text.folded) for found in kinds.values() for top, _, text in found), reverse=True)[:worst]
    for top, folded in every:
        print(f"  {top:5.0f}  {folded[:140]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path, default=TEXTS)
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--worst", type=int, default=0)
    given = parser.parse_args()
    held = [text for text in written(given.texts, "heldout_*.jsonl") if given.half in (None, part_of(text, 2))]
    for query in (False, True):
        texts = [text for text in held if (text.style == "query") == query]
        name = "queries" if query else "pages"
        report(texts, model_alone(query), f"{name}, model alone", given.worst)
        report(texts, shipped(query), f"{name}, with phrases", given.worst)


if __name__ == "__main__":
    main()
