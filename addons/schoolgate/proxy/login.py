"""Who says so: checks ``Proxy-Authorization`` against the school's password file and keeps it from the sites.

A name without a proven password is nobody: where no password file is named in people.yaml, a login is not believed.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets
from base64 import b64decode
from pathlib import Path

from mitmproxy.http import HTTPFlow, Response
from mitmproxy.utils.htpasswd import HtpasswdFile

from schoolgate.policy.request import host_address
from schoolgate.proxy.live import Live

log = logging.getLogger("schoolgate")

_SLOW_DOWN = 1.0  # seconds that a wrong password costs
_REMEMBER = 4096


class Login:
    """Knows each connection's user; asks for a login where the school wants one."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._secret = secrets.token_bytes(32)
        self._proven: dict[bytes, str] = {}
        self._file: tuple[Path, int, HtpasswdFile] | None = None

    async def http_connect(self, flow: HTTPFlow) -> None:
        """The login of a tunnel holds for everything inside it."""
        await self._check_closed(flow)

    async def requestheaders(self, flow: HTTPFlow) -> None:
        """A plain request carries its own login; a request in a tunnel has none."""
        if flow.client_conn not in self._live.tunnels:
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
        if header is not None:
            user = await self._prove(header, self._live.settings.folders.config / logins.file)
            if user is not None:
                self._live.users[flow.client_conn] = user
                return
            await asyncio.sleep(_SLOW_DOWN)
        peer = flow.client_conn.peername
        address = host_address(str(peer[0])) if peer else None
        asked = address is not None and any(address in network for network in logins.ask)
        if header is not None or asked:
            words = "This device needs a login: use your school user name and password.\n"
            if header is not None:
                words = "The user name or password is wrong. Try again, or ask the school's technician.\n"
            flow.response = Response.make(
                407,
                words,
                {
                    "Proxy-Authenticate": 'Basic realm="School login", charset="UTF-8"',
                    "Content-Type": "text/plain; charset=utf-8",
                    "Cache-Control": "no-store",
                },
            )

    async def _prove(self, header: str, path: Path) -> str | None:
        """The user of a Basic header whose password is right, or None."""
        scheme, _, encoded = header.partition(" ")
        try:
            user, colon, password = b64decode(encoded, validate=True).decode("utf-8").partition(":")
        except ValueError:
            return None
        if scheme.lower() != "basic" or not colon:
            return None
        known = hmac.digest(self._secret, header.encode(), hashlib.sha256)
        passwords = self._passwords(path)
        if known in self._proven:
            return self._proven[known]
        match = {name.casefold(): name for name in passwords.users}.get(user.casefold())
        if match is None or not await asyncio.to_thread(passwords.check_password, match, password):
            return None
        if len(self._proven) >= _REMEMBER:
            self._proven.clear()
        self._proven[known] = user
        return user

    def _passwords(self, path: Path) -> HtpasswdFile:
        changed = path.stat().st_mtime_ns
        if self._file is None or self._file[:2] != (path, changed):
            self._proven.clear()
            self._file = (path, changed, HtpasswdFile.from_file(path))
        return self._file[2]
