"""Keeps what a rule says to log, once the site has answered and it is known what the request was.

Only visits are kept. What a page loaded by itself, what was fetched ahead, and what cannot be told apart is counted
and not kept: nobody is accused of it.
"""

import logging
from dataclasses import replace
from datetime import UTC, datetime

from mitmproxy.http import HTTPFlow

from schoolgate.policy.decision import heard
from schoolgate.policy.rules import Action, Stage
from schoolgate.policy.visits import Kind, classify
from schoolgate.proxy.live import Live
from schoolgate.store.event import event_of, fault_event

log = logging.getLogger("schoolgate")


class Recording:
    """Writes visits to the journal."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def responseheaders(self, flow: HTTPFlow) -> None:
        """Runs once for every answer of a site, before its body."""
        try:
            passage = self._live.judged.get(flow)
            if passage is None or flow.response is None or passage.verdict.action not in (Action.LOG, Action.WARN):
                return
            if passage.verdict.stage is Stage.SEARCH:
                return  # a search was put on record when it was made
            headers = {name.lower(): value for name, value in flow.request.headers.items()}
            origin = classify(headers, flow.response.status_code)
            if origin.kind is Kind.VISIT:
                verdict = replace(passage.verdict, action=Action.LOG, alert=heard(passage.verdict, origin.kind))
                self._live.record(event_of(passage.request, verdict, origin, self._live.pseudonyms))
        except Exception as error:
            self._live.metrics.fault("recording")
            log.error("A visit could not be recorded: %s: %s", type(error).__name__, error)
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        why = f"A visit could not be recorded: {type(error).__name__}: {error}"
        try:
            self._live.record(fault_event(datetime.now(UTC), "recording", why, self._live.snapshot.version))
        except Exception:
            log.error("The fault could not be recorded either.")
