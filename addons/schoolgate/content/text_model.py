"""The small trained model of what a text is about (being trained)."""

from dataclasses import dataclass
from functools import lru_cache


class BadModel(ValueError):
    """The model cannot be used."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """What the model makes of a text."""

    category: str
    points: float
    words: tuple[tuple[str, float], ...]


class TextModel:
    """Stand-in."""

    def judge(self, folded: str) -> tuple[Leaning, ...]:
        """Nothing yet."""
        return ()

    def judge_query(self, folded: str) -> tuple[Leaning, ...]:
        """Nothing yet."""
        return ()


@lru_cache(maxsize=1)
def open_model() -> TextModel:
    """The model."""
    return TextModel()
