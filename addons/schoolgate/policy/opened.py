"""Sites that somebody opened for a group for a while, and the kinds of site that nobody can open in that way.

An opening lifts what rules say of the site for one group, up to its end, and nothing else: the school's own
``local/block.yaml`` is asked before it, and what is harmful stays blocked, also where it is only a part of a site that
was opened.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from schoolgate.policy.purpose import Site
from schoolgate.policy.rules import Category, Hit
from schoolgate.policy.standing import Opened

OPENED = "opened"
"""The rule of a verdict that an opening changed."""

NEVER_OPENED = frozenset(
    (
        "adult",
        "bullying",
        "circumvention",
        "dating",
        "drugs",
        "extremism",
        "gambling",
        "grooming",
        "hate",
        "malware",
        "piracy",
        "running_away",
        "sealed",
        "self_harm",
        "unsafe_search",
        "violence",
        "weapons",
    )
)
"""Categories that no lesson opens, nor whatever is part of one of them.

They are the harmful content of the UK Safer Internet Centre's guide to appropriate filtering, strangers who look for
company, weapons, and what leads round the filter.
"""


def may_be_opened(category: str, categories: Mapping[str, Category]) -> bool:
    """Whether a site of this category may be opened for a while; one that is in no file of the school's never is."""
    known = categories.get(category)
    return known is not None and NEVER_OPENED.isdisjoint((known.id, known.part_of))


def covering(
    opened: Iterable[Opened], group: str, names: Sequence[str], target: str, at: datetime
) -> dict[str, Opened]:
    """For every name that is opened for the group at the aware time ``at``, what opens it: the one that ends last."""
    holding = sorted(
        (each for each in opened if each.group == group and each.since <= at < each.until), key=lambda each: each.until
    )
    return {name: each for each in holding for name in names if Site(each.host, each.path).covers(name, target)}


def left_of(
    found: Sequence[tuple[str, Hit]], names: Iterable[str], categories: Mapping[str, Category]
) -> list[tuple[str, Hit]]:
    """What lists still say of a request once these of its ``names`` are opened."""
    open_names = frozenset(names)
    return [(name, hit) for name, hit in found if name not in open_names or not may_be_opened(hit.category, categories)]


def told(each: Opened, title: str, at: datetime) -> str:
    """Who opened it and how long it holds; ``title`` is the group's, ``at`` a moment on the school's clock."""
    until = each.until.astimezone(at.tzinfo)
    clock = f"{until:%H:%M}" if until.date() == at.date() else f"{until:%H:%M on %Y-%m-%d}"
    return f"Opened for {title} until {clock} by {each.by}."


def still_said(rule: str, hits: tuple[Hit, ...], categories: Mapping[str, Category]) -> tuple[Hit, ...]:
    """What counts of what a page says, where a request passed by ``rule``: on an opened site, only what is harmful."""
    if rule != OPENED:
        return hits
    return tuple(hit for hit in hits if not may_be_opened(hit.category, categories))
