#!/usr/bin/env python3
"""Checks by itself that a record of schoolgate, or an evidence pack of one, is whole and unaltered.

Run it as ``python3 verify.py PACK-OR-RECORD [--seal HEX]``: it needs Python 3.9 or later, nothing else, and changes
nothing. It ends with 0 (whole), 1 (something was altered: the first bad row stands first) or 2 (it could not read it).
It is one long file so that one file can be handed over, read by a third person, and run.

How the record is sealed:

* the digest of a row is SHA-256 over its ``nonce`` (16 random bytes) and the row as JSON: its ``seq`` and every column
  that is not empty, keys sorted, no blanks, UTF-8;
* rows are sealed in batches. The root of a batch is SHA-256 over the digests of its rows in order;
* the seal of a batch is SHA-256 over the seal of the batch before (32 zero bytes at the beginning) and the batch's
  header as JSON, where its root stands, and the seal of an earlier batch (``skip``: of the number without its lowest
  bit), so that the way from the last seal back to any batch is short.

So whoever keeps one seal can tell whether anything that was sealed before it has changed since.
"""

from __future__ import annotations

import argparse
import bisect
import hashlib
import io
import json
import re
import sqlite3
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

NO_SEAL = bytes(32)
HEADER = ("number", "after", "first", "last", "rows", "sealed_at", "oldest", "newest", "versions", "root", "skip")
BACK = timedelta(seconds=60)  # a clock is set right by less than that all the time
AHEAD = timedelta(minutes=5)  # an event may not have happened later than it was sealed
_SHOWN = 25  # findings that are told one by one
_KEPT = 300  # bad rows that are compared with each other
_ORDER = ("table", "trigger", "view", "missing", "truncated", "altered", "re-ordered", "inserted", "batch", "link")
_WAIT = 30.0  # seconds, for a record that another programme has locked
_EVERY = 20_000  # rows, after which progress is told
_LINE = re.compile(r"([0-9]{1,18}) ([0-9]{1,18}) (\S+) ([0-9a-f]{64})")
_NUMBER = re.compile(r"[0-9]{1,18}")
VIEWS = {
    "blocks": "from events where action = 'block'",
    "visits": "from events where kind = 'visit' and action = 'log' and left_out = ''",
    "faults": "from events where action = 'fault'",
    "deeds": "from events where action = 'deed'",
}
"""The views that people read beside ``events``, and what each shows of it."""
COUNTS = {
    "tallies": 'select hour, "group", action, category, requests from tally',
    "activity": 'select day, person, "group", category, kind, requests from activity_count',
}
"""The views of what was only counted."""

Tell = Callable[[int, int], None]


class Unreadable(Exception):
    """What was named is no record and no pack, or cannot be read."""


class Finding(NamedTuple):
    """Something is wrong at the row ``seq``; ``kind`` is one word for a program, ``words`` are for people."""

    seq: int
    kind: str
    words: str
    rows: int = 1


def _in_order(findings: list[Finding]) -> list[Finding]:
    """The first bad row first; of one row, what became of it before what that did to the chain."""
    places = {kind: place for place, kind in enumerate(_ORDER)}
    return sorted(findings, key=lambda each: (each.seq, places.get(each.kind, len(places)), each.words))


class Seal(NamedTuple):
    """A batch's seal: its number, its last row, when it was sealed (UTC, ISO 8601) and the seal in hex."""

    number: int
    last: int
    sealed_at: str
    seal: str


class Report(NamedTuple):
    """What was found: nothing wrong where ``findings`` is empty. ``forgotten`` rows were deleted by retention."""

    findings: list[Finding]
    notes: list[str]
    events: int
    forgotten: int
    batches: int
    head: Seal | None
    what: str


def canonical(seq: int, columns: Iterable[tuple[str, Any]]) -> bytes:
    """The form of a row that is sealed. Raises TypeError or ValueError where a value is no text."""
    kept = {name: value for name, value in columns if value != ""}
    kept["seq"] = seq
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogateescape")


def row_digest(nonce: Any, seq: int, columns: Iterable[tuple[str, Any]]) -> bytes:
    """The digest of a row; b"" where the row holds what no row of a record can hold."""
    try:
        return hashlib.sha256(nonce + canonical(seq, columns)).digest()
    except (TypeError, ValueError):
        return b""


def seal_of(before: bytes, header: dict[str, Any]) -> bytes:
    """The seal of a batch after the seal ``before``; ``header`` holds at least the names of HEADER."""
    kept = {name: header[name] for name in HEADER}
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(before + text.encode("utf-8", "surrogateescape")).digest()


def grouped(seal: str) -> str:
    """A seal in groups of eight, so that people can compare it."""
    return " ".join(seal[place : place + 8] for place in range(0, len(seal), 8))


def plain_seal(text: str) -> str:
    """A seal as somebody types it. Raises ValueError when it cannot be one; its first 16 figures are enough."""
    seal = re.sub(r"[\s:.-]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{16,64}", seal):
        raise ValueError(f"{text!r} is no seal: it has 64 figures 0-9 a-f in groups of eight; the first 16 are enough")
    return seal


def ranges_of(text: str) -> list[tuple[int, int]]:
    """``1-16,18`` as [(1, 16), (18, 18)]; what cannot be read is left out."""
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,18})(?:-([0-9]{1,18}))?\s*", part)
        if match:
            found.append((int(match[1]), int(match[2] or match[1])))
    return found


def moment(text: str) -> datetime:
    """A moment of the record. Raises ValueError."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)  # noqa: UP017  # Python 3.9 knows no UTC


def stamp(at: datetime) -> str:
    """A moment as the record writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_ahead(late: str, sealed: str) -> bool:
    """Whether something says it happened after it was sealed, by more than clocks differ."""
    try:
        return moment(late) - moment(sealed) > AHEAD
    except ValueError:
        return True


def span_words(span: timedelta) -> str:
    """``2 h 3 min``."""
    seconds = round(abs(span.total_seconds()))
    unit = 3600 if seconds >= 86400 else 60 if seconds >= 3600 else 1
    seconds = (seconds + unit // 2) // unit * unit
    parts = [(seconds // 86400, "days"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    said = [f"{number} {unit if number != 1 else unit.rstrip('s') or unit}" for number, unit in parts if number]
    return " ".join(said[:2]) or "0 s"


def _rows(first: int, last: int) -> str:
    return f"row {first}" if first == last else f"rows {first} to {last}"


# --- the record ------------------------------------------------------------------------------------------------------


class _Batch(NamedTuple):
    number: int
    first: int
    last: int
    rows: int
    sealed_at: str
    oldest: str
    newest: str
    versions: str
    root: bytes
    seal: bytes


def _is_sound(batch: _Batch) -> bool:
    """Whether a batch holds what a batch can hold."""
    numbers, texts = batch[:4], batch[4:8]
    if not all(isinstance(each, int) for each in numbers) or not all(isinstance(each, str) for each in texts):
        return False
    if not isinstance(batch.root, bytes) or not isinstance(batch.seal, bytes) or batch.number < 1:
        return False
    try:
        moment(batch.sealed_at)
        return True
    except ValueError:
        return False


def _named(batch: _Batch) -> str:
    return f"batch {batch.number} ({_rows(batch.first, batch.last)})"


class _Deed(NamedTuple):
    """A deed of retention (``before``: it says that the rows were older) or an explanation."""

    seq: int
    at: str
    actor: str
    entry: str
    about: str
    why: str
    kind: str
    before: str


class _Forgotten:
    """Which rows retention says it deleted."""

    def __init__(self, deeds: Sequence[_Deed]) -> None:
        spans = sorted((first, last, deed) for deed in deeds for first, last in ranges_of(deed.entry))
        self._firsts = [first for first, _, _ in spans]
        self._spans = spans

    def deed_of(self, seq: int) -> _Deed | None:
        """The deed that says it deleted this row, where that stands later in the record."""
        place = bisect.bisect_right(self._firsts, seq) - 1
        if place >= 0 and self._spans[place][1] >= seq and self._spans[place][2].seq > seq:
            return self._spans[place][2]
        return None

    def among(self, first: int, last: int) -> list[tuple[int, int, _Deed]]:
        """The stretches between two rows that were deleted, and by which deed."""
        place = max(0, bisect.bisect_right(self._firsts, first) - 1)
        found = []
        while place < len(self._spans) and self._spans[place][0] <= last:
            begin, end, deed = self._spans[place]
            if max(begin, first) <= min(end, last) and deed.seq > end:
                found.append((max(begin, first), min(end, last), deed))
            place += 1
        return found


class _Witness(NamedTuple):
    """What stands outside the record: the lines of seals.log (None: no such file), and how far the office has read."""

    lines: list[Seal] | None
    torn: int
    read: int


def read_seals(path: Path) -> tuple[list[Seal], int]:
    """The lines of seals.log and how many cannot be read (a line that was being written when the power went)."""
    seals, torn = [], 0
    with path.open("r", encoding="utf-8", errors="replace") as file:
        for line in file:
            match = _LINE.fullmatch(line.strip())
            if match:
                seals.append(Seal(int(match[1]), int(match[2]), match[3], match[4]))
            elif line.strip():
                torn += 1
    return seals, torn


def _witness(path: Path) -> _Witness:
    """Read before the record is: what stands beside it may lag behind the record, never lead it."""
    read = 0
    office = path.with_name("office.db")
    if office.is_file():
        try:
            connection = sqlite3.connect(f"{office.resolve().as_uri()}?mode=ro", uri=True, timeout=10)
            try:
                found = connection.execute("select value from bookmark where name = 'events'").fetchone()
                read = int(found[0]) if found else 0
            finally:
                connection.close()
        except (sqlite3.Error, ValueError):
            read = 0
    try:
        lines, torn = read_seals(path.with_name("seals.log"))
    except FileNotFoundError:
        return _Witness(None, 0, read)
    except OSError as error:
        raise Unreadable(f"{path.with_name('seals.log')}: cannot be read: {error.strerror}") from None
    return _Witness(lines, torn, read)


class _Chain:
    """The seals up to a batch, and those that the next batch may skip to."""

    def __init__(self) -> None:
        self.number, self._before = 0, NO_SEAL
        self._skips = [(0, NO_SEAL)]  # each is the number after it without its lowest bit

    def follows(self, batch: _Batch) -> bool:
        """Whether the batch's seal is that of its header over the batch before; goes on from there in any case."""
        target = batch.number & (batch.number - 1)
        while self._skips[-1][0] > target:
            self._skips.pop()
        skip = self._skips[-1][1].hex() if self._skips[-1][0] == target else ""
        header = {**batch._asdict(), "after": self.number, "root": batch.root.hex(), "skip": skip}
        right = seal_of(self._before, header) == batch.seal
        self.number, self._before = batch.number, batch.seal
        self._skips.append((batch.number, batch.seal))
        return right


class _Check:
    """One walk along the record, rows and links side by side, batch after batch."""

    def __init__(self, connection: sqlite3.Connection, witness: _Witness, tell: Tell) -> None:
        self.connection = connection
        self.witness = witness
        self.tell = tell
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self.events = self.forgotten = self.batches = 0
        self.altered: dict[
            int, tuple[Any, tuple[Any, ...], bytes]
        ] = {}  # seq: nonce, values, the digest it should have
        self.lost: dict[int, tuple[bytes, _Batch]] = {}
        self.stray: dict[int, tuple[Any, tuple[Any, ...]]] = {}
        self.seals: dict[int, str] = {}  # of the batches that somebody outside may know
        self.last = self.total = 0
        self.ordinary = False  # whether a batch came that was sealed as its rows were written

    # what is asked of the file ------------------------------------------------------------------------------------

    def run(self, seal: str, own: bool) -> Seal | None:
        """Check everything; returns the last seal."""
        known = self._tables()
        if "event" in known:
            self._views()
        self._read_deeds()
        self.total = self._one("select max(seq) from link") or 0
        self._rows_left = self._all_rows()
        links = f"select {self._seq['link']}, digest, batch from link order by 1"
        self._links_left = iter(self.connection.execute(links))
        self._row, self._link = next(self._rows_left, None), next(self._links_left, None)
        head, asked = self._walk(seal)
        self._rest(head)
        self._sort_out()
        self._counter()
        self._compare_witness(head, own)
        if not self.findings:
            self._pages()
        self._tell_explained()
        if seal and not asked:
            words = (
                f"the seal {grouped(seal)} is none of this record's: what it sealed was altered, cut off or replaced"
            )
            self._bad((head.last if head else 0) + 1, "seal", words)
        elif asked:
            words = f"the seal you gave is that of batch {asked.number}, sealed at {asked.sealed_at}"
            but = ", but for what is told above" if self.findings else ""
            self.notes.append(f"{words}: up to row {asked.last} nothing has changed since{but}.")
        return head

    def _tell_explained(self) -> None:
        """An explanation that somebody gave is told with the finding; it heals nothing but a clock that was set."""
        for place, finding in enumerate(self.findings):
            deed = self.explained.get(finding.seq)
            if deed is not None:
                words = f"{finding.words}; {deed.actor} explained at {deed.at}: {deed.why}"
                self.findings[place] = finding._replace(words=words)
        for jump in self.jumps:
            if " forward " in jump.why:
                self.notes.append(f"row {jump.seq}: {jump.why}")

    def _one(self, sql: str) -> Any:
        found = self.connection.execute(sql).fetchone()
        return found[0] if found else None

    def _bad(self, seq: int, kind: str, words: str, rows: int = 1) -> None:
        self.findings.append(Finding(seq, kind, words, rows))

    def _tables(self) -> set[str]:
        """The tables that are there; an empty one serves for one that is gone. Raises Unreadable: this is no record."""
        known = {row[0] for row in self.connection.execute("select name from sqlite_master where type = 'table'")}
        if not known & {"event", "link", "batch", "journal_place", "_sqlite_migrations"}:
            if not self.witness.lines:
                raise Unreadable("this is no record of schoolgate")
            self._bad(0, "missing", "every table of the record is gone")
        elif not {"link", "batch"} & known and "event" in known and not self.witness.lines:
            raise Unreadable("this record was never sealed: it is of an older schoolgate; start the gateway once")
        made = {
            "event": "seq integer, nonce, id, action, rule",
            "link": "seq integer, digest, batch",
            "batch": "number, first_seq, last_seq, rows, sealed_at, oldest, newest, versions, root, seal",
        }
        for name in made:
            if name not in known:
                self._bad(0, "missing", f"the table {name!r} of the record is gone")
                self.connection.execute(f"create temp table {name} ({made[name]})")
        self.names = sorted({row[1] for row in self.connection.execute("pragma table_info(event)")} - {"seq", "nonce"})
        self._seq = {name: self._number_of(name, name in known) for name in made}
        return known

    def _number_of(self, table: str, is_old: bool) -> str:
        """How to ask a table for the numbers of its rows: one that was made anew by hand may hold anything there."""
        column = "number" if table == "batch" else "seq"
        told = {row[1]: (row[2].lower(), row[5]) for row in self.connection.execute(f"pragma table_info({table})")}
        if told.get(column) == ("integer", 1):
            return column
        if is_old:
            self._bad(0, "table", f"the table {table!r} was made anew by hand: its rows are not numbered as they were")
        return f"coalesce(cast({column} as integer), 0)"

    def _views(self) -> None:
        """What people read must be what is sealed: views that show rows as they are; nothing that changes them."""
        found = self.connection.execute("select type, name, sql from sqlite_master where name not like 'sqlite%'")
        there = {name: (kind, " ".join((sql or "").split())) for kind, name, sql in found.fetchall()}
        for name, (kind, _) in there.items():
            if kind == "trigger":
                self._bad(
                    0, "trigger", f"a trigger {name!r} stands in the record and may change rows; schoolgate makes none"
                )
        for name in ("events", *VIEWS, *COUNTS):
            kind, sql = there.get(name, ("", ""))
            if not kind:
                self._bad(0, "view", f"the view {name!r} is gone: who reads the record finds nothing there")
            elif kind != "view" or not self._shows(name, sql):
                self._bad(0, "view", f"the view {name!r} does not show every row and column as it stands on record")

    def _shows(self, name: str, sql: str) -> bool:
        """Whether a view shows what schoolgate made it to show."""
        made = re.fullmatch(r'create view ["\[]?(\w+)["\]]? as (.*)', sql, re.I)
        if made is None or name in COUNTS:
            return made is not None and made[2] == COUNTS[name]
        shown = re.fullmatch(r"select (.*?) (from .*)", made[2])
        columns = [part.strip(' "') for part in shown[1].split(",")] if shown else []
        expected = ["seq", *self.names] if name == "events" else self.names
        tail = VIEWS.get(name, "from event")
        return shown is not None and shown[2] == tail and sorted(columns) == sorted(expected)

    def _all_rows(self) -> Iterator[tuple[Any, ...]]:
        columns = ", ".join('"{}"'.format(name.replace('"', '""')) for name in self.names)
        return iter(self.connection.execute(f"select {self._seq['event']}, nonce, {columns} from event order by 1"))

    def _read_deeds(self) -> None:
        """What retention deleted, what was explained, and what the recorder itself said of the clock."""
        wanted = ("at", "actor", "entry", "about", "why", "kind", "reason")
        shown = ", ".join(name if name in self.names else "''" for name in wanted)
        sql = f"select seq, {shown} from event where action = :action and rule = :rule order by seq"
        retention = self._deeds(sql, "deed", "retention")
        self.retention = _Forgotten([deed for deed in retention if deed.actor == "schoolgate"])
        self.explained = {}
        for deed in self._deeds(sql, "deed", "explained"):
            self.explained.update({int(each): deed for each in deed.about.split() if _NUMBER.fullmatch(each)})
        self.jumps = self._deeds(sql, "fault", "clock")
        self._spans_of_retention(retention)

    def _deeds(self, sql: str, action: str, rule: str) -> list[_Deed]:
        rows = self.connection.execute(sql, {"action": action, "rule": rule})
        return [_Deed(row[0], *(str(value or "") for value in row[1:])) for row in rows]

    def _spans_of_retention(self, deeds: Sequence[_Deed]) -> None:
        """Say where retention began to keep less: a shorter time is allowed, but nobody should do it unseen."""
        kept: dict[str, timedelta] = {}
        for deed in deeds:
            try:
                span = moment(deed.at) - moment(deed.before.replace("before ", ""))
            except ValueError:
                continue
            before = kept.get(deed.kind, span)
            if span < before - timedelta(days=1):
                words = f"from row {deed.seq} ({deed.at}) on, {deed.kind} events were kept for {span_words(span)}"
                self.notes.append(f"{words}; before that for {span_words(before)}")
            kept[deed.kind] = span

    # the walk -----------------------------------------------------------------------------------------------------

    def _walk(self, seal: str) -> tuple[Seal | None, Seal | None]:
        """Follow the batches to the last; returns its seal, and the one that was asked for."""
        chain, newest, asked = _Chain(), "", None
        known = {line.number for line in self.witness.lines or ()}
        head: Seal | None = None
        columns = "first_seq, last_seq, rows, sealed_at, oldest, newest, versions, root, seal"
        for values in self.connection.execute(f"select {self._seq['batch']}, {columns} from batch order by 1"):
            batch = _Batch(*values)
            last = head.last if head else 0
            if not _is_sound(batch):
                self._bad(last + 1, "batch", f"the batch after batch {chain.number} holds what no batch can hold")
                continue
            self._numbers(batch, chain.number, last)
            root = self._one_batch(batch)
            if root is not None and root != batch.root:
                self._bad(batch.first, "link", f"the links of {_named(batch)} are not those that were sealed")
            if not chain.follows(batch):
                words = f"{_named(batch)} does not follow the batch before it: its header, its seal, or what was sealed"
                self._bad(batch.first, "batch", f"{words} before it was altered")
            newest = self._times(batch, head, newest)
            head = Seal(batch.number, batch.last, batch.sealed_at, batch.seal.hex())
            self.batches += 1
            if batch.number in known:
                self.seals[batch.number] = head.seal
            if seal and head.seal.startswith(seal):
                asked = head
        return head, asked

    def _numbers(self, batch: _Batch, after: int, last: int) -> None:
        """Batches and rows are numbered without a gap."""
        afterwards = "sealed afterwards" in batch.versions
        if afterwards and self.ordinary:
            self._bad(
                batch.first, "batch", f"{_named(batch)} was sealed afterwards, although there was a chain already"
            )
        self.ordinary = self.ordinary or not afterwards
        if batch.number != after + 1:
            one = batch.number == after + 2
            words = f"batch {after + 1} is" if one else f"batches {after + 1} to {batch.number - 1} are"
            lost = f", and with them {_rows(last + 1, batch.first - 1)}" if batch.first > last + 1 else ""
            words = f"{words} missing{lost}: what stood there was cut off or taken out"
            self._bad(last + 1, "missing", words, max(1, batch.first - last - 1))
        elif batch.first != last + 1 and not afterwards:
            words = f"{_rows(last + 1, batch.first - 1)} stand in no batch: between batches {after} and {batch.number}"
            self._bad(last + 1, "missing", f"{words} rows were taken out or put in")

    def _one_batch(self, batch: _Batch) -> bytes | None:
        """Compare the rows of a batch with their links; returns the links' root, None where some are gone."""
        hasher, links, strays, names = hashlib.sha256(), 0, 0, self.names
        row, link, last, first = self._row, self._link, batch.last, batch.first
        while (row is not None and row[0] <= last) or (link is not None and link[0] <= last):
            if row is not None and (link is None or row[0] < link[0]):
                strays += row[0] >= first
                self._add_stray(row)
                row = next(self._rows_left, None)
                continue
            assert link is not None
            seq, digest, number = link
            if number != batch.number or seq < first:
                self._bad(seq, "link", f"the link of row {seq} stands in batch {number} instead of {batch.number}")
            digest = digest if isinstance(digest, bytes) else b""
            hasher.update(digest)
            links += 1
            if row is not None and row[0] == seq:
                if not digest or row_digest(row[1], seq, zip(names, row[2:])) != digest:  # noqa: B905
                    self._add_altered(row, digest)
                elif self.retention.deed_of(seq):
                    self._bad(seq, "inserted", f"row {seq} stands on record again, although retention deleted it")
                self.events += 1
                if self.events % _EVERY == 0:
                    self.tell(seq, self.total)
                row = next(self._rows_left, None)
            else:
                self._gone(seq, digest, batch)
            link = next(self._links_left, None)
        self._row, self._link = row, link
        if links == 0 and batch.rows:
            if strays:
                self._bad(first, "link", f"the links of {_named(batch)} are gone")
            else:
                self._folded(batch)
            return None
        if links != batch.rows:
            words = f"{_named(batch)} was sealed with {batch.rows} rows and has {links} links"
            self._bad(first, "link", words)
            return None
        return hasher.digest()

    _row: tuple[Any, ...] | None = None
    _link: tuple[Any, ...] | None = None

    def _add_stray(self, row: tuple[Any, ...]) -> None:
        self.events += 1
        if len(self.stray) < _KEPT:
            self.stray[row[0]] = (row[1], row[2:])
        else:
            self._bad(row[0], "inserted", f"row {row[0]} has no place in the chain: it was put in")

    def _add_altered(self, row: tuple[Any, ...], digest: bytes) -> None:
        if len(self.altered) < _KEPT:
            self.altered[row[0]] = (row[1], row[2:], digest)
        else:
            self._bad(row[0], "altered", f"row {row[0]} was altered: it is not what was sealed")

    def _gone(self, seq: int, digest: bytes, batch: _Batch) -> None:
        deed = self.retention.deed_of(seq)
        if deed is None:
            if len(self.lost) < _KEPT:
                self.lost[seq] = (digest, batch)
            else:
                self._bad(seq, "missing", f"row {seq} is missing, and no deed of retention says that it was due")
        else:
            self.forgotten += 1
            self._due(seq, deed, batch)

    def _folded(self, batch: _Batch) -> None:
        """All rows were forgotten and their links folded away: the deeds of retention must say so."""
        stretches = self.retention.among(batch.first, batch.last)
        number = sum(last - first + 1 for first, last, _ in stretches)
        self.forgotten += min(number, batch.rows)
        for first, _, deed in stretches:
            self._due(first, deed, batch)
        if number < batch.rows:
            words = f"{_rows(batch.first, batch.last)} are missing with their links (batch {batch.number}, sealed at"
            self._bad(
                batch.first,
                "missing",
                f"{words} {batch.sealed_at}), and no deed of retention says that they were due",
                batch.rows - number,
            )

    def _due(self, seq: int, deed: _Deed, batch: _Batch) -> None:
        before = deed.before.replace("before ", "")
        if before and batch.oldest >= before:
            words = f"row {seq} was deleted by the deed of row {deed.seq}, which says it was of before {before}"
            self._bad(seq, "missing", f"{words}; but all rows of its batch are of {batch.oldest} or later")

    def _times(self, batch: _Batch, head: Seal | None, newest: str) -> str:
        """See whether the clock was set back, or events are later than their seal; returns the latest time so far."""
        sealed = moment(batch.sealed_at)
        if head is not None:
            back = moment(head.sealed_at) - sealed
            if back > BACK:
                seen = next((jump.why for jump in self.jumps if jump.seq == batch.first), "")  # by the recorder itself
                exact = re.search(r"set back by ([^;]+);", seen)
                by = exact[1] if exact else span_words(back)
                words = f"the clock was set back by {by} between row {head.last} and row {batch.first}"
                self._clock((batch.first, head.last), f"{words} ({head.sealed_at}, then {batch.sealed_at})")
        newest = max(newest, batch.sealed_at)
        if batch.newest > newest and _is_ahead(batch.newest, newest):
            words = f"an event of {_named(batch)} says that it happened at {batch.newest}, long after it was sealed"
            self._clock((batch.first, batch.last), f"{words} ({batch.sealed_at})")
        return newest

    def _clock(self, rows: tuple[int, int], words: str) -> None:
        explained = next((self.explained[row] for row in rows if row in self.explained), None)
        if explained and explained.seq >= min(rows):
            self.notes.append(f"{words}; explained by {explained.actor} at {explained.at}: {explained.why}")
        else:
            self._bad(rows[0], "clock", f"{words}; if there is a reason, say it: schoolgate explain {rows[0]}")

    # what is left -------------------------------------------------------------------------------------------------

    def _rest(self, head: Seal | None) -> None:
        """Rows and links beyond the last batch."""
        self.last = max([head.last if head else 0, *self.stray, *self.altered])
        while self._row is not None:
            self._add_stray(self._row)
            self.last = max(self.last, self._row[0])
            self._row = next(self._rows_left, None)
        extra: list[int] = []
        while self._link is not None:
            extra.append(self._link[0])
            self._link = next(self._links_left, None)
        if extra:
            self._bad(extra[0], "link", f"{len(extra)} links from row {extra[0]} on stand in no batch")

    def _sort_out(self) -> None:
        """Say of each bad row what became of it: a row that stands in another's place was moved there."""
        places = {seq: digest for seq, (digest, _) in self.lost.items()}
        places.update({seq: digest for seq, (_, _, digest) in self.altered.items()})
        digests = set(places.values())
        bad = {**{seq: (nonce, values) for seq, (nonce, values, _) in self.altered.items()}, **self.stray}
        moved: dict[int, int] = {}
        for seq, (nonce, values) in bad.items():
            for place in places:
                if place != seq and row_digest(nonce, place, zip(self.names, values)) in digests:  # noqa: B905
                    moved[seq] = place
        identity = self.names.index("id") if "id" in self.names else -1
        for seq, (_, values) in bad.items():
            name = f"row {seq} (id {values[identity]})" if identity >= 0 else f"row {seq}"
            if seq in moved:
                self._bad(seq, "re-ordered", f"{name} is re-ordered: it was sealed as row {moved[seq]}")
            elif seq in self.altered:
                self._bad(seq, "altered", f"{name} was altered: it is not what was sealed")
            else:
                self._bad(seq, "inserted", f"{name} has no link in the chain: it was put in, or its link was taken out")
        gone = sorted(seq for seq in self.lost if seq not in moved.values())
        while gone:
            length = 1
            while length < len(gone) and gone[length] == gone[0] + length:
                length += 1
            batch, last = self.lost[gone[0]][1], gone[length - 1]
            words = f"{_rows(gone[0], last)} {'is' if length == 1 else 'are'} missing (batch {batch.number}, sealed at"
            self._bad(
                gone[0], "missing", f"{words} {batch.sealed_at}), and no deed of retention says that it was due", length
            )
            del gone[:length]

    def _counter(self) -> None:
        try:
            counter = self._one("select seq from sqlite_sequence where name = 'event'")
        except sqlite3.Error:
            counter = None
        if self.last and not isinstance(counter, int):
            words = "is gone" if counter is None else f"holds {counter!r}, which is no number of a row"
            self._bad(self.last + 1, "counter", f"the record's own counter of rows {words}")
        elif counter is not None and counter != self.last and self.batches:
            if counter > self.last:
                words = f"the record's own counter has reached row {counter}, but it ends with row {self.last}"
                self._bad(
                    self.last + 1,
                    "truncated",
                    f"{words}: {_rows(self.last + 1, counter)} were cut off",
                    counter - self.last,
                )
            else:
                self._bad(
                    self.last + 1,
                    "counter",
                    f"the record's own counter was set back to {counter}; it ends with row {self.last}",
                )

    def _pages(self) -> None:
        """Readers find rows by indexes: one that was changed by hand hides rows from them that are all there."""
        found = self._one("pragma integrity_check(1)")
        if found != "ok":
            said = " ".join(str(found).split())[:200]
            self._bad(self.last + 1, "damaged", f"all rows are as they were sealed, but the file is damaged: {said}")

    def _compare_witness(self, head: Seal | None, own: bool) -> None:
        last, number = (head.last, head.number) if head else (0, 0)
        if self.witness.lines is None:
            if own and head:
                self._bad(
                    last + 1,
                    "seals.log",
                    "the file seals.log beside the record is gone, the witness of where the record ended",
                )
            return
        if self.witness.torn:
            self.notes.append(
                f"{self.witness.torn} lines of seals.log cannot be read (the power went, or somebody wrote there)"
            )
        cut = [line for line in self.witness.lines if line.number > number]
        if cut:
            end = max(cut)
            words = f"seals.log says that batch {end.number} ended with row {end.last} (sealed at {end.sealed_at})"
            gone = f": {_rows(last + 1, end.last)} were cut off" if end.last > last else ""
            self._bad(
                last + 1,
                "truncated",
                f"{words}, but the record ends with batch {number}, row {last}{gone}",
                max(1, end.last - last),
            )
        other = [line for line in self.witness.lines if self.seals.get(line.number, line.seal) != line.seal]
        if other:
            line = min(other)
            words = (
                f"batch {line.number} (up to row {line.last}) is not the one that seals.log noted at {line.sealed_at}"
            )
            self._bad(
                line.last, "replaced", f"{words}: the chain was made anew, or the record was replaced", len(other)
            )
        if own and head and (not self.witness.lines or min(self.witness.lines).number > 0):
            self._begun_late(min(self.witness.lines, default=head))
        if self.witness.read > max(last, self.last):
            words = f"the office has read row {self.witness.read}, but the record ends with row {last}"
            self._bad(last + 1, "truncated", f"{words}: what follows was cut off", self.witness.read - last)

    def _begun_late(self, line: Seal) -> None:
        words = (
            f"seals.log begins with batch {line.number} (row {line.last}, {line.sealed_at}): what stood before is gone"
        )
        explained = self.explained.get(line.last)
        if explained:
            self.notes.append(f"{words}; explained by {explained.actor} at {explained.at}: {explained.why}")
        else:
            self._bad(line.last, "seals.log", words)


def check_record(path: Path, seal: str = "", own: bool = False, tell: Tell = lambda done, total: None) -> Report:
    """Check a record. ``own`` is the school's own, which has seals.log beside it; a copy may stand alone.

    Raises Unreadable. ``tell`` hears of progress: a row, and the last row.
    """
    witness = _witness(path)
    if path.stat().st_size == 0 and witness.lines:
        return Report(
            [Finding(1, "truncated", "the record is empty, but seals.log knows of batches")],
            [],
            0,
            0,
            0,
            None,
            "record",
        )
    for lenient in (False, True):
        connection = _open(path)
        if lenient:
            connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        check = _Check(connection, witness, tell)
        head = None
        try:
            head = check.run(seal, own)
        except (sqlite3.Error, TypeError, ValueError, OverflowError, MemoryError) as error:  # all can stand in there
            if "decode" in str(error).lower() and not lenient:
                continue  # somebody has written bytes that are no text: read them as they are
            if not _is_record(path):
                raise Unreadable(f"{path}: cannot be read as a record: {error}") from None
            check._bad(
                check.events + 1,
                "damaged",
                f"the file is damaged ({error}): it could be read as far as row {check.events}",
            )
        finally:
            connection.close()
        break
    return Report(_in_order(check.findings), check.notes, check.events, check.forgotten, check.batches, head, "record")


def _is_record(path: Path) -> bool:
    with path.open("rb") as file:
        return path.name == "record.db" or file.read(16) == b"SQLite format 3\0"


def _open(path: Path) -> sqlite3.Connection:
    """One read transaction: all that is read is of one moment, also while the gateway runs. Raises Unreadable."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=_WAIT, isolation_level=None)
    try:
        connection.execute("begin")
        connection.execute("select count(*) from sqlite_master").fetchone()
        return connection
    except sqlite3.OperationalError as error:
        connection.close()
        if "locked" in str(error):
            raise Unreadable(f"{path}: another programme has locked it; end that one, or check a copy") from None
        beside = path.with_name(f"{path.name}-wal")
        if beside.exists() and beside.stat().st_size:
            words = f"{path}: some rows still stand in {beside.name}, and cannot be read in a folder that is read-only"
            raise Unreadable(f"{words}: copy both files to a folder that can be written, and check there") from None
        return sqlite3.connect(f"{address}&immutable=1", uri=True, isolation_level=None)  # nobody writes it there
    except sqlite3.DatabaseError:
        return connection  # the first query says again what is wrong


# --- an evidence pack ------------------------------------------------------------------------------------------------


def check_pack(path: Path, seal: str = "", tell: Tell = lambda done, total: None) -> Report:
    """Check an evidence pack (a folder, or a .zip of it). Raises Unreadable."""
    headers = [_json(line, "chain.jsonl") for line in _lines(path, "chain.jsonl")]
    findings: list[Finding] = []
    try:
        links, head, asked = _check_headers(headers, seal, findings)
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"{path}: chain.jsonl: a batch cannot be read ({type(error).__name__}: {error})") from None
    events, seen, shown = 0, -1, set()
    for line in _lines(path, "events.jsonl"):
        events += 1
        row = _json(line, "events.jsonl")
        shown.add(str(row.get("seq")))
        seen = _check_line(row, events, seen, links, findings)
        if events % _EVERY == 0:
            tell(events, events)
    findings.extend(_left_out(headers, shown))
    findings.extend(_other_files(path, headers))
    notes = []
    named = {name for header in headers for name in _named_files(header)} | {"events.jsonl", "chain.jsonl"}
    loose = sorted(name for name in _names(path) if name.rpartition("/")[2] not in named)
    if loose:
        notes.append(f"what these files say is not part of the proof: {', '.join(loose)}")
    if seal and asked is None:
        findings.append(
            Finding(0, "seal", f"the seal {grouped(seal)} is none of those in this pack: look for one of seal.txt")
        )
    elif asked:
        notes.append(f"the seal you gave is that of batch {asked.number}, sealed at {asked.sealed_at}.")
    return Report(_in_order(findings), notes, events, 0, len(headers), head, "pack")


def _check_headers(
    headers: list[dict[str, Any]], seal: str, findings: list[Finding]
) -> tuple[dict[int, str], Seal | None, Seal | None]:
    """Follow the chain from the last batch back; returns the digests of rows, the last seal and the one asked for."""
    links: dict[int, str] = {}
    head = asked = None
    reached: dict[str, int] = {}
    if not headers:
        words = "there is no proof in this pack: nothing was sealed when it was made, or its chain was taken out"
        findings.append(Finding(0, "missing", words))
    for header in sorted(headers, key=lambda each: -int(each["number"])):
        if not all(type(header[name]) is int for name in ("number", "after", "first", "last", "rows")):
            raise ValueError("a number is none")
        number, own = header["number"], header["seal"]
        name = f"batch {number} ({_rows(header['first'], header['last'])})"
        if seal_of(bytes.fromhex(header["before"]), header).hex() != own:
            findings.append(
                Finding(header["first"], "batch", f"{name} was altered: its seal is not that of what it says")
            )
        if head is None:
            head = Seal(number, header["last"], header["sealed_at"], own)
        elif reached.get(own, number) < number or own not in reached:
            findings.append(Finding(header["first"], "batch", f"no way leads from the last seal back to {name}"))
        reached.update({header["before"]: number, header["skip"]: number})
        if seal and own.startswith(seal):
            asked = Seal(number, header["last"], header["sealed_at"], own)
        digests = header.get("digests")
        if digests is not None:
            root = hashlib.sha256(b"".join(bytes.fromhex(digest) for _, digest in digests)).hexdigest()
            if root != header["root"] or len(digests) != header["rows"]:
                findings.append(
                    Finding(header["first"], "link", f"the digests of {name} are not those that were sealed")
                )
            links.update(dict(digests))
    return links, head, asked


def _left_out(headers: list[dict[str, Any]], shown: set[str]) -> Iterator[Finding]:
    """Rows that the pack was made with and does not hold any more; the last header says how many there were."""
    named = 0
    for header in headers:
        if "digests" in header:
            held = header.get("held")
            if not isinstance(held, list):
                words = f"chain.jsonl does not say which rows of batch {header['number']} the pack was made with"
                yield Finding(header["first"], "missing", words)
                continue
            named += len(held)
            for seq in held:
                if isinstance(seq, int) and str(seq) not in shown:
                    words = f"row {seq} is missing from events.jsonl: the pack was made with it"
                    yield Finding(seq, "missing", words)
    made_with = max(headers, key=lambda each: int(each["number"])).get("made_with") if headers else 0
    if not isinstance(made_with, int):
        yield Finding(0, "missing", "chain.jsonl does not end where it did: its last header is gone")
    elif made_with != named:
        yield Finding(0, "missing", f"this pack was made with {made_with} rows, and chain.jsonl names {named} of them")


def _named_files(header: dict[str, Any]) -> dict[str, Any]:
    files = header.get("files")
    return files if isinstance(files, dict) else {}


def _other_files(path: Path, headers: list[dict[str, Any]]) -> Iterator[Finding]:
    """The page, its PDF and what else lies in the pack: the last header names them with their SHA-256."""
    if headers and not any(_named_files(header) for header in headers):
        yield Finding(0, "missing", "chain.jsonl does not name the files of this pack any more")
    inside = {name.rpartition("/")[2]: name for name in _names(path)}
    for header in headers:
        for name, digest in _named_files(header).items():
            if name not in inside:
                yield Finding(0, "missing", f"{name} is missing: the pack was made with it")
            elif hashlib.sha256(_content(path, inside[name])).hexdigest() != digest:
                yield Finding(0, "altered", f"{name} was altered: it is not the file that the pack was made with")


def _names(path: Path) -> list[str]:
    """The files of a pack."""
    if path.is_dir():
        return [each.name for each in path.iterdir() if each.is_file()]
    with zipfile.ZipFile(path) as pack:
        return [each for each in pack.namelist() if not each.endswith("/")]


def _content(path: Path, name: str) -> bytes:
    try:
        if path.is_dir():
            return (path / name).read_bytes()
        with zipfile.ZipFile(path) as pack:
            return pack.read(name)
    except _BROKEN as error:
        raise Unreadable(f"{path}: {name} cannot be read: {error}") from None


def _check_line(row: dict[str, Any], line: int, before: int, links: dict[int, str], findings: list[Finding]) -> int:
    seq = row.pop("seq", None)
    try:
        nonce = bytes.fromhex(row.pop("nonce", ""))
    except (TypeError, ValueError):
        nonce = b""
    if not isinstance(seq, int):
        findings.append(Finding(0, "inserted", f"line {line} of events.jsonl has no number of a row"))
        return before
    name = f"row {seq} (id {row.get('id')}, line {line} of events.jsonl)"
    digest = row_digest(nonce, seq, row.items()).hex()
    if links.get(seq) == digest and seq > before:
        return seq
    places = links if len(findings) < _SHOWN else {}  # looked for among all rows, so not for each of thousands
    other = next((each for each in places if row_digest(nonce, each, row.items()).hex() == links[each]), None)
    if other is not None and other != seq:
        words, kind = f"{name} is re-ordered: it was sealed as row {other}", "re-ordered"
    elif links.get(seq) == digest:
        words, kind = f"{name} does not stand in its order, or stands there twice", "re-ordered"
    elif seq in links:
        words, kind = f"{name} was altered: it is not what was sealed", "altered"
    else:
        words, kind = f"{name} has no place in the chain: it was put in", "inserted"
    findings.append(Finding(seq, kind, words))
    return max(before, seq)


_BROKEN = (OSError, UnicodeDecodeError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError)


def _lines(path: Path, name: str) -> Iterator[str]:
    try:
        if path.is_dir():
            with (path / name).open(encoding="utf-8", newline="\n") as file:
                yield from file
        else:
            with zipfile.ZipFile(path) as pack:
                inside = next((each for each in pack.namelist() if each.rpartition("/")[2] == name), None)
                if inside is None:
                    raise Unreadable(f"{path}: has no {name}, so it is no evidence pack")
                with pack.open(inside) as raw:
                    yield from io.TextIOWrapper(raw, encoding="utf-8", newline="\n")
    except FileNotFoundError:
        raise Unreadable(f"{path}: has no {name}, so it is no evidence pack") from None
    except _BROKEN as error:
        raise Unreadable(f"{path}: {name} cannot be read: {error}") from None


def _json(line: str, name: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Unreadable(f"{name}: a line is not what it should be: {line[:60]!r}")
    return found


# --- the command -----------------------------------------------------------------------------------------------------


def check(path: Path, seal: str = "", own: bool = False, tell: Tell = lambda done, total: None) -> Report:
    """Check whatever ``path`` is. Raises Unreadable."""
    try:
        if path.is_dir():
            if (path / "record.db").is_file() and not (path / "chain.jsonl").exists():
                return check_record(path / "record.db", seal, own, tell)
            return check_pack(path, seal, tell)
        if path.exists() and not path.is_file():
            raise Unreadable(f"{path}: is no file")
        if not path.exists():
            if own and _witness(path).lines:
                words = f"the record is gone: there is no {path.name}, but seals.log knows of batches"
                return Report([Finding(1, "missing", words)], [], 0, 0, 0, None, "record")
            raise Unreadable(f"{path}: there is no such file")
        if zipfile.is_zipfile(path) and not _is_record(path):
            return check_pack(path, seal, tell)
        if not _is_record(path) and path.stat().st_size:
            raise Unreadable(f"{path}: is neither a record of schoolgate nor an evidence pack")
        return check_record(path, seal, own, tell)
    except OSError as error:
        raise Unreadable(f"{path}: cannot be read: {error.strerror}") from None


def in_words(report: Report) -> list[str]:
    """The report as lines for people, the first bad row first."""
    said = [f"Note: {note}" for note in report.notes]
    head = report.head
    last = (
        f"last seal {grouped(head.seal)} (batch {head.number}, row {head.last}), at {head.sealed_at}"
        if head
        else "no seal yet"
    )
    if not report.findings:
        if report.what == "pack":
            return [
                f"Whole and unaltered: {report.events} events, each at its place in the sealed chain; {last}.",
                *said,
            ]
        kept = f"{report.events} events on record, {report.forgotten} forgotten by retention"
        return [f"Whole and unaltered: {kept}, sealed in {report.batches} batches, {last}.", *said]
    lines = [f"{finding.kind.upper()}: {finding.words}" for finding in report.findings[:_SHOWN]]
    more = len(report.findings) - _SHOWN
    number = len(report.findings)
    lines += [f"... and {more} more of the kind."] if more > 0 else []
    what = "This record" if report.what == "record" else "This pack"
    return [*lines, f"{what} is NOT whole: {number} {'finding' if number == 1 else 'findings'}; {last}.", *said]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(description="Is this record or evidence pack of schoolgate whole and unaltered?")
    parser.add_argument(
        "path", nargs="?", type=Path, help="a record.db, or a pack (.zip or folder); default: beside this file"
    )
    parser.add_argument("--seal", default="", help="a seal that somebody else has kept")
    given = parser.parse_args(arguments)
    path = given.path or Path(__file__).resolve().parent
    try:
        report = check(path, plain_seal(given.seal) if given.seal else "")
    except (Unreadable, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    for line in in_words(report):
        print(line)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
