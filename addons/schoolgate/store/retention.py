"""What has had its time goes, what belongs to a case stays, and every run says on record what it did.

The deed and the deletion are one transaction, so there is never a row gone without a deed that says so. With a row
goes its nonce, so that the digest that stays in the chain tells nothing; once a whole batch is gone its digests go too.

Whoever changes rows by hand cannot have their deletion done here: a row that is not what was sealed is never deleted,
a release that was not sealed releases nothing, and a hold that was seen once is kept to until it is released.

Events of a case, what was said about them, and its own deeds stay while it is open, and then as long as cases are kept,
counted from the last that was done about it; and as long as a hold is of the same person or events. With a case goes
the evidence that was attached to it.

What pupils wrote when they asked for a site goes before other deeds do: see ``REQUESTS``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from schoolgate.policy.rules import Action
from schoolgate.store import exhibits
from schoolgate.store.cases import CASE_DEEDS, Case, fold
from schoolgate.store.chain import is_as_sealed
from schoolgate.store.check_chain import span_words
from schoolgate.store.deeds import Hold, all_holds
from schoolgate.store.event import DEED, NAMES, Deed, deed_event, stamp
from schoolgate.store.openings import openings
from schoolgate.store.queries import quoted
from schoolgate.store.schema import COLUMNS
from schoolgate.store.writer import RecordWriter

MOST = 20_000  # rows that go in one transaction
_EVERY = timedelta(hours=24)  # a run is on record at least so often
_FOR_GOOD = timedelta(days=100 * 365)
REQUESTS = "asked"
"""Stands for an action where spans are named: requests to open a site and their refusals, which are deeds.

A request stays while what opened it is in force. A refusal stays while one of its requests does: without it that would
wait for an answer again.
"""
_DEEDS = f"e.action = '{DEED}'"  # in words, as its index is
_KEPT_FOR_GOOD = (Deed.RETENTION, Deed.EXPLAINED)  # the chain cannot be understood without them


@dataclass(frozen=True, slots=True)
class Row:
    """What retention looks at."""

    seq: int
    id: str
    at: str
    person: str
    rule: str
    about: str


_PLACES = [NAMES.index(name) for name in ("id", "at", "person", "rule", "about")]


@dataclass(slots=True)
class Seen:
    """What the runs before have seen: holds that are not released, and rows that are not what was sealed.

    ``cases`` are the ids that belong to a case (its own, its events, its deeds), by the id of the case.
    """

    holds: dict[str, Hold] = field(default_factory=dict[str, Hold])
    cases: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    unlike: set[int] = field(default_factory=set[int])


def _rows(record: RecordWriter, where: str, values: Sequence[str], seen: Seen) -> Iterator[Row]:
    """What retention looks at, of rows that are what was sealed."""
    for seq, found in _sealed(record, where, values, seen):
        yield Row(seq, *(found[place] or "" for place in _PLACES))


def _sealed(
    record: RecordWriter, where: str, values: Sequence[str], seen: Seen
) -> Iterator[tuple[int, Sequence[str | None]]]:
    """Rows that are what was sealed, by their number; the others are noted in ``seen``."""
    columns = ", ".join(f"e.{name}" for name in COLUMNS.split(", "))
    sql = f"select e.seq, e.nonce, l.digest, {columns} from event e left join link l on l.seq = e.seq where {where}"
    for seq, nonce, digest, *found in record.connection.execute(f"{sql} order by e.seq", values):
        if is_as_sealed(seq, nonce, digest, found):
            yield seq, found
        else:
            seen.unlike.add(seq)


def _held(record: RecordWriter, seen: Seen) -> list[Hold]:
    """The holds that hold now."""
    for hold in all_holds(record.db):
        seen.holds.setdefault(hold.id, hold)
    for row in _rows(record, f"{_DEEDS} and e.rule = ?", [Deed.RELEASED], seen):
        seen.holds.pop(row.about, None)
    return list(seen.holds.values())


def _look_at_cases(record: RecordWriter, span: timedelta, now: datetime, seen: Seen) -> frozenset[str]:
    """The ids that cases keep now. One that was seen once is kept to until its own deeds say that its time is over."""
    rows = _sealed(record, f"{_DEEDS} and e.rule in {quoted(CASE_DEEDS)}", [], seen)
    for case in fold(dict(zip(NAMES, found, strict=True)) for _, found in rows):
        is_over = not case.is_open and case.changed < stamp(now - span)
        if is_over and not any(_is_about(hold, case) for hold in seen.holds.values()):
            seen.cases.pop(case.id, None)
        else:
            seen.cases[case.id] = frozenset((case.id, *case.events, *(entry.id for entry in case.history)))
    return frozenset[str]().union(*seen.cases.values())


def _is_about(hold: Hold, case: Case) -> bool:
    """Whether a hold keeps a case, with all that was done about it and the evidence: as it is of the same person."""
    if hold.person:
        return hold.person == case.person
    return not {case.id, *case.events}.isdisjoint(hold.events)


def is_held(row: Row, held: Sequence[Hold], of_cases: frozenset[str] = frozenset()) -> bool:
    """Whether a hold keeps this row: of its person and period, by its id, or because it speaks of such an event.

    ``of_cases`` are ids that cases keep, themselves and whatever speaks of them.
    """
    if row.id in of_cases or not of_cases.isdisjoint(row.about.split()):
        return True
    for hold in held:
        if hold.id == row.id:
            return True
        if hold.person:
            after, before = not hold.since or row.at >= hold.since, not hold.until or row.at < hold.until
            if row.person == hold.person and after and before:
                return True
        elif row.id in hold.events or not set(row.about.split()).isdisjoint(hold.events):
            return True
    return False


def forget(record: RecordWriter, keep: Mapping[str, timedelta], now: datetime, snapshot: str, seen: Seen) -> int:
    """Delete every event that is older than its kind is kept, and the counts with it; returns how many."""
    forgotten = 0
    for action, span in keep.items():
        while True:
            number = _forget(record, action, span, (now, snapshot), seen, keep.get(DEED, _FOR_GOOD))
            forgotten += number
            if number < MOST:
                break
    if forgotten:
        record.connection.execute("pragma wal_checkpoint(truncate)")  # the write-ahead log still holds what was deleted
    elif _long_silent(record, now):
        words = "Nothing was due to be deleted."
        record.add(deed_event(now, Deed.RETENTION, "schoolgate", snapshot, why=words))
    return forgotten


def _forget(
    record: RecordWriter, action: str, span: timedelta, about: tuple[datetime, str], seen: Seen, cases: timedelta
) -> int:
    now, snapshot = about
    before = stamp(now - span)
    with record.atomic() as connection:
        held = _held(record, seen)
        people = sorted({hold.person for hold in held if hold.person})
        in_force = _asked_for(record, now, seen) if action == REQUESTS else frozenset[str]()
        rows, kept = _due(record, action, before, seen, _look_at_cases(record, cases, now, seen), in_force)
        connection.execute("delete from tally where hour < ? and action = ?", [before, action])
        if action == Action.BLOCK:
            connection.execute("delete from coverage_count where hour < ?", [before])
        if action in (Action.ALLOW, Action.LOG):
            marks = ",".join("?" * len(people))
            sql = f"delete from activity_count where day < ? and person not in ({marks})"
            connection.execute(sql, [before[:10], *people])
        if rows:
            for row in rows:
                if row.rule == Deed.CASE:  # first the files: who dies in between finds the deed due again
                    exhibits.forget(record.data, row.id)
            connection.executemany("delete from event where seq = ?", [(row.seq,) for row in rows])
            ranges = as_ranges(row.seq for row in rows)
            _fold(record, ranges)
            record.add_within(
                deed_event(
                    now,
                    Deed.RETENTION,
                    "schoolgate",
                    snapshot,
                    entry=",".join(f"{a}-{b}" if a != b else str(a) for a, b in ranges),
                    kind=action,
                    reason=f"before {before}",
                    why=_words(action, span, rows, kept),
                )
            )
    return len(rows)


def _due(
    record: RecordWriter, action: str, before: str, seen: Seen, of_cases: frozenset[str], in_force: frozenset[str]
) -> tuple[list[Row], int]:
    rows, kept, held = list[Row](), 0, list(seen.holds.values())
    staying = _requests(record) if action == REQUESTS else set[str]()
    for row in _old(record, action, before, seen):
        if action == DEED and row.rule in _KEPT_FOR_GOOD:
            continue
        if row.id in in_force or (row.rule == Deed.NOT_OPENED and not staying.isdisjoint(row.about.split())):
            continue
        if is_held(row, held, of_cases):
            kept += 1
        else:
            rows.append(row)
            staying.discard(row.id)
            if len(rows) == MOST:
                break
    return rows, kept


def _old(record: RecordWriter, action: str, before: str, seen: Seen) -> Iterator[Row]:
    if action == REQUESTS:
        kinds = quoted((Deed.ASKED, Deed.NOT_OPENED))
        return _rows(record, f"{_DEEDS} and e.rule in {kinds} and e.at < ?", [before], seen)
    return _rows(record, "e.action = ? and e.at < ?", [action, before], seen)


def _requests(record: RecordWriter) -> set[str]:
    sql = f"select id from event where action = '{DEED}' and rule = ?"
    return {found for (found,) in record.connection.execute(sql, [Deed.ASKED])}


def _asked_for(record: RecordWriter, now: datetime, seen: Seen) -> frozenset[str]:
    """The requests whose site stands open for them; a deed that was not sealed shuts nothing."""
    shut = {row.about for row in _rows(record, f"{_DEEDS} and e.rule = ?", [Deed.SHUT], seen)}
    found = (each if each.id in shut else replace(each, shut_at="") for each in openings(record.db))
    return frozenset(request for each in found if each.holds(now) for request in each.about)


def _words(action: str, span: timedelta, rows: Sequence[Row], kept: int) -> str:
    kind = "request or refusal" if action == REQUESTS else f"{action} event"
    many = "requests to open a site and refusals" if action == REQUESTS else f"{action} events"
    what = f"{len(rows)} {kind if len(rows) == 1 else many} older than {span_words(span)} deleted"
    newest = max(row.at for row in rows)
    return f"{what}, the newest of {newest}{f'; {kept} on hold were kept' if kept else ''}."


def _fold(record: RecordWriter, ranges: Iterable[tuple[int, int]]) -> None:
    """Take away the links of batches whose rows are all gone; the batch's root and seal stay."""
    touched: set[tuple[int, int, int]] = set()
    sql = "select distinct b.number, b.first_seq, b.last_seq from batch b join link l on l.batch = b.number"
    for first, last in ranges:
        touched.update(record.connection.execute(f"{sql} where l.seq between ? and ?", [first, last]))
    for number, first, last in sorted(touched):
        if not record.connection.execute("select 1 from event where seq between ? and ?", [first, last]).fetchone():
            record.connection.execute("delete from link where seq between ? and ? and batch = ?", [first, last, number])


def _long_silent(record: RecordWriter, now: datetime) -> bool:
    """Whether the last proof that retention ran is a day old; a young record has none to give."""
    sql = f"select max(at) from event where action = '{DEED}' and rule = '{Deed.RETENTION}'"
    last: Any = record.connection.execute(sql).fetchone()[0]
    if last is None:
        last = record.connection.execute("select min(sealed_at) from batch").fetchone()[0]
    return last is not None and last <= stamp(now - _EVERY)


def as_ranges(seqs: Iterable[int]) -> list[tuple[int, int]]:
    """Rising numbers as stretches."""
    found: list[tuple[int, int]] = []
    for seq in seqs:
        if found and found[-1][1] == seq - 1:
            found[-1] = (found[-1][0], seq)
        else:
            found.append((seq, seq))
    return found
