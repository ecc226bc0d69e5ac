"""The address inside an address: whose page a translator, an archive, a cache or a proxy is asked to show.

Going round a filter by such a site is as old as filters. So the page behind it is judged as if it had been asked for
itself, however it is written: plain, percent-encoded once or more, in base64, in the host's own name as Google's
translator and AMP caches write it, or in the way of the web proxies that pupils pass on. An address may stand in an
address in an address; deeper than anybody needs it, nothing is looked for.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import unquote, unquote_plus

from schoolgate.policy.request import BadAddress, WebRequest, request_from_url
from schoolgate.policy.wrappers import WRAPPERS, Does, Wrapper

_DEEPEST = 4
_MOST = 12  # addresses that are looked for in one
_LONGEST = 4096  # characters of an address that are read
_WITH_SCHEME = re.compile(r"(https?):?/{0,3}(?=[^/%\s])(?<=[:/])(.+)", re.IGNORECASE | re.DOTALL)
_BARE = re.compile(r"(?:[\w-]+\.)+([a-z]{2,24}|xn--[\w-]+)\.?(?::\d+)?(?:[/?#].*)?", re.IGNORECASE | re.DOTALL)
_IN_A_PATH = re.compile(
    r"(?<![a-z])(?:https?(?::|%3a|%253a)(?:/|%2f|%252f)|hvtr?[ps](?:8|:|%3a)(?:/|%2f))", re.IGNORECASE
)
_FILES = re.compile(
    r"aspx?|bmp|css|csv|gif|html?|ico|jpe?g|jsp?|json|mp[34]|pdf|php|png|svg|txt|webp|xml", re.IGNORECASE
)
_BASE64 = re.compile(r"(?:a1)?(aHR0c[A-Za-z0-9+/_-]+)=*", re.ASCII)
_XORED = tuple(f"hvt{end}{colon}" for end in ("rs", "p") for colon in ("8", ":", "%3a"))
_CACHED = re.compile(r"cache(?::|%3a)", re.IGNORECASE)
_HYPHENS = re.compile(r"-+")
_FAMILY = re.compile(r"(?:^|\.)((?:translate\.)?(?:google|yandex))\.[a-z]{2,3}(?:\.[a-z]{2})?$")
_TRANSLATED, _AMP = ".translate.goog", ".cdn.ampproject.org"


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A request for the page behind another; ``does`` is what the site around it does with it."""

    request: WebRequest
    does: Does


def wrapped_in(request: WebRequest) -> tuple[Wrapped, ...]:
    """Every page that is asked for inside this address, the outer ones first; mostly there is none."""
    found: list[Wrapped] = []
    waiting, seen = [(request, 0, Does.SHOWS)], [request]
    while waiting and len(found) < _MOST:
        outer, depth, does = waiting.pop(0)
        for text, how in _addresses(outer):
            inner = _request(text, request)
            if inner is None or any(inner == each for each in seen):
                continue
            seen.append(inner)
            both = how if does is Does.SHOWS else does
            found.append(Wrapped(inner, both))
            if depth + 1 < _DEEPEST:
                waiting.append((inner, depth + 1, both))
    return tuple(found[:_MOST])


def shown(request: WebRequest) -> WebRequest:
    """The request for the page that is really shown: the innermost, or the request itself."""
    pages = [each.request for each in wrapped_in(request) if each.does is Does.SHOWS]
    return pages[-1] if pages else request


def _request(text: str, outer: WebRequest) -> WebRequest | None:
    try:
        inner = request_from_url(text[:_LONGEST], at=outer.at, client=outer.client, user=outer.user)
    except BadAddress:
        return None
    return replace(inner, method=outer.method) if "." in inner.host or ":" in inner.host else None


def _addresses(request: WebRequest) -> Iterator[tuple[str, Does]]:
    """The addresses in an address, each as a text that can be read, and what is done with them."""
    asked = (request.asked or (f"{request.path}?{request.query}" if request.query else request.path))[:_LONGEST]
    for host in request.names:
        for name in _in_the_name(host, asked):
            yield f"https://{name}{asked if host.endswith(_TRANSLATED) else '/'}", Does.SHOWS
        for wrapper in _wrappers(host):
            if asked.lower().startswith(wrapper.path):
                yield from ((text, wrapper.does) for text in _of_wrapper(wrapper, asked))
    path = asked.partition("?")[0]
    if (match := _IN_A_PATH.search(path, 1)) is not None and path[match.start() - 1] == "/":
        yield from ((text, Does.SHOWS) for text in _read(asked[match.start() :], bare=False))


@lru_cache(8192)
def _wrappers(host: str) -> tuple[Wrapper, ...]:
    """The lines of the table for a host, or for a domain above it."""
    found = list[Wrapper]()
    name = host
    while "." in name:
        found.extend(WRAPPERS.get(name, ()))
        name = name.partition(".")[2]
    family = _FAMILY.search(host)
    if family is not None:
        found.extend(WRAPPERS.get(f"{family[1]}.*", ()))
        found.extend(WRAPPERS.get(f"{family[1].rpartition('.')[2]}.*", ()))
    return tuple(dict.fromkeys(found))


def _in_the_name(host: str, asked: str) -> Iterator[str]:
    """The host that is written into another host's first label: ``www-bbc-co-uk`` is www.bbc.co.uk."""
    if host.endswith(_TRANSLATED):
        label = host.removesuffix(_TRANSLATED).rpartition(".")[2]
        given = dict(_parameters(asked.partition("?")[2]))
        ways = given.get("_x_tr_enc", "").split(",")
        label = given.get("_x_tr_hp", "") + label
        for way in ("1", "0"):
            label = label.removeprefix(f"{way}-") if way in ways else label
    elif host.endswith(_AMP):
        label = host.removesuffix(_AMP).rpartition(".")[2]
        label = label[2:-2] if label.startswith("0-") and label.endswith("-0") else label
    else:
        return
    name = _HYPHENS.sub(lambda run: "-" * (len(run[0]) // 2) + "." * (len(run[0]) % 2), label)
    if "." in name:
        yield name


def _of_wrapper(wrapper: Wrapper, asked: str) -> Iterator[str]:
    path, _, query = asked.partition("?")
    for name, value in _parameters(query):
        if name in wrapper.names:
            yield from _read(_cached(value) if _CACHED.match(value) else value)
        elif name == "q" and "cache:q" in wrapper.names and _CACHED.match(value):
            yield from _read(_cached(value))
    if wrapper.whole_query and query:
        yield from _read(query)
    if wrapper.in_path:
        yield from _in_the_path(path[len(wrapper.path.rstrip("/")) :], query, wrapper.bare)


def _cached(value: str) -> str:
    """``cache:ADDRESS words`` or ``cache:KEY:ADDRESS words``, as Google's cache was asked."""
    value = unquote(value).partition(":")[2].replace("+", " ").strip().partition(" ")[0]
    key, colon, rest = value.partition(":")
    return rest if colon and "." not in key and not rest.startswith("/") else value


def _in_the_path(path: str, query: str, bare: bool) -> Iterator[str]:
    """The rest of a path from where an address begins; without a scheme, from the first part that can be a host."""
    rest = f"{path}?{query}" if query else path
    match = _IN_A_PATH.search(rest)
    if match is not None:
        yield from _read(rest[match.start() :])
        return
    segments = rest.split("/")
    for word in ("http", "https"):  # ``/proxy_u/en-de/https/example.com/``
        segments = segments[segments.index(word) + 1 :] if word in segments[:-1] else segments
    for number, segment in enumerate(segments):
        whole = "/".join(segments[number:])
        if _BASE64.fullmatch(segment) or (bare and _is_host(segment)):
            yield from _read(whole if _is_host(segment) else segment)
            return


def _is_host(segment: str) -> bool:
    match = _BARE.fullmatch(unquote(segment))
    return match is not None and _FILES.fullmatch(match[1]) is None


def _parameters(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.replace(";", "&").split("&"):
        name, _, value = pair.partition("=")
        yield unquote(name).lower().removeprefix("amp;"), value


def _read(text: str, bare: bool = True) -> Iterator[str]:
    """An address out of what stands for it, decoded until one comes out; nothing where none does."""
    text = text.strip().removeprefix("ssl:")
    for _ in range(_DEEPEST):
        if (match := _WITH_SCHEME.fullmatch(text)) is not None:
            yield f"{match[1].lower()}://{match[2]}"
            return
        if text.startswith("//") and _BARE.fullmatch(text[2:]):
            yield f"https:{text}"
            return
        if (coded := _BASE64.fullmatch(text)) is not None:
            text = _from_base64(coded[1])
            continue
        if text.lower().startswith(_XORED):
            text = _from_xor(unquote(text))
            continue
        if (plain := unquote_plus(text) if "%" in text else text) == text:
            break
        text = plain
    if bare and _is_host(text.partition("/")[0].partition("?")[0]):
        yield f"https://{text}"


def _from_base64(text: str) -> str:
    try:
        padded = text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4)
        return urlsafe_b64decode(padded).decode("utf-8", "replace")
    except ValueError:
        return ""


def _from_xor(text: str) -> str:
    """How Ultraviolet writes addresses: every second character with its second bit turned."""
    return "".join(chr(ord(sign) ^ 2) if number % 2 else sign for number, sign in enumerate(text))
