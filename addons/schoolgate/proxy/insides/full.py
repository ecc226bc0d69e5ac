"""The one change to mitmproxy's insides: a held page that grows too large, or never ends, can be judged and let go.

So can a held question be refused that grows too long: the hook ``http_too_long`` gives the answer that is sent.

mitmproxy buffers a body whole or not at all. With this, a buffered answer whose ``Hold`` says that it is full raises
the hook ``http_held``; then what came so far is sent and the rest streams. Bound to the version it was written for:
with any other mitmproxy it stays off, a held page is buffered to its end, and still judged.
"""

import inspect
import logging
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from mitmproxy import version
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy.commands import StartHook
from mitmproxy.proxy.layers.http import HttpStream
from mitmproxy.proxy.layers.http._events import RequestData, RequestEndOfMessage, ResponseData

from schoolgate.proxy.attached import Attached
from schoolgate.proxy.insides.held import _Deaf as Deaf

log = logging.getLogger("schoolgate")

_WRITTEN_FOR = "12.2"


@dataclass(slots=True)
class Hold:
    """How much of an answer is held, and until when (monotonic seconds)."""

    most: int
    until: float

    def is_full(self, size: int) -> bool:
        """Whether so many bytes are enough, or it has taken too long."""
        return size >= self.most or time.monotonic() >= self.until


HOLDS = Attached[HTTPFlow, Hold]()
"""The answers that are held."""

QUESTIONS = Attached[HTTPFlow, int]()
"""The requests that are held, with the bytes that they may have."""


@dataclass
class HttpTooLongHook(StartHook):
    """A held request is too long: ``flow.response`` must be set, and is sent whatever else the client would send."""

    name = "http_too_long"
    flow: HTTPFlow


@dataclass
class HttpHeldHook(StartHook):
    """A held answer is full: ``flow.response.content`` is what came so far, and what it is set to is sent instead.

    That, and then the rest of the answer, goes through ``flow.response.stream``.
    """

    name = "http_held"
    flow: HTTPFlow


def can_let_go() -> bool:
    """Whether this mitmproxy is the one that the change was written for."""
    takes_request = list(inspect.signature(_original).parameters) == ["self", "request"]
    return takes_request and version.VERSION.startswith(_WRITTEN_FOR)


_original: Callable[..., Any] = HttpStream.check_body_size


def _check_body_size(self: HttpStream, request: bool) -> Generator[Any, Any, bool]:
    most = QUESTIONS.get(self.flow) if request else None
    if most is not None and len(self.request_body_buf) > most:
        return _refuse(self)
    hold = None if request or not self.response_body_buf else HOLDS.get(self.flow)
    if hold is None or not hold.is_full(len(self.response_body_buf)):
        return _original(self, request)  # type: ignore[no-any-return]
    return _let_go(self)


def _let_go(self: HttpStream) -> Generator[Any, Any, bool]:
    assert self.flow.response is not None
    HOLDS.pop(self.flow, None)
    self.flow.response.data.content = bytes(self.response_body_buf)
    self.response_body_buf.clear()
    yield HttpHeldHook(self.flow)
    body, self.flow.response.data.content = self.flow.response.data.content or b"", None
    yield from self.start_response_stream()
    yield from self.handle_event(ResponseData(self.stream_id, body))
    return False


def _refuse(self: HttpStream) -> Generator[Any, Any, bool]:
    """Answer now; what the client still sends is let run into nothing."""
    QUESTIONS.pop(self.flow, None)
    self.request_body_buf.clear()
    queue = Deaf()
    queue.unheard = (RequestData, RequestEndOfMessage)
    queue.extend(event for event in self._paused_event_queue if not isinstance(event, queue.unheard))
    self._paused_event_queue = queue
    yield HttpTooLongHook(self.flow)
    yield from self.state_consume_request_body(RequestEndOfMessage(self.stream_id))
    return True


def let_go_of_full_answers() -> bool:
    """Make the change in this process, once; False where mitmproxy is another one, and it stays as it is."""
    if not can_let_go():
        log.warning("mitmproxy %s is not the one that schoolgate knows: long pages are held whole", version.VERSION)
        return False
    HttpStream.check_body_size = _check_body_size  # type: ignore[method-assign]
    return True
