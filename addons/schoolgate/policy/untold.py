"""A page of its own or a frame, where the browser does not say: told from the address, the referer and the time.

Frames come while the page around them is loading. A person reads first: what is asked for when a page has been quiet
for some seconds, or from no page at all, is a person's doing, unless its address has the form of what pages embed.
"""

from collections.abc import Mapping

from schoolgate.policy.browsing import YOUNG, Address, Device, Page, address_of
from schoolgate.policy.frames import looks_embedded, names_page
from schoolgate.policy.origin import Kind, Origin

_QUIET = 3.0  # seconds without loading after which a page has come to rest; of 225 real frames none came later than 1.4
_NEW = ("chrome/", "firefox/", "version/")  # browsers that say more than text/html when they want a page
_LONGEST = 3 * 3600.0  # seconds between two loads of a page by itself; somebody who looks in every morning waits longer


def is_navigation(headers: Mapping[str, str], type_: str) -> bool:
    """Whether this asks for a page, be it in a tab or in a frame, and not for a part of one or for a script's data.

    ``type_`` is the media type that came back: it speaks where a request was recorded without most of its headers.
    """
    if (
        headers.get("x-requested-with", "").lower() == "xmlhttprequest"
        or "x-pjax" in headers
        or "hx-request" in headers
    ):
        return False
    if headers.get("upgrade-insecure-requests", "").strip() == "1":
        return True
    if headers.keys().isdisjoint(("accept", "referer", "origin")):
        return type_.startswith("text/html") and headers.get("user-agent", "").startswith("Mozilla/")
    accept, agent = headers.get("accept", "").lower(), headers.get("user-agent", "").lower()
    if "text/html" in accept and "application/xhtml+xml" in accept and "*/*" in accept:
        return True
    return accept.startswith("text/html") and agent.startswith("mozilla/") and not any(new in agent for new in _NEW)


def opened_untold(
    headers: Mapping[str, str], answer: Mapping[str, str], address: Address, device: Device, at: float
) -> Origin:
    """Judge a request for a page or a frame of which the browser told no more."""
    hop = device.arrives(address, at, "referer" in headers)
    if hop is not None:
        reason = "where a redirect led" if hop.landing.kind is Kind.VISIT else hop.landing.reason
        return Origin(hop.landing.kind, reason, hop.landing.confidence)
    referer = address_of(headers.get("referer", ""))
    if referer is None:
        return _from_nowhere(headers, address, device, at)
    if referer.key == address.key and headers.get("content-type", "") == "":
        return Origin(Kind.BACKGROUND, "the page loaded itself anew", 0.7)
    page = device.page_behind(referer)
    in_frame, around = device.frame_behind(referer)
    if in_frame and (page is None or page.address.key != referer.key):
        return _from_frame([each for each in (around, page) if each is not None], at)
    if page is None:
        return _from_unknown(address, device, at)
    return _from_page("content-type" in headers, answer, address, page, at)


def _from_nowhere(headers: Mapping[str, str], address: Address, device: Device, at: float) -> Origin:
    """No referer: typed, a bookmark, another app; or a frame of a page that tells none."""
    own = device.pages.get(address.key)
    if own is not None and at >= own.opened:
        return _again(headers, own, at)
    young = [page for page in device.pages.values() if abs(at - page.opened) < YOUNG]
    if any(looks_embedded(address) or names_page(address, page.address) for page in young):
        return Origin(Kind.EMBEDDED, "it has the form of what pages embed, and a page had just been opened", 0.8)
    loading = [page for page in young if abs(at - page.touched) < _QUIET]
    if address.path != "/" and any(page.address.host != address.host for page in loading):
        return Origin(Kind.UNKNOWN, "no page led to it, but one was still loading, which may have embedded it", 0.5)
    if address.path != "/" and loading:
        return Origin(Kind.VISIT, "no page led to it, but another one of its host was still loading", 0.75)
    return Origin(Kind.VISIT, "no page led to it: typed, a bookmark or a link from elsewhere", 0.85)


def _again(headers: Mapping[str, str], own: Page, at: float) -> Origin:
    """The address of a page that is open, without a referer: a reload, or typed again."""
    interval = at - own.opened
    alike = abs(interval - own.interval) <= max(2.0, min(60.0, 0.1 * interval))
    if own.reloads and alike and interval <= _LONGEST:
        return Origin(Kind.BACKGROUND, "the page loads itself anew at like intervals", 0.8)
    if not own.settled:
        return Origin(Kind.VISIT, "the page was asked for again after it had not come", 0.8)
    if "max-age=0" in headers.get("cache-control", "") or "no-cache" in headers.get("cache-control", ""):
        return Origin(Kind.VISIT, "loaded anew, by the person or by the page", 0.7)
    return Origin(Kind.VISIT, "opened again", 0.8)


def _from_frame(around: list[Page], at: float) -> Origin:
    if around and all(abs(at - page.touched) >= _QUIET for page in around):
        return Origin(Kind.VISIT, "a frame led to it when all was quiet: a click into it, or its own doing", 0.6)
    return Origin(Kind.EMBEDDED, "a frame inside another page led to it", 0.8)


def _from_unknown(address: Address, device: Device, at: float) -> Origin:
    """The referer is a page that was not seen here."""
    if looks_embedded(address):
        return Origin(Kind.EMBEDDED, "it has the form of what pages embed", 0.7)
    if device.is_loading(at, _QUIET):
        return Origin(Kind.UNKNOWN, "it came while pages were loading, from one that was not seen here", 0.5)
    return Origin(Kind.VISIT, "a page that was not seen here led to it when all was quiet", 0.75)


def _from_page(is_form: bool, answer: Mapping[str, str], address: Address, page: Page, at: float) -> Origin:
    same_site = address.site == page.address.site
    if looks_embedded(address) and not same_site:
        return Origin(Kind.EMBEDDED, "it has the form of what pages embed", 0.8)
    if at - page.touched < _QUIET:
        if (is_form or same_site) and address.origin != page.address.origin and page.parts <= 1:
            return Origin(Kind.VISIT, "the page before, still empty, sent the browser on by itself", 0.5)
        return Origin(Kind.EMBEDDED, "it came while the page around it was loading", 0.75)
    if _no_frame(answer, same_site):
        return Origin(Kind.VISIT, "opened from a page that had come to rest, and it lets no page embed it", 0.9)
    return Origin(Kind.VISIT, "opened from a page that had come to rest, by a click or by that page", 0.7)


def _no_frame(answer: Mapping[str, str], same_site: bool) -> bool:
    """Whether the answer forbids the page before to show it in a frame (X-Frame-Options; CSP frame-ancestors)."""
    refuses = ("deny",) if same_site else ("deny", "sameorigin")
    if answer.get("x-frame-options", "").strip().lower() in refuses:
        return True
    _, found, rest = answer.get("content-security-policy", "").lower().partition("frame-ancestors")
    allowed = {"'none'"} if same_site else {"'none'", "'self'"}
    return bool(found) and set(rest.partition(";")[0].split()) <= allowed
