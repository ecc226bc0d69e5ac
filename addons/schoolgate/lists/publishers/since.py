"""Since when a name stands in a list: written down when a new copy of the list replaces an old one.

The file has one ``entry<TAB>date`` a line, in the order of their bytes, and only for entries that came after the first
copy. Entries are compared by 64-bit hashes (8 bytes each, of this process only), so five million fit in 40 MB a copy.
"""

import heapq
import mmap
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from schoolgate.whole_file import whole

_PARTS = 256
_SHIFT = 56
_ALL = (1 << 64) - 1


class _Names:
    """A set of names that takes 8 bytes each: their hashes, sorted, in parts by the first byte."""

    def __init__(self) -> None:
        self._parts = [array("Q") for _ in range(_PARTS)]

    def add(self, number: int) -> None:
        self._parts[number >> _SHIFT].append(number)

    def sort(self) -> None:
        for place, part in enumerate(self._parts):
            self._parts[place] = array("Q", sorted(part))

    def __contains__(self, number: int) -> bool:
        part = self._parts[number >> _SHIFT]
        place = bisect_left(part, number)
        return place < len(part) and part[place] == number


def _number(entry: bytes) -> int:
    return hash(entry) & _ALL


def _bytes(entry: str) -> bytes:
    return entry.encode("utf-8", "surrogatepass")


def write_since(
    path: Path, entries: Iterable[str], old_entries: Iterable[str] | None, old_path: Path | None, at: datetime
) -> int:
    """Write to ``path`` since when the new entries are there, and return how many came with this copy.

    ``old_path`` is the file of the copy before, None for none. ``old_entries`` of None means that they are not known
    (the old copy was damaged): then known dates are kept and nothing counts as new.
    """
    old, present = _Names(), _Names()
    for entry in old_entries or ():
        old.add(_number(_bytes(entry)))
    old.sort()
    added: list[bytes] = []
    date = b"\t" + at.astimezone(UTC).isoformat(timespec="seconds").encode()
    for entry in entries:
        raw = _bytes(entry)
        number = _number(raw)
        present.add(number)
        if old_entries is not None and number not in old and b"\t" not in raw and b"\n" not in raw:
            added.append(raw)
    present.sort()
    added.sort()
    kept = (line for line in _lines(old_path) if _stands(line, present, None if old_entries is None else old))
    with whole(path) as file:
        number, last = 0, b""
        for line in heapq.merge(kept, (entry + date for entry in added)):
            if line != last:
                file.write(line + b"\n")
                number += line.endswith(date)
            last = line
    return number


def _lines(path: Path | None) -> Iterator[bytes]:
    if path is not None and path.exists():
        with path.open("rb") as file:
            for line in file:
                yield line.rstrip(b"\n")


def _stands(line: bytes, present: _Names, old: _Names | None) -> bool:
    """Whether a line stays: its entry is in the new copy, and was in the old one (else it left and came back)."""
    number = _number(line.partition(b"\t")[0])
    return number in present and (old is None or number in old)


def read_since(path: Path, entry: str) -> datetime | None:
    """When the entry came into the list (UTC), or None: it was there from the first copy, or is not there."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _search(data, _bytes(entry) + b"\t")
    except (FileNotFoundError, ValueError):  # mmap calls an empty file a ValueError
        return None


def _search(data: mmap.mmap, wanted: bytes) -> datetime | None:
    low, high = 0, len(data)
    while low < high:
        start = data.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        line = data[start:end]
        if line.startswith(wanted):
            return datetime.fromisoformat(line[len(wanted) :].decode())
        if line < wanted:
            low = end + 1
        else:
            high = start
    return None
