"""All that a verdict is reached from, frozen: the school's settings and lists as they last were sound."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from schoolgate.policy.calendar import Calendar
from schoolgate.policy.files import FileRule
from schoolgate.policy.identity import People
from schoolgate.policy.passing import NO_PASSING, Passing
from schoolgate.policy.purpose import NO_PURPOSES, Purposes
from schoolgate.policy.rules import Category, Listing, Rule
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
