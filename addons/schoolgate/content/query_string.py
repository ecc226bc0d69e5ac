"""Reads the query of an address, and a form, the way web servers do, however a name or a word in it is spelled."""

import json
import re
from collections import deque
from collections.abc import Iterable, Sequence
from urllib.parse import unquote, unquote_to_bytes

_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPED_WIDE = re.compile(r"(?:%[uU][0-9A-Fa-f]{4})+")  # JavaScript's escape(), which Microsoft's servers read too
_GLUE = re.compile(r"[\s._]+")
_MOST_LAYERS = 4


def values(query: str) -> dict[str, list[str]]:
    """The raw values of every parameter, by its plain name."""
    given: dict[str, list[str]] = {}
    for piece in query.split("&") if query else ():
        name, _, value = piece.partition("=")
        given.setdefault(plain_name(name), []).append(value)
    return given


def plain_name(raw: str) -> str:
    """A parameter's name as any server may come to read it.

    ``%73afe``, ``SAFE`` and ``safe%00`` are all ``safe`` to one server or another; PHP reads ``a.b`` and ``a b`` as
    ``a_b``.
    """
    name = raw.replace("+", " ")
    for _ in range(_MOST_LAYERS):
        if "%" not in name:
            break
        name = _unescape_wide(unquote(name))
    name = name.partition("\0")[0]
    return _GLUE.sub("_", name.strip()).casefold()


def words(raw: str, codecs: Sequence[str] = ("utf-8",)) -> str:
    """A value as somebody typed it: decoded by the first codec that can, with blanks for plus signs.

    What was encoded twice is decoded twice; a single ``%20`` within a sentence is taken for typed.
    """
    text = _decode(raw.replace("+", " "), codecs)
    if _ESCAPED.search(text) and not re.search(r"\s", text):
        text = _decode(text.replace("+", " "), codecs)
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())


def _decode(text: str, codecs: Sequence[str]) -> str:
    if "%" not in text:
        return text
    data = unquote_to_bytes(text.encode("utf-8", "replace"))
    for codec in (*codecs, "cp1252"):
        try:
            return _unescape_wide(data.decode(codec))
        except UnicodeDecodeError:
            continue
    return _unescape_wide(data.decode("utf-8", "replace"))


def _unescape_wide(text: str) -> str:
    return _ESCAPED_WIDE.sub(_wide, text) if "%u" in text or "%U" in text else text


def _wide(found: re.Match[str]) -> str:
    units = bytes.fromhex(re.sub("%[uU]", "", found.group()))
    return units.decode("utf-16-be", "replace")


def form_values(content_type: str, body: bytes) -> dict[str, list[str]]:
    """The fields of a posted form, as ``values`` gives those of a query."""
    text = body.decode("latin-1")
    if not content_type.lower().startswith("multipart/form-data"):
        return values(text)
    boundary = re.search(r'boundary="?([^";]+)', content_type, re.IGNORECASE)
    given: dict[str, list[str]] = {}
    for part in text.split("--" + boundary.group(1)) if boundary else ():
        head, _, value = part.partition("\r\n\r\n")
        name = re.search(r'[; ]name="?([^";\r\n]+)', head, re.IGNORECASE)
        if name and "filename" not in head:
            octets = value.removesuffix("\r\n").encode("latin-1")
            given.setdefault(plain_name(name.group(1)), []).append("".join(f"%{octet:02X}" for octet in octets))
    return given


def text_in_json(text: str, names: Iterable[str]) -> str:
    """The first text under one of these names, however deep it lies; "" if there is none."""
    try:
        waiting = deque([json.loads(text)])
    except (ValueError, RecursionError):
        return ""
    while waiting:
        value = waiting.popleft()
        if isinstance(value, dict):
            for name in names:
                if isinstance(value.get(name), str) and value[name].strip():
                    return " ".join(value[name].split())
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return ""
