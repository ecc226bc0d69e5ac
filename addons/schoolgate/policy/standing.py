"""What people have done that changes what holds: notices they read, purposes they declared, sites they opened.

People are pseudonyms here, as in the record that this is read from.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Declared:
    """ "I need these sites for lesson X until T": ``sites`` are hosts, or a host and the beginning of a path."""

    id: str
    person: str
    sites: tuple[str, ...]
    purpose: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A blocked site that somebody opened for a group from ``since`` up to ``until``.

    ``host`` means all below it too, ``path`` is the beginning of a path ("" for the whole site), ``by`` says in words
    who opened it ("a teacher").
    """

    id: str
    host: str
    path: str
    group: str
    since: datetime
    until: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """``acknowledged`` holds (person, version of the notice) for every notice that was read."""

    acknowledged: frozenset[tuple[str, str]] = frozenset()
    declared: tuple[Declared, ...] = field(default=())
    opened: tuple[Opened, ...] = ()


NO_STANDING = Standing()
