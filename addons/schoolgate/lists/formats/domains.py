"""Plain lists of domains, hosts files and dnsmasq settings: one name a line, with something around it."""

from collections.abc import Iterator

from schoolgate.lists.entry import read_address, read_host
from schoolgate.lists.formats.found import LIST, Complain, Found
from schoolgate.lists.formats.source_text import Lines
from schoolgate.policy.request import BadAddress

_LOCAL_NAMES = frozenset(
    {"localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost", "ip6-loopback", "ip6-localnet"}
    | {"ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "0.0.0.0"}
)
_NOWHERE = frozenset({"", "#", "0.0.0.0", "127.0.0.1", "::", "::1"})


def without_comment(text: str) -> str:
    """What stands before ``#``."""
    if "#" in text:
        text = text.split("#", 1)[0].rstrip()
    return text


def read_domains(source: Lines, complain: Complain) -> Iterator[Found]:
    """One ``domain`` or ``host/path`` a line; ``#`` begins a comment; ``*.d`` and ``.d`` mean ``d`` and all below."""
    for number, line in source:
        text = without_comment(line)
        if not text:
            continue
        try:
            if "/" in text:
                yield number, *read_address(text), LIST
            else:
                yield number, read_host(text.removeprefix("*.")), "", LIST
        except BadAddress as error:
            complain(number, str(error), line)


def read_hosts(source: Lines, complain: Complain) -> Iterator[Found]:
    """A hosts file: an address, then names; a name that stands alone is taken as well."""
    for number, line in source:
        words = without_comment(line).split()
        for name in words[1:] or words:
            if name.lower() in _LOCAL_NAMES:
                continue
            try:
                yield number, read_host(name), "", LIST
            except BadAddress as error:
                complain(number, str(error), line)


def read_dnsmasq(source: Lines, complain: Complain) -> Iterator[Found]:
    """``address=/d/0.0.0.0``, ``server=/d/`` and ``local=/d/`` of dnsmasq: the domain and all below it."""
    for number, line in source:
        text = without_comment(line) if not line.startswith("address=/#") else line
        if not text:
            continue
        word, equals, rest = text.partition("=")
        parts = rest.split("/")
        if not equals or word.strip() not in ("address", "server", "local") or len(parts) < 3 or parts[0].strip():
            complain(number, "a setting of dnsmasq that blocks no domain", line)
            continue
        if line.rpartition("/")[2].strip() not in _NOWHERE:
            complain(number, "it sends the domain to another server instead of blocking it", line)
            continue
        for name in parts[1:-1]:
            try:
                yield number, read_host(name), "", LIST
            except BadAddress as error:
                complain(number, str(error), line)
