"""Judges what scripts fetch and what chats send while it passes, and cuts it at the sentence that is too much.

An event stream, lines of JSON, a JSON answer, text, and the messages of a WebSocket are never held back (``documents``
holds back what is opened as a page). What is packed is unpacked and passed on so, since half of something packed
cannot be followed by a notice. Whatever goes wrong in here ends the answer: it fails closed.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isinf
from weakref import WeakKeyDictionary

from mitmproxy.http import HTTPFlow, Response
from mitmproxy.websocket import WebSocketMessage

from schoolgate.content.charset import charset_of, is_utf8
from schoolgate.content.heard import Heard, Reheard
from schoolgate.content.judge import hits
from schoolgate.content.line_forms import EventStream, Lines, Messages
from schoolgate.content.media_types import essence, is_page, is_xml, type_in_force
from schoolgate.content.open_forms import Text, form_of
from schoolgate.content.passing_text import Budget, Passing
from schoolgate.content.stream_forms import Form, Notice
from schoolgate.content.unpacking import Bound, Broken, TooMuch, Unpacker
from schoolgate.policy.opened import OPENED, still_said
from schoolgate.policy.rules import TEXT, Action, Subject
from schoolgate.policy.said import decide_said, is_judged, text_limit
from schoolgate.policy.verdict import Verdict
from schoolgate.policy.visits import classify
from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.insides.ending import PARTINGS, Endable, Parting, end_what_is_cut
from schoolgate.proxy.live import Live, Passage

log = logging.getLogger("schoolgate")

Words = Callable[[str], Verdict | None]
"""What is to be held against some text: a verdict that blocks it, or None."""

_STEP = 8 << 20  # bytes that what comes at once may unpack to: 128 times what is ever read at once
_MOST_JUDGED = 8 << 20  # bytes of one document or text, unpacked; a stream of messages has no such end
_MOST_OF_A_PAGE = 64 << 20  # bytes of what is opened as a page, unpacked: nothing unjudged follows them
_AT_ONCE = 1 << 16  # bytes that are unpacked at once
_CONTEXT = 8000  # bytes that were judged, and are read again with what follows them
_PARTS = frozenset({"script", "style", "image", "font", "audio", "video", "track", "manifest", "worker"})
_PARTING = "Stopped by the school's filter"


def judging_words(live: Live) -> Callable[[Passage], Words | None]:
    """How words are judged under the settings in force; None where nothing could come of it."""

    def judging(passage: Passage) -> Words | None:
        request, identity, snapshot = passage.request, passage.verdict.identity, live.snapshot
        if not is_judged(identity, request, snapshot, Subject.PAGES):
            return None
        limit, judge = text_limit(identity, request, snapshot), live.settings.judge
        if isinf(limit):
            return None

        def words(text: str) -> Verdict | None:
            found = still_said(passage.verdict.rule, hits(judge.text(text, limit), limit, TEXT), snapshot.categories)
            verdict = decide_said(identity, request, snapshot, found) if found else None
            return verdict if verdict is not None and verdict.action is Action.BLOCK else None

        return words

    return judging


def judging_hangs_on(live: Live) -> Callable[[Passage], str]:
    """All that the judgement of the same words under a passage hangs on."""

    def told(passage: Passage) -> str:
        request, identity, snapshot = passage.request, passage.verdict.identity, live.snapshot
        periods = snapshot.calendar.moment(request.at, identity.group.id, identity.user or "").periods
        limit = text_limit(identity, request, snapshot)
        return repr((snapshot.version, identity.group.id, sorted(periods), limit, passage.verdict.rule == OPENED))

    return told


class Answers:
    """Judges answers and messages on their way."""

    def __init__(self, live: Live, act: Act, judging: Callable[[Passage], Words | None] | None = None) -> None:
        self._live, self._act = live, act
        self._judging, self._hangs_on = judging or judging_words(live), judging_hangs_on(live)
        self._budget, self._heard = Budget(), Heard()
        self._talks: WeakKeyDictionary[HTTPFlow, _Talk | None] = WeakKeyDictionary()
        if not end_what_is_cut():
            live.metrics.fault("insides")

    def requestheaders(self, flow: HTTPFlow) -> None:
        """A WebSocket is asked for unpacked: mitmproxy would unpack a message of any size before anybody sees it."""
        if flow.request.headers.get("upgrade", "").lower() == "websocket":
            flow.request.headers.pop("sec-websocket-extensions", None)

    def responseheaders(self, flow: HTTPFlow) -> None:
        """Whether this answer is judged while it passes."""
        passage, response = self._live.judged.get(flow), flow.response
        if passage is None or response is None or response.raw_content is not None or flow in self._live.held:
            return
        form = _form(flow, response)
        if form is None:
            return
        try:
            words = self._judging(passage)
            if words is not None:
                about = f"{response.headers.get('content-type', '')} {self._hangs_on(passage)}"
                response.stream = self._answer(flow, passage, response, form, words, about)
        except Exception as error:
            self._fault(error)
            response.stream = _Answer(None)

    def rest_of(self, flow: HTTPFlow, passage: Passage, response: Response, judged: int) -> bool | Endable:
        """What a page goes on through whose first bytes (so many, unpacked) were judged, and come first again."""
        try:
            words = self._judging(passage)
            if words is None:
                return True
            answer = self._answer(flow, passage, response, _page_form(response), words)
            if answer.way is not None:
                answer.way.left, answer.way.cuts = _MOST_OF_A_PAGE, True
                answer.way.known = max(judged - _CONTEXT, 0)
        except Exception as error:
            self._fault(error)
            return _Answer(None)
        return answer

    def websocket_message(self, flow: HTTPFlow) -> None:
        """A message in either direction; none is kept once it is judged."""
        if flow.websocket is None:
            return
        message = flow.websocket.messages[-1]
        flow.websocket.messages.clear()
        if message.injected or message.dropped:
            return
        try:
            if flow not in self._talks:
                self._talks[flow] = self._talk(flow)
            talk = self._talks[flow]
            if talk is None:
                return
            if talk.over:
                message.drop()
            elif (message.is_text or is_utf8(message.content)) and talk.is_harmful(message):
                message.drop()
                PARTINGS[flow] = talk.parting
        except Exception as error:
            message.drop()
            ref = self._act.note_fault("message", error)
            PARTINGS[flow] = Parting(f"[The school's filter could not check this. Reference: {ref}]", "not checked")

    def _answer(
        self,
        flow: HTTPFlow,
        passage: Passage,
        response: Response,
        form: Form,
        words: Words,
        about: str | None = None,
    ) -> "_Answer":
        """With ``about``, all that its judgement hangs on besides its bytes, what was harmless before is not read."""
        encoding = response.headers.get("content-encoding", "")
        try:
            unpacker = Unpacker(encoding, _STEP, Bound.STEP)
        except Broken as error:
            log.info("An answer of %s cannot be read: %s", passage.request.host, error)
            return _Answer(None)
        passing = Passing(form, words, lambda verdict: self._tell(flow, passage, verdict), self._budget)
        messages = isinstance(form, (EventStream, Lines))
        kept = not messages and _may_be_kept(response)
        _write_headers(flow, response, unpacked=bool(encoding))
        way = passing if about is None else self._heard.again(form, passing, about)
        return _Answer(_Way(unpacker, way, None if messages else _MOST_JUDGED, kept, form), self._fault)

    def _fault(self, error: Exception) -> None:
        self._act.note_fault("answer", error)

    def _talk(self, flow: HTTPFlow) -> "_Talk | None":
        passage = self._live.judged.get(flow)
        words = self._judging(passage) if passage is not None else None
        if passage is None or words is None:
            return None
        return _Talk(words, lambda verdict: self._tell(flow, passage, verdict), self._budget)

    def _tell(self, flow: HTTPFlow, passage: Passage, verdict: Verdict) -> Notice:
        """On record, at the moment when it was said, before the notice leaves."""
        request = replace(passage.request, at=datetime.now(UTC))
        status = flow.response.status_code if flow.response is not None else None
        self._live.count(verdict, passage.footing)
        return Notice(verdict.why, self._act.record(request, verdict, classify(lower(flow), status)).ref)


@dataclass(slots=True)
class _Way:
    """What the bytes of an answer go through; ``left`` is how many are still judged."""

    unpacker: Unpacker
    passing: Passing[Verdict] | Reheard[Verdict]
    left: int | None
    kept: bool  # by the browser: what breaks off is not
    form: Form
    known: int = 0  # of the first bytes, how many were judged before
    cuts: bool = False  # whether nothing passes after those that are judged

    def go(self, data: bytes) -> bytes:
        """What passes on of some bytes; none at all say that the end has come."""
        if not data:
            return self.passing.end()[0]
        out = list[bytes]()
        for start in range(0, len(data), _AT_ONCE):
            if not self.passing.cut:
                out.append(self._pass(self.unpacker.feed(data[start : start + _AT_ONCE])))
        return b"".join(out)

    def _pass(self, plain: bytes) -> bytes:
        before = b""
        if self.known > 0:
            first, plain = plain[: self.known], plain[self.known :]
            self.known -= len(first)
            before = b"".join(piece.raw for piece in self.form.take(first))
        if self.left is None:
            return before + self.passing.feed(plain)[0]
        if self.left <= 0:
            if self.cuts:
                raise TooMuch("a page that is too long to be judged")
            return plain
        self.left -= len(plain)
        out = before + self.passing.feed(plain)[0]
        return out if self.left > 0 else out + self.passing.end()[0]


class _Answer(Endable):
    """The bytes of one answer on their way; without a ``way`` none passes."""

    def __init__(self, way: _Way | None, fault: Callable[[Exception], None] | None = None) -> None:
        self.way, self._fault = way, fault

    @property
    def sound(self) -> bool:
        """Only what was cut in good order, and will not be kept as if it were whole."""
        return self.way is not None and self.way.passing.cut and self.way.passing.sound and not self.way.kept

    def __call__(self, data: bytes, /) -> list[bytes]:
        """What goes on. An empty chunk would end a chunked answer, so there is none."""
        if self.over or self.way is None:
            self.over = True
            return []
        try:
            out = self.way.go(data)
            self.over = self.way.passing.cut
        except (Broken, TooMuch) as error:
            log.info("An answer cannot be unpacked: %s", error)
            self.way, self.over, out = None, True, b""
        except Exception as error:
            self.way, self.over, out = None, True, b""
            if self._fault is not None:
                self._fault(error)
        return [out] if out else []


class _Talk:
    """The two directions of a WebSocket."""

    def __init__(self, words: Words, tell: Callable[[Verdict], Notice], budget: Budget) -> None:
        self._site = Messages()
        self._notice = Notice("", "")
        self._tell = tell
        self._ways = {True: Passing(Messages(), words, self._keep, budget)}
        self._ways[False] = Passing(self._site, words, self._keep, budget)
        self.over = False

    def is_harmful(self, message: WebSocketMessage) -> bool:
        """Whether this message completes what is too much."""
        self.over = self._ways[message.from_client].feed(message.content)[1] is not None
        return self.over

    @property
    def parting(self) -> Parting:
        """What the client is told, in the way in which the site speaks to it."""
        return Parting(self._site.notice(self._notice).decode(), f"{_PARTING}. Reference: {self._notice.ref}")

    def _keep(self, verdict: Verdict) -> Notice:
        self._notice = self._tell(verdict)
        return self._notice


def _form(flow: HTTPFlow, response: Response) -> Form | None:
    """How an answer is written, if it is one that is judged here."""
    if flow.request.method == "HEAD" or response.status_code < 200 or response.status_code in (204, 205, 304):
        return None
    form = form_of(type_in_force(response.headers.get("content-type", "")))
    part = flow.request.headers.get("sec-fetch-dest", "").lower() in _PARTS
    return None if part and not isinstance(form, (EventStream, Lines)) else form


def _page_form(response: Response) -> Form:
    """How a page is written; what is not known is read as HTML. ``response`` holds its first bytes."""
    kind = type_in_force(response.headers.get("content-type", ""))
    form = None if is_page(essence(kind)) else form_of(kind)
    if form is not None and not essence(kind).startswith("text/"):
        return form
    first = Unpacker(response.headers.get("content-encoding", ""), _AT_ONCE, Bound.PARTIAL)
    charset = charset_of(first.feed(response.raw_content or b""), kind)
    return Text(charset, is_page(essence(kind)), is_xml(essence(kind)))


def _may_be_kept(response: Response) -> bool:
    """Whether a browser may keep the answer for the next time."""
    control = response.headers.get("cache-control", "").lower()
    dated = any(name in response.headers for name in ("etag", "last-modified", "expires", "cache-control"))
    return dated and "no-store" not in control


def _write_headers(flow: HTTPFlow, response: Response, unpacked: bool) -> None:
    """Headers that are true of what is passed on: of no known length, and unpacked another form of the same thing."""
    headers = response.headers
    headers.pop("content-length", None)
    if unpacked:
        for name in ("content-encoding", "content-digest", "content-md5", "digest"):
            headers.pop(name, None)
        tag = headers.get("etag", "")
        if tag.startswith('"'):
            headers["etag"] = f"W/{tag}"
    if flow.request.http_version == "HTTP/1.1":
        headers["transfer-encoding"] = "chunked"
        if response.http_version == "HTTP/1.0":
            response.http_version = "HTTP/1.1"
