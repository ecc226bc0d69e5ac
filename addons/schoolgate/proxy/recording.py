"""Keeps what a rule says to log, once the site has answered and it is known what the request was.

Only visits are kept. What a page loaded by itself, what was fetched ahead, and what cannot be told apart is nobody's
doing: of people at work it is counted by the kind of site, of all others not even that. So is what they open besides;
and before they have read the notice, outside their working time, and on sites that are nobody's business, nothing is.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from mitmproxy.http import HTTPFlow

from schoolgate.policy.rules import Action, Alert, Stage
from schoolgate.policy.verdict import Verdict, heard
from schoolgate.policy.visits import COUNTS_FROM, Kind, Origin, classify
from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.footing import State
from schoolgate.proxy.live import Live, Passage
from schoolgate.store.event import event_of, fault_event

log = logging.getLogger("schoolgate")

_OTHER = "other"  # the category of what no rule asks to record


class Recording:
    """Writes visits to the journal."""

    def __init__(self, live: Live, act: Act) -> None:
        self._live, self._act = live, act

    def responseheaders(self, flow: HTTPFlow) -> None:
        """Runs once for every answer of a site, before its body."""
        try:
            passage = self._live.judged.get(flow)
            if passage is None or flow.response is None or passage.footing.keeps_nothing:
                return
            if passage.footing.state is not State.OTHER:
                self._of_staff(flow, passage, lower(flow))
            elif _is_logged(passage.verdict):
                origin = classify(lower(flow), flow.response.status_code)
                if origin.kind is Kind.VISIT:
                    self._record(passage, replace(passage.verdict, action=Action.LOG), origin)
        except Exception as error:
            self._live.metrics.fault("recording")
            log.error("A visit could not be recorded: %s: %s", type(error).__name__, error)
            self._tell(error)

    def _of_staff(self, flow: HTTPFlow, passage: Passage, headers: Mapping[str, str]) -> None:
        """The ledger is told of every answer: it needs the pages before."""
        verdict, footing = passage.verdict, passage.footing
        origin = self._live.ledger.answered(flow, passage.request, footing, headers)
        is_working = footing.state is State.WORKING
        is_named = _is_logged(verdict) or bool(verdict.left_out)
        if is_named and origin.kind is Kind.VISIT:
            told = _told(verdict, origin, self._act.said(passage.request, verdict, footing))
            if told.action is Action.LOG or is_working:
                self._record(passage, told, origin)
        if is_working and not self._is_private(passage):
            self._live.count_activity(passage, (is_named and verdict.category) or _OTHER, origin.kind)

    def _is_private(self, passage: Passage) -> bool:
        topic = self._live.snapshot.purposes.topic
        return any(topic(name) for name in passage.request.names)

    def _record(self, passage: Passage, verdict: Verdict, origin: Origin) -> None:
        verdict = replace(verdict, alert=heard(verdict, origin.kind))
        notice = passage.footing.notice
        self._live.record(event_of(passage.request, verdict, origin, self._live.pseudonyms, notice))

    def _tell(self, error: Exception) -> None:
        why = f"A visit could not be recorded: {type(error).__name__}: {error}"
        try:
            self._live.record(fault_event(datetime.now(UTC), "recording", why, self._live.snapshot.version))
        except Exception:
            log.error("The fault could not be recorded either.")


def _is_logged(verdict: Verdict) -> bool:
    """A search was put on record when it was made."""
    return verdict.action in (Action.LOG, Action.WARN) and verdict.stage is not Stage.SEARCH


def _told(verdict: Verdict, origin: Origin, said: str) -> Verdict:
    """The verdict on a visit as it goes on record: counted, or left out with the reason."""
    left_out = verdict.left_out or said
    if not left_out and origin.confidence < COUNTS_FROM:
        left_out = f"not counted: {origin.reason}"
    if left_out:
        return replace(verdict, action=Action.ALLOW, alert=Alert.NONE, left_out=left_out)
    return replace(verdict, action=Action.LOG)
