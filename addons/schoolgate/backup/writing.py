"""Packs a school into one file, also while its gateway runs."""

import hashlib
import io
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from schoolgate.backup.contents import DATA, MANIFEST, STORES, BadBackup, Manifest, data_files, own_files
from schoolgate.store.copies import NotCopied, copy_whole
from schoolgate.store.journal import FOLDER as JOURNAL
from schoolgate.store.journal import segments
from schoolgate.store.mending import ask_to_look

_TRIES = 5
_CHUNK = 1 << 20
_DAY = 24 * 3600.0  # seconds, which no backup takes


def write_backup(file: BinaryIO, root: Path, data: Path, school: str, more: Path | None = None) -> Manifest:
    """Pack the school whose files lie below ``root``; what the gateway wrote is below ``data``.

    Raises BadBackup where a store cannot be copied, and OSError.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    _clear(data)
    known = dict[str, tuple[int, str]]()
    with (
        tempfile.TemporaryDirectory(prefix=".backup-", dir=data) as folder,
        tarfile.open(fileobj=file, mode="w|gz", compresslevel=6) as archive,
    ):
        for name, path in (*own_files(root, more), *data_files(data), *_moving(data, Path(folder))):
            known[name] = _add(archive, name, path)
        manifest = Manifest(school, version("schoolgate"), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", known)
        text = manifest.written()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(text), 0o600
        archive.addfile(entry, io.BytesIO(text))
    return manifest


def _clear(data: Path) -> None:
    """Copies that a backup has left which was killed: they take as much room as the record."""
    for left in data.glob(".backup-*"):
        if left.stat().st_mtime < time.time() - _DAY:
            shutil.rmtree(left, ignore_errors=True)


def _moving(data: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Stores and journals, copied so that they fit together.

    Journals are copied first, so that no event falls between. One that was deleted meanwhile may stand in the copied
    record already, which would count its requests twice: then all is copied again.
    """
    for _ in range(_TRIES):
        shutil.rmtree(folder / JOURNAL, ignore_errors=True)
        (folder / JOURNAL).mkdir()
        for path in segments(data):
            try:
                shutil.copyfile(path, folder / JOURNAL / path.name)
            except FileNotFoundError:
                continue
        for name in STORES:
            _copy(data / name, folder / name)
        copied = {path.name for path in (folder / JOURNAL).iterdir()}
        if copied <= {path.name for path in segments(data)}:
            break
    else:
        raise BadBackup("the record changes too fast to be copied; try again when there is less to do")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield f"{DATA}/{path.relative_to(folder).as_posix()}", path


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    if not source.exists():
        return
    try:
        copy_whole(source, target)
    except NotCopied as error:
        if "damaged" in str(error):
            ask_to_look(source.parent)
        raise BadBackup(str(error)) from None
    except sqlite3.Error as error:
        raise BadBackup(f"{source.name} cannot be copied: {error}") from None


def _add(archive: tarfile.TarFile, name: str, path: Path) -> tuple[int, str]:
    """Size and SHA-256 of what went in: also of a file that grows meanwhile, its beginning as it was."""
    stat = path.stat()
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = stat.st_size, stat.st_mode & 0o777, int(stat.st_mtime)
    with path.open("rb") as content:
        reading = _Digesting(content)
        archive.addfile(entry, reading)
    return stat.st_size, reading.digest.hexdigest()


class _Digesting:
    """A file that is read, and what was read of it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, _CHUNK) if size >= 0 else size)
        self.digest.update(data)
        return data
