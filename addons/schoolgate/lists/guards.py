"""What a list taken from elsewhere can never block: whole platforms of strangers, and sites the school must reach.

The curated files and the school's own ``local/`` files are not asked: who writes a name there means it.
"""

from collections.abc import Iterable
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

from schoolgate.lists.formats import Entry
from schoolgate.policy.request import host_address


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def is_suffix(host: str) -> bool:
    """Whether the host is a public suffix that is known (``edu``, ``co.uk``, ``blogspot.com``)."""
    return bool(_known_suffixes().publicsuffix(host) == host)


@lru_cache(maxsize=1)
def _known_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


class Guard:
    """Judges entries of downloaded or shipped third-party lists."""

    def __init__(self, protected: Iterable[Entry], unprotected: Iterable[Entry] = ()) -> None:
        self._protected = frozenset(e.host for e in protected if not e.path)
        self._unprotected = frozenset(e.host for e in unprotected if not e.path)

    def objection(self, entry: Entry) -> str | None:
        """Why this entry is left out, or None when it may stand."""
        if host_address(entry.host) is not None:
            return "an IP address"
        if not entry.path and _suffixes().publicsuffix(entry.host) == entry.host:
            return "a public suffix, under which strangers share a name"
        labels = entry.host.split(".")
        for start in range(len(labels) - 1):
            name = ".".join(labels[start:])
            if name in self._unprotected:
                return None
            if name in self._protected:
                return f"protected ({name})"
        return None
