"""Visits folded into spells: how long somebody was at a site, said so that it never overstates.

Minutes are those in which a page was opened. A tab left open adds none, nor does a page that loads itself anew: the
same address at like intervals, with nothing else of its site between, counts once, whatever its requests look like.
A clock in a page keeps its intervals to the minute; somebody who looks in every morning, or in every break, does not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise

GAP = timedelta(minutes=15)
"""Two pages of a site that are further apart than this belong to two spells."""
_ALIKE = 0.1  # share of an interval by which a page that loads itself anew may be late
_LATE = timedelta(seconds=4)  # each page a second early or late makes two waits differ by so much
_LATEST = timedelta(minutes=1)  # browsers wake pages that nobody looks at no more than once a minute
_LONGEST = timedelta(hours=3)  # between two loads of a page by itself
_FOLDED = ("www.", "m.", "mobile.")


@dataclass(frozen=True, slots=True)
class Page:
    """A visit on record. ``at`` is aware; ``event`` is the event's id, ``host`` and ``path`` are its address."""

    at: datetime
    person: str
    host: str
    path: str = "/"
    category: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True)
class Spell:
    """Pages of one site in a row. ``first`` and ``last`` are UTC; ``minutes`` are those in which a page was opened.

    ``events`` are the ids of the pages that count; ``repeats`` says how many more were the page loading itself anew.
    """

    person: str
    site: str
    category: str
    first: datetime
    last: datetime
    minutes: int
    pages: int
    events: tuple[str, ...]
    repeats: int = 0


def site_of(host: str) -> str:
    """A host without what only says that it is for the web or for phones."""
    bare = host.casefold().rstrip(".")
    for start in _FOLDED:
        if bare.startswith(start) and bare.count(".") > 1:
            return bare.removeprefix(start)
    return bare


def spells_of(pages: Iterable[Page], gap: timedelta = GAP) -> list[Spell]:
    """Fold visits, in whatever order they come, into spells by person, site and category, earliest first."""
    sites: dict[tuple[str, str, str], list[Page]] = {}
    for page in pages:
        if page.at.tzinfo is None:
            raise ValueError(f"{page.at}: a moment without a time zone")
        sites.setdefault((page.person, site_of(page.host), page.category), []).append(page)
    found = [spell for key, of_site in sites.items() for spell in _of_site(key, of_site, gap)]
    return sorted(found, key=lambda spell: (spell.first, spell.person, spell.site, spell.category))


def _of_site(key: tuple[str, str, str], pages: list[Page], gap: timedelta) -> Iterator[Spell]:
    pages.sort(key=lambda page: (page.at.astimezone(UTC), page.event))
    row: list[Page] = []
    repeats = 0
    for page, by_itself in _told_apart(pages):
        if by_itself:
            repeats += 1
            continue
        if row and page.at.astimezone(UTC) - row[-1].at.astimezone(UTC) > gap:
            yield _spell(key, row, repeats)
            row, repeats = [], 0
        row.append(page)
    yield _spell(key, row, repeats)


def _told_apart(pages: list[Page]) -> Iterator[tuple[Page, bool]]:
    """Each page, and whether it is but the same page loading itself anew."""
    for _, group in groupby(pages, key=lambda page: (page.host, page.path)):
        run = list(group)
        waits = [later.at.astimezone(UTC) - page.at.astimezone(UTC) for page, later in pairwise(run)]
        alike = [_are_alike(one, other) for one, other in pairwise(waits)]
        for number, page in enumerate(run):
            yield page, number > 0 and any(alike[max(0, number - 2) : number])


def _are_alike(one: timedelta, other: timedelta) -> bool:
    longer = max(one, other)
    return longer <= _LONGEST and abs(one - other) <= max(_LATE, min(_LATEST, _ALIKE * longer))


def _spell(key: tuple[str, str, str], row: list[Page], repeats: int) -> Spell:
    moments = [page.at.astimezone(UTC) for page in row]
    minutes = len({moment.replace(second=0, microsecond=0) for moment in moments})
    events = tuple(page.event for page in row if page.event)
    return Spell(*key, moments[0], moments[-1], minutes, len(row), events, repeats)
