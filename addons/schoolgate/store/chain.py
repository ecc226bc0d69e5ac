"""Seals rows as they are written: a digest for each row, a seal for each batch over the seal of the batch before.

``check_chain.py`` says in words what is sealed and how, and checks it with nothing but the standard library; here is
the quick way to the same bytes.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import orjson

from schoolgate.store.check_chain import NO_SEAL, Seal, seal_of
from schoolgate.store.event import NAMES

AFTERWARDS = "sealed afterwards"
"""Stands in the versions of batches whose rows were on record before there was a chain."""
NONCE_BYTES = 16

_COLUMNS = ", ".join(f'"{name}"' for name in NAMES)
_COLUMNS_OF = itemgetter(*NAMES)
_SEARCH = NAMES.index("search")
_TEXT = {str, type(None)}
_INSERT = f"insert into event (seq, nonce, {_COLUMNS}) values ({','.join('?' * (len(NAMES) + 2))})"
_TABLES = """
create table link (seq integer primary key, digest blob not null, batch integer not null);
create table batch (
    number integer primary key, first_seq integer not null, last_seq integer not null, rows integer not null,
    sealed_at text not null, oldest text not null, newest text not null, versions text not null,
    root blob not null, seal blob not null
);
"""


class Unsealable(ValueError):
    """An entry holds what no row of the record can hold."""


def make_tables(connection: sqlite3.Connection) -> None:
    """The chain's tables, and the nonce of each row; the nonce goes with its row, the digest stays."""
    connection.execute("alter table event add column nonce blob")
    for statement in _TABLES.split(";"):
        connection.execute(statement)


def values_of(entry: dict[str, Any]) -> list[str | None]:
    """The columns of a row. Raises Unsealable where one is neither text nor number."""
    try:
        values = _COLUMNS_OF(entry)
    except KeyError:
        return [_value(name, entry.get(name)) for name in NAMES]
    if set(map(type, values)) <= _TEXT and values.count(None) == (values[_SEARCH] is None):
        return list(values)  # as a rule
    return [_value(name, value) for name, value in zip(NAMES, values, strict=True)]


def _value(name: str, value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if value is None:
        return None if name == "search" else ""
    if isinstance(value, int | float):
        return str(value)
    raise Unsealable(f"{name}: {value!r} is no text")


def digest_of(nonce: bytes, seq: int, names: Iterable[str], values: Iterable[str | None]) -> bytes:
    """The digest of a row. Raises Unsealable where a value is no text that can be stored."""
    kept: dict[str, Any] = {name: value for name, value in zip(names, values, strict=True) if value != ""}
    kept["seq"] = seq
    try:
        return hashlib.sha256(nonce + orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)).digest()
    except TypeError as error:
        raise Unsealable(str(error)) from None


def is_as_sealed(seq: int, nonce: bytes | None, digest: bytes | None, values: Sequence[str | None]) -> bool:
    """Whether a row is what its link says that was sealed."""
    try:
        return digest is not None and isinstance(nonce, bytes) and digest_of(nonce, seq, NAMES, values) == digest
    except Unsealable:
        return False


def add_rows(connection: sqlite3.Connection, first: int, rows: Sequence[list[str | None]]) -> tuple[list[bytes], int]:
    """Insert rows from the number ``first`` on; returns their digests, and how many cannot be stored."""
    nonces = os.urandom(NONCE_BYTES * len(rows))
    digests, ready, refused = list[bytes](), list[Any](), 0
    for place, values in enumerate(rows):
        nonce, seq = nonces[place * NONCE_BYTES : (place + 1) * NONCE_BYTES], first + len(digests)
        try:
            digests.append(digest_of(nonce, seq, NAMES, values))
        except Unsealable:
            refused += 1
            continue
        ready.append((seq, nonce, *values))
    connection.executemany(_INSERT, ready)
    return digests, refused


def head_of(connection: sqlite3.Connection) -> Seal | None:
    """The last batch that stands on record."""
    sql = "select number, last_seq, sealed_at, seal from batch order by number desc limit 1"
    row = connection.execute(sql).fetchone()
    return Seal(row[0], row[1], row[2], row[3].hex()) if row else None


def seal_batch(
    connection: sqlite3.Connection,
    number: int,
    links: Sequence[tuple[int, bytes]],
    times: Sequence[str],
    about: tuple[str, str],
) -> Seal:
    """Seal rows as the batch ``number``; ``links`` are their numbers and digests, ``times`` when they happened.

    ``about`` is when the batch is sealed, and under which versions.
    """
    head = head_of(connection)
    sealed_at, versions = about
    digests = [digest for _, digest in links]
    skip = number & (number - 1)
    found = connection.execute("select seal from batch where number = ?", [skip]).fetchone()
    header: dict[str, Any] = {"number": number, "after": head.number if head else 0, "rows": len(links)}
    header |= {"first": links[0][0], "last": links[-1][0], "sealed_at": sealed_at, "versions": versions}
    header |= {"oldest": min(times, default=""), "newest": max(times, default="")}
    root = hashlib.sha256(b"".join(digests)).digest()
    header |= {"root": root.hex(), "skip": NO_SEAL.hex() if skip == 0 else found[0].hex() if found else ""}
    seal = seal_of(bytes.fromhex(head.seal) if head else NO_SEAL, header)
    connection.executemany("insert into link values (?, ?, ?)", [(seq, digest, number) for seq, digest in links])
    kept = [header[name] for name in ("first", "last", "rows", "sealed_at", "oldest", "newest", "versions")]
    connection.execute("insert into batch values (?,?,?,?,?,?,?,?,?,?)", [number, *kept, root, seal])
    return Seal(number, header["last"], sealed_at, seal.hex())


def seal_afterwards(connection: sqlite3.Connection, last: int, about: tuple[str, str], size: int = 1000) -> int:
    """Seal the next rows up to ``last`` that stood on record before there was a chain; returns how many."""
    head = head_of(connection)
    sql = f"select seq, {_COLUMNS} from event where seq > ? and seq <= ? order by seq limit ?"
    rows = connection.execute(sql, [head.last if head else 0, last, size]).fetchall()
    if rows:
        nonces = [os.urandom(NONCE_BYTES) for _ in rows]
        links = [(row[0], _digest_of_old(nonce, row)) for nonce, row in zip(nonces, rows, strict=True)]
        seqs = [row[0] for row in rows]
        connection.executemany("update event set nonce = ? where seq = ?", list(zip(nonces, seqs, strict=True)))
        times = [str(row[1 + NAMES.index("at")]) for row in rows]
        seal_batch(connection, head.number + 1 if head else 1, links, times, (about[0], f"{AFTERWARDS} by {about[1]}"))
    return len(rows)


def _digest_of_old(nonce: bytes, row: Sequence[Any]) -> bytes:
    try:
        return digest_of(nonce, row[0], NAMES, row[1:])
    except Unsealable:  # no schoolgate wrote this row; the check will say so
        return hashlib.sha256(nonce).digest()
