"""What a group may do, with which categories, when: the words that rules, lists and verdicts share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

NAME = "name"
"""The list of a hit that no list gave: the site's name was judged."""
TEXT = "text"
"""The list of a hit that the words of a page, of a chat or of an answer gave."""
SEARCH = "search"
"""The list of a hit that search words, or a prompt to a chatbot, gave."""
PICTURE = "picture"
"""The list of a hit that a picture gave."""
SIGN = "sign"
"""The list of a hit that the way of asking gave: a tunnel's headers, a web proxy's addresses (``signs``)."""


class Action(StrEnum):
    """What happens with a request, from the mildest to the strictest."""

    ALLOW = "allow"
    LOG = "log"
    WARN = "warn"
    BLOCK = "block"


class Alert(StrEnum):
    """Who hears of it, and when."""

    IMMEDIATE = "immediate"
    DIGEST = "digest"
    NONE = "none"


class Stage(StrEnum):
    """How much was known when the verdict fell."""

    DNS = "dns"
    HELLO = "hello"
    REQUEST = "request"
    SEARCH = "search"
    RESPONSE = "response"


class Subject(StrEnum):
    """What of the web a rule looks at."""

    ADDRESSES = "addresses"
    SEARCHES = "searches"
    PAGES = "pages"
    PICTURES = "pictures"


EVERYTHING = frozenset(Subject)


@dataclass(frozen=True, slots=True)
class Category:
    """A subject that lists sort addresses into; ``theme`` is one of the 4 Cs of KCSIE."""

    id: str
    title: str
    theme: str
    why: str
    part_of: str = ""  # a wider category: a rule that names that one reaches this one too


@dataclass(frozen=True, slots=True)
class Hit:
    """An address stands on a list: which category, by which list, by which of its entries.

    For what was judged (``NAME``, ``TEXT``, ``SEARCH``, ``PICTURE``) the entry tells what weighed, and ``certain`` says
    that it was twice as much as was needed.
    """

    category: str
    list: str
    entry: str
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """All that the lists say of one address; ``local`` is the school's own last word, if it has one."""

    hits: tuple[Hit, ...] = ()
    local: tuple[Action, Hit] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of config/rules.yaml."""

    id: str
    groups: frozenset[str]
    categories: tuple[str, ...]
    when: str
    action: Action
    alert: Alert
    why: str
    basis: str
    subjects: frozenset[Subject] = EVERYTHING


type Placed = tuple[int, Rule]
"""A rule with its place among all: of several that match, the first in the file wins."""


def by_whom_and_what(rules: Iterable[Rule]) -> Mapping[tuple[str, str], tuple[Placed, ...]]:
    """The rules by group and category, in their order, so that a verdict asks only those that can speak of it."""
    found: dict[tuple[str, str], tuple[Placed, ...]] = {}
    for place, rule in enumerate(rules):
        for group in rule.groups:
            for category in dict.fromkeys(rule.categories):
                found[group, category] = (*found.get((group, category), ()), (place, rule))
    return found
