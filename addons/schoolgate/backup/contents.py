"""What belongs into a backup, and the list of it that lies inside."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from schoolgate.store.journal import FOLDER as JOURNAL

FORMAT = 1
MANIFEST = "manifest.json"
SCHOOL, DATA = "school", "data"
"""The two folders in a backup: the school's own files, and what the gateway wrote."""
OWN = ("config", "blocklists", "reports")
STORES = ("office.db", "record.db")
"""In the order in which they are copied: the office may know less than the record, never more."""
_MADE_ANEW = ("index", "metrics", "copies", JOURNAL)
_PASSING = ("-wal", "-shm", ".lock", ".new")


class BadBackup(Exception):
    """The backup cannot be made or used; the words are for people."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """``files`` are sizes and SHA-256 by name; ``made`` is in UTC, ISO 8601."""

    school: str
    version: str
    made: str
    files: Mapping[str, tuple[int, str]]

    def written(self) -> bytes:
        """As it lies in the backup."""
        facts = {"format": FORMAT, "school": self.school, "version": self.version, "made": self.made}
        return json.dumps({**facts, "files": self.files}, indent=1).encode()


def read_manifest(text: bytes) -> Manifest:
    """The inverse of ``written``. Raises BadBackup."""
    try:
        facts = json.loads(text)
        number = int(facts["format"])
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in facts["files"].items()}
        manifest = Manifest(str(facts["school"]), str(facts["version"]), str(facts["made"]), files)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadBackup("its list of contents cannot be read, so it is no backup of schoolgate's") from None
    if number > FORMAT:
        raise BadBackup(f"it was made by a newer schoolgate ({manifest.version}); install that one first")
    return manifest


def own_files(root: Path, more: Path | None = None) -> Iterator[tuple[str, Path]]:
    """The school's own files with their names in a backup; ``more`` is one that its settings name besides."""
    places = [root / name for name in OWN]
    for place in (*places, *([more] if more is not None and more.is_relative_to(root) else ())):
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file():
                yield f"{SCHOOL}/{path.relative_to(root).as_posix()}", path


def data_files(data: Path) -> Iterator[tuple[str, Path]]:
    """What the gateway wrote, but for its stores and journals, and for what it makes anew by itself."""
    for path in sorted(data.rglob("*")):
        inside = path.relative_to(data)
        is_passing = any(part.startswith(".") for part in inside.parts) or path.name.endswith(_PASSING)
        is_store = path.name in STORES or ".db.damaged" in path.name
        if path.is_file() and inside.parts[0] not in _MADE_ANEW and not is_passing and not is_store:
            yield f"{DATA}/{inside.as_posix()}", path


def safe_name(name: str) -> PurePosixPath:
    """A name of a backup as a path that stays inside it. Raises BadBackup."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or len(path.parts) < 2 or path.parts[0] not in (SCHOOL, DATA):
        raise BadBackup(f"it holds {name!r}, which is no name of a school's file")
    return path
