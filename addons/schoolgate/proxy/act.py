"""What is done about a verdict: the answer in place of a page, on record before it leaves the gateway."""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from mitmproxy.http import HTTPFlow, Response

from schoolgate.policy.identity import Confidence
from schoolgate.policy.origin import is_ahead
from schoolgate.policy.request import WebRequest
from schoolgate.policy.rules import Action
from schoolgate.policy.verdict import Verdict, heard
from schoolgate.policy.visits import Kind, Origin, classify
from schoolgate.proxy.footing import Footing, State
from schoolgate.proxy.insides.header_texts import texts_of
from schoolgate.proxy.live import Live
from schoolgate.proxy.nudges import Nudges, key_of
from schoolgate.proxy.pages import NOTICE, NUDGE, OWN, is_opened, origin_of
from schoolgate.proxy.translate import path_of
from schoolgate.proxy.unblocking import Unblocking
from schoolgate.store.event import Event, event_of, fault_event

log = logging.getLogger("schoolgate")

ON_RECORD = "/on-record/"
"""Where a probe's path begins so, its block is put on record; of all others that would be too much."""
_WARNED_FOR = 30 * 60.0  # seconds that a warning once shown lets the same person pass
_MOST_WARNED = 10_000


class Act:
    """Blocks, warns, records and fails for all duties of one worker."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._warned: dict[tuple[str, str, str], float] = {}
        self.nudges = Nudges()
        self.unblocking = Unblocking(live)

    def block(self, flow: HTTPFlow, request: WebRequest, verdict: Verdict) -> None:
        """The block page in place of whatever was or would be answered."""
        headers = lower(flow)
        event = self.record(request, verdict, self._origin(flow, request, verdict, headers))
        self.show_block(flow, request, verdict, event)

    def show_block(self, flow: HTTPFlow, request: WebRequest, verdict: Verdict, event: Event) -> None:
        """The page of a block that is on record."""
        headers = lower(flow)
        form = self.unblocking.form(request, verdict, event, headers)
        flow.response = self._live.pages.block(request, verdict, event.ref, headers, form)

    def warn(self, flow: HTTPFlow, request: WebRequest, verdict: Verdict) -> bool:
        """Show the warning once; the same site asked for again passes. Returns whether it was shown.

        Staff at work are asked what the site is for, and go on with an answer only; before they have read the notice,
        they are shown that instead.
        """
        footing = self._live.footing(verdict.identity, request.at)
        if footing.state is State.UNREAD:
            return self.notice(flow, request, verdict, footing)
        if footing.state is State.WORKING:
            return self._nudge(flow, request, verdict, footing)
        key = (request.user or request.client or "", request.host, verdict.category)
        now = time.monotonic()
        if self._warned.get(key, 0.0) > now:
            return False
        headers = lower(flow)
        if is_ahead(headers):
            return self._unseen(flow, request, verdict)
        event = self.record(request, verdict, classify(headers))
        if len(self._warned) >= _MOST_WARNED:
            self._warned = {known: until for known, until in self._warned.items() if until > now}
        self._warned[key] = now + _WARNED_FOR
        flow.response = self._live.pages.warn(request, verdict, event.ref)
        self._live.judged[flow] = None
        return True

    def _unseen(self, flow: HTTPFlow, request: WebRequest, verdict: Verdict) -> bool:
        """What is fetched ahead nobody sees: it is refused unrecorded, and asked for anew once somebody opens it."""
        flow.response = self._live.pages.warn(request, verdict, "-")
        self._live.judged[flow] = None
        return True

    def notice(self, flow: HTTPFlow, request: WebRequest, verdict: Verdict, footing: Footing) -> bool:
        """Show the notice that is to be read first, if a person sees the answer. Returns whether it was shown."""
        live = self._live
        if request.method != "GET" or not is_opened(lower(flow), request.method, request.path):
            return False
        notice, to = live.footings.notice(verdict.identity.group.id, request.at), path_of(flow)
        token = live.tokens.of(NOTICE, footing.person, notice.version, origin_of(request), to)
        flow.response = live.pages.notice(request, notice, to, token)
        live.judged[flow] = None
        return True

    def _nudge(self, flow: HTTPFlow, request: WebRequest, verdict: Verdict, footing: Footing) -> bool:
        """Ask what a personal site is for, unless the person has said so. What no person sees passes."""
        live, headers, key = self._live, lower(flow), key_of(footing.person, request.host, verdict.category)
        if self.nudges.said(key) or not is_opened(headers, request.method, request.path):
            return False
        if is_ahead(headers):
            return self._unseen(flow, request, verdict)
        origin, ref = live.ledger.stopped(flow, request, footing, headers), self.nudges.reference(key)
        if origin.kind not in (Kind.VISIT, Kind.UNKNOWN) and not (ref and origin.kind is Kind.BACKGROUND):
            return False  # a frame, say, of a browser that does not tell; but what waits for an answer is never renewed
        if not ref:
            ref = self.record(request, verdict, origin).ref
            self.nudges.show(key, ref)
        to, back = path_of(flow), _came_from(headers)
        token = live.tokens.of(NUDGE, footing.person, verdict.category, origin_of(request), to, back)
        flow.response = live.pages.nudge(request, verdict, ref, to, back, token)
        live.judged[flow] = None
        return True

    def said(self, request: WebRequest, verdict: Verdict, footing: Footing) -> str:
        """What somebody at work said of a site that they were asked about, in the words of the record, or ""."""
        if verdict.action is not Action.WARN or footing.state is not State.WORKING:
            return ""
        return self.nudges.said(key_of(footing.person, request.host, verdict.category))

    def record(self, request: WebRequest, verdict: Verdict, origin: Origin) -> Event:
        """Into the journal before the answer: a client sees no block that is not on record.

        Of probes only one is, which asks for it. While nothing of somebody may be kept but what is blocked, the event
        stays unwritten, and has no reference.
        """
        footing = self._live.footing(verdict.identity, request.at)
        verdict = replace(verdict, alert=heard(verdict, origin.kind))
        event = event_of(request, verdict, origin, self._live.pseudonyms, footing.notice)
        if verdict.identity.confidence is Confidence.PROBE and not request.path.startswith(ON_RECORD):
            return event
        if footing.keeps_nothing and verdict.action is not Action.BLOCK:
            return replace(event, ref="-")
        self._live.record(event)
        return event

    def _origin(self, flow: HTTPFlow, request: WebRequest, verdict: Verdict, headers: Mapping[str, str]) -> Origin:
        """By the ledger for people at work who have read the notice, by the request alone for all others."""
        footing = self._live.footing(verdict.identity, request.at)
        if footing.state in (State.WORKING, State.FREE):
            return self._live.ledger.stopped(flow, request, footing, headers)
        return classify(headers)

    def fail(self, flow: HTTPFlow, where: str, error: Exception) -> None:
        """503 first, whatever else fails; then the fault on record and a kinder page, if they can be had."""
        flow.response = Response.make(503, b"", {"Cache-Control": "no-store"})
        ref = self.note_fault(where, error)
        try:
            flow.response = self._live.pages.fault(ref, lower(flow), flow.request.method, flow.request.path)
        except Exception as second:
            log.error("The page for a fault could not be made: %r", second)

    def note_fault(self, where: str, error: Exception) -> str:
        """Tell the technician; never raises. Returns the reference of the fault."""
        try:
            why = f"The gateway could not decide ({where}): {type(error).__name__}: {error}"
            log.error("%s", why, exc_info=error)
            event = fault_event(datetime.now(UTC), f"gate-{where}", why, self._live.snapshot.version)
            self._live.metrics.fault(where)
            self._live.record(event)
        except Exception as second:
            log.error("The fault could not be recorded either: %r", second)
            return "-"
        return event.ref


def lower(flow: HTTPFlow) -> Mapping[str, str]:
    """The request's headers by their lower-case names, those that come twice joined by a comma."""
    return texts_of(flow.request.headers)


def _came_from(headers: Mapping[str, str]) -> str:
    """The page that led here, as far as the browser tells; "" where it tells none, or one of the gateway's own."""
    referer = headers.get("referer", "")
    is_page = referer.startswith(("http://", "https://")) and referer.isascii() and referer.isprintable()
    return referer if is_page and OWN not in referer else ""
