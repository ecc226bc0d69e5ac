"""The file of a feed's digests: it stays in force when the feed itself is faulty or gone, and nobody can read it.

JSON lines: a head, then the body; a keyed digest of both is the first line, so that an altered file is seen.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schoolgate.policy.sealed import Feed
from schoolgate.whole_file import exchange, hand_to_owner

_FORM = 1


class Damaged(ValueError):
    """The file was cut off or altered, or made under another key."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A feed as it was taken up: ``source`` tells the files that it came from apart from others.

    ``dated`` is when the newest of those files was written, ``left_out`` how many of their lines could not be read.
    """

    feed: Feed
    source: str
    entries: int
    left_out: int
    dated: datetime


def write_kept(path: Path, key: bytes, kept: Kept) -> None:
    """Write it, for its owner only. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    head = {"form": _FORM, "name": kept.feed.name, "source": kept.source, "entries": kept.entries}
    head |= {"left_out": kept.left_out, "dated": kept.dated.isoformat(), "published": list(kept.feed.published)}
    pages = {page.hex(): [sorted(each.hex() for each in entry) for entry in entries]
             for page, entries in sorted(kept.feed.with_parameters.items())}  # fmt: skip
    body = json.dumps({"marks": sorted(each.hex() for each in kept.feed.marks), "pages": pages}).encode()
    text = json.dumps(head).encode() + b"\n" + body
    exchange(path, _seal(key, text) + b"\n" + text)
    for made in (path.parent, path):
        hand_to_owner(made, path.parent.parent)


def read_kept(path: Path, key: bytes) -> Kept | None:
    """Read it; None where there is none. Raises Damaged, OSError."""
    try:
        seal, _, text = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    if not hmac.compare_digest(seal, _seal(key, text)):
        raise Damaged("its digests were cut off or altered, or the key that they were made with is lost")
    head, body = (json.loads(part) for part in text.split(b"\n", 1))
    if head["form"] != _FORM:
        raise Damaged("its digests are of another version of schoolgate")
    pages = {bytes.fromhex(page): tuple(frozenset(map(bytes.fromhex, entry)) for entry in entries)
             for page, entries in body["pages"].items()}  # fmt: skip
    feed = Feed(head["name"], frozenset(map(bytes.fromhex, body["marks"])), pages, tuple(head["published"]))
    dated = datetime.fromisoformat(head["dated"])
    return Kept(feed, head["source"], head["entries"], head["left_out"], dated)


def _seal(key: bytes, text: bytes) -> bytes:
    return hashlib.blake2b(text, key=key, digest_size=32).hexdigest().encode()
