"""Judges what somebody asks in the body of a request: a prompt to a chatbot, or a search that is sent as a form."""

from collections.abc import Iterator
from typing import Any

import orjson
from mitmproxy.http import HTTPFlow

from schoolgate.content.unpacking import Bound, Unpacker
from schoolgate.content.verdict import on_search
from schoolgate.policy.decision import is_judged
from schoolgate.policy.rules import Action, Stage, Subject
from schoolgate.policy.visits import classify
from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.live import Live, Passage

_MOST_HELD = 1 << 20  # bytes of a question
_CHATBOTS = "ai_chatbots"
_PATHS = (
    "/chat/completions",
    "/v1/messages",
    "/v1/responses",
    "/conversation",
    "/completion",
    "/api/chat",
    ":generatecontent",
)
_SAID = frozenset({"content", "prompt", "text", "parts", "message", "input", "query", "question", "inputs", "q"})
_MOST_WORDS = 2000  # characters of a prompt that are judged, from its end
_MOST_NESTED = 20


class Asking:
    """Holds back questions that are sent as a body, until they are judged."""

    def __init__(self, live: Live, act: Act) -> None:
        self._live, self._act = live, act

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Whether this request's body is a question that waits."""
        passage = self._live.judged.get(flow)
        if passage is None or flow.response is not None or flow.request.method not in ("POST", "PUT"):
            return
        try:
            length = flow.request.headers.get("content-length", "")
            small = not length.isdigit() or int(length) <= _MOST_HELD
            request, engines = passage.request, self._live.engines
            form = any(engines.takes_forms(name, request.path) for name in request.names)
            if small and (form or self._is_chatbot(passage)):
                self._live.held.add(flow)
        except Exception as error:
            self._act.fail(flow, "question", error)

    def request(self, flow: HTTPFlow) -> None:
        """The question has come whole."""
        passage = self._live.judged.get(flow)
        if flow not in self._live.held or passage is None or flow.response is not None:
            return
        self._live.held.discard(flow)
        try:
            self._judge(flow, passage)
        except Exception as error:
            self._act.fail(flow, "question", error)

    def _is_chatbot(self, passage: Passage) -> bool:
        request = passage.request
        if any(part in request.path.lower() for part in _PATHS):
            return True
        listing = self._live.snapshot.lists.look_up(request.host, request.target)
        return any(hit.category == _CHATBOTS for hit in listing.hits)

    def _judge(self, flow: HTTPFlow, passage: Passage) -> None:
        live, request, identity = self._live, passage.request, passage.verdict.identity
        if not is_judged(identity, request, live.snapshot, Subject.SEARCHES):
            return
        headers = flow.request.headers
        packed = Unpacker(headers.get("content-encoding", ""), _MOST_HELD, Bound.PARTIAL)
        body, content_type = packed.feed(flow.request.raw_content or b""), headers.get("content-type", "")
        forms = (
            live.engines.search_of_form(name, request.path, request.query, content_type, body) for name in request.names
        )
        found = next(filter(None, forms), None)
        words = found.words if found else prompt_of(body) if self._is_chatbot(passage) else ""
        if not words:
            return
        verdict = on_search(words, identity, request, live.snapshot, live.settings.judge)
        if verdict.action is Action.ALLOW:
            return
        live.count(verdict)
        if verdict.action is Action.BLOCK:
            self._act.block(flow, request, verdict)
        elif verdict.stage is Stage.SEARCH:
            self._act.record(request, verdict, classify(lower(flow)).kind)


def prompt_of(body: bytes) -> str:
    """The last thing that was said in a request to a chatbot, as such services write it in JSON; "" if nothing was."""
    try:
        tree = orjson.loads(body)
    except ValueError:
        return ""
    said = list(_said(tree, 0, inside=False))
    return said[-1][-_MOST_WORDS:] if said else ""


def _said(value: Any, depth: int, inside: bool) -> Iterator[str]:
    """Strings under the usual names; of a conversation the last turn comes last."""
    if isinstance(value, str):
        if inside and value.strip():
            yield value
    elif depth < _MOST_NESTED and isinstance(value, dict):
        for key, each in value.items():
            nested = isinstance(each, (dict, list))
            if str(key).lower() in _SAID or nested:
                yield from _said(each, depth + 1, inside or str(key).lower() in _SAID)
    elif depth < _MOST_NESTED and isinstance(value, list):
        for each in value:
            yield from _said(each, depth + 1, inside)
