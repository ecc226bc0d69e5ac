"""What has come of a body while the gateway still decides whether to let it go on.

While a hook is awaited, mitmproxy parses on and queues what comes for the stream that waits. Reading that queue (as
mitmproxy's own ``check_killed`` does) shows the first bytes before a single one, or even a header, has gone on; and
writing our own answer into it ends the matter at once, however much the other side would still send. The queue is no
public interface: mitmproxy is pinned below 12.3, and tests/proxy/test_files.py says when it changes.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

from mitmproxy import ctx
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import ConnectionState
from mitmproxy.http import HTTPFlow, Response
from mitmproxy.proxy.events import Event
from mitmproxy.proxy.layer import Layer
from mitmproxy.proxy.layers.http import HttpLayer, HttpStream
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestEndOfMessage,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseProtocolError,
)
from mitmproxy.proxy.server import ConnectionHandler

from schoolgate.proxy.insides import ending

_PAUSES = (0.001, 0.002, 0.004, 0.008, 0.016)  # seconds between two looks; the last one is repeated
_CUT_AFTER = 1.0  # seconds that what else runs over the same connection to a site has to end


class Held:
    """One body of a flow in ``requestheaders`` (``upload``) or ``responseheaders``, as far as it has come."""

    def __init__(self, flow: HTTPFlow, handler: ConnectionHandler, layer: HttpLayer, stream: HttpStream) -> None:
        self._flow, self._handler, self._layer, self._stream = flow, handler, layer, stream
        self.upload = flow.response is None
        self._data: type[RequestData | ResponseData] = RequestData if self.upload else ResponseData
        self._end: type[Event] = RequestEndOfMessage if self.upload else ResponseEndOfMessage
        self._chunks: list[bytes] = []
        self._read = 0
        self.size = 0
        self.ended = False
        self.lost = False  # one of the two sides is gone

    @property
    def data(self) -> bytes:
        """All that has come so far."""
        self._look()
        if len(self._chunks) > 1:
            self._chunks = [b"".join(self._chunks)]
        return self._chunks[0] if self._chunks else b""

    async def until(self, size: int, seconds: float | None = None) -> bytes:
        """Wait until so many bytes have come, the body has ended, a side is gone or the time is over."""
        loop = asyncio.get_running_loop()
        end = None if seconds is None else loop.time() + seconds
        pauses = iter(_PAUSES)
        pause = _PAUSES[0]
        self._look()
        while self.size < size and not (self.ended or self.lost) and (end is None or loop.time() < end):
            pause = next(pauses, pause)
            await asyncio.sleep(pause)
            self._look()
        return self.data

    def answer(self, response: Response, cut: bool = True) -> None:
        """Give ``response`` now, instead of what this body belongs to; the rest of the body is let run into nothing.

        What a site still sends is cancelled. Where only its whole connection can be ended (``proxy.ending`` is not in
        force), that happens for HTTP/1, and for HTTP/2 with ``cut`` after a second for the other requests over it.
        """
        self._look()
        flow, number = self._flow, self._stream.stream_id
        kept = [event for event in self._queue if not isinstance(event, (self._data, self._end))]
        queue = self._stream._paused_event_queue = _Deaf()
        response.stream = False
        if self.upload:
            flow.request.stream = False
            flow.request.headers.pop("expect", None)  # a 100 Continue would ask for what is not wanted
            queue.extend([RequestEndOfMessage(number), *kept])
            queue.unheard = (RequestData, RequestEndOfMessage)
        elif not self.ended and HttpStream.state_stream_response_body.__module__ == ending.__name__:
            response.stream = _Instead(response.raw_content or b"")
            response.raw_content = None  # so that nobody after this takes it for a whole one, and unsets the stream
            queue.extend([ResponseData(number, b" "), *kept])
        else:
            queue.extend([ResponseData(number, response.raw_content or b""), ResponseEndOfMessage(number), *kept])
            if not self.ended and (cut or flow.server_conn.alpn != b"h2"):
                flow.server_conn.state = ConnectionState.CLOSED  # no other request takes it
                task = asyncio.get_running_loop().create_task(self._cut())
                _cutting.add(task)
                task.add_done_callback(_cutting.discard)
        if not self.upload:
            queue.unheard = (ResponseData, ResponseEndOfMessage, ResponseProtocolError)
        flow.response = response

    async def _cut(self) -> None:
        """Once our answer is out; an earlier end of the connection would be told to the client instead."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _CUT_AFTER
        while self._handler.client in self._handler.transports:
            if loop.time() >= end and self._stream not in self._layer.streams.values():
                cut_site(self._handler, self._flow)
                return
            await asyncio.sleep(0.05)

    @property
    def _queue(self) -> deque[Event]:
        return self._stream._paused_event_queue

    def _look(self) -> None:
        queue = self._queue
        for event in islice(queue, self._read, None):
            if isinstance(event, self._data):
                self._chunks.append(event.data)
                self.size += len(event.data)
            elif isinstance(event, self._end):
                self.ended = True
            elif isinstance(event, (RequestProtocolError, ResponseProtocolError)):
                self.lost = True
        self._read = len(queue)


class _Deaf(deque[Event]):
    """A queue of a stream that was answered: what the other side still says is an error where it is not expected."""

    unheard: tuple[type[Event], ...] = ()

    def append(self, event: Event) -> None:
        """Leave out what nobody waits for any more."""
        if not isinstance(event, self.unheard):
            super().append(event)


class _Instead:
    """A stream that gives one body and is over (see ``proxy.ending``)."""

    over = sound = True

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __call__(self, data: bytes) -> list[bytes]:
        body, self._body = self._body, b""
        return [body] if body else []


_cutting: set[asyncio.Task[None]] = set()  # a task that nothing refers to may vanish before it has run


def hold(flow: HTTPFlow) -> Held | None:
    """The body of a flow, from within ``requestheaders`` or ``responseheaders``; None where it cannot be seen."""
    handler = _handler(flow)
    if handler is None:
        return None
    for layer, stream in _streams(handler.layer.context.layers):
        if getattr(stream, "flow", None) is flow:
            return Held(flow, handler, layer, stream)
    return None


def cut_site(handler: ConnectionHandler | None, flow: HTTPFlow) -> None:
    """End the connection to the site: what streams over it ends in mid-air, on both sides."""
    handler = handler or _handler(flow)
    if handler is not None and flow.server_conn in handler.transports:
        handler.close_connection(flow.server_conn)


def _handler(flow: HTTPFlow) -> ConnectionHandler | None:
    master = getattr(ctx, "master", None)
    proxyserver: Proxyserver | None = master.addons.get("proxyserver") if master else None
    return proxyserver.connections.get(flow.client_conn.id) if proxyserver else None


def _streams(layers: Sequence[Layer]) -> Iterator[tuple[HttpLayer, HttpStream]]:
    """Every HTTP stream of a client's connection; what is inside a CONNECT tunnel stands behind the tunnel's stream."""
    for layer in layers:
        if isinstance(layer, HttpLayer):
            for stream in list(layer.streams.values()):
                yield layer, stream
                inside = stream.context.layers
                if stream in inside:
                    yield from _streams(inside[inside.index(stream) + 1 :])
