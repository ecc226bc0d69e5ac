"""A worker's event loop: it listens where it is told to, and connects to no address that is kept out."""

import os
import socket
from collections.abc import Mapping
from typing import Any

import uvloop

from schoolgate.proxy.addresses import Addresses
from schoolgate.proxy.doors import BACKLOG
from schoolgate.proxy.kept_out import connect

_RESOLVING = "128"  # twice the names looked up at once; of libuv's own 4, two that nobody answers hold up all others


def open_loop(handed: Mapping[tuple[str, int], socket.socket]) -> uvloop.Loop:
    """The loop of this process; ``handed`` are the supervisor's listening sockets by host and port."""
    os.environ.setdefault("UV_THREADPOOL_SIZE", _RESOLVING)
    return _Loop(handed)


class _Loop(uvloop.Loop):
    """Listens on sockets that the supervisor handed over, where there are; connects to no address that is kept out."""

    def __init__(self, handed: Mapping[tuple[str, int], socket.socket]) -> None:
        super().__init__()
        self._handed = handed
        self._addresses = Addresses()

    async def create_server(self, *args: Any, **options: Any) -> Any:
        handed = self._handed.get(args[1:3])
        options.setdefault("backlog", BACKLOG)  # else a socket that is handed over gets 100
        if handed is None:
            options.setdefault("reuse_port", True)
            return await super().create_server(*args, **options)
        return await super().create_server(args[0], sock=handed.dup(), **options)

    async def create_connection(self, *args: Any, **options: Any) -> Any:
        opening = super().create_connection
        if len(args) < 3 or args[1] is None:
            return await opening(*args, **options)
        factory, host, port = args
        return await connect(lambda address: opening(factory, address, port, **options), self._addresses, host, port)
