"""The console's process: it serves until its supervisor says stop or is gone, and takes up new settings meanwhile."""

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

import uvicorn

from schoolgate.child import READY, STOP
from schoolgate.console.app import make_app
from schoolgate.console.connections import Hurried
from schoolgate.console.desk import Desk, open_desk
from schoolgate.settings.load import Settings
from schoolgate.store.journal import Journal
from schoolgate.store.pseudonym import open_pseudonyms

log = logging.getLogger("schoolgate")

_DRAIN = 3  # seconds
_MOST_AT_ONCE = 200


class _Server(uvicorn.Server):
    """Leaves signals to the supervisor."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is caught here."""
        yield


def run_console(settings: Settings, channel: Connection) -> None:
    """The process's main function. ``channel`` brings new Settings or STOP, and takes READY or words of failure."""
    address = settings.school.listen.console
    assert address is not None
    try:
        listening = socket.create_server(address, family=socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        journal = Journal(settings.data, "console")
        desk = open_desk(settings, open_pseudonyms(settings.data), journal, time.monotonic)
    except OSError as error:
        channel.send(f"the console cannot start on {address[0]}:{address[1]}: {error}")
        return
    with listening:
        asyncio.run(_serve(desk, listening, channel))
    journal.close()


async def _serve(desk: Desk, listening: socket.socket, channel: Connection) -> None:
    config = uvicorn.Config(
        make_app(desk),
        lifespan="off",
        ws="none",
        http=Hurried,
        loop="asyncio",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_MOST_AT_ONCE,
        timeout_graceful_shutdown=_DRAIN,
        h11_max_incomplete_event_size=16 * 1024,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve([listening]))
    while not server.started and not running.done():
        await asyncio.sleep(0.02)
    if server.started:
        channel.send(READY)
        threading.Thread(target=_listen, args=(channel, desk, server), daemon=True).start()
    await running


def _listen(channel: Connection, desk: Desk, server: uvicorn.Server) -> None:
    """A thread that waits for the supervisor; if the supervisor dies, this process ends too."""
    while True:
        try:
            message = channel.recv()
        except (EOFError, OSError):
            message = STOP
        if message == STOP:
            server.should_exit = True
            return
        desk.settings = message
