"""Response policy zones, the block lists of name servers (draft-vixie-dnsop-dns-rpz): names that get no true answer."""

import re
from collections.abc import Iterator

from schoolgate.lists.entry import read_host
from schoolgate.lists.formats.found import BELOW, EXACT, EXCEPTIONS, Complain, Found
from schoolgate.lists.formats.source_text import Lines
from schoolgate.policy.request import BadAddress

_RECORD = re.compile(r"^(?P<name>\S+)\s+(?:\d\S*\s+)?(?:IN\s+)?(?P<type>[A-Z]+[0-9]*)\s+(?P<data>.+)$", re.IGNORECASE)
_REFUSALS = frozenset({".", "*.", "rpz-drop", "rpz-tcp-only"})
_NOWHERE = frozenset({"0.0.0.0", "127.0.0.1", "::", "::1"})
_OTHER_TRIGGERS = (".rpz-ip", ".rpz-client-ip", ".rpz-nsip", ".rpz-nsdname")
_HOUSEKEEPING = frozenset({"SOA", "NS", "TXT"})


def read_rpz(source: Lines, complain: Complain) -> Iterator[Found]:
    """``d CNAME .`` is the name alone, ``*.d CNAME .`` what is below it; ``rpz-passthru.`` is an exception."""
    origin, inside = "", False
    for number, line in source:
        text = line.split(";", 1)[0].rstrip()
        if inside:  # a SOA record over several lines
            inside = ")" not in text
        elif "(" in text and ")" not in text:
            inside, origin = True, origin or _owner(text)
        elif text.upper().startswith("$ORIGIN"):
            origin = text.split()[-1].strip(".").lower()
        elif text and not text.startswith("$"):
            record = _RECORD.match(text)
            if record is None:
                complain(number, "no record of a zone", line)
            elif record["type"].upper() in _HOUSEKEEPING:
                origin = origin or _owner(text)
            else:
                yield from _record(number, line, origin, record, complain)


def _owner(text: str) -> str:
    name = text.split()[0]
    return name.strip(".").lower() if name.endswith(".") else ""


def _record(number: int, line: str, origin: str, record: re.Match[str], complain: Complain) -> Iterator[Found]:
    kind, name, data = record["type"].upper(), record["name"], record["data"].split()[0].lower()
    target = data if data in (".", "*.") else data.rstrip(".")
    bare = name.rstrip(".").lower()
    if origin and name.endswith("."):
        bare = bare.removesuffix(origin).rstrip(".")
    if bare.endswith(_OTHER_TRIGGERS):
        complain(number, "it speaks of addresses or name servers, not of a host", line)
        return
    passes = target == "rpz-passthru"
    refuses = (kind == "CNAME" and target in _REFUSALS) or (kind in ("A", "AAAA") and target in _NOWHERE)
    if not passes and not refuses:
        complain(number, "it sends the name to another server instead of blocking it", line)
        return
    how = BELOW if bare.startswith("*.") else EXACT
    try:
        yield number, read_host(bare.removeprefix("*."), as_written=True), "", EXCEPTIONS[how] if passes else how
    except BadAddress as error:
        complain(number, str(error), line)
