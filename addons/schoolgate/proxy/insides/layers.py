"""How mitmproxy's layers hand on what happens, from a socket to a stream of HTTP and back, in fewer steps.

``faster`` puts these in the place of mitmproxy's own, whose names and effects they have.
"""

import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from h11._readers import ContentLengthReader
from mitmproxy import ctx
from mitmproxy.connection import Client, Connection, ConnectionState
from mitmproxy.proxy import commands
from mitmproxy.proxy.events import CommandCompleted, ConnectionClosed, DataReceived, Event
from mitmproxy.proxy.layer import CommandGenerator, Layer, Paused
from mitmproxy.proxy.layers.http import (
    DropStream,
    GetHttpConnection,
    HttpClient,
    HttpLayer,
    HttpStream,
    RegisterHttpConnection,
    SendHttp,
)
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    HttpEvent,
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestTrailers,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseTrailers,
)
from mitmproxy.proxy.layers.http._hooks import HttpConnectHook, HttpRequestHeadersHook, HttpRequestHook
from mitmproxy.proxy.layers.http._http1 import Http1Connection, Http1Server
from mitmproxy.proxy.layers.tcp import TCPLayer
from mitmproxy.proxy.layers.tls import ClientTLSLayer, ServerTLSLayer, TLSLayer
from mitmproxy.proxy.tunnel import TunnelLayer, TunnelState
from OpenSSL import SSL

from schoolgate.proxy.insides.hooks import DONE, begin
from schoolgate.proxy.insides.messages import goes_on
from schoolgate.proxy.insides.released import release_stream
from schoolgate.proxy.insides.served import AT_ONCE, RELAYED, UNDER_WAY, WITHIN

_RELAY: Callable[[TCPLayer, Event], CommandGenerator[None]] = TCPLayer.relay_messages
_STREAM_EVENT: Callable[[HttpStream, Event], CommandGenerator[None]] = HttpStream._handle_event
_PASSTHROUGH: Callable[[HttpStream, Event], CommandGenerator[None]] = HttpStream.passthrough
_FROM_CLIENT = frozenset({RequestHeaders, RequestData, RequestTrailers, RequestEndOfMessage})
_KNOWN_EVENTS = _FROM_CLIENT | {ResponseHeaders, ResponseData, ResponseTrailers, ResponseEndOfMessage}
_CHECK_KILLED: Callable[[HttpStream, bool], CommandGenerator[bool]] = HttpStream.check_killed
_READ_BODY: Callable[[Http1Connection, Event], CommandGenerator[None]] = Http1Connection.read_body
_COUNTED = ContentLengthReader if "_remaining" in vars(ContentLengthReader(0)) else None
_MARK_DONE: Callable[..., Iterable[commands.Command]] = Http1Connection.mark_done
_FROM_WITHIN = CommandCompleted, HttpEvent  # which no tunnel has anything to say of
_TUNNEL_EVENT: Callable[[TunnelLayer, Event], CommandGenerator[None]] = TunnelLayer._handle_event
_SERVER_TLS_TO_CHILD: Callable[[ServerTLSLayer, Event], CommandGenerator[None]] = ServerTLSLayer.event_to_child
_LIB: Any = SSL._lib  # type: ignore[attr-defined]
_FFI: Any = SSL._ffi  # type: ignore[attr-defined]
_BUFFER = _FFI.new("char[]", AT_ONCE)  # what lies there is copied before anybody else has a turn
_RECEIVE: Callable[[TLSLayer, bytes], CommandGenerator[None]] = TLSLayer.receive_data
_SEND: Callable[[TLSLayer, bytes], CommandGenerator[None]] = TLSLayer.send_data
_A_RECORD = 16384  # bytes (RFC 8446, 5.1)
_OUTERMOST = 2  # layers: how the device came here, and what it speaks
_State = Callable[[Any], CommandGenerator[None]]


def handle_event(self: Layer, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's, but what a layer asks of addons that need not wait does not go up through all layers."""
    paused, queue, reply = self._paused, self._paused_event_queue, None
    if paused is None:
        going = self._handle_event(event)
    elif isinstance(event, CommandCompleted) and event.command is paused.command:
        going, reply, self._paused = paused.generator, event.reply, None
    else:
        queue.append(event)
        return
    while True:
        try:
            command = going.send(reply)
            while True:
                if command.blocking is not True:
                    yield command
                elif not (isinstance(command, commands.StartHook) and _done_here(command)):
                    command.blocking = self
                    self._paused = Paused(command, going)
                    yield command
                    return
                command = next(going)
        except StopIteration:
            pass
        queue = self._paused_event_queue  # which what was done here may have filled, too (``held``)
        if self._paused or not queue:
            return
        going, reply = self._handle_event(queue.popleft()), None


def _done_here(hook: commands.StartHook) -> bool:
    """Whether a hook is done and the layer may go on; what has begun and waits is left at the command.

    The hooks that lead to a connection to a site wait until the layers have done with what came before: an answer,
    say, in the midst of which the next request is found.
    """
    kind = type(hook)
    if kind is HttpRequestHook or kind is HttpConnectHook:
        return False
    under_way = begin(ctx.master.addons, hook)
    if under_way is DONE and not (isinstance(hook, HttpRequestHeadersHook) and hook.flow.request.stream):
        return True
    hook.__dict__[UNDER_WAY] = under_way
    return False


def relay_messages(self: TCPLayer, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's; from the second piece on, what nobody reads and nothing wraps need not come here any more."""
    client, server = self.context.client, self.context.server
    within_tls = any(isinstance(each, TLSLayer) and each.tls is not None for each in self.context.layers)
    wrapped = within_tls or client.tls_established or server.tls_established or server.via
    if self.flow is None and isinstance(event, DataReceived) and not wrapped:
        client.__dict__[RELAYED], server.__dict__[RELAYED] = server, client
    yield from _RELAY(self, event)


def event_to_child(self: HttpLayer, child: Any, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's, but what goes on between streams and connections does not nest."""
    under_way, dropped = [(child, child.handle_event(event))], None
    while under_way:
        child, going = under_way[-1]
        for command in going:
            kind = type(command)
            if kind is commands.SendData:
                yield command
                continue
            if command.blocking or kind is commands.RequestWakeup:
                self.command_sources[command] = child
            if kind is ReceiveHttp:
                told = command.event
                if type(told) is RequestHeaders:
                    yield from self.make_stream(told.stream_id)
                stream = self.streams.get(told.stream_id)
                if stream is not None:
                    under_way.append((stream, stream.handle_event(told)))
                    break
            elif kind is SendHttp:
                connection = self.connections[command.connection]
                under_way.append((connection, connection.handle_event(command.event)))
                break
            elif kind is DropStream:
                dropped = self.streams.pop(command.stream_id, dropped)
            elif kind is GetHttpConnection:
                yield from self.get_connection(command)
            elif kind is RegisterHttpConnection:
                _leave_out_opener(self, command.connection)
                yield from self.register_connection(command)
            else:
                if kind is commands.OpenConnection:
                    if command.connection is self.context.server and _is_bare(self.context.client):
                        raise RuntimeError("a connection to a site would be opened without the layer that secures it")
                    self.connections[command.connection] = child
                yield command
        else:
            under_way.pop()
            if dropped is not None and child is dropped:
                release_stream(dropped)


def _leave_out_opener(self: HttpLayer, connection: Connection) -> None:
    """The layer that opens a connection to a site only hands on from then on."""
    found: Any = self.connections.get(connection)
    opener = found.child_layer if type(found) is ServerTLSLayer else found
    child = opener.__dict__.get("child_layer") if type(opener) is HttpClient else None
    if child is None or opener._paused is not None or opener._paused_event_queue:
        return
    if opener is found:
        self.connections[connection] = child
    else:
        found.child_layer = child


def http_event(self: HttpLayer, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's, but what comes most often is asked for first; the layers around it are asked once."""
    client = self.context.client
    if WITHIN not in client.__dict__:
        _come_closer(self, client, self.context.layers)
    if self._paused is None:
        if type(event) is DataReceived and event.connection in self.connections:
            return event_to_child(self, self.connections[event.connection], event)
        if isinstance(event, CommandCompleted):
            return event_to_child(self, self.command_sources.pop(event.command), event)
    return handle_event(self, event)


def _come_closer(self: HttpLayer, client: Client, layers: list[Layer]) -> None:
    """Leave out the layers around that have nothing to say of what is spoken here."""
    if not client.tls and len(layers) == _OUTERMOST:
        client.__dict__[WITHIN] = self
    elif len(layers) == _OUTERMOST + 1 and layers[2] is self:
        around: Any = layers[0]
        tls = layers[1]
        is_inside = type(around) is ServerTLSLayer and around.child_layer is tls and isinstance(tls, ClientTLSLayer)
        if is_inside and around.tunnel_state is TunnelState.INACTIVE and around._paused is None:
            client.__dict__[WITHIN] = tls


def _is_bare(client: Client) -> bool:
    """Whether a layer was left out that only what is no HTTP would need: an addon's 101, say, that no site gave."""
    return isinstance(client.__dict__.get(WITHIN), TLSLayer)


def stream_event(self: HttpStream, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's, but what comes most often is asked for first."""
    kind = type(event)
    state: _State = self.client_state if kind in _FROM_CLIENT else self.server_state
    return state(event) if kind in _KNOWN_EVENTS else _STREAM_EVENT(self, event)


def make_stream(self: HttpLayer, stream_id: int) -> Iterable[commands.Command]:
    """As mitmproxy's, but a stream is not told that it begins: it waits for the headers of a request."""
    stream = self.streams[stream_id] = HttpStream(self.context.fork(), stream_id)
    stream.client_state = stream.state_wait_for_request_headers
    return ()


def check_killed(self: HttpStream, emit_error_hook: bool) -> Iterable[commands.Command]:
    """As mitmproxy's, but nothing is asked where nothing has happened."""
    if self.flow.error is None and not self._paused_event_queue:
        return ()
    return _CHECK_KILLED(self, emit_error_hook)


def http1_event(self: Http1Connection, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's, but without generators of its own: this layer asks for nothing that it would have to wait for."""
    if isinstance(event, HttpEvent):
        return self.send(event)
    state: _State = self.state
    if isinstance(event, DataReceived) and state != self.passthrough:
        self.buf += event.data
    return state(event)


def read_body(self: Http1Connection, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's, but a body whose length was said is counted without h11's events."""
    is_counted = isinstance(event, DataReceived) and type(self.body_reader) is _COUNTED
    return _read_counted(self) if is_counted else _READ_BODY(self, event)


def _read_counted(self: Http1Connection) -> CommandGenerator[None]:
    reader: Any = self.body_reader
    stream: Any = self.stream_id
    if reader._remaining:
        data = self.buf.maybe_extract_at_most(reader._remaining)
        if data is None:
            return
        reader._remaining -= len(data)
        yield ReceiveHttp(self.ReceiveData(stream, bytes(data)))
        if reader._remaining:
            return
    assert self.request is not None
    if self.request.data.method.upper() != b"CONNECT":
        yield ReceiveHttp(self.ReceiveEndOfMessage(stream))
    is_request = isinstance(self, Http1Server)
    yield from self.mark_done(request=is_request, response=not is_request)


def mark_done(self: Http1Connection, *, request: bool = False, response: bool = False) -> Iterable[commands.Command]:
    """As mitmproxy's, but the plain case is told first: both are over, and the connection goes on."""
    if not (request or self.request_done) or not (response or self.response_done):
        self.request_done, self.response_done = request or self.request_done, response or self.response_done
        return ()
    asked, answered = self.request, self.response
    if asked is None or answered is None or not goes_on(asked, answered):
        return _MARK_DONE(self, request=request, response=response)
    self.request_done = self.response_done = False
    self.request = self.response = None
    self.stream_id = self.stream_id + 2 if isinstance(self, Http1Server) else None
    self.state = self.read_headers
    return self.state(DataReceived(self.conn, b"")) if self.buf else ()


def passthrough(self: HttpStream, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's; from the second piece on, what is within a tunnel is handed to the layer within at once.

    A tunnel within TLS, or within HTTP/2, is something else than the bytes of its connection, and stays as it is.
    """
    client, request = self.context.client, self.flow.request
    if type(event) is RequestData and request.method == "CONNECT" and not (client.tls or request.is_http2):
        around = self.context.layers[self.context.layers.index(self) - 1]
        if _is_alone(self, around):
            client.__dict__[WITHIN] = _Within(self.child_layer)
    return _PASSTHROUGH(self, event)


def _is_alone(stream: HttpStream, around: Any) -> bool:
    """Whether a tunnel is all that its device's connection is about: no site of a request before may speak yet."""
    if not isinstance(around, HttpLayer) or any(each is not stream for each in around.command_sources.values()):
        return False
    others = (each for connection, each in around.connections.items() if connection is not stream.context.client)
    return all(each is stream for each in others)


@dataclass(slots=True)
class _Within:
    """A layer within a tunnel; as in mitmproxy, such a connection is not closed by halves."""

    layer: Any

    def handle_event(self, event: Event) -> CommandGenerator[None]:
        """What the layer within has to say."""
        for command in self.layer.handle_event(event):
            if type(command) is commands.CloseTcpConnection:
                yield commands.CloseConnection(command.connection)
            else:
                yield command


def tunnel_event(self: TunnelLayer, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's, but what comes most often is asked for first."""
    if type(event) is DataReceived:
        if event.connection != self.tunnel_connection:
            return self.event_to_child(event)
        return self.receive_data(event.data) if self.tunnel_state is TunnelState.OPEN else _TUNNEL_EVENT(self, event)
    return self.event_to_child(event) if isinstance(event, _FROM_WITHIN) else _TUNNEL_EVENT(self, event)


def tls_event(self: TLSLayer, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's, but open TLS that waits for nothing has nothing to ask for itself."""
    is_open = self.tunnel_state is TunnelState.OPEN and self._paused is None
    if is_open and (type(event) is DataReceived or isinstance(event, _FROM_WITHIN)):
        return tunnel_event(self, event)
    return handle_event(self, event)


def tunnel_to_child(self: TunnelLayer, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's, but what is sent is sent together, and what is not for the tunnel goes straight on.

    Not so frames of HTTP/2: a program that reads the end of a broken stream with its data may forget the data.
    """
    if self.tunnel_state is TunnelState.ESTABLISHING and not self.command_to_reply_to:
        self._event_queue.append(event)
        return
    sending = list[bytes]()
    for command in self.child_layer.handle_event(event):
        is_ours = isinstance(command, commands.ConnectionCommand) and command.connection == self.conn
        if is_ours and type(command) is commands.SendData and self.conn.alpn != b"h2":
            sending.append(command.data)
            continue
        if sending:
            yield from self.send_data(b"".join(sending))
            sending.clear()
        if is_ours:
            yield from self._handle_command(command)
        else:
            yield command
    if sending:
        yield from self.send_data(b"".join(sending))


def server_tls_to_child(self: ServerTLSLayer, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's, but without a generator where nothing is waited for."""
    return _SERVER_TLS_TO_CHILD(self, event) if self.wait_for_clienthello else tunnel_to_child(self, event)


def tls_interact(self: TLSLayer) -> CommandGenerator[None]:
    """As mitmproxy's, but nothing is raised where there is nothing to send."""
    while (size := _LIB.BIO_read(self.tls._from_ssl, _BUFFER, AT_ONCE)) > 0:
        yield commands.SendData(self.conn, _FFI.buffer(_BUFFER, size)[:])


def receive_data(self: TLSLayer, data: bytes) -> CommandGenerator[None]:
    """As mitmproxy's, but nothing is raised where nothing more is to be read; one that is gone is left to it."""
    if type(self.tls) is not SSL.Connection:
        yield from _RECEIVE(self, data)
        return
    if data and (size := _LIB.BIO_write(self.tls._into_ssl, data, len(data))) <= 0:
        self.tls._handle_bio_errors(self.tls._into_ssl, size)
    read, ssl = list[bytes](), self.tls._ssl
    while (size := _LIB.SSL_read(ssl, _BUFFER, AT_ONCE)) > 0:
        read.append(_FFI.buffer(_BUFFER, size)[:])
    ends = _LIB.SSL_get_error(ssl, size) != _LIB.SSL_ERROR_WANT_READ
    if ends:
        try:
            self.tls._raise_ssl_error(ssl, size)
        except SSL.ZeroReturnError:
            pass
        except SSL.Error as error:
            ends = False
            yield commands.Log(f"TLS Error: {error}", logging.WARNING)
    yield from self.tls_interact()
    if read:
        yield from self.event_to_child(DataReceived(self.conn, b"".join(read)))
    if ends:
        self.conn.state &= ~ConnectionState.CAN_READ
        yield from self.event_to_child(ConnectionClosed(self.conn))


def send_data(self: TLSLayer, data: bytes) -> CommandGenerator[None]:
    """As mitmproxy's, but what fits into one record is written in one step."""
    if type(self.tls) is not SSL.Connection or not 0 < len(data) <= _A_RECORD:
        return _SEND(self, data)
    size = _LIB.SSL_write(self.tls._ssl, data, len(data))
    if 0 < size < len(data):  # the device wants small records (RFC 6066, 4)
        return _SEND(self, data[size:])
    if size <= 0:
        with contextlib.suppress(SSL.ZeroReturnError, SSL.SysCallError):
            self.tls._raise_ssl_error(self.tls._ssl, size)
    return self.tls_interact()
