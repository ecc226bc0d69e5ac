"""What people themselves have done that changes what holds for them: notices they read, purposes they declared.

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
class Standing:
    """``acknowledged`` holds (person, version of the notice) for every notice that was read."""

    acknowledged: frozenset[tuple[str, str]] = frozenset()
    declared: tuple[Declared, ...] = field(default=())


NO_STANDING = Standing()
