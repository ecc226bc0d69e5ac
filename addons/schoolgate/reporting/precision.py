"""How often a rule was right: what became of the cases that its alerts opened."""

from collections.abc import Iterable
from dataclasses import dataclass

from schoolgate.store.cases import Case, Outcome

RIGHT = frozenset({Outcome.SUBSTANTIATED, Outcome.LOW_LEVEL})
WRONG = frozenset({Outcome.FALSE, Outcome.MALICIOUS, Outcome.UNFOUNDED})
_ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Precision:
    """``right`` and ``wrong`` count decided cases; ``neither`` those that prove nothing either way.

    ``undecided`` are cases without an outcome yet.
    """

    rule: str
    right: int
    wrong: int
    neither: int
    undecided: int

    @property
    def share(self) -> float | None:
        """Right ones among right and wrong ones, 0 to 1; None where there are none."""
        known = self.right + self.wrong
        return self.right / known if known else None

    @property
    def says_something(self) -> bool:
        """Whether there are enough cases for the share to mean anything."""
        return self.right + self.wrong >= _ENOUGH


def precision(of: Iterable[Case]) -> list[Precision]:
    """The figures of each rule that has raised a case, by name. Concerns that people raised have no rule."""
    outcomes: dict[str, list[str]] = {}
    for case in of:
        if case.rule:
            outcomes.setdefault(case.rule, []).append(case.outcome)
    return [_of(rule, outcomes[rule]) for rule in sorted(outcomes)]


def _of(rule: str, outcomes: list[str]) -> Precision:
    right, wrong = (sum(each in kinds for each in outcomes) for kinds in (RIGHT, WRONG))
    undecided = outcomes.count("")
    return Precision(rule, right, wrong, len(outcomes) - right - wrong - undecided, undecided)
