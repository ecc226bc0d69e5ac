"""Answers that come message by message: event streams (SSE), lines of JSON, and the messages of a WebSocket."""

import json
import re

from schoolgate.content.stream_forms import (
    Copied,
    Flood,
    Joint,
    Notice,
    Piece,
    Said,
    parse,
    plain,
    read_json,
    said_by,
    too_long,
)

_LINE = re.compile(rb"[^\r\n]*+(?:\r\n|\n|\r)")
_MARKED = re.compile(r"\s*(?:[0-9a-z]{1,3}:|[0-9]{1,4}(?:/[^,{\[]*,)?)?\s*(?=[\[{\"])")
_NO_RETRY = 24 * 3600 * 1000  # milliseconds until a browser may ask again for a stream that was cut


class EventStream:
    """``text/event-stream`` as the HTML standard has it: an event is shown when the blank line after it has come."""

    whole = True

    def __init__(self) -> None:
        self._line = b""
        self._held: list[bytes] = []
        self._data: list[bytes] = []
        self._size = 0
        self._name = ""
        self._copied = Copied()
        self._is_json = False
        self._flood: Flood | None = None

    def take(self, data: bytes) -> list[Piece]:
        """Whole events; lines before an event's data are passed on at once."""
        pieces: list[Piece] = []
        lines, self._line = _lines(self._line + data)
        for line in lines:
            self._one(line, pieces)
        if self._flood is not None or too_long(self._size + len(self._line)):
            self._overflow(pieces)
        return pieces

    def rest(self) -> list[Piece]:
        """An event that was never ended."""
        if self._line:
            line, self._line = self._line, b""
            self._hold(line)
        return [self._event()] if self._held else []

    def notice(self, notice: Notice) -> bytes:
        """The words in the shape of the last event, then an event of our own; a browser shall not ask again soon."""
        parts = ["\n"]
        copy = self._copied.write("\n\n" + notice.words)
        if copy:
            parts.append(f"event: {self._copied.mark}\n" if self._copied.mark else "")
            parts.append(f"data: {copy}\n\n")
        body = json.dumps(notice.brief) if self._is_json else notice.words
        parts.append(f"event: schoolgate\nretry: {_NO_RETRY}\ndata: {body}\n\n")
        if copy and isinstance(self._copied.value, dict) and "choices" in self._copied.value:
            parts.append("data: [DONE]\n\n")
        return "".join(parts).encode()

    def _one(self, line: bytes, pieces: list[Piece]) -> None:
        if self._flood is not None:
            pieces.append(self._flood.piece(line))
            self._flood = None
            return
        bare = line.rstrip(b"\r\n").removeprefix(b"\xef\xbb\xbf")
        if not bare:
            self._held.append(line)
            pieces.append(self._event())
        elif bare.startswith(b"data") or self._data:
            self._hold(line)
        else:
            if bare.startswith(b"event:"):
                self._name = bare[6:].decode(errors="replace").strip()
            pieces.append(Piece(line))

    def _hold(self, line: bytes) -> None:
        self._held.append(line)
        self._size += len(line)
        name, _, value = line.rstrip(b"\r\n").removeprefix(b"\xef\xbb\xbf").partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        elif name == b"event":
            self._name = value.decode(errors="replace").strip()

    def _event(self) -> Piece:
        raw, text = b"".join(self._held), b"\n".join(self._data).decode(errors="replace")
        name, self._held, self._data, self._size, self._name = self._name, [], [], 0, ""
        if not text or text == "[DONE]":
            return Piece(raw)
        value = parse(text.strip())
        if value is None:
            return Piece(raw, _text_or_string(text))
        self._is_json = True
        said = said_by(value)
        if said:
            self._copied.keep(value, len(text), name)
        return Piece(raw, said)

    def _overflow(self, pieces: list[Piece]) -> None:
        if self._flood is None:
            self._flood = Flood()
        raw = b"".join(self._held) + self._line
        self._held, self._data, self._size, self._line = [], [], 0, b""
        if raw:
            pieces.append(self._flood.piece(raw))


class Lines:
    """One JSON value a line (``application/x-ndjson``, ``json-seq``), also with a mark before it (``0:"word"``)."""

    whole = True

    def __init__(self) -> None:
        self._line = b""
        self._copied = Copied()
        self._flood: Flood | None = None

    def take(self, data: bytes) -> list[Piece]:
        """Whole lines."""
        pieces: list[Piece] = []
        lines, self._line = _lines(self._line + data)
        for line in lines:
            pieces.append(self._flood.piece(line) if self._flood else self._message(line))
            self._flood = None
        if self._line and (self._flood is not None or too_long(len(self._line))):
            self._flood = self._flood or Flood()
            pieces.append(self._flood.piece(self._line))
            self._line = b""
        return pieces

    def rest(self) -> list[Piece]:
        """A last line without an end."""
        line, self._line = self._line, b""
        return [self._message(line)] if line else []

    def notice(self, notice: Notice) -> bytes:
        """The words in the shape of the last line, and a line that says so to programs."""
        copy = self._copied.write("\n\n" + notice.words)
        lines = [f"{self._copied.mark}{copy}"] if copy else []
        if not self._copied.mark.strip():
            lines.append(json.dumps(notice.brief))
        return "".join(f"{line}\n" for line in lines).encode()

    def _message(self, raw: bytes) -> Piece:
        return Piece(raw, _said(raw.decode(errors="replace"), self._copied))


class Messages:
    """The messages of a WebSocket in one direction: each is one piece, JSON (perhaps with a number before) or text."""

    whole = True

    def __init__(self) -> None:
        self._copied = Copied()
        self._is_json = False

    def take(self, data: bytes) -> list[Piece]:
        """The message; several JSON values in one are parted as SignalR does."""
        parts = data.decode(errors="replace").split("\x1e")
        said = [words for part in parts if part for words in _said(part, self._copied)]
        self._is_json = self._is_json or any(parse(part.strip()) is not None for part in parts)
        return [Piece(data, tuple(said))]

    def rest(self) -> list[Piece]:
        """Nothing is kept."""
        return []

    def notice(self, notice: Notice) -> bytes:
        """A message in the shape of the last one."""
        copy = self._copied.write(notice.words)
        if copy:
            return f"{self._copied.mark}{copy}".encode()
        return (json.dumps(notice.brief) if self._is_json else notice.words).encode()


def _lines(data: bytes) -> tuple[list[bytes], bytes]:
    """The whole lines, and what follows; a CR at the very end may be half of a CRLF."""
    end = max(data.rfind(b"\n"), data.rfind(b"\r", 0, max(len(data) - 1, 0))) + 1
    return _LINE.findall(data[:end]), data[end:]


def _said(text: str, copied: Copied) -> tuple[Said, ...]:
    """The words of one message."""
    body = text.strip("\x1e\r\n \t")
    mark = _MARKED.match(body)
    head = mark.group() if mark else ""
    value = parse(body[len(head) :])
    if value is None:
        return _text_or_string(text.rstrip("\r\n"), head, copied)
    said = said_by(value)
    if said:
        copied.keep(value, len(text), head)
    return said


def _text_or_string(text: str, head: str = "", copied: Copied | None = None) -> tuple[Said, ...]:
    """Plain text, or one string of JSON after a mark."""
    body = text.lstrip()[len(head) :]
    if body.startswith('"'):
        try:
            value = read_json(body)
        except ValueError:
            value = None
        if isinstance(value, str):
            if copied is not None:
                copied.keep(value, len(text), head)
            return (Said("", plain(value), Joint.PERHAPS),) if value else ()
    return (Said("", plain(text), Joint.PERHAPS),) if text else ()
