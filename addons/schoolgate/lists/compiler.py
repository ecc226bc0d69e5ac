"""Puts every category's entries and sources into one index, and says what was left out and why."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from schoolgate.lists.formats import READERS, Entry
from schoolgate.lists.guards import Guard
from schoolgate.lists.index import Mark, host_key, write_index

FORMAT_VERSION = "2"


@dataclass(frozen=True, slots=True)
class Source:
    """A list file of somebody else's that fills a category."""

    name: str
    path: Path
    format: str


@dataclass(frozen=True, slots=True)
class CategoryList:
    """What one file of blocklists/ says; ``name`` is what a verdict calls it."""

    category: str
    name: str
    entries: tuple[Entry, ...]
    exceptions: tuple[Entry, ...] = ()
    sources: tuple[Source, ...] = ()


@dataclass(slots=True)
class Report:
    """What came of a compilation: entries a list, and lines left out, by list and reason."""

    entries: Counter[str] = field(default_factory=Counter[str])
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])


def compile_index(
    path: Path, lists: Iterable[CategoryList], allow: CategoryList, block: CategoryList, guard: Guard
) -> Report:
    """Write the index to ``path`` (atomically) and report."""
    report = Report()
    marks: defaultdict[Entry, set[Mark]] = defaultdict(set)
    lists = list(lists)
    for each in lists:
        for entry in each.entries:
            marks[entry].add(("list", each.category, each.name))
        for entry in each.exceptions:
            marks[entry].add(("except", each.category, each.name))
        report.entries[each.name] += len(each.entries)
    curated = {entry: frozenset(category for _, category, _ in says) for entry, says in marks.items()}
    for each in lists:
        for source in each.sources:
            _add_source(source, each.category, guard, curated, marks, report)
    for role, local in (("allow", allow), ("block", block)):
        for entry in local.entries:
            marks[entry].add((role, local.category, local.name))
    hosts: dict[str, tuple[Mark, ...]] = {}
    urls: dict[str, tuple[Mark, ...]] = {}
    for entry, says in marks.items():
        if entry.path:
            urls[host_key(entry.host) + entry.path] = tuple(sorted(says))
        else:
            hosts[host_key(entry.host)] = tuple(sorted(says))
    left_out = [[name, reason, number] for (name, reason), number in sorted(report.left_out.items())]
    write_index(path, hosts, urls, format=FORMAT_VERSION, entries=dict(report.entries), left_out=left_out)
    return report


def _add_source(
    source: Source,
    category: str,
    guard: Guard,
    curated: Mapping[Entry, frozenset[str]],
    marks: defaultdict[Entry, set[Mark]],
    report: Report,
) -> None:
    """Add somebody else's list; what a curated list names already is what that says, and nothing else."""
    reading = READERS[source.format](source.path)
    mark: Mark = ("list", category, source.name)
    for entry in reading.entries:
        objection = guard.objection(entry)
        if objection is None and category not in curated.get(entry, (category,)):
            objection = "a curated list puts it in another category"
        if objection:
            report.left_out[source.name, objection] += 1
        else:
            marks[entry].add(mark)
            report.entries[source.name] += 1
    for _, fault in reading.faults:
        report.left_out[source.name, fault] += 1
