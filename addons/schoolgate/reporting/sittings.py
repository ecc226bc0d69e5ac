"""Visits folded into sittings: one person at one device at one site, from the first page to the last."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schoolgate.policy.spells import Page, spells_of

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sitting:
    """Events of the record that belong together, oldest first; ``minutes`` are those in which a page was opened.

    ``repeats`` is how often, besides, a page loaded itself anew.
    """

    pages: tuple[Row, ...]
    minutes: int
    repeats: int = 0

    @property
    def first(self) -> Row:
        """Its first page."""
        return self.pages[0]

    @property
    def last(self) -> Row:
        """Its last page."""
        return self.pages[-1]

    @property
    def sites(self) -> tuple[str, ...]:
        """The hosts, in the order in which they were first opened."""
        return tuple(dict.fromkeys(page["host"] for page in self.pages))


def sittings(rows: Iterable[Row]) -> list[Sitting]:
    """Visits as sittings, by when they began."""
    by_client: dict[str, list[Row]] = {}
    for row in rows:
        by_client.setdefault(row["client"], []).append(row)
    found = [sitting for each in by_client.values() for sitting in _fold(each)]
    return sorted(found, key=lambda each: (each.first["at"], each.first["id"]))


def _fold(rows: list[Row]) -> Iterable[Sitting]:
    known = {row["id"]: row for row in rows}
    for spell in spells_of(map(_page, rows)):
        yield Sitting(tuple(known[event] for event in spell.events), spell.minutes, spell.repeats)


def _page(row: Row) -> Page:
    at = datetime.fromisoformat(row["at"])
    return Page(at, row["person"], row["host"], row["path"], row["category"], row["id"])
