"""A device's connection from its first word to its last: what comes is handled as it comes, by one task.

What of it stands in for mitmproxy's own is listed in ``faster``.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.proxy import commands
from mitmproxy.proxy.events import ConnectionClosed, DataReceived, Event, HookCompleted, Start
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO
from mitmproxy.proxy.server_hooks import ClientConnectedHook, ClientDisconnectedHook
from mitmproxy.utils import asyncio_utils

from schoolgate.proxy.insides.directly import hand_over
from schoolgate.proxy.insides.hooks import DONE, UnderWay, begin, finish
from schoolgate.proxy.insides.released import OVER, release_connection

AT_ONCE = 65535  # bytes of one connection that are handled before another has its turn
RELAYED = "relayed to"  # where a connection keeps the one that all of its bytes go to
WITHIN = "within"  # where a client keeps the layer that all events go to, if it is not the outermost
UNDER_WAY = "under way"  # where a hook keeps what is left to do of it
_DRAIN: Callable[[ConnectionHandler], Awaitable[None]] = ConnectionHandler.drain_writers
_HOOKS = "hooks under way"  # where a connection keeps how many wait
_HAPPENING = "happening"  # where a connection keeps the events whose turn comes, while one has its turn


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
                for command in self.client.__dict__.get(WITHIN, self.layer).handle_event(events.popleft()):
                    if type(command) is commands.SendData:
                        sending.setdefault(command.connection, []).append(command.data)
                    elif isinstance(command, commands.StartHook):
                        under_way = command.__dict__.get(UNDER_WAY) or begin(self.master.addons, command)
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
        client.__dict__[WITHIN] = OVER


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
            asyncio_utils.create_task(
                handler.on_timeout(), name="timeout", keep_ref=True, client=handler.client.peername
            )


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
        relayed = handler.transports.get(self.connection.__dict__.get(RELAYED))  # type: ignore[arg-type]
        if relayed is not None and relayed.writer is not None and not relayed.writer.is_closing():
            handler.timeout_watchdog.register_activity()
            _write(relayed, data)
        elif len(data) > AT_ONCE:  # others come in between
            _happens(handler, DataReceived(self.connection, data[:AT_ONCE]))
            self.pieces += [data[start : start + AT_ONCE] for start in range(AT_ONCE, len(data), AT_ONCE)]
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


def _takes_more(writer: Any) -> bool:
    if not isinstance(writer, asyncio.StreamWriter):
        return False
    transport, protocol = writer.transport, writer._protocol  # type: ignore[attr-defined]
    lost = protocol._connection_lost or protocol._stream_reader is None or protocol._stream_reader._exception
    return not (transport.is_closing() or protocol._paused or lost)
