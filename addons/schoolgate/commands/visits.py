"""``schoolgate visits``: what requests were, line by line, and the visits on record as spells."""

import json
import sqlite3
import sys
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from schoolgate.policy.spells import Page, Spell, spells_of
from schoolgate.policy.visits import Seen, Visits
from schoolgate.settings.faults import unknown
from schoolgate.settings.load import Settings
from schoolgate.terminal import Wrong, config_option, open_settings, unreadable

_TEXTS = ("method", "type", "location")
_STATUSES = range(100, 600)
_LONGEST = 8192  # characters of a header that are looked at


@click.command()
@click.option("--stream", is_flag=True, help="JSON lines in, JSON lines out, in order; each answered at once.")
@click.option("--since", default="24h", show_default=True, help="A length of time (1h, 7d) or a moment.")
@click.option("--group", help="Only this group.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@config_option
def visits(stream: bool, since: str, group: str | None, as_json: bool, config: Path | None) -> None:
    """Visits that count, folded into spells; or, with --stream, what each request was.

    A spell is a person at a site with no more than 15 minutes between two pages. Its minutes are those in which a page
    was opened. --stream reads lines like {"client": "10.0.0.7", "at": "2026-11-24T10:42:00Z", "method": "GET", "url":
    "https://a.example/", "headers": {...}, "status": 200, "type": "text/html", "location": ""}, in the order in which
    things happened, and answers {"kind", "confidence", "reason"}. Kinds: visit, redirect, embedded, prefetch,
    background, unknown; only a visit of at least 0.8 counts against anybody.
    """
    if stream:
        if group:
            raise Wrong("--group: chooses from the record; --stream reads none")
        _stream()
        return
    with open_settings(config) as settings:
        groups = [each.id for each in settings.snapshot.people.groups]
        if group and group not in groups:
            raise Wrong(f"--group: {unknown('group', group, groups)}")
        try:
            spells = spells_of(_on_record(settings, since, group))
        except sqlite3.Error as error:
            raise unreadable(settings.data, error) from None
        for spell in spells:
            click.echo(_as_json(spell) if as_json else _in_words(spell, settings))
    if not spells and not as_json:
        click.echo("No visit that counts is on record for that.", err=True)


def _on_record(settings: Settings, since: str, group: str | None) -> list[Page]:
    from schoolgate.enquiry import since_of
    from schoolgate.store.cases import clearings
    from schoolgate.store.deeds import contested, contests
    from schoolgate.store.record import open_reader

    try:
        start = since_of(since, settings).astimezone(UTC).isoformat(timespec="milliseconds")
    except ValueError as error:
        raise Wrong(str(error)) from None
    sql = "select * from visits where at >= :since and left_out = '' and (:group is null or \"group\" = :group)"
    with open_reader(settings.data, with_waiting=True) as reader:
        cleared = contested(contests(reader), clearings(reader)).cleared
        rows = reader.query(sql, {"since": start.replace("+00:00", "Z"), "group": group})
        return [_page(row) for row in rows if row["id"] not in cleared]


def _page(row: Mapping[str, Any]) -> Page:
    who = row["person"] or row["client"] or ""
    return Page(datetime.fromisoformat(row["at"]), who, row["host"], row["path"], row["category"], row["id"])


def _in_words(spell: Spell, settings: Settings) -> str:
    first, last = (moment.astimezone(settings.school.timezone) for moment in (spell.first, spell.last))
    until = f"{last:%H:%M}" if last.date() == first.date() else f"{last:%Y-%m-%d %H:%M}"
    pages = f"{spell.pages} page{'s' if spell.pages > 1 else ''}"
    minutes = f"{spell.minutes} minute{'s' if spell.minutes > 1 else ''}"
    return f"{first:%Y-%m-%d %H:%M}-{until}  {spell.person:14}  {minutes}, {pages}  {spell.site}  {spell.category}"


def _as_json(spell: Spell) -> str:
    row = {"person": spell.person, "site": spell.site, "category": spell.category}
    row |= {"first": spell.first.isoformat(), "last": spell.last.isoformat()}
    return json.dumps({**row, "minutes": spell.minutes, "pages": spell.pages, "events": spell.events})


def _stream() -> None:
    """One process, no workers: what a request was depends on those before it."""
    from schoolgate.stream import answer_stream

    ledger = Ledger()
    try:
        answer_stream(sys.stdin.fileno(), sys.stdout.fileno(), ledger.answer_line, workers=1)
    except BrokenPipeError:
        sys.exit(1)  # who asked has gone
    if ledger.unread:
        raise Wrong(f"{ledger.unread} of {ledger.lines} lines could not be read; the first was {ledger.first_unread}")


class Ledger:
    """Answers lines in their order. A line without ``at`` happened when the one before it did.

    ``lines`` counts those that were not empty, ``unread`` those of them that could not be read.
    """

    def __init__(self) -> None:
        self.lines = self.unread = 0
        self.first_unread = ""
        self._visits = Visits()
        self._last = datetime.now(UTC)

    def answer_line(self, line: bytes) -> bytes:
        """The answer to one JSON line, with its line end; a line that cannot be read costs itself only."""
        self.lines += 1
        try:
            asked = _read(line)
            if type(asked) is not dict or not isinstance(asked.get("url"), str):
                raise ValueError('each line is a JSON object with a "url"')
            seen = self._seen(asked)
            self._last = seen.at
            origin = self._visits.judge(seen)
            told = {"kind": origin.kind.value, "confidence": origin.confidence, "reason": origin.reason}
        except Exception as error:  # whatever is wrong with a line, the next one is answered
            fault = f"line {self.lines}: {' '.join(str(error).split())[:300] or type(error).__name__}"
            self.unread += 1
            self.first_unread = self.first_unread or fault
            told = {"error": fault}
        return orjson.dumps(_sendable(told), option=orjson.OPT_APPEND_NEWLINE)

    def _seen(self, asked: dict[str, Any]) -> Seen:
        method, type_, location = (_text(asked.get(name)) for name in _TEXTS)
        known = _status(asked.get("status"))
        headers, answer = (_headers(name, asked.get(name)) for name in ("headers", "answer"))
        at, client = self._moment(asked.get("at")), _text(asked.get("client"))
        return Seen(at, client[:200], method or "GET", asked["url"], headers, known, type_, location, answer)

    def _moment(self, given: Any) -> datetime:
        if given is None or given == "":
            return self._last
        try:
            if isinstance(given, str):
                moment = datetime.fromisoformat(given)
                moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
                moment.timestamp()
                return moment
            if type(given) in (int, float):
                return datetime.fromtimestamp(given, UTC)
        except (ValueError, OverflowError, OSError):
            pass
        raise ValueError(f'"at": {str(given)[:60]!r} is no moment like 2026-11-24T10:42:00Z, nor seconds since 1970')


def _read(line: bytes) -> Any:
    try:
        return orjson.loads(line.removeprefix(BOM_UTF8))
    except ValueError:
        raise ValueError(f"{line[:60].decode('utf-8', 'backslashreplace').strip()!r} is not JSON") from None


def _status(given: Any) -> int | None:
    if isinstance(given, str) and given.isascii() and given.isdigit():
        given = int(given[:9])
    return given if type(given) is int and given in _STATUSES else None


def _headers(name: str, given: Any) -> dict[str, str]:
    """Headers from an object, from pairs or from HAR's {"name", "value"}: names in lower case, values that stand twice
    joined as HTTP joins them."""
    if not isinstance(given, (dict, list, type(None))):
        raise ValueError(f'"{name}" is neither an object nor a list of pairs')
    pairs: Iterable[Any] = given.items() if isinstance(given, dict) else given or ()
    read: dict[str, str] = {}
    for pair in pairs:
        if isinstance(pair, dict):
            pair = (pair.get("name"), pair.get("value"))
        if isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str):
            header, value = pair[0].strip().lower(), _text(pair[1])
            read[header] = f"{read[header]}, {value}" if header in read else value
    return read


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value[:20] if not isinstance(each, list))[:_LONGEST]
    return str(value)[:_LONGEST] if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""


def _sendable(told: dict[str, Any]) -> dict[str, Any]:
    """Text that is no Unicode cannot be sent; it is written out."""
    return {
        name: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for name, value in told.items()
    }
