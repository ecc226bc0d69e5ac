"""Whether a school has the feeds of illegal material that it must have, and whether they are fresh, in words."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from schoolgate.lists.sealed.feeds import KNOWN, REQUIRED, Known
from schoolgate.lists.sealed.taking import FeedState

STALE = timedelta(days=2)
"""After which a feed is old: the IWF renews its list twice a day."""
KEEP = "Keep the feed that your internet provider or broadband consortium filters by."
_PLACES = "/etc/schoolgate/sealed/NAME/ or sealed/NAME/ beside config/"


def missing(states: Iterable[FeedState]) -> list[Known]:
    """The feeds that a school must have and that are not in force."""
    here = {state.name for state in states}
    return [KNOWN[name] for name in REQUIRED if name not in here]


def is_old(state: FeedState, now: datetime) -> bool:
    """Whether its provider has brought nothing for too long."""
    return now - state.dated > STALE


def not_compliant(states: Iterable[FeedState]) -> str:
    """What is missing, and where it would go; "" where nothing is."""
    names = [each.name.upper() for each in missing(states)]
    if not names:
        return ""
    points = f"{len(names)} points" if len(names) > 1 else "one point"
    where = _PLACES.replace("NAME", names[0].lower())
    return f"NOT COMPLIANT on {points}: no feed of illegal material is present from {' and '.join(names)} ({where})."


def told(state: FeedState, now: datetime) -> str:
    """A feed in one line: how many entries, of when, and what is wrong."""
    words = f"{state.title}: {_entries(state.entries)} of {state.dated:%Y-%m-%d %H:%M} UTC"
    if state.published:
        words += f", with {' and '.join(each.upper() for each in state.published)} digests of addresses"
    if state.left_out:
        words += f", {state.left_out:,} lines cannot be read"
    if state.trouble:
        return f"{words}; it {state.trouble}, the last good copy stays in force"
    return f"{words}, OLD" if is_old(state, now) else words


def old_words(states: Sequence[FeedState], now: datetime) -> list[str]:
    """A line for each feed that is old, without anything that changes from minute to minute."""
    return [
        f"The feed of illegal material {state.title} is old: its newest file is of {state.dated:%Y-%m-%d}. "
        "It stays in force. See why its provider brings no newer one."
        for state in states
        if is_old(state, now)
    ]


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number:,} entries"
