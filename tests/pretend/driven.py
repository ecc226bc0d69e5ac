"""A small proxy and what it did, as JSON: ``driven.py plain`` with mitmproxy as it came, ``driven.py faster`` changed.

Its addons do what addons may do: answer, wait, fail, stop the others, kill, stream and stay silent.
"""

import asyncio
import hashlib
import json
import logging
import socket
import sys
import threading
from collections.abc import Awaitable
from typing import Any

from mitmproxy.addons.core import Core
from mitmproxy.addons.dns_resolver import DnsResolver
from mitmproxy.addons.next_layer import NextLayer
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.exceptions import AddonHalt
from mitmproxy.http import HTTPFlow, Response
from mitmproxy.master import Master
from mitmproxy.options import Options
from schoolgate.proxy.insides import faster

PAGE = b"x" * 70_000
errors: list[str] = []


class Seen(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            errors.append(record.getMessage())


class First:
    """Notes every hook, and acts on what the path says."""

    def __init__(self) -> None:
        self.hooks: dict[str, list[str]] = {}

    def note(self, flow: HTTPFlow, name: str) -> str:
        self.hooks.setdefault(flow.request.path, []).append(name)
        return flow.request.path

    def requestheaders(self, flow: HTTPFlow) -> Awaitable[None] | None:
        path = self.note(flow, "requestheaders")
        if "halt" in path:
            raise AddonHalt
        if "bad" in path:
            raise ValueError("on purpose")
        return self.wait(flow) if "later" in path else None

    async def wait(self, flow: HTTPFlow) -> None:
        await asyncio.sleep(0.02)
        flow.request.headers["x-waited"] = "yes"

    async def request(self, flow: HTTPFlow) -> None:
        path = self.note(flow, "request")
        if "async-bad" in path:
            await asyncio.sleep(0.01)
            raise ValueError("later, on purpose")
        if "async-halt" in path:
            await asyncio.sleep(0.01)
            raise AddonHalt
        if "answer" in path:
            flow.response = Response.make(418, b"ours", {"X-Ours": "1"})
        if "kill" in path:
            flow.kill()

    def responseheaders(self, flow: HTTPFlow) -> None:
        path = self.note(flow, "responseheaders")
        if "stream" in path and flow.response is not None:
            flow.response.stream = lambda data: data.replace(b"x", b"y")

    async def response(self, flow: HTTPFlow) -> None:
        if "slow" in self.note(flow, "response"):
            await asyncio.sleep(0.05)

    def error(self, flow: HTTPFlow) -> None:
        self.note(flow, "error")


class Second:
    """Comes after the first, where that lets it."""

    def __init__(self, first: First) -> None:
        self._first = first

    def requestheaders(self, flow: HTTPFlow) -> None:
        self._first.note(flow, "second requestheaders")

    def request(self, flow: HTTPFlow) -> None:
        self._first.note(flow, "second request")

    def response(self, flow: HTTPFlow) -> None:
        self._first.note(flow, "second response")
        if flow.response is not None:
            flow.response.headers["x-waited"] = flow.request.headers.get("x-waited", "no")


PATHS = (
    *("/plain", "/later", "/halt", "/bad", "/async-bad", "/async-halt", "/answer", "/answer-later", "/stream", "/slow"),
    *("/later-async-bad-slow", "/chunked", "/chunked-stream", "/cut", "/kill"),
)


TALKS = ((b"hello", b"Q"), (bytes(range(65)) * 50_000, b"Q"), (b"x" * 3_000_000, b""), (b"", b"Q"))


async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while (head := await reader.readuntil(b"\r\n\r\n")) if not reader.at_eof() else b"":
        path = head.split()[1].decode()
        if "chunked" in path:
            chunk = b"%x\r\n%b\r\n" % (len(PAGE), PAGE)
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 2 + b"0\r\n\r\n")
        elif "cut" in path:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nhalf")
            writer.close()
            return
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nA: 1\r\na: 2\r\n\r\n%b" % (len(PAGE), PAGE))


async def parrot(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Repeats what it hears, and hangs up at a Q."""
    while data := await reader.read(40_000):
        writer.write(data)
        await writer.drain()
        if b"Q" in data:
            break
    writer.close()


def talk(port: int, there: int, says: bytes, parting: bytes) -> str:
    """What comes back through a tunnel that nobody reads, and how it ends: by the other side where we say a Q."""
    with socket.create_connection(("127.0.0.1", port), timeout=40) as line:
        line.sendall(f"CONNECT 127.0.0.1:{there} HTTP/1.1\r\n\r\n".encode())
        assert b" 200 " in line.recv(65536)
        saying = threading.Thread(target=line.sendall, args=(says,))
        saying.start()
        heard = bytearray()
        while len(heard) < len(says):
            heard += line.recv(65536)
        line.sendall(parting)
        while parting and (more := line.recv(65536)):
            heard += more
        saying.join(40)
    return f"{hashlib.sha256(heard).hexdigest()} {len(heard)} {bytes(heard[-12:]).decode(errors='replace')}"


def ask(port: int, site: int, path: str) -> str:
    """The whole answer to one request, but for what differs by the clock or the port."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        host = f"127.0.0.1:{site}"
        line.sendall(f"GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        parts = []
        try:
            while part := line.recv(65536):
                parts.append(part)
        except ConnectionResetError:
            parts.append(b"reset")
    whole = b"".join(parts)
    return f"{len(whole)} {whole[:300].decode(errors='replace').replace(str(site), 'PORT')} {whole.count(b'y')}"


async def main(how: str) -> dict[str, Any]:
    logging.getLogger().addHandler(Seen())
    left_out = faster.switch_on() if how == "faster" else []
    site = await asyncio.start_server(origin, "127.0.0.1", 0)
    birds = await asyncio.start_server(parrot, "127.0.0.1", 0)
    there = birds.sockets[0].getsockname()[1]
    first, master = First(), Master(Options())
    master.addons.add(Core(), Proxyserver(), NextLayer(), DnsResolver(), first, Second(first))
    master.options.update(mode=["regular@127.0.0.1:0"], connection_strategy="lazy", ignore_hosts=[f":{there}$"])
    running = asyncio.create_task(master.run())
    server = master.addons.get("proxyserver")
    while not server.is_running:
        await asyncio.sleep(0.01)
    ports = server.listen_addrs()[0][1], site.sockets[0].getsockname()[1]
    answers = {path: await asyncio.to_thread(ask, *ports, path) for path in PATHS}
    answers |= {
        f"tunnel {number}": await asyncio.to_thread(talk, ports[0], there, says, parting)
        for number, (says, parting) in enumerate(TALKS)
    }
    master.shutdown()
    await running
    site.close()
    birds.close()
    said = [error for error in errors if "purpose" in error or "crashed" in error]
    return {"answers": answers, "hooks": first.hooks, "errors": said, "left_out": left_out}


if __name__ == "__main__":
    assert threading.current_thread() is threading.main_thread()
    print(json.dumps(asyncio.run(main(sys.argv[1]))))
