"""One worker: a process with our own mitmproxy master, which runs until its supervisor says stop or is gone."""

import asyncio
import logging
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.master import Master
from mitmproxy.options import Options

from schoolgate.child import READY, STOP
from schoolgate.proxy.certificates import upstream_bundle
from schoolgate.proxy.chain import chain, open_live
from schoolgate.proxy.live import Live
from schoolgate.proxy.own import has_ipv6
from schoolgate.proxy.pages import Pages, open_pages
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings

log = logging.getLogger("schoolgate")

DRAIN_SECONDS = 5.0
_FLUSH_EVERY = 5.0  # seconds between two writings of the counts


class _SharedPortLoop(asyncio.SelectorEventLoop):
    """Opens listening sockets with SO_REUSEPORT, so that several workers share the proxy's port."""

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        options.setdefault("reuse_port", True)
        return await super().create_server(*args, **options)


def run_worker(
    number: int, settings: Settings, channel: Connection, addons: Callable[[Live], list[Any]] = chain
) -> None:
    """The process's main function. ``channel`` brings new Settings or STOP, and takes READY or words of failure."""
    with asyncio.Runner(loop_factory=_SharedPortLoop) as runner:
        runner.run(_serve(number, settings, channel, addons))


async def _serve(number: int, settings: Settings, channel: Connection, addons: Callable[[Live], list[Any]]) -> None:
    try:
        live = open_live(settings, f"worker{number}")
    except (OSError, SettingsError) as error:
        channel.send(f"worker {number} cannot start: {error}")
        return
    master = Master(Options())
    master.addons.add(*addons(live))
    master.options.update(mode=listeners(settings, number), **options_for(settings))
    running = asyncio.create_task(master.run())
    proxyserver: Proxyserver = master.addons.get("proxyserver")
    while not proxyserver.is_running and not running.done():
        await asyncio.sleep(0.02)
    if not all(server.is_running for server in proxyserver.servers):
        channel.send(f"worker {number} cannot listen on {', '.join(listeners(settings, number))}")
        master.shutdown()
        await running
        return
    channel.send(READY)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    threading.Thread(target=_listen, args=(channel, live, master, loop, stop), daemon=True).start()
    await _until_stopped(live, stop)
    await proxyserver.servers.update([])
    await _drain(live)
    _flush(live)
    master.shutdown()
    await running
    live.journal.close()


def options_for(settings: Settings) -> dict[str, Any]:
    """mitmproxy's options; ``lazy`` keeps a blocked request from touching the site at all."""
    extra = settings.school.upstream_ca
    return {
        "confdir": str(settings.data / "ca"),
        "connection_strategy": "lazy",
        "upstream_cert": False,
        "dns_name_servers": [str(address) for address in settings.school.dns.upstream],
        "rawtcp": False,
        "http3": False,
        "ssl_verify_upstream_trusted_ca": str(
            upstream_bundle(settings.data, settings.folders.root / extra if extra else None)
        ),
    }


def listeners(settings: Settings, number: int) -> list[str]:
    """What is opened, in mitmproxy's words: the proxy that devices are told of, and the port they are redirected to."""
    listen = settings.school.listen
    modes = [f"regular@{host}:{port}" for host, port in listen.proxy]
    everywhere = ["0.0.0.0", "::"] if has_ipv6() else ["0.0.0.0"]
    if listen.transparent is not None:
        modes += [f"transparent@{host}:{listen.transparent}" for host in everywhere]
    if listen.dns is not None and number == 1:  # UDP cannot be shared as TCP can
        modes += [f"dns@{host}:{listen.dns}" for host in everywhere]
    return modes


def _listen(
    channel: Connection, live: Live, master: Master, loop: asyncio.AbstractEventLoop, stop: asyncio.Event
) -> None:
    """A thread that waits for the supervisor; if the supervisor dies, this worker ends too."""
    while True:
        try:
            message = channel.recv()
        except (EOFError, OSError):
            message = STOP
        if message == STOP:
            loop.call_soon_threadsafe(stop.set)
            return
        try:
            message.judge.make_ready()
            pages = open_pages(message)
        except SettingsError as error:
            log.error("%s", error)
            continue
        loop.call_soon_threadsafe(_take_up, live, master, message, pages)


def _take_up(live: Live, master: Master, settings: Settings, pages: Pages) -> None:
    """New settings, and mitmproxy's options that come from them; where they listen does not change while running."""
    try:
        master.options.update(**options_for(settings))
    except Exception as error:
        live.metrics.fault("options")
        log.error("mitmproxy's options could not be changed: %r", error)
    live.take_up(settings, pages)


async def _until_stopped(live: Live, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), _FLUSH_EVERY)
        except TimeoutError:
            _flush(live)


async def _drain(live: Live) -> None:
    """Let requests under way come to their end, for a while."""
    loop = asyncio.get_running_loop()
    end = loop.time() + DRAIN_SECONDS
    while loop.time() < end and any(flow.live for flow in list(live.judged)):
        await asyncio.sleep(0.05)


def _flush(live: Live) -> None:
    try:
        live.flush()
    except OSError as error:
        live.metrics.fault("flush")
        log.error("Counts could not be written yet: %s", error)
