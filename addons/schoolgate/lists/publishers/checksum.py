"""Compares a downloaded list with the checksum that its publisher, or the school, gives for it."""

import asyncio
import re
from pathlib import Path
from urllib.parse import unquote

import httpx2

from schoolgate.lists.publishers.copies import digest
from schoolgate.lists.publishers.publisher import Broken, Failed, Terms, patiently, read_small
from schoolgate.lists.publishers.remote import Remote

_SUM = re.compile(r"\\?([0-9a-fA-F]{64}|[0-9a-fA-F]{32})(?: [ *]?(.+))?")
_BSD = re.compile(r"(?:SHA256|MD5) ?\((.+)\) ?= ?([0-9a-fA-F]{64}|[0-9a-fA-F]{32})")
_ALGORITHMS = {64: "sha256", 32: "md5"}


def read_checksums(text: str) -> dict[str, str]:
    """File names with their digests (64 hex: SHA-256, 32 hex: MD5), as sha256sum and md5sum write them.

    A digest that stands alone has the name "". Lines of other forms are passed over.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if bsd := _BSD.fullmatch(line.strip()):
            found[bsd[1].rpartition("/")[2]] = bsd[2].lower()
        elif plain := _SUM.fullmatch(line.strip()):
            found[(plain[2] or "").strip().rpartition("/")[2]] = plain[1].lower()
    return found


async def wanted(client: httpx2.AsyncClient, remote: Remote, terms: Terms) -> str | None:
    """The digest that the list must have, None where nobody says. Raises Failed."""
    if remote.sha256 is None or "/" not in remote.sha256:
        return remote.sha256 and remote.sha256.lower()
    url = remote.sha256
    try:
        async with asyncio.timeout(terms.overall):
            sums = read_checksums(await patiently(lambda: read_small(client, url, terms), terms))
    except (Failed, TimeoutError) as error:
        raise Failed(f"its checksum file could not be had: {error or 'it took too long'}") from error
    name = unquote(httpx2.URL(remote.url).path).rpartition("/")[2]
    found = sums.get(name) or (sums.get("") if len(sums) == 1 else None)
    if found is None:
        raise Failed(f"the publisher's checksum file does not name {name or 'the list'}")
    return found


def compare(path: Path, digest_wanted: str) -> None:
    """Raises Broken when the file is another than the digest says: the list may have changed in between."""
    algorithm = _ALGORITHMS[len(digest_wanted)]
    found = digest(path, algorithm)
    if found != digest_wanted:
        raise Broken(
            f"the list is not what its checksum says ({algorithm} {found[:12]}... where {digest_wanted[:12]}... is"
            " promised)"
        )
