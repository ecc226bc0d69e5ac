"""One worker: a process with our own mitmproxy master, which runs until its supervisor says stop or is gone.

A worker may be started ahead as the spare: it has everything imported, read and built, and waits for a number.
"""

import asyncio
import contextlib
import gc
import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.http import HTTPFlow
from mitmproxy.master import Master
from mitmproxy.options import Options

from schoolgate.child import LEAVE, READY, STOP, be_called, beat
from schoolgate.crew import SPARE
from schoolgate.lists.guards import know_suffixes
from schoolgate.memory import give_back
from schoolgate.proxy.certificates import keep_to_authority, upstream_bundle
from schoolgate.proxy.chain import chain, make_ready, open_live
from schoolgate.proxy.doors import Doors, doors_of
from schoolgate.proxy.insides import faster
from schoolgate.proxy.live import Live
from schoolgate.proxy.loop import open_loop
from schoolgate.proxy.only_here import OnlyHere
from schoolgate.proxy.pages import Pages, open_pages
from schoolgate.proxy.resolvers import resolvers
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings

log = logging.getLogger("schoolgate")

DRAIN_SECONDS = 5.0  # that requests under way may take when the gateway stops
LEAVE_SECONDS = 60.0  # that they may take when another worker has taken this one's place
_QUIET = 1.5  # seconds without any request after which a worker that was replaced ends
_FLUSH_EVERY = 5.0  # seconds between two writings of the counts
_TIDY_EVERY = 12  # writings of the counts: a minute
_BEAT_EVERY = 1.0  # seconds
_AT_START = 1.0  # seconds that being ready waits for ports that the worker before may still have
_AGAIN = 0.02  # seconds
_LOOKS = (2000, 5, 5)  # objects between two looks of the garbage collector, and looks between longer ones


@dataclass(slots=True)
class _Orders:
    """What the supervisor said: to stop taking connections, and to be quick about those that are left."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)


class _Farewell:
    """An addon of mitmproxy that lets devices open their next connection elsewhere, where HTTP/1 has a word for it."""

    def responseheaders(self, flow: HTTPFlow) -> None:
        if flow.response is not None and flow.response.status_code != 101 and not flow.request.is_http2:
            flow.response.headers["connection"] = "close"

    response = responseheaders


def run_worker(
    number: int, doors: Doors, settings: Settings, channel: Connection, addons: Callable[[Live], list[Any]] = chain
) -> None:
    """The process's main function. ``channel`` brings new Settings or STOP, and takes READY or words of failure.

    As SPARE it brings the number to work under, too.
    """
    if number == SPARE:
        given = _wait_for_number(settings, channel)
        if given is None:
            return
        number, settings = given
    with asyncio.Runner(loop_factory=lambda: open_loop(doors[number])) as runner:
        runner.run(_serve(number, len(doors), settings, channel, addons))


def _wait_for_number(settings: Settings, channel: Connection) -> tuple[int, Settings] | None:
    """Have everything at hand until there is a place to take; None where there will be none."""
    make_ready(settings)
    open_pages(settings)
    know_suffixes()
    channel.send(READY)
    while True:
        try:
            message = channel.recv()
            if isinstance(message, int):
                be_called(f"worker {message}")
                return message, settings
            if message in (STOP, LEAVE):
                return None
            make_ready(message)
            settings = message
        except (EOFError, OSError):
            return None
        except SettingsError as error:
            log.error("%s", error)


async def _serve(
    number: int, workers: int, settings: Settings, channel: Connection, addons: Callable[[Live], list[Any]]
) -> None:
    try:
        keep_to_authority(settings.data)
        live = open_live(settings, f"worker{number}")
    except (OSError, SettingsError) as error:
        channel.send(f"worker {number} cannot start: {error}")
        return
    doors = doors_of(settings.school.listen, number, workers)
    _make_faster(live)
    master = Master(Options(confdir=str(settings.data / "ca")))  # else mitmproxy makes one in the home first
    master.addons.add(*addons(live))
    master.options.update(mode=[door.spec for door in doors if door.mode != "dns"], **options_for(settings))
    running = asyncio.create_task(master.run())
    proxyserver: Proxyserver = master.addons.get("proxyserver")
    while not proxyserver.is_running and not running.done():
        await asyncio.sleep(_AGAIN)
    if not all(server.is_running for server in proxyserver.servers):
        channel.send(f"worker {number} cannot listen on {', '.join(door.spec for door in doors)}")
        master.shutdown()
        await running
        return
    only_here = OnlyHere(proxyserver, doors, live)
    keeping = asyncio.create_task(only_here.keep()) if number == 1 else None
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(only_here.opened.wait() if keeping else asyncio.sleep(0), _AT_START)
    _settle()
    channel.send(READY)
    threading.Thread(target=know_suffixes, daemon=True).start()
    orders = _Orders()
    loop = asyncio.get_running_loop()
    threading.Thread(target=_listen, args=(channel, live, master, loop, orders), daemon=True).start()
    beating = asyncio.create_task(_keep_beating())
    await _until_stopped(live, orders.stop)
    beating.cancel()
    if keeping is not None:
        keeping.cancel()
        await asyncio.wait({keeping})
    master.addons.add(_Farewell())
    await proxyserver.servers.update([])
    await _drain(live, orders.hurry)
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
        "dns_name_servers": resolvers(settings.school),
        "rawtcp": False,
        "http3": False,
        "ssl_verify_upstream_trusted_ca": str(
            upstream_bundle(settings.data, settings.folders.root / extra if extra else None)
        ),
    }


def _make_faster(live: Live) -> None:
    if left_out := faster.switch_on():
        live.metrics.fault("slower")
        log.warning(
            "The gateway filters as it should, but slower: it was made faster with mitmproxy %s, and this is another. "
            "Install schoolgate's own versions again. (Left out: %s)",
            faster.WRITTEN_FOR,
            ", ".join(left_out),
        )


def _settle() -> None:
    """What is here now stays: the garbage collector need not look at it again and again."""
    gc.collect()
    give_back()
    gc.freeze()
    gc.set_threshold(*_LOOKS)


def _tidy() -> None:
    """Give back what devices that have gone left behind: connections in rings, of which each holds a tenth of a MB.

    The collector comes when there is much new, and at the end of a lesson there is nothing new.
    """
    gc.collect()
    give_back()


def _listen(channel: Connection, live: Live, master: Master, loop: asyncio.AbstractEventLoop, orders: _Orders) -> None:
    """A thread that waits for the supervisor; if the supervisor dies, this worker ends too."""
    while True:
        try:
            message = channel.recv()
        except (EOFError, OSError):
            message = STOP
        except Exception as error:  # settings that this version cannot read
            live.metrics.fault("settings")
            log.error("The new settings could not be taken up; those before stay in force: %r", error)
            continue
        if message == LEAVE:
            loop.call_soon_threadsafe(orders.stop.set)
            continue
        if message == STOP:
            with contextlib.suppress(RuntimeError):  # it had ended already
                loop.call_soon_threadsafe(orders.hurry.set)
                loop.call_soon_threadsafe(orders.stop.set)
            return
        try:
            make_ready(message)
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
    _settle()


async def _keep_beating() -> None:
    """As long as requests are served; a loop that stands still is noticed by the supervisor."""
    while True:
        beat()
        await asyncio.sleep(_BEAT_EVERY)


async def _until_stopped(live: Live, stop: asyncio.Event) -> None:
    for turn in itertools.count(1):
        try:
            await asyncio.wait_for(stop.wait(), _FLUSH_EVERY)
            return
        except TimeoutError:
            _flush(live)
        if turn % _TIDY_EVERY == 0:
            _tidy()


async def _drain(live: Live, hurry: asyncio.Event) -> None:
    """Let requests under way come to their end, for a while; without hurry those that are about to come, too."""
    loop = asyncio.get_running_loop()
    busy = began = loop.time()
    hurried: float | None = None
    while True:
        now = loop.time()
        if any(flow.live for flow in list(live.flows)):
            busy = now
        if hurry.is_set() and hurried is None:
            hurried = now
        quiet = now - busy >= (_QUIET if hurried is None else 0.0) and busy < now
        if quiet or now >= (began + LEAVE_SECONDS if hurried is None else hurried + DRAIN_SECONDS):
            return
        await asyncio.sleep(0.05)


def _flush(live: Live) -> None:
    try:
        live.flush()
    except OSError as error:
        live.metrics.fault("flush")
        log.error("Counts could not be written yet: %s", error)
