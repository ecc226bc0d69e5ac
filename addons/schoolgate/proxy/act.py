"""What is done about a verdict: the answer in place of a page, on record before it leaves the gateway."""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from mitmproxy.http import HTTPFlow, Response

from schoolgate.policy.decision import Verdict, heard
from schoolgate.policy.request import WebRequest
from schoolgate.policy.visits import Origin, classify
from schoolgate.proxy.live import Live
from schoolgate.store.event import Event, event_of, fault_event

log = logging.getLogger("schoolgate")

_WARNED_FOR = 30 * 60.0  # seconds that a warning once shown lets the same person pass
_MOST_WARNED = 10_000


class Act:
    """Blocks, warns, records and fails for all duties of one worker."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._warned: dict[tuple[str, str, str], float] = {}

    def block(self, flow: HTTPFlow, request: WebRequest, verdict: Verdict) -> None:
        """The block page in place of whatever was or would be answered."""
        headers = lower(flow)
        event = self.record(request, verdict, classify(headers))
        flow.response = self._live.pages.block(request, verdict, event.ref, headers)

    def warn(self, flow: HTTPFlow, request: WebRequest, verdict: Verdict) -> bool:
        """Show the warning once; the same site asked for again passes. Returns whether it was shown."""
        key = (request.user or request.client or "", request.host, verdict.category)
        now = time.monotonic()
        if self._warned.get(key, 0.0) > now:
            return False
        event = self.record(request, verdict, classify(lower(flow)))
        if len(self._warned) >= _MOST_WARNED:
            self._warned = {known: until for known, until in self._warned.items() if until > now}
        self._warned[key] = now + _WARNED_FOR
        flow.response = self._live.pages.warn(request, verdict, event.ref)
        self._live.judged[flow] = None
        return True

    def record(self, request: WebRequest, verdict: Verdict, origin: Origin) -> Event:
        """Into the journal before the answer: a client sees no block that is not on record."""
        event = event_of(request, replace(verdict, alert=heard(verdict, origin.kind)), origin, self._live.pseudonyms)
        self._live.record(event)
        return event

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
    """The request's headers by their lower-case names."""
    return {name.lower(): value for name, value in flow.request.headers.items()}
