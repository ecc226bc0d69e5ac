"""Recognises a site that takes the school's filter for a robot, and ends the loop in which it asks again and again.

Sites behind a bot wall judge how a connection is opened, and the gateway opens it in a way of its own. A puzzle may be
solved once or twice; when it comes back, the site is passed through if it may be (``pinned``), or the person is told.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from mitmproxy.http import HTTPFlow

from schoolgate.content.unpacking import Bound, Broken, TooMuch, Unpacker
from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.live import Live, Passage
from schoolgate.proxy.pages import wanted
from schoolgate.proxy.pinned import Pinned

ENOUGH = 3
"""Challenges of one site to one device within ``WITHIN`` seconds that make a loop."""
WITHIN = 180.0
_TELL_FOR = 600.0  # seconds in which the page is shown in place of the loop; then the site is asked again
_MOST = 5_000
_REFUSED = (403, 405, 429, 503)
_MOST_READ = 256 * 1024  # bytes of a refusal, unpacked
_SAID = {"cloudflare": "cf-mitigated", "aws": "x-amzn-waf-action", "vercel": "x-vercel-mitigated"}
_SHOWN = {
    "datadome": ("x-datadome", ("datadome=",)),
    "perimeterx": ("x-px-authorization", ("_pxhd=", "_px3=", "_pxvid=")),
    "imperva": ("x-iinfo", ("incap_ses_", "visid_incap_")),
    "kasada": ("x-kpsdk-ct", ()),
}
_PUZZLES = (b"captcha", b"cf-turnstile", b"<title>just a moment", b"checking your browser", b"_incapsula_resource")
_HOW = "it takes the filter for a robot"
_AGAIN = "It is now left alone: close this page, wait a minute, and open the site again."
_TECHNICIAN = "If a lesson needs it, the technician can have it passed through (docs/pass-through.md)."


@dataclass(slots=True)
class _Asking:
    """How often a site has challenged a device lately, and what is said of it from when it was too often."""

    times: list[float] = field(default_factory=list[float])
    until: float = 0.0
    words: str = ""


class Challenges:
    """Stands after the gate; it shows a page of its own to people, and leaves what programs fetch alone."""

    def __init__(self, live: Live, act: Act, pinned: Pinned) -> None:
        self._live, self._act, self._pinned = live, act, pinned
        self._asking: dict[tuple[str, str], _Asking] = {}

    def requestheaders(self, flow: HTTPFlow) -> None:
        """In place of the next round of a loop."""
        passage = self._live.judged.get(flow)
        if passage is None or flow.response is not None or flow.error:
            return
        request = passage.request
        asking = self._asking.get((request.client or "", request.host))
        if asking is None or time.monotonic() >= asking.until:
            return
        headers = lower(flow)
        if wanted(headers, request.method, request.path) != "page":
            return
        try:
            why = f"{request.host} takes the school's filter for a robot, and asks for a proof again and again."
            words = f"{why} That is no fault of yours. {asking.words}"
            response = self._live.pages.refused(503, words, "-", headers, request.method, request.path)
            if not flow.request.is_http2:
                response.headers["connection"] = "close"  # a new connection can be passed through
            flow.response = response
            self._live.judged[flow] = None
        except Exception as error:
            self._act.fail(flow, "challenge", error)

    def responseheaders(self, flow: HTTPFlow) -> None:
        """A challenge by its headers; a page that is shown shows that the last one was solved."""
        passage, response = self._live.judged.get(flow), flow.response
        if passage is None or response is None:
            return
        wall, request = wall_of(response.status_code, response.headers), passage.request
        if wall:
            self._challenged(flow, passage, wall)
        elif (
            self._asking and response.status_code < 300 and wanted(lower(flow), request.method, request.path) == "page"
        ):
            self._asking.pop((request.client or "", request.host), None)

    def response(self, flow: HTTPFlow) -> None:
        """A challenge by the puzzle in a page of the site's that refuses, before the page itself is judged."""
        passage, response = self._live.judged.get(flow), flow.response
        if passage is None or response is None or flow not in self._live.held or response.status_code not in _REFUSED:
            return
        packed, headers = response.raw_content or b"", response.headers
        if not wall_of(response.status_code, headers) and has_puzzle(packed, headers.get("content-encoding", "")):
            self._challenged(flow, passage, "captcha")

    def _challenged(self, flow: HTTPFlow, passage: Passage, wall: str) -> None:
        """Count it; once it is a loop, pass the site through if it may be."""
        try:
            self._live.metrics.challenge(wall)
            request, now, headers = passage.request, time.monotonic(), lower(flow)
            is_part = "sec-fetch-dest" in headers or "referer" in headers
            if is_part and wanted(headers, request.method, request.path) != "page":
                return  # what a page loads besides is refused on many sites that work
            asking = self._asking.setdefault((request.client or "", request.host), _Asking())
            asking.times = [at for at in asking.times if now - at < WITHIN] + [now]
            if len(self._asking) > _MOST:
                del self._asking[next(iter(self._asking))]
            if len(asking.times) < ENOUGH:
                return
            asking.times.clear()
            tunnel = self._live.tunnels.get(flow.client_conn)
            program, group = tunnel.device_class if tunnel else "", passage.verdict.identity.group.id
            passes = bool(program) and self._pinned.learn(group, request.host, program, _HOW)
            asking.words, asking.until = _AGAIN if passes else _TECHNICIAN, now + (60.0 if passes else _TELL_FOR)
        except Exception as error:
            self._act.note_fault("challenge", error)


def wall_of(status: int, headers: Mapping[str, str]) -> str:
    """Whose bot wall an answer comes from, by its headers alone; "" where it is none.

    Sources: Cloudflare's "Detect a Challenge Page response"; AWS WAF's "x-amzn-waf-action"; Vercel's
    "x-vercel-mitigated"; the others by what their answers carry.
    """
    for wall, header in _SAID.items():
        if headers.get(header, "").lower() in ("challenge", "captcha"):
            return wall
    if status not in _REFUSED or status == 503:
        return ""
    cookies = headers.get("set-cookie", "")
    for wall, (header, marks) in _SHOWN.items():
        if header in headers or any(mark in cookies for mark in marks):
            return wall
    return "akamai" if headers.get("server", "").lower() == "akamaighost" else ""


def has_puzzle(packed: bytes, encoding: str) -> bool:
    """Whether a refusal asks for a proof that somebody is a person."""
    try:
        page = Unpacker(encoding, _MOST_READ, Bound.PARTIAL).feed(packed).lower()
    except (Broken, TooMuch):
        return False
    return any(mark in page for mark in _PUZZLES)
