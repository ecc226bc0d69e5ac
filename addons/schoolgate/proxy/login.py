"""Who says so: checks ``Proxy-Authorization`` against the school's passwords and keeps it from the sites.

A name without a proven password is nobody: where there is neither a password file nor a directory to ask, a login is
not believed.
"""

import asyncio
import logging
from base64 import b64decode
from collections.abc import Awaitable

from mitmproxy.connection import Client
from mitmproxy.http import HTTPFlow, Response

from schoolgate.policy.request import host_address
from schoolgate.proxy.live import Live
from schoolgate.proxy.proof import SLOW_DOWN, Proofs
from schoolgate.proxy.redirected import is_redirected

log = logging.getLogger("schoolgate")


class Login:
    """Knows each connection's user; asks for a login where the school wants one."""

    def __init__(self, live: Live, proofs: Proofs | None = None) -> None:
        self._live = live
        self._proofs = proofs or Proofs(live)

    def http_connect(self, flow: HTTPFlow) -> Awaitable[None] | None:
        """The login of a tunnel holds for everything inside it."""
        return self._begin(flow)

    def requestheaders(self, flow: HTTPFlow) -> Awaitable[None] | None:
        """A plain request carries its own login; a request in a tunnel has none, and who knows of no proxy neither."""
        if flow.client_conn in self._live.tunnels or is_redirected(flow.client_conn):
            flow.request.headers.pop("proxy-authorization", None)
            return None
        return self._begin(flow)

    def _begin(self, flow: HTTPFlow) -> Awaitable[None] | None:
        """What was said is kept from the site; where anybody has to say who they are, it is checked."""
        said = flow.request.headers.pop("proxy-authorization", None)
        self._live.users.pop(flow.client_conn, None)
        logins, directory = self._live.settings.people.logins, self._live.settings.school.identity.directory
        return None if flow.error or (logins is None and directory is None) else self._check_closed(flow, said)

    async def _check_closed(self, flow: HTTPFlow, said: str | None) -> None:
        """A login that cannot be checked lets nobody pass."""
        try:
            await self._check(flow, said)
        except Exception as error:
            log.error("A login could not be checked: %r", error)
            words = "The login could not be checked. Tell the school's technician.\n"
            flow.response = Response.make(503, words, {"Content-Type": "text/plain; charset=utf-8"})

    async def _check(self, flow: HTTPFlow, header: str | None) -> None:
        if header is not None:
            peer = flow.client_conn.peername
            user = await self._prove(header, str(host_address(str(peer[0])) if peer else None))
            if user is not None:
                self._live.users[flow.client_conn] = user
                return
            await asyncio.sleep(SLOW_DOWN)
        if header is not None or is_asked(self._live, flow.client_conn):
            flow.response = _ask_again(header is not None)

    async def _prove(self, header: str, device: str) -> str | None:
        """The user of a Basic header whose password is right, or None."""
        scheme, _, encoded = header.partition(" ")
        try:
            user, colon, password = b64decode(encoded, validate=True).decode("utf-8").partition(":")
        except ValueError:
            return None
        if scheme.lower() != "basic" or not colon:
            return None
        return user if await self._proofs.holds(user, password, device) else None


def is_asked(live: Live, client: Client) -> bool:
    """Whether a device has to say who is there before anything is opened for it."""
    logins, peer = live.settings.people.logins, client.peername
    address = host_address(str(peer[0])) if logins is not None and peer else None
    return logins is not None and address is not None and any(address in network for network in logins.ask)


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
