"""All that a verdict is reached from, frozen: the school's settings and lists as they last were sound."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from schoolgate.policy.calendar import Calendar
from schoolgate.policy.files import FileRule
from schoolgate.policy.identity import People
from schoolgate.policy.passing import NO_PASSING, Passing
from schoolgate.policy.purpose import NO_PURPOSES, Purposes
from schoolgate.policy.rules import Category, Listing, Placed, Rule, Subject, by_whom_and_what
from schoolgate.policy.sealed import NOTHING_SEALED, Sealed


class Lists(Protocol):
    """What policy asks of the compiled lists."""

    def look_up(self, host: str, target: str) -> Listing:
        """Everything that is listed for a canonical host and a match target ("" where only the name is known)."""
        ...

    def below(self, host: str) -> Iterator[tuple[str, str]]:
        """Every host and path ("" for the whole host) that lists name at a canonical host or below it."""
        ...

    def parts(self, host: str) -> Iterator[str]:
        """Every path of which lists say something at this very canonical host (and so below it)."""
        ...

    def is_protected(self, host: str) -> bool:
        """Whether the school must be able to reach this canonical host, so that doubt speaks for it."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of the school's will; ``version`` is a hash of every file it was read from."""

    version: str
    people: People
    calendar: Calendar
    categories: Mapping[str, Category]
    rules: tuple[Rule, ...]
    lists: Lists
    files: tuple[FileRule, ...] = ()
    purposes: Purposes = NO_PURPOSES
    sealed: Sealed = NOTHING_SEALED
    passing: Passing = NO_PASSING
    does: dict[tuple[str, frozenset[str], Subject], bool] = field(
        default_factory=dict[tuple[str, frozenset[str], Subject], bool], init=False, compare=False, repr=False
    )
    """Whether any rule could do something, for a group, the periods of a moment, and a subject: as far as was asked."""
    _sorted: Mapping[tuple[str, str], tuple[Placed, ...]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sorted", by_whom_and_what(self.rules))

    def rules_about(self, group: str, category: str) -> tuple[Placed, ...]:
        """The rules that speak of a category to a group at any time, in their order."""
        return self._sorted.get((group, category), ())
