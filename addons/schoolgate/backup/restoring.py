"""Puts a backup where a school is, or is to be: all of it is looked at first, and what was there is put aside."""

import hashlib
import os
import secrets
import shutil
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from schoolgate.backup.contents import (
    DATA,
    MANIFEST,
    SCHOOL,
    STORES,
    BadBackup,
    Manifest,
    read_manifest,
    safe_name,
)
from schoolgate.lock import running
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.folders import find_folders
from schoolgate.settings.written import data_folder_of
from schoolgate.store.copies import is_whole, steps_done, steps_of
from schoolgate.store.event import fault_event
from schoolgate.store.journal import Journal
from schoolgate.store.office import office_migrations
from schoolgate.store.schema import record_migrations

_CHUNK = 1 << 20
_KNOWN = {"record.db": steps_of(record_migrations), "office.db": steps_of(office_migrations)}


@dataclass(slots=True)
class Restored:
    """What was done: ``aside`` are the folders that what was there has now."""

    manifest: Manifest
    data: Path
    aside: list[Path] = field(default_factory=list[Path])


def restore(file: BinaryIO, root: Path, replace: bool) -> Restored:
    """Put the backup into ``root``; with ``replace`` also where a school is already.

    Raises BadBackup where it is not whole, is of a newer version, or does not fit what is there; then nothing has
    changed. Raises OSError.
    """
    root.mkdir(parents=True, exist_ok=True)
    for left in root.glob(".restore-*"):  # by one that was killed
        shutil.rmtree(left, ignore_errors=True)
    unpacked = root / f".restore-{secrets.token_hex(6)}"
    unpacked.mkdir(mode=0o700)
    try:
        manifest = _unpack(file, unpacked)
        data = _data_folder(unpacked, root)
        _refuse_running(data)
        moves = [(source, root / source.name) for source in sorted((unpacked / SCHOOL).iterdir())]
        moves.append((unpacked / DATA, data))
        there = [target for source, target in moves if source.exists() and _is_used(target)]
        if there and not replace:
            raise BadBackup(
                f"{there[0]} is there already; with --replace it is put aside, and the backup takes its place"
            )
        (unpacked / DATA).mkdir(mode=0o700, exist_ok=True)
        _give_to_owner(unpacked, root)
        done = Restored(manifest, data)
        for source, target in moves:
            _move(source, target, done)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    _put_on_record(done)
    return done


def _unpack(file: BinaryIO, target: Path) -> Manifest:
    """Everything below ``target``, compared with the list inside. Raises BadBackup."""
    found, text = dict[str, tuple[int, str]](), b""
    try:
        with tarfile.open(fileobj=file, mode="r|*") as archive:
            for entry in archive:
                content = archive.extractfile(entry) if entry.isreg() else None
                if content is None:
                    raise BadBackup(f"it holds {entry.name!r}, which is no file")
                if entry.name == MANIFEST:
                    text = content.read()
                    continue
                path = target / safe_name(entry.name)
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                digest = hashlib.sha256()
                with path.open("xb") as out:
                    while chunk := content.read(_CHUNK):
                        digest.update(chunk)
                        out.write(chunk)
                path.chmod(0o600 if entry.name.startswith(DATA) else entry.mode & 0o777)
                found[entry.name] = (entry.size, digest.hexdigest())
    except (tarfile.TarError, EOFError, FileExistsError, ValueError) as error:
        raise BadBackup(f"it is not whole, or no backup of schoolgate's ({error})") from None
    except OSError as error:
        if error.errno is None:  # gzip's own
            raise BadBackup(f"it is not whole ({error})") from None
        raise
    if not text:
        raise BadBackup("its list of contents is missing, so it is not whole, or no backup of schoolgate's")
    manifest = read_manifest(text)
    differs = sorted(name for name in {*found, *manifest.files} if found.get(name) != manifest.files.get(name))
    if differs:
        raise BadBackup(f"{differs[0]} in it is not what was put there")
    if not (target / SCHOOL / "config" / "school.yaml").is_file():
        raise BadBackup("it holds no config/school.yaml")
    for name in STORES:
        _check_store(target / DATA / name, manifest)
    return manifest


def _check_store(path: Path, manifest: Manifest) -> None:
    if not path.exists():
        return
    if not is_whole(path):
        raise BadBackup(f"{path.name} in it is damaged")
    if newer := sorted(steps_done(path) - _KNOWN[path.name]):
        words = f"its {path.name} was written by a newer schoolgate ({manifest.version}, {newer[0]})"
        raise BadBackup(f"{words}; install that one first")


def _data_folder(unpacked: Path, root: Path) -> Path:
    """Where the restored school.yaml has its data, as seen from where it is going to be."""
    try:
        data = data_folder_of(find_folders(unpacked / SCHOOL / "config"))
    except SettingsError as error:
        raise BadBackup(f"its school.yaml cannot be read: {error}") from None
    inside = (unpacked / SCHOOL).resolve()
    return root.resolve() / data.relative_to(inside) if data.is_relative_to(inside) else data


def _refuse_running(data: Path) -> None:
    found = running(data)
    if found is not None:
        raise BadBackup(f"a gateway is running with {data} (process {found.pid}); stop it first")


def _is_used(target: Path) -> bool:
    return target.exists() and (not target.is_dir() or any(target.iterdir()))


def _move(source: Path, target: Path, done: Restored) -> None:
    if not source.exists():
        return
    if _is_used(target):
        aside = target.with_name(f"{target.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}")
        target.rename(aside)
        done.aside.append(aside)
    elif target.is_dir():
        target.rmdir()
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(source, target)


def _give_to_owner(folder: Path, root: Path) -> None:
    """What root unpacks belongs to whom the school's folder belongs to."""
    owner = root.stat()
    if os.geteuid() == 0 and owner.st_uid:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)


def _put_on_record(done: Restored) -> None:
    words = f"The gateway was restored from the backup of {done.manifest.made} (schoolgate {done.manifest.version})."
    words += " What happened after that is not in this record"
    words += f"; what was here before is kept as {done.aside[-1].name}." if done.aside else "."
    journal = Journal(done.data, "restore")
    journal.append({"t": "event", **fault_event(datetime.now(UTC), "restored", words, "").row()})
    journal.close()
