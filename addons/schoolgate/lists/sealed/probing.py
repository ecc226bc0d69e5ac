"""A name of the gateway's own in each sealed feed: asked for, it shows that the feed is in force, and harms nobody.

It leads nowhere (``policy/reserved.py``). Nobody can guess it who has not the key of the feeds, so no page can make a
device ask for it.
"""

from dataclasses import replace

from schoolgate.policy.reserved import RESERVED
from schoolgate.policy.sealed import ALONE, Feed, digest_of


def probe_name(key: bytes, feed: str) -> str:
    """The name that stands in a feed, by the feed's own name."""
    return f"{digest_of(key, 'probe', feed).hex()}.{RESERVED}"


def with_probe(key: bytes, feed: Feed) -> Feed:
    """The feed with that name in it."""
    return replace(feed, marks=feed.marks | {digest_of(key, ALONE, probe_name(key, feed.name))})
