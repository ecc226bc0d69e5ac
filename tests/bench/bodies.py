"""A site that makes and takes bodies of any size, holds none of them, and counts the connections that reach it.

``python bodies.py ADDRESS CERTIFICATE KEY`` serves ports 80 and 443. ``GET /123`` answers with so many bytes, any body
that is sent is read to its end, and ``GET /accepted`` tells how many connections there were before this one.
"""

import contextlib
import itertools
import socket
import ssl
import sys
import threading

_PIECE = bytes(1 << 18)


class Bodies:
    """Each connection has a thread of its own; there are few."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def accept(self, listening: socket.socket, context: ssl.SSLContext | None) -> None:
        """Take connections for ever."""
        while True:
            connection = listening.accept()[0]
            threading.Thread(target=self._serve, args=(connection, next(self._numbers), context), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int, context: ssl.SSLContext | None) -> None:
        with contextlib.suppress(OSError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is None:
                _talk(connection, number)
            else:
                with context.wrap_socket(connection, server_side=True) as secure:
                    _talk(secure, number)


def _talk(connection: socket.socket, number: int) -> None:
    buffer, data = bytearray(1 << 18), b""
    while True:
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        head, _, data = data.partition(b"\r\n\r\n")
        path, sent = head.split()[1].decode(), _length(head) - len(data)
        data = b""
        while sent > 0:
            got = connection.recv_into(buffer, min(sent, len(buffer)))
            if not got:
                return
            sent -= got
        if path == "/accepted":
            _answer(connection, len(str(number)), str(number).encode())
        else:
            _answer(connection, int(path[1:]) if path[1:].isdigit() else 0)


def _length(head: bytes) -> int:
    """What a body's length is said to be."""
    lines = (line.lower() for line in head.split(b"\r\n"))
    return next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)


def _answer(connection: socket.socket, size: int, body: bytes = b"") -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n"
    connection.sendall(head.encode() + body)
    for start in range(len(body), size, len(_PIECE)):
        connection.sendall(_PIECE[: size - start])


def main() -> None:
    """Serve until the process is ended."""
    address, certificate, key = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    bodies = Bodies()
    for port, how in ((80, None), (443, context)):
        listening = socket.create_server((address, port), backlog=1024)
        threading.Thread(target=bodies.accept, args=(listening, how), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
