"""Which words an address searches for, at any search engine, shop, map or social site that we know.

``search_engines.json`` says where each engine keeps them; it is made by ``tests/models/make_search_engines.py``, mostly
from Matomo's list of search engines (CC0). What a browser asks for while somebody is still typing (suggestions), and
what a page asks for by itself (pictures, beacons), is no search.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from schoolgate.content.query_string import form_values, plain_name, text_in_json, values, words

SHIPPED = Path(__file__).with_name("search_engines.json")
_LONGEST = 4000  # characters of a search that are judged
_LONGEST_PATH = 2000
_MOST_BODY = 1 << 20
_REMEMBERED = 65536
_TLD = re.compile(r"\.(?:(?:com?|org|net|edu|it)\.[a-z]{2}|[a-z]{2}|com|org|net|cat)$")
_COUNTRY = re.compile(r"[a-z]{2}(?:-[a-z]{2})?")
_ENTRANCE = re.compile(r"(?:www\d*|m|mobile|touch|amp)\.")
_TYPING_HOST = re.compile(
    r"(?:^|[.-])(?:ac|sugg?|suggest\w*|autosug\w*|autocomplete|completion|typeahead|geocod\w*)[.-]"
)
_TYPING = re.compile(
    r"suggest|autosug|auto-?complete|type-?ahead|gen_?204|client_204|opensearch|(?:^|/)(?:ac|as|sugg?|complete|beacon)(?:/|$)"
    r"|\.(?:js|css|png|jpe?g|gif|svg|ico|webp|avif|woff2?)$",
    re.IGNORECASE,
)
_SAID = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "euc-kr": "cp949",
    "euc-jp": "euc_jp",
    "sjis": "cp932",
    "shift_jis": "cp932",
    "iso-8859-1": "cp1252",
    "iso-8859-2": "iso8859_2",
    "windows-1251": "cp1251",
    "koi8-r": "koi8_r",
}
_ANYWHERE = frozenset(("/search", "/search/"))
_ANYWHERE_NAMES = (("q",), ("query",))


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody searched for."""

    words: str
    engine: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """One way in which an engine is asked: ``names`` are tried in turn, those of one turn are read together."""

    engine: str
    path: re.Pattern[str] | None
    in_path: re.Pattern[str] | None
    names: tuple[tuple[str, ...], ...]
    in_json: frozenset[str]
    codecs: tuple[str, ...]
    posted: bool
    exact: bool  # its path says that it is a search; otherwise suggestions have to be told apart

    def covers(self, path: str) -> bool:
        """Whether a search may be at this path."""
        return (self.path is None or self.path.search(path) is not None) and (
            self.exact or _TYPING.search(path) is None
        )


class SearchEngines:
    """All engines, by host."""

    def __init__(self, rules: Mapping[str, Sequence[_Rule]]) -> None:
        self._rules = rules
        self._of = lru_cache(_REMEMBERED)(self._find)

    def search_of(self, host: str, path: str, query: str) -> Search | None:
        """What an address searches for: canonical host, raw path, raw query without its question mark."""
        rules = self._of(host)
        if not rules:
            return _anywhere(host, query) if query and path in _ANYWHERE else None
        path = _plain_path(path)
        given = values(query)
        for spelling in (path, unquote(path)) if "%" in path else (path,):
            for rule in rules:
                if rule.covers(spelling) and (found := _in_path(rule, spelling, query) or _in_query(rule, given)):
                    return Search(found, rule.engine)
        return None

    def knows(self, host: str) -> bool:
        """Whether this host is one of an engine."""
        return bool(self._of(host))

    def takes_forms(self, host: str, path: str | None = None) -> bool:
        """Whether this host (at this path) is also asked by POST, so that the words stand in the body."""
        plain = None if path is None else _plain_path(path)
        return any(rule.posted and (plain is None or rule.covers(plain)) for rule in self._of(host))

    def search_of_form(self, host: str, path: str, query: str, content_type: str, body: bytes) -> Search | None:
        """What a POST searches for; ``body`` is unpacked (no ``Content-Encoding``)."""
        plain = _plain_path(path)
        for rule in self._of(host) if len(body) <= _MOST_BODY else ():
            if rule.posted and rule.covers(plain) and (found := _in_body(rule, content_type, body)):
                return Search(found, rule.engine)
        return self.search_of(host, path, query)

    def _find(self, host: str) -> tuple[_Rule, ...]:
        for spelling in _spellings(host):
            if rules := self._rules.get(spelling):
                return () if _TYPING_HOST.match(host) else tuple(rules)
        return ()


@lru_cache(1)
def open_engines() -> SearchEngines:
    """The shipped engines, read once."""
    return read_engines(json.loads(SHIPPED.read_text(encoding="utf-8")))


def read_engines(document: Mapping[str, Any]) -> SearchEngines:
    """Engines from the form that ``make_search_engines.py`` writes."""
    rules: dict[str, list[_Rule]] = {}
    for says in document["rules"]:
        rule = _Rule(
            engine=says["engine"],
            path=re.compile(says["path"], re.IGNORECASE) if "path" in says else None,
            in_path=re.compile(says["in_path"], re.IGNORECASE) if "in_path" in says else None,
            names=tuple(tuple(plain_name(name) for name in turn) for turn in says.get("names", ())),
            in_json=frozenset(says.get("in_json", ())),
            codecs=("utf-8", *says.get("codecs", ())),
            posted=says.get("posted", False),
            exact=says.get("exact", False),
        )
        for host in says["hosts"]:
            rules.setdefault(host, []).append(rule)
    return SearchEngines(rules)


def _spellings(host: str) -> Iterator[str]:
    """The forms in which the list may name a host: itself, any country's, without ``www.``, any below a parent."""
    bare = _ENTRANCE.sub("", host, count=1) if _ENTRANCE.match(host) else host
    for name in dict.fromkeys((host, bare)):
        yield name
        yield _TLD.sub(".{}", name)
    labels = host.split(".")
    for place, label in enumerate(labels[:-2]):
        if _COUNTRY.fullmatch(label):
            yield ".".join((*labels[:place], "{}", *labels[place + 1 :]))
    for place in range(1, len(labels) - 1):
        parent = ".".join(labels[place:])
        yield f"*.{parent}"
        yield f"*.{_TLD.sub('.{}', parent)}"


def _plain_path(path: str) -> str:
    path = path[:_LONGEST_PATH]
    while "//" in path:
        path = path.replace("//", "/")
    return path


def _in_path(rule: _Rule, path: str, query: str) -> str:
    """The words where they stand in the path itself: ``/maps/search/chip+shop``."""
    found = rule.in_path.search(f"{path}?{query}" if query else path) if rule.in_path else None
    if found is None:
        return ""
    raw = found.group(1)
    return words(raw.replace("-", " ") if "-" in raw and "dashes" in found.re.groupindex else raw, rule.codecs)[
        :_LONGEST
    ]


def _in_query(rule: _Rule, given: Mapping[str, list[str]]) -> str:
    """A parameter that is given twice is read as both: so Google takes it, and so neither hides the other."""
    codecs = _declared(given, rule.codecs)
    for turn in rule.names:
        read = (words(value, codecs) for name in turn for value in given.get(name, ()))
        if found := " ".join(dict.fromkeys(value for value in read if value)):
            if rule.in_json:
                found = text_in_json(found, rule.in_json)
            return found[:_LONGEST]
    return ""


def _declared(given: Mapping[str, list[str]], codecs: tuple[str, ...]) -> tuple[str, ...]:
    """The query's own word on its charset (``ie=gb2312``) goes before what the engine usually reads."""
    for said in (*given.get("ie", ()), *given.get("ei", ())):
        if codec := _SAID.get(said.lower()):
            return (codec, *codecs)
    return codecs


def _in_body(rule: _Rule, content_type: str, body: bytes) -> str:
    if rule.in_json and body.lstrip()[:1] in (b"{", b"["):
        return text_in_json(body.decode("utf-8", "replace"), rule.in_json)[:_LONGEST]
    return _in_query(rule, form_values(content_type, body))


def _anywhere(host: str, query: str) -> Search | None:
    """``/search?q=words`` is a search wherever it is."""
    if _TYPING_HOST.match(host):
        return None
    given = values(query)
    for turn in _ANYWHERE_NAMES:
        if found := " ".join(dict.fromkeys(words(value) for name in turn for value in given.get(name, ()) if value)):
            return Search(found[:_LONGEST], host)
    return None
