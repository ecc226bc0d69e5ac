"""Reads a feed's file as providers write it: a line an address, CSV with or without a head, or published digests.

UTF-8, UTF-16 with its mark, or Latin-1; plain or gzip. Lines that begin with ``#``, ``;`` or ``//`` are comments. Lines
that cannot be read are counted and never told, as they may be addresses.
"""

import base64
import binascii
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import can_ada

from schoolgate.policy.request import BadAddress, canonical_host, host_address

LARGEST = 64 * 1024 * 1024
"""Bytes of a feed's file, unpacked: a hundred times what any feed has."""
_GZIP = b"\x1f\x8b"
_ADDRESSES = ("url", "uri", "address", "webaddress", "link", "domain", "host", "hostname", "entry")
_DIGESTS = ("md5", "sha1", "sha256", "hash", "digest", "urlhash", "hashedurl", "urlmd5", "urlsha1", "urlsha256")
_BY_LENGTH = {32: "md5", 40: "sha1", 64: "sha256"}
_HEX = re.compile(r"(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{43}=")
_SCHEME = re.compile(r"https?://|hxxps?://", re.IGNORECASE)
_HOST = re.compile(r"[^\s/?#,;|\"]+\.[^\s/?#,;|\".]{2,}|\[[0-9a-fA-F:.]+\]|\d+\.\d+\.\d+\.\d+")


class Unreadable(ValueError):
    """The file is no list; the message holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Address:
    """An entry in words: host, path ("" and "/" for the whole site) and query; ``is_folder`` where all below counts."""

    host: str
    path: str
    query: str
    is_folder: bool


@dataclass(frozen=True, slots=True)
class Published:
    """An entry that the publisher has digested: the kind (``md5``, ``sha1``, ``sha256``) and the digest in hex."""

    kind: str
    digest: str


def read_file(path: Path) -> Iterator[Address | Published | None]:
    """Every entry of a file; None for a line that is none. Raises Unreadable, OSError."""
    lines = [line.strip() for line in _text_of(path).splitlines()]
    rows = [line for line in lines if line and not line.startswith(("#", ";", "//"))]
    if not rows:
        return
    delimiter = next((each for each in "\t|,;" if each in rows[0]), ",")
    head = [_name(cell) for cell in _cells(rows[0], delimiter)]
    column = next((place for place, name in enumerate(head) if name in (*_ADDRESSES, *_DIGESTS)), None)
    if column is not None:
        yield from (_in_column(row, delimiter, column) for row in rows[1:])
        return
    lengths = {len(_cells(row, delimiter)) for row in rows}
    is_table = len(lengths) == 1 and max(lengths) > 1
    for row in rows:
        yield from _entries(row, delimiter, is_table)


def _text_of(path: Path) -> str:
    data = path.read_bytes()
    if data[:2] == _GZIP:
        try:
            with gzip.open(io.BytesIO(data)) as file:
                data = file.read(LARGEST + 1)
        except (OSError, EOFError, zlib.error):
            raise Unreadable("cannot be unpacked: it is cut off or damaged") from None
    if len(data) > LARGEST:
        raise Unreadable("is larger than any feed")
    if data[:4] == b"PK\x03\x04":
        raise Unreadable("is an archive; unpack it")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:4096]:
        raise Unreadable("is no text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _cells(row: str, delimiter: str) -> Sequence[str]:
    try:
        return next(csv.reader([row], delimiter=delimiter), [])
    except csv.Error:
        return []


def _name(cell: str) -> str:
    return "".join(letter for letter in cell.lower() if letter.isalnum())


def _in_column(row: str, delimiter: str, column: int) -> Address | Published | None:
    cells = _cells(row, delimiter)
    return _read(cells[column]) if column < len(cells) else None


def _entries(row: str, delimiter: str, is_table: bool) -> Iterator[Address | Published | None]:
    """What a line without a head says: all of it, or its first cell that can be read.

    Addresses may hold commas. Where every line has as many cells as the others, both readings are taken, so that the
    page is blocked in either case.
    """
    cells = [each for each in map(_read, _cells(row, delimiter)) if each is not None]
    if not (_SCHEME.match(row) and len(_SCHEME.findall(row)) == 1) or delimiter in "\t|":
        yield cells[0] if cells else _read(row)
        return
    whole = _read(row)
    yield whole
    if is_table and cells and cells[0] != whole:
        yield cells[0]


def _read(text: str) -> Address | Published | None:
    text = text.strip().strip('"').strip()
    if _HEX.fullmatch(text):
        return Published(_BY_LENGTH[len(text)], text.lower())
    if _BASE64.fullmatch(text):
        try:
            return Published("sha256", base64.b64decode(text, altchars=b"-_" if set("-_") & set(text) else None).hex())
        except (ValueError, binascii.Error):
            return None
    return _address(text)


def _address(text: str) -> Address | None:
    """``http://host/path?query``, ``host/path``, ``*.host``, ``host/folder/*``; hxxp and ``[.]`` are read too."""
    text = text.replace("[.]", ".")
    match = _SCHEME.match(text)
    text = text[match.end() :] if match else text.removeprefix("//")
    text = text.removeprefix("*.").lstrip(".")
    text, is_folder = (text[:-1], True) if text.endswith("*") else (text, False)
    if not _HOST.match(text.rpartition("@")[2] if "@" in text.partition("/")[0] else text):
        return None
    try:
        parsed = can_ada.parse("http://" + text)
        host = canonical_host(parsed.hostname)
    except (ValueError, TypeError, BadAddress):
        return None
    if "." not in host and host_address(host) is None:
        return None
    path, query = parsed.pathname, parsed.search.removeprefix("?")
    return Address(host, path, query, is_folder or (path.endswith("/") and not query))
