"""The other change to mitmproxy's insides: an answer or a WebSocket that was cut ends at once, on both sides.

mitmproxy lets an addon change what streams by, but not end it: an endless answer would run on behind the cut, and the
reader's program would wait for ever. With this, a cut answer ends for the client as if it were whole (or breaks off,
where half of it must not be taken for the whole) and is cancelled at the site; a WebSocket is closed with 1008, "policy
violation" (RFC 6455, 7.4.1), or with 1009 where one message has no end. Bound to the version it was written for, like
``full``: with any other mitmproxy it stays off, and what was cut is swallowed until the site itself ends it.
"""

import inspect
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import wsproto.events
from mitmproxy import version
from mitmproxy.flow import Error
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy.commands import CloseConnection
from mitmproxy.proxy.events import Event
from mitmproxy.proxy.layers.http import DropStream, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook
from mitmproxy.proxy.layers.websocket import WebsocketEndHook, WebsocketLayer
from wsproto.connection import ConnectionState

from schoolgate.proxy.attached import Attached

log = logging.getLogger("schoolgate")

_WRITTEN_FOR = "12.2"
_POLICY_VIOLATION, _TOO_BIG = 1008, 1009
_MOST_OF_A_MESSAGE = 16 << 20  # bytes; all of it is kept until it has come whole, or for ever
_MOST_FRAMES = 4096  # of one message
_TOO_LONG = "This message is too long for the school's filter"
_Commands = Generator[Any, Any]


class Endable(ABC):
    """What ``flow.response.stream`` may be: once ``over`` is set, the answer ends with what it returned last."""

    over = False

    @property
    @abstractmethod
    def sound(self) -> bool:
        """Whether it ends as if it were whole, or breaks off."""

    @abstractmethod
    def __call__(self, data: bytes, /) -> list[bytes]:
        """What goes on of ``data``."""


@dataclass(frozen=True, slots=True)
class Parting:
    """The last message that the client of a closed WebSocket gets, and the reason in the closing frame."""

    message: str
    reason: str


PARTINGS = Attached[HTTPFlow, Parting]()
"""The WebSockets that are to be closed after the message that is under way."""

_stream_on: Callable[..., Any] = HttpStream.state_stream_response_body
_relay: Callable[..., Any] = WebsocketLayer.relay_messages


def _stream_response_body(self: HttpStream, event: Event) -> _Commands:
    response = self.flow.response
    stream = response.stream if response is not None else None
    if isinstance(event, ResponseData) and not event.data and isinstance(stream, Endable):
        return  # HTTP/2 may send frames of nothing; to a stream, nothing means the end
    yield from _stream_on(self, event)
    if not isinstance(event, ResponseData) or not isinstance(stream, Endable) or not stream.over:
        return
    if stream.sound and self.client_state == self.state_done:
        yield from _stream_on(self, ResponseEndOfMessage(self.stream_id))
        self.server_state = self.state_errored  # which swallows what the site has sent meanwhile
        yield SendHttp(RequestProtocolError(self.stream_id, "cut", ErrorCode.CANCEL), self.context.server)
    else:
        self.flow.error = Error("The answer was cut.")
        yield HttpErrorHook(self.flow)
        yield SendHttp(ResponseProtocolError(self.stream_id, "cut", ErrorCode.KILL), self.context.client)
        yield SendHttp(RequestProtocolError(self.stream_id, "cut", ErrorCode.CANCEL), self.context.server)
        self.flow.live = False
        self.client_state = self.server_state = self.state_errored
        yield DropStream(self.stream_id)


def _relay_messages(self: WebsocketLayer, event: Event) -> _Commands:
    yield from _relay(self, event)
    parting = PARTINGS.pop(self.flow, None)
    websocket = self.flow.websocket
    if websocket is None or not self.flow.live or (parting is None and not _is_too_long(self)):
        return
    code, reason = (_POLICY_VIOLATION, parting.reason) if parting else (_TOO_BIG, _TOO_LONG)
    if parting is not None and self.client_ws.state is ConnectionState.OPEN:
        yield self.client_ws.send2(wsproto.events.TextMessage(parting.message))
    websocket.timestamp_end, websocket.closed_by_client = time.time(), False
    websocket.close_code, websocket.close_reason = code, reason
    for side in (self.server_ws, self.client_ws):
        if side.state in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
            yield side.send2(wsproto.events.CloseConnection(code, reason))
        yield CloseConnection(side.conn)
    yield WebsocketEndHook(self.flow)
    self.flow.live = False
    self._handle_event = self.done


def _is_too_long(self: WebsocketLayer) -> bool:
    """Whether a message in either direction that has not come whole has no end."""
    for frames in (self.client_ws.frame_buf, self.server_ws.frame_buf):
        if len(frames) > _MOST_FRAMES or sum(map(len, frames)) > _MOST_OF_A_MESSAGE:
            return True
    return False


def can_end() -> bool:
    """Whether this mitmproxy is the one that the change was written for."""
    takes_event = all(
        list(inspect.signature(method).parameters) == ["self", "event"]
        for method in (HttpStream.state_stream_response_body, WebsocketLayer.relay_messages)
    )
    return takes_event and version.VERSION.startswith(_WRITTEN_FOR)


def end_what_is_cut() -> bool:
    """Make the change in this process, once; False where mitmproxy is another one, and it stays as it is."""
    if not can_end():
        log.warning("mitmproxy %s is not the one that schoolgate knows: cut answers end late", version.VERSION)
        return False
    HttpStream.state_stream_response_body = _stream_response_body  # type: ignore[method-assign]
    WebsocketLayer.relay_messages = _relay_messages  # type: ignore[method-assign]
    return True
