"""Puts every category's entries and sources into one index, and says what was left out, where and why."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schoolgate.lists.entry import Entry
from schoolgate.lists.formats.found import LIST, PATTERNS, UNLESS
from schoolgate.lists.formats.reading import Reader, Reading
from schoolgate.lists.formats.registry import READERS
from schoolgate.lists.formats.source_text import UnreadableList
from schoolgate.lists.guards import Guard
from schoolgate.lists.index import EXCEPT, PATHS, PROTECTED, UNPROTECTED, Mark, host_key, write_index
from schoolgate.lists.patterns import Pattern

FORMAT_VERSION = "4"
_MOST_PATTERNS = 200  # of all lists together; each may take 256 KiB (guards)
_EXAMPLES = 20  # places that are kept of each reason for leaving lines out
_TELL_EVERY = 100_000  # entries
RELABELS = "a curated list puts it in another category"


@dataclass(frozen=True, slots=True)
class Source:
    """A list of somebody else's that fills a category.

    ``folder`` is the part of an archive or folder that is meant; ``of`` says in words which copy it is.
    """

    name: str
    path: Path
    format: str
    folder: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class CategoryList:
    """What one file of blocklists/ says; ``name`` is what a verdict calls it."""

    category: str
    name: str
    entries: tuple[Entry, ...]
    exceptions: tuple[Entry, ...] = ()
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a list that was left out."""

    file: str
    line: int
    text: str


@dataclass(slots=True)
class Report:
    """What came of a compilation, by list: entries that count, and lines left out by reason, the first with places."""

    entries: Counter[str] = field(default_factory=Counter[str])
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    places: dict[tuple[str, str], list[Place]] = field(default_factory=dict[tuple[str, str], list[Place]])
    repeated: Counter[str] = field(default_factory=Counter[str])
    below_another: Counter[str] = field(default_factory=Counter[str])

    def leave_out(self, name: str, reason: str, place: Place) -> None:
        """Count a line that was left out."""
        self.left_out[name, reason] += 1
        places = self.places.setdefault((name, reason), [])
        if len(places) < _EXAMPLES:
            places.append(place)

    def facts(self) -> dict[str, Any]:
        """The report as the index keeps it."""
        return {
            "entries": dict(self.entries),
            "repeated": dict(self.repeated),
            "below_another": dict(self.below_another),
            "left_out": [
                [name, reason, number, [[p.file, p.line, p.text] for p in self.places.get((name, reason), ())]]
                for (name, reason), number in sorted(self.left_out.items())
            ],
        }


Progress = Callable[[str, int], None]
"""Takes the name of the list that is being read, and the number of its lines that were taken so far."""


def compile_index(
    path: Path,
    lists: Iterable[CategoryList],
    guard: Guard,
    readers: Mapping[str, Reader] = READERS,
    progress: Progress = lambda name, number: None,
) -> Report:
    """Write the index to ``path`` (atomically) and report."""
    return _Compilation(guard, readers, progress).run(path, tuple(lists))


class _Combinations:
    """Numbers for sets of marks: millions of keys share a few hundred of them."""

    def __init__(self) -> None:
        self.sets: list[frozenset[Mark]] = [frozenset()]
        self._numbers: dict[frozenset[Mark], int] = {frozenset(): 0}
        self._steps: dict[tuple[int, Mark], int] = {}

    def number(self, marks: frozenset[Mark]) -> int:
        if marks not in self._numbers:
            self._numbers[marks] = len(self.sets)
            self.sets.append(marks)
        return self._numbers[marks]

    def more(self, number: int, mark: Mark) -> int:
        """The number of that set and this mark."""
        step = self._steps.get((number, mark))
        if step is None:
            step = self._steps[number, mark] = self.number(self.sets[number] | {mark})
        return step

    def in_order(self) -> list[list[Mark]]:
        """Every set as a list, the mark PATHS first."""
        return [sorted(marks, key=lambda mark: (mark[0] != PATHS, mark)) for marks in self.sets]


class _Compilation:
    def __init__(self, guard: Guard, readers: Mapping[str, Reader], progress: Progress) -> None:
        self.guard, self.readers, self.progress = guard, readers, progress
        self.report = Report()
        self.hosts: dict[str, int] = {}
        self.urls: dict[str, int] = {}
        self.refused: dict[str, int] = {}
        self.patterns: list[Pattern] = []
        self.combinations = _Combinations()

    def run(self, path: Path, lists: tuple[CategoryList, ...]) -> Report:
        curated: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for each in lists:
            for entry in each.entries:
                self.add(entry.host, entry.path, (LIST, each.category, each.name))
                curated[entry.host, entry.path].add(each.category)
            for entry in each.exceptions:
                self.add(entry.host, entry.path, (EXCEPT, each.category, each.name))
                curated[entry.host, entry.path].add(each.category)
            self.report.entries[each.name] += len(each.entries)
        for host in self.guard.protected:
            self.add(host, "", (PROTECTED, "", "protected"))
        for host in self.guard.unprotected:
            self.add(host, "", (UNPROTECTED, "", "protected"))
        for each in lists:
            for source in each.sources:
                self.take(source, each.category, curated)
        self.drop_what_stands_below_another()
        sources = {s.name: {"category": each.category, "of": s.of} for each in lists for s in each.sources}
        shelves = {"hosts": self.hosts, "urls": self.urls, "refused": self.refused}
        facts = {"format": FORMAT_VERSION, "sources": sources, **self.report.facts()}
        write_index(path, shelves, self.combinations.in_order(), self.patterns, **facts)
        return self.report

    def add(self, host: str, path: str, mark: Mark) -> bool:
        """Put a mark on an entry; whether it was not there before."""
        key = host_key(host)
        shelf = self.hosts
        if path:
            self.hosts[key] = self.combinations.more(self.hosts.get(key, 0), (PATHS, "", ""))
            shelf, key = self.urls, key + path
        before = shelf.get(key, 0)
        after = shelf[key] = self.combinations.more(before, mark)
        return after != before

    def take(self, source: Source, category: str, curated: Mapping[tuple[str, str], set[str]]) -> None:
        """Add somebody else's list, as far as the guards let it."""
        name, report, add = source.name, self.report, self.add
        reading = Reading(source.path, source.folder, source.path.name)
        reading.complain = lambda line, reason, text: report.leave_out(
            name, reason, Place(reading.file, line, text[:100])
        )
        objection_to, taken, number = self.guard.objection, 0, 0
        marks: dict[str, Mark] = {}
        try:
            for line, host, path, how in self.readers[source.format](reading):
                number += 1
                if not number % _TELL_EVERY:
                    self.progress(name, number)
                if how in PATTERNS:
                    self._take_pattern(source, category, reading, line, host, how)
                    continue
                objection = None
                if (host, path) in curated:
                    if category not in curated[host, path]:
                        objection = RELABELS
                elif how[:6] != UNLESS:
                    objection = objection_to(host, path, category)
                if objection:
                    report.leave_out(name, objection, Place(reading.file, line, host + path))
                    self._refuse(host, path, (objection, category, name))
                    continue
                mark = marks.get(how)
                if mark is None:
                    mark = marks[how] = (how, category, name)
                if add(host, path, mark):
                    taken += 1
                else:
                    report.repeated[name] += 1
        except UnreadableList as error:
            report.leave_out(name, str(error), Place(source.path.name, 0, ""))
        except Exception as error:  # whatever is in a list, the others are compiled
            why = f"it could not be read any further ({type(error).__name__}: {error})"
            report.leave_out(name, why, Place(reading.file, 0, ""))
        report.entries[name] += taken
        self.progress(name, number)

    def _refuse(self, host: str, path: str, mark: Mark) -> None:
        key = host_key(host) + path
        self.refused[key] = self.combinations.more(self.refused.get(key, 0), mark)

    def _take_pattern(self, source: Source, category: str, reading: Reading, line: int, pattern: str, how: str) -> None:
        objection = self.guard.objection_to_pattern(pattern)
        if len(self.patterns) >= _MOST_PATTERNS:
            objection = f"more than {_MOST_PATTERNS} patterns, which cannot all be matched at once"
        if objection:
            self.report.leave_out(source.name, objection, Place(reading.file, line, pattern[:100]))
        else:
            self.patterns.append((how, pattern, category, source.name))
            self.report.entries[source.name] += 1

    def drop_what_stands_below_another(self) -> None:
        """Take away entries whose own list also names a domain above them: they change no answer."""
        sets, hosts = self.combinations.sets, self.hosts
        smaller: dict[tuple[int, int], int] = {}
        empty: list[str] = []
        for key, number in hosts.items():
            end = key.find(".") + 1
            while end < len(key):
                above = hosts.get(key[:end])
                if above is not None:
                    step = (number, above)
                    if step not in smaller:
                        shared = {mark for mark in sets[number] & sets[above] if mark[0] == LIST}
                        smaller[step] = self.combinations.number(sets[number] - shared) if shared else number
                    if smaller[step] != number:
                        for _, _, name in sets[number] - sets[smaller[step]]:
                            self.report.below_another[name] += 1
                        number = hosts[key] = smaller[step]
                end = key.find(".", end) + 1
            if not number:
                empty.append(key)
        for key in empty:
            del hosts[key]
