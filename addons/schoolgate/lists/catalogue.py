"""All that is known of a site: the school's own word, the compiled lists, and, where no list knows it, its name."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from schoolgate.lists.delicate import is_delicate
from schoolgate.lists.index import Index
from schoolgate.lists.local_words import LocalWords
from schoolgate.lists.model_file import opened
from schoolgate.lists.names import SHIPPED, NameModel
from schoolgate.policy.rules import NAME, Hit, Listing

_REMEMBERED = 32_768  # hosts of which all that is known is remembered
_JUDGED = 1024  # hosts whose name was judged, where what is known hangs on the path
_NOTHING = Listing()


def open_names() -> NameModel:
    """The shipped model, opened once a process. Raises BadModel."""
    return opened(NameModel, SHIPPED)


class Catalogue:
    """What a Snapshot asks; it can be handed to another process, which maps the same index."""

    def __init__(
        self,
        index: Index,
        words: LocalWords | None = None,
        names: NameModel | None = None,
        categories: frozenset[str] = frozenset(),
        protected: frozenset[str] = frozenset(),
        unprotected: frozenset[str] = frozenset(),
    ) -> None:
        """``categories`` are those that a name may be judged to be of.

        ``protected`` are hosts with all below them, but for ``unprotected`` ones; the nearest counts.
        """
        self.index, self.words, self.names, self._categories = index, words or LocalWords(), names, categories
        self._protected, self._unprotected = protected, unprotected
        self._judge = lru_cache(_JUDGED)(self._judge_name)
        self._of_all = lru_cache(_REMEMBERED)(self._of_all_of)
        self._reached = lru_cache(_REMEMBERED // 4)(self._is_reached)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        known = (self._categories, self._protected, self._unprotected)
        return Catalogue, (self.index, self.words, self.names, *known)

    def make_ready(self) -> None:
        """Open what names are judged by now, and not when the first name waits for it. Raises BadModel."""
        _ = self.names and self.names.version

    def look_up(self, host: str, target: str) -> Listing:
        """Everything that is known of a canonical host and a match target ("" where only the name is known)."""
        known = self._of_all(host)
        return known if known is not None else self._look_up(host, target)

    def _of_all_of(self, host: str) -> Listing | None:
        """What is known of a host whatever is asked of it; None where that hangs on the path."""
        hangs = self.index.hangs_on_path(host) or self.words.hangs_on_path(host)
        return None if hangs else self._look_up(host, "")

    def _look_up(self, host: str, target: str) -> Listing:
        listing = self.index.look_up(host, target)
        if self.words:
            word = self.words.word(host, target)
            if word is not None:
                return Listing(listing.hits, word)
        if listing.hits or self.names is None:
            return listing
        return self._judge(host)

    def below(self, host: str) -> Iterator[tuple[str, str]]:
        """Every host and path ("" for the whole host) that lists name at a canonical host or below it."""
        return self.index.below(host)

    def parts(self, host: str) -> Iterator[str]:
        """Every path of which lists say something at this very canonical host (and so below it)."""
        return self.index.parts(host)

    def is_protected(self, host: str) -> bool:
        """Whether the host, or one above it, is a site that the school must be able to reach."""
        return self._reached(host)

    def _is_reached(self, host: str) -> bool:
        while host:
            if host in self._unprotected:
                return False
            if host in self._protected:
                return True
            host = host.partition(".")[2]
        return False

    def _judge_name(self, host: str) -> Listing:
        """A judgement of the name alone, for hosts that no list knows, none protects, and that are not delicate."""
        judgement = self.names.judge(host) if self.names is not None else None
        if judgement is None or judgement.category not in self._categories or self.index.is_settled(host):
            return _NOTHING
        if is_delicate(host, judgement.category):
            return _NOTHING
        entry = f"{judgement.category} {judgement.confidence:.2f} (name)"
        return Listing((Hit(judgement.category, NAME, entry),))

    def weigh(self, host: str) -> tuple[tuple[str, float], ...]:
        """What of a name spoke for its judgement, with its share, biggest first."""
        return self.names.weigh(host) if self.names is not None else ()
