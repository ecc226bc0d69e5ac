"""Long lists are shown in parts, the newest first, so that nothing is cut off and no page is endless."""

from collections.abc import Sequence
from dataclasses import dataclass

from schoolgate.console.forms import Form

LENGTH = 100
"""Entries of a list on one page."""
_FURTHEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of the lists a page shows, counted from 1, and whether there is an older one."""

    number: int = 1
    more: bool = False

    @property
    def first(self) -> int:
        """How many entries are newer than those of this part."""
        return (self.number - 1) * LENGTH

    def of[T](self, entries: Sequence[T]) -> Sequence[T]:
        """The entries of a whole list, the newest first, that belong here."""
        return entries[self.first : self.first + LENGTH]

    def beside(self, *lists: Sequence[object]) -> "Part":
        """This part, where one of these whole lists goes on after it."""
        return Part(self.number, any(len(each) > self.first + LENGTH for each in lists))


def part_of(query: Form) -> Part:
    """The part that an address asks for; what is no number means the first."""
    written = query.line("page", 7)
    return Part(min(_FURTHEST, max(1, int(written)))) if written.isascii() and written.isdigit() else Part()
