"""How answers are written while they stream: what bytes belong together, and which words a reader sees of them.

A form takes bytes as they come and gives pieces whose bytes together are exactly what came. Where a client can show
nothing of a piece before its end (an event of an event stream, a line of JSON lines), it is kept until it is whole.
"""

import codecs
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

_UNSHOWN = """id ids uuid guid sid type types object model role event name_id created created_at system_fingerprint
finish_reason stop_reason href src url uri link hash signature token_type key slug mime mimetype content_type encoding
locale lang language timezone timestamp date time version status level o p op path icon color colour class classname
style cursor etag service_tier obfuscation nonce"""
TECHNICAL = frozenset(_UNSHOWN.split())
"""Keys of JSON whose values nobody is shown, in lower case; so are those that end in ``_id`` or ``Id``."""

_SHOWN = ("content", "text", "v", "response", "delta", "answer", "message", "output", "completion", "token", "data", "")
_MOST_HELD = 256 * 1024  # bytes of one event or line; a longer one is passed on in parts, and judged as text
read_json = json.JSONDecoder(strict=False).decode
"""What ``json.loads`` gives, without a decoder made anew for each text. Raises ValueError and RecursionError."""
_MOST_COPIED = 8 * 1024
_USUAL_KEY = 64  # characters; what is known of longer ones is not remembered
_INLINE = re.compile(
    r"</?(?:a|abbr|b|big|code|em|font|i|mark|s|small|span|strong|sub|sup|tt|u|wbr)\b[^<>]{0,2000}>", re.I
)
_TAG = re.compile(r"<[a-z/!?][^<>]{0,2000}>", re.I)
_ESCAPED = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|([bfnrt])|(.))", re.S)


class Joint(Enum):
    """How words follow the last ones of the same run."""

    NEW = 1  # a text of its own
    PERHAPS = 2  # the next word, or the rest of a word (language models send parts of words)
    CONTINUES = 3  # surely the rest of the same text


class Said(NamedTuple):  # thousands are made of an answer, in half the time of a dataclass
    """Words that a piece shows; ``run`` tells texts apart that are sent by turns."""

    run: str
    text: str
    joint: Joint


class Piece(NamedTuple):
    """Bytes that are passed on together, or not at all."""

    raw: bytes
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """What a reader is told when the rest is not shown."""

    why: str
    ref: str

    @property
    def words(self) -> str:
        """A sentence for people."""
        return f"[The school's filter has stopped this here. {self.why} Reference: {self.ref}]"

    @property
    def brief(self) -> dict[str, str]:
        """The same for programs."""
        return {"error": "blocked", "why": self.why, "ref": self.ref}


class Form(Protocol):
    """One stream's way of writing."""

    @property
    def whole(self) -> bool:
        """Whether what was cut still is a sound whole, so that it may end like one."""
        ...

    def take(self, data: bytes) -> list[Piece]:
        """The pieces that are complete with ``data``."""
        ...

    def rest(self) -> list[Piece]:
        """What was kept, when nothing more will come."""
        ...

    def notice(self, notice: Notice) -> bytes:
        """The notice as this form writes it; nothing where it would pretend to be sound."""
        ...


class Copied:
    """The shape of the last message, so that a notice can be written in the way that this client understands."""

    def __init__(self) -> None:
        self.value: Any = None
        self.mark = ""

    def keep(self, value: Any, size: int, mark: str) -> None:
        """Remember a message that showed words; ``mark`` is what stood before it."""
        if size <= _MOST_COPIED:
            self.value, self.mark = value, mark

    def write(self, words: str) -> str | None:
        """The last message with these words for its own, or None if there was none to copy."""
        if self.value is None:
            return None
        shown = [key for key, _ in strings_of(self.value)]
        chosen = next((key for key in _SHOWN if key in shown), shown[0])
        return json.dumps(_reworded(self.value, "", chosen, [words]), ensure_ascii=False)


def _reworded(value: Any, key: str, chosen: str, words: list[str]) -> Any:
    if isinstance(value, dict):
        return {name: _reworded(part, name, chosen, words) for name, part in value.items()}
    if isinstance(value, list):
        return [_reworded(part, key, chosen, words) for part in value]
    if isinstance(value, str) and not is_technical(key):
        return words.pop() if key == chosen and words else ""
    return value


def is_technical(key: str) -> bool:
    """Whether nobody is shown the values of this key."""
    return _is_technical(key) if len(key) <= _USUAL_KEY else _is_technical.__wrapped__(key)


@lru_cache(maxsize=1024)
def _is_technical(key: str) -> bool:
    return key.lower() in TECHNICAL or key.endswith(("_id", "Id", "ID", "_at", "Url", "_url"))


def strings_of(value: Any) -> Iterator[tuple[str, str]]:
    """Every string of a JSON value that may be shown, with the name of the nearest key; at any depth."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        key, part = waiting.pop()
        if isinstance(part, dict):
            waiting.extend(reversed(part.items()))
        elif isinstance(part, list):
            waiting.extend((key, item) for item in reversed(part))
        elif isinstance(part, str) and not is_technical(key):
            yield key, part


def parse(text: str) -> Any:
    """A JSON object or array; None for all else."""
    if text[:1] not in ("{", "["):
        return None
    try:
        return read_json(text)
    except (ValueError, RecursionError):
        return None


def said_by(value: Any) -> tuple[Said, ...]:
    """The words of a JSON message; JSON inside of its strings is opened too."""
    said: list[Said] = []
    for key, text in strings_of(value):
        inner = parse(text) if len(text) > 2 else None
        if inner is not None:
            said.extend(Said(key, plain(deep), Joint.PERHAPS) for key, deep in strings_of(inner))
        elif text:
            said.append(Said(key, plain(text), Joint.PERHAPS))
    return tuple(said)


def plain(text: str) -> str:
    """Without the tags and entities of HTML, and without halves of characters."""
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if "<" in text:
        text = _TAG.sub(" ", _INLINE.sub("", text))
    return html.unescape(text) if "&" in text else text


def loose(text: str) -> str:
    """JSON's escapes undone wherever they stand: for text that is, or holds, JSON that cannot be parsed."""
    return _ESCAPED.sub(_unescaped, text) if "\\" in text else text


def _unescaped(found: re.Match[str]) -> str:
    code, blank, sign = found.groups()
    return chr(int(code, 16)) if code else " " if blank else str(sign)


class Flood:
    """Text of something too long to be kept until its end, in parts."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._first = True

    def piece(self, raw: bytes) -> Piece:
        """The next part."""
        joint, self._first = Joint.NEW if self._first else Joint.CONTINUES, False
        return Piece(raw, (Said("", plain(loose(self._decoder.decode(raw))), joint),))


def too_long(size: int) -> bool:
    """Whether so many bytes are not kept."""
    return size > _MOST_HELD
