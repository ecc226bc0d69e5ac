"""Reads the bytes of a page as the text that a browser would show.

The order is the browsers' (WHATWG Encoding and HTML standards): a byte order mark, then the header's charset, then what
the page says of itself in its first kilobyte, then UTF-8 where the bytes are such, else Windows-1252.
"""

import codecs
import re

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})"
    rb"|<\?xml[^>]{0,100}?encoding=[\"']([\w.:-]{1,40})",
    re.IGNORECASE,
)
_PRESCAN = 1024
_MAY_BE_CUT = 1 << 16
# what browsers read under these names (Encoding Standard, 4.2)
_READ_AS = {
    name: codec
    for codec, names in {
        "cp1252": "iso-8859-1 iso8859-1 latin1 latin-1 ascii us-ascii x-user-defined",
        "cp1254": "iso-8859-9",
        "gb18030": "gb2312 gbk",
        "cp932": "x-sjis shift_jis shift-jis",
        "cp949": "ks_c_5601-1987 euc-kr",
        "big5hkscs": "big5",
        "utf-16-le": "unicode utf-16",
    }.items()
    for name in names.split()
}
_FALLBACK = "cp1252"


def charset_of(body: bytes, content_type: str) -> str:
    """The Python codec by which a browser would read ``body``; always one that exists."""
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return codec
    said = _HEADER.search(content_type)
    if said and (codec := _codec(said.group(1))):
        return codec
    declared = _DECLARED.search(body, 0, _PRESCAN)
    if declared and (codec := _codec((declared.group(1) or declared.group(2)).decode("ascii", "replace"))):
        return "utf-8" if codec.startswith("utf-16") else codec  # it was read as ASCII to be found at all
    return "utf-8" if _is_utf8(body) else _FALLBACK


def decode(body: bytes, content_type: str = "") -> str:
    """``body`` as text; what is no text in its charset becomes a replacement character."""
    codec = charset_of(body, content_type)
    return codecs.decode(body, codec, "replace").lstrip("\ufeff")


def _codec(name: str) -> str:
    wanted = name.strip().lower()
    wanted = _READ_AS.get(wanted, wanted)
    try:
        info = codecs.lookup(wanted)
    except (LookupError, ValueError):
        return ""
    if not info._is_text_encoding or info.name in ("idna", "punycode", "utf-7", "raw-unicode-escape", "unicode-escape"):
        return ""
    return info.name


def _is_utf8(body: bytes) -> bool:
    """Whether it reads as UTF-8; of a long page, which may have been cut, the last character may lack its end."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(body, len(body) < _MAY_BE_CUT)
    except UnicodeDecodeError:
        return False
    return True
