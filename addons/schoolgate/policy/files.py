"""What may be downloaded and uploaded: rules by the kind of a file, its size and the site's category."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from schoolgate.policy.rules import Action, Alert

FILE = "file"
"""The list of a verdict on a file; its entry is the file's media type and size, never its name."""


class Direction(StrEnum):
    """Which way a file goes, seen from the school's device."""

    DOWNLOAD = "download"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class FileRule:
    """One rule of ``files:`` in config/rules.yaml.

    It speaks of files that have one of ``extensions`` (lower case, without a dot) or ``types`` (media types; all images
    are ``image/*``); without either, of every file. ``larger_than`` (bytes) and ``categories`` narrow it further.
    """

    id: str
    groups: frozenset[str]
    direction: Direction
    action: Action
    why: str
    extensions: frozenset[str] = frozenset()
    types: tuple[str, ...] = ()
    larger_than: int | None = None
    categories: frozenset[str] = frozenset()
    alert: Alert = Alert.NONE
    basis: str = ""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file: every extension and media type that anything claims or that its first bytes show.

    ``size`` (bytes) is None as long as nobody has told it; ``categories`` are those of the site.
    """

    extensions: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    size: int | None = None
    categories: frozenset[str] = frozenset()


def judge_file(rules: Iterable[FileRule], group: str, direction: Direction, facts: FileFacts) -> FileRule | None:
    """The first rule that speaks of this file, or None."""
    for rule in rules:
        if rule.direction is direction and group in rule.groups and _speaks_of(rule, facts):
            return rule
    return None


def strictest_first(
    rules: Sequence[FileRule], group: str, direction: Direction, files: Sequence[FileFacts]
) -> tuple[FileRule, FileFacts] | None:
    """Of several files in one upload, the one whose rule stands first."""
    found: list[tuple[int, FileRule, FileFacts]] = []
    for facts in files:
        rule = judge_file(rules, group, direction, facts)
        if rule is not None:
            found.append((rules.index(rule), rule, facts))
    if not found:
        return None
    _, rule, facts = min(found, key=lambda each: each[0])
    return rule, facts


def rules_for(rules: Iterable[FileRule], group: str, direction: Direction) -> tuple[FileRule, ...]:
    """The rules that can concern a group at all, in their order."""
    return tuple(rule for rule in rules if rule.direction is direction and group in rule.groups)


def on_site(rules: Iterable[FileRule], categories: frozenset[str]) -> tuple[FileRule, ...]:
    """Those of the rules that hold on a site of these categories."""
    return tuple(rule for rule in rules if not rule.categories or rule.categories & categories)


def _speaks_of(rule: FileRule, facts: FileFacts) -> bool:
    if rule.categories and not rule.categories & facts.categories:
        return False
    if rule.larger_than is not None and (facts.size is None or facts.size <= rule.larger_than):
        return False
    if not rule.extensions and not rule.types:
        return True
    return bool(rule.extensions & facts.extensions) or any(is_type(each, facts.types) for each in rule.types)


def is_type(pattern: str, types: frozenset[str]) -> bool:
    """Whether a media type, or one with a ``*`` for its second part, is among ``types``."""
    if pattern in ("*", "*/*"):
        return True
    if pattern.endswith("/*"):
        return any(each.startswith(pattern[:-1]) for each in types)
    return pattern in types


_UNITS = (("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000))


def told(facts: FileFacts) -> str:
    """A file as the record tells of it: ``image/jpeg, 2.4 MB``."""
    return ", ".join(filter(None, (kind_of(facts), size_in_words(facts.size))))


def kind_of(facts: FileFacts) -> str:
    """The media type that says most; a plain ``application/octet-stream`` says least."""
    return min(facts.types, key=lambda each: (each == "application/octet-stream", each), default="unknown type")[:100]


def size_in_words(size: int | None) -> str:
    """A size for people; "" where it is unknown."""
    if size is None:
        return ""
    for unit, bytes_ in _UNITS:
        if size >= bytes_:
            return f"{size / bytes_:.1f} {unit}"
    return f"{size} bytes"


def in_bytes(text: str) -> int:
    """``50MB``, ``1.5 GB``, ``200 KB`` or a plain number of bytes. Raises ValueError."""
    squeezed = text.replace(" ", "").upper()
    for unit, bytes_ in _UNITS:
        if squeezed.endswith(unit):
            return round(float(squeezed.removesuffix(unit)) * bytes_)
    return int(squeezed.removesuffix("B"))


def every_extension(names: Iterable[str]) -> Iterator[str]:
    """Extensions as rules may write them (``.EXE``), in the one form that is compared."""
    for name in names:
        yield name.strip().lower().removeprefix("*").removeprefix(".")
