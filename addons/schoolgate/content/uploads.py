"""Which files an upload carries, told while it passes and from little of it: nothing of it is kept."""

import re
from collections.abc import Iterator

from schoolgate.content.unpacking import Bound, Broken, TooMuch, Unpacker
from schoolgate.policy.file_facts import FIRST_BYTES, extensions_of, extensions_of_path, media_type, names_in, seen_in
from schoolgate.policy.files import FileFacts

_LONGEST_HEAD = 16 * 1024  # bytes of one part's headers
_MOST_FILES = 1000  # an upload of more parts is known well enough by then
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;,]{1,200}))', re.IGNORECASE)
_WRITTEN_OUT = re.compile(
    rb"data(?::|%3A)((?:image|video|audio|application)(?:\\?/|%2F)[a-z0-9.+-]{1,40})(?:;|%3B)base64", re.IGNORECASE
)
_LONGEST_WRITTEN_OUT = 128  # bytes of such a mark
_MOST_UNPACKED = 64 * 1024 * 1024  # bytes that one piece of a packed upload may turn into


class Upload:
    """Reads one upload as it comes, in any form: a file by itself, a form with files, or text with pictures in it."""

    def __init__(self, content_type: str, path: str = "", disposition: str = "", encoding: str = "") -> None:
        kind = media_type(content_type)
        boundary = _BOUNDARY.search(content_type) if kind.startswith("multipart/") else None
        self._form: _Parts | _Written | _One
        if boundary:
            self._form = _Parts((boundary[1] or boundary[2]).encode("latin-1", "replace"))
        elif "json" in kind or kind in ("application/x-www-form-urlencoded", "text/plain"):
            self._form = _Written(kind)
        else:
            self._form = _One(kind, path, disposition)
        self._unreadable = False
        self._unpacker = Unpacker(encoding, _MOST_UNPACKED, Bound.STEP) if encoding else None

    @property
    def enough(self) -> int:
        """Bytes after which the files of a usual upload are known."""
        return FIRST_BYTES if isinstance(self._form, _One) else 64 * 1024

    @property
    def more(self) -> bool:
        """Whether what is still to come can hold another file."""
        return not self._unreadable and (not isinstance(self._form, _One) or not self._form.known)

    def feed(self, data: bytes) -> list[FileFacts]:
        """The files that are known since these bytes.

        What is packed in a way that cannot be undone counts as the one file that its headers say it is.
        """
        if self._unpacker is not None and not self._unreadable:
            try:
                data = self._unpacker.feed(data)
            except (Broken, TooMuch):
                self._unreadable = True
                return self.end()
        return [] if self._unreadable else list(self._form.feed(data))

    def end(self) -> list[FileFacts]:
        """The upload is over."""
        return list(self._form.end())


def open_upload(content_type: str, path: str, disposition: str, encoding: str) -> Upload:
    """An upload by its headers; one that is packed in an unknown way is read as it is."""
    try:
        return Upload(content_type, path, disposition, encoding)
    except Broken:
        return Upload(content_type, path, disposition)


class _One:
    """The body is one file."""

    def __init__(self, kind: str, path: str, disposition: str) -> None:
        self._types = frozenset({kind} if kind else ())
        named = frozenset(each for name in names_in(disposition) for each in extensions_of(name))
        self._extensions = named | extensions_of_path(path, self._types)
        self._first = b""
        self.known = False

    def feed(self, data: bytes) -> Iterator[FileFacts]:
        if not self.known:
            self._first += data[:FIRST_BYTES]
            if len(self._first) >= FIRST_BYTES:
                yield from self.end()

    def end(self) -> Iterator[FileFacts]:
        if not self.known:
            seen = seen_in(self._first)
            self.known = True
            yield FileFacts(self._extensions | seen.extensions, self._types | seen.types)


class _Written:
    """Text, in which a picture may be written out as a data: address."""

    def __init__(self, kind: str) -> None:
        self._kind: str | None = kind
        self._tail = b""
        self._known: set[str] = set()

    def feed(self, data: bytes) -> Iterator[FileFacts]:
        text = self._tail + data
        for found in _WRITTEN_OUT.findall(text):
            kind = found.decode("ascii").lower().replace("%2f", "/").replace("\\", "")
            if kind not in self._known:
                self._known.add(kind)
                yield FileFacts(types=frozenset({kind}))
        self._tail = text[-_LONGEST_WRITTEN_OUT:]

    def end(self) -> Iterator[FileFacts]:
        if self._kind is not None:
            yield FileFacts(types=frozenset({self._kind}))
            self._kind = None


class _Parts:
    """A multipart body (RFC 2046), read as leniently as sites read them."""

    def __init__(self, boundary: bytes) -> None:
        self._mark = b"--" + boundary
        self._buffer = b""
        self._head: bytes | None = None
        self._step = self._seek
        self._files = 0

    def feed(self, data: bytes) -> Iterator[FileFacts]:
        self._buffer += data
        found: list[FileFacts] = []
        while self._files < _MOST_FILES and self._step(found):
            pass
        if self._files >= _MOST_FILES:
            self._buffer = b""
        yield from found

    def end(self) -> Iterator[FileFacts]:
        if self._head is not None:
            yield from _file(self._head, self._buffer[:FIRST_BYTES])
            self._head = None

    def _seek(self, found: list[FileFacts]) -> bool:
        _, mark, rest = self._buffer.partition(self._mark)
        if not mark:
            self._buffer = self._buffer[-len(self._mark) :]
            return False
        self._buffer, self._step = rest, self._read_head
        return True

    def _read_head(self, found: list[FileFacts]) -> bool:
        blank = _BLANK_LINE.search(self._buffer)
        if blank is None and len(self._buffer) <= _LONGEST_HEAD:
            return False
        self._step = self._seek
        if blank is not None and blank.start() <= _LONGEST_HEAD:
            self._head, self._buffer = self._buffer[: blank.start()], self._buffer[blank.end() :]
            self._step = self._read_first
        return True

    def _read_first(self, found: list[FileFacts]) -> bool:
        first, mark, _ = self._buffer[: FIRST_BYTES + len(self._mark)].partition(self._mark)
        if not mark and len(self._buffer) < FIRST_BYTES + len(self._mark):
            return False
        self._files += 1
        found.extend(_file(self._head or b"", first[:FIRST_BYTES]))
        self._head, self._step = None, self._seek
        return True


def _file(head: bytes, first: bytes) -> Iterator[FileFacts]:
    """A part as a file, if it is one: a plain field has neither a file name nor a media type."""
    headers = dict(_headers(head))
    names, kind = names_in(headers.get("content-disposition", "")), media_type(headers.get("content-type", ""))
    seen = seen_in(first)
    if names or kind or seen.types:
        extensions = frozenset(each for name in names for each in extensions_of(name))
        yield FileFacts(extensions | seen.extensions, frozenset({kind} - {""}) | seen.types)
    else:
        written = _Written("")
        yield from written.feed(first)


def _headers(head: bytes) -> Iterator[tuple[str, str]]:
    text = re.sub(r"\r?\n[ \t]+", " ", head.decode("utf-8", "replace"))
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip().lower(), value.strip()
