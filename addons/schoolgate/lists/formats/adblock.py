"""Adblock Plus and AdGuard rules: those that speak of whole hosts or paths are taken, every other one is counted."""

import re
from collections.abc import Iterator

from schoolgate.lists.entry import read_address, read_host
from schoolgate.lists.formats.found import EXCEPTIONS, HOST_PATTERN, LIST, URL_PATTERN, Complain, Found
from schoolgate.lists.formats.source_text import Lines
from schoolgate.policy.request import BadAddress

_SCHEME = re.compile(r"^\^https?\??:(?:\\?/){2}")  # patterns are compared with host and path
_COSMETIC = re.compile(r"#@?[#$%?]|\$@?\$")
_HONOURED = frozenset({"all"})  # means just what an entry without options means here
HIDES = "a rule that hides parts of a page, which a network filter cannot do"
OPTIONS = "it has options that a network filter cannot honour"
PARTS = "a rule for parts of addresses, not for a host"


def read_adblock(source: Lines, complain: Complain) -> Iterator[Found]:
    """``||d^`` and ``||d/path``, exceptions ``@@``, ``/pattern/``, plain names, and hosts lines among them."""
    for number, line in source:
        if line.startswith(("!", "[")) or (line.startswith("#") and not _COSMETIC.match(line)):
            continue
        if _COSMETIC.search(line) and not line.startswith(("||", "/")):
            complain(number, HIDES, line)
            continue
        try:
            found = _rule(line)
        except BadAddress as error:
            complain(number, str(error), line)
            continue
        if isinstance(found, str):
            complain(number, found, line)
        else:
            yield number, *found


def _rule(line: str) -> tuple[str, str, str] | str:
    """Host, path and reach of a rule, or the reason why it is left out. Raises BadAddress."""
    body = line.removeprefix("@@")
    is_exception = body is not line and len(body) < len(line)
    if body.startswith("/") and body.rstrip().endswith("/") and len(body) > 2:
        pattern = _SCHEME.sub("^", body[1:-1])
        return "a pattern as an exception" if is_exception else (pattern, "", URL_PATTERN)
    body, dollar, options = body.partition("$")
    if dollar and not {option.strip() for option in options.split(",")} <= _HONOURED:
        return OPTIONS
    words = body.split()
    if len(words) > 1 and not is_exception:
        return (read_host(words[1]), "", LIST) if len(words) == 2 else PARTS
    how = EXCEPTIONS[LIST] if is_exception else LIST
    if body.startswith("||"):
        return _anchored(body[2:], how, is_exception)
    if body.startswith("|") or "*" in body or "^" in body or "/" in body or "." not in body or body[0] in ".-_&=?":
        return PARTS
    return read_host(body), "", how


def _anchored(body: str, how: str, is_exception: bool) -> tuple[str, str, str] | str:
    """What stands behind ``||``."""
    bare = body.removesuffix("|").removesuffix("^")
    host, slash, path = bare.partition("/")
    if "*" in path or "^" in path or (slash and "^" in host):
        return PARTS
    if slash and path:
        return *read_address(bare), how
    if not body.endswith(("^", "|", "/")) and body == bare:
        # ``||ads.`` or ``||example.co`` without an end would also match longer names
        return PARTS if host.endswith((".", "-")) or "." not in host else (read_host(host), "", how)
    host = host.removesuffix("^").removeprefix("*.")
    if "^" in host:
        return PARTS
    if "*" not in host:
        return read_host(host), "", how
    if is_exception:
        return "a pattern as an exception"
    pattern = "[^/]*".join(re.escape(piece) for piece in host.split("*"))
    return rf"(^|\.){pattern}$", "", HOST_PATTERN
