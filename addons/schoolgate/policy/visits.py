"""Whether a person did this, or a page did: the ledger that tells visits from all else that devices send.

Only a ``visit`` of at least ``COUNTS_FROM`` counts against anybody. A request is judged by what the browser says it is
for, and where the browser does not say, by what the device has just been doing: which pages are open, what they are
still loading, and where sites have sent it. Nothing later than the request itself is looked at.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schoolgate.policy.apps import is_text_browser, sent_by_itself
from schoolgate.policy.browsing import Address, Device, Page, address_of, target_of
from schoolgate.policy.origin import AHEAD, FRAMES, REDIRECTS, Kind, Origin, classify, is_ahead
from schoolgate.policy.pages import opened_as_page
from schoolgate.policy.parts import part_of
from schoolgate.policy.untold import is_navigation, opened_untold

__all__ = ["COUNTS_FROM", "Kind", "Origin", "Seen", "Visits", "classify"]

COUNTS_FROM = 0.8
"""The least confidence from which a visit counts against a person."""
_SHOWN = frozenset({"application/xhtml+xml", "application/xml", "application/json", "application/pdf"})
_CLIENTS = 2048  # devices remembered; the one that was silent longest is forgotten first


@dataclass(frozen=True, slots=True)
class Seen:
    """A request and what came back. Header names are in lower case; ``at`` is aware.

    ``status`` is None where nothing came back; ``type`` is the answer's media type, ``location`` where a redirect
    leads, ``answer`` what else of the answer's headers is known (content-disposition, x-frame-options,
    content-security-policy).
    """

    at: datetime
    client: str
    method: str
    url: str
    headers: Mapping[str, str]
    status: int | None = None
    type: str = ""
    location: str = ""
    answer: Mapping[str, str] = field(default_factory=dict)


class Visits:
    """What each device has just been doing, in bounded memory; judges requests in the order they are told."""

    def __init__(self, clients: int = _CLIENTS) -> None:
        self._clients = clients
        self._devices: OrderedDict[str, Device] = OrderedDict()

    def judge(self, seen: Seen) -> Origin:
        """What the request was, how sure that is, and why. Remembers it for those that follow."""
        if seen.method.upper() == "CONNECT":
            return Origin(Kind.UNKNOWN, "it was not decrypted, so only the name of the site was seen")
        address = address_of(seen.url)
        if address is None:
            return Origin(Kind.UNKNOWN, "its address cannot be read")
        if is_ahead(seen.headers):
            return Origin(Kind.PREFETCH, AHEAD)
        by_itself = sent_by_itself(seen.headers, address.host, address.path, seen.type.lower())
        if by_itself:
            return Origin(Kind.BACKGROUND, by_itself, 0.95)
        return _judge(seen, address, self._device(seen.client), seen.at.timestamp())

    def _device(self, client: str) -> Device:
        device = self._devices.get(client)
        if device is None:
            device = self._devices[client] = Device()
            while len(self._devices) > self._clients:
                self._devices.popitem(last=False)
        else:
            self._devices.move_to_end(client)
        return device


def _judge(seen: Seen, address: Address, device: Device, at: float) -> Origin:
    dest = seen.headers.get("sec-fetch-dest", "").strip().lower()
    if not dest and seen.headers.get("sec-fetch-mode", "").lower() == "nested-navigate":
        dest = "frame"  # Chrome 76 to 79
    if not dest or _by_service_worker(dest, seen.headers):
        return _untold(seen, address, device, at)
    if dest == "document" and seen.method.upper() not in ("GET", "POST"):
        return Origin(Kind.BACKGROUND, f"{seen.method.upper()[:12]} opens no page", 0.9)
    if dest == "document":
        return _followed(opened_as_page(seen.headers, address, device, at), seen, address, device, at)
    if dest in FRAMES:
        _remember_frame(seen, address, device, at)
        return Origin(Kind.EMBEDDED, f"a frame inside another page ({dest})")
    return _part(dest, seen, address, device, at)


def _by_service_worker(dest: str, headers: Mapping[str, str]) -> bool:
    """A site's service worker passes requests for its pages on in its own name, and no longer says for what."""
    mode = headers.get("sec-fetch-mode", "").strip().lower()
    return dest == "empty" and mode == "navigate" and headers.get("upgrade-insecure-requests", "").strip() == "1"


def _untold(seen: Seen, address: Address, device: Device, at: float) -> Origin:
    """The browser does not say what it was for: old browsers, plain http, pages that a service worker passes on."""
    method = seen.method.upper()
    if method not in ("GET", "POST") or not is_navigation(seen.headers, seen.type):
        return _part("", seen, address, device, at)
    if is_text_browser(seen.headers):
        return Origin(Kind.UNKNOWN, "a browser for text terminals, which says too little", 0.5)
    origin = opened_untold(seen.headers, seen.answer, address, device, at)
    if origin.kind is Kind.VISIT:
        return _followed(origin, seen, address, device, at)
    if origin.kind is Kind.EMBEDDED:
        _remember_frame(seen, address, device, at)
    return origin


def _followed(origin: Origin, seen: Seen, address: Address, device: Device, at: float) -> Origin:
    """What the answer makes of a request for a page: a redirect, a page that is now open, a file, or nothing."""
    if origin.kind is not Kind.VISIT:
        return origin
    if seen.status in REDIRECTS:
        target = target_of(seen.url, seen.location) if seen.location else None
        if target is not None:
            device.send_on(target, origin, at, "referer" in seen.headers)
        return Origin(Kind.REDIRECT, f"the site sent the browser on (status {seen.status})", origin.confidence)
    if seen.status in (204, 205):
        return Origin(Kind.BACKGROUND, f"nothing to show came back (status {seen.status})", 0.9)
    if _is_file(seen):
        return Origin(Kind.VISIT, f"a file was opened or saved; {origin.reason}", origin.confidence)
    referer = address_of(seen.headers.get("referer", ""))
    settled = seen.status is None or (200 <= seen.status < 400 and seen.status != 202)
    device.open(address, at, referer.key if referer else "", settled)
    return origin


def _is_file(seen: Seen) -> bool:
    if seen.answer.get("content-disposition", "").strip().lower().startswith("attachment"):
        return True
    kind = seen.type.partition(";")[0].strip().lower()
    return kind.startswith("application/") and kind not in _SHOWN


def _remember_frame(seen: Seen, address: Address, device: Device, at: float) -> None:
    parent = _behind(seen, device, at)
    device.touch(parent, at)
    device.frame(address, parent)
    target = target_of(seen.url, seen.location) if seen.status in REDIRECTS and seen.location else None
    if target is not None:
        device.send_on(target, Origin(Kind.EMBEDDED, "a frame was sent on to it", 0.9), at, "referer" in seen.headers)


def _behind(seen: Seen, device: Device, at: float) -> Page | None:
    if not seen.headers.get("referer"):
        return device.newest(at)  # a page that hides where its parts come from
    referer = address_of(seen.headers["referer"])
    if referer is None:
        return None
    page = device.page_behind(referer)
    return page if page is not None else device.frame_behind(referer)[1]


def _part(dest: str, seen: Seen, address: Address, device: Device, at: float) -> Origin:
    device.touch(_behind(seen, device, at), at)
    return part_of(dest, seen.headers, seen.method.upper(), address, device, at)
