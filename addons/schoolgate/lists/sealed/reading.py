"""Reads a feed's file as providers write it: a line an address, CSV with or without a head, or published digests.

UTF-8, UTF-16 with its mark, or Latin-1; plain or gzip. Lines that begin with ``#``, ``;`` or ``//`` are comments. Lines
that cannot be read are counted and never told, as they may be addresses. Of a line that names a page and its site, the
page counts alone: a list that names one page of a big site must not block the site.
"""

import base64
import binascii
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import can_ada

from schoolgate.policy.request import BadAddress, canonical_host, host_address

LARGEST = 64 * 1024 * 1024
"""Bytes of a feed's file, unpacked: a hundred times what any feed has."""
_GZIP = b"\x1f\x8b"
_PAGES = ("url", "fullurl", "pageurl", "reporturl", "weburl", "uri", "webaddress", "link", "address", "entry")
_HOSTS, _PATHS = ("domain", "domainname", "host", "hostname", "fqdn"), ("path", "urlpath", "uripath")
_DIGESTS = ("sha256", "sha1", "md5", "hash", "digest", "urlhash", "hashedurl", "urlsha256", "urlsha1", "urlmd5")
_HEAD_WITHIN = 10  # lines; a title and a date may stand above the head
_BY_LENGTH = {32: "md5", 40: "sha1", 64: "sha256"}
_HEX = re.compile(r"(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{43}=")
_SCHEME = re.compile(r"https?://|hxxps?://", re.IGNORECASE)
_COMMENT = re.compile(r"\s+#.*")
_NOT_IN_AN_ADDRESS = frozenset('"<>')
_FOUR_NUMBERS = re.compile(r"\d+\.\d+\.\d+\.\d+(?![^:/?#])")
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


type Readings = tuple[Address | Published, ...]
"""What one line of a feed can mean, each of which is blocked; nothing where it cannot be read."""


def read_file(path: Path) -> Iterator[Readings]:
    """What every line of a file says. Raises Unreadable, OSError."""
    lines = [line.strip() for line in _text_of(path).splitlines()]
    rows = [line for line in lines if line and not line.startswith(("#", ";", "//"))]
    for number, row in enumerate(rows[:_HEAD_WITHIN]):
        delimiter = next((each for each in "\t|,;" if each in row), ",")
        names = [_name(cell) for cell in _cells(row, delimiter)]
        columns = {name: names.index(name) for name in (*_PAGES, *_HOSTS, *_PATHS, *_DIGESTS) if name in names}
        if columns.keys() - _PATHS:
            yield from (_in_columns(_cells(row, delimiter), columns) for row in rows[number + 1 :])
            return
    first = rows[:_HEAD_WITHIN]
    delimiter = next((each for each in "\t|,;" if sum(each in row for row in first) * 2 > len(first)), ",")
    rows = [_COMMENT.sub("", row) for row in rows]
    lengths = {len(_cells(row, delimiter)) for row in rows}
    is_table = len(lengths) == 1 and max(lengths) > 1
    for row in rows:
        yield _without_head(row, delimiter, is_table)


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


def _in_columns(cells: Sequence[str], columns: Mapping[str, int]) -> Readings:
    """The first of the known columns that holds something: pages before sites, and those before digests."""
    given = {name: cells[place].strip() for name, place in columns.items() if place < len(cells)}
    for name, text in given.items():
        if text and name not in _PATHS:
            path = next((given[each] for each in _PATHS if given.get(each)), "") if name in _HOSTS else ""
            return _read(f"{text.rstrip('/')}/{path.lstrip('/')}" if path else text)
    return ()


def _without_head(row: str, delimiter: str, is_table: bool) -> Readings:
    """What a line without a head says: all of it, or the cell that says most.

    Addresses may hold commas. Where every line has as many cells as the others, both readings are taken, so that the
    page is blocked in either case.
    """
    cells = [(read, cell) for cell in _cells(row, delimiter) if (read := _read(cell))]
    best = min(cells, key=lambda each: _says_little(*each))[0] if cells else ()
    if not (_SCHEME.match(row) and len(_SCHEME.findall(row)) == 1) or delimiter in "\t|":
        return best or _read(row)
    return tuple(dict.fromkeys((*_read(row), *(best if is_table else ()))))


def _says_little(readings: Readings, cell: str) -> int:
    """How little a cell says of what is to be blocked: a whole address, then a page, a site, and a digest."""
    first = readings[0]
    if isinstance(first, Published):
        return 3
    return 0 if _SCHEME.match(cell.strip()) else 1 if first.path not in ("", "/") else 2


def _read(text: str) -> Readings:
    """What one cell can mean. A blank in an address may belong to it, or end it."""
    text = text.strip().strip('"').strip()
    if _HEX.fullmatch(text):
        return (Published(_BY_LENGTH[len(text)], text.lower()),)
    if _BASE64.fullmatch(text):
        try:
            raw = base64.b64decode(text, altchars=b"-_" if set("-_") & set(text) else None)
        except (ValueError, binascii.Error):
            return ()
        return (Published("sha256", raw.hex()),)
    texts = (text, text.split()[0]) if _SCHEME.match(text) else (text,)
    return tuple(dict.fromkeys(each for each in map(_address, texts) if each is not None))


def _address(text: str) -> Address | None:
    """``http://host/path?query``, ``host/path``, ``*.host``, ``host/folder/*``; hxxp and ``[.]`` are read too.

    A site with a fragment alone is none: browsers keep fragments to themselves, and the whole site is not meant.
    """
    text = text.replace("[.]", ".")
    match = _SCHEME.match(text)
    text = text[match.end() :] if match else text.removeprefix("//")
    text = text.removeprefix("*.").lstrip(".")
    text, is_folder = (text[:-1], True) if text.endswith("*") else (text, False)
    host = text.rpartition("@")[2] if "@" in text.partition("/")[0] else text
    if not _HOST.match(host) or not _NOT_IN_AN_ADDRESS.isdisjoint(text):
        return None
    try:
        parsed = can_ada.parse("http://" + text)
        host, written = canonical_host(parsed.hostname), host
    except (ValueError, TypeError, BadAddress):
        return None
    is_number = host_address(host) is not None
    if ("." not in host and not is_number) or (is_number and not match and not _is_ip(written)):
        return None
    path, query = parsed.pathname, parsed.search.removeprefix("?")
    if path == "/" and not query and parsed.hash:
        return None
    return Address(host, path, query, is_folder or (path.endswith("/") and not query))


def _is_ip(text: str) -> bool:
    """Whether it is written as an IP address, and not as a date or a number that could be read as one."""
    return text.startswith("[") or _FOUR_NUMBERS.match(text) is not None
