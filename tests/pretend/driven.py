"""A small proxy and what it did, as JSON: ``driven.py plain`` with mitmproxy as it came, ``driven.py faster`` changed.

``driven.py doorstep`` is changed, and tunnels begin on the doorstep.

Its addons do what addons may do: answer, wait, fail, stop the others, kill, stream and stay silent.
"""

import asyncio
import gc
import hashlib
import json
import logging
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mitmproxy.addons.core import Core
from mitmproxy.addons.dns_resolver import DnsResolver
from mitmproxy.addons.next_layer import NextLayer
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.addons.tlsconfig import TlsConfig
from mitmproxy.connection import Client
from mitmproxy.exceptions import AddonHalt
from mitmproxy.http import HTTPFlow, Response
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.proxy.layer import Layer
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler
from mitmproxy.tls import ClientHelloData
from schoolgate.proxy.insides import faster

PAGE = b"x" * 70_000
PINNED = "pinned.example"
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

    def tls_clienthello(self, data: ClientHelloData) -> None:
        data.ignore_connection = data.client_hello.sni == PINNED

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


class Opens:
    """Lets every tunnel begin."""

    name = "tunnels"
    stands_for = ()

    def __init__(self) -> None:
        self.opened = 0

    def opens(self, client: Client, host: str, port: int) -> bool:
        self.opened += 1
        return True


PATHS = (
    *("/plain", "/later", "/halt", "/bad", "/async-bad", "/async-halt", "/answer", "/answer-later", "/stream", "/slow"),
    *("/later-async-bad-slow", "/chunked", "/chunked-stream", "/cut", "/kill"),
)


_OK, _TWO, _KEEP = b"HTTP/1.1 200 OK\r\n", b"Content-Length: 2\r\n", b"Connection: keep-alive\r\n"
ANSWERS: dict[str, tuple[bytes, ...]] = {
    "kept open": (_OK + _TWO + _KEEP + b"\r\nok",),
    "closed": (_OK + _TWO + b"Connection: close\r\n\r\nok",),
    "both": (_OK + _TWO + b"Connection: keep-alive, close\r\n\r\nok",),
    "Kept open": (_OK + _TWO + b"Connection: Keep-Alive\r\n\r\nok",),
    "nothing": (_OK + b"Content-Length: 0\r\n\r\n",),
    "ten thousand": (_OK + b"Content-Length: 10000\r\n\r\n" + b"x" * 10_000,),
    "in pieces": (_OK[:9], _OK[9:] + _TWO + b"\r", b"\n", b"o", b"k"),
    "in chunks": (_OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", b"0\r\n", b"\r\n"),
    "in Chunks": (_OK + b"Transfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",),
    "both lengths": (_OK + _TWO + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",),
    "two lengths": (_OK + _TWO + _TWO + b"\r\nok",),
    "no number": (_OK + b"Content-Length: +2\r\n\r\nok",),
    "packed, to the end": (_OK + b"Transfer-Encoding: gzip\r\n\r\nok", b""),
    "to the end": (_OK + b"\r\no", b"k", b""),
    "old": (b"HTTP/1.0 200 OK\r\n" + _TWO + b"\r\nok",),
    "old and kept open": (b"HTTP/1.0 200 OK\r\n" + _TWO + _KEEP + b"\r\nok",),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n",),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\n" + _TWO + b"\r\n",),
    "more than said": (_OK + _TWO + b"\r\nokand more",),
    "more later": (_OK + _TWO + b"\r\nok", b"and more"),
    "switched": (b"HTTP/1.1 101 Switching Protocols\r\n" + _TWO + b"\r\nok", b""),
    "lines end in one": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",),
    "lines end in both": (b"HTTP/1.1 200 OK\nA: 1\r\nContent-Length: 2\r\n\r\nok",),
    "lines end in both, first in two": (_OK + b"Content-Length: 2\nA: 1\r\n\nok\r\n\r\n",),
    "lines end in three": (_OK + b"A: 1\r\r\n" + _TWO + b"\r\nok",),
    "begins with an empty line": (b"\r\n" + _OK + _TWO + b"\r\nok",),
    "begins with one of one": (b"\n" + _OK + _TWO + b"\r\nok",),
    "no headers": (_OK + b"\r\n", b"ok", b""),
    "nothing at all": (b"",),
    "on the way": (b"HTTP/1.1 103 Early Hints\r\nA: 1\r\n\r\n" + _OK + _TWO + b"\r\nok",),
}
"""What a site says, piece by piece; with an empty one it hangs up."""

TALKS = ((b"hello", b"Q"), (bytes(range(65)) * 50_000, b"Q"), (b"x" * 3_000_000, b""), (b"", b"Q"))


async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while (head := await reader.readuntil(b"\r\n\r\n")) if not reader.at_eof() else b"":
        path = head.split()[1].decode()
        if path.startswith("/site/"):
            for piece in ANSWERS[unquote(path[6:])]:
                writer.write(piece)
                await asyncio.sleep(0.05)
                if not piece:
                    writer.close()
                    return
        elif "chunked" in path:
            chunk = b"%x\r\n%b\r\n" % (len(PAGE), PAGE)
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 2 + b"0\r\n\r\n")
        elif "cut" in path:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nhalf")
            writer.close()
            return
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nA: 1\r\na: 2\r\n\r\n%b" % (len(PAGE), PAGE))
            if "idle" in path:
                await asyncio.sleep(0.5)
                writer.write(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
                writer.close()
                return


async def parrot(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Repeats what it hears, and hangs up at a Q."""
    while data := await reader.read(40_000):
        writer.write(data)
        await writer.drain()
        if b"Q" in data:
            break
    writer.close()


def talk(port: int, there: int, says: bytes, parting: bytes, first: bytes = b"") -> str:
    """What comes back through a tunnel that nobody reads, and how it ends: by the other side where we say a Q."""
    with socket.create_connection(("127.0.0.1", port), timeout=40) as line:
        line.sendall(f"CONNECT 127.0.0.1:{there} HTTP/1.1\r\n\r\n".encode())
        assert b" 200 " in line.recv(65536)
        line.sendall(first)
        says = first + says
        saying = threading.Thread(target=line.sendall, args=(says[len(first) :],))
        saying.start()
        heard = bytearray()
        while len(heard) < len(says):
            heard += line.recv(65536)
        line.sendall(parting)
        while parting and (more := line.recv(65536)):
            heard += more
        saying.join(40)
    return f"{hashlib.sha256(heard).hexdigest()} {len(heard)} {bytes(heard[-12:]).decode(errors='replace')}"


def said(path: str, site: int, more: bytes = b"", method: str = "GET") -> bytes:
    """A request to the site, through the proxy or within a tunnel."""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{site}\r\n".encode() + more + b"\r\n"


def hello(name: str) -> bytes:
    """A ClientHello for a name, the same each time (RFC 8446, 4.1.2)."""
    named = b"\0" + len(name).to_bytes(2) + name.encode()
    listed = len(named).to_bytes(2) + named
    extension = b"\0\0" + len(listed).to_bytes(2) + listed
    body = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + len(extension).to_bytes(2) + extension
    whole = b"\1" + len(body).to_bytes(3) + body
    return b"\x16\3\1" + len(whole).to_bytes(2) + whole


def conversations(site: int, safe: int, there: int) -> dict[str, tuple[bytes, ...]]:
    """What is said to the proxy, piece by piece; what follows ``TLS`` is said within TLS to the site, ``HEAR`` waits."""
    full, last = f"http://127.0.0.1:{site}", b"Connection: close\r\n"
    ends = (f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode() for port in (site, safe, there))
    tunnel, within, passed = ends
    thrice = said("/plain", site) + said("/later", site) + said("/slow", site, last)
    odd = (
        *(
            b"GET http://exa mple/ HTTP/1.1\r\n\r\n",
            b"GET http://[::1/ HTTP/1.1\r\n\r\n",
            b"G\xc3\xa9T / HTTP/1.1\r\n\r\n",
        ),
        *(b"GET http://h:99999/ HTTP/1.1\r\n\r\n", b"GET http://u@h/ HTTP/1.1\r\n\r\n", b"CONNECT h HTTP/1.1\r\n\r\n"),
        *(
            b"GET http:///x HTTP/1.1\r\n\r\n",
            b"GET /x HTTP/1.1\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\n\r\n",
            b"\r\n\r\nGET\r\n\r\n",
        ),
        *(b"GET ftp://h/x HTTP/1.1\r\n\r\n", b"GET http://h/x HTTP/2.9\r\n\r\n", b"GET http://h..h/x HTTP/1.1\r\n\r\n"),
        *(b"GET http://\xc3\xbc.example/ HTTP/1.1\r\n\r\n", b"GET http://h/x HTTP/1.1\r\n: none\r\n\r\n"),
        *(b"\r\n\r\n" + thrice, b"\n" + thrice, thrice.replace(b"\r\n", b"\n"), thrice.replace(b"\r\nHost", b"\nHost")),
        *(thrice.replace(b"\r\n\r\n", b"\r\nA: 1\r\r\n\r\n"), thrice.replace(b"\r\n\r\n", b"\n\r\n")),
        *(b"GET http://h/x HTTP/1.1\r\nA b: 1\r\n\r\n", b"GET http://h/x HTTP/1.1\r\nnothing\r\n\r\n"),
    )
    headers = (
        *(b"Content-Length: 05\r\n", b"Content-Length: 1\r\nContent-Length: 1\r\n", b"Content-Length: -1\r\n"),
        *(
            b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: gzip\r\n",
            b"X: 1\r\n folded\r\n",
        ),
        *(
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            b"Expect: 100-continue\r\nContent-Length: 2\r\n",
        ),
        *(
            b"Content-Length: 2\r\n",
            b"TRANSFER-ENCODING: Chunked\r\n",
            b"Content-Length: \r\n",
            b"Content-Length: 9\r\n",
        ),
    )
    plain = {
        "one after the other": (thrice.replace(b"GET /", f"GET {full}/".encode()),),
        "in pieces": tuple(bytes([byte]) for byte in said(f"{full}/plain", site, last)),
        "answers of ours": (
            *(said(f"{full}/answer", site) * 2, said(f"{full}/answer-later", site), said(f"{full}/kill", site, last)),
        ),
        "streams": (said(f"{full}/stream", site) + said(f"{full}/chunked-stream", site, last),),
        "an old one": (f"GET {full}/plain HTTP/1.0\r\n\r\n".encode(),),
        "a tunnel": (tunnel, thrice),
        "a tunnel at once": (tunnel + thrice,),
        "a tunnel in a tunnel": (tunnel, tunnel, thrice),
        "a tunnel that is hung up": (tunnel, said("/plain", site)[:-2]),
        "no TLS at all": (within, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"),
        "half of a hello": (within, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        "TLS": (within, b"TLS", thrice),
        "TLS in pieces": (within, b"TLS", thrice[:40], thrice[40:90], thrice[90:]),
        "a tunnel in TLS": (within, b"TLS", tunnel, thrice),
        "a site that still speaks beside a tunnel": (said(f"{full}/idle", site), tunnel, said("/plain", site)),
        "passed through": (passed, hello(PINNED), b"HEAR", b"and so on", b"HEAR", b"Q"),
        "passed through at once": (passed + hello(PINNED) + b"and so on Q",),
        "passed through in pieces": (passed, *(bytes([byte]) for byte in hello(PINNED)), b"HEAR", b"Q"),
        "TLS at once": (within + hello("other.example"),),
        "a hello in pieces": (within, *(bytes([byte]) for byte in hello("other.example"))),
        "passed through in TLS": (b"TLS", passed, hello(PINNED), b"HEAR", b"and so on", b"HEAR", b"Q"),
        "passed through beside a site": (said(f"{full}/idle", site), passed, hello(PINNED), b"HEAR", b"and so on"),
        "streams in TLS": (within, b"TLS", said("/stream", safe) + said("/chunked-stream", safe, last)),
    }
    plain |= {f"odd {number}": (each,) for number, each in enumerate(odd)}
    sent = {f"sent {number}": said(f"{full}/plain", site, last + each, "POST") for number, each in enumerate(headers)}
    return plain | {name: (each, b"2\r\nab\r\n0\r\n\r\n") for name, each in sent.items()}


def answered(site: int, safe: int) -> dict[str, tuple[bytes, ...]]:
    """What is said to the proxy for all that a site may say, and for a plain answer after it."""
    full, last = f"http://127.0.0.1:{site}", b"Connection: close\r\n"
    within, talks = f"CONNECT 127.0.0.1:{safe} HTTP/1.1\r\n\r\n".encode(), dict[str, tuple[bytes, ...]]()
    for name, pieces in ANSWERS.items():
        path = quote(f"/site/{name}")
        talks[f"a site: {name}"] = (said(full + path, site) + said(f"{full}/plain", site, last),)
        if len(pieces) == 1 and pieces[0].startswith(b"HTTP"):  # else what comes first is a matter of time
            asked = said(full + path, site, method="HEAD"), b"HEAR", said(f"{full}/plain", site, last)
            talks[f"a site, asked for no body: {name}"] = asked
            talks[f"a site in TLS: {name}"] = (within, b"TLS", said(path, safe), b"HEAR", said("/plain", safe, last))
    return talks


def small(port: int, safe: int) -> str:
    """What a device hears that asks for records of 512 bytes (RFC 6066, 4)."""
    command = ["openssl", "s_client", "-proxy", f"127.0.0.1:{port}", "-connect", f"127.0.0.1:{safe}", "-quiet"]
    asks = said(quote("/site/ten thousand"), safe) + said("/plain", safe, b"Connection: close\r\n")
    done = subprocess.run([*command, "-maxfraglen", "512"], input=asks, capture_output=True, timeout=40, check=False)
    return f"{len(done.stdout)} {hashlib.sha256(done.stdout).hexdigest()} {done.stdout[:200].decode(errors='replace')}"


def converse(port: int, parts: tuple[bytes, ...], ports: tuple[int, ...]) -> str:
    """All that is heard until the other side hangs up or says nothing more."""
    heard, trust = b"", ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    line = socket.create_connection(("127.0.0.1", port), timeout=40)
    try:
        for part in parts:
            if part == b"TLS":
                line = trust.wrap_socket(line)
                continue
            if part == b"HEAR":
                heard += line.recv(65536)
                continue
            line.sendall(part)
            if part.startswith(b"CONNECT") and part.endswith(b"\r\n\r\n") and part.count(b"\r\n\r\n") == 1:
                heard += line.recv(65536)
        line.settimeout(4)
        while more := line.recv(65536):
            heard += more
    except TimeoutError:
        heard += b" and no more"
    except OSError:
        pass  # hung up on what we were still saying, or were about to
    finally:
        line.close()
    for number in ports:
        heard = heard.replace(str(number).encode(), b"PORT")
    shown = heard if len(heard) < 1500 else heard[:300] + heard[-40:]
    return f"{len(heard)} {hashlib.sha256(heard).hexdigest()[:12]} {shown.decode(errors='replace')}"


def certificate(folder: Path) -> tuple[Path, Path]:
    """What the safe site shows, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    files = folder / "site.pem", folder / "site.key"
    files[0].write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return files


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


def left() -> int:
    """How much is there of what connections and requests are made of."""
    kinds = HTTPFlow, Layer, ProxyConnectionHandler
    return sum(isinstance(each, kinds) for each in gc.get_objects())


async def main(how: str) -> dict[str, Any]:
    gc.disable()
    logging.getLogger().addHandler(Seen())
    left_out = faster.switch_on() if how != "plain" else []
    site = await asyncio.start_server(origin, "127.0.0.1", 0)
    birds = await asyncio.start_server(parrot, "127.0.0.1", 0)
    others = await asyncio.start_server(parrot, "127.0.0.1", 0)
    there = birds.sockets[0].getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="driven-"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(folder))
    kept = await asyncio.start_server(origin, "127.0.0.1", 0, ssl=context)
    first, master = First(), Master(Options(confdir=str(folder)))
    master.addons.add(Core(), Proxyserver(), NextLayer(), TlsConfig(), DnsResolver(), first, Second(first))
    unread = [f":{there}$"] if how != "doorstep" else []
    door = Opens()
    master.addons.add(door)
    listening = socket.create_server(("127.0.0.1", 0))  # for a port that nobody else takes
    free = listening.getsockname()[1]
    listening.close()
    master.options.update(mode=[f"regular@127.0.0.1:{free}"], connection_strategy="lazy", ignore_hosts=unread)
    master.options.update(ssl_insecure=True, upstream_cert=False)
    running = asyncio.create_task(master.run())
    server = master.addons.get("proxyserver")
    while not server.is_running:
        await asyncio.sleep(0.01)
    ports = server.listen_addrs()[0][1], site.sockets[0].getsockname()[1]
    sites = ports[1], kept.sockets[0].getsockname()[1], others.sockets[0].getsockname()[1]
    answers = {path: await asyncio.to_thread(ask, *ports, path) for path in PATHS}
    answers |= {
        f"tunnel {number}": await asyncio.to_thread(talk, ports[0], there, says, parting)
        for number, (says, parting) in enumerate(TALKS if unread else ())
    }
    said_first = hello(PINNED)
    answers |= {
        f"pinned {number}": await asyncio.to_thread(talk, ports[0], sites[2], says, parting, said_first)
        for number, (says, parting) in enumerate(TALKS)
    }
    hooks, first.hooks = first.hooks, {}
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(100))  # all talk at once
    for talks in (conversations(*sites), answered(*sites[:2])):
        heard = [asyncio.to_thread(converse, ports[0], parts, (*sites, ports[0])) for parts in talks.values()]
        answers |= dict(zip(talks, await asyncio.gather(*heard), strict=True))
    if shutil.which("openssl"):
        answers["small records"] = await asyncio.to_thread(small, ports[0], sites[1])
    master.shutdown()
    await running
    shutil.rmtree(folder)
    site.close()
    kept.close()
    birds.close()
    others.close()
    await asyncio.sleep(0.1)
    failed = [error for error in errors if "purpose" in error or "crashed" in error]
    counted = {path: dict(sorted(Counter(names).items())) for path, names in sorted(first.hooks.items())}
    return {
        "answers": answers,
        "hooks": hooks,
        "counted": counted,
        "errors": failed,
        "left_out": left_out,
        "opened": door.opened,
        "left": left(),
    }


if __name__ == "__main__":
    assert threading.current_thread() is threading.main_thread()
    print(json.dumps(asyncio.run(main(sys.argv[1]))))
