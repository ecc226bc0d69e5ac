"""Writes the chain's proof into an evidence pack: the rows with their nonces, and the way from them to the last seal.

Rows of other people that were sealed in the same batches appear as digests only. ``verify.py`` goes with it, so that
whoever holds the pack can check it without schoolgate.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schoolgate.store import check_chain
from schoolgate.store.check_chain import NO_SEAL, Seal, grouped
from schoolgate.store.event import DEED, NAMES, Deed
from schoolgate.store.record import RecordReader
from schoolgate.store.schema import COLUMNS

EVENTS, CHAIN, VERIFY, SEALS = "events.jsonl", "chain.jsonl", "verify.py", "seal.txt"
_HANDED_OUT = 30  # seals that somebody was given since the last row; a month of days

_WORDS = """The seals of this evidence pack

Everything that schoolgate puts on record is sealed, each batch of rows over the one before. Whoever keeps one of these
seals can tell whether a row that was sealed before it has been changed since.

To check this pack, with Python 3.9 or later and nothing else:

    python3 verify.py
    python3 verify.py --seal "one of the seals below, as somebody else has kept it"

The school's own record, with schoolgate:

    schoolgate verify --seal "the last seal"

The last seal when this pack was made:
{head}

Seals that were handed out (in the digest or by mail), to compare with what their receivers have kept:
{handed}
"""


@dataclass(frozen=True, slots=True)
class Chained:
    """What was written: how many rows have their place in the chain, and the last seal (None: nothing is sealed)."""

    rows: int
    head: Seal | None


def last_seal(reader: RecordReader) -> Seal | None:
    """The last seal of the record; None where nothing is sealed yet."""
    return next(_seals(reader, "order by number desc limit 1"), None) if reader.sealed else None


def write_chain(reader: RecordReader, seqs: Iterable[int | None], folder: Path) -> Chained:
    """Write events.jsonl, chain.jsonl, verify.py and seal.txt into ``folder``, which exists.

    ``seqs`` are rows of the record; those that still wait in the journals (None) have no place in the chain yet and
    are left out.
    """
    wanted = sorted({seq for seq in seqs if seq is not None})
    if not reader.connection.in_transaction:
        reader.connection.execute("begin")
    head = last_seal(reader)
    found, held = list[int](), dict[int, list[int]]()
    with (folder / EVENTS).open("w", encoding="utf-8", newline="\n") as file:
        for number, row in _rows(reader, wanted) if head else ():
            found.append(row["seq"])
            held.setdefault(number, []).append(row["seq"])
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    handed = _handed_out(reader, found[-1] if found else 0) if head else []
    with (folder / CHAIN).open("w", encoding="utf-8", newline="\n") as file:
        for header in _way(reader, head.number, held, {seal.number for seal in handed}) if head else ():
            if head is not None and header["number"] == head.number:
                header["made_with"] = len(found)
            file.write(json.dumps(header, ensure_ascii=False, separators=(",", ":")) + "\n")
    shutil.copyfile(check_chain.__file__, folder / VERIFY)
    lines = "\n".join(_line(seal) for seal in handed) or "  (none yet)"
    words = _WORDS.format(head=_line(head) if head else "  (nothing is sealed yet)", handed=lines)
    (folder / SEALS).write_text(words, encoding="utf-8")
    name_files(folder)
    return Chained(len(found), head)


def name_files(folder: Path) -> None:
    """Write into chain.jsonl which other files lie in the pack now, so that one that is changed later is found."""
    others = sorted(each for each in folder.iterdir() if each.is_file() and each.name not in (EVENTS, CHAIN))
    last, _, before = (folder / CHAIN).read_text(encoding="utf-8").partition("\n")
    if last:
        header = json.loads(last) | {"files": {each.name: _sha256(each) for each in others}}
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":"))
        (folder / CHAIN).write_text(f"{text}\n{before}", encoding="utf-8", newline="\n")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _line(seal: Seal) -> str:
    return f"  {seal.sealed_at}  batch {seal.number}, row {seal.last}\n    {grouped(seal.seal)}"


def _seals(reader: RecordReader, tail: str, **values: Any) -> Iterator[Seal]:
    sql = f"select number, last_seq, sealed_at, lower(hex(seal)) from record.batch {tail}"
    return (Seal(*row) for row in reader.connection.execute(sql, values))


def _rows(reader: RecordReader, wanted: list[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows that are in the chain, in order, each with its batch."""
    sql = f"select e.seq, lower(hex(nonce)), {COLUMNS}, l.batch from record.event e join record.link l using (seq)"
    for place in range(0, len(wanted), 500):
        some = json.dumps(wanted[place : place + 500])
        ordered = f"{sql} where e.seq in (select value from json_each(?)) order by e.seq"
        for seq, nonce, *values, number in reader.connection.execute(ordered, [some]):
            yield number, {"seq": seq, "nonce": nonce, **dict(zip(NAMES, values, strict=True))}


def _handed_out(reader: RecordReader, last: int) -> list[Seal]:
    """The seals that were given to somebody after the last row of the pack: the first ones and the latest ones."""
    sql = "select distinct entry from record.event where action = :action and rule = :rule and seq > :last order by seq"
    values = {"action": DEED, "rule": Deed.SEALED, "last": last}
    given = [row[0] for row in reader.connection.execute(sql, values)]
    given = given if len(given) <= _HANDED_OUT else [*given[: _HANDED_OUT // 2], *given[-_HANDED_OUT // 2 :]]
    found = (next(_seals(reader, "where seal = :seal", seal=bytes.fromhex(_hex(seal))), None) for seal in given)
    return [seal for seal in found if seal is not None]


def _hex(text: str) -> str:
    plain = "".join(text.split()).lower()
    return plain if len(plain) == 64 and set(plain) <= set("0123456789abcdef") else NO_SEAL.hex()


def _way(reader: RecordReader, head: int, held: dict[int, list[int]], others: set[int]) -> Iterator[dict[str, Any]]:
    """The headers on the shortest way from the last batch back to every batch that matters, highest first.

    ``held`` are the rows of the pack by batch: they are named, so that one that is taken out is missed.
    """
    waiting = sorted({head, *held, *others}, reverse=True)
    number = head
    while True:
        header = _header(reader, number)
        if number in held:
            header["held"] = held[number]
            sql = "select seq, lower(hex(digest)) from record.link where seq between ? and ? order by seq"
            header["digests"] = list(map(list, reader.connection.execute(sql, [header["first"], header["last"]])))
        yield header
        waiting = [each for each in waiting if each < number]
        if not waiting:
            return
        skip = number & (number - 1)
        number = skip if header["skip"] and skip >= waiting[0] else header["after"]


def _header(reader: RecordReader, number: int) -> dict[str, Any]:
    sql = (
        "select number, first_seq as first, last_seq as last, rows, sealed_at, oldest, newest, versions, "
        "lower(hex(root)) as root, lower(hex(seal)) as seal from record.batch where number = :number"
    )
    header = next(reader.query(sql, {"number": number}))
    before = next(_seals(reader, "where number < :number order by number desc limit 1", number=number), None)
    skip = number & (number - 1)
    skipped = next(_seals(reader, "where number = :skip", skip=skip), None)
    header |= {"after": before.number if before else 0, "before": before.seal if before else NO_SEAL.hex()}
    header["skip"] = NO_SEAL.hex() if skip == 0 else skipped.seal if skipped else ""
    return header
