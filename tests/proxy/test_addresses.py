"""The addresses of a site are asked for once in a while, and again at once where the site has moved."""

import asyncio
import socket
from collections.abc import Iterable

import pytest
from mitmproxy.connection import Client, Server
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from schoolgate.proxy import addresses
from schoolgate.proxy.addresses import Addresses
from schoolgate.proxy.kept_out import KeptOut, connect
from schoolgate.settings.school_models import SchoolFile

SCHOOL = SchoolFile.model_validate({"name": "S", "roles": {}, "gateway": {"management": ["192.0.2.0/24"]}})


class Resolver(asyncio.DefaultEventLoopPolicy):
    """A loop that asks nobody: each answer is the next of ``says``, the last one for ever."""

    def __init__(self, says: Iterable[list[str]]) -> None:
        super().__init__()
        self.says, self.asked = list(says), 0

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = super().new_event_loop()

        async def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
            self.asked += 1
            found = self.says.pop(0) if len(self.says) > 1 else self.says[0]
            if not found:
                raise socket.gaierror("Name or service not known")
            return [(0, 0, 0, "", (address, port)) for address in found]

        loop.getaddrinfo = getaddrinfo  # type: ignore[method-assign,assignment]
        return loop


def opened(resolver: Resolver, known: Addresses, answering: set[str], host: str = "a.example") -> str:
    """The address that a pupil's connection to the host comes to, where these answer."""

    async def open_to(address: str) -> str:
        if address not in answering:
            raise ConnectionRefusedError(address)
        return address

    async def go() -> str:
        told = Client(peername=("10.20.0.2", 50000), sockname=("127.0.0.1", 8080), timestamp_start=1.0)
        told.proxy_mode = ProxyMode.parse("transparent")
        KeptOut(lambda: SCHOOL).server_connect(ServerConnectionHookData(Server(address=(host, 443)), told))
        return await connect(open_to, known, host, 443)

    with asyncio.Runner(loop_factory=resolver.new_event_loop) as runner:
        return runner.run(go())


def test_a_name_is_asked_for_once() -> None:
    resolver, known = Resolver([["203.0.113.1", "203.0.113.2"]]), Addresses()
    assert [opened(resolver, known, {"203.0.113.2"}) for _ in range(5)] == ["203.0.113.2"] * 5
    assert resolver.asked == 1


def test_what_was_told_too_long_ago_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_HOLDS", 0.0)
    resolver, known = Resolver([["203.0.113.1"], ["203.0.113.2"]]), Addresses()
    both = {"203.0.113.1", "203.0.113.2"}
    assert [opened(resolver, known, both) for _ in range(2)] == ["203.0.113.1", "203.0.113.2"]


def test_a_site_that_has_moved_is_found_at_once() -> None:
    resolver, known = Resolver([["203.0.113.1"], ["203.0.113.2"]]), Addresses()
    assert opened(resolver, known, {"203.0.113.1"}) == "203.0.113.1"
    assert opened(resolver, known, {"203.0.113.2"}) == "203.0.113.2"
    assert resolver.asked == 2


def test_a_site_that_is_down_is_asked_for_no_longer_than_it_takes() -> None:
    resolver, known = Resolver([["203.0.113.1"]]), Addresses()
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            opened(resolver, known, set())
    assert resolver.asked == 2


def test_a_name_that_moves_into_the_schools_own_network_is_kept_out_all_the_same() -> None:
    resolver, known = Resolver([["203.0.113.1"], ["192.0.2.9"]]), Addresses()
    assert opened(resolver, known, {"203.0.113.1"}) == "203.0.113.1"
    with pytest.raises(OSError, match="the network that it is managed from"):
        opened(resolver, known, {"192.0.2.9"})


def test_a_name_that_nobody_knows_is_not_remembered_as_such() -> None:
    resolver, known = Resolver([[], ["203.0.113.1"]]), Addresses()
    with pytest.raises(OSError, match="Name or service not known"):
        opened(resolver, known, set())
    assert opened(resolver, known, {"203.0.113.1"}) == "203.0.113.1"


def test_an_address_asks_nobody() -> None:
    resolver, known = Resolver([[]]), Addresses()
    assert opened(resolver, known, {"203.0.113.9"}, "203.0.113.9") == "203.0.113.9"
    assert resolver.asked == 0
