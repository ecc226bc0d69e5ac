"""Looks into the folders of feeds, takes up what is sound, and keeps the last good one of what is not.

A feed is a folder below ``/etc/schoolgate/sealed`` or below ``sealed`` beside ``config``; its name is the feed's. No
setting says so: whoever can write YAML cannot switch a feed off.
"""

import hashlib
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from schoolgate.lists.sealed.feeds import About, known
from schoolgate.lists.sealed.kept import Damaged, Kept, read_kept, write_kept
from schoolgate.lists.sealed.marks import Digested, digested
from schoolgate.lists.sealed.probing import with_probe
from schoolgate.lists.sealed.reading import Unreadable, read_file
from schoolgate.policy.sealed import Sealed

MACHINE = Path("/etc/schoolgate/sealed")
"""Where feeds lie for whatever school's files the gateway is started with."""
KEPT, DOWNLOADED = "sealed", "sealed-downloads"
"""Folders in the data folder: of digests, and of feeds that the gateway fetches itself."""
DOWNLOAD = "download.toml"
_SUFFIX = ".digests"
_LEAST_OF_BEFORE, _MANY = 10, 20  # a feed of many entries that has suddenly less than a tenth was cut off


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed that is in force, and what is wrong with it ("" for nothing); ``dated`` is when its files were written.

    ``published`` are the kinds of digest in it that its publisher made.
    """

    name: str
    title: str
    about: About
    entries: int
    left_out: int
    dated: datetime
    source: str
    trouble: str = ""
    published: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """All feeds that are in force, how each stands, and what is wrong with those that are not."""

    sealed: Sealed
    states: tuple[FeedState, ...]
    troubles: tuple[str, ...]
    files: tuple[Path, ...]


def folders_of(root: Path, data: Path) -> dict[str, list[Path]]:
    """The folders of every feed by its name; ``root`` is the folder above ``config``."""
    found: dict[str, list[Path]] = {}
    for place in _places(root, data):
        with suppress(OSError):
            for folder in sorted(place.iterdir()):
                if folder.is_dir() and not folder.name.startswith("."):
                    found.setdefault(folder.name.lower(), []).append(folder)
    return found


def _places(root: Path, data: Path) -> tuple[Path, ...]:
    return MACHINE, root / "sealed", data / DOWNLOADED


def files_of(folders: Sequence[Path]) -> Iterator[Path]:
    """The files of a feed that hold entries. Raises OSError where a folder cannot be read."""
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name != DOWNLOAD and not path.name.startswith(".") and path.suffix != ".part":
                yield path


def watched(root: Path, data: Path) -> Iterator[Path]:
    """What has to be looked at again when it changes."""
    yield from _places(root, data)[:2]
    for folders in folders_of(root, data).values():
        yield from folders
        with suppress(OSError):
            yield from files_of(folders)


def take_up(root: Path, data: Path, key: bytes) -> Taken:
    """Take up every feed; never raises, as a faulty feed is no reason to filter by none."""
    found = folders_of(root, data)
    kept_folder = data / KEPT
    names = {*found, *(path.name.removesuffix(_SUFFIX) for path in kept_folder.glob(f"*{_SUFFIX}"))}
    kept, states, troubles = list[Kept](), list[FeedState](), list[str]()
    for name in sorted(names):
        feed, trouble = _take(name, found.get(name, []), kept_folder / f"{name}{_SUFFIX}", key)
        title = known(name).title
        if trouble:
            held = ", the last good copy stays in force" if feed else ", so NOTHING OF IT IS IN FORCE"
            troubles.append(f"The feed of illegal material {title} {trouble}{held}.")
        if feed is not None:
            kept.append(feed)
            about = (name, title, known(name).about, feed.entries, feed.left_out, feed.dated, feed.source)
            states.append(FeedState(*about, trouble, feed.feed.published))
    files = tuple(path for path in watched(root, data) if path.is_file())
    troubles += [*_misplaced(_places(root, data)), *_open_files(files)]
    return Taken(Sealed(key, [with_probe(key, each.feed) for each in kept]), tuple(states), tuple(troubles), files)


def _take(name: str, folders: list[Path], path: Path, key: bytes) -> tuple[Kept | None, str]:
    """The feed that is in force from now on, None where there is none; and what is wrong."""
    before, damage = _before(path, key)
    try:
        files = list(files_of(folders))
        if not files:
            gone = "has vanished: its folder is empty or gone" if before else ""
            return before, damage or gone or ("has not come yet: its folder is empty" if folders else "")
        source = _source_of(files, key)
        dated = _dated(files)
        if before is not None and before.source == source:
            return replace(before, dated=dated), ""  # the same list may have been brought again
        made = digested(name, key, (line for file in files for line in read_file(file)))
    except Unreadable as error:
        return before, f"is faulty: a file {error}"
    except OSError as error:
        return before, f"cannot be read ({error.strerror})"
    if words := _faulty(made, before):
        return before, words
    new = Kept(made.feed, source, made.entries, made.left_out, dated)
    try:
        write_kept(path, key, new)
    except OSError as error:
        return new, f"is in force but cannot be kept for later ({error.strerror})"
    return new, ""


def _before(path: Path, key: bytes) -> tuple[Kept | None, str]:
    try:
        return read_kept(path, key), ""
    except (Damaged, ValueError, KeyError, TypeError, OSError) as error:
        words = str(error) if isinstance(error, Damaged) else "its digests cannot be read"
        return None, f"has vanished, and {words}"


def _dated(files: Sequence[Path]) -> datetime:
    """When the newest file was written. Raises OSError."""
    try:
        return datetime.fromtimestamp(max(file.stat().st_mtime for file in files), UTC)
    except (ValueError, OverflowError):  # a time that no calendar knows
        return datetime.fromtimestamp(0, UTC)


def _source_of(files: Sequence[Path], key: bytes) -> str:
    digest = hashlib.blake2b(key=key, digest_size=16)
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _faulty(made: Digested, before: Kept | None) -> str:
    """Why a feed is not taken up, "" where it is."""
    if not made.entries:
        return "is faulty: no line of it can be read"
    if made.left_out > made.entries:
        return f"is faulty: {made.left_out} lines cannot be read and only {made.entries} can"
    if before is not None and before.entries >= _MANY and made.entries * _LEAST_OF_BEFORE < before.entries:
        return f"looks cut off: it has {made.entries} entries where it had {before.entries}"
    return ""


def _misplaced(places: Sequence[Path]) -> Iterator[str]:
    """Words about what lies where feeds lie, and is none; file names are not told."""
    for place in places:
        try:
            loose = sum(not path.is_dir() and not path.name.startswith(".") for path in place.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield f"The feeds of illegal material in {place} CANNOT BE READ by the gateway ({error.strerror})."
            continue
        if loose:
            files = "A file lies" if loose == 1 else f"{loose} files lie"
            yield f"{files} loose in {place}, so NOTHING OF IT IS IN FORCE: put it into a folder, such as {place}/iwf/."


def _open_files(files: Sequence[Path]) -> Iterator[str]:
    """Words about files that anybody can read; those that are ours are closed to all others."""
    open_ones = 0
    for path in files:
        with suppress(OSError):
            mode = path.stat().st_mode
            try:
                if mode & (stat.S_IRWXG | stat.S_IRWXO):
                    path.chmod(0o600)
            except OSError:
                open_ones += bool(mode & stat.S_IRWXO)
    if open_ones:
        yield f"Anybody on this machine can read {open_ones} files of feeds of illegal material: chmod 600 them."
