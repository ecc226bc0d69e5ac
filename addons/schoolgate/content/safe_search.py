"""Makes search engines answer a request safely, whatever the person has asked for or has set.

``safe_engines.py`` says what each engine has to be told. A client's own word on it never reaches the engine, however it
is spelled or repeated; everything else in the query stays byte for byte as it was, in its order.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import unquote

from schoolgate.content.query_string import plain_name
from schoolgate.content.safe_engines import SAFE_ENGINES, Pair, SafeEngine, Setting
from schoolgate.policy.request import match_target

_REMEMBERED = 65536
_FORM = "application/x-www-form-urlencoded"
_BY_HOST = tuple((re.compile(engine.host), re.compile(engine.path), engine) for engine in SAFE_ENGINES)


class Level(StrEnum):
    """How carefully engines shall answer."""

    OFF = "off"
    MODERATE = "moderate"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class Change:
    """What must be different in a request; ``query`` is None where it may stay as it is."""

    query: str | None
    headers: Mapping[str, str]
    cookies: Mapping[str, str]


def safe_change(host: str, path: str, query: str, level: Level, cookies: str = "") -> Change | None:
    """The change for a canonical host, a raw path and a raw query (no ``?``); None where nothing has to change.

    ``cookies`` is the request's Cookie header: other settings in the same cookie as the safe one are kept.
    """
    engines = _engines_at(host, path) if level is not Level.OFF else ()
    if not engines:
        return None
    forced = _force(query, _chosen((engine.query for engine in engines), level))
    headers = _chosen((engine.headers for engine in engines), level)
    jar = _chosen((engine.cookies for engine in engines), level)
    for setting in (setting for engine in engines for setting in engine.settings):
        jar[setting.cookie] = _put(
            setting, _at(setting.values, level), jar.get(setting.cookie, _read(setting, cookies))
        )
    if forced == query and not headers and not jar:
        return None
    return Change(None if forced == query else forced, headers, jar)


def safe_form(host: str, path: str, content_type: str, body: bytes, level: Level) -> bytes | None:
    """The body of a posted search with the engine's parameters forced in it too; None where it may stay as it is."""
    if level is Level.OFF or content_type.partition(";")[0].strip().lower() != _FORM:
        return None
    wanted = _chosen((engine.query for engine in _engines_at(host, path) if engine.posted), level)
    forced = _force(body.decode("latin-1"), wanted).encode("latin-1")
    return None if forced == body else forced


def with_cookies(header: str, cookies: Mapping[str, str]) -> str:
    """A Cookie header with these cookies in it, first and once, and all others as they were."""
    guarded = {plain_name(name) for name in cookies}
    kept = [part.strip() for part in header.split(";") if part.strip() and _name(part) not in guarded]
    return "; ".join([*(f"{name}={value}" for name, value in cookies.items()), *kept])


def _engines_at(host: str, path: str) -> list[SafeEngine]:
    engines = _engines_of(host)
    if not engines:
        return []
    target = match_target(path)
    return [engine for at, engine in engines if at.match(target)]


@lru_cache(_REMEMBERED)
def _engines_of(host: str) -> tuple[tuple[re.Pattern[str], SafeEngine], ...]:
    return tuple((at, engine) for named, at, engine in _BY_HOST if named.fullmatch(host))


def _chosen(many: Iterable[Mapping[str, Pair]], level: Level) -> dict[str, str]:
    return {name: _at(pair, level) for pairs in many for name, pair in pairs.items()}


def _at(pair: Pair, level: Level) -> str:
    return pair[0] if level is Level.STRICT else pair[1]


def _force(query: str, wanted: Mapping[str, str]) -> str:
    """``wanted`` in front, where nothing that a server might take for the query's end can come before it."""
    if not wanted:
        return query
    guarded = {plain_name(name) for name in wanted}
    kept = [_disarm(piece, guarded) for piece in query.split("&") if _name(piece) not in guarded] if query else []
    return "&".join([*(f"{name}={value}" for name, value in wanted.items() if value), *kept])


def _disarm(piece: str, guarded: set[str]) -> str:
    """Some servers part parameters at ``;`` as well: one that would so become a guarded name is written ``%3B``."""
    if ";" in piece and any(_name(part) in guarded for part in piece.split(";")):
        return piece.replace(";", "%3B")
    return piece


def _name(piece: str) -> str:
    """The parameter's or cookie's name; ``safe[]`` and ``safe[x]`` are ``safe`` too."""
    return plain_name(piece.partition("=")[0]).partition("[")[0].strip("_ ")


def _read(setting: Setting, header: str) -> str:
    """The cookie's old value, or what else it usually holds."""
    for part in header.split(";"):
        if _name(part) == plain_name(setting.cookie):
            return part.partition("=")[2].strip().strip('"')
    return setting.otherwise


def _put(setting: Setting, value: str, old: str) -> str:
    """The cookie's new value: the setting comes first and once, all others stay."""
    kept = [part for part in old.split(setting.between) if part and not _holds(setting, part)]
    return setting.between.join([f"{setting.name}{setting.equals}{value}", *kept])


def _holds(setting: Setting, part: str) -> bool:
    """Whether a part of the cookie is the setting, or hides it in escapes."""
    while "%" in part and (plain := unquote(part)) != part:
        part = plain
    named = plain_name(setting.name)
    return any(plain_name(piece.partition(setting.equals)[0]) == named for piece in part.split(setting.between))
