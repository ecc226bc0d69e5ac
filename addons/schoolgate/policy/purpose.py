"""Why a visit to a personal site is work all the same, and which sites are nobody's business at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Site:
    """A host with all below it, and the beginning of a path ("" for all of the site)."""

    host: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """A place that is work: an official page, an agreed channel, or what a lesson needs.

    ``who`` are logins and groups, empty for everybody; it holds from ``since`` up to ``until`` where they are given.
    ``review`` is the day by which somebody should have looked at it again: after it the entry still holds, and says so.
    """

    what: str  # "official page", "agreed channel", "teaching"
    title: str
    sites: tuple[Site, ...]
    who: frozenset[str] = frozenset()
    approver: str = ""
    since: datetime | None = None
    until: datetime | None = None
    review: date | None = None


@dataclass(frozen=True, slots=True)
class Purposes:
    """What the school has put down in monitoring.yaml; ``private`` maps hosts to topics that are never looked into."""

    works: tuple[Work, ...] = ()
    private: Mapping[str, str] = field(default_factory=dict[str, str])

    def topic(self, host: str) -> str:
        """The never-log topic that a canonical host, or one above it, belongs to; "" for none."""
        while host:
            if host in self.private:
                return self.private[host]
            host = host.partition(".")[2]
        return ""


NO_PURPOSES = Purposes()
