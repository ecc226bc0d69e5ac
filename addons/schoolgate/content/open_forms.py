"""Answers that can be shown while they are unfinished: JSON whose last string still grows, and text or HTML."""

import codecs
import re
from collections.abc import Iterator

from schoolgate.content.line_forms import EventStream, Lines
from schoolgate.content.media_types import is_xml
from schoolgate.content.stream_forms import (
    Form,
    Joint,
    Notice,
    Piece,
    Said,
    is_technical,
    loose,
    parse,
    plain,
    read_json,
)

_BODY = re.compile(rb'(?:[^"\\]++|\\.)*+', re.S)
_WHOLE = re.compile(rb'([^"]*+)"((?:[^"\\]++|\\.)*+)"', re.S)  # what stands before a string, and the string
_SOUND = re.compile(rb'(?:[^"\\]++|\\(?:u[0-9a-fA-F]{4}|[^u]))*+', re.S)
_NO_SIGNS = bytes(code for code in range(256) if code not in b"{}[]:,")
_OBJECT = ord("{")
_LONGEST_ESCAPE = 6
_LONGEST_KEY = 256
_DEEPEST = 1000
_TOKEN = 80  # characters: a string that is longer is no part of a word
_ENDS = re.compile(rb"[.!?\n](?:(?<=\n)\n*|(?<!\n)[\"')\]]*\s+)")  # of a sentence, or of a line
_LONGEST_SENTENCE = 400  # bytes before its end
_MUTE = re.compile(r"<(script|style|template|noscript)\b[^<>]*>", re.I)
_EVENTS = (b"data:", b"event:", b"id:", b"retry:", b":")
_CHARSETS = re.compile(
    r"utf-(?:8|16(?:-[bl]e)?)|iso8859-\d+|cp(?:125\d|866|874|932|949)|koi8-[ru]|gb.*|big5|euc_.*|shift_jis|mac.*"
)
_MARKED_LINE = re.compile(rb"[0-9a-z]{1,3}:[\"\[{]")
_UNFINISHED = re.compile(r"(?:<[^<>]{0,4000}|&#?[0-9a-zA-Z]{0,10})\Z")

_LINES = frozenset(
    f"application/{name}"
    for name in ("x-ndjson", "ndjson", "jsonl", "jsonlines", "x-jsonlines", "json-lines", "json-seq", "stream+json")
)
_JSON = frozenset(["application/json", "text/json", "application/connect+json", "multipart/mixed"])
_TEXT = frozenset(["text/plain", "text/html", "text/markdown", "text/x-markdown", "text/x-component"])


class GrowingJson:
    """One JSON document, or several; strings are told as far as they have come."""

    whole = False

    def __init__(self) -> None:
        self._tail = b""  # the end of an unfinished string that means nothing yet: half an escape, half a character
        self._inside = False
        self._is_key = False
        self._told = False  # whether words of the unfinished string were told
        self._key = ""
        self._before = b""  # the last sign outside of strings
        self._nested: list[int] = []  # the objects and arrays that are open, by their first sign

    def take(self, data: bytes) -> list[Piece]:
        """A piece for each string that shows words, and one for what follows the last."""
        text, kept, at, pieces = self._tail + data, len(self._tail), 0, list[Piece]()
        self._tail = b""
        if self._inside:
            at = self._take_rest(text, kept, pieces)
        if not self._inside:
            at = self._take_whole(text, at, pieces)
            self._take_begun(text[at:], pieces)
        return pieces

    def _take_rest(self, text: bytes, kept: int, pieces: list[Piece]) -> int:
        """Of the string that had begun; ``kept`` bytes of the text have left already. How many bytes it takes."""
        body = _BODY.match(text)
        end = body.end() if body else 0
        if text[end : end + 1] != b'"':
            pieces.append(Piece(text[kept:], self._growing(text)))
            return len(text)
        pieces.append(Piece(text[kept : end + 1], self._string(text[:end])))
        self._inside, self._before = False, b'"'
        return end + 1

    def _take_whole(self, text: bytes, at: int, pieces: list[Piece]) -> int:
        """Of all strings that begin and end from ``at`` on; where they end.

        What shows no words goes on with what stands before it.
        """
        start, said, nested, self._told = at, tuple[Said, ...](), self._nested, False
        while (found := _WHOLE.match(text, at)) is not None:
            between, raw = found.groups()
            self._look_at(between)
            self._is_key = bool(nested) and nested[-1] == _OBJECT and self._before in (b"{", b",")
            if words := self._string(raw):
                if at > start:
                    pieces.append(Piece(text[start:at], said))
                start, said = at, words
            at, self._before = found.end(), b'"'
        if at > start:
            pieces.append(Piece(text[start:at], said))
        return at

    def _take_begun(self, text: bytes, pieces: list[Piece]) -> None:
        """Of what follows the last whole string: signs, and perhaps the beginning of another string."""
        between, quote, raw = text.partition(b'"')
        self._look_at(between)
        said: tuple[Said, ...] = ()
        if quote:
            self._inside, self._told = True, False
            self._is_key = self._nested[-1:] == [_OBJECT] and self._before in (b"{", b",")
            said = self._growing(raw)
        if text:
            pieces.append(Piece(text, said))

    def rest(self) -> list[Piece]:
        """Every byte has left already."""
        return []

    def notice(self, notice: Notice) -> bytes:
        """Nothing: half a document must not look like a sound one."""
        return b""

    def _look_at(self, between: bytes) -> None:
        signs = between.translate(None, _NO_SIGNS)
        self._before = signs[-1:] or self._before
        if not signs.strip(b":,"):
            return
        for code in signs:
            if code in b"{[":
                self._nested.append(code)
            elif code in b"}]" and self._nested:
                self._nested.pop()
        if len(self._nested) > _DEEPEST:
            del self._nested[:-_DEEPEST]

    def _string(self, raw: bytes) -> tuple[Said, ...]:
        if self._told:
            return self._tell(_decoded(raw, final=True)[0], Joint.CONTINUES)
        if self._is_key:
            self._key = raw[:_LONGEST_KEY].decode(errors="replace")
            if b" " not in raw:
                return ()
        return () if is_technical(self._key) else self._tell(_decoded(raw, final=True)[0], Joint.NEW)

    def _growing(self, raw: bytes) -> tuple[Said, ...]:
        if self._is_key and len(raw) <= _LONGEST_KEY:
            self._tail = raw
            return ()
        self._is_key = False
        words, used = _decoded(raw, final=False)
        self._tail = raw[used:]
        joint = Joint.CONTINUES if self._told else Joint.NEW
        self._told = self._told or bool(words)
        return self._tell(words, joint)

    def _tell(self, words: str, joint: Joint) -> tuple[Said, ...]:
        """Into the page as a whole; short strings may be parts of words, sent under one key."""
        if not words or is_technical(self._key):
            return ()
        words = plain(loose(words) if "\\" in words else words)
        page = Said("", words, joint)
        return (page, Said(self._key, words, Joint.CONTINUES)) if self._key and len(words) <= _TOKEN else (page,)


def _decoded(raw: bytes, final: bool) -> tuple[str, int]:
    """The inside of a JSON string, and how many of its bytes that took."""
    used = len(raw)
    if not final:
        sound = _SOUND.match(raw)
        end = sound.end() if sound else 0
        used = end if len(raw) - end < _LONGEST_ESCAPE else len(raw)
    text, taken = codecs.utf_8_decode(raw[:used], "replace", final)
    if "\\" in text:
        try:
            return read_json(f'"{text}"'), taken
        except ValueError:
            return loose(text), taken
    return text, taken


class Text:
    """Plain text, HTML or XML (where a script may be closed in its own tag), in pieces of a sentence or less."""

    whole = True

    def __init__(self, charset: str, is_html: bool, is_xml: bool = False) -> None:
        self._decoder = _decoder(charset)
        self._html, self._xml = is_html or is_xml, is_xml
        self._open = ""  # a tag that has not ended
        self._mute = ""  # the element whose inside is not shown

    def take(self, data: bytes) -> list[Piece]:
        """All of it."""
        return [Piece(part, self._said(self._decoder.decode(part))) for part in _sentences(data)]

    def rest(self) -> list[Piece]:
        """Every byte has left already."""
        return []

    def notice(self, notice: Notice) -> bytes:
        """A sentence."""
        if self._html:
            return f'<p role="alert">{html_text(notice.words)}</p>'.encode("ascii", "xmlcharrefreplace")
        return f"\n\n{notice.words}\n".encode()

    def _said(self, text: str) -> tuple[Said, ...]:
        words = "".join(self._shown(text)) if self._html else text
        words = plain(words)
        return (Said("", words, Joint.CONTINUES),) if words else ()

    def _shown(self, text: str) -> Iterator[str]:
        text, self._open = self._open + text, ""
        while text:
            if self._mute:
                end = text.lower().find(f"</{self._mute}")
                if end < 0:
                    self._open = text[-12:]
                    return
                text, self._mute = text[end:], ""
            mute = None if self._xml else _MUTE.search(text)
            if mute:
                yield text[: mute.start()]
                text, self._mute = text[mute.end() :], mute.group(1).lower()
                continue
            unfinished = _UNFINISHED.search(text)
            if unfinished:
                text, self._open = text[: unfinished.start()], unfinished.group()
            yield text.replace("<![CDATA[", " ") if self._xml else text
            return


def _sentences(data: bytes) -> Iterator[bytes]:
    """The parts of a text, each of at least a byte before its end: a sentence, a line, or what fits of a long one."""
    at, ending = 0, _ENDS.search(data, 1)
    while at < len(data):
        while ending is not None and ending.start() <= at:
            ending = _ENDS.search(data, at + 1)
        if ending is not None and ending.start() <= at + _LONGEST_SENTENCE:
            end = ending.end()
        else:
            end = min(at + _LONGEST_SENTENCE, len(data))
        yield data[at:end]
        at = end


def html_text(words: str) -> str:
    """Words that can stand in HTML."""
    return words.replace("&", "&amp;").replace("<", "&lt;")


def _decoder(charset: str) -> codecs.IncrementalDecoder:
    """Of a charset as browsers read its name; UTF-8 where it means none of theirs."""
    try:
        name = codecs.lookup(charset or "utf-8").name
    except (LookupError, ValueError):
        name = ""
    if name in ("iso8859-1", "ascii"):
        name = "cp1252"
    return codecs.getincrementaldecoder(name if _CHARSETS.fullmatch(name) else "utf-8")("replace")


class Sniffed:
    """What calls itself JSON, text or HTML may be an event stream or lines of JSON: the first bytes tell."""

    def __init__(self, otherwise: Form) -> None:
        self._form: Form | None = None
        self._otherwise = otherwise
        self._head = b""

    @property
    def told(self) -> Form | None:
        """The form that it is, once that is known."""
        return self._form

    @property
    def whole(self) -> bool:
        """As the form that it is."""
        return (self._form or self._otherwise).whole

    def take(self, data: bytes) -> list[Piece]:
        """Kept only while the first bytes could still mean either."""
        if self._form is not None:
            return self._form.take(data)
        self._head += data
        if any(mark.startswith(self._head.lstrip()) for mark in _EVENTS):
            return []
        return self._begin()

    def rest(self) -> list[Piece]:
        """What was kept."""
        pieces = self._begin() if self._form is None and self._head else []
        return pieces + (self._form or self._otherwise).rest()

    def notice(self, notice: Notice) -> bytes:
        """As the form that it is."""
        return (self._form or self._otherwise).notice(notice)

    def _begin(self) -> list[Piece]:
        head, self._head = self._head, b""
        self._form = self._told_by(head.removeprefix(b"\xef\xbb\xbf").lstrip())
        return self._form.take(head)

    def _told_by(self, head: bytes) -> Form:
        if head.startswith(_EVENTS):
            return EventStream()
        first, newline, _ = head.partition(b"\n")
        if _MARKED_LINE.match(head) or (newline and parse(first.decode(errors="replace").strip()) is not None):
            return Lines()
        if head.startswith((b"{", b"[", b")]}'")):
            return self._otherwise if isinstance(self._otherwise, GrowingJson) else GrowingJson()
        return self._otherwise


def form_of(content_type: str) -> Form | None:
    """The form of a ``Content-Type``, or None for what is no streamed text."""
    kind, *parameters = [part.strip() for part in content_type.split(";")]
    charset = ""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip("\"'")
    kind = kind.lower()
    if kind == "text/event-stream":
        return EventStream()
    if kind in _LINES:
        return Lines()
    if kind in _JSON or kind.endswith("+json"):
        return Sniffed(Text(charset, is_html=False) if charset.lower().startswith("utf-16") else GrowingJson())
    if kind in _TEXT or is_xml(kind):
        return Sniffed(Text(charset, kind == "text/html", is_xml(kind)))
    return None
