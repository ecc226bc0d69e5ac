"""Undoes the compression of what a site sends, step by step and never past a limit: a small bomb stays small.

Every decoder hands on pieces of at most about 100 KB, whatever it was given, and the last in the row counts them. So
even 1 GB of zeros in 32 KB costs no more memory than the limit, one piece a layer, and the decoder's own window.
"""

import re
import zlib
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import brotli
import zstandard

ACCEPTED = ("gzip", "x-gzip", "deflate", "br", "zstd", "identity")
"""The content codings that can be undone, by their names in ``Content-Encoding``."""

_NO_CODING = re.compile(
    r"none|no|off|null|default|plain|text|binary|chunked|[78]bit|(us-)?ascii|utf-?(8|16)|iso-8859-\d{1,2}|windows-125\d"
)
"""Words that servers put where a coding should stand; browsers show what comes with them as it comes."""
_PIECE = 1 << 16
_MOST_LAYERS = 3
_ZSTD_WINDOW = 1 << 23  # bytes: what RFC 9659 allows on the web; a frame may ask for 128 MB


class Broken(ValueError):
    """The data is not what its Content-Encoding says, or the coding is none that is known."""


class TooMuch(ValueError):
    """The data unpacks to more than the limit."""


class Bound(StrEnum):
    """What the limit counts, and what happens beyond it."""

    WHOLE = "whole"  # all that is ever unpacked; more raises TooMuch
    PARTIAL = "partial"  # all that is ever unpacked; the rest is left out and ``full`` is set
    STEP = "step"  # what one ``feed`` unpacks; more raises TooMuch


class _Target(Protocol):
    def write(self, data: bytes, /) -> object: ...


class _Full(Exception):
    pass


class Unpacker:
    """Undoes a ``Content-Encoding`` (``gzip``, ``br``, ``gzip, br``, ...); ``limit`` is in unpacked bytes.

    Raises Broken for an unknown coding, for more than three, and for a word that is no coding beside one that is, of
    which browsers make different things. An end before its time is no fault: browsers show what has come, so what has
    come is what counts.
    """

    def __init__(self, encoding: str, limit: int, bound: Bound = Bound.WHOLE) -> None:
        codings = [coding for part in encoding.split(",") if (coding := part.strip().lower()) not in ("", "identity")]
        if len(codings) > _MOST_LAYERS:
            raise Broken(f"{len(codings)} layers of compression")
        if all(_NO_CODING.fullmatch(coding) for coding in codings):
            codings = []
        self.full = False
        self._limit, self._bound = limit, bound
        self._room = _Room(limit)
        self._first: _Target = self._room
        for coding in codings:
            if coding not in _DECODERS:
                raise Broken(f"unknown coding {coding[:40]!r}")
            self._first = _DECODERS[coding](self._first)

    def feed(self, data: bytes) -> bytes:
        """What can be unpacked with ``data``. Raises TooMuch and Broken; nothing more can be fed after either."""
        if self._bound is Bound.STEP:
            self._room.left = self._limit
        if not self.full:
            try:
                self._first.write(data)
            except _Full:
                self.full = True
            except (zlib.error, brotli.error, zstandard.ZstdError) as error:
                raise Broken(str(error)) from None
        if self.full and self._bound is not Bound.PARTIAL:
            self._room.take()
            raise TooMuch(f"unpacks to more than {self._limit} bytes")
        return self._room.take()

    def end(self) -> bytes:
        """What was still kept back: nothing, for every decoder hands on all that it has."""
        return self._room.take()


class _Room:
    """The end of the row: keeps what fits."""

    def __init__(self, limit: int) -> None:
        self.left = limit
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self._pieces.append(data[: self.left])
        if len(data) > self.left:
            self.left = 0
            raise _Full
        self.left -= len(data)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class _Gzip:
    """One member after another, as RFC 1952 has it; what follows and is no member is left out, as browsers do."""

    def __init__(self, target: _Target) -> None:
        self._target = target
        self._member = zlib.decompressobj(wbits=31)
        self._between = b""
        self._over = False

    def write(self, data: bytes) -> None:
        while data and not self._over:
            if self._member.eof:
                data, self._between = self._between + data, b""
                if data == b"\x1f":
                    self._between = data
                    return
                if not data.startswith(b"\x1f\x8b"):
                    self._over = True
                    return
                self._member = zlib.decompressobj(wbits=31)
            data = _inflate(self._member, data, self._target)


class _Deflate:
    """zlib (RFC 1950) as the standard says, or bare deflate (RFC 1951) as some servers send."""

    def __init__(self, target: _Target) -> None:
        self._target = target
        self._head = b""
        self._stream: zlib._Decompress | None = None

    def write(self, data: bytes) -> None:
        if self._stream is None:
            data, self._head = self._head + data, b""
            if len(data) < 2:
                self._head = data
                return
            wrapped = data[0] & 15 == 8 and int.from_bytes(data[:2]) % 31 == 0
            self._stream = zlib.decompressobj(wbits=15 if wrapped else -15)
        if not self._stream.eof:
            _inflate(self._stream, data, self._target)


def _inflate(stream: "zlib._Decompress", data: bytes, target: _Target) -> bytes:
    """Unpack into the target; returns what lies beyond the end of the stream."""
    while not stream.eof:
        piece = stream.decompress(data, _PIECE)
        data = stream.unconsumed_tail
        if piece:
            target.write(piece)
        if not data and len(piece) < _PIECE and not stream.eof:
            return b""
    return stream.unused_data


class _Brotli:
    def __init__(self, target: _Target) -> None:
        self._target = target
        self._stream = brotli.Decompressor()

    def write(self, data: bytes) -> None:
        while not self._stream.is_finished():
            piece = self._stream.process(data, output_buffer_limit=_PIECE)
            if piece:
                self._target.write(piece)
            data = b""
            if self._stream.can_accept_more_data() and not piece:
                return


class _Zstd:
    def __init__(self, target: _Target) -> None:
        machine = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._writer = machine.stream_writer(target, write_size=_PIECE, closefd=False)  # type: ignore[arg-type]

    def write(self, data: bytes) -> None:
        self._writer.write(data)


_DECODERS: dict[str, Callable[[_Target], _Target]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
