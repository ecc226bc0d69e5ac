"""Who says so: checks ``Proxy-Authorization`` against the school's password file and keeps it from the sites.

A name without a proven password is nobody: where no password file is named in people.yaml, a login is not believed.
A password is hashed once, not with each request: what a header was found to be is remembered as long as the hash that
it was held against stands in the file. Hashing takes memory and time on purpose, so a worker does one at a time, off
its loop, and each device waits behind itself.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets
from base64 import b64decode
from pathlib import Path
from weakref import WeakValueDictionary

from mitmproxy.http import HTTPFlow, Response

from schoolgate.passwords import is_right, read_passwords
from schoolgate.policy.request import host_address
from schoolgate.proxy.live import Live
from schoolgate.proxy.redirected import is_redirected

log = logging.getLogger("schoolgate")

_SLOW_DOWN = 1.0  # seconds that a wrong password costs; a new one costs the device's next guess as much
_REMEMBER = 4096
_File = tuple[Path, tuple[int, int, int], dict[str, str]]


class Login:
    """Knows each connection's user; asks for a login where the school wants one."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._secret = secrets.token_bytes(32)
        self._found: dict[bytes, tuple[str | None, bool]] = {}  # the hash that it was held against, and whether it fits
        self._file: _File | None = None
        self._hashing = asyncio.Semaphore(1)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def http_connect(self, flow: HTTPFlow) -> None:
        """The login of a tunnel holds for everything inside it."""
        await self._check_closed(flow)

    async def requestheaders(self, flow: HTTPFlow) -> None:
        """A plain request carries its own login; a request in a tunnel has none, and who knows of no proxy neither."""
        if flow.client_conn not in self._live.tunnels and not is_redirected(flow.client_conn):
            await self._check_closed(flow)
        flow.request.headers.pop("proxy-authorization", None)

    async def _check_closed(self, flow: HTTPFlow) -> None:
        """A login that cannot be checked lets nobody pass."""
        try:
            await self._check(flow)
        except Exception as error:
            log.error("A login could not be checked: %r", error)
            words = "The login could not be checked. Tell the school's technician.\n"
            flow.response = Response.make(503, words, {"Content-Type": "text/plain; charset=utf-8"})

    async def _check(self, flow: HTTPFlow) -> None:
        header = flow.request.headers.pop("proxy-authorization", None)
        self._live.users.pop(flow.client_conn, None)
        logins = self._live.settings.people.logins
        if flow.error or logins is None:
            return
        peer = flow.client_conn.peername
        address = host_address(str(peer[0])) if peer else None
        if header is not None:
            user = await self._prove(header, self._live.settings.folders.config / logins.file, str(address))
            if user is not None:
                self._live.users[flow.client_conn] = user
                return
            await asyncio.sleep(_SLOW_DOWN)
        asked = address is not None and any(address in network for network in logins.ask)
        if header is not None or asked:
            flow.response = _ask_again(header is not None)

    async def _prove(self, header: str, path: Path, device: str) -> str | None:
        """The user of a Basic header whose password is right, or None."""
        scheme, _, encoded = header.partition(" ")
        try:
            user, colon, password = b64decode(encoded, validate=True).decode("utf-8").partition(":")
        except ValueError:
            return None
        if scheme.lower() != "basic" or not colon:
            return None
        code = self._passwords(path).get(user.casefold())
        known = hmac.digest(self._secret, header.encode("utf-8", "surrogateescape"), hashlib.sha256)
        async with self._turns.setdefault(device, asyncio.Lock()):
            found = self._found.get(known)
            if found is None or found[0] != code:
                async with self._hashing:
                    found = (code, await asyncio.to_thread(is_right, user, code, password))
                while len(self._found) >= _REMEMBER:
                    del self._found[next(iter(self._found))]
                self._found[known] = found
                if not found[1]:  # the device's next guess waits, too: many connections guess no faster than one
                    await asyncio.sleep(_SLOW_DOWN)
        return user if found[1] else None

    def _passwords(self, path: Path) -> dict[str, str]:
        now = path.stat()
        stamp = (now.st_mtime_ns, now.st_ino, now.st_size)
        if self._file is None or self._file[:2] != (path, stamp):
            self._file = (path, stamp, read_passwords(path))
        return self._file[2]


def _ask_again(after_a_wrong_one: bool) -> Response:
    words = "This device needs a login: use your school user name and password.\n"
    if after_a_wrong_one:
        words = "The user name or password is wrong. Try again, or ask the school's technician.\n"
    return Response.make(
        407,
        words,
        {
            "Proxy-Authenticate": 'Basic realm="School login", charset="UTF-8"',
            "Content-Type": "text/plain; charset=utf-8",
            "Cache-Control": "no-store",
        },
    )
