"""A page of its own, by the browser's word: did a person open it, or did the page before send the browser on?

``Sec-Fetch-User`` is missing where nobody had clicked or typed in the last seconds, in browsers that send it at all.
"""

from collections.abc import Mapping

from schoolgate.policy.apps import says_who_clicked
from schoolgate.policy.browsing import Address, Device, address_of
from schoolgate.policy.origin import Kind, Origin

_AT_ONCE = 5.0  # seconds after a page in which a page that follows it unasked is its doing
_LETS_IN = 10.0  # seconds in which a page that checks the browser loads itself anew; other pages wait longer
SENT_ON = 0.6
"""The confidence of a visit to which the page before sent the browser by itself."""


def opened_as_page(headers: Mapping[str, str], address: Address, device: Device, at: float) -> Origin:
    """Judge a request that the browser marked as a page of its own (``Sec-Fetch-Dest: document``)."""
    hop = device.arrives(address, at, "referer" in headers)
    if headers.get("sec-fetch-mode", "navigate").strip().lower() in ("cors", "no-cors", "websocket"):
        return Origin(Kind.EMBEDDED, "a script asked for it in the name of a page", 0.7)
    if headers.get("sec-fetch-user", "").strip() == "?1":
        return Origin(Kind.VISIT, "a person led the browser to it" + (", over a redirect" if hop else ""))
    if says_who_clicked(headers):
        return _unasked(headers, address, device, at)
    return _clicks_untold(headers, address, device, at)


def _clicks_untold(headers: Mapping[str, str], address: Address, device: Device, at: float) -> Origin:
    """The browser never tells clicks: Safari and all browsers on iOS."""
    referer = address_of(headers.get("referer", ""))
    before = device.page_behind(referer) if referer else None
    if before is not None and before.address.key == address.key and "content-type" not in headers:
        if before.reloads >= 2:
            return Origin(Kind.BACKGROUND, "the page keeps loading itself anew", 0.8)
        return Origin(Kind.VISIT, "loaded anew, by the person or by the page", SENT_ON)
    if before is not None and at - before.opened < _AT_ONCE and before.address.key != address.key:
        return Origin(Kind.VISIT, "it followed the page before within seconds, maybe by itself", SENT_ON)
    return Origin(Kind.VISIT, "the browser opened it as a page of its own", 0.9)


def _unasked(headers: Mapping[str, str], address: Address, device: Device, at: float) -> Origin:
    """The browser would have told a click, and did not."""
    site = headers.get("sec-fetch-site", "").strip().lower()
    if site == "none":
        return Origin(Kind.VISIT, "the browser opened it without a click: a start page or a page kept open", 0.7)
    page = device.pages.get(address.key)
    referer = address_of(headers.get("referer", ""))
    if referer is not None and referer.key == address.key:
        if page is not None and not page.reloads and (not page.settled or at - page.opened < _LETS_IN):
            return Origin(Kind.VISIT, "the page before let the browser in and loaded itself anew", SENT_ON)
        return Origin(Kind.BACKGROUND, "the page loaded itself anew, nobody asked for it", 0.9)
    if page is not None and (referer.key if referer else "") == page.came_from and not _is_reload(headers):
        return Origin(Kind.VISIT, "gone back to: the way to it is the same as before", 0.8)
    if page is not None and referer is None and site == "same-origin":
        return Origin(Kind.BACKGROUND, "the page loaded itself anew, nobody asked for it", 0.8)
    return Origin(Kind.VISIT, "the page before sent the browser on by itself, nobody had clicked", SENT_ON)


def _is_reload(headers: Mapping[str, str]) -> bool:
    cache = headers.get("cache-control", "").lower()
    return "max-age=0" in cache or "no-cache" in cache
