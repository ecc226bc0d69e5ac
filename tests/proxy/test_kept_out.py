"""Nobody reaches through the filter what only the machine itself sees, or the networks that it is managed from."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
from mitmproxy.connection import Client, Server
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from schoolgate.proxy.addresses import Addresses
from schoolgate.proxy.kept_out import KeptOut, connect
from schoolgate.proxy.loop import open_loop
from schoolgate.settings.school_models import SchoolFile

SCHOOL = SchoolFile.model_validate(
    {"name": "S", "roles": {}, "gateway": {"inside": ["eth1"], "management": ["192.0.2.0/24", "fd00:99::/64"]}}
)
PUPIL, ADMIN, HERE = "10.20.0.2", "192.0.2.7", "127.0.0.2"


def as_client(client: str, mode: str, host: str, port: int) -> None:
    """What mitmproxy tells before it opens a connection for a client."""
    told = Client(peername=(client, 50000), sockname=("127.0.0.1", 8080), timestamp_start=1.0)
    told.proxy_mode = ProxyMode.parse(mode)
    KeptOut(lambda: SCHOOL).server_connect(ServerConnectionHookData(Server(address=(host, port)), told))


def reached(client: str, host: str, port: int, mode: str = "transparent") -> str:
    """What a connection that the filter opens for a client comes to."""

    async def go() -> str:
        as_client(client, mode, host, port)
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError as error:
            return "kept out" if "belongs to the school's filter" in str(error) else str(error)
        writer.close()
        return "reached"

    with asyncio.Runner(loop_factory=lambda: open_loop({})) as runner:
        return runner.run(go())


@pytest.fixture
def port() -> Iterator[int]:
    """A service that listens on this machine only."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::ffff:127.0.0.1", "0.0.0.0"])
def test_what_only_the_machine_sees_is_reached_from_the_machine_only(port: int, host: str) -> None:
    assert reached(PUPIL, host, port) == "kept out"
    assert reached(ADMIN, host, port) == "kept out"
    assert reached(HERE, host, port) == "reached"


def test_the_filters_own_ports_are_reached_by_nobody() -> None:
    assert reached(HERE, "127.0.0.1", 8081) == "kept out"


@pytest.mark.parametrize("host", ["192.0.2.9", "fd00:99::9"])
def test_the_networks_it_is_managed_from_are_reached_from_there_only(host: str) -> None:
    async def go(client: str) -> str:
        async def open_to(address: str) -> str:
            return address

        as_client(client, "transparent", host, 443)
        return await connect(open_to, Addresses(), host, 443)

    assert asyncio.run(go(ADMIN)) == host
    with pytest.raises(OSError, match="the network that it is managed from"):
        asyncio.run(go(PUPIL))


def test_the_resolver_asks_whom_the_school_says(port: int) -> None:
    assert reached(PUPIL, "127.0.0.1", port, "dns") == "reached"
