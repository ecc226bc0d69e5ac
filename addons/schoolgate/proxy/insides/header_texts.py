"""All headers of a message as text by lower-case name, kept at the headers until they change."""

from mitmproxy.http import Headers

_LOWER = set[str | bytes]()  # names that were asked for, and are as ``texts_of`` has them
_MOST_KEPT, _LONGEST_KEPT = 1024, 64
_TEXTS = "texts"  # where headers keep them, beside the fields that they were made of


def texts_of(headers: Headers) -> dict[str, str]:
    """All by lower-case name, those that come twice joined by a comma (RFC 9110, 5.3); not to be changed."""
    known: tuple[object, dict[str, str]] | None = headers.__dict__.get(_TEXTS)
    fields = headers.fields
    if known is not None and known[0] is fields:
        return known[1]
    found: dict[str, str] = {}
    for raw, said in fields:  # walking mitmproxy's own mapping costs six times as much
        name, value = raw.lower().decode("utf-8", "surrogateescape"), said.decode("utf-8", "surrogateescape")
        found[name] = f"{found[name]}, {value}" if name in found else value
    headers.__dict__[_TEXTS] = fields, found
    return found


def text_of(headers: Headers, key: str | bytes) -> str | None:
    """One of them, by its name in any spelling; None where it is not there."""
    known: tuple[object, dict[str, str]] | None = headers.__dict__.get(_TEXTS)
    found = known[1] if known is not None and known[0] is headers.fields else texts_of(headers)
    text = found.get(key)  # type: ignore[arg-type]
    if text is not None or key in _LOWER:
        return text
    if type(key) is str and key.islower() and key.isascii():
        if len(_LOWER) < _MOST_KEPT and len(key) <= _LONGEST_KEPT:
            _LOWER.add(key)
        return None
    return found.get(_lowered(key))


def _lowered(key: str | bytes) -> str:
    """The name of a header as ``texts_of`` has it."""
    raw = key.encode("utf-8", "surrogateescape") if isinstance(key, str) else key
    return raw.lower().decode("utf-8", "surrogateescape")
