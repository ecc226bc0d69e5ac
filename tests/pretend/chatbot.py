"""A chatbot as far as the network sees one: answers that stream (SSE, JSON, lines, text) and a WebSocket, over TLS.

HTTP/1.1, and HTTP/2 where it is asked for. It remembers what it could send, and when the other side went away.
"""

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import wsproto
import wsproto.events

from pretend.sites import Sites

HOST = "allowed.example"


@dataclass(frozen=True)
class Told:
    """An answer: its chunks with a pause (seconds) before each; ``endless`` says the last one for ever."""

    kind: str
    chunks: tuple[bytes, ...]
    pause: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    endless: bool = False
    length: bool = False  # with a Content-Length instead of chunks


@dataclass
class Chatbot:
    """Started on two ports of 127.0.0.1, for HTTP/1.1 and for HTTP/2. ``talks`` are what a WebSocket says by path."""

    sites: Sites
    answers: dict[str, Told] = field(default_factory=dict)
    talks: dict[str, tuple[bytes | str, ...]] = field(default_factory=dict)
    heard: list[str | bytes] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=dict)  # chunks by path, of the last time
    left: dict[str, float] = field(default_factory=dict)  # when the client of an unfinished answer went away
    closed: list[tuple[int | None, str | None]] = field(default_factory=list)  # codes and reasons of WebSockets
    connections: int = 0

    def start(self) -> "Chatbot":
        self.sites._context(HOST)
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(10)
        return self

    def stop(self) -> None:
        async def end() -> None:
            mine = asyncio.current_task()
            for task in asyncio.all_tasks():
                if task is not mine:
                    task.cancel()
            self._loop.call_later(0.1, self._loop.stop)

        asyncio.run_coroutine_threadsafe(end(), self._loop)
        self._thread.join(10)

    def url(self, path: str, http2: bool = False) -> str:
        return f"https://{HOST}:{self.port2 if http2 else self.port}{path}"

    def _run(self, ready: threading.Event) -> None:
        async def begin() -> None:
            one = await asyncio.start_server(self._http1, "127.0.0.1", 0, ssl=self._tls("http/1.1"))
            two = await asyncio.start_server(self._http2, "127.0.0.1", 0, ssl=self._tls("h2"))
            self.port, self.port2 = (server.sockets[0].getsockname()[1] for server in (one, two))
            ready.set()

        self._tasks: set[asyncio.Task[None]] = set()
        self._loop.run_until_complete(begin())
        self._loop.run_forever()

    def _tls(self, protocol: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.sites.folder / f"{HOST}.pem")
        context.set_alpn_protocols([protocol])
        return context

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _http1(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        path = ""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *rest = head.strip().split("\r\n")
                path = first.split()[1]
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
                self.asked.append((path, headers))
                await reader.readexactly(int(headers.get("content-length", 0)))
                if headers.get("upgrade", "").lower() == "websocket":
                    await self._talk(path, head.encode("latin-1"), reader, writer)
                    break
                told = self.answers[path.partition("?")[0]]
                watch = self._loop.create_task(self._wait_for_end(reader)) if told.endless else None
                await self._tell(path, told, writer, watch)
        writer.close()

    async def _wait_for_end(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            await reader.read(1)

    async def _tell(
        self, path: str, told: Told, writer: asyncio.StreamWriter, watch: "asyncio.Task[None] | None"
    ) -> None:
        headers = {"Content-Type": told.kind, **told.headers}
        headers |= (
            {"Content-Length": str(sum(map(len, told.chunks)))} if told.length else {"Transfer-Encoding": "chunked"}
        )
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode())
        number = 0
        try:
            while number < len(told.chunks) or told.endless:
                chunk = told.chunks[min(number, len(told.chunks) - 1)]
                await asyncio.sleep(told.pause)
                if watch is not None and watch.done():
                    raise ConnectionResetError
                writer.write(chunk if told.length else b"%x\r\n%b\r\n" % (len(chunk), chunk))
                await writer.drain()
                number += 1
                self.sent[path] = number
            if not told.length:
                writer.write(b"0\r\n\r\n")
            await writer.drain()
        except OSError:
            self.left[path] = time.monotonic()
            raise

    async def _talk(self, path: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Everything that is listed for the path, when the first message has come; then echoes."""
        connection = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        connection.receive_data(head)
        told = False
        while True:
            for event in connection.events():
                if isinstance(event, wsproto.events.Request):
                    writer.write(connection.send(wsproto.events.AcceptConnection()))
                elif isinstance(event, (wsproto.events.TextMessage, wsproto.events.BytesMessage)):
                    self.heard.append(
                        event.data if isinstance(event, wsproto.events.TextMessage) else bytes(event.data)
                    )
                    messages = self.talks.get(path, ()) if not told else (self.heard[-1],)
                    told = True
                    for message in messages:
                        writer.write(connection.send(_message(message)))
                elif isinstance(event, wsproto.events.CloseConnection):
                    self.closed.append((event.code, event.reason))
                    writer.write(connection.send(event.response()))
                    return
            await writer.drain()
            data = await reader.read(65536)
            if not data:
                self.closed.append((None, None))
                return
            connection.receive_data(data)

    async def _http2(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        reset: dict[int, float] = {}
        with contextlib.suppress(OSError):
            while True:
                writer.write(connection.data_to_send())
                await writer.drain()
                data = await reader.read(65536)
                if not data:
                    break
                for event in connection.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        headers = {str(name): str(value) for name, value in event.headers}
                        self.asked.append((headers[":path"], headers))
                        self._begin(self._tell2(headers[":path"], event.stream_id, connection, writer, reset))
                    elif isinstance(event, h2.events.StreamReset):
                        reset[event.stream_id] = time.monotonic()
                    elif isinstance(event, h2.events.ConnectionTerminated):
                        break
        writer.close()

    async def _tell2(
        self,
        path: str,
        stream: int,
        connection: h2.connection.H2Connection,
        writer: asyncio.StreamWriter,
        reset: dict[int, float],
    ) -> None:
        told = self.answers[path.partition("?")[0]]
        headers = [(":status", "200"), ("content-type", told.kind)]
        connection.send_headers(stream, headers + [(name.lower(), value) for name, value in told.headers.items()])
        number = 0
        try:
            while number < len(told.chunks) or told.endless:
                await asyncio.sleep(told.pause)
                if stream in reset:
                    self.left[path] = reset[stream]
                    return
                chunk = told.chunks[min(number, len(told.chunks) - 1)]
                connection.send_data(stream, b"")
                for at in range(0, len(chunk), 16_000):
                    connection.send_data(stream, chunk[at : at + 16_000])
                writer.write(connection.data_to_send())
                await writer.drain()
                number += 1
                self.sent[path] = number
            connection.end_stream(stream)
            writer.write(connection.data_to_send())
        except (OSError, h2.exceptions.ProtocolError):
            self.left[path] = time.monotonic()


def _message(data: str | bytes) -> wsproto.events.Event:
    if isinstance(data, str):
        return wsproto.events.TextMessage(data=data)
    return wsproto.events.BytesMessage(data=data)
