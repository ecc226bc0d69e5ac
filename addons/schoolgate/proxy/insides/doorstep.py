"""A new connection on the doorstep: its first words are read here, and mitmproxy is asked only for what it must do.

A CONNECT that is answered with 200, and a ClientHello that decides what becomes of the connection, are read before any
of mitmproxy's layers is there. What passes unread needs none at all; what is looked into needs none around its TLS.
Everything else, and whatever is odd about these, is handed to mitmproxy as if it had been there from the start.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Protocol

from mitmproxy import ctx, platform
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.net import check
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy.commands import StartHook
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import CommandGenerator, Layer
from mitmproxy.proxy.layers.modes import TransparentProxy
from mitmproxy.proxy.layers.tls import (
    ClientTLSLayer,
    ServerTLSLayer,
    TlsClienthelloHook,
    TLSLayer,
    parse_client_hello,
)
from mitmproxy.proxy.mode_servers import AsyncioServerInstance, ProxyConnectionHandler
from mitmproxy.proxy.mode_specs import RegularMode, TransparentMode
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO
from mitmproxy.proxy.server_hooks import (
    ClientConnectedHook,
    ClientDisconnectedHook,
    ServerConnectedHook,
    ServerConnectErrorHook,
    ServerConnectHook,
    ServerConnectionHookData,
    ServerDisconnectedHook,
)
from mitmproxy.tls import ClientHelloData

from schoolgate.proxy.guarded import Guarded
from schoolgate.proxy.insides.framing import MOST_OF_A_HELLO, leave_out
from schoolgate.proxy.insides.hooks import DONE, begin, handlers_of
from schoolgate.proxy.insides.relayed import Relay

log = logging.getLogger("mitmproxy.proxy.server")

_CONNECT = re.compile(
    rb"CONNECT ([a-z0-9.-]{1,253}):([1-9][0-9]{0,4}) HTTP/1\.1\r\n"
    rb"(?:(?i:host|user-agent|connection|proxy-connection):[\t\x20-\x7e]*\r\n)*\r\n"
)
"""A request for a tunnel of which nothing but its target means anything (RFC 9110, 9.3.6)."""
_CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_HIGHEST_PORT = 65535
_RECORD_HEADER = 5  # bytes
_LIMIT = 2**16  # of a StreamReader, as asyncio has it
_CONNECTS = ("http_connect", "http_connected", "http_connect_error")
_LISTEN: Any = AsyncioServerInstance.listen


class Tunnels(Protocol):
    """The addon that is asked about each tunnel (``tunnels``)."""

    stands_for: Iterable[type]

    def opens(self, client: Client, host: str, port: int) -> bool:
        """Whether a tunnel begins without anybody's having to handle ``http_connect``."""
        ...


async def listen(self: AsyncioServerInstance[Any], host: str, port: int) -> Any:
    """As mitmproxy's, but who comes to a proxy's TCP port comes to the doorstep first, where nobody minds."""
    tunnels = _tunnels()
    if tunnels is None or not port or not isinstance(self.mode, (RegularMode, TransparentMode)):
        return await _LISTEN(self, host, port)
    return [await asyncio.get_running_loop().create_server(lambda: Doorstep(self, tunnels), host, port)]


def _tunnels() -> Tunnels | None:
    """The addon to ask; None where it is not there, or another addon minds what is not done on the doorstep."""
    addons = ctx.master.addons
    tunnels: Tunnels | None = addons.get("tunnels")
    options = ctx.options
    if tunnels is None or options.ignore_hosts or options.allow_hosts or options.connect_addr:
        return None
    if options.connection_strategy != "lazy":
        return None
    connects = {_owner(handler) for name in _CONNECTS for handler in handlers_of(addons, name)}
    chooses = {_owner(handler) for handler in handlers_of(addons, "next_layer")}
    return tunnels if connects <= set(tunnels.stands_for) and chooses <= {type(addons.get("nextlayer"))} else None


def _owner(handler: Any) -> type:
    method = handler.__wrapped__ if type(handler) is Guarded else handler
    return type(getattr(method, "__self__", None))


class _Lost(Exception):
    """Nobody knows where a connection leads."""


class Doorstep(asyncio.Protocol):
    """Where a connection is until it is known what becomes of it."""

    __slots__ = ("_context", "_is_known", "_loop", "_read", "_said", "_server", "_timer", "_transport", "_tunnels")

    def __init__(self, server: AsyncioServerInstance[Any], tunnels: Tunnels) -> None:
        self._server, self._tunnels = server, tunnels
        self._loop = asyncio.get_running_loop()
        self._context: Context | None = None
        self._is_known = False  # where the connection leads
        self._said = b""
        self._read = 0  # how much of that is whole records of TLS
        self._transport: Any = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Somebody has come."""
        self._transport = transport
        self._timer = self._loop.call_later(ctx.options.tcp_timeout, transport.abort)
        told = transport.get_extra_info
        client = Client(
            peername=told("peername"),
            sockname=told("sockname"),
            timestamp_start=time.time(),
            proxy_mode=self._server.mode,
            state=ConnectionState.OPEN,
        )
        self._context = Context(client, ctx.options)
        with self._failing():
            _decide(ClientConnectedHook(client))
            if client.error:
                transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """They have gone before anything was known of them."""
        self._leave()
        if self._context is not None:
            _tell_gone(self._context.client)

    def data_received(self, data: bytes) -> None:
        """What they say first."""
        context = self._context
        if context is None or self._transport.is_closing():
            return
        self._said += data
        with self._failing():
            if not self._is_known:
                self._is_known = self._arrives(context)
                if not self._is_known:
                    self._become(context, self._server.make_top_layer)
                    return
            if self._said:
                self._hears(context)

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Whatever goes wrong, the connection ends."""
        try:
            yield
        except _Lost as error:
            log.error("%s", error)
            self._transport.abort()
        except Exception:
            log.exception("mitmproxy has crashed!")
            self._transport.abort()

    def _arrives(self, context: Context) -> bool:
        """Know where it leads, if it says so in plain words; a tunnel that begins is answered."""
        if isinstance(self._server.mode, TransparentMode):
            context.client.sockname = context.server.address = self._original_address()
            return starts_like_tls_record(self._said)
        asked = _CONNECT.match(self._said)
        if asked is None or (port := int(asked[2])) > _HIGHEST_PORT or not check.is_valid_host(asked[1]):
            return False
        host = asked[1].decode()
        if not self._tunnels.opens(context.client, host, port):
            return False
        context.server.address = (host, port)
        self._said = self._said[asked.end() :]
        self._transport.write(_CONNECTED)
        return True

    def _original_address(self) -> tuple[str, int]:
        """Where a redirected device wanted to go. Raises _Lost for one that came here by itself."""
        try:
            return platform.original_addr(self._transport.get_extra_info("socket"))  # type: ignore[misc]
        except Exception as error:
            raise _Lost(f"Transparent mode failure: {error!r}") from error

    def _hears(self, context: Context) -> None:
        """Decide by the ClientHello, once it is there as a whole; what is none is mitmproxy's to make out."""
        said, hello = self._said, None
        if starts_like_tls_record(said):
            is_long = len(said) > MOST_OF_A_HELLO
            if not self._has_record() and not is_long:
                return
            with contextlib.suppress(ValueError):
                hello = None if is_long else parse_client_hello(said)
                if hello is None and not is_long:
                    return
        if hello is None:
            self._become(context, TransparentProxy)
            return
        context.client.sni, context.client.alpn_offers = hello.sni, hello.alpn_protocols
        data = ClientHelloData(context, hello)
        _decide(TlsClienthelloHook(data))
        if data.ignore_connection:
            self._leave()
            _Passing(context, self._transport, said)
        else:
            self._become(context, _opened)

    def _has_record(self) -> bool:
        """Whether another record has come as a whole (RFC 8446, 5.1): there is nothing new to read before."""
        said, before = self._said, self._read
        while len(said) >= (body := self._read + _RECORD_HEADER):
            end = body + int.from_bytes(said[body - 2 : body])
            if len(said) < end:
                break
            self._read = end
        return self._read > before

    def _leave(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _become(self, context: Context, top: Callable[[Context], Layer]) -> None:
        """A connection of mitmproxy's, as ``asyncio.start_server`` has it, with what was said until now."""
        self._leave()
        reader = asyncio.StreamReader(_LIMIT, self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, partial(_Met.serve, self._server, context, top), self._loop)
        if self._said:
            reader.feed_data(self._said)  # before all else: whoever serves may begin at once
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)


class _Passing:
    """A connection that passes unread; whatever goes wrong as it begins, the device's end is closed."""

    def __init__(self, context: Context, transport: Any, first: bytes) -> None:
        self._context = context
        self._told = ServerConnectionHookData(context.server, context.client)
        idle = context.options.tcp_timeout
        self._opening: asyncio.Task[None] | None = None
        self._limit: asyncio.Timeout | None = None
        self._relay = Relay(transport, first, idle, joined=self._joined, lost=self._lost, over=self._over)
        opening = asyncio.get_running_loop().create_task(self._open(idle))
        if not opening.done():
            self._opening = opening

    async def _open(self, seconds: float) -> None:
        server = self._told.server
        try:
            _decide(ServerConnectHook(self._told))
            if server.error or server.address is None:
                raise OSError(server.error)
            async with asyncio.timeout(seconds) as self._limit:
                await asyncio.get_running_loop().create_connection(self._relay.far, *server.address)
        except (Exception, asyncio.CancelledError) as error:
            if not isinstance(error, (OSError, asyncio.CancelledError)):
                log.exception("mitmproxy has crashed!")
            server.error = server.error or str(error) or "connection cancelled"
            _tell(ServerConnectErrorHook(self._told))
            self._relay.near.close()
        finally:
            self._opening = None

    def _joined(self) -> None:
        if self._limit is not None:
            self._limit.reschedule(None)  # the site is there: nothing ends the task any more
        self._told.server.state = ConnectionState.OPEN
        _tell(ServerConnectedHook(self._told))

    def _lost(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        _tell_gone(self._context.client)

    def _over(self) -> None:
        self._told.server.state = ConnectionState.CLOSED
        self._told.server.timestamp_end = time.time()
        _tell(ServerDisconnectedHook(self._told))
        _tell_gone(self._context.client)


def _decide(hook: StartHook) -> None:
    """Have a hook done. Raises RuntimeError where somebody would have to be waited for, which none of ours does."""
    if begin(ctx.master.addons, hook) is not DONE:
        raise RuntimeError(f"{hook.name} would have to be waited for, which cannot be done on the doorstep")


def _tell(hook: StartHook) -> None:
    """Say what happened."""
    try:
        _decide(hook)
    except Exception:
        log.exception("mitmproxy has crashed!")


def _tell_gone(client: Client) -> None:
    client.state = ConnectionState.CLOSED
    client.timestamp_end = time.time()
    _tell(ClientDisconnectedHook(client))


class _Met(ProxyConnectionHandler):
    """mitmproxy's, for a device that was met on the doorstep."""

    def __init__(self, context: Context, reader: Any, writer: Any) -> None:
        self.master = ctx.master
        ConnectionHandler.__init__(self, context)
        self.transports[context.client] = ConnectionIO(None, reader, writer)
        self.log_prefix = ""

    async def handle_hook(self, hook: StartHook) -> None:
        """That the device has come was said before."""
        if type(hook) is not ClientConnectedHook:
            await super().handle_hook(hook)

    @classmethod
    async def serve(
        cls,
        server: AsyncioServerInstance[Any],
        context: Context,
        top: Callable[[Context], Layer],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Until the connection ends."""
        handler = cls(context, reader, writer)
        handler.layer = top(context)
        with server.manager.register_connection(context.client.id, handler):
            await handler.handle_client()


def _opened(context: Context) -> Layer:
    """The layers that look into a connection whose ClientHello was judged."""
    layer = ServerTLSLayer(context)
    layer.child_layer = _Judged(context)
    return layer


class _Judged(ClientTLSLayer):
    """mitmproxy's, for a ClientHello that all addons have seen: it begins the handshake with the first data."""

    def receive_handshake_data(self, data: bytes) -> CommandGenerator[tuple[bool, str | None]]:
        if not self.client_hello_parsed:
            self.client_hello_parsed = True
            yield from self.start_tls()
            if not self.conn.connected:
                self.receive_data = leave_out  # type: ignore[method-assign]
                return False, "connection closed early"
        return (yield from TLSLayer.receive_handshake_data(self, data))
