"""All that a report's template can ask, beside the words that every template has.

``query(sql)`` asks the views of the record, where ``:since`` and ``:until`` are the report's period (UTC); with a
second argument, that of another one, such as ``previous``. ``:contested`` and ``:cleared`` are JSON lists of the
events that wait for an answer and that count no more, ``:readers`` one of the codes of the report's own readers.
Every whole number of an answer can be traced: in a page it leads to a note.
"""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from schoolgate.lists.sealed.compliance import not_compliant, old_words, told
from schoolgate.reporting.charts import bars, line
from schoolgate.reporting.counted import counted, waiting
from schoolgate.reporting.coverage import coverage_of, percent, weeks_of
from schoolgate.reporting.extent import begins_on, days_of, kept_from
from schoolgate.reporting.figures import case_figures, may_know, notice_figures, requests_of, seen_by_group
from schoolgate.reporting.filling import group_title, title
from schoolgate.reporting.health import health
from schoolgate.reporting.kept import retention_lines
from schoolgate.reporting.looks import looks
from schoolgate.reporting.measures import measures
from schoolgate.reporting.naming import Names
from schoolgate.reporting.period import Span
from schoolgate.reporting.traced import Console, Notes, Source, Traced
from schoolgate.reporting.views_only import views_only
from schoolgate.settings.alert_models import ReportFront
from schoolgate.settings.load import Settings
from schoolgate.settings.monitoring import overdue
from schoolgate.store.cases import cases, clearings
from schoolgate.store.deeds import contested, contests
from schoolgate.store.event import stamp
from schoolgate.store.record import RecordReader

DURING = (
    "at >= :since and at < :until and id not in (select value from json_each(:cleared)) "
    "and id not in (select value from json_each(:contested))"
)
"""The condition of what counts in the period."""
_KEYS = ("category", "group", "person", "theme", "list", "rule")  # columns by which a query may group


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a report is made for: its front matter, its period, the one before (None: unknown), and when it is made.

    ``console`` is the address before the links to it: "" for a page of the console itself, None where it is off.
    """

    front: ReportFront
    span: Span
    previous: Span | None
    now: datetime
    console: str | None = None


class Sources:
    """Answers for one report."""

    def __init__(self, reader: RecordReader, settings: Settings, who: Names, occasion: Occasion) -> None:
        self._reader, self._settings, self._who, self._occasion = reader, settings, who, occasion
        self._everything = contests(reader)
        self._told = contested(self._everything, clearings(reader))
        self._readers, to = who.codes(occasion.front.to), occasion.front.to
        secret = {each.ref for each in cases(reader) if not may_know(each, to, self._readers)}
        self._untold = frozenset(event for event, ref in self._told.by_case.items() if ref in secret)
        self._values = {
            "contested": json.dumps(sorted(self._told.waiting)),
            "cleared": json.dumps(sorted(self._told.cleared)),
            "readers": json.dumps(sorted(self._readers)),
        }
        shown = {name: value for name, value in self._values.items() if name != "cleared" or not self._untold}
        console = None if occasion.console is None else Console(occasion.console, to)
        self.notes = Notes(settings.school.timezone, shown, console)
        self._known: dict[tuple[str, Span], list[dict[str, Any]]] = {}

    def words(self) -> dict[str, Any]:
        """What the template sees; what could name a person is not there where the front matter says so."""
        occasion, span, settings = self._occasion, self._occasion.span, self._settings
        today = self._last_day()
        found = {
            "about": occasion.front, "span": span, "previous": occasion.previous, "during": DURING,
            "made": stamp(occasion.now), "query": self.query, "trace": self.trace, "weekly": self.weekly,
            "notes": self.notes, "bars": bars, "line": line, "days_of": partial(days_of, settings, occasion.now),
            "kept": lambda what, of=None: kept_from(settings, of or span, occasion.now, what),
            "begins": lambda of=None: begins_on(self._reader, settings, of or span),
            "labelled": self.labelled, "on_record": self._reader.count(),
            "cases": self._of_periods(lambda each: case_figures(self._reader, each, occasion.front.to, self._readers)),
            "requests": self._of_periods(lambda each: requests_of(self._reader, each)),
            "notice": notice_figures(self._reader, span, settings, occasion.now),
            "seen": seen_by_group(self._reader, span, settings), "health": health(settings, occasion.now),
            "overdue": [each.words(today) for each in overdue(settings.monitoring, today, settings.school)],
            "settings_version": settings.snapshot.version, "has_calendar": bool(settings.snapshot.calendar.terms),
            "rules": settings.snapshot.rules, "roles": self._roles(), "groups": settings.snapshot.people.groups,
            "categories": settings.snapshot.categories, "retention": list(retention_lines(settings)),
            "coverage": self._of_periods(lambda each: coverage_of(self._reader, each.since, each.until, settings)),
            "coverage_weeks": weeks_of(self._reader, span.since, span.until, settings, occasion.now),
            "percent": percent, "sealed": [told(state, occasion.now) for state in settings.sealed],
            "sealed_missing": not_compliant(settings.sealed), "sealed_old": old_words(settings.sealed, occasion.now),
            "measures": measures(settings), "alerts": settings.alerts, "pictures": settings.school.pictures.judged,
        }  # fmt: skip
        return found | (self._of_people(today) if occasion.front.people == "codes" else {})

    def _of_people(self, today: date) -> dict[str, Any]:
        span, at_work = self._occasion.span, self._settings.snapshot.calendar.at_work
        told = self._everything
        return {
            "who": self._who,
            "counted": counted(self._reader, span, at_work, self._told, self._untold),
            "waiting": waiting(self._reader, told, today.isoformat()),
            "answered": [each for each in told if each.answer and span.since <= each.answered_at < span.until],
            "looks": looks(self._reader, span, self._readers, self._occasion.front.to),
        }

    def _roles(self) -> list[dict[str, Any]]:
        """The roles that the school has filled, without names: a deputy's role, and whether they can log in."""
        known = self._settings.school.roles.items()
        return [{"role": name, "deputy": role.deputy or "", "login": bool(role.user)} for name, role in known]

    def query(self, sql: str, span: Span | None = None) -> list[dict[str, Any]]:
        """Rows of a query, asked once."""
        span = span or self._occasion.span
        key = (sql, span)
        if key not in self._known:
            during = self._values | {"since": span.since, "until": span.until}
            with views_only(self._reader, sql):
                rows = list(self._reader.query(sql, during))
            self._known[key] = [{name: self._traced(row[name], sql, span, row) for name in row} for row in rows]
        return self._known[key]

    def _traced(self, value: Any, sql: str, span: Span, row: dict[str, Any]) -> Any:
        of = row if "group by" in sql else None
        return self.trace(value, sql, span=span, row=of) if isinstance(value, int) else value

    def labelled(self, rows: list[dict[str, Any]], column: str = "category") -> list[tuple[str, int]]:
        """Rows with a column ``n`` for a chart, under the titles of their categories or groups."""
        words = title if column == "category" else group_title if column == "group" else _as_it_is
        return [(words(self._settings, row[column]), row["n"]) for row in rows]

    def trace(
        self,
        value: int,
        sql: str = "",
        words: str = "",
        span: Span | None = None,
        row: dict[str, Any] | None = None,
    ) -> Traced:
        """A number that was counted otherwise, with the query that lists what was counted, or words in its place.

        ``row`` is an event or a row of the answer that says of which category, group or person the number is.
        """
        keys = _KEYS[:3] if row and "id" in row else _KEYS  # of an event only what the log can be looked through by
        only = tuple((name, str(row[name])) for name in keys if row and row.get(name) not in (None, "", *self._readers))
        return Traced(value, self.notes, Source(sql, words, span or self._occasion.span, only))

    def weekly(self, view: str, where: str = "", span: Span | None = None) -> list[tuple[str, Traced]]:
        """How much of a view lies in each week (Monday to Sunday, school time) of a period so far, oldest first."""
        span = span or self._occasion.span
        if not span.since:
            return []
        also = f" and ({where})" if where else ""
        sql = f"select substr(at, 1, 13) as hour, count(*) as n from {view} where {DURING}{also} group by 1"  # noqa: S608 a report's own words, on a connection that cannot write
        zone, counts = self._settings.school.timezone, Counter[date]()
        for row in self.query(sql, span):
            counts[_monday(datetime.fromisoformat(f"{row['hour']}:00:00Z").astimezone(zone).date())] += row["n"]
        end = min(span.until, stamp(self._occasion.now))
        last = (datetime.fromisoformat(end) - timedelta(seconds=1)).astimezone(zone).date()
        week, weeks = _monday(datetime.fromisoformat(span.since).astimezone(zone).date()), list[tuple[str, Traced]]()
        while week <= last:
            weeks.append((f"{week.day} {week:%b}", self.trace(counts[week], sql, span=span)))
            week += timedelta(days=7)
        return weeks

    def _of_periods(self, make: Any) -> Any:
        """What ``make`` says of the report's period, or of another; made before people are taken out of the views."""
        spans = (self._occasion.span, self._occasion.previous)
        made = {span: make(span) for span in spans if span is not None}
        return lambda span=None: made[span or self._occasion.span]

    def _last_day(self) -> date:
        end = min(self._occasion.span.until or stamp(self._occasion.now), stamp(self._occasion.now))
        return (datetime.fromisoformat(end) - timedelta(seconds=1)).astimezone(self._settings.school.timezone).date()


def _as_it_is(settings: Settings, name: str) -> str:
    return name


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def occasion_of(front: ReportFront, span: Span, previous: Span | None = None, console: str | None = None) -> Occasion:
    """A report that is made now."""
    return Occasion(front, span, previous, datetime.now(UTC), console)
