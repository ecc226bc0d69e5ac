"""Ports that one worker alone can have: the resolver's and those of devices that are elsewhere (UDP).

They cannot be handed over as listening sockets are. The worker that comes next opens each as soon as the one before has
left it, and opens and shuts those of devices as they are added and removed.
"""

import asyncio
import logging
import socket
from pathlib import Path

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy.mode_specs import ProxyMode

from schoolgate.proxy.away import mode_of, put_out
from schoolgate.proxy.doors import Door
from schoolgate.proxy.live import Live
from schoolgate.settings.away import FILE, read_devices
from schoolgate.settings.faults import SettingsError

log = logging.getLogger("schoolgate")

_SOON, _LATER = 0.02, 0.5  # seconds between two looks, while something is awaited and else
_TELL_AFTER = 10.0  # seconds


class OnlyHere:
    """Keeps them open as the settings say; ``opened`` is set when all were for the first time."""

    def __init__(self, proxyserver: Proxyserver, doors: tuple[Door, ...], live: Live) -> None:
        self._proxyserver, self._live = proxyserver, live
        self._shared = [ProxyMode.parse(door.spec) for door in doors if door.mode != "dns"]
        self._names = [ProxyMode.parse(door.spec) for door in doors if door.mode == "dns"]
        self._open: list[ProxyMode] = []
        self._state: tuple[object, ...] = ()
        self._known: list[ProxyMode] = []
        self._told_at: float | None = None
        self.opened = asyncio.Event()

    async def keep(self) -> None:
        """Until cancelled."""
        while True:
            try:
                all_open = await self._look()
            except Exception as error:  # the next look tries again
                self._live.metrics.fault("ports")
                log.error("Ports could not be opened: %r", error)
                all_open = False
            if all_open:
                self.opened.set()
            await asyncio.sleep(_LATER if all_open else _SOON)

    async def _look(self) -> bool:
        """Open what can be opened, shut what is not wanted any more; tells whether all is open that is wanted."""
        wanted = dict.fromkeys([*self._names, *self._devices()])
        running = {server.mode for server in self._proxyserver.servers if server.is_running}
        gone = [mode for mode in self._open if mode not in wanted]
        if gone or not running.issuperset(self._open):  # else mitmproxy would take those that failed for begun
            self._open = [mode for mode in self._open if mode in running and mode in wanted]
            await self._proxyserver.servers.update([*self._shared, *self._open])
            put_out(self._proxyserver, gone)
        opened = set(self._open)
        missing = [mode for mode in wanted if mode not in opened]
        free = [mode for mode in missing if _is_free(mode)]
        if free:
            self._open += free
            await self._proxyserver.servers.update([*self._shared, *self._open])
        self._tell(missing if not free else [])
        return len(free) == len(missing)

    def _devices(self) -> list[ProxyMode]:
        """Those that the settings know, unless they were removed a moment ago; worked out where something changed."""
        settings = self._live.settings
        if settings.school.away is None or not settings.away:
            return []
        state = (settings.away, settings.school.away, _stamp(settings.data / FILE))
        if state != self._state:
            try:
                now = {device.device_key for device in read_devices(settings.data)}
            except SettingsError:
                now = set()  # who may come cannot be told, so nobody may
            away = settings.school.away
            self._known = [mode_of(device, away) for device in settings.away if device.device_key in now]
            self._state = state
        return self._known

    def _tell(self, awaited: list[ProxyMode]) -> None:
        now = asyncio.get_running_loop().time()
        if not awaited:
            self._told_at = None
        elif self._told_at is None:
            self._told_at = now
        elif now >= self._told_at + _TELL_AFTER:
            self._told_at = now + 60.0
            self._live.metrics.fault("ports")
            log.error("UDP port %s cannot be opened: something else uses it", awaited[0].listen_port())


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes whenever the file does."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _is_free(mode: ProxyMode) -> bool:
    host, port = mode.listen_host(), mode.listen_port()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            if ":" in host:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((host or "0.0.0.0", port))
        except OSError:
            return False
    return True
