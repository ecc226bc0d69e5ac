"""Reads the bytes of a page as the text that a browser would show.

The order is the browsers' (WHATWG Encoding and HTML standards): a byte order mark, then the header's charset, then what
the page says of itself in its first kilobyte, then UTF-8 where the bytes are such, else Windows-1252. Names that no
browser knows count as not given.
"""

import codecs
import re

from schoolgate.content.charset_labels import CODECS

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WIDE_XML = ((b"<\0?\0x\0", "utf-16-le"), (b"\0<\0?\0x", "utf-16-be"))
_HEADERS = re.compile(r"(?:[^,\"]|\"(?:\\.|[^\"\\])*+\"?)++", re.DOTALL)  # more than one may be joined by commas
_PARAMETER = re.compile(r";\s*+([^;=]*+)=(?:\"((?:\\.|[^\"\\])*+)\"?[^;]*+|([^;]*+))", re.DOTALL)
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_DECLARED = re.compile(
    rb"<meta[\s/][^>]{0,400}?(?<![\w-])charset\s*=\s*[\"']?\s*([\w.:-]{1,40})"
    rb"|<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]{1,40})",
    re.IGNORECASE,
)
_PRESCAN = 1024
_MAY_BE_CUT = 1 << 16
_FALLBACK = "cp1252"


def charset_of(body: bytes, content_type: str) -> str:
    """The Python codec by which a browser would read ``body``; always one that exists."""
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return codec
    if codec := _said_by_header(content_type[:2000]):
        return codec
    for begin, codec in _WIDE_XML:
        if body.startswith(begin):
            return codec
    declared = _DECLARED.search(_COMMENT.sub(b"", body[:_PRESCAN]))
    if declared and (codec := _codec((declared.group(1) or declared.group(2)).decode("ascii", "replace"))):
        return "utf-8" if codec.startswith("utf-16") else codec  # it was read as ASCII to be found at all
    return "utf-8" if is_utf8(body) else _FALLBACK


def decode(body: bytes, content_type: str = "") -> str:
    """``body`` as text; what is no text in its charset becomes a replacement character."""
    try:
        text = codecs.decode(body, charset_of(body, content_type), "replace")
    except ValueError:
        text = body.decode(_FALLBACK, "replace")
    return text.lstrip("\ufeff")


def _said_by_header(content_type: str) -> str:
    """The charset of the last of the given types that names one; of each, its first ``charset`` counts."""
    for one in reversed(_HEADERS.findall(content_type)):
        for name, quoted, bare in _PARAMETER.findall(one):
            if name.lower() == "charset" and (value := quoted or bare.strip()):
                if codec := _codec(re.sub(r"\\(.)", r"\1", value)):
                    return codec
                break
    return ""


def _codec(name: str) -> str:
    return CODECS.get(name.strip(" \t\n\f\r").lower(), "")


def is_utf8(body: bytes) -> bool:
    """Whether it reads as UTF-8; of a long page, which may have been cut, the last character may lack its end."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body, len(body) < _MAY_BE_CUT)
    except UnicodeDecodeError:
        return False
    return True
