"""The people whom the record speaks of, under their codes: how often personal sites, which open cases and contests.

Nobody's name stands here, and nobody's own line. Whoever opens a record gives a reason first.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from starlette.responses import Response

from schoolgate.alerting.case_roles import may_see
from schoolgate.console.entry import Visitor
from schoolgate.console.mine import local_now
from schoolgate.reporting.sittings import sittings
from schoolgate.store.cases import cases, clearings
from schoolgate.store.deeds import contested, contests
from schoolgate.store.event import stamp
from schoolgate.store.record import RecordReader

PERIODS = {"today": "Today", "week": "This week"}
_VISITS = (
    'select id, at, person, client, host, path, category, "group" from visits '
    "where at >= :since and at < :until and left_out = '' order by at, id"
)
Counts = dict[str, tuple[int, int]]
"""Spells and minutes, by person."""


@dataclass(frozen=True, slots=True)
class Person:
    """A line of the list; contests and cases are those that are open."""

    code: str
    spells: int
    minutes: int
    contests: int
    cases: int


def show_people(visitor: Visitor) -> Response:
    """Everybody with something to see, those with open cases first, then by minutes."""
    period = visitor.query.line("period")
    period = period if period in PERIODS else "today"
    with visitor.desk.reading() as reader:
        people = _people(visitor, reader, period)
    return visitor.page("people.html", people=people, period=period, periods=PERIODS)


def _people(visitor: Visitor, reader: RecordReader, period: str) -> list[Person]:
    folds, settings, pseudonyms = visitor.desk.folds, visitor.settings, visitor.desk.pseudonyms
    spells, minutes = Counter[str](), Counter[str]()
    for counts in _days(visitor, reader, period):
        for code, (number, length) in counts.items():
            spells[code] += number
            minutes[code] += length
    waits = Counter(each.person for each in folds.of(reader, contests) if not each.answer)
    open_cases = Counter(
        each.person
        for each in folds.of(reader, cases)
        if each.is_open and each.person and may_see(settings, pseudonyms, visitor.account, each)
    )
    codes = {*spells, *waits, *open_cases} - {visitor.account.person}
    found = [Person(code, spells[code], minutes[code], waits[code], open_cases[code]) for code in codes]
    return sorted(found, key=lambda each: (-each.cases, -each.minutes, -each.contests, each.code))


def _days(visitor: Visitor, reader: RecordReader, period: str) -> list[Counts]:
    """What counts, day by day; days that are over are kept until the next deed."""
    today = local_now(visitor).date()
    first = today - timedelta(days=today.weekday()) if period == "week" else today
    days = [first + timedelta(days=number) for number in range((today - first).days + 1)]
    zone = visitor.settings.school.timezone

    def count(day: date) -> Counts:
        since, until = (stamp(datetime.combine(day + timedelta(days=more), time(), zone)) for more in (0, 1))
        return _count(visitor, reader, {"since": since, "until": until})

    def kept(day: date) -> Counts:
        return visitor.desk.folds.of(reader, lambda _: count(day), ("people", day))

    return [count(day) if day == today else kept(day) for day in days]


def _count(visitor: Visitor, reader: RecordReader, during: dict[str, Any]) -> Counts:
    """Spells and minutes of a day; what is contested or cleared does not count."""
    folds = visitor.desk.folds
    told = contested(folds.of(reader, contests), folds.of(reader, clearings))
    at_work = visitor.settings.snapshot.calendar.at_work
    rows = [
        row
        for row in reader.query(_VISITS, during)
        if row["group"] in at_work and row["id"] not in told.waiting and row["id"] not in told.cleared
    ]
    found: dict[str, tuple[int, int]] = {}
    for each in sittings(rows):
        number, minutes = found.get(each.first["person"], (0, 0))
        found[each.first["person"]] = (number + 1, minutes + each.minutes)
    return found
