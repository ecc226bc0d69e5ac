"""Numbers that can be traced: each knows the query it came from, and leads to a note that says how to ask again."""

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from markupsafe import escape

from schoolgate.reporting.period import Span

_VIEW = re.compile(r"\bfrom\s+(events|blocks|visits|faults|deeds|tallies|activity)\b", re.I)
_ACTIONS = {"blocks": "block", "visits": "log", "faults": "fault", "deeds": "deed", "events": ""}
_LISTS = ("cleared", "contested", "readers")
_LONGEST = 400  # letters of a list of ids in a note


@dataclass(frozen=True, slots=True)
class Note:
    """How a number was counted: ``number`` is its place in the list, ``sql`` or ``words`` say how to count again."""

    number: int
    sql: str
    words: str
    command: str
    period: str


class Traced(int):
    """A whole number with its source. In a page it leads to its note; in text it is the number alone."""

    _notes: "Notes"
    _source: tuple[str, str, Span]

    def __new__(cls, value: int, notes: "Notes", source: tuple[str, str, Span]) -> "Traced":
        """``source`` is the query ("" where there is none), words in its place, and the period."""
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


class Notes:
    """The notes of one report, in the order in which its page first shows a number of each."""

    def __init__(self, zone: tzinfo, values: dict[str, Any]) -> None:
        self._zone, self._values = zone, values
        self._known: dict[tuple[str, str, Span], Note] = {}

    def __call__(self) -> list[Note]:
        """All notes so far."""
        return list(self._known.values())

    def of(self, source: tuple[str, str, Span]) -> Note:
        """The note of a source, the same each time."""
        found = self._known.get(source)
        if found is None:
            sql, words, span = source
            shown = self._filled(sql, span)
            names = " and ".join(f":{name}" for name in _LISTS if re.search(rf":{name}\b", shown))
            words += f" Here {names} stand for many events: see docs/reports.md." if names else ""
            note = Note(len(self._known) + 1, shown, words, command_of(sql, span, self._zone), span.words)
            found = self._known[source] = note
        return found

    def _filled(self, sql: str, span: Span) -> str:
        """The query with its values, so that it can be asked as it stands; long lists of ids stay names."""
        values = {**self._values, "since": span.since, "until": span.until}

        def value(found: re.Match[str]) -> str:
            text = str(values.get(found[1], found[0]))
            return f"'{text}'" if found[1] in values and len(text) <= _LONGEST else found[0]

        return re.sub(r":([a-z_]+)\b", value, " ".join(sql.split()))


def command_of(sql: str, span: Span, zone: tzinfo) -> str:
    """The command that lists the events behind a query; "" where it asks what was only counted."""
    found = _VIEW.search(sql)
    if found is None or found[1].lower() not in _ACTIONS or not span.since:
        return ""
    action = _ACTIONS[found[1].lower()]
    since, until = (f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%dT%H:%M}" for at in (span.since, span.until))
    return f"schoolgate events --since {since} --until {until}" + (f" --action {action}" if action else "")
