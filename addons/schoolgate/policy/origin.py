"""What a request was, seen from the person at the device, as far as its own headers say.

The mark of a visit is ``Sec-Fetch-Dest: document`` (Fetch Metadata, W3C), which scripts cannot set. ``Sec-Fetch-User``
is no mark: more than half of all iframes send it too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

FRAMES = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})
WORKERS = frozenset({"serviceworker", "sharedworker", "worker", "audioworklet", "paintworklet"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_DEST = 30  # characters of those that browsers send
_PURPOSES = ("sec-purpose", "purpose", "x-purpose", "x-moz")
AHEAD = "the browser fetched it ahead, nobody asked for it yet"


class Kind(StrEnum):
    """What a request was, seen from the person at the device."""

    VISIT = "visit"
    REDIRECT = "redirect"
    EMBEDDED = "embedded"
    PREFETCH = "prefetch"
    BACKGROUND = "background"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Origin:
    """A kind, how sure that is (0 to 1), and its one-line reason."""

    kind: Kind
    reason: str
    confidence: float = 1.0


def is_ahead(headers: Mapping[str, str]) -> bool:
    """Whether the browser says that it fetched this before anybody asked: link prefetch, speculation rules."""
    said = [headers[name] for name in _PURPOSES if name in headers]
    purpose = " ".join(said).lower() if said else ""
    return "prefetch" in purpose or "prerender" in purpose or "preview" in purpose


def is_part(headers: Mapping[str, str]) -> bool:
    """Browsers say nothing of Sec-Fetch over plain http; what they accept for images, styles and scripts differs."""
    accept = headers.get("accept", "").lower()
    if not accept or "text/html" in accept:
        return False
    return accept != "*/*" or "referer" in headers or "x-requested-with" in headers


def classify(headers: Mapping[str, str], status: int | None = None) -> Origin:
    """Judge a request by its headers alone (lower-case names) and, once known, by the status that came back."""
    if is_ahead(headers):
        return Origin(Kind.PREFETCH, AHEAD)
    dest = headers.get("sec-fetch-dest", "").strip().lower()
    if not dest:
        return _PART if is_part(headers) else _UNTOLD
    if dest == "document" and status in REDIRECTS:
        return Origin(Kind.REDIRECT, f"the site sent the browser on (status {status})")
    return _opened_for(dest) if len(dest) <= _LONGEST_DEST else _opened_for.__wrapped__(dest)


_PART = Origin(Kind.EMBEDDED, "what it accepts is a part of a page, not a page")
_UNTOLD = Origin(Kind.UNKNOWN, "the client does not say what the request was for")


@lru_cache(64)
def _opened_for(dest: str) -> Origin:
    """What a browser asks for something of this kind for."""
    if dest == "document":
        return Origin(Kind.VISIT, "the browser opened it as a page of its own")
    if dest in FRAMES:
        return Origin(Kind.EMBEDDED, f"a frame inside another page ({dest})")
    if dest in WORKERS:
        return Origin(Kind.BACKGROUND, f"a script running behind a page ({dest})")
    return Origin(Kind.EMBEDDED, f"a part that a page loaded by itself ({dest})")
