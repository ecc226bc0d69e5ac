"""What one device has just been doing: the pages open on it, what they load, and where sites have sent it.

Everything is bounded: of each kind only the latest few are remembered, and long addresses by a digest.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import urljoin, urlsplit

from schoolgate.policy.origin import Origin

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_LONGEST = 400  # characters of an address that are remembered as they are
YOUNG = 30.0  # seconds in which a page from which nothing gets a referer still adds parts and frames
_HOP_LASTS = 60.0  # seconds in which the browser follows a redirect
_PAGES, _FRAMES, _HOPS, _WORKERS, _POLLS = 12, 48, 24, 8, 48
_SECOND_LEVELS = frozenset(
    {"com", "co", "net", "org", "gov", "gob", "gouv", "edu", "ac", "sch", "nhs", "police", "or", "ne", "go"}
)


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in the spelling that comparisons need. ``site`` is the host's registrable name, as near as a rule of thumb
    tells without a list."""

    key: str
    origin: str
    host: str
    site: str
    path: str
    query: str


@lru_cache(maxsize=8192)
def address_of(url: str) -> Address | None:
    """Read an absolute URL; None for what is none."""
    try:
        parts = urlsplit(url[:65536].strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if not host or not scheme:
        return None
    shown = host if port is None or port == _PORTS.get(scheme) else f"{host}:{port}"
    path = parts.path or "/"
    key = f"{scheme}://{shown}{path}" + (f"?{parts.query}" if parts.query else "")
    if len(key) > _LONGEST:
        key = key[:100] + blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return Address(key, f"{scheme}://{shown}", host, _site(host), path[:_LONGEST], parts.query[:4096])


def _site(host: str) -> str:
    labels = host.split(".")
    if host.replace(".", "").isdigit() or ":" in host:
        return host
    long = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS
    return ".".join(labels[-3:] if long else labels[-2:])


def target_of(url: str, location: str) -> Address | None:
    """Where a redirect leads."""
    try:
        return address_of(urljoin(url, location[:65536].strip()))
    except ValueError:
        return None


@dataclass(slots=True)
class Page:
    """A page that is open: when it was opened and last loaded something (seconds), how many parts, how it answered."""

    address: Address
    opened: float
    touched: float
    came_from: str = ""
    settled: bool = True
    parts: int = 0
    reloads: int = 0
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class Hop:
    """A redirect that the browser is about to follow: what its target is going to be, and until when (seconds)."""

    landing: Origin
    until: float


@dataclass(slots=True)
class _Poll:
    last: float
    interval: float = 0.0
    times: int = 1


@dataclass(slots=True)
class Device:
    """The latest pages, frames, redirects and scripts of one device."""

    pages: OrderedDict[str, Page] = field(default_factory=OrderedDict)
    frames: OrderedDict[str, Page | None] = field(default_factory=OrderedDict)
    hops: OrderedDict[tuple[str, bool], Hop] = field(default_factory=OrderedDict)
    workers: OrderedDict[str, None] = field(default_factory=OrderedDict)
    polls: OrderedDict[str, _Poll] = field(default_factory=OrderedDict)

    def open(self, address: Address, at: float, came_from: str, settled: bool) -> None:
        """A page has been opened, or opened again."""
        before = self.pages.pop(address.key, None)
        page = Page(address, at, at, came_from, settled)
        if before is not None:
            page.reloads, page.interval = before.reloads + 1, at - before.opened
        _keep(self.pages, address.key, page, _PAGES)

    def frame(self, address: Address, parent: Page | None) -> None:
        """A frame has been loaded into a page."""
        _keep(self.frames, address.key, parent, _FRAMES)

    def send_on(self, target: Address, landing: Origin, at: float, referred: bool) -> None:
        """The browser was sent to ``target``; ``referred``: the request had a referer, which redirects keep."""
        _keep(self.hops, (target.key, referred), Hop(landing, at + _HOP_LASTS), _HOPS)

    def arrives(self, address: Address, at: float, referred: bool) -> Hop | None:
        """The redirect that leads here, which is then done with."""
        hop = self.hops.get((address.key, referred))
        if hop is None or at > hop.until:
            return None
        del self.hops[address.key, referred]
        return hop

    def page_behind(self, referer: Address) -> Page | None:
        """The page that this address or, where only an origin is told, the latest of its origin stands for."""
        exact = self.pages.get(referer.key)
        if exact is not None:
            return exact
        same = [page for page in self.pages.values() if page.address.origin == referer.origin]
        return max(same, key=lambda page: page.touched, default=None)

    def newest(self, at: float) -> Page | None:
        """The page that was opened last, where it is still young."""
        page = next(reversed(self.pages.values()), None)
        return page if page is not None and abs(at - page.opened) < YOUNG else None

    def frame_behind(self, referer: Address) -> tuple[bool, Page | None]:
        """Whether a frame stands behind this address, and the page it is in, where that is known."""
        if referer.key in self.frames:
            return True, self.frames[referer.key]
        start = referer.origin + "/"
        for key in reversed(self.frames):
            if key.startswith(start):
                return True, self.frames[key]
        return False, None

    def touch(self, page: Page | None, at: float) -> None:
        """The page loaded something."""
        if page is not None:
            page.parts += 1
            page.touched = max(page.touched, at)

    def is_loading(self, at: float, within: float) -> bool:
        """Whether any page loaded something in these last seconds."""
        return any(abs(at - page.touched) < within for page in self.pages.values())

    def runs(self, script: Address) -> None:
        """A worker's script was fetched."""
        _keep(self.workers, script.key, None, _WORKERS)

    def repeats(self, address: Address, at: float) -> bool:
        """Whether this address has been asked for again and again at like intervals (at least 3 times)."""
        key = address.origin + address.path[:200]
        poll = self.polls.pop(key, None)
        if poll is None:
            poll = _Poll(at)
        else:
            interval = at - poll.last
            alike = interval >= 1.0 and abs(interval - poll.interval) <= max(1.0, 0.15 * interval)
            poll = _Poll(at, interval, poll.times + 1 if alike else 1)
        _keep(self.polls, key, poll, _POLLS)
        return poll.times >= 3


def _keep[K, T](kept: OrderedDict[K, T], key: K, value: T, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
