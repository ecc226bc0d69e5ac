"""What stands outside the school's own words: the key of the sealed feeds, and the category that no YAML file names."""

import secrets
from contextlib import suppress
from pathlib import Path

from schoolgate.lists.sealed.taking import folders_of
from schoolgate.policy.rules import Category
from schoolgate.policy.sealed import SEALED
from schoolgate.store.key_file import open_key
from schoolgate.whole_file import hand_to_owner

SEALED_CATEGORY = Category(
    SEALED, "Illegal material", "content", "It is against the law to look at it. A licensed list names the address."
)


def sealed_key(root: Path, data: Path) -> bytes:
    """The key of the digests; one for this process alone where the data folder cannot be read or written, or is none.

    Settings that are only looked at, such as edited ones beside a school's, get no data folder by it where they have
    no feed.
    """
    if not data.is_dir() and not any(folders_of(root, data).values()):
        return secrets.token_bytes(32)
    try:
        key = open_key(data, "sealed.key")
    except OSError:
        return secrets.token_bytes(32)
    with suppress(OSError):  # on a disk that is read-only the key is none the worse
        for made in (data / "keys", data / "keys" / "sealed.key"):
            hand_to_owner(made, data)
    return key
