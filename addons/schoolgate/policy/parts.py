"""What is neither a page nor a frame: parts of pages, what scripts fetch, and what runs behind pages."""

from collections.abc import Mapping

from schoolgate.policy.browsing import Address, Device, address_of
from schoolgate.policy.origin import WORKERS, Kind, Origin, is_part


def part_of(dest: str, headers: Mapping[str, str], method: str, address: Address, device: Device, at: float) -> Origin:
    """Judge a request that asks for no page; ``dest`` is what the browser says it is for, or ""."""
    behind = _behind_a_page(dest, headers, method, address, device, at)
    if behind is not None:
        return behind
    if dest == "empty" and headers.get("sec-fetch-mode", "").strip().lower() == "navigate":
        return Origin(Kind.UNKNOWN, "a file was saved, by a click or by the page", 0.5)
    if dest:
        return Origin(Kind.EMBEDDED, f"a part that a page loaded by itself ({dest[:20]})")
    return _unsaid(headers, method)


def _behind_a_page(
    dest: str, headers: Mapping[str, str], method: str, address: Address, device: Device, at: float
) -> Origin | None:
    if dest in WORKERS or headers.get("service-worker", "").lower() == "script":
        device.runs(address)
        return Origin(Kind.BACKGROUND, f"a script running behind a page ({dest or 'service worker'})")
    referer = address_of(headers.get("referer", ""))
    if referer is not None and referer.key in device.workers:
        return Origin(Kind.BACKGROUND, "a script running behind a page fetched it", 0.9)
    if _is_report(dest, headers, method):
        return Origin(Kind.BACKGROUND, "a page reported home", 0.9)
    if dest == "empty" and headers.get("sec-fetch-site", "").strip().lower() == "none":
        return Origin(Kind.BACKGROUND, "the browser itself asked for it, no page did", 0.9)
    if dest in ("empty", "") and device.repeats(address, at):
        return Origin(Kind.BACKGROUND, "asked for again and again at like intervals", 0.9)
    return None


def _is_report(dest: str, headers: Mapping[str, str], method: str) -> bool:
    if dest == "report" or "ping-to" in headers or headers.get("content-type", "").lower().startswith("text/ping"):
        return True
    return dest == "empty" and method == "POST" and headers.get("sec-fetch-mode", "").strip().lower() == "no-cors"


def _unsaid(headers: Mapping[str, str], method: str) -> Origin:
    """The browser does not say what it was for."""
    if method == "OPTIONS":
        return Origin(Kind.EMBEDDED, "a page's script asked whether it may", 0.9)
    if method not in ("GET", "POST") and "referer" not in headers:
        return Origin(Kind.BACKGROUND, f"{method[:12]} opens no page", 0.8)
    if headers.get("x-requested-with", "").lower() == "xmlhttprequest":
        return Origin(Kind.EMBEDDED, "a page's script asked for it", 0.9)
    if is_part(headers):
        return Origin(Kind.EMBEDDED, "what it accepts is a part of a page, not a page", 0.9)
    if "referer" in headers or "origin" in headers:
        return Origin(Kind.EMBEDDED, "a page asked for it, and not as a page of its own", 0.8)
    return Origin(Kind.UNKNOWN, "the client does not say what the request was for", 0.5)
