"""The names under which search engines answer safely, for devices whose TLS stays closed.

Each engine publishes a name that answers in place of its own, and safely: Google (SafeSearch virtual IP), YouTube
(Restricted Mode), Bing, DuckDuckGo, Brave, Ecosia, Pixabay, Yandex and Qwant say so in their help for networks.
"""

import re
from dataclasses import dataclass

from schoolgate.content.safe_search import Level


@dataclass(frozen=True, slots=True)
class _Engine:
    host: re.Pattern[str]
    strict: str
    moderate: str = ""  # "": the strict one, as there is no other


def _engine(host: str, strict: str, moderate: str = "") -> _Engine:
    return _Engine(re.compile(host), strict, moderate)


_ENGINES = (
    _engine(r"(www\.)?google\.(com|cat|[a-z]{2}|com?\.[a-z]{2})", "forcesafesearch.google.com"),
    _engine(
        r"(www|m)\.youtube\.com|youtube(i)?\.googleapis\.com|www\.youtube-nocookie\.com",
        "restrict.youtube.com",
        "restrictmoderate.youtube.com",
    ),
    _engine(r"(www\.|edgeservices\.)?bing\.com", "strict.bing.com"),
    _engine(r"(www\.|start\.|html\.|lite\.)?duckduckgo\.com", "safe.duckduckgo.com"),
    _engine(r"search\.brave\.com", "forcesafe.search.brave.com"),
    _engine(r"(www\.)?ecosia\.org", "strict-safe-search.ecosia.org"),
    _engine(r"(www\.)?pixabay\.com", "safesearch.pixabay.com"),
    _engine(r"(www\.)?yandex\.(ru|com|com\.tr|by|kz|ua)|ya\.ru", "familysearch.yandex.ru"),
    _engine(r"(www|api)\.qwant\.com", "safeapi.qwant.com"),
)


def safe_name(host: str, level: Level) -> str | None:
    """The name that answers safely in place of a canonical host, or None where the host needs none."""
    if level is Level.OFF:
        return None
    for engine in _ENGINES:
        if engine.host.fullmatch(host):
            return engine.moderate if level is Level.MODERATE and engine.moderate else engine.strict
    return None
