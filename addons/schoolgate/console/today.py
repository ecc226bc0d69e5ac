"""Where the school's leaders and the technician begin: what needs somebody now, and what was blocked today."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from urllib.parse import urlencode

from starlette.responses import Response

from schoolgate.alerting.case_roles import may_see
from schoolgate.console import mine
from schoolgate.console.checks import ILLEGAL, State, checks
from schoolgate.console.entry import Visitor, Who
from schoolgate.console.mine import local_now
from schoolgate.console.pages import number
from schoolgate.console.period import stretch
from schoolgate.policy.calendar import TERM, Calendar
from schoolgate.policy.rules import Action
from schoolgate.store.cases import Case, Priority, cases
from schoolgate.store.cases import State as CaseState
from schoolgate.store.deeds import contests
from schoolgate.store.event import FAULT, stamp
from schoolgate.store.openings import asked
from schoolgate.store.record import RecordReader

_DAYS = 20
"""School days that make a usual day."""
_LOOKED_AT = 60
"""Days back from today among which these are looked for."""
_BLOCKED = (
    'select "group", category, count(*) as number from events where +action = :action and at >= :since '
    'and at < :until group by "group", category'
)
_USUAL = (
    'select hour, "group", category, sum(requests) as number from tallies where hour >= :since and hour < :until '
    'and action = :action group by hour, "group", category'
)
_FAULTS = "select count(*) as number from events where action = :action and at >= :since"
_SEARCHES = (
    "select count(*) as number from events where search is not null and search <> '' and alert = 'immediate' "
    "and action <> 'deed' and at >= :since"
)


@dataclass(frozen=True, slots=True)
class Line:
    """Something that may need somebody: how many of what, and where the list is; ``none`` says that there is none."""

    number: int
    words: str
    link: str
    none: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """What was blocked today of one group and kind of site; ``usual`` is None where there is nothing to compare."""

    group: str
    category: str
    number: int
    usual: float | None
    link: str

    @property
    def is_much(self) -> bool:
        """Whether that is far more than usual, and no matter of a few."""
        return self.usual is not None and self.number >= max(10, 3 * self.usual)

    @property
    def compared(self) -> str:
        """The number beside the usual one, in words."""
        if self.usual is None:
            return "-"
        if self.is_much:
            return "far more than usual"
        if self.number > 1.5 * self.usual:
            return "more than usual"
        return "less than usual" if self.number < self.usual / 2 else "as usual"


def show_start(visitor: Visitor) -> Response:
    """The first screen after the login: for a role that runs things what it has to know, else one's own record."""
    if not visitor.may(Who.OPERATIONS) and not visitor.may(Who.CASES):
        return mine.show_home(visitor)
    now = local_now(visitor)
    with visitor.desk.reading() as reader:
        lines = list(_lines(visitor, reader, now))
        blocked = _blocked(visitor, reader, now) if visitor.may(Who.OPERATIONS) else []
        own = mine.own_words(visitor, reader)
    waiting = [line for line in lines if line.number]
    quiet = [line.none for line in lines if not line.number]
    groups = {group.id: group.title for group in visitor.settings.snapshot.people.groups}
    total = sum(each.number for each in blocked)
    words = {"waiting": waiting, "quiet": quiet, "blocked": blocked, "groups": groups, "total": total, "now": now}
    return visitor.page("today.html", **words, **own)


def _lines(visitor: Visitor, reader: RecordReader, now: datetime) -> Iterator[Line]:
    """Everything that may wait for this person, the most urgent kind first."""
    since, folds = stretch("today", now).since, visitor.desk.folds
    if visitor.may(Who.CASES):
        yield from _cases(visitor, folds.of(reader, cases))
    if visitor.may(Who.LEADERS):
        found = _count(reader, _SEARCHES, since=since)
        words = f"{number(found, 'worrying search', 'worrying searches')} today: somebody may need help"
        yield Line(found, words, "/log?period=today&search=worry", "No worrying search today.")
    if visitor.may(Who.ANSWERERS):
        waits = [each for each in folds.of(reader, contests) if not each.answer]
        found = sum(visitor.may_answer(each.person) for each in waits)
        words = number(found, "contest waits for an answer", "contests wait for an answer")
        yield Line(found, words, "/contests", "No contest waits for your answer.")
    if visitor.may(Who.OPERATIONS):
        yield from _gateway(visitor, reader, since)


def _gateway(visitor: Visitor, reader: RecordReader, since: str) -> Iterator[Line]:
    found = sum(not each.answered_by for each in visitor.desk.folds.of(reader, asked))
    words = number(found, "request to open a site waits", "requests to open a site wait")
    yield Line(found, words, "/unblock", "Nobody asks for a site.")
    found = _count(reader, _FAULTS, since=since, action=FAULT)
    yield Line(found, number(found, "fault today"), f"/log?period=today&action={FAULT}", "No fault today.")
    found = sum(each.state is not State.GOOD and each.name != ILLEGAL for each in checks(visitor.desk))
    words = number(found, "thing about the gateway needs a look", "things about the gateway need a look")
    yield Line(found, words, "/health", "The gateway is well.")


def _cases(visitor: Visitor, everything: Iterable[Case]) -> Iterator[Line]:
    settings, pseudonyms = visitor.settings, visitor.desk.pseudonyms
    seen = [each for each in everything if each.is_open and may_see(settings, pseudonyms, visitor.account, each)]
    new = [each for each in seen if each.state is CaseState.NEW]
    urgent = sum(each.priority == Priority.HIGH for each in new)
    words = number(len(new), "new case that nobody has looked at", "new cases that nobody has looked at")
    words += f" ({urgent} of high priority)" if urgent else ""
    yield Line(len(new), words, "/cases", "No new case.")
    others = len(seen) - len(new)
    words = number(others, "case is being looked into", "cases are being looked into")
    yield Line(others, words, "/cases", "No other case is open.")


def _count(reader: RecordReader, sql: str, **given: str) -> int:
    return int(next(reader.query(sql, given))["number"])


def _blocked(visitor: Visitor, reader: RecordReader, now: datetime) -> list[Blocked]:
    """Today's blocks by group and kind of site, the most first, beside what is usual up to this hour."""
    today = stretch("today", now)
    rows = reader.query(_BLOCKED, {"action": Action.BLOCK, "since": today.since, "until": today.until})
    usual = usual_by_now(reader, visitor.settings.snapshot.calendar, now)
    found = [_line_of(row["group"], row["category"], row["number"], usual) for row in rows]
    return sorted(found, key=lambda each: (-each.number, each.group, each.category))


def _line_of(group: str, category: str, count: int, usual: dict[tuple[str, str], float] | None) -> Blocked:
    query = {"period": "today", "action": Action.BLOCK, "group": group, "category": category}
    of_it = None if usual is None else usual.get((group, category), 0.0)
    return Blocked(group, category, count, of_it, f"/log?{urlencode(query)}")


def usual_by_now(reader: RecordReader, calendar: Calendar, now: datetime) -> dict[tuple[str, str], float] | None:
    """How many are blocked on a usual school day up to this hour: the median of the last school days.

    By group and category; None where no school day was counted yet. A day before the first count is no day without
    blocks.
    """
    first_hour = next(reader.query("select min(hour) as hour from tallies"))["hour"]
    days = [day for day in _school_days(calendar, now) if first_hour and _midnight(day, now) >= first_hour]
    if not days:
        return None
    counts: dict[tuple[str, str], dict[date, int]] = defaultdict(lambda: dict.fromkeys(days, 0))
    given = {"action": Action.BLOCK, "since": _midnight(days[-1], now), "until": _midnight(now.date(), now)}
    for row in reader.query(_USUAL, given):
        at = datetime.fromisoformat(row["hour"]).astimezone(now.tzinfo)
        if at.date() in counts[row["group"], row["category"]] and at.hour <= now.hour:
            counts[row["group"], row["category"]][at.date()] += row["number"]
    return {key: median(of.values()) for key, of in counts.items()}


def _school_days(calendar: Calendar, now: datetime) -> list[date]:
    """The last school days before today, the newest first."""
    found: list[date] = []
    for back in range(1, _LOOKED_AT):
        noon = datetime.combine(now.date() - timedelta(days=back), time(12), now.tzinfo)
        if noon.weekday() < 5 and TERM in calendar.moment(noon, "").periods:
            found.append(noon.date())
    return found[:_DAYS]


def _midnight(day: date, now: datetime) -> str:
    return stamp(datetime.combine(day, time(), now.tzinfo))
