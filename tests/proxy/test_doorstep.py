"""What comes to the doorstep: what passes unread does so without mitmproxy's layers, and nothing else passes."""

import asyncio
import contextlib
import gc
import inspect
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import ctx
from mitmproxy.addons.core import Core
from mitmproxy.addons.next_layer import NextLayer
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.addons.tlsconfig import TlsConfig
from mitmproxy.connection import Client
from mitmproxy.http import HTTPFlow, Response
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.proxy.layer import NextLayer as NextLayerOf
from mitmproxy.proxy.mode_servers import AsyncioServerInstance, ProxyConnectionHandler
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.tls import ClientHelloData
from pretend.driven import PINNED, hello
from schoolgate.proxy import chain
from schoolgate.proxy.insides import doorstep, faster
from schoolgate.proxy.kept_out import KeptOut
from schoolgate.proxy.loop import open_loop
from schoolgate.proxy.tunnels import Tunnels
from schoolgate.settings.school_models import SchoolFile

SCHOOL = SchoolFile.model_validate({"name": "S", "roles": {}})
UNREACHED = 1  # a port of loopback on which nobody listens
CONNECT = "CONNECT {}:{} HTTP/1.1\r\nHost: x\r\nUser-Agent: Mozilla/5.0 (X)\r\nProxy-Connection: keep-alive\r\n\r\n"


class Opens:
    """Lets every tunnel begin."""

    name = "tunnels"
    stands_for = ()

    def __init__(self) -> None:
        self.asked = list[tuple[str, int]]()

    def opens(self, client: Client, host: str, port: int) -> bool:
        self.asked.append((host, port))
        if host == "faulty":
            raise ValueError("on purpose")
        return host != "other"


class Hooks:
    """Notes what it is told; passes one name through, and waits at another where nobody may."""

    def __init__(self) -> None:
        self.told = list[str]()

    def tls_clienthello(self, data: ClientHelloData) -> Coroutine[Any, Any, None] | None:
        self.told.append("tls_clienthello")
        data.ignore_connection = data.client_hello.sni == PINNED
        return asyncio.sleep(0.01) if data.client_hello.sni == "waits.example" else None

    def client_connected(self, client: Client) -> None:
        self.told.append("client_connected")

    def client_disconnected(self, client: Client) -> None:
        self.told.append("client_disconnected")

    def server_connect(self, data: ServerConnectionHookData) -> None:
        self.told.append("server_connect")

    def server_connected(self, data: ServerConnectionHookData) -> None:
        self.told.append("server_connected")

    def server_connect_error(self, data: ServerConnectionHookData) -> None:
        self.told.append("server_connect_error")

    def server_disconnected(self, data: ServerConnectionHookData) -> None:
        self.told.append("server_disconnected")


class Minds:
    """Wants to see each CONNECT."""

    def http_connect(self, flow: HTTPFlow) -> None:
        return


class Answers:
    """Answers in each site's place."""

    def request(self, flow: HTTPFlow) -> None:
        flow.response = Response.make(200, b"x")


class Chooses:
    """Wants to say what comes next."""

    def next_layer(self, layer: NextLayerOf) -> None:
        return


class Refuses(Hooks):
    """Lets nobody in, or nobody out."""

    def __init__(self, who: str) -> None:
        super().__init__()
        self._who = who

    def client_connected(self, client: Client) -> None:
        super().client_connected(client)
        if self._who == "device":
            client.error = "no"

    def server_connect(self, data: ServerConnectionHookData) -> None:
        super().server_connect(data)
        if self._who == "site":
            data.server.error = "no"


@asynccontextmanager
async def proxy(folder: Path, *addons: Any, **options: Any) -> AsyncIterator[int]:
    """A proxy with the doorstep; its port. What was open at its end is reset."""
    master = Master(Options(confdir=str(folder)))
    master.addons.add(Core(), Proxyserver(), NextLayer(), TlsConfig(), *addons)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    asked = {"connection_strategy": "lazy", "upstream_cert": False, **options}
    master.options.update(mode=[f"regular@127.0.0.1:{port}"], **asked)
    running = asyncio.create_task(master.run())
    server = master.addons.get("proxyserver")
    while not server.is_running:
        await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        master.shutdown()
        await running


async def say(port: int, *parts: bytes) -> bytes:
    """All that is heard until the other side hangs up, where that is within 20 seconds; each part waits for words."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    async with asyncio.timeout(20):
        for part in parts[:-1]:
            writer.write(part)
            heard += await reader.read(65536)
        writer.write(parts[-1])
        try:
            while more := await reader.read(65536):
                heard += more
        except ConnectionResetError:
            heard += b"reset"
    writer.close()
    return heard


async def parrot(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Repeats what it hears, and hangs up at a Q."""
    while data := await reader.read(40_000):
        writer.write(data)
        if b"Q" in data:
            break
    writer.close()


async def within(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async with asyncio.timeout(90):
        await main()


def change_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have mitmproxy as the gateway has it, until the test is over."""
    for change in faster.CHANGES:
        monkeypatch.setattr(change.owner, change.name, change.instead)


def run(main: Callable[[], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AsyncioServerInstance, "listen", doorstep.listen)
    asyncio.run(within(main))


def test_what_passes_is_told_of_in_the_order_of_mitmproxy_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        site = await asyncio.start_server(parrot, "127.0.0.1", 0)
        there = site.sockets[0].getsockname()[1]
        hooks, opens, said = Hooks(), Opens(), hello(PINNED)
        async with proxy(tmp_path, hooks, opens) as port:
            heard = await say(port, CONNECT.format("127.0.0.1", there).encode(), said + b"Q")
            while "client_disconnected" not in hooks.told:
                await asyncio.sleep(0.01)
        assert heard == doorstep._CONNECTED + said + b"Q"
        assert opens.asked == [("127.0.0.1", there)]
        began = ["client_connected", "tls_clienthello", "server_connect", "server_connected"]
        assert hooks.told == [*began, "server_disconnected", "client_disconnected"]
        site.close()

    run(main, monkeypatch)


def test_a_site_that_cannot_be_reached_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        hooks = Hooks()
        async with proxy(tmp_path, hooks, Opens()) as port:
            heard = await say(port, CONNECT.format("127.0.0.1", UNREACHED).encode(), hello(PINNED))
        assert heard == doorstep._CONNECTED
        began = ["client_connected", "tls_clienthello", "server_connect"]
        assert hooks.told == [*began, "server_connect_error", "client_disconnected"]

    run(main, monkeypatch)


def test_what_is_looked_into_has_come_once_and_speaks_the_schools_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        hooks = Hooks()
        async with proxy(tmp_path, hooks, Opens()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(CONNECT.format("127.0.0.1", UNREACHED).encode())
            assert await reader.readuntil(b"\r\n\r\n") == doorstep._CONNECTED
            trust = ssl.create_default_context(cafile=str(tmp_path / "mitmproxy-ca-cert.pem"))
            await writer.start_tls(trust, server_hostname="looked.example")
            writer.write(b"GET / HTTP/1.1\r\nHost: looked.example\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 502 ")
            writer.close()
            while "client_disconnected" not in hooks.told:
                await asyncio.sleep(0.01)
        assert hooks.told[:2] == ["client_connected", "tls_clienthello"]
        assert hooks.told.count("client_connected") == hooks.told.count("tls_clienthello") == 1

    run(main, monkeypatch)


@pytest.mark.parametrize(
    "first", [b"", hello(PINNED)[:20], b"CON"], ids=["nothing", "half of a hello", "half of a CONNECT"]
)
def test_who_says_no_more_is_hung_up_on(first: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with proxy(tmp_path, Hooks(), Opens(), tcp_timeout=1) as port:
            asked = [CONNECT.format("127.0.0.1", UNREACHED).encode()] if b"CON" not in first and first else []
            assert (await say(port, *asked, first)).removesuffix(b"reset") == doorstep._CONNECTED * len(asked)

    run(main, monkeypatch)


@pytest.mark.parametrize(
    "asked",
    [
        "CONNECT Upper.example:443 HTTP/1.1\r\n\r\n",
        "CONNECT [::1]:443 HTTP/1.1\r\n\r\n",
        "CONNECT a.example:70000 HTTP/1.1\r\n\r\n",
        "CONNECT a.example:0443 HTTP/1.1\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.0\r\n\r\n",
        "CONNECT a.example HTTP/1.1\r\n\r\n",
        "CONNECT a..b:443 HTTP/1.1\r\n\r\n",
        "CONNECT .a:443 HTTP/1.1\r\n\r\n",
        f"CONNECT {'a' * 64}.example:443 HTTP/1.1\r\n\r\n",
        "CONNECT  a.example:443 HTTP/1.1\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nProxy-Authorization: Basic eDp4\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a\x00\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.1\nHost: a\n\n",
        "GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n",
    ],
)
def test_what_is_odd_is_a_matter_for_all_addons(asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        opens = Opens()
        async with proxy(tmp_path, opens, tcp_timeout=1) as port:
            assert (await say(port, asked.encode())).startswith((b"HTTP/1.1 ", b"HTTP/1.0 ", b"reset"))
        assert opens.asked == []

    run(main, monkeypatch)


def test_a_tunnel_that_may_not_begin_so_is_mitmproxys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        opens = Opens()
        async with proxy(tmp_path, opens, tcp_timeout=1) as port:
            heard = await say(port, CONNECT.format("other", 443).encode())
        assert heard.removesuffix(b"reset") == doorstep._CONNECTED
        assert opens.asked == [("other", 443)]

    run(main, monkeypatch)


def test_a_fault_ends_the_connection_and_stands_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with proxy(tmp_path, Hooks(), Opens()) as port:
            assert await say(port, CONNECT.format("faulty", 443).encode()) in (b"", b"reset")
            waits = await say(port, CONNECT.format("127.0.0.1", UNREACHED).encode(), hello("waits.example"))
            assert waits.removesuffix(b"reset") == doorstep._CONNECTED

    with caplog.at_level(logging.ERROR, "mitmproxy.proxy.server"):
        run(main, monkeypatch)
    told = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert "on purpose" in told
    assert any("tls_clienthello would have to be waited for" in each for each in told)


NOT_MET: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "another minds": ((Opens(), Minds()), {}),
    "another chooses": ((Opens(), Chooses()), {}),
    "no addon": ((), {}),
    "ignores": ((Opens(),), {"ignore_hosts": ["ignored"]}),
    "allows": ((Opens(),), {"allow_hosts": ["127.0.0.1"]}),
    "eager": ((Opens(),), {"connection_strategy": "eager"}),
    "from elsewhere": ((Opens(),), {"connect_addr": "127.0.0.1"}),
}


@pytest.mark.parametrize("how", NOT_MET)
def test_where_somebody_minds_nobody_is_met_there(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        addons, options = NOT_MET[how]
        async with proxy(tmp_path, *addons, tcp_timeout=1, **options) as port:
            heard = await say(port, CONNECT.format("127.0.0.1", UNREACHED).encode())
        assert heard.startswith(b"HTTP/1.1 ")
        assert all(each.asked == [] for each in addons if isinstance(each, Opens))

    run(main, monkeypatch)


@pytest.mark.parametrize("who", ["device", "site"])
def test_whoever_is_refused_by_an_addon_reaches_nobody(
    who: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        reached, hooks = list[bool](), Refuses(who)
        site = await asyncio.start_server(lambda *_: reached.append(True), "127.0.0.1", 0)
        there = site.sockets[0].getsockname()[1]
        async with proxy(tmp_path, hooks, Opens()) as port:
            heard = await say(port, CONNECT.format("127.0.0.1", there).encode(), hello(PINNED))
            while "client_disconnected" not in hooks.told:
                await asyncio.sleep(0.01)
        assert heard.removesuffix(b"reset") == (doorstep._CONNECTED if who == "site" else b"")
        assert reached == []
        site.close()

    run(main, monkeypatch)


def test_what_passes_reaches_no_address_that_is_kept_out(tmp_path: Path) -> None:
    async def main() -> None:
        reached, hooks = list[bool](), Hooks()
        site = await asyncio.start_server(lambda *_: reached.append(True), "127.0.0.1", 0)
        there, own = site.sockets[0].getsockname()[1], 8081
        async with proxy(tmp_path, hooks, KeptOut(lambda: SCHOOL), Opens()) as port:
            for host, number in (("127.0.0.1", own), ("localhost", own)):
                heard = await say(port, CONNECT.format(host, number).encode(), hello(PINNED))
                assert heard.removesuffix(b"reset") == doorstep._CONNECTED
            assert hooks.told.count("server_connect_error") == 2
            hooks.told.clear()
            await say(port, CONNECT.format("127.0.0.1", there).encode(), hello(PINNED))
            assert "server_connected" in hooks.told  # this machine itself may reach its other ports
        site.close()

    listening = socket.create_server(("127.0.0.1", 8081)) if is_free(8081) else contextlib.nullcontext()
    with (
        listening,
        pytest.MonkeyPatch.context() as patched,
        asyncio.Runner(loop_factory=lambda: open_loop({})) as runner,
    ):
        patched.setattr(AsyncioServerInstance, "listen", doorstep.listen)
        runner.run(within(main))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("name", [PINNED, "looked.example", ""], ids=["passed", "looked into", "mitmproxy's own"])
def test_who_speaks_stays_longer_than_who_is_silent(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that is given to say something at all ends with the first words."""

    async def main() -> None:
        site = await asyncio.start_server(parrot, "127.0.0.1", 0)
        there = site.sockets[0].getsockname()[1]
        async with proxy(tmp_path, Hooks(), Answers(), Opens(), tcp_timeout=2) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            if name:
                writer.write(CONNECT.format("127.0.0.1", there).encode())
                await reader.readuntil(b"\r\n\r\n")
            if name == PINNED:
                writer.write(hello(name))
            elif name:
                trust = ssl.create_default_context(cafile=str(tmp_path / "mitmproxy-ca-cert.pem"))
                await writer.start_tls(trust, server_hostname=name)
            lasting = asyncio.get_running_loop().time() + 5
            while asyncio.get_running_loop().time() < lasting:
                asked = f"http://127.0.0.1:{UNREACHED}" if not name else ""
                answered = b"." if name == PINNED else f"GET {asked}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode()
                writer.write(answered)
                async with asyncio.timeout(20):
                    assert await reader.read(65536)
                await asyncio.sleep(0.3)
            writer.close()
        site.close()

    run(main, monkeypatch)


class Slow(Answers):
    """Takes longer to answer than a silent device is given."""

    async def request(self, flow: HTTPFlow) -> None:  # type: ignore[override]
        await asyncio.sleep(3)
        super().request(flow)


@pytest.mark.parametrize(
    ("answers", "fast"),
    [(Answers(), False), (Answers(), True), (Slow(), True)],  # mitmproxy hangs up on who waits for a slow answer
    ids=["mitmproxy's", "changed", "changed and slow"],
)
def test_who_has_an_answer_and_says_no_more_is_hung_up_on(
    answers: Answers, fast: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While an answer is made, nobody is held to be silent."""

    async def main() -> None:
        hooks = Hooks()
        async with proxy(tmp_path, hooks, answers, Opens(), tcp_timeout=1) as port:
            heard = await say(port, f"GET http://127.0.0.1:{UNREACHED}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert heard.removesuffix(b"reset").endswith(b"\r\n\r\nx")
            while hooks.told != ["client_connected", "client_disconnected"]:
                await asyncio.sleep(0.05)

    if fast:
        change_all(monkeypatch)
    run(main, monkeypatch)


class Switches:
    """Answers that something else than HTTP is spoken from here on."""

    def request(self, flow: HTTPFlow) -> None:
        flow.response = Response.make(101, b"", {"Connection": "upgrade", "Upgrade": "other"})


@pytest.mark.parametrize("said", [b"", b"more"])
def test_what_becomes_no_http_reaches_no_site_unsecured(
    said: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        hooks = Hooks()
        site = await asyncio.start_server(parrot, "127.0.0.1", 0)
        there = site.sockets[0].getsockname()[1]
        async with proxy(tmp_path, hooks, Switches(), Opens()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(CONNECT.format("127.0.0.1", there).encode())
            await reader.readuntil(b"\r\n\r\n")
            trust = ssl.create_default_context(cafile=str(tmp_path / "mitmproxy-ca-cert.pem"))
            await writer.start_tls(trust, server_hostname="looked.example")
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n")
            writer.write(said)
            async with asyncio.timeout(40):
                with contextlib.suppress(ConnectionResetError):
                    assert said not in (await reader.read()) or not said
        assert "server_connect" not in hooks.told
        site.close()

    change_all(monkeypatch)
    run(main, monkeypatch)


class Waits(Hooks):
    """Waits where a device has gone."""

    async def client_disconnected(self, client: Client) -> None:  # type: ignore[override]
        await asyncio.sleep(0.05)
        super().client_disconnected(client)


@pytest.mark.parametrize("hooks", [Hooks(), Waits()], ids=["at once", "slowly"])
def test_when_a_device_leaves_its_site_is_left_too_and_nothing_stays(
    hooks: Hooks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task that serves a device is ended by what it does itself, and goes on to the end of its work."""

    async def main() -> None:
        gone = list[bytes]()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while (await reader.read(65536)) != b"":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            gone.append(b"")
            writer.close()

        site = await asyncio.start_server(answer, "127.0.0.1", 0)
        there = site.sockets[0].getsockname()[1]
        async with proxy(tmp_path, hooks, Opens()) as port:
            for _ in range(20):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(f"GET http://127.0.0.1:{there}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                await reader.readuntil(b"ok")
                writer.close()
                await writer.wait_closed()
            async with asyncio.timeout(40):
                while len(gone) < 20 or hooks.told.count("client_disconnected") < 20:
                    await asyncio.sleep(0.05)
            await asyncio.sleep(0.3)
            assert hooks.told.count("server_disconnected") == 20
            assert not [each for each in gc.get_objects() if isinstance(each, ProxyConnectionHandler)]
        site.close()

    change_all(monkeypatch)
    gc.collect()
    gc.disable()
    try:
        run(main, monkeypatch)
    finally:
        gc.enable()


def test_when_the_process_ends_nobody_waits_for_its_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hangs(Hooks):
        async def client_disconnected(self, client: Client) -> None:  # type: ignore[override]
            await asyncio.sleep(1000)

    async def main() -> None:
        async with proxy(tmp_path, Hangs(), Answers(), Opens()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET http://127.0.0.1:{UNREACHED}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\nx")

    change_all(monkeypatch)
    run(main, monkeypatch)


def test_who_leaves_in_the_middle_of_a_hello_is_told_of_and_who_stays_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        hooks = Hooks()
        async with proxy(tmp_path, hooks, Opens()) as port:
            server = ctx.master.addons.get("proxyserver")
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(CONNECT.format("127.0.0.1", UNREACHED).encode() + hello(PINNED)[:30])
            await asyncio.sleep(0.2)
            assert hooks.told == ["client_connected"]
            writer.close()
            while len(hooks.told) < 2:
                await asyncio.sleep(0.01)
            assert hooks.told == ["client_connected", "client_disconnected"]
            assert len(server.connections) == 0
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET http://127.0.0.1/ HTTP/1.1\r\n")
            while not server.connections:
                await asyncio.sleep(0.01)
            writer.close()
            while server.connections:
                await asyncio.sleep(0.01)

    run(main, monkeypatch)


def test_the_product_stands_for_every_duty_that_minds_a_connect() -> None:
    duties = {kind for kind in vars(chain).values() if inspect.isclass(kind)}
    assert {kind for kind in duties if any(hasattr(kind, name) for name in doorstep._CONNECTS)} == Tunnels.stands_for
