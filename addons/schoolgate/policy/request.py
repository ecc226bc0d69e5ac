"""What was asked for, written down once and in one form, however it was spelled.

Hosts and paths are read the way browsers read them (WHATWG URL, by can-ada), because a filter that reads
``http://0x7f.1/`` or ``ex%61mple.com`` differently from the browser can be walked around.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import unquote

import can_ada

from schoolgate.policy.rules import Hit

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in an IPv6 coat
_NAT64_OWN = IPv6Network("64:ff9b:1::/48")  # RFC 8215: the same in a network's own coat
_NOT_IN_A_HOST = frozenset("/\\@?#<>^|`{}\"' \t\r\n\0")
_LONGEST_HOST = 253  # RFC 1035, in characters without the last dot
_LONGEST_SHOWN_PATH = 512
_PORTS = {"http:": 80, "https:": 443}
_MORE_TO_DO = frozenset("0123456789].")  # a host that ends so may be an address, or end in a dot


class BadAddress(ValueError):
    """An address that a browser could not open either; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class WebRequest:
    """One request: ``names`` are all hosts it named (first the one that would be contacted), without repeats.

    ``path`` is for people and records (no query); ``target`` is for matching (decoded, folded, with the query);
    ``query`` is as it was sent, for reading search words from it, and is kept nowhere. ``asked`` is path and query as
    a browser sends them, for the sealed feeds and for addresses in addresses; "" where they are not known. ``signs``
    are the ways round a filter that its headers and its address show; ``opened``: it is for a page or a frame.
    """

    at: datetime
    client: str | None
    user: str | None
    method: str
    scheme: str
    names: tuple[str, ...]
    port: int
    path: str
    target: str
    query: str = ""
    asked: str = ""
    signs: tuple[Hit, ...] = ()
    opened: bool = False

    @property
    def host(self) -> str:
        """The host that would be contacted."""
        return self.names[0]

    @property
    def url(self) -> str:
        """The address as people may see it: without login, query or fragment."""
        default = {"http": 80, "https": 443}.get(self.scheme)
        port = "" if self.port == default else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{port}{self.path}"


def request_from_url(url: str, *, at: datetime, client: str | None = None, user: str | None = None) -> WebRequest:
    """Read ``url`` as an address bar would; a missing scheme means https. Raises BadAddress."""
    text = url.strip()
    if "://" not in text.split("?", 1)[0] and not text.lower().startswith(("http:", "https:")):
        text = "https://" + text.lstrip("/\\")
    try:
        parsed = can_ada.parse(text)
    except (ValueError, TypeError) as error:
        raise BadAddress(f"{shorten(url)!r} is not a web address") from error
    protocol, host, path, port = parsed.protocol, parsed.hostname, parsed.pathname, parsed.port
    if protocol not in _PORTS:
        raise BadAddress(f"{shorten(url)!r} is not a web address: only http and https are judged")
    if not host or host[-1] in _MORE_TO_DO or len(host) > _LONGEST_HOST:
        host = canonical_host(host)
    names, number = (host,), int(port) if port else _PORTS[protocol]
    target = match_target(path, parsed.search)
    query = parsed.search.removeprefix("?")
    asked = path + parsed.search
    return WebRequest(at, client, user, "GET", protocol[:-1], names, number, shown_path(path), target, query, asked)


@lru_cache(maxsize=65536)
def canonical_host(text: str) -> str:
    """The one spelling of a host: lower case, A-labels, no last dot; IP addresses in their shortest usual form.

    IPv4 addresses written as decimal, octal or hexadecimal numbers or inside IPv6 come out as plain IPv4.
    Raises BadAddress.
    """
    if not text or len(text) > 4 * _LONGEST_HOST or not _NOT_IN_A_HOST.isdisjoint(text):
        raise BadAddress(f"{shorten(text)!r} is not a host name")
    if ":" in text and not text.startswith("["):
        text = f"[{text}]"
    try:
        host = str(can_ada.parse(f"http://{text}/").hostname)
    except (ValueError, TypeError) as error:
        raise BadAddress(f"{shorten(text)!r} is not a host name") from error
    dotted, host = host, host.rstrip(".")
    if not host or len(host) > _LONGEST_HOST:
        raise BadAddress(f"{shorten(text)!r} is not a host name")
    if dotted.endswith(".."):  # it was no number to the parser, and is one now
        return canonical_host(host)
    address = host_address(host)
    return host if address is None else str(address)


@lru_cache(maxsize=65536)
def host_address(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address that a host is, unwrapped from IPv6 where it is an IPv4 one; None for a name."""
    bare = host.strip("[]")
    if ":" not in bare and not bare[-1:].isdigit():
        return None
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address.sixtofour:
            return address.sixtofour
        if address in _NAT64 or address in _NAT64_OWN or (int(address) >> 32 == 0 and int(address) > 1):
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def split_authority(text: str) -> tuple[str, int | None]:
    """``host:port`` (or ``[v6]:port``) into its canonical host and its port, if any. Raises BadAddress."""
    if text.startswith("["):
        host, closed, rest = text.partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise BadAddress(f"{shorten(text)!r} is not a host name")
        return canonical_host(host + "]"), _port(rest[1:], text)
    host, _, port = text.partition(":")
    return canonical_host(host), _port(port, text)


def _port(text: str, whole: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise BadAddress(f"{shorten(whole)!r} has no proper port number")
    return int(text)


def shown_path(path: str) -> str:
    """A path as people and records may see it: no query, no ``;`` parameters (sessions hide there), not endless."""
    if ";" not in path and "?" not in path and "#" not in path and 0 < len(path) <= _LONGEST_SHOWN_PATH:
        return path
    clean = path.partition("?")[0].partition("#")[0].partition(";")[0]
    return clean[:_LONGEST_SHOWN_PATH] or "/"


def match_target(path: str, query: str = "") -> str:
    """What URL entries are compared with: decoded once, lower case, ``\\`` as ``/``, no ``..`` and no ``//``."""
    if "%" not in path and "." not in path and "//" not in path and "\\" not in path:
        folded = path.lower()
    else:
        kept: list[str] = []
        for segment in unquote(path).replace("\\", "/").lower().split("/"):
            if segment == "..":
                del kept[-1:]
            elif segment not in ("", "."):
                kept.append(segment)
        trailing = "/" if path.endswith(("/", "%2f", "%2F", "\\")) and kept else ""
        folded = "/" + "/".join(kept) + trailing
    if not query or query == "?":
        return folded or "/"
    query = query.removeprefix("?")
    return f"{folded}?{(unquote(query) if '%' in query else query).lower()}"


def shorten(text: str, limit: int = 80) -> str:
    """A text that fits in a message."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
