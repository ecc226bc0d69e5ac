"""What makes mitmproxy faster while it runs, and all that is changed in it for that: each change is a few lines.

Each is bound to the version that it was written for, and to the parameters of what it stands in for. Where either is
another, that change stays off, ``switch_on`` names it, and mitmproxy works as it came: slower, to the same effect.
``tests/bench/bench_faster.py`` measures what each is worth.
"""

import asyncio
import contextlib
import inspect
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, fields
from typing import Any

from mitmproxy import version
from mitmproxy.addonmanager import AddonManager, traverse
from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.exceptions import AddonHalt
from mitmproxy.flow import Flow
from mitmproxy.http import Headers, MessageData
from mitmproxy.proxy import commands
from mitmproxy.proxy.events import ConnectionClosed, DataReceived, Event, HookCompleted
from mitmproxy.proxy.layer import CommandGenerator
from mitmproxy.proxy.layers.http import (
    DropStream,
    GetHttpConnection,
    HttpLayer,
    RegisterHttpConnection,
    SendHttp,
)
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import RequestHeaders
from mitmproxy.proxy.layers.tcp import TCPLayer
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO
from mitmproxy.utils import asyncio_utils

addon_log = logging.getLogger("mitmproxy.addonmanager")

WRITTEN_FOR = "12.2.3"
"""The version of mitmproxy that all of this was read in."""
_DRAIN: Callable[[ConnectionHandler], Awaitable[None]] = ConnectionHandler.drain_writers
_RELAY: Callable[[TCPLayer, Event], CommandGenerator[None]] = TCPLayer.relay_messages
_RELAYED = "relayed to"  # where a connection keeps the one that all of its bytes go to
_NONE: list[str] = []

Handlers = tuple[Callable[[Any], Awaitable[None] | None], ...]


@dataclass(slots=True)
class _Known:
    """The handlers of each hook in one chain of addons, as long as that chain is the same."""

    chain: list[Any]
    length: int
    handlers: dict[str, Handlers]


_FIELD: dict[type, str] = {}
"""The name of the one argument of each kind of hook."""


def handlers_of(addons: AddonManager, name: str) -> Handlers:
    """Who handles a hook, in the order of the chain."""
    known: _Known | None = addons.__dict__.get("_known")
    if known is None or known.chain is not addons.chain or known.length != len(addons.chain):
        known = addons.__dict__["_known"] = _Known(addons.chain, len(addons.chain), {})
    found = known.handlers.get(name)
    if found is None:
        each = (getattr(addon, name, None) for addon in traverse(addons.chain))
        found = known.handlers[name] = tuple(handler for handler in each if callable(handler))
    return found


def _subject(hook: commands.StartHook) -> Any:
    kind = type(hook)
    name = _FIELD.get(kind)
    if name is None:
        (field,) = fields(hook)  # type: ignore[arg-type]
        name = _FIELD[kind] = field.name
    return getattr(hook, name)


async def server_event(self: ProxyConnectionHandler, event: Event) -> None:
    """As mitmproxy's, but hooks whose handlers need not wait are done at once, and what is sent is sent together."""
    async with self._server_event_lock:
        self.timeout_watchdog.register_activity()
        events, sending = deque((event,)), dict[Connection, list[bytes]]()
        while events:
            try:
                for command in self.layer.handle_event(events.popleft()):
                    if isinstance(command, commands.SendData):
                        sending.setdefault(command.connection, []).append(command.data)
                    elif isinstance(command, commands.StartHook):
                        if _done_at_once(self, command) and command.blocking:
                            events.append(HookCompleted(command))
                    else:
                        _send(self, sending)
                        _carry_out(self, command)
            except Exception:
                self.log("mitmproxy has crashed!", logging.ERROR, exc_info=True)
        _send(self, sending)


def _send(self: ProxyConnectionHandler, sending: dict[Connection, list[bytes]]) -> None:
    """Write what has gathered for each connection that is still open."""
    for connection, parts in sending.items():
        io = self.transports.get(connection)
        if io is not None and io.writer is not None and not io.writer.is_closing():
            io.writer.write(parts[0] if len(parts) == 1 else b"".join(parts))
    sending.clear()


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


def _done_at_once(self: ProxyConnectionHandler, hook: commands.StartHook) -> bool:
    """Call the handlers of a hook; False where one of them waits, and a task tells of the end instead."""
    subject, addons = _subject(hook), self.master.addons
    waiting = iter(handlers_of(addons, hook.name))
    for handler in waiting:
        try:
            result = handler(subject)
            if result is None:
                continue
            if inspect.iscoroutine(result):
                result = _begun(result)
                if result.done():
                    result.result()
                    continue
            elif not inspect.isawaitable(result):
                continue
        except AddonHalt:
            break
        except Exception as error:
            _note(error)
            continue
        _end_later(self, hook, _rest(self, hook, result, waiting))
        return False
    if isinstance(subject, Flow) and (subject.intercepted or handlers_of(addons, "update")):
        _end_later(self, hook, _rest(self, hook, None, iter(())))
        return False
    return True


def _begun(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """A task that has run already to where it waits for something, or to its end."""
    return asyncio.Task(coroutine, loop=asyncio.get_running_loop(), eager_start=True)


def _end_later(self: ProxyConnectionHandler, hook: commands.StartHook, rest: Coroutine[Any, Any, None]) -> None:
    name = f"handle_hook({hook.name})"
    asyncio_utils.create_task(rest, name=name, keep_ref=True, client=self.client.peername)


async def _rest(
    self: ProxyConnectionHandler,
    hook: commands.StartHook,
    under_way: Awaitable[None] | None,
    waiting: Iterator[Callable[[Any], Awaitable[None] | None]],
) -> None:
    """What is left to do of a hook, one handler of which has to wait."""
    subject = _subject(hook)
    with self.timeout_watchdog.disarm():
        try:
            if under_way is not None:
                await _safely(under_way)
            for handler in waiting:
                await _safely(handler, subject)
        except AddonHalt:
            pass
        if isinstance(subject, Flow):
            for handler in handlers_of(self.master.addons, "update"):
                await _safely(handler, [subject])
            await subject.wait_for_resume()
    if hook.blocking:
        await self.server_event(HookCompleted(hook))


async def _safely(handler: Any, *subject: Any) -> None:
    """Call a handler, or await what one gave; its exception is put into the log, as mitmproxy does it."""
    try:
        result = handler(*subject) if callable(handler) else handler
        if inspect.isawaitable(result):
            await result
    except AddonHalt:
        raise
    except Exception as error:
        _note(error)


def _note(error: Exception) -> None:
    addon_log.error("Addon error: %s", error, exc_info=error)


async def trigger_event(self: AddonManager, event: Any) -> None:
    """As mitmproxy's, but asks only the addons that handle the hook."""
    subjects = event.args()
    for handler in handlers_of(self, event.name):
        try:
            await _safely(handler, *subjects)
        except AddonHalt:
            return


async def drain_writers(self: ConnectionHandler) -> None:
    """As mitmproxy's, but asks nobody to wait where nothing is held up."""
    for io in self.transports.values():
        if io.writer is not None and not _takes_more(io.writer):
            await _DRAIN(self)
            return


async def handle_connection(self: ConnectionHandler, connection: Connection) -> None:
    """As mitmproxy's, but what passes through unread goes from one socket to the other."""
    cancelled, reader = None, self.transports[connection].reader
    assert reader
    try:
        while data := await reader.read(65535):
            relayed = self.transports.get(vars(connection).get(_RELAYED))  # type: ignore[arg-type]
            if relayed is None or relayed.writer is None or relayed.writer.is_closing():
                await self.server_event(DataReceived(connection, data))
            else:
                self.timeout_watchdog.register_activity()
                relayed.writer.write(data)
            await self.drain_writers()
    except OSError:
        pass
    except asyncio.CancelledError as error:
        cancelled = error
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
        writer = self.transports[connection].writer
        assert writer
        writer.close()
    self.transports.pop(connection)
    if cancelled:
        raise cancelled


def relay_messages(self: TCPLayer, event: Event) -> CommandGenerator[None]:
    """As mitmproxy's; from the second piece on, what nobody reads and nothing wraps need not come here any more."""
    client, server = self.context.client, self.context.server
    wrapped = client.tls_established or server.tls_established or server.via
    if self.flow is None and isinstance(event, DataReceived) and not wrapped:
        vars(client)[_RELAYED], vars(server)[_RELAYED] = server, client
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
    """As mitmproxy's, but what comes most often is asked for first."""
    for command in child.handle_event(event):
        kind = type(command)
        if command.blocking or kind is commands.RequestWakeup:
            self.command_sources[command] = child
        if kind is ReceiveHttp:
            told = command.event
            if type(told) is RequestHeaders:
                yield from self.make_stream(told.stream_id)
            stream = self.streams.get(told.stream_id)
            if stream is not None:
                yield from event_to_child(self, stream, told)
        elif kind is SendHttp:
            yield from event_to_child(self, self.connections[command.connection], command.event)
        elif kind is DropStream:
            self.streams.pop(command.stream_id, None)
        elif kind is GetHttpConnection:
            yield from self.get_connection(command)
        elif kind is RegisterHttpConnection:
            yield from self.register_connection(command)
        else:
            if kind is commands.OpenConnection:
                self.connections[command.connection] = child
            yield command


def _values(self: Headers, name: str | bytes) -> list[str]:
    """The values of one header, from a table that is made anew whenever the fields are others."""
    known: tuple[object, dict[bytes, list[str]]] | None = self.__dict__.get("_values")
    if known is None or known[0] is not self.fields:
        table = dict[bytes, list[str]]()
        for key, value in self.fields:
            table.setdefault(key.lower(), []).append(value.decode("utf-8", "surrogateescape"))
        known = self.__dict__["_values"] = self.fields, table
    key = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
    return known[1].get(key.lower(), _NONE)


def get_all(self: Headers, name: str | bytes) -> list[str]:
    """As mitmproxy's, but looked up in a table."""
    return list(_values(self, name))


def get(self: Headers, key: str, default: Any = None) -> Any:
    """As mitmproxy's, but looked up in a table."""
    values = _values(self, key)
    return (values[0] if len(values) == 1 else ", ".join(values)) if values else default


@dataclass(frozen=True, slots=True)
class Change:
    """What is put in the place of what, where that is as it was known; ``gain`` says what is saved."""

    owner: Any  # a class or a module
    name: str
    parameters: str
    instead: Callable[..., Any]
    gain: str

    def __str__(self) -> str:
        """The name of what is changed."""
        return f"{self.owner.__name__}.{self.name}"

    def is_known(self) -> bool:
        """Whether this mitmproxy is the one that the change was made for."""
        standing = getattr(self.owner, self.name, None)
        parameters = ", ".join(inspect.signature(standing).parameters) if callable(standing) else None
        return version.VERSION == WRITTEN_FOR and parameters == self.parameters


CHANGES = (
    Change(ProxyConnectionHandler, "server_event", "self, event", server_event, "tasks for hooks, single writes"),
    Change(AddonManager, "trigger_event", "self, event", trigger_event, "asking addons that handle nothing"),
    Change(ProxyConnectionHandler, "drain_writers", "self", drain_writers, "waiting where nothing is held up"),
    Change(ConnectionHandler, "handle_connection", "self, connection", handle_connection, "layers around unread bytes"),
    Change(TCPLayer, "relay_messages", "self, event", relay_messages, "layers around unread bytes"),
    Change(HttpLayer, "event_to_child", "self, child, event", event_to_child, "asking for rare kinds first"),
    Change(Headers, "get_all", "self, name", get_all, "walks through all fields"),
    Change(Headers, "get", "self, key, default", get, "walks through all fields"),
    Change(MessageData, "__post_init__", "self", post_init, "checks of types"),
)
"""All of them."""


def switch_on(changes: tuple[Change, ...] = CHANGES) -> list[str]:
    """Make the changes that fit this mitmproxy; the names of those that do not."""
    fitting = [change for change in changes if change.is_known()]
    for change in fitting:
        setattr(change.owner, change.name, change.instead)
    return [str(change) for change in changes if change not in fitting]
