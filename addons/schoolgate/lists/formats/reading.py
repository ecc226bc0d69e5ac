"""One pass over a list: where its lines come from, and who hears of those that are left out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from schoolgate.lists.formats.found import Complain, Found
from schoolgate.lists.formats.source_text import Lines, Member, lines, members

LineReader = Callable[[Lines, Complain], Iterator[Found]]


@dataclass(slots=True)
class Reading:
    """One pass over a list: ``file`` is the member that is being read, for whoever reports a line."""

    path: Path
    folder: str = ""
    file: str = ""
    complain: Complain = field(default=lambda line, reason, text: None)

    def lines(self, member: Member) -> Lines:
        """The lines of one file of the list."""
        self.file = member.name
        return lines(member.open(), self.complain)


Reader = Callable[[Reading], Iterator[Found]]


def of_lines(reader: LineReader) -> Reader:
    """The reader of a format whose files are just lines, one file or many."""

    def read(reading: Reading) -> Iterator[Found]:
        for member in members(reading.path, reading.folder):
            yield from reader(reading.lines(member), reading.complain)

    return read
