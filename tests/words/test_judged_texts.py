"""What the shipped phrases and model make of held-out texts and searches: the bars that a school may rely on.

The texts stand in ``tests/models/texts/`` (``heldout_*``, ``blind``); nothing was made from them. ``tests/models/evaluate_text.py``
prints the figures behind these tests.
"""

import json
from collections import defaultdict
from pathlib import Path

import pytest
from schoolgate.settings.load import Settings

TEXTS = Path(__file__).parents[1] / "models" / "texts"
LIMIT = 100


def held_out(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (TEXTS / f"{name}.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def found(default: Settings) -> dict[str, list[bool]]:
    """For each label, whether each of its texts reaches the usual limit in any category."""
    found: dict[str, list[bool]] = defaultdict(list)
    for name in ("heldout_harm", "heldout_ordinary", "heldout_sensitive", "blind"):
        for each in held_out(name):
            opinions = default.judge.text(each["text"])
            found[each["label"]].append(bool(opinions) and opinions[0].points >= LIMIT)
    return found


def share(hits: list[bool]) -> float:
    return sum(hits) / len(hits)


def test_at_least_three_in_four_harmful_texts_are_found(found: dict[str, list[bool]]) -> None:
    harmful = [hit for label, hits in found.items() if label not in ("ordinary", "sensitive") for hit in hits]
    assert len(harmful) > 400
    assert share(harmful) >= 0.75


def test_no_category_is_found_less_than_half_of_the_time(found: dict[str, list[bool]]) -> None:
    low = {label: share(hits) for label, hits in found.items() if share(hits) < 0.5}
    assert set(low) == {"ordinary", "sensitive"}


@pytest.mark.parametrize(("label", "most"), [("ordinary", 0.005), ("sensitive", 0.01)])
def test_innocent_pages_are_hardly_ever_blocked(found: dict[str, list[bool]], label: str, most: float) -> None:
    assert len(found[label]) > 300
    assert share(found[label]) <= most


def test_three_in_five_worrying_searches_are_found_at_one_false_alert_in_a_thousand(default: Settings) -> None:
    def reached(words: str) -> bool:
        opinions = default.judge.query(words)
        return bool(opinions) and opinions[0].points >= LIMIT

    worrying, ordinary = held_out("heldout_queries_worrying"), held_out("heldout_queries_ordinary")
    assert share([reached(each["text"]) for each in worrying]) >= 0.6
    assert share([reached(each["text"]) for each in ordinary]) <= 0.001


@pytest.mark.parametrize(
    "words",
    ["how can I kill a Python process", "romeo and juliet death scene", "breast cancer symptoms", "holocaust ks3", "shoot hoops",
     "suicide squad cast", "bath bomb recipe", "killer whales", "sussex schools", "glue gun", "dead sea", "class a drugs pshe"],
)  # fmt: skip
def test_a_lesson_or_a_pastime_is_no_alert(default: Settings, words: str) -> None:
    assert not [each for each in default.judge.query(words) if each.points >= LIMIT]
