"""Leads every connection that the demo's gateway would open to the pretend internet on this machine.

The product's own chain of duties stands behind it unchanged, and knows nothing of it: only ``schoolgate demo`` starts
workers with it, and no setting can.
"""

from multiprocessing.connection import Connection
from typing import Any

from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from schoolgate.proxy.chain import chain
from schoolgate.proxy.doors import Doors
from schoolgate.proxy.live import Live
from schoolgate.proxy.worker import run_worker
from schoolgate.settings.load import Settings

_PLAIN = 80


class Signposts:
    """An addon of mitmproxy; ``http`` and ``tls`` are the ports of the pretend internet."""

    def __init__(self, http: int, tls: int) -> None:
        self._http, self._tls = http, tls

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Every name leads to this machine: port 80 to the plain sites, all else to those over TLS."""
        if data.server.transport_protocol != "tcp" or data.server.address is None:
            data.server.error = "The pretend internet has no such service."
            return
        plain = data.server.address[1] == _PLAIN
        data.server.address = ("127.0.0.1", self._http if plain else self._tls)


def run_demo_worker(http: int, tls: int, number: int, doors: Doors, settings: Settings, channel: Connection) -> None:
    """A worker as in production, with the signposts in front of its chain."""

    def with_signposts(live: Live) -> list[Any]:
        return [Signposts(http, tls), *chain(live)]

    run_worker(number, doors, settings, channel, with_signposts)
