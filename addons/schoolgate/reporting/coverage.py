"""How much of each group's traffic the filter can see: shares of connections, and the apps that are passed through."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schoolgate.policy.identity import Inspect
from schoolgate.settings.load import Settings
from schoolgate.store.coverage import Fate
from schoolgate.store.deeds import Queries
from schoolgate.store.event import stamp

_COUNTS = (
    'select "group", fate, app, sum(connections) as n from coverage '
    "where hour >= :since and hour < :until group by 1, 2, 3"
)
_HOUR = ":00:00.000Z"
FEW = 50
"""Connections below which a share says little."""
BROKEN_FROM = 0.1
"""The share of connections that break off from which a school should look why."""
MOST_APPS = 10


@dataclass(frozen=True, slots=True)
class GroupCoverage:
    """The connections of one group; ``apps`` are the sites passed through for it with their numbers, most first."""

    group: str
    title: str
    inspect: str
    numbers: dict[Fate, int]
    apps: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """All connections."""
        return sum(self.numbers.values())

    def share(self, *fates: str) -> float:
        """The share of connections with one of these fates, from 0 to 1."""
        return sum(self.numbers[Fate(each)] for each in fates) / self.total if self.total else 0.0

    @property
    def breaks_off(self) -> bool:
        """Whether so many connections of a group that is looked into break off that its devices should be seen to."""
        is_full = self.inspect == Inspect.FULL and self.total >= FEW
        return is_full and self.share(Fate.BROKEN) >= BROKEN_FROM

    def in_words(self) -> str:
        """One line for people."""
        if not self.total:
            return f"{self.title}: no connection was seen"
        parts = [f"{percent(self.share(fate))} {_WORDS[fate]}" for fate in Fate if self.numbers[fate]]
        apps = ", ".join(f"{app} ({number:,})" for app, number in self.apps[:MOST_APPS])
        number = "1 connection" if self.total == 1 else f"{self.total:,} connections"
        return f"{self.title}: {number}, {', '.join(parts)}" + (f" [{apps}]" if apps else "")


_WORDS = {
    Fate.DECRYPTED: "looked into",
    Fate.PLAIN: "unencrypted",
    Fate.NAME: "judged by name only",
    Fate.PASSED: "passed through",
    Fate.REFUSED: "refused by name",
    Fate.BROKEN: "broken off by the device",
}


def percent(share: float) -> str:
    """``0.4 %``, ``97 %``; what is not all is never 100 %, and what is not nothing never 0 %."""
    number = share * 100
    if 0 < number < 1 or 99 < number < 100:
        return f"{min(max(number, 0.1), 99.9):.1f} %"
    return f"{number:.0f} %"


def coverage_of(reader: Queries, since: str, until: str, settings: Settings) -> list[GroupCoverage]:
    """A row for each group of people.yaml, and for others that were counted; whole hours, from ``since`` on (UTC)."""
    numbers, apps = dict[str, Counter[Fate]](), dict[str, Counter[str]]()
    for row in reader.query(_COUNTS, {"since": since[:13] + _HOUR, "until": until[:13] + _HOUR}):
        if row["fate"] not in Fate:
            continue
        numbers.setdefault(row["group"], Counter())[Fate(row["fate"])] += row["n"]
        if row["app"]:
            apps.setdefault(row["group"], Counter())[row["app"]] += row["n"]
    return list(_rows(numbers, apps, settings))


def weeks_of(
    reader: Queries, since: str, until: str, settings: Settings, now: datetime
) -> list[tuple[str, list[GroupCoverage]]]:
    """The same for each week (Monday to Sunday, school time) of a period so far, oldest first: groups with traffic."""
    if not since:
        return []
    zone, weeks = settings.school.timezone, list[tuple[str, list[GroupCoverage]]]()
    begin = datetime.fromisoformat(since).astimezone(zone)
    end = min(filter(None, (until, stamp(now + timedelta(hours=1)))))
    while stamp(begin) < end:
        monday = (begin - timedelta(days=begin.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
        next_one = monday + timedelta(days=7)  # by the clock on the wall, whatever happens to it in between
        rows = coverage_of(reader, stamp(begin), min(stamp(next_one.astimezone(UTC)), end), settings)
        weeks.append((f"{monday.day} {monday:%b}", [row for row in rows if row.total]))
        begin = next_one
    return weeks


def _rows(
    numbers: dict[str, Counter[Fate]], apps: dict[str, Counter[str]], settings: Settings
) -> Iterator[GroupCoverage]:
    known = {group.id: group for group in settings.snapshot.people.groups}
    for name in (*known, *sorted(numbers.keys() - known.keys())):
        group, counted = known.get(name), numbers.get(name, Counter())
        title, inspect = (group.title, group.inspect.value) if group else (name, "")
        most = tuple(apps.get(name, Counter[str]()).most_common())
        yield GroupCoverage(name, title, inspect, {fate: counted[fate] for fate in Fate}, most)
