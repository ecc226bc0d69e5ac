"""The files by which sightings reach the workers: the watcher's own, and the one of logins at the gateway's page.

The watcher touches a third one every round, so that whoever reads knows how old its word is.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from schoolgate.policy.whereabouts import Hold, Sitting, Source, Whereabouts
from schoolgate.whole_file import alone_in, exchange

FOLDER = "whereabouts"
SEEN, LOGINS, ALIVE = "seen.json", "logins.json", "alive"
STALE = 10.0
"""Seconds after which the watcher's word is believed no more."""
type Stamp = tuple[int, int, int] | None


def open_folder(data: Path) -> Path:
    """The folder of both files, made where it is missing. Raises OSError."""
    folder = data / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def write_seen(folder: Path, seen: Whereabouts) -> None:
    """The watcher's file; whoever reads it meanwhile has the old one whole. Raises OSError."""
    unfinished = folder / f".{SEEN}.new"
    unfinished.write_text(json.dumps(_rows(seen)))
    unfinished.replace(folder / SEEN)


def touch(folder: Path) -> None:
    """The watcher is alive. Raises OSError."""
    (folder / ALIVE).touch(mode=0o600)


def is_fresh(folder: Path) -> bool:
    """Whether the watcher has lived within the last seconds."""
    with suppress(OSError):
        return abs(time.time() - (folder / ALIVE).stat().st_mtime) < STALE
    return False


def read_file(path: Path) -> Whereabouts:
    """What stands in one of the files; nothing where there is none. Raises OSError and ValueError."""
    try:
        rows = json.loads(path.read_text("utf-8"))
        return Whereabouts(tuple(map(_hold, rows["holds"])), tuple(map(_sitting, rows["sittings"])))
    except FileNotFoundError:
        return Whereabouts()
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path.name} is not what was written") from error


def known_now(data: Path) -> Whereabouts:
    """What both files say, for one look; nothing of what is too old, not there, or not to be read by who asks."""
    seen, logins = Whereabouts(), Whereabouts()
    with suppress(OSError, ValueError):
        seen = read_file(data / FOLDER / SEEN) if is_fresh(data / FOLDER) else seen
    with suppress(OSError, ValueError):
        logins = read_file(data / FOLDER / LOGINS)
    return Whereabouts(seen.holds, (*seen.sittings, *logins.sittings))


def change_logins(folder: Path, change: Callable[[Whereabouts], Whereabouts]) -> Whereabouts:
    """One writer at a time; it is on the disk when this returns. Raises OSError. A damaged file begins anew."""
    with alone_in(folder):
        try:
            before = read_file(folder / LOGINS)
        except ValueError:
            before = Whereabouts()
        after = change(before)
        if after != before:
            exchange(folder / LOGINS, json.dumps(_rows(after)).encode())
        return after


def stamp_of(path: Path) -> Stamp:
    """What changes when a file's content does; None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _rows(seen: Whereabouts) -> dict[str, list[dict[str, Any]]]:
    return {"holds": [_row(hold) for hold in seen.holds], "sittings": [_row(sitting) for sitting in seen.sittings]}


def _row(one: Hold | Sitting) -> dict[str, Any]:
    row: dict[str, Any] = {"mac": one.mac, "source": one.source}
    row |= {"since": one.since.isoformat(), "until": one.until.isoformat()}
    if isinstance(one, Hold):
        return row | {"address": str(one.address), "name": one.name}
    return row | {"key": one.key, "user": one.user, "addresses": sorted(map(str, one.addresses))}


def _hold(row: dict[str, Any]) -> Hold:
    return Hold(ip_address(row["address"]), row["mac"], *_times(row), Source(row["source"]), row["name"])


def _sitting(row: dict[str, Any]) -> Sitting:
    addresses = frozenset(map(ip_address, row["addresses"]))
    return Sitting(row["key"], row["user"], *_times(row), Source(row["source"]), row["mac"], addresses)


def _times(row: dict[str, Any]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(row["since"]), datetime.fromisoformat(row["until"])
