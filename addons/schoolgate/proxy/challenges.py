"""Recognises a site that takes the school's filter for a robot, and ends the loop in which it asks again and again.

Sites behind a bot wall judge how a connection is opened, and the gateway opens it in a way of its own. A puzzle may be
solved once or twice; when it comes back, the site is passed through if it may be (``pinned``), or the person is told.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from mitmproxy.http import HTTPFlow

from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.live import Live
from schoolgate.proxy.pages import wanted
from schoolgate.proxy.pinned import Pinned

ENOUGH = 3
"""Challenges of one site to one device within ``WITHIN`` seconds that make a loop."""
WITHIN = 180.0
_TELL_FOR = 600.0  # seconds in which the page is shown in place of the loop; then the site is asked again
_MOST = 5_000
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
        """Count a challenge; once it is a loop, pass the site through if it may be."""
        passage = self._live.judged.get(flow)
        if passage is None or flow.response is None:
            return
        wall = wall_of(flow.response.status_code, flow.response.headers)
        if not wall:
            return
        try:
            self._live.metrics.challenge(wall)
            request, now = passage.request, time.monotonic()
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

    Sources: Cloudflare's "Detect a Challenge Page response"; AWS WAF's "x-amzn-waf-action"; the others by what their
    answers carry.
    """
    if headers.get("cf-mitigated", "") == "challenge":
        return "cloudflare"
    if headers.get("x-amzn-waf-action", "") in ("challenge", "captcha"):
        return "aws"
    if status not in (401, 403, 405, 429, 503):
        return ""
    cookies = headers.get("set-cookie", "")
    if "x-datadome" in headers or "x-dd-b" in headers or "datadome=" in cookies:
        return "datadome"
    if any(name in cookies for name in ("_pxhd=", "_px3=", "_pxvid=")) or "x-px-authorization" in headers:
        return "perimeterx"
    return "akamai" if headers.get("server", "").lower() == "akamaighost" else ""
