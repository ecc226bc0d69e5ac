"""A client that says what it is told to, byte by byte, over plain connections, tunnels and TLS."""

import re
import socket
import ssl
from dataclasses import dataclass
from typing import Self

from h2.connection import H2Connection

from pretend.gateway import Gateway

PUPIL = "127.0.0.2"
REFERENCE = re.compile(rb"<code>([0-9A-Z-]+)</code>")


@dataclass(frozen=True)
class Said:
    """An answer: its status (0 where there was none), its header lines, and its body as it came."""

    status: int
    head: bytes = b""
    body: bytes = b""

    @property
    def ref(self) -> str:
        """The reference of a block page, which the record has to know; "" on any other page."""
        found = REFERENCE.search(self.body)
        return found[1].decode() if self.status == 403 and found else ""


class Raw:
    """One connection of a device to the gateway's proxy."""

    def __init__(self, gateway: Gateway, client: str = PUPIL, timeout: float = 20) -> None:
        self.gateway = gateway
        place = ("127.0.0.1", gateway.school.proxy_port)
        self.line: socket.socket = socket.create_connection(place, timeout, (client, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def send(self, data: bytes) -> Self:
        """Raises OSError where the gateway has hung up."""
        self.line.sendall(data)
        return self

    def tunnel(self, host: str, port: int, *protocols: str, more: str = "") -> Self:
        """CONNECT (with ``more`` headers), and TLS inside, by the school's certificate. Raises OSError."""
        place = f"{host}:{port}"
        answer = self.send(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{more}\r\n".encode()).answer()
        if answer.status != 200:
            raise ConnectionRefusedError(answer.status)
        context = ssl.create_default_context(cafile=str(self.gateway.school.ca))
        context.set_alpn_protocols(list(protocols) or ["http/1.1"])
        self.line = context.wrap_socket(self.line, server_hostname=host)
        return self

    def http2(self, host: str, port: int) -> H2Connection:
        """A tunnel that speaks HTTP/2, with the preface sent."""
        self.tunnel(host, port, "h2")
        connection = H2Connection()
        connection.initiate_connection()
        self.send(connection.data_to_send())
        return connection

    def answer(self) -> Said:
        """The next answer, or none where the connection ends or stays silent before one is whole."""
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (more := self.line.recv(65536)):
                    return Said(0)
                head += more
            head, _, body = head.partition(b"\r\n\r\n")
            status = int(head[9:12])
            length = re.search(rb"\r\ncontent-length: *(\d+)", head.lower())
            wanted = 0 if status == 200 and b"established" in head.lower() else int(length[1]) if length else 1 << 40
            while len(body) < wanted and (more := self.line.recv(65536)):
                body += more
        except (OSError, ValueError):
            return Said(0)
        return Said(status, head, body)


def get(gateway: Gateway, url: str, client: str = PUPIL, timeout: float = 20, more: str = "") -> Said:
    """One request of its own connection, by ``http://host:port/path`` or ``https://``; quicker than a curl.

    ``more`` are headers of the CONNECT.
    """
    scheme, _, rest = url.partition("://")
    place, _, path = rest.partition("/")
    host, _, port = place.partition(":")
    ask = f"GET {url if scheme == 'http' else '/' + path} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: Mozilla/5.0\r\n"
    ask += "Accept: text/html\r\nSec-Fetch-Dest: document\r\nConnection: close\r\n\r\n"
    try:
        with Raw(gateway, client, timeout) as raw:
            if scheme == "https":
                raw.tunnel(host, int(port), more=more)
            return raw.send(ask.encode()).answer()
    except OSError:
        return Said(0)
