"""What a browser makes of a ``Content-Type``: which of several counts, and which it would show as a page."""

import re
from functools import lru_cache

_ONE = re.compile(r"(?:[^,\"]|\"(?:\\.|[^\"\\])*+\"?)++", re.DOTALL)  # of several, joined by commas
_TYPE = re.compile(r"[\w!#$&^.+*-]+/[\w!#$&^.+*-]+\Z", re.ASCII)
_GUESSED = frozenset({"", "unknown/unknown", "application/unknown", "*/*"})
_PAGES = frozenset({"text/html", "application/xhtml+xml", "multipart/x-mixed-replace"})
_SCRIPTS = ("javascript", "ecmascript")
_STREAMS = frozenset({"text/event-stream", "application/x-ndjson", "application/json-seq"})
_LONGEST = 4000


def type_in_force(content_type: str) -> str:
    """Of several types, the last that a browser understands, with its parameters; "" where it has to guess."""
    return _type_in_force(content_type[:_LONGEST])


@lru_cache(512)  # sites use few, and several duties ask of each answer
def _type_in_force(content_type: str) -> str:
    for one in reversed(_ONE.findall(content_type)):
        kind = essence(one)
        if _TYPE.match(kind) and kind != "*/*":
            return "" if kind in _GUESSED else one.strip()
    return ""


def essence(content_type: str) -> str:
    """A type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def is_stream(kind: str) -> bool:
    """Whether it is made of messages that come by and by."""
    return kind in _STREAMS


def is_page(kind: str) -> bool:
    """Whether it is HTML or another mark-up that a browser shows as a page, or may turn out to be."""
    return kind in _GUESSED or kind in _PAGES or is_xml(kind)


def is_readable(kind: str) -> bool:
    """Whether a browser shows it as text, if it is opened."""
    return is_page(kind) or kind.startswith("text/") or kind.endswith(("json", *_SCRIPTS))


def is_xml(kind: str) -> bool:
    """Whether it is XML of any sort, such as a feed or a drawing."""
    return kind in ("text/xml", "application/xml") or kind.endswith("+xml")
