"""Holds back documents until their words are judged: a page is shown whole or not at all.

What a person opens (HTML, and any text that is opened as a page) waits here; what scripts fetch is judged by
``answers`` while it passes. Of a page that is too long, or does not end, the first part is judged here, the rest there.
What cannot be judged is not shown, and the technician is told.
"""

import time
from collections.abc import Awaitable, Mapping

from mitmproxy.http import HTTPFlow, Response

from schoolgate.content.judge import hits
from schoolgate.content.media_types import essence, is_page, is_readable, is_stream, type_in_force
from schoolgate.content.scanning import Weighed
from schoolgate.content.unpacking import ACCEPTED
from schoolgate.policy.opened import still_said
from schoolgate.policy.rules import TEXT, Action, Subject
from schoolgate.policy.said import decide_said, is_judged, text_limit
from schoolgate.policy.verdict import stricter
from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.answers import Answers
from schoolgate.proxy.insides.ending import Endable
from schoolgate.proxy.insides.full import HOLDS, Hold, let_go_of_full_answers
from schoolgate.proxy.live import Live, Passage
from schoolgate.proxy.pages import wanted
from schoolgate.proxy.scanner import GaveUp, NobodyWaits, Scanner

_MOST_HELD = 2 << 20  # bytes as they came, packed or not
_LONGEST_WAIT = 20.0  # seconds that a page may take to arrive before what has come of it is judged
_OPENED = frozenset({"document", "iframe", "frame", "embed", "object", "fencedframe"})
_CONDITIONS = ("if-none-match", "if-modified-since", "if-range", "range")


class Documents:
    """Judges what pages say."""

    def __init__(self, live: Live, act: Act, scanner: Scanner) -> None:
        self._live, self._act, self._scanner = live, act, scanner
        self._answers = Answers(live, act)
        if not let_go_of_full_answers():
            live.metrics.fault("insides")

    async def running(self) -> None:
        """The gateway is up: have the scanning processes ready before the first page comes."""
        await self._scanner.warm_up(self._live.settings.judge)

    async def done(self) -> None:
        """The gateway stops."""
        await self._scanner.close()

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Ask only for encodings that can be unpacked again, and for a whole page, whatever the browser has kept."""
        passage = self._live.judged.get(flow)
        if passage is not None and flow.response is None and self._is_judged(passage):
            asked = flow.request.headers.get("accept-encoding", "")
            kept = [each for each in asked.split(",") if each.partition(";")[0].strip().lower() in ACCEPTED]
            if asked and len(kept) < len(asked.split(",")):
                flow.request.headers["accept-encoding"] = ",".join(kept).strip() or "identity"
            if is_opened(lower(flow)):
                for name in _CONDITIONS:
                    flow.request.headers.pop(name, None)

    def responseheaders(self, flow: HTTPFlow) -> None:
        """Whether this answer is a document that waits."""
        passage = self._live.judged.get(flow)
        if passage is None or flow.response is None or flow.response.raw_content is not None:
            return
        try:
            if self._is_judged(passage) and is_document(lower(flow), flow.response.headers.get("content-type", "")):
                self._live.held.add(flow)
                HOLDS[flow] = Hold(_MOST_HELD, time.monotonic() + _LONGEST_WAIT)
        except Exception as error:
            # an answer that is set here would get the site's body: so it is held, and not shown at its end
            self._act.note_fault("document", error)
            self._live.held.add(flow)
            HOLDS[flow] = Hold(_MOST_HELD, time.monotonic() + _LONGEST_WAIT)

    def response(self, flow: HTTPFlow) -> Awaitable[object] | None:
        """A held document has come to its end."""
        if flow in self._live.held and flow.response is not None and HOLDS.pop(flow, None) is not None:
            return self._judge(flow)
        return None

    async def http_held(self, flow: HTTPFlow) -> None:
        """A held document is full: what there is of it is judged, the rest of a page that may be shown in passing."""
        held = flow.response
        weighed = await self._judge(flow)
        if held is None or flow.response is not held:
            if flow.response is not None:
                flow.response.stream = _Instead()
            return
        passage = self._live.judged.get(flow)
        size = weighed.size if weighed else 0
        held.stream = self._answers.rest_of(flow, passage, held, size) if passage is not None else _Instead()

    def _is_judged(self, passage: Passage) -> bool:
        return is_judged(passage.verdict.identity, passage.request, self._live.snapshot, Subject.PAGES)

    async def _judge(self, flow: HTTPFlow) -> Weighed | None:
        """Another answer in the place of a page that may not be shown; what the page amounts to, if it was judged."""
        passage = self._live.judged.get(flow)
        response = flow.response
        if passage is None or response is None or not response.raw_content:
            return None
        started = time.perf_counter()
        try:
            weighed = await self._weigh(flow, response, passage)
            self._live.metrics.page_took(time.perf_counter() - started)
            self._act_on(flow, passage, weighed)
            if not weighed.whole and flow.response is response:
                raise GaveUp("it unpacks to more than can be read")
        except NobodyWaits:
            flow.response = Response.make(503, b"", {"Cache-Control": "no-store"})
            return None
        except Exception as error:
            self._act.fail(flow, "page", error)
            return None
        return weighed

    async def _weigh(self, flow: HTTPFlow, response: Response, passage: Passage) -> Weighed:
        peer = flow.client_conn.peername
        return await self._scanner.judge(
            self._live.settings.judge,
            response.raw_content or b"",
            response.headers.get("content-encoding", ""),
            type_in_force(response.headers.get("content-type", "")),
            client=passage.request.user or (str(peer[0]) if peer else ""),
            wanted=lambda: flow.client_conn.connected,
        )

    def _act_on(self, flow: HTTPFlow, passage: Passage, weighed: Weighed) -> None:
        if not weighed.opinions:
            return
        request, identity, snapshot = passage.request, passage.verdict.identity, self._live.snapshot
        limit = text_limit(identity, request, snapshot)
        found = still_said(passage.verdict.rule, hits(weighed.opinions, limit, TEXT), snapshot.categories)
        if not found:
            return
        verdict = decide_said(identity, request, snapshot, found)
        if stricter(passage.verdict, verdict) is not verdict:
            return
        self._live.count(verdict, passage.footing)
        if verdict.action is Action.BLOCK:
            self._act.block(flow, request, verdict)
        elif verdict.action is Action.WARN and wanted(lower(flow), request.method, request.path) == "page":
            self._act.warn(flow, request, verdict)


def is_opened(headers: Mapping[str, str]) -> bool:
    """Whether a request opens a page; browsers do not say so to sites without encryption, but for what they accept."""
    dest = headers.get("sec-fetch-dest", "").lower()
    return dest in _OPENED or (
        not dest and "text/html" in headers.get("accept", "").lower() and "x-requested-with" not in headers
    )


def is_document(headers: Mapping[str, str], content_type: str) -> bool:
    """Whether an answer is shown as a page; ``headers`` are the request's, by lower-case name."""
    kind = essence(type_in_force(content_type))
    if is_stream(kind):
        return False
    if is_opened(headers):
        return is_readable(kind)
    return not headers.get("sec-fetch-dest") and "x-requested-with" not in headers and is_page(kind)


class _Instead(Endable):
    """Our page in the place of one that goes on: it ends with the first piece, which is all of it."""

    sound = True

    def __call__(self, data: bytes, /) -> list[bytes]:
        """The first piece whole, and nothing after it."""
        passed = [] if self.over or not data else [data]
        self.over = True
        return passed
