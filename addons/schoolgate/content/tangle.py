"""Tells HTML that would keep a parser busy for long: its time grows with the square of the depth and of attributes.

The count errs on the high side: only a tag that is closed next, as well-kept pages do, counts as closed.
"""

import re

import re2

_DEEPEST = 5000  # elements in one another
_MOST_ATTRIBUTES = 1000  # of one tag
_LONG_TAG = 4000  # characters, below which attributes are not counted
_LONG_CHUNK = 2000  # characters without a ">"
_MUCH = 20_000  # characters in such chunks
_FEW = 25
_NAMES = (
    "area base body br col colgroup dd dt embed frame head hr html img input li link meta optgroup option p param "
    "source tbody td tfoot th thead tr track wbr"
)
_NEVER_NESTED = frozenset(_NAMES.split())
_RAW = ("iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp")
_RAW_ENDS = {name: re.compile(rf"</{name}|\Z") for name in _RAW}
_QUOTED_END = re.compile(r"=\s*+[\"'][^\"'<>]*+[<>]")
_QUOTED_SOON = re2.compile(rb"=[^\"'<>=]*[\"'][^\"'<>]*[<>]")  # wider than the other, and many times as fast
_ATTRIBUTE = re.compile(r"[^\s/>=]+(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>]*+))?")
_TAG = re.compile(
    r"<!--(?:>|->|.*?(?:--!?>|\Z))|<[?!][^>]*+>?"
    r"|<(/?)([a-z][^\s/>]*+)((?:[^>\"'=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?|[\"'])*+)>?",
    re.DOTALL,
)
_NAME = re.compile(r"<([a-z][^\s/>]*+)")


def is_tangled(html: str) -> bool:
    """Whether a page (in small letters) has elements too deep in one another, or a tag with too many attributes."""
    opened = html.count("<") - html.count("</")  # no opening tag lacks its "<"
    if html.count("<body") + html.count("<html") > _FEW:
        return True  # each gives its attributes to the first
    if opened <= _DEEPEST and not _may_be_long(html):
        return False
    return (opened > _DEEPEST and "<![cdata[" in html) or _is_deep(html)


def _may_be_long(html: str) -> bool:
    """Whether some tag may be long: much text without a ``>``, or many signs of tags in quotes."""
    if len(html) < _LONG_TAG:
        return False
    long = sum([len(chunk) for chunk in html.split(">") if len(chunk) > _LONG_CHUNK]) if _has_long_chunk(html) else 0
    quoted = _QUOTED_SOON.search(html.encode("utf-8", "replace")) is not None
    return long > _MUCH or (quoted and len(_QUOTED_END.findall(html)) > _FEW)


def _has_long_chunk(html: str) -> bool:
    """Whether there are so many characters without a ``>`` anywhere; each step looks only for the last of them."""
    begin = 0
    while len(html) - begin > _LONG_CHUNK:
        last = html.rfind(">", begin, begin + _LONG_CHUNK + 1)
        if last < 0:
            return True
        begin = last + 1
    return False


def _is_deep(html: str) -> bool:
    stack: list[str] = []
    begin, foreign = 0, False
    while tag := _TAG.search(html, begin):
        begin, closing, name, given = tag.end(), tag[1], tag[2], tag[3]
        if closing:
            if stack and stack[-1] == name:
                stack.pop()
        elif name:
            foreign = foreign or name in ("svg", "math")
            inner = ""
            if name in _RAW_ENDS:
                end = _RAW_ENDS[name].search(html, begin)
                inner, begin = (html[begin : end.start()], end.start()) if end else (html[begin:], len(html))
            elif name not in _NEVER_NESTED:
                stack.append(name)
            stack += _NAME.findall(given + inner if foreign else given)  # in a drawing, what is raw else is mark-up
            if len(stack) > _DEEPEST or (len(given) > _LONG_TAG and _has_many_attributes(given)):
                return True
    return False


def _has_many_attributes(given: str) -> bool:
    return len(_ATTRIBUTE.findall(given)) > _MOST_ATTRIBUTES
