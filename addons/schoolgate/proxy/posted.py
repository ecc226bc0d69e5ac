"""Judges the address in a form that is sent: web proxies are asked for pages so, and their own address says nothing."""

from dataclasses import replace

from mitmproxy.http import HTTPFlow

from schoolgate.content.query_string import form_values
from schoolgate.policy.decision import decide_for
from schoolgate.policy.identity import Inspect
from schoolgate.policy.rules import Action, Stage
from schoolgate.proxy.act import Act
from schoolgate.proxy.attached import Marks
from schoolgate.proxy.insides.full import QUESTIONS
from schoolgate.proxy.live import Live, Passage

_LARGEST = 1 << 16  # bytes of a form: one that asks for a page is short
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Posted:
    """Stands before the duty that judges questions, which lets go what is held here too."""

    def __init__(self, live: Live, act: Act) -> None:
        self._live, self._act = live, act
        self._waiting = Marks[HTTPFlow]()

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Whether a form is sent by a page that opens another with it."""
        passage = self._live.judged.get(flow)
        if passage is None or flow.response is not None or flow.error or not _is_form(flow, passage):
            return
        self._waiting.add(flow)
        self._live.held.add(flow)
        QUESTIONS[flow] = _LARGEST

    def request(self, flow: HTTPFlow) -> None:
        """The form has come whole."""
        passage = self._live.judged.get(flow)
        if flow not in self._waiting or passage is None or flow.response is not None:
            return
        try:
            self._judge(flow, passage)
        except Exception as error:
            self._act.fail(flow, "form", error)

    def _judge(self, flow: HTTPFlow, passage: Passage) -> None:
        live, request, identity = self._live, passage.request, passage.verdict.identity
        fields = form_values(flow.request.headers.get("content-type", ""), flow.request.raw_content or b"")
        query = "&".join(f"{name}={value}" for name, each in fields.items() for value in each)
        asked = f"{request.asked.partition('?')[0]}?{query}"
        form = replace(request, query=query, asked=asked)
        person = passage.footing.person
        verdict = decide_for(identity, form, live.snapshot, Stage.REQUEST, live.standings.now, person)
        if verdict.action is Action.BLOCK:
            live.held.discard(flow)
            live.count(verdict, passage.footing)
            self._act.block(flow, request, verdict)


def _is_form(flow: HTTPFlow, passage: Passage) -> bool:
    if flow.request.method != "POST":
        return False
    headers, length = flow.request.headers, flow.request.headers.get("content-length", "")
    return (
        passage.request.opened
        and passage.verdict.identity.group.inspect is not Inspect.NONE
        and headers.get("content-type", "").strip().lower().startswith(_FORMS)
        and "content-encoding" not in headers
        and length.isdigit()
        and int(length) <= _LARGEST
    )
