"""A web address out of a text that stands for one, however it is spelled.

Plain, percent-encoded once or more, in base64 or hexadecimal, in the way of the web proxies that pupils pass on, with
white space that browsers take out of an address, or behind a word that only browsers know (``view-source:``).
"""

import re
from base64 import urlsafe_b64decode
from codecs import decode
from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

_DEEPEST = 4
_WITH_SCHEME = re.compile(r"(https?):?/{0,3}(?=[^/%\s])(?<=[:/])(.+)", re.IGNORECASE | re.DOTALL)
_BARE = re.compile(r"(?:[\w-]+\.)+([a-z]{2,24}|xn--[\w-]+)\.?(?::\d+)?(?:[/?#].*)?", re.IGNORECASE | re.DOTALL)
_FILES = re.compile(
    r"aspx?|bmp|css|csv|gif|html?|ico|jpe?g|jsp?|json|md|mp[34]|pdf|php|png|py|svg|txt|webp|xml", re.IGNORECASE
)
_BASE64 = re.compile(
    r"(?:a1)?((?:aHR0c|SFRUU|d3d3L|YUhSMGN)[A-Za-z0-9+/_-]+)=*", re.ASCII
)  # http, HTTP, www., and http twice
_HEX = re.compile(r"(?:0x)?((?:68747470(?:73)?3a2f2f|7777772e)[0-9a-f]{4,})", re.IGNORECASE | re.ASCII)
_XORED = tuple(f"hvt{end}{colon}" for end in ("rs", "p") for colon in ("8", ":", "%3a"))
_TURNED = re.compile(r"uggcf?(?::|%3a)", re.IGNORECASE)  # PHProxy's and CGIProxy's ROT13
_BEFORE = re.compile(r"(?:view-source:|feed:(?://)?|ssl:|url:)+", re.IGNORECASE)
_TAKEN_OUT = str.maketrans("", "", "\t\r\n\0")


def spelled(text: str, bare: bool = True) -> Iterator[str]:
    """The address that a text stands for, if it does; without ``bare`` only one with its ``https://``."""
    for _ in range(_DEEPEST):
        text = _BEFORE.sub("", text.translate(_TAKEN_OUT).strip(), count=1)
        match = _WITH_SCHEME.fullmatch(text)
        if match is not None and "%" not in match[2].partition("/")[0]:
            yield f"{match[1].lower()}://{match[2]}"
            return
        if text.startswith("//") and _BARE.fullmatch(text[2:]):
            yield f"https:{text}"
            return
        if (plain := _decoded(text)) == text:
            break
        text = plain
    if bare and is_host(text.partition("/")[0].partition("?")[0]):
        yield f"https://{text}"


def is_host(text: str) -> bool:
    """Whether a text reads like the name of a host, and not like that of a file."""
    match = _BARE.fullmatch(unquote(text).rstrip("*"))
    return match is not None and _FILES.fullmatch(match[1]) is None


def is_coded(text: str) -> bool:
    """Whether a text is an address in base64 or hexadecimal."""
    return _BASE64.fullmatch(text) is not None or _HEX.fullmatch(text) is not None


def _decoded(text: str) -> str:
    """One layer less, or the same where there is none."""
    if (coded := _BASE64.fullmatch(text)) is not None:
        return _from_base64(coded[1])
    if (coded := _HEX.fullmatch(text)) is not None:
        return bytes.fromhex(coded[1][: len(coded[1]) // 2 * 2]).decode("utf-8", "replace")
    if text.lower().startswith(_XORED):
        return _from_xor(unquote(text))
    if _TURNED.match(text):
        return decode(unquote(text), "rot13")
    return unquote_plus(text) if "%" in text else text


def _from_base64(text: str) -> str:
    try:
        padded = text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4)
        return urlsafe_b64decode(padded).decode("utf-8", "replace")
    except ValueError:
        return ""


def _from_xor(text: str) -> str:
    """How Ultraviolet writes addresses: every second character with its second bit turned."""
    return "".join(chr(ord(sign) ^ 2) if number % 2 else sign for number, sign in enumerate(text))
