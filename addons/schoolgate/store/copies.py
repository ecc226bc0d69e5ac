"""Copies of the record, made each night and before its tables change, so that a disk that lies costs nothing seen.

``copies/record-000012.db`` is the twelfth night's; the last two are kept. A journal that was carried over is kept too,
in ``copies/journal-000012/`` where the twelfth copy was the newest, until two newer copies are whole: with the copy
and the journals since, everything that was on record can be had again. ``before-<migration>-record.db`` is how the file
was before a new version changed its tables.
"""

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from schoolgate.store.database import Database, Migrations
from schoolgate.store.journal import FOLDER as JOURNAL
from schoolgate.whole_file import settle_folder

FOLDER = "copies"
KEPT = 2
"""Copies of nights that are kept."""
_SPARE = 256 * 1024 * 1024  # bytes that have to stay free beside a copy
_LARGE = 256 * 1024 * 1024  # bytes; what is smaller is brought up to date in a few seconds
_NUMBERED = re.compile(r"-(\d{6})(?:\.db)?$")


class NotCopied(Exception):
    """There is no copy, and the words say why."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken, and not only what was asked of it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_whole(path: Path) -> bool:
    """Whether SQLite can read all of the file. Raises sqlite3.Error where that cannot be told (it is locked, say)."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            return list(connection.execute("pragma quick_check(1)")) == [("ok",)]
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return False
        raise


def copy_whole(source: Path, target: Path) -> None:
    """Copy a store that may be in use; the copy appears whole and checked, or not at all.

    Raises NotCopied where there is no room or the source is damaged, else sqlite3.Error and OSError.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    size, free = source.stat().st_size, shutil.disk_usage(target.parent).free
    if free < size + _SPARE:
        raise NotCopied(
            f"a copy of {source.name} needs {(size + _SPARE) // 2**20:,} MB, and {free // 2**20:,} are free"
        )
    unfinished = target.with_name(f".{target.name}")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=30)) as reading,
            closing(sqlite3.connect(unfinished)) as writing,
        ):
            reading.backup(writing)
            writing.execute("pragma journal_mode = delete")
        if not is_whole(unfinished):
            raise NotCopied(f"{source.name} is damaged")
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(target)
        settle_folder(target.parent)
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise NotCopied(f"{source.name} is damaged") from None
        raise
    finally:
        unfinished.unlink(missing_ok=True)


def keep_before(path: Path, db: Database, migrations: Migrations) -> None:
    """A copy of a store whose tables are about to change. Raises NotCopied: then nothing is to be changed."""
    coming = migrations.pending(db)
    if coming and migrations.applied(db):
        copy_whole(path, path.parent / FOLDER / f"before-{coming[0].name}-{path.name}")


def upgrade_words(path: Path, migrations: Migrations) -> str:
    """What has to be done first to a store of an earlier version, where that takes longer than a start may; else "".

    Raises nothing: what is wrong with the file is found when it is opened.
    """
    with suppress(OSError, sqlite3.Error):
        size = path.stat().st_size
        if size >= _LARGE and steps_of(migrations) - steps_done(path):
            return (
                f"{path.name} ({size // 2**20:,} MB) is copied, and brought up to date for this version. That can take "
                "minutes. Filtering goes on; what happens meanwhile waits in journals, and is put on record then."
            )
    return ""


def steps_of(migrations: Migrations) -> frozenset[str]:
    """The names of the steps that this version knows."""
    return frozenset(step.name for step in migrations._migrations)


def steps_done(path: Path) -> frozenset[str]:
    """The names of the steps that a store has behind it; none for one that is new."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
        if not connection.execute("select 1 from sqlite_master where name = '_sqlite_migrations'").fetchone():
            return frozenset()
        return frozenset(row[0] for row in connection.execute("select name from _sqlite_migrations"))


def nights(data: Path, name: str) -> list[tuple[int, Path]]:
    """The copies of a store (``record.db``) by number, the newest first."""
    stem = name.removesuffix(".db")
    found = ((_NUMBERED.search(path.name), path) for path in (data / FOLDER).glob(f"{stem}-??????.db"))
    return sorted(((int(number[1]), path) for number, path in found if number), reverse=True)


def copy_of_night(data: Path, name: str, number: int, at: float) -> None:
    """Copy a store under this number, as of ``at`` (seconds since 1970), and let go of those that are too old."""
    copy = data / FOLDER / f"{name.removesuffix('.db')}-{number:06}.db"
    copy_whole(data / name, copy)
    os.utime(copy, (at, at))
    for _, old in nights(data, name)[KEPT:]:
        old.unlink(missing_ok=True)


def newest(data: Path, name: str) -> int:
    """The number of the newest copy, 0 where there is none."""
    return next((number for number, _ in nights(data, name)), 0)


def kept_journals(data: Path) -> Iterator[tuple[int, Path]]:
    """The folders of journals that were carried over, with the number of the copy that was the newest then."""
    for folder in (data / FOLDER).glob("journal-??????"):
        number = _NUMBERED.search(folder.name)
        if number:
            yield int(number[1]), folder


def keep_journal(data: Path, segment: Path, number: int) -> None:
    """A journal that was carried over whole is kept until two newer copies are. Raises OSError."""
    folder = data / FOLDER / f"journal-{number:06}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    segment.rename(folder / segment.name)


def let_go_of_journals(data: Path, before: int, written_before: float) -> list[str]:
    """Delete kept journals that no copy needs any more, and those that were written too long ago; returns their names.

    The first are those with numbers below ``before``; ``written_before`` is in seconds since 1970.
    """
    gone = list[str]()
    for number, folder in kept_journals(data):
        for path in list(folder.glob("*.journal")):
            if number < before or path.stat().st_mtime < written_before:
                path.unlink()
                gone.append(path.name)
        if not any(folder.iterdir()):
            folder.rmdir()
    return gone


def journals_since(data: Path, number: int) -> int:
    """Put the journals that were kept since that copy where the recorder reads them again; returns how many."""
    moved = 0
    for since, folder in sorted(kept_journals(data)):
        for path in folder.glob("*.journal") if since >= number else ():
            path.rename(data / JOURNAL / path.name)
            moved += 1
    return moved
