"""The page where redirected devices log in, ``http://schoolgate.local/login``, for networks and groups that want it.

The password goes over TLS with the school's certificate, and is proved as a proxy's login is. Who has proved it counts
as being at that device, which is known by its MAC where the gateway sees that, else by its address, until they log out,
somebody else logs in there, or the time is over.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote

from mitmproxy.connection import Client
from mitmproxy.http import HTTPFlow, Response

from schoolgate.policy.request import BadAddress, canonical_host, host_address
from schoolgate.policy.whereabouts import Address, Sitting, Source, Whereabouts
from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.attached import Attached
from schoolgate.proxy.insides.full import QUESTIONS
from schoolgate.proxy.live import Live
from schoolgate.proxy.pages import wanted
from schoolgate.proxy.proof import SLOW_DOWN, Proofs
from schoolgate.proxy.redirected import is_redirected
from schoolgate.whereabouts.directory import NoAnswer
from schoolgate.whereabouts.on_link import mac_of

SITE = "schoolgate.local"
_ORIGIN = f"https://{SITE}"
_IN, _OUT = "/login", "/logout"
_MOST = 16 * 1024  # bytes of a form
_LOOKS, _BETWEEN = 25, 0.1  # seconds
_WRONG = "The user name or password is wrong. Try again, or ask the school's technician."
_STALE = "This page was open for too long, or not on this device. Please try again."
_AGAIN = "It cannot be told which device this is yet. Please try again in some seconds."
_NO_ANSWER = "The school's directory does not answer. Try again later, or tell the school's technician."


def wants_login(live: Live, client: Client) -> bool:
    """Whether a device has to log in on the page before it may have anything else."""
    page = live.settings.school.identity.login_page
    if page is None or not is_redirected(client) or client in live.probes:
        return False
    identity = live.identify(client)
    address = host_address(identity.client) if identity.client else None
    asked = identity.group.id in page.groups or any(address in network for network in page.networks if address)
    return asked and not identity.user


class Captive:
    """Shows the page, takes what is typed there, and sends devices there that have not logged in."""

    def __init__(self, live: Live, act: Act, proofs: Proofs) -> None:
        self._live, self._act, self._proofs = live, act, proofs
        self._forms = Attached[HTTPFlow, str]()

    def requestheaders(self, flow: HTTPFlow) -> Awaitable[None] | None:
        """The page itself, or the way to it; the body of a form is waited for."""
        if flow.response or flow.error or self._live.settings.school.identity.login_page is None:
            return None
        return self._lead(flow)

    async def _lead(self, flow: HTTPFlow) -> None:
        try:
            host = canonical_host(flow.request.host)
            path = flow.request.path.partition("?")[0]
            if host == SITE and path in (_IN, _OUT) and is_redirected(flow.client_conn):
                self._at_own_site(flow, path)
            elif host != SITE and not await self._is_known(flow.client_conn):
                flow.response = self._send_there(flow)
        except BadAddress:
            return  # the gate refuses it
        except Exception as error:
            self._act.fail(flow, "login-page", error)

    def request(self, flow: HTTPFlow) -> Awaitable[None] | None:
        """A form has come whole."""
        path = self._forms.pop(flow, None)
        if path is None:
            return None
        QUESTIONS.pop(flow, None)
        return None if flow.response or flow.error else self._answer(flow, path)

    async def _answer(self, flow: HTTPFlow, path: str) -> None:
        try:
            flow.response = await self._take(flow, path)
        except Exception as error:
            self._act.fail(flow, "login-page", error)

    async def _is_known(self, client: Client) -> bool:
        """Whether nobody has to log in; at a new address, whose device it is may be known some moments later only."""
        if not wants_login(self._live, client):
            return True
        if not self._live.presence.is_near(client):
            return False
        for _ in range(_LOOKS):
            address = str(client.peername[0]) if client.peername else None
            if self._live.presence.found(address).devices:
                break
            await asyncio.sleep(_BETWEEN)
        return not wants_login(self._live, client)

    def _at_own_site(self, flow: HTTPFlow, path: str) -> None:
        if flow.request.scheme != "https":
            flow.response = _go(
                f"{_ORIGIN}{flow.request.path}" if flow.request.method in ("GET", "HEAD") else _ORIGIN + _IN
            )
        elif flow.request.method == "POST":
            self._live.asked.add(flow)
            self._forms[flow] = path
            QUESTIONS[flow] = _MOST
        elif path == _OUT or flow.request.method not in ("GET", "HEAD"):
            flow.response = _go(_ORIGIN + _IN)
        else:
            asked = parse_qs(flow.request.path.partition("?")[2], max_num_fields=10)
            flow.response = self._page(flow, asked.get("to", [""])[0])

    def _page(self, flow: HTTPFlow, to: str, wrong: str = "") -> Response:
        address, to = str(_address(flow)), to if _is_web(to) else ""
        now = datetime.now(UTC)
        found = self._live.presence.found(address)
        if not found.user or wrong:
            return self._live.pages.login("", "", to, self._live.tokens.of(_IN, address, to), wrong)
        until = max((one.until for one in self._live.presence.now.sittings if one.user == found.user), default=now)
        shown = until.astimezone(self._live.settings.school.timezone).strftime("%H:%M on %d %B")
        return self._live.pages.login(found.user, shown, "", self._live.tokens.of(_OUT, address))

    def _send_there(self, flow: HTTPFlow) -> Response:
        headers, request = lower(flow), flow.request
        to = request.pretty_url if request.method in ("GET", "HEAD") else ""
        where = f"{_ORIGIN}{_IN}" + (f"?to={quote(to, safe='')}" if _is_web(to) else "")
        if wanted(headers, request.method, request.path) == "page":
            return _go(where)
        words = f"This device has to log in first: {_ORIGIN}{_IN}\n"  # RFC 6585, 6
        return Response.make(511, words, {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"})

    async def _take(self, flow: HTTPFlow, path: str) -> Response:
        headers, address = lower(flow), _address(flow)
        given = _fields(flow.request.raw_content or b"")
        to = given.get("to", "")
        about = (_IN, str(address), to) if path == _IN else (_OUT, str(address))
        ours = (
            headers.get("origin", _ORIGIN) == _ORIGIN and headers.get("sec-fetch-site", "same-origin") == "same-origin"
        )
        if address is None or not ours or not self._live.tokens.holds(given.get("token", ""), *about):
            return self._page(flow, to, _STALE)
        if path == _OUT:
            mac = await asyncio.to_thread(mac_of, address) if self._sees_macs() else ""
            await self._live.presence.change(lambda before: self._left(before, address, mac))
            return _go(_ORIGIN + _IN)
        user = given.get("user", "").strip()
        try:
            right = bool(user) and await self._proofs.holds(user, given.get("password", ""), str(address))
        except NoAnswer:
            return self._page(flow, to, _NO_ANSWER)
        if not right:
            await asyncio.sleep(SLOW_DOWN)
            return self._page(flow, to, _WRONG)
        return await self._let_in(flow, address, user, to)

    async def _let_in(self, flow: HTTPFlow, address: Address, user: str, to: str) -> Response:
        """Known at the device from now on; its MAC is looked at right now, so that nobody else's is taken."""
        seen = await asyncio.to_thread(mac_of, address) if self._sees_macs() else ""
        found = self._live.presence.found(str(address))
        if found.devices > 1 or (seen and found.mac and seen != found.mac):
            return self._page(flow, to, _AGAIN)
        mac, now = seen or found.mac, datetime.now(UTC)
        page = self._live.settings.school.identity.login_page
        until = now + page.lifetime if page else now
        where = frozenset[Address]() if mac else frozenset({address})
        new = Sitting(f"page {mac or address}", user, now, until, Source.PORTAL, mac, where)
        await self._live.presence.change(lambda before: before.with_sitting(new).tidied(now))
        return _go(to or _ORIGIN + _IN)

    def _left(self, before: Whereabouts, address: Address, seen: str) -> Whereabouts:
        """Nobody is at the device from now on, whoever said that somebody was, and whatever it is known by."""
        now, found = datetime.now(UTC), self._live.presence.found(str(address))
        before = before.with_sitting(Sitting(f"page {address}", "", now, now, Source.PORTAL, "", frozenset({address})))
        if mac := seen or found.mac:
            before = before.with_sitting(Sitting(f"page {mac}", "", now, now, Source.PORTAL, mac))
        return before

    def _sees_macs(self) -> bool:
        return self._live.settings.school.identity.sees_neighbours


def _address(flow: HTTPFlow) -> Address | None:
    peer = flow.client_conn.peername
    return host_address(str(peer[0])) if peer else None


def _fields(body: bytes) -> Mapping[str, str]:
    """The first value of each field; nothing of what is no form."""
    try:
        read = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0] for name, values in read.items()}


def _is_web(to: str) -> bool:
    return to.startswith(("http://", "https://")) and to.isprintable() and len(to) < 4096


def _go(where: str) -> Response:
    return Response.make(303, b"", {"Location": where, "Cache-Control": "no-store"})
