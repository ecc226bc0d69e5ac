"""Numbers that can be traced: each knows the query it came from, and leads to a note that says how to ask again."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from markupsafe import escape

from schoolgate.reporting.links import ACTIONS, SINCE, link_of
from schoolgate.reporting.period import Span

_VIEW = re.compile(r"\bfrom\s+(events|blocks|visits|faults|deeds|tallies|activity)\b", re.I)
_LISTS = ("cleared", "contested", "readers")
_LONGEST = 400  # letters of a list of ids in a note


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number comes from: a query, or words where there is none, a period, and its row of the answer."""

    sql: str
    words: str
    span: Span
    only: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """How a number was counted: ``number`` is its place in the list, ``sql`` or ``words`` say how to count again.

    ``like`` is the note that has the same query already (0: none), ``only`` says which row of its answer this is.
    ``link`` leads to the console, "" where it lists nothing of the kind.
    """

    number: int
    sql: str
    words: str
    command: str
    period: str
    link: str = ""
    only: str = ""
    like: int = 0


@dataclass(frozen=True, slots=True)
class Console:
    """What a report knows of the console: its ``address`` ("": it is read there), and the roles of its readers."""

    address: str
    roles: Collection[str]


class Traced(int):
    """A whole number with its source. In a page it leads to its note; in text it is the number alone."""

    _notes: "Notes"
    _source: Source

    def __new__(cls, value: int, notes: "Notes", source: Source) -> "Traced":
        """The number, and where it comes from."""
        made = super().__new__(cls, value)
        made._notes, made._source = notes, source
        return made

    def __html__(self) -> str:
        note = self._notes.of(self._source)
        return f'<a href="#note-{note.number}" style="color:inherit">{int(self):,}</a>'


class Phrase(str):
    """Words around a traced number: plain text, but in a page the number leads to its note."""

    _page: tuple[str, Traced, str]

    def __new__(cls, before: str, number: Traced, after: str) -> "Phrase":
        """The number between two texts."""
        made = super().__new__(cls, f"{before}{int(number)}{after}")
        made._page = (before, number, after)
        return made

    def __html__(self) -> str:
        before, number, after = self._page
        return f"{escape(before)}{number.__html__()}{escape(after)}"


@dataclass(slots=True)
class Notes:
    """The notes of one report, in the order in which its page first shows a number of each.

    ``values`` stand in the queries that are shown; a list that is not among them keeps its name.
    """

    zone: tzinfo
    values: Mapping[str, Any]
    console: Console | None = None
    _known: dict[Source, Note] = field(default_factory=dict[Source, Note])
    _first: dict[Source, int] = field(default_factory=dict[Source, int])

    def __call__(self) -> list[Note]:
        """All notes so far."""
        return list(self._known.values())

    def of(self, source: Source) -> Note:
        """The note of a source, the same each time."""
        found = self._known.get(source)
        if found is None:
            found = self._known[source] = self._note(source, len(self._known) + 1)
        return found

    def _note(self, source: Source, number: int) -> Note:
        sql, words, span = source.sql, source.words, source.span
        shown = self._filled(sql, span)
        names = " and ".join(f":{name}" for name in _LISTS if re.search(rf":{name}\b", shown))
        words += f" Here {names} stand for events: see docs/reports.md." if names else ""
        like = self._first.setdefault(Source(sql, source.words, span), number) if sql else number
        only = ", ".join(f"{name} {value}" for name, value in source.only)
        command, link = command_of(sql, span, self.zone, dict(source.only)), self._link(source)
        return Note(number, shown, words, command, span.words, link, only, like if like != number else 0)

    def _link(self, source: Source) -> str:
        view = view_of(source.sql)
        if self.console is None or not view:
            return ""
        address = link_of(view, source.sql, source.span, self.zone, dict(source.only), self.console.roles)
        return f"{self.console.address}{address}" if address else ""

    def _filled(self, sql: str, span: Span) -> str:
        """The query with its values, so that it can be asked as it stands; long lists of ids stay names."""
        values = {**self.values, "since": span.since, "until": span.until}

        def value(found: re.Match[str]) -> str:
            text = str(values.get(found[1], found[0]))
            return f"'{text}'" if found[1] in values and len(text) <= _LONGEST else found[0]

        return re.sub(r":([a-z_]+)\b", value, " ".join(sql.split()))


def view_of(sql: str) -> str:
    """The view that a query asks, "" where it is none of the record's."""
    found = _VIEW.search(sql)
    return found[1].lower() if found else ""


def command_of(sql: str, span: Span, zone: tzinfo, only: Mapping[str, str] | None = None) -> str:
    """The command that lists the events behind a query; "" where it asks what was only counted."""
    view = view_of(sql)
    if view not in ACTIONS or SINCE not in sql or not span.since:
        return ""
    action, group = ACTIONS[view], (only or {}).get("group", "")
    since, until = (f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%dT%H:%M}" for at in (span.since, span.until))
    more = f"{f' --group {group}' if group else ''}{f' --action {action}' if action else ''}"
    return f"schoolgate events --since {since} --until {until}{more}"
