"""The lines of a list as it lies on disk: a file, a folder of files, or an archive, whatever its encoding or size.

Nothing of a list is taken into memory at once, and nothing in it can make reading endless: lines, members and
unpacked bytes have limits.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

_BLOCK = 1 << 20
_LONGEST_LINE = 8192  # bytes; longer lines are no entries of a list
LARGEST = 2 << 30  # unpacked bytes of one list
TOO_LONG_A_LINE = f"a line longer than {_LONGEST_LINE} bytes"
Lines = Iterator[tuple[int, str]]


class UnreadableList(Exception):
    """A list as a whole that cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a list: its path inside the folder or archive, and how to open it."""

    name: str
    open: Callable[[], IO[bytes]]


def members(path: Path, folder: str = "") -> Iterator[Member]:
    """Every file of a list, as long as the iteration stands at it; ``folder`` narrows a folder or an archive to a part.

    Raises UnreadableList.
    """
    try:
        if path.is_dir():
            yield from _of_folder(path / folder if folder else path)
        else:
            yield from _of_file(path, folder)
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, RuntimeError) as error:
        raise UnreadableList(f"it cannot be unpacked or read: {error}") from error


def _of_folder(folder: Path) -> Iterator[Member]:
    if not folder.is_dir():
        raise UnreadableList(f"it has no folder {folder.name!r}")
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield Member(file.relative_to(folder).as_posix(), lambda file=file: file.open("rb"))  # type: ignore[misc]


def _of_file(path: Path, folder: str) -> Iterator[Member]:
    with path.open("rb") as raw:
        if raw.read(4) == b"PK\x03\x04":
            yield from _of_zip(path, folder)
            return
        raw.seek(0)
        head = raw.read(6)
        raw.seek(0)
        file = _unpacked(raw, head)
        if _is_tar(file):
            yield from _of_tar(file, folder)
        else:
            file.seek(0)
            yield Member(path.name, lambda: _Limited(file))


def _unpacked(raw: IO[bytes], head: bytes) -> IO[bytes]:
    """The stream behind a compressed one, known by its first bytes."""
    if head.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw))
    if head.startswith(b"BZh"):
        return bz2.BZ2File(raw)
    if head.startswith(b"\xfd7zXZ"):
        return lzma.LZMAFile(raw)  # ends with ``raw``, which its opener closes
    return raw


def _is_tar(file: IO[bytes]) -> bool:
    head = file.read(512)
    file.seek(0)
    return head[257:262] == b"ustar"


def _of_tar(file: IO[bytes], folder: str) -> Iterator[Member]:
    """Members in the archive's order; links, devices and paths out of the archive are passed over."""
    limited = _Limited(file)
    with tarfile.open(fileobj=limited, mode="r|") as archive:
        for info in archive:
            name = _inside(info.name, folder)
            if info.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and name:  # no sparse files: they are made of nothing
                yield Member(name, lambda info=info: _opened(archive, info))  # type: ignore[misc]


def _opened(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    found = archive.extractfile(info)
    return _Limited(found) if found is not None else io.BytesIO()


def _of_zip(path: Path, folder: str) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = _inside(info.filename, folder)
            if not info.is_dir() and name:
                yield Member(name, lambda info=info: _Limited(archive.open(info)))  # type: ignore[misc]


def _inside(name: str, folder: str) -> str:
    """A member's path below ``folder``, wherever in the archive that folder stands; "" when it is not below it."""
    parts = [part for part in PurePosixPath(name).parts if part not in ("/", ".")]
    if ".." in parts:
        return ""
    wanted = list(PurePosixPath(folder).parts)
    if not wanted:
        return "/".join(parts)
    for start in range(len(parts) - len(wanted)):
        if parts[start : start + len(wanted)] == wanted:
            return "/".join(parts[start + len(wanted) :])
    return ""


class _Limited(io.RawIOBase, IO[bytes]):
    """A stream that ends with UnreadableList when it has given more than LARGEST bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._left = file, LARGEST

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._file.read(size if size >= 0 else _BLOCK)
        except (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile) as error:
            raise UnreadableList(f"it cannot be unpacked or read: {error}") from error
        self._left -= len(data)
        if self._left < 0:
            raise UnreadableList(f"unpacked it is larger than {LARGEST >> 20} MiB")
        return data

    def readable(self) -> bool:
        return True


def lines(file: IO[bytes], complain: Callable[[int, str, str], None]) -> Lines:
    """Number and text of every line, in UTF-8 or, where a line is not that, in Latin-1; blank ones are left out."""
    number, rest, skipping = 0, b"", False
    while True:
        block = file.read(_BLOCK)
        if not block:
            break
        pieces = (rest + block).split(b"\n")
        rest = pieces.pop()
        if skipping:  # the end of a line that was too long
            pieces, skipping = pieces[1:], not pieces
        for piece in pieces:
            number += 1
            if len(piece) > _LONGEST_LINE:
                complain(number, TOO_LONG_A_LINE, piece[:40].decode("latin-1"))
            else:
                text = decoded(piece, number)
                if text:
                    yield number, text
        if len(rest) > _LONGEST_LINE:
            if not skipping:
                number += 1
                complain(number, TOO_LONG_A_LINE, rest[:40].decode("latin-1"))
            rest, skipping = b"", True
    text = decoded(rest, number + 1)
    if text and not skipping:
        yield number + 1, text


def decoded(piece: bytes, number: int) -> str:
    """One line as text, without blanks around it and, on the first line, without a byte order mark."""
    if number == 1:
        piece = piece.removeprefix(b"\xef\xbb\xbf")
    try:
        return piece.decode("utf-8").strip()
    except UnicodeDecodeError:
        return piece.decode("latin-1").strip()
