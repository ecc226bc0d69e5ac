"""Judges what somebody asks: a prompt to a chatbot in a body, an address or a WebSocket, or a search sent as a form."""

from collections.abc import Iterable
from dataclasses import replace

from mitmproxy.http import HTTPFlow, Response

from schoolgate.content.charset import is_utf8
from schoolgate.content.prompts import prompts_of
from schoolgate.content.query_string import values, words
from schoolgate.content.unpacking import Bound, Unpacker
from schoolgate.content.verdict import on_search
from schoolgate.policy.rules import Action, Stage, Subject
from schoolgate.policy.said import is_judged
from schoolgate.policy.verdict import Verdict, stricter
from schoolgate.policy.visits import classify
from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.attached import Attached
from schoolgate.proxy.insides.ending import PARTINGS, Parting
from schoolgate.proxy.insides.full import QUESTIONS
from schoolgate.proxy.insides.held import hold
from schoolgate.proxy.live import Live, Passage

MOST_HELD = 1 << 20
"""Bytes of a question, as it comes and unpacked."""
_CHATBOTS = "ai_chatbots"
_PATHS = (
    "/chat/completions",
    "/v1/messages",
    "/v1/responses",
    "/conversation",
    "/completion",
    "/api/chat",
    "/duckchat/",
    ":generatecontent",
    ":streamgeneratecontent",
)
_ASKED = ("q", "prompt", "query", "question", "text", "message", "input")
"""Parameters of an address in which chatbots are given a first prompt."""
_FILES = ("image/", "video/", "audio/", "font/", "application/pdf", "application/zip", "application/octet-stream")
_KEPT = 500  # characters of a prompt around what was found
_TOO_LONG = "This question is too long for the school's filter to check."


class Asking:
    """Holds back questions until they are judged."""

    def __init__(self, live: Live, act: Act) -> None:
        self._live, self._act = live, act
        self._talks = Attached[HTTPFlow, bool]()

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Whether this request asks something, in its address or in a body that waits."""
        passage = self._live.judged.get(flow)
        if passage is None or flow.response is not None or flow.error:
            return
        try:
            if passage.request.query:
                self._judge_address(flow, passage)
            if flow.response is None and flow.request.method in ("POST", "PUT", "PATCH"):
                self._hold(flow, passage)
        except Exception as error:
            self._act.fail(flow, "question", error)

    def request(self, flow: HTTPFlow) -> None:
        """The question has come whole."""
        QUESTIONS.pop(flow, None)
        passage = self._live.judged.get(flow)
        if flow not in self._live.held or passage is None or flow.response is not None:
            return
        self._live.held.discard(flow)
        try:
            self._judge(flow, passage)
        except Exception as error:
            self._act.fail(flow, "question", error)

    def http_too_long(self, flow: HTTPFlow) -> None:
        """A question that waits has grown too long."""
        self._live.held.discard(flow)
        try:
            flow.response = self._too_long(flow)
        except Exception as error:
            self._act.fail(flow, "question", error)
        self._live.judged[flow] = None

    def websocket_message(self, flow: HTTPFlow) -> None:
        """What is said to a chatbot over a WebSocket; ``answers`` judges its words as such, in both directions."""
        message = flow.websocket.messages[-1] if flow.websocket and flow.websocket.messages else None
        passage = self._live.judged.get(flow)
        if message is None or passage is None or not message.from_client or message.injected:
            return
        try:
            if flow not in self._talks:
                self._talks[flow] = self._is_judged(passage) and self._is_chatbot(passage)
            if not self._talks[flow]:
                return
            verdict = self._verdict(prompts_of(message.content, ""), passage) if is_utf8(message.content) else None
            if verdict is not None and self._told(flow, passage, verdict):
                message.drop()
        except Exception as error:
            message.drop()
            ref = self._act.note_fault("question", error)
            PARTINGS[flow] = Parting(f"[The school's filter could not check this. Reference: {ref}]", "not checked")

    def _told(self, flow: HTTPFlow, passage: Passage, verdict: Verdict) -> bool:
        """On record; whether the talk ends with it."""
        self._live.count(verdict, passage.footing)
        ref = self._act.record(passage.request, verdict, classify(lower(flow))).ref
        if verdict.action is Action.BLOCK:
            words = f"[The school's filter has stopped this here. {verdict.why} Reference: {ref}]"
            PARTINGS[flow] = Parting(words, f"Stopped by the school's filter. Reference: {ref}")
        return verdict.action is Action.BLOCK

    def _hold(self, flow: HTTPFlow, passage: Passage) -> None:
        headers, request, engines = flow.request.headers, passage.request, self._live.engines
        form = any(engines.takes_forms(name, request.path) for name in request.names)
        is_file = headers.get("content-type", "").strip().lower().startswith(_FILES)
        if is_file or not (form or self._is_chatbot(passage)) or not self._is_judged(passage):
            return
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > MOST_HELD:
            held = hold(flow)
            answer = self._too_long(flow)
            self._live.judged[flow] = None
            if held is None:
                flow.kill()
            else:
                held.answer(answer)
            return
        self._live.held.add(flow)
        QUESTIONS[flow] = MOST_HELD

    def _too_long(self, flow: HTTPFlow) -> Response:
        request = flow.request
        return self._live.pages.refused(413, _TOO_LONG, "-", lower(flow), request.method, request.path)

    def _is_judged(self, passage: Passage) -> bool:
        return is_judged(passage.verdict.identity, passage.request, self._live.snapshot, Subject.SEARCHES)

    def _is_chatbot(self, passage: Passage) -> bool:
        request = passage.request
        if any(part in request.path.lower() for part in _PATHS):
            return True
        listings = (self._live.snapshot.lists.look_up(name, request.target) for name in request.names)
        return any(hit.category == _CHATBOTS for listing in listings for hit in listing.hits)

    def _judge_address(self, flow: HTTPFlow, passage: Passage) -> None:
        """``chatgpt.com/?q=...``; where an engine's rules know the address, the gate has judged it already."""
        request = passage.request
        given = values(request.query)
        said = [words(value) for name in _ASKED for value in given.get(name, ())]
        if not any(said) or not self._is_judged(passage) or not self._is_chatbot(passage):
            return
        known = (self._live.engines.search_of(name, request.path, request.query) for name in request.names)
        if not any(known):
            self._act_on(flow, passage, prompts_of("\n".join(filter(None, said)).encode(), "text/plain"))

    def _judge(self, flow: HTTPFlow, passage: Passage) -> None:
        live, request, headers = self._live, passage.request, flow.request.headers
        packed = Unpacker(headers.get("content-encoding", ""), MOST_HELD, Bound.PARTIAL)
        body, content_type = packed.feed(flow.request.raw_content or b""), headers.get("content-type", "")
        if packed.full:
            flow.response = self._too_long(flow)
            return
        forms = (
            live.engines.search_of_form(name, request.path, request.query, content_type, body) for name in request.names
        )
        found = next(filter(None, forms), None)
        asked: tuple[str, ...] = (found.words,) if found else ()
        if self._is_chatbot(passage):
            asked += prompts_of(body, content_type)
        self._act_on(flow, passage, asked)

    def _act_on(self, flow: HTTPFlow, passage: Passage, asked: Iterable[str]) -> None:
        request, verdict = passage.request, self._verdict(asked, passage)
        if verdict is None:
            return
        self._live.count(verdict, passage.footing)
        if verdict.action is Action.BLOCK:
            self._act.block(flow, request, verdict)
        elif verdict.stage is Stage.SEARCH:
            self._act.record(request, verdict, classify(lower(flow)))

    def _verdict(self, asked: Iterable[str], passage: Passage) -> Verdict | None:
        """The strictest over all parts of a question, with the words around what was found; None where all is well."""
        worst: tuple[Verdict, str] | None = None
        for part in asked:
            verdict = self._on(part, passage)
            if worst is None or stricter(worst[0], verdict) is verdict:
                worst = (verdict, part)
            if verdict.action is Action.BLOCK:
                break
        if worst is None or worst[0].action is Action.ALLOW:
            return None
        return self._narrowed(*worst, passage)

    def _narrowed(self, verdict: Verdict, part: str, passage: Passage) -> Verdict:
        for start in range(0, len(part) - _KEPT // 2, _KEPT // 2) if len(part) > _KEPT else ():
            piece = part[start : start + _KEPT]
            found = self._on(piece, passage)
            if (found.category, found.action) == (verdict.category, verdict.action):
                return replace(verdict, search=piece)
        return verdict

    def _on(self, part: str, passage: Passage) -> Verdict:
        live = self._live
        return on_search(part, passage.verdict.identity, passage.request, live.snapshot, live.settings.judge)
