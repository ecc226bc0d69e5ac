"""What rules recorded of what people opened, as the digest tells it: counted, contested, and left out in numbers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from schoolgate.reporting.period import Span
from schoolgate.reporting.sittings import Row, Sitting, sittings
from schoolgate.store.deeds import Contest, Contested, Queries
from schoolgate.store.queries import events_of

MOST = 60
"""Sittings in a digest; the shortest are only numbered beyond that."""
_VISITS = (
    'select id, at, person, client, host, path, category, "group", calendar from visits '
    "where alert <> 'none' and left_out = '' and at >= :since and at < :until order by at, id"
)
_LEFT_OUT = (
    "select left_out, count(*) as n from events where kind = 'visit' and left_out <> '' and action <> 'deed' "
    "and at >= :since and at < :until group by left_out"
)
_REASONS = {
    "said to be a break": "said to be in a break",
    "said to be work": "said to be for work",
    "work": "work: official pages, agreed channels, lessons",
}
_OTHER_REASONS = "other reasons, such as that it is not sure that a person opened the page"


@dataclass(frozen=True, slots=True)
class Counted:
    """``working`` are sittings in working hours, ``other`` all others; ``more`` were left out for length.

    ``left_out`` says how many visits count for nothing, by reason; ``cleared`` how many a contest has cleared.
    """

    working: list[Sitting]
    other: list[Sitting]
    more: int
    left_out: list[tuple[str, int]]
    cleared: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A contest that nobody has answered, with those of its events that are still on record."""

    contest: Contest
    pages: list[Row]
    days: int

    @property
    def categories(self) -> list[str]:
        """What it is about, by category."""
        return sorted({page["category"] for page in self.pages})


def counted(
    reader: Queries, span: Span, at_work: frozenset[str], told: Contested, untold: frozenset[str] = frozenset()
) -> Counted:
    """The visits of a report's period; what is contested or cleared is not among them.

    ``untold`` are events that were cleared by a case which the readers may not know of: they are not numbered either.
    """
    during = {"since": span.since, "until": span.until}
    rows = list(reader.query(_VISITS, during))
    kept = [row for row in rows if row["id"] not in told.waiting and row["id"] not in told.cleared]
    longest = sorted(sittings(kept), key=lambda each: (-each.minutes, -len(each.pages), each.first["at"]))
    shown = _whole(reader, sorted(longest[:MOST], key=lambda each: (each.first["person"], each.first["at"])))
    working = [each for each in shown if each.first["group"] in at_work and in_working_hours(each.first["calendar"])]
    other = [each for each in shown if each not in working]
    cleared = sum(row["id"] in told.cleared and row["id"] not in untold for row in rows)
    return Counted(working, other, len(longest) - len(shown), _reasons(reader.query(_LEFT_OUT, during)), cleared)


def _whole(reader: Queries, shown: list[Sitting]) -> list[Sitting]:
    """The same sittings with all columns of their pages: of the others nobody needs them."""
    known = {row["id"]: row for row in events_of(reader, (page["id"] for each in shown for page in each.pages))}
    return [replace(each, pages=tuple(known.get(page["id"], page) for page in each.pages)) for each in shown]


def in_working_hours(calendar: str) -> bool:
    """Whether the record's words say that a moment lay in somebody's working hours."""
    return " is in " in calendar and "working hours" in calendar


def waiting(reader: Queries, contests: Iterable[Contest], now_day: str) -> list[Waiting]:
    """Every contest without an answer, the oldest first; ``now_day`` is a date, to count the days."""
    today = date.fromisoformat(now_day)
    found: list[Waiting] = []
    unanswered = [each for each in contests if not each.answer]
    rows = events_of(reader, {event for each in unanswered for event in each.events})
    for each in unanswered:
        events = frozenset(each.events)
        pages = [row for row in rows if row["person"] == each.person and row["id"] in events]
        days = max(0, (today - date.fromisoformat(each.at[:10])).days)
        found.append(Waiting(each, pages, days))
    return found


def _reasons(rows: Iterable[Row]) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter()
    for row in rows:
        begun = row["left_out"].partition(":")[0].strip()
        counts[_REASONS.get(begun, _OTHER_REASONS)] += row["n"]
    return counts.most_common()
