"""What a list taken from elsewhere can never block: whole platforms of strangers, and sites the school must reach.

The curated files and the school's own ``local/`` files are not asked: who writes a name there means it.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import publicsuffixlist
import re2

from schoolgate.lists.delicate import is_delicate
from schoolgate.lists.entry import Entry
from schoolgate.lists.patterns import pattern_options
from schoolgate.policy.request import host_address

ADDRESS = "an IP address, which many sites may share"
SUFFIX = "a public suffix, under which strangers share a name"
_LONGEST_PATTERN = 2000
_PATTERN_MEMORY = 1 << 18  # bytes, compiled


@lru_cache(maxsize=1)
def _suffixes() -> publicsuffixlist.PublicSuffixList:
    return publicsuffixlist.PublicSuffixList()


@lru_cache(maxsize=1)
def _known_suffixes() -> publicsuffixlist.PublicSuffixList:
    return publicsuffixlist.PublicSuffixList(accept_unknown=False)


@lru_cache(maxsize=1)
def _suffix_rules() -> frozenset[str]:
    """The rules as they are written: a cheap first look, which spares most names the library's whole judgement."""
    text = Path(publicsuffixlist.PSLFILE).read_text(encoding="utf-8")
    rules = [line.split()[0].lower() for line in text.splitlines() if line.strip() and not line.startswith("//")]
    return frozenset(rule.encode("idna").decode() if not rule.isascii() else rule for rule in rules)


def know_suffixes() -> None:
    """Read the public suffixes now, which ``site_of`` needs: a tenth of a second that nobody is to wait for."""
    _suffixes()


def is_suffix(host: str) -> bool:
    """Whether the host is a public suffix that is known (``edu``, ``co.uk``, ``blogspot.com``)."""
    return bool(_known_suffixes().publicsuffix(host) == host)


def site_of(host: str) -> str:
    """The registrable domain of a host (``apple.com`` for ``gs.apple.com``); an address or a bare ending as it is."""
    return host if host_address(host) else str(_suffixes().privatesuffix(host) or host)


def _is_shared(host: str) -> bool:
    rules = _suffix_rules()
    _, dot, above = host.partition(".")
    if dot and host not in rules and f"*.{above}" not in rules:
        return False
    return bool(_suffixes().publicsuffix(host) == host)


class Guard:
    """Judges entries of downloaded or shipped third-party lists."""

    def __init__(self, protected: Iterable[Entry], unprotected: Iterable[Entry] = ()) -> None:
        self.protected = frozenset(e.host for e in protected if not e.path)
        self.unprotected = frozenset(e.host for e in unprotected if not e.path)
        self._in_order = sorted(self.protected)
        self._both = self.protected | self.unprotected

    def objection(self, host: str, path: str, category: str) -> str | None:
        """Why this entry of a category is left out, or None when it may stand."""
        if (host[-1].isdigit() or ":" in host) and host_address(host) is not None:
            return ADDRESS
        if not path and _is_shared(host):
            return SUFFIX
        name = host
        while name:
            if name in self._both:
                return None if name in self.unprotected else f"protected ({name})"
            name = name.partition(".")[2]
        return None if path else is_delicate(host, category)

    def objection_to_pattern(self, pattern: str) -> str | None:
        """Why a regular expression of somebody else's list is left out: unreadable, unbounded or far too wide."""
        if len(pattern) > _LONGEST_PATTERN:
            return f"a pattern longer than {_LONGEST_PATTERN} characters"
        try:
            compiled = re2.compile(pattern, pattern_options(_PATTERN_MEMORY))
        except re2.error:
            return "a pattern that cannot be read, or not in linear time"
        if compiled.search("") or compiled.search("example.org/"):
            return "a pattern that matches everything"
        hit = next((host for host in self._in_order if compiled.search(host + "/")), None)
        return f"protected ({hit}) by a pattern" if hit else None
