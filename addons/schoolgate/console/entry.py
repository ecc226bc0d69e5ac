"""The door of every screen: who asks, whether they may, whether a form is theirs, and what is said when all fails."""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv6Address, IPv6Network
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from schoolgate.access import Account, mark_of
from schoolgate.alerting.case_roles import chair_of, may_answer
from schoolgate.console.desk import Desk
from schoolgate.console.forms import MOST_BYTES, BadForm, Form, read_form, read_query
from schoolgate.console.multipart import KIND as MULTIPART
from schoolgate.console.multipart import read_multipart
from schoolgate.console.pages import Pages
from schoolgate.console.places import PATIENCE, NoPlace, Places
from schoolgate.console.sessions import Session
from schoolgate.policy.request import host_address
from schoolgate.settings.load import Settings

log = logging.getLogger("schoolgate")

_LEADERS = frozenset({"headteacher", "dsl"})
_CHAIR, _TECHNICIAN = frozenset({"chair_of_governors"}), frozenset({"technician"})
BY_ITSELF = "x-by-itself"
"""The header of what a page asks for without a click, so that an empty chair is logged out all the same."""
_BODY_WITHIN, _FILES_WITHIN = 15.0, 120.0  # seconds
_PIECE = 64 * 1024


class Who(Enum):
    """Who may open a screen; somebody with several roles may open what each of them may."""

    ANYONE = "without a login"
    SOMEONE = "every login that has a part in the console"
    STAFF = "members of staff, each for herself"
    NAMERS = "roles that may turn a code into a name"
    WATCHERS = "those, and the chair of governors"
    ANSWERERS = "roles that answer contests: namers, and whoever answers the Headteacher's"
    CASES = "roles that look after cases"
    OPENERS = "roles that open what is blocked"
    LEADERS = "the Headteacher and the safeguarding lead"
    OPERATIONS = "the leaders and the technician"
    ROLES = "every role of school.yaml that the console knows"


ROLES_OF: dict[Who, frozenset[str]] = {
    Who.CASES: _LEADERS | _CHAIR,
    Who.OPENERS: _LEADERS | _TECHNICIAN,
    Who.LEADERS: _LEADERS,
    Who.OPERATIONS: _LEADERS | _TECHNICIAN,
    Who.ROLES: _LEADERS | _CHAIR | _TECHNICIAN,
}
"""Where a role of school.yaml is all that counts; for the others see ``Visitor.may``."""


class Refused(Exception):
    """The page is not shown: a status and plain words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


@dataclass(frozen=True, slots=True)
class Visitor:
    """One request of one person, with all that a screen needs. ``form`` is what was posted, ``query`` the address."""

    request: Request
    desk: Desk
    pages: Pages
    form: Form
    query: Form
    cookie: str
    known: Account | None
    session: Session | None

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.desk.settings

    @property
    def account(self) -> Account:
        """Who it is, on screens that need a login."""
        assert self.known is not None
        return self.known

    def page(self, template: str, status: int = 200, /, **words: Any) -> Response:
        """A filled page."""
        token = self.desk.seal.token(self.cookie)
        path = self.request.url.path
        always = {"account": self.known, "may": self.may, "token": token, "path": path}
        return self.pages.answer(self.settings, template, status, always | words)

    def go(self, path: str) -> Response:
        """On to another screen, by GET."""
        return RedirectResponse(path, 303)

    def may(self, who: str | Who) -> bool:
        """Whether they may open the screens that are for ``who``."""
        who = Who[who] if isinstance(who, str) else who
        if who is Who.ANYONE:
            return True
        if self.known is None:
            return False
        if who in ROLES_OF:
            return not ROLES_OF[who].isdisjoint(self.known.roles)
        namer = self.known.may_reveal(self.settings)
        return {
            Who.SOMEONE: self.known.staff or bool(self.known.roles),
            Who.STAFF: self.known.staff,
            Who.NAMERS: namer,
            Who.WATCHERS: namer or not _CHAIR.isdisjoint(self.known.roles),
            Who.ANSWERERS: namer or chair_of(self.settings) in self.known.roles,
        }[who]

    def may_answer(self, person: str) -> bool:
        """Whether the contests of a person are theirs to answer, and so to see."""
        return may_answer(self.settings, self.desk.pseudonyms, self.account, person)


Screen = Callable[[Visitor], Response]


def is_encrypted(request: Request) -> bool:
    """Whether it came over https, here or at the web server before us."""
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))


def address_of(request: Request) -> str:
    """The device that asks. A web server before us is on this machine, and names the device last."""
    peer = host_address(request.client.host) if request.client else None
    named = host_address(request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip())
    return str(named if named and peer and peer.is_loopback else peer or "")


def network_of(address: str) -> str:
    """What guesses of a device are counted under: its address; of IPv6 the network, in which it takes any it likes."""
    host = host_address(address)
    return str(IPv6Network((host, 64), strict=False)) if isinstance(host, IPv6Address) else str(host or address)


def cookie_name(request: Request) -> str:
    """Over https the name alone keeps other hosts and plain pages from setting it."""
    return "__Host-schoolgate" if is_encrypted(request) else "schoolgate"


def door(
    desk: Desk, pages: Pages, who: Who, screen: Screen, places: Places, most: int = MOST_BYTES
) -> Callable[[Request], Awaitable[Response]]:
    """A screen as an endpoint, for forms of up to ``most`` bytes. The screen runs in a thread, as it reads files.

    A form that may come with files takes one of the ``places`` before it is read.
    """

    async def enter(request: Request) -> Response:
        visitor = Visitor(request, desk, pages, Form(), Form(), "", None, None)
        try:
            async with AsyncExitStack() as held:
                if request.method == "POST" and most > MOST_BYTES:  # so much is read of those only who may send it
                    visitor = await run_in_threadpool(_recognise, request, desk, pages, Form())
                    if not visitor.may(who):
                        raise Refused(403, "This page is not for your login, or you are logged out. Nothing was done.")
                    await held.enter_async_context(places.take(visitor.account.person))
                visitor = await run_in_threadpool(_recognise, request, desk, pages, await _posted(request, most))
                if not visitor.may(Who.SOMEONE) and who is not Who.ANYONE:
                    return _to_login(visitor)
                if not visitor.may(who):
                    words = "This page is not for your login. If you think it should be, ask the technician."
                    raise Refused(403, words)
                if request.method == "POST":
                    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
                    desk.seal.check(visitor.form, visitor.cookie, request.headers, own)
                return await run_in_threadpool(screen, visitor)
        except NoPlace:
            return await _no_place(visitor, most)
        except Refused as refused:
            return visitor.page("message.html", refused.status, words=refused.words)
        except BadForm as error:
            return visitor.page("message.html", 403, words=str(error))
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:
            return _fault(visitor, error)

    return enter


async def _no_place(visitor: Visitor, most: int) -> Response:
    """Say so, after the form has gone by unread: a browser shows no answer before it has sent what it sends."""
    left = most
    with suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(_BODY_WITHIN):
            async for chunk in visitor.request.stream():
                left -= len(chunk)
                if left < 0:
                    break
    words = "Too many files are being sent to the console at this moment, so nothing was done. Try again in a minute."
    answer = visitor.page("message.html", 503, words=words)
    answer.headers["Retry-After"] = f"{PATIENCE:.0f}"
    return answer


def _fault(visitor: Visitor, error: Exception) -> Response:
    log.error("The console could not answer %r", visitor.request.url.path, exc_info=error)
    words = "Something went wrong in the console, and nothing was changed by it. Try again in a minute."
    if isinstance(error, sqlite3.Error):
        words = "The record cannot be read at the moment. Try again in a minute."
    elif isinstance(error, FileNotFoundError | PermissionError):
        words = "A file that the console needs cannot be read, so nothing was done."
    elif isinstance(error, OSError):
        words = "What you did could not be put on record, so it was not done. Is the disk full?"
    return visitor.page("message.html", 500, words=f"{words} If it stays so, tell the school's technician.")


async def _posted(request: Request, most: int) -> Form:
    """The form of a POST. Raises Refused when it is too large or comes too slowly."""
    if request.method != "POST":
        return Form()
    kind = request.headers.get("content-type", "")
    has_files = most > MOST_BYTES and kind.partition(";")[0].strip().lower() == MULTIPART
    most, within = (most, _FILES_WITHIN) if has_files else (MOST_BYTES, _BODY_WITHIN)
    pieces, length = deque[bytearray](), 0
    try:
        async with asyncio.timeout(within):
            async for chunk in request.stream():
                if not pieces or len(pieces[-1]) >= _PIECE:
                    pieces.append(bytearray())
                pieces[-1] += chunk
                length += len(chunk)
                if length > most:
                    raise Refused(413, "That is more than this form of the console holds. Nothing was done.")
    except TimeoutError:
        raise Refused(408, "The form came too slowly.") from None
    return await run_in_threadpool(read_multipart, kind, pieces) if has_files else read_form(kind, b"".join(pieces))


def _recognise(request: Request, desk: Desk, pages: Pages, posted: Form) -> Visitor:
    """The person behind the cookie. A session ends with the password, or the sign-on, that it rests on."""
    cookie = request.cookies.get(cookie_name(request), "")
    session = desk.sessions.find(cookie, used=BY_ITSELF not in request.headers) if cookie else None
    account = None
    if session is not None:
        if session.mark and mark_of(desk.settings, session.login, session.way) == session.mark:
            account = desk.account(session.login)
        else:
            desk.sessions.end(cookie)
            session = None
    return Visitor(request, desk, pages, posted, read_query(request.url.query), cookie, account, session)


def _to_login(visitor: Visitor) -> Response:
    url = visitor.request.url
    if visitor.request.method == "POST":
        raise Refused(403, "You are not logged in any more, so nothing was done. Log in and repeat what you did.")
    wanted = f"{url.path}?{url.query}" if url.query else url.path
    return visitor.go("/login" if wanted == "/" else f"/login?next={quote(wanted)}")
