"""The address inside an address: whose page a translator, an archive, a cache or a proxy is asked to show.

Going round a filter by such a site is as old as filters. So the page behind it is judged as if it had been asked for
itself, however it is written: plain, percent-encoded once or more, in base64, in the host's own name as Google's
translator and AMP caches write it, or in the way of the web proxies that pupils pass on. An address may stand in an
address in an address; deeper than anybody needs it, nothing is looked for.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import unquote

from schoolgate.policy.request import BadAddress, WebRequest, request_from_url
from schoolgate.policy.rules import SIGN, Hit
from schoolgate.policy.signs import CIRCUMVENTION
from schoolgate.policy.spelled import is_coded, is_host, spelled
from schoolgate.policy.within_names import AMP, TRANSLATED, within_name
from schoolgate.policy.wrappers import WRAPPERS, Does, Wrapper

_DEEPEST = 4
_MOST = 40  # addresses that are looked for in one
_SHORTEST_CODED = 12  # characters
_LONGEST = 1 << 16  # characters of an address that are read
_SHORT = 2000  # characters; what was found in a longer one is not remembered
_NOWHERE = "hidden.invalid"  # stands for a page that was not looked for; no school has allowed it
_IN_A_PATH = re.compile(
    r"(?:(?<![a-z])|(?<=%2f))(?:https?(?::|%3a|%253a)(?:/|%2f|%252f)|hvtr?[ps](?:8|:|%3a)(?:/|%2f))", re.IGNORECASE
)
_TOLD = re.compile(r"/(?:share|sharer|submit|intent|pin|compose)(?:[/.]|$)", re.IGNORECASE)
"""Paths at which an address is passed on to somebody, and not shown."""
_CACHED = re.compile(r"cache(?::|%3a)", re.IGNORECASE)
_FAMILY = re.compile(r"(?:^|\.)((?:translate\.)?(?:google|yandex))\.[a-z]{2,3}(?:\.[a-z]{2})?$")
_ASKS = re.compile(
    r"/(?:api/)?(?:browse|cors|fetch|get|go|load|mirror|proxy|surf|unblock|view|visit|web)"
    r"(?:/((?:[\w-]+\.)+[a-z]{2,24}(?:[:/].*)?)|/?\.?(?:php)?)$",
    re.IGNORECASE,
)
"""Paths at which web proxies and relays are asked, some with a bare host behind."""
_BARE_NAMES = frozenset({"address", "siteurl", "u", "uri", "url", "urls", "webpage", "website", "weburl"})
"""Parameters of theirs whose value may lack its ``https://``."""
_SEARCHED = frozenset({"k", "keyword", "p", "q", "query", "s", "search", "term", "text", "wd"})
"""Parameters for words, which mean an address only at a path of ``_ASKS``."""
_ELSEWHERE = re.compile(
    r"(?:.*_)?(?:adurl|back|body|callback|cancel|canonical|cb|click|click_?(?:tag|through)|cont|continue|dl|done|error|"
    r"fail|from|href|loc|location|logout|message|msg|next|origin|parent|quote|redir|redirect|ref|referr?er|relaystate|"
    r"return|service|source|state|success|summary|title|via|wreply)(?:[_-]?(?:page|path|to|ur[il]s?))?"
)
"""Parameters that say where somebody came from or goes afterwards, or what is told of an address."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A request for the page behind another; ``does`` is what the site around it, ``host``, does with it."""

    request: WebRequest
    does: Does
    host: str


def wrapped_in(request: WebRequest) -> tuple[Wrapped, ...]:
    """Every page that is asked for inside this address, the outer ones first; mostly there is none."""
    return _wrapped_in(request) if len(request.asked) > _LONGEST or _addresses(request) else ()


@lru_cache(maxsize=64)  # asked for by several duties about one request
def _wrapped_in(request: WebRequest) -> tuple[Wrapped, ...]:
    found: list[Wrapped] = []
    waiting, seen = [(request, 0, Does.SHOWS)], {request}
    while waiting:
        outer, depth, does = waiting.pop(0)
        for text, how in _addresses(outer):
            inner = _request(text, request)
            if inner is None or inner in seen:
                continue
            seen.add(inner)
            both = how if does is Does.SHOWS else does
            if len(found) == _MOST or depth == _DEEPEST:
                return (*found, *_hidden(request, both))
            found.append(Wrapped(inner, both, outer.host))
            waiting.append((inner, depth + 1, both))
    too_long = len(request.asked) > _LONGEST and any(map(_wrappers, request.names))
    return (*found, *_hidden(request, Does.SHOWS)) if too_long else tuple(found)


def _hidden(request: WebRequest, does: Does) -> tuple[Wrapped, ...]:
    """What stands for the pages that nobody looks for any more: where one may be shown, that is a way round."""
    if does is Does.PERHAPS:
        return ()
    sign = Hit(CIRCUMVENTION, SIGN, "a page behind too many others", certain=True)
    unknown = replace(request, names=(_NOWHERE,), path="/", target="/", query="", asked="", signs=(sign,))
    return (Wrapped(unknown, does, request.host),)


def shown(request: WebRequest) -> WebRequest:
    """The request for the page that is really shown: the innermost, or the request itself."""
    wrapped = wrapped_in(request)
    pages = [each.request for each in wrapped if each.does is Does.SHOWS] if wrapped else []
    return pages[-1] if pages else request


def _request(text: str, outer: WebRequest) -> WebRequest | None:
    try:
        inner = request_from_url(text[:_LONGEST], at=outer.at, client=outer.client, user=outer.user)
    except BadAddress:
        return None
    inner = replace(inner, method=outer.method, opened=outer.opened)
    return inner if "." in inner.host or ":" in inner.host else None


def _addresses(request: WebRequest) -> tuple[tuple[str, Does], ...]:
    """The addresses in an address, each as a text that can be read, and what is done with them."""
    asked = request.asked or (f"{request.path}?{request.query}" if request.query else request.path)
    if not request.opened and all(map(_is_plain, request.names)) and not _may_be_in_a_path(asked):
        return ()
    known = (request.names, asked, request.method != "DNS", request.opened)
    return _looked_at(*known) if len(asked) <= _SHORT else tuple(_look_at(*known))


@lru_cache(maxsize=512)  # asked for by several duties about one request, and by a class about one page
def _looked_at(names: tuple[str, ...], asked: str, anywhere: bool, opened: bool) -> tuple[tuple[str, Does], ...]:
    return tuple(_look_at(names, asked, anywhere, opened))


def _look_at(names: tuple[str, ...], asked: str, anywhere: bool, opened: bool) -> Iterator[tuple[str, Does]]:
    asked = asked[:_LONGEST]
    path, _, query = asked.partition("?")
    for host in () if all(map(_is_plain, names)) else names:
        for name in within_name(host, query, anywhere):
            yield f"https://{name}{asked if host.endswith(TRANSLATED) else '/'}", Does.SHOWS
        for wrapper in _wrappers(host):
            if asked.lower().startswith(wrapper.path):
                yield from ((text, wrapper.does) for text in _of_wrapper(wrapper, asked))
    match = _in_a_path(path)
    if match is not None and path[: match.start()].lower().endswith(("/", "%2f")):
        yield from ((text, Does.SHOWS) for text in spelled(asked[match.start() :], bare=False))
    if opened and not _TOLD.search(path):
        yield from ((text, Does.PERHAPS) for text in _of_any_site(path, query))


@lru_cache(8192)
def _is_plain(host: str) -> bool:
    """Whether a host's own name holds no other's, and no line of the table is for it."""
    is_written_in = host.endswith((TRANSLATED, AMP)) or any(True for _ in within_name(host, ""))
    return not is_written_in and not _wrappers(host)


def _in_a_path(path: str) -> re.Match[str] | None:
    """Where an address begins within a path, not at its very beginning."""
    return _IN_A_PATH.search(path, 1) if _may_be_in_a_path(path) else None


def _may_be_in_a_path(path: str) -> bool:
    """Whether it is worth while to look for an address in a path."""
    small = path.lower()
    return "http" in small or "hvt" in small


def _of_any_site(path: str, query: str) -> Iterator[str]:
    """What an unknown site may be asked to show: addresses in the places where web proxies and relays have them."""
    asks = _ASKS.search(path)
    for name, value in _parameters(query) if query else ():
        coded = len(value) > _SHORTEST_CODED and is_coded(unquote(value))
        if coded or not (_ELSEWHERE.fullmatch(name) or (name in _SEARCHED and not asks)):
            yield from spelled(value, bare=coded or name in _BARE_NAMES or (asks is not None and name in _SEARCHED))
    if query and "=" not in query:
        yield from spelled(query)
    if asks is not None and asks[1] and is_host(asks[1].partition("/")[0]):
        yield from spelled(asks[1])
    yield from _in_segments(path)


def _in_segments(path: str) -> Iterator[str]:
    segments = path.split("/")
    for number, segment in enumerate(segments):
        if len(segment) > _SHORTEST_CODED and is_coded(unquote(segment)):
            yield from spelled(segment)
        elif segment in ("http", "https") and is_host("".join(segments[number + 1 : number + 2])):
            yield f"{segment}://{'/'.join(segments[number + 1 :])}"
    if (match := _in_a_path(path)) is not None:
        yield from spelled(path[match.start() :], bare=False)


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


def _of_wrapper(wrapper: Wrapper, asked: str) -> Iterator[str]:
    path, _, query = asked.partition("?")
    for name, value in _parameters(query):
        if name in wrapper.names:
            yield from spelled(_cached(value) if _CACHED.match(value) else value)
        elif name == "q" and "cache:q" in wrapper.names and _CACHED.match(value):
            yield from spelled(_cached(value))
    if wrapper.whole_query and query:
        yield from spelled(query)
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
        yield from spelled(rest[match.start() :])
        return
    segments = rest.split("/")
    for word in ("http", "https"):  # ``/proxy_u/en-de/https/example.com/``
        segments = segments[segments.index(word) + 1 :] if word in segments[:-1] else segments
    for number, segment in enumerate(segments):
        if is_coded(unquote(segment)) or (bare and is_host(segment)):
            yield from spelled("/".join(segments[number:]) if is_host(segment) else segment)
            return


def _parameters(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.replace(";", "&").split("&"):
        name, _, value = pair.partition("=")
        yield unquote(name).lower().removeprefix("amp;").partition("[")[0], value
