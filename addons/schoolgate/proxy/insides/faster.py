"""What makes mitmproxy faster while it runs, and all that is changed in it for that: each change is a few lines.

Each is bound to the version that it was written for, and to the parameters of what it stands in for. Where either is
another, that change stays off, ``switch_on`` names it, and mitmproxy works as it came: slower, to the same effect. Only
of what crashes in mitmproxy a client hears at once, where ``server_event`` is ours: else it waits until it gives up.
``tests/bench/bench_faster.py`` measures what each is worth.
"""

import asyncio
import contextlib
import inspect
import ipaddress
import logging
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.x509 import GeneralName, load_der_x509_certificate
from mitmproxy import connection, ctx, flow, version
from mitmproxy.addonmanager import AddonManager
from mitmproxy.addons import tlsconfig
from mitmproxy.certs import Cert
from mitmproxy.connection import Client, Connection, ConnectionState
from mitmproxy.http import Headers, MessageData
from mitmproxy.net import check
from mitmproxy.net.http import http1, url
from mitmproxy.net.http.http1 import read
from mitmproxy.optmanager import OptManager, _Option, unset
from mitmproxy.proxy import commands
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.events import CommandCompleted, ConnectionClosed, DataReceived, Event, HookCompleted, Start
from mitmproxy.proxy.layer import CommandGenerator, Layer, Paused
from mitmproxy.proxy.layers import http
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
from mitmproxy.proxy.layers.http._http1 import Http1Connection
from mitmproxy.proxy.layers.tcp import TCPLayer
from mitmproxy.proxy.layers.tls import ClientTLSLayer, ServerTLSLayer, TLSLayer
from mitmproxy.proxy.mode_servers import AsyncioServerInstance, ProxyConnectionHandler
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO
from mitmproxy.proxy.server_hooks import ClientConnectedHook, ClientDisconnectedHook
from mitmproxy.proxy.tunnel import TunnelLayer, TunnelState
from mitmproxy.tls import ClientHello
from mitmproxy.utils import asyncio_utils
from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_ASN1, dump_certificate

from schoolgate.proxy.insides.directly import hand_over
from schoolgate.proxy.insides.doorstep import listen
from schoolgate.proxy.insides.hello import read_hello
from schoolgate.proxy.insides.hooks import DONE, UnderWay, begin, finish, handle_hook, trigger_event
from schoolgate.proxy.insides.messages import (
    LONGEST,
    as_bytes,
    body_size,
    connection_close,
    contains,
    get,
    get_all,
    get_item,
    is_valid_host,
    parse_authority,
    read_headers,
    read_request_line,
    validate_headers,
)
from schoolgate.proxy.insides.released import OVER, release_connection, release_stream

addon_log = logging.getLogger("mitmproxy.addonmanager")

WRITTEN_FOR = "12.2.3"
"""The version of mitmproxy that all of this was read in."""
_DRAIN: Callable[[ConnectionHandler], Awaitable[None]] = ConnectionHandler.drain_writers
_RELAY: Callable[[TCPLayer, Event], CommandGenerator[None]] = TCPLayer.relay_messages
_RELAYED = "relayed to"  # where a connection keeps the one that all of its bytes go to
_WITHIN = "within"  # where a client keeps the layer that all events go to, if it is not the outermost
_HOOKS = "hooks under way"  # where a connection keeps how many wait
_HAPPENING = "happening"  # where a connection keeps the events whose turn comes, while one has its turn
_UNDER_WAY = "under way"  # where a hook keeps what is left to do of it
_STREAM_EVENT: Callable[[HttpStream, Event], CommandGenerator[None]] = HttpStream._handle_event
_PASSTHROUGH: Callable[[HttpStream, Event], CommandGenerator[None]] = HttpStream.passthrough
_FROM_CLIENT = frozenset({RequestHeaders, RequestData, RequestTrailers, RequestEndOfMessage})
_KNOWN_EVENTS = _FROM_CLIENT | {ResponseHeaders, ResponseData, ResponseTrailers, ResponseEndOfMessage}
_TUNNEL_EVENT: Callable[[TunnelLayer, Event], CommandGenerator[None]] = TunnelLayer._handle_event
_SERVER_TLS_TO_CHILD: Callable[[ServerTLSLayer, Event], CommandGenerator[None]] = ServerTLSLayer.event_to_child
_CLIENT_HELLO: Callable[[ClientHello, bytes, bool], None] = ClientHello.__init__
_LIB: Any = SSL._lib  # type: ignore[attr-defined]
_FFI: Any = SSL._ffi  # type: ignore[attr-defined]
_AT_ONCE = 65535  # bytes of one connection that are handled before another has its turn
_BUFFER = _FFI.new("char[]", _AT_ONCE)  # what lies there is copied before anybody else has a turn
_RECEIVE: Callable[[TLSLayer, bytes], CommandGenerator[None]] = TLSLayer.receive_data
_CURRENT: Callable[[_Option], Any] = _Option.current
_OPTION: Callable[[OptManager, str], Any] = OptManager.__getattr__
_GENERAL_NAME: Callable[[str], GeneralName] = tlsconfig._ip_or_dns_name
_NEW: Any = object.__new__
_EVENTS, _READING = "ProxyConnectionHandler.server_event", "ConnectionHandler.handle_connection"
_LONGEST_KEPT = 8192  # bytes of a certificate
_OUTERMOST = 2  # layers: how the device came here, and what it speaks
_UNCHANGING = frozenset({bool, int, str, type(None)})

_State = Callable[[Any], CommandGenerator[None]]


async def server_event(self: ProxyConnectionHandler, event: Event) -> None:
    """As mitmproxy's, but hooks whose handlers need not wait are done at once, and what is sent is sent together."""
    _happens(self, event)


def _happens(self: ProxyConnectionHandler, event: Event) -> None:
    """Nothing in here waits; what happens from within (a task may run at once to where it waits) has its turn after."""
    held = self.__dict__
    events: deque[Event] | None = held.get(_HAPPENING)
    if events is not None:
        events.append(event)
        return
    self.timeout_watchdog.register_activity()
    events = held[_HAPPENING] = deque((event,))
    sending = dict[Connection, list[bytes]]()
    try:
        while events:
            try:
                for command in self.client.__dict__.get(_WITHIN, self.layer).handle_event(events.popleft()):
                    if type(command) is commands.SendData:
                        sending.setdefault(command.connection, []).append(command.data)
                    elif isinstance(command, commands.StartHook):
                        under_way = command.__dict__.get(_UNDER_WAY) or begin(self.master.addons, command)
                        if under_way is not DONE:
                            _end_later(self, command, under_way)
                        elif command.blocking:
                            events.append(HookCompleted(command))
                    else:
                        _send(self, sending)
                        _carry_out(self, command)
            except Exception:
                self.log("mitmproxy has crashed!", logging.ERROR, exc_info=True)
                _give_up(self)
    finally:
        held[_HAPPENING] = None
    _send(self, sending)


def _give_up(self: ProxyConnectionHandler) -> None:
    """End what crashed, on both sides: nobody waits for an answer that never comes."""
    for io in list(self.transports.values()):
        if io.handler is not None:
            io.handler.cancel("crashed")


def _send(self: ProxyConnectionHandler, sending: dict[Connection, list[bytes]]) -> None:
    """Write what has gathered for each connection that is still open."""
    for each, parts in sending.items():
        io = self.transports.get(each)
        if io is not None and io.writer is not None and not io.writer.is_closing():
            _write(io, parts[0] if len(parts) == 1 else b"".join(parts))
    sending.clear()


def _write(io: ConnectionIO, data: bytes) -> None:
    """Write, or end the connection that cannot be written to: no other hears of its trouble."""
    try:
        io.writer.write(data)  # type: ignore[union-attr]
    except Exception as error:  # uvloop's RuntimeError, where an end was closed under our hands
        if io.handler is not None:
            io.handler.cancel(f"Error sending data: {error}")


def _carry_out(self: ProxyConnectionHandler, command: commands.Command) -> None:
    """The commands that are neither data nor hooks, as mitmproxy carries them out."""
    client = self.client.peername
    if isinstance(command, commands.OpenConnection):
        assert command.connection not in self.transports
        name = f"server connection handler {command.connection.address}"
        opening = self.open_connection(command)
        handler = asyncio_utils.create_task(opening, name=name, keep_ref=False, client=client)
        self.transports[command.connection] = ConnectionIO(handler=handler)
    elif isinstance(command, commands.RequestWakeup):
        name = f"wakeup timer ({command.delay:.1f}s)"
        task = asyncio_utils.create_task(self.wakeup(command), name=name, keep_ref=False, client=client)
        self.wakeup_timer.add(task)
    elif isinstance(command, commands.ConnectionCommand) and command.connection not in self.transports:
        pass
    elif isinstance(command, commands.CloseTcpConnection):
        self.close_connection(command.connection, command.half_close)
    elif isinstance(command, commands.CloseConnection):
        self.close_connection(command.connection, False)
    elif isinstance(command, commands.Log):
        self.log(command.message, command.level)
    else:
        raise RuntimeError(f"Unexpected command: {command}")


def _end_later(self: ProxyConnectionHandler, hook: commands.StartHook, under_way: UnderWay) -> None:
    name = f"handle_hook({hook.name})"
    self.__dict__[_HOOKS] = self.__dict__.get(_HOOKS, 0) + 1
    rest = _rest(self, hook, *under_way)
    asyncio_utils.create_task(rest, name=name, keep_ref=True, client=self.client.peername)


async def _rest(
    self: ProxyConnectionHandler,
    hook: commands.StartHook,
    under_way: Awaitable[None] | None,
    waiting: Iterator[Callable[[Any], Awaitable[None] | None]],
) -> None:
    try:
        await finish(self, hook, under_way, waiting)
        if hook.blocking:
            await self.server_event(HookCompleted(hook))
    finally:
        self.__dict__[_HOOKS] -= 1


async def handle_client(self: ProxyConnectionHandler) -> None:
    """As mitmproxy's, but the task that serves a device reads from it, too; what is left at the end is taken apart."""
    client, serving = self.client, asyncio.current_task()
    assert serving
    self.log("client connect")
    await self.handle_hook(ClientConnectedHook(client))
    if client.error:
        self.log("client kill connection")
        self.transports.pop(client).writer.close()  # type: ignore[union-attr]
    else:
        watch = _Watch(self)
        await self.server_event(Start())
        self.transports[client].handler = serving
        try:
            await self.handle_connection(client)
        except asyncio.CancelledError as stopped:
            if not stopped.args:  # the process ends: who ends a connection says why
                raise
        except Exception as error:
            self.log(f"connection handler has crashed: {error}", logging.ERROR, exc_info=True)
            if (io := self.transports.pop(client, None)) is not None and io.writer is not None:
                io.writer.close()
        finally:
            watch.end()
        while serving.uncancel():  # what ended the connection does not end what follows
            pass
    while self.wakeup_timer:
        self.wakeup_timer.pop().cancel()
    self.log("client disconnect")
    client.timestamp_end = time.time()
    await self.handle_hook(ClientDisconnectedHook(client))
    if self.transports:
        handlers = [io.handler for io in self.transports.values() if io.handler]
        for handler in handlers:
            handler.cancel("client disconnected")
        if handlers:
            await asyncio.wait(handlers)
    if not self.__dict__.get(_HOOKS) and not self.transports:
        release_connection(self)
        client.__dict__[_WITHIN] = OVER


class _Watch:
    """Ends a connection on which nothing happens; mitmproxy has a task for it."""

    __slots__ = ("_handler", "_timer")

    def __init__(self, handler: ProxyConnectionHandler) -> None:
        self._handler = handler
        self._wait(handler.timeout_watchdog.timeout)

    def end(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _wait(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        handler, watchdog = self._handler, self._handler.timeout_watchdog
        left = watchdog.last_activity + watchdog.timeout - time.time()
        if watchdog.blocker or left > 0:
            self._wait(left if left > 0 else watchdog.timeout)
        else:
            create_task(handler.on_timeout(), name="timeout", keep_ref=True)


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
    hook.__dict__[_UNDER_WAY] = under_way
    return False


async def drain_writers(self: ConnectionHandler) -> None:
    """As mitmproxy's, but asks nobody to wait where nothing is held up."""
    for io in self.transports.values():
        if io.writer is not None and not _takes_more(io.writer):
            await _DRAIN(self)
            return


async def handle_connection(self: ProxyConnectionHandler, connection: Connection) -> None:
    """As mitmproxy's, but what comes is handled as it comes, and what passes unread goes from socket to socket."""
    cancelled, io = None, self.transports[connection]
    assert io.reader
    reading = _Reading(self, connection, io.writer, asyncio.current_task())
    io.handler = io.handler or asyncio.current_task()  # what lies there already may lead to its end
    try:
        ended = hand_over(io.reader, io.writer, reading.take)
        if ended is not None:
            await ended
            await reading.done()
        else:
            while data := await io.reader.read(65535):
                await self.server_event(DataReceived(connection, data))
                await self.drain_writers()
    except OSError:
        pass
    except asyncio.CancelledError as error:
        cancelled = error
    reading.over = True
    if cancelled is None and connection.transport_protocol == "tcp":
        connection.state &= ~ConnectionState.CAN_READ
    else:
        connection.state = ConnectionState.CLOSED
    await self.server_event(ConnectionClosed(connection))
    if connection.state is ConnectionState.CAN_WRITE:  # the other end may still be sent something
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            cancelled = error
    with contextlib.suppress(OSError):
        assert io.writer
        io.writer.close()
    self.transports.pop(connection)
    reading.task = io.handler = None
    if cancelled:
        try:
            raise cancelled
        finally:
            del cancelled


@dataclass(slots=True)
class _Reading:
    """What is done with what comes in over one connection, until it is ``over``."""

    handler: ProxyConnectionHandler
    connection: Connection
    writer: Any
    task: asyncio.Task[Any] | None
    over: bool = False
    waiting: asyncio.Task[None] | None = None
    pieces: deque[bytes] = field(default_factory=deque[bytes])  # that came while something waits

    def take(self, data: bytes) -> None:
        """Handle a piece; no other is read before all that is to be written has somewhere to go."""
        handler = self.handler
        if self.over or (self.task is not None and self.task.cancelling()):
            return
        if self.waiting is not None:
            self.pieces.append(data)
            return
        relayed = handler.transports.get(self.connection.__dict__.get(_RELAYED))  # type: ignore[arg-type]
        if relayed is not None and relayed.writer is not None and not relayed.writer.is_closing():
            handler.timeout_watchdog.register_activity()
            _write(relayed, data)
        elif len(data) > _AT_ONCE:  # others come in between
            _happens(handler, DataReceived(self.connection, data[:_AT_ONCE]))
            self.pieces += [data[start : start + _AT_ONCE] for start in range(_AT_ONCE, len(data), _AT_ONCE)]
            self._pause()
            return
        else:
            _happens(handler, DataReceived(self.connection, data))
        for io in handler.transports.values():
            if io.writer is not None and not _takes_more(io.writer):
                self._pause()
                return

    def _pause(self) -> None:
        transport = self.writer.transport
        if not transport.is_closing():
            transport.pause_reading()
        self.waiting = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        try:
            await asyncio.sleep(0)
            await self.handler.drain_writers()
            while self.pieces and not self.over:
                _happens(self.handler, DataReceived(self.connection, self.pieces.popleft()))
                await asyncio.sleep(0)
                await self.handler.drain_writers()
            self.waiting = None
            if not self.over and not self.writer.transport.is_closing():
                self.writer.transport.resume_reading()
        except Exception as error:  # nothing more is read of it, so it ends
            if self.task is not None:
                self.task.cancel(f"Error receiving data: {error}")

    async def done(self) -> None:
        """Wait until what came last has somewhere to go."""
        if self.waiting is not None:
            await self.waiting


def relay_messages(self: TCPLayer, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's; from the second piece on, what nobody reads and nothing wraps need not come here any more."""
    client, server = self.context.client, self.context.server
    within_tls = any(isinstance(each, TLSLayer) and each.tls is not None for each in self.context.layers)
    wrapped = within_tls or client.tls_established or server.tls_established or server.via
    if self.flow is None and isinstance(event, DataReceived) and not wrapped:
        client.__dict__[_RELAYED], server.__dict__[_RELAYED] = server, client
    yield from _RELAY(self, event)


def _takes_more(writer: Any) -> bool:
    if not isinstance(writer, asyncio.StreamWriter):
        return False
    transport, protocol = writer.transport, writer._protocol  # type: ignore[attr-defined]
    lost = protocol._connection_lost or protocol._stream_reader is None or protocol._stream_reader._exception
    return not (transport.is_closing() or protocol._paused or lost)


def post_init(self: MessageData) -> None:
    """Nothing: mitmproxy has checked the types of what it made itself."""


def event_to_child(self: HttpLayer, child: Any, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's, but what goes on between streams and connections does not nest."""
    under_way, dropped = [(child, child.handle_event(event))], None
    while under_way:
        child, going = under_way[-1]
        for command in going:
            kind = type(command)
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
    if _WITHIN not in client.__dict__:
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
        client.__dict__[_WITHIN] = self
    elif len(layers) == _OUTERMOST + 1 and layers[2] is self:
        around: Any = layers[0]
        tls = layers[1]
        is_inside = type(around) is ServerTLSLayer and around.child_layer is tls and isinstance(tls, ClientTLSLayer)
        if is_inside and around.tunnel_state is TunnelState.INACTIVE and around._paused is None:
            client.__dict__[_WITHIN] = tls


def _is_bare(client: Client) -> bool:
    """Whether a layer was left out that only what is no HTTP would need: an addon's 101, say, that no site gave."""
    return isinstance(client.__dict__.get(_WITHIN), TLSLayer)


def stream_event(self: HttpStream, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's, but what comes most often is asked for first."""
    kind = type(event)
    state: _State = self.client_state if kind in _FROM_CLIENT else self.server_state
    return state(event) if kind in _KNOWN_EVENTS else _STREAM_EVENT(self, event)


def http1_event(self: Http1Connection, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's, but without a generator of its own."""
    if isinstance(event, HttpEvent):
        return self.send(event)
    state: _State = self.state
    if isinstance(event, DataReceived) and state != self.passthrough:
        self.buf += event.data
    return state(event)


def passthrough(self: HttpStream, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's; from the second piece on, what is within a tunnel is handed to the layer within at once.

    A tunnel within TLS, or within HTTP/2, is something else than the bytes of its connection, and stays as it is.
    """
    client, request = self.context.client, self.flow.request
    if type(event) is RequestData and request.method == "CONNECT" and not (client.tls or request.is_http2):
        around = self.context.layers[self.context.layers.index(self) - 1]
        if _is_alone(self, around):
            client.__dict__[_WITHIN] = _Within(self.child_layer)
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
    return self.event_to_child(event) if isinstance(event, CommandCompleted) else _TUNNEL_EVENT(self, event)


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
    while (size := _LIB.BIO_read(self.tls._from_ssl, _BUFFER, _AT_ONCE)) > 0:
        yield commands.SendData(self.conn, _FFI.buffer(_BUFFER, size)[:])


def receive_data(self: TLSLayer, data: bytes) -> CommandGenerator[None]:
    """As mitmproxy's, but nothing is raised where nothing more is to be read; one that is gone is left to it."""
    if type(self.tls) is not SSL.Connection:
        yield from _RECEIVE(self, data)
        return
    if data:
        self.tls.bio_write(data)
    read, ssl = list[bytes](), self.tls._ssl
    while (size := _LIB.SSL_read(ssl, _BUFFER, _AT_ONCE)) > 0:
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


def client_hello(self: ClientHello, raw_client_hello: bytes, dtls: bool = False) -> None:
    """As mitmproxy's, but the whole is taken apart in a few steps; what is odd about one is left to mitmproxy."""
    found = None if dtls else read_hello(raw_client_hello)
    if found is None:
        _CLIENT_HELLO(self, raw_client_hello, dtls)
    else:
        self._raw_bytes, self._client_hello = raw_client_hello, found  # type: ignore[assignment]


def layer(self: Layer, context: Context) -> None:
    """As mitmproxy's, but without the option to tell of each step."""
    self.context, self._paused, self._paused_event_queue = context, None, deque()
    context.layers.append(self)


def fork(self: Context) -> Context:
    """As mitmproxy's, but makes no connection to a site only to put another in its place."""
    made = Context.__new__(Context)
    made.client, made.options, made.server, made.layers = self.client, self.options, self.server, self.layers.copy()
    return made


def current(self: _Option) -> Any:
    """As mitmproxy's, but makes no copies of what nobody can change, and simple ones of what is simple."""
    value = self._default if self.value is unset else self.value
    if type(value) in _UNCHANGING:
        return value
    return [] if type(value) is list and not value else _CURRENT(self)


def option(self: OptManager, attr: str) -> Any:
    """As mitmproxy's, but asks once."""
    found = self.__dict__["_options"].get(attr)
    if found is None:
        return _OPTION(self, attr)
    return found.current()


def is_same(self: Connection, other: object) -> bool:
    """As mitmproxy's, but a connection is asked first whether it is the other."""
    return self is other or (getattr(other, "id", None) == self.id and isinstance(other, Connection))


def made(cls: type, *args: Any, **kwargs: Any) -> Any:
    """As mitmproxy's, but does not ask each time whether the class is what it is."""
    return _NEW(cls)


def create_task(
    coro: Coroutine[Any, Any, Any], *, name: str, keep_ref: bool, client: object = None
) -> asyncio.Task[Any]:
    """As mitmproxy's, but asks nothing of the environment."""
    task = asyncio.get_running_loop().create_task(coro, name=name)
    if keep_ref and not task.done():
        asyncio_utils._KEEP_ALIVE.add(task)
        task.add_done_callback(asyncio_utils._KEEP_ALIVE.discard)
    return task


class ids:  # noqa: N801 (a module's stead)
    """Stands where mitmproxy's modules have ``uuid``, of which they use the one function, and its text at that."""

    @staticmethod
    def uuid4() -> str:
        """A random UUID (RFC 9562, 5.4)."""
        drawn = bytearray(os.urandom(16))
        drawn[6] = drawn[6] & 0x0F | 0x40
        drawn[8] = drawn[8] & 0x3F | 0x80
        text = drawn.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def from_pyopenssl(x509: Any) -> Cert:
    """As mitmproxy's, but what a site showed before is not read again."""
    der = dump_certificate(FILETYPE_ASN1, x509)
    return _known_certificate(der) if len(der) <= _LONGEST_KEPT else Cert(load_der_x509_certificate(der))


@lru_cache(maxsize=256)
def _known_certificate(der: bytes) -> Cert:
    return Cert(load_der_x509_certificate(der))


class addresses:  # noqa: N801 (a module's stead)
    """Stands where ``tlsconfig`` has ``ipaddress``, of which it uses the one function."""

    @staticmethod
    def ip_address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
        """As Python's, but of the last names it is known that they are no addresses. Raises ValueError."""
        if len(address) <= LONGEST and not _is_address(address):
            raise ValueError(f"{address!r} is no address")
        return ipaddress.ip_address(address)


@lru_cache(maxsize=1024)
def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def general_name(val: str) -> GeneralName:
    """As mitmproxy's, but remembers the last ones."""
    return _known_name(val) if len(val) <= LONGEST else _GENERAL_NAME(val)


@lru_cache(maxsize=1024)
def _known_name(val: str) -> GeneralName:
    return _GENERAL_NAME(val)


@dataclass(frozen=True, slots=True)
class Change:
    """What is put in the place of what, where that is as it was known; ``gain`` says what is saved.

    It ``needs`` another change, if it is named, and stays off without it.
    """

    owner: Any  # a class or a module
    name: str
    parameters: str  # of a function; the name of a module
    instead: Callable[..., Any]
    gain: str
    needs: str = ""

    def __str__(self) -> str:
        """The name of what is changed."""
        return f"{self.owner.__name__}.{self.name}"

    def is_known(self) -> bool:
        """Whether this mitmproxy is the one that the change was made for."""
        standing = getattr(self.owner, self.name, None)
        parameters = ", ".join(inspect.signature(standing).parameters) if callable(standing) else None
        if inspect.ismodule(standing):
            parameters = standing.__name__
        elif standing is self.instead:
            parameters = self.parameters
        return version.VERSION == WRITTEN_FOR and parameters == self.parameters


CHANGES = (
    Change(ProxyConnectionHandler, "server_event", "self, event", server_event, "tasks for hooks, single writes"),
    Change(AddonManager, "trigger_event", "self, event", trigger_event, "asking addons that handle nothing"),
    Change(ProxyConnectionHandler, "handle_hook", "self, hook", handle_hook, "timers for hooks"),
    Change(ProxyConnectionHandler, "drain_writers", "self", drain_writers, "waiting where nothing is held up"),
    Change(ConnectionHandler, "handle_client", "self", handle_client, "two tasks, the garbage collector", _READING),
    Change(ConnectionHandler, "handle_connection", "self, connection", handle_connection, "tasks that read", _EVENTS),
    Change(AsyncioServerInstance, "listen", "self, host, port", listen, "layers around what is in a tunnel", _READING),
    Change(TCPLayer, "relay_messages", "self, event", relay_messages, "layers around unread bytes", _READING),
    Change(Layer, "__init__", "self, context", layer, "a look into the options for each"),
    Change(Layer, "handle_event", "self, event", handle_event, "ways up through all layers for a hook", _EVENTS),
    Change(HttpLayer, "handle_event", "self, event", http_event, "a layer", "Layer.handle_event"),
    Change(HttpLayer, "event_to_child", "self, child, event", event_to_child, "generators within generators"),
    Change(HttpStream, "_handle_event", "self, event", stream_event, "a generator"),
    Change(HttpStream, "passthrough", "self, event", passthrough, "the layers around a tunnel", _EVENTS),
    Change(Http1Connection, "_handle_event", "self, event", http1_event, "a generator"),
    Change(TunnelLayer, "_handle_event", "self, event", tunnel_event, "generators"),
    Change(TunnelLayer, "event_to_child", "self, event", tunnel_to_child, "generators, and small records of TLS"),
    Change(ServerTLSLayer, "event_to_child", "self, event", server_tls_to_child, "a generator"),
    Change(TLSLayer, "tls_interact", "self", tls_interact, "exceptions that say there is nothing"),
    Change(TLSLayer, "receive_data", "self, data", receive_data, "exceptions that say there is nothing"),
    Change(ClientHello, "__init__", "self, raw_client_hello, dtls", client_hello, "small steps"),
    Change(Headers, "get_all", "self, name", get_all, "walks through all fields"),
    Change(Headers, "get", "self, key, default", get, "walks through all fields"),
    Change(Headers, "__getitem__", "self, key", get_item, "walks through all fields"),
    Change(Headers, "__contains__", "self, key", contains, "walks through all fields"),
    Change(Headers, "__bytes__", "self", as_bytes, "a generator"),
    Change(read, "_read_headers", "lines", read_headers, "checks of types"),
    Change(read, "_read_request_line", "line", read_request_line, "a second reading"),
    Change(http1, "expected_http_body_size", "request, response", body_size, "rare cases first"),
    Change(http, "expected_http_body_size", "request, response", body_size, "rare cases first"),
    Change(http1, "connection_close", "http_version, headers", connection_close, "rare cases first"),
    Change(url, "parse_authority", "authority, check", parse_authority, "names that were read before"),
    Change(check, "is_valid_host", "host", is_valid_host, "names that were read before"),
    Change(url, "is_valid_host", "host", is_valid_host, "names that were read before"),
    Change(http, "validate_headers", "message", validate_headers, "names that were valid before"),
    Change(Context, "fork", "self", fork, "a connection that nobody uses"),
    Change(_Option, "current", "self", current, "copies of what does not change"),
    Change(OptManager, "__getattr__", "self, attr", option, "looking an option up twice"),
    Change(Connection, "__eq__", "self, other", is_same, "asking what kind the other is"),
    Change(Connection, "__hash__", "self", object.__hash__, "a step in Python for each look into a dictionary"),
    Change(commands.StartHook, "__new__", "cls, args, kwargs", made, "checks of the class"),
    Change(CommandCompleted, "__new__", "cls, args, kwargs", made, "checks of the class"),
    Change(asyncio_utils, "create_task", "coro, name, keep_ref, client", create_task, "looks into the environment"),
    Change(tlsconfig, "_ip_or_dns_name", "val", general_name, "names that were read before"),
    Change(tlsconfig, "ipaddress", "ipaddress", addresses, "names that were read before"),
    Change(Cert, "from_pyopenssl", "x509", from_pyopenssl, "certificates that were read before"),
    Change(connection, "uuid", "uuid", ids, "steps from bytes to a text"),
    Change(flow, "uuid", "uuid", ids, "steps from bytes to a text"),
    Change(MessageData, "__post_init__", "self", post_init, "checks of types"),
)
"""All of them."""


def switch_on(changes: tuple[Change, ...] = CHANGES) -> list[str]:
    """Make the changes that fit this mitmproxy; the names of those that do not."""
    fitting, known = [change for change in changes if change.is_known()], 0
    while known != len(fitting):
        known, names = len(fitting), {str(change) for change in fitting}
        fitting = [change for change in fitting if not change.needs or change.needs in names]
    for change in fitting:
        setattr(change.owner, change.name, change.instead)
    return [str(change) for change in changes if change not in fitting]
