"""Logging in and out: one password check at a time for each guess, and a new token for each login."""

import logging
import secrets
import sqlite3
from contextlib import suppress
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from schoolgate.access import Account, Way, account_of, mark_of
from schoolgate.console.entry import Refused, Visitor, address_of, cookie_name, is_encrypted, network_of
from schoolgate.console.forms import Form
from schoolgate.setup_code import is_needed
from schoolgate.store.event import Deed, stamp

log = logging.getLogger("schoolgate")

_COOKIE_LETTERS = 43  # of 256 bits
_PATIENCE = 5.0  # seconds that a password may wait for its turn
_OWN_FOR = timedelta(days=30)
_CAME_IN = "select 1 from deeds where rule = :rule and client = :client and at >= :since and actor like :who limit 1"
_MANY_WRONG = (
    "50 wrong passwords were tried at the console within an hour. Each login and each device is slowed down, so that "
    "nobody guesses one; the log names the devices. Is it a forgotten password, or somebody who should not?"
)
_WRONG = "This login and this password do not fit together."
_NO_PART = "The password is right, but this login has no part in the console: it is neither of staff nor of a role."


def show_login(visitor: Visitor) -> Response:
    """The form; somebody who is logged in already goes on."""
    if visitor.may("SOMEONE"):
        return visitor.go(next_page(visitor.query))
    return _form(visitor, 200, "", next_page(visitor.query))


def log_in(visitor: Visitor) -> Response:
    """Check the password, slower with each wrong one."""
    login, onward = visitor.form.line("login", 128), next_page(visitor.form)
    if visitor.settings.people.logins is None:
        return _form(visitor, 403, "", onward)
    wait = seconds_to_wait(visitor, login)
    if wait > 0:
        return _slow_down(visitor, wait, onward)
    known = proved(visitor, login, visitor.form.secret("password"))
    if known is None:
        return _form(visitor, 403, _WRONG, onward)
    account = visitor.desk.account(known.login)
    if not account.staff and not account.roles:
        return _form(visitor, 403, _NO_PART, onward)
    return welcome(visitor, account, Way.PASSWORD, visitor.go(onward))


def seconds_to_wait(visitor: Visitor, login: str) -> float:
    """How long this login, or this device, has to wait after wrong passwords; 0 for not at all."""
    desk, address = visitor.desk, address_of(visitor.request)
    wait = max(desk.by_login.wait(_key(visitor, login)), desk.by_address.wait(network_of(address)))
    if wait > 0:
        log.warning("console: logins from %s are slowed down", address)
    return wait


def proved(visitor: Visitor, login: str, password: str) -> Account | None:
    """The account of a login and its password, or None; a wrong one is counted.

    Hashing takes memory on purpose, so only a few are checked at once. Raises Refused where too many wait, and where
    others were wrong while this one waited for its turn.
    """
    desk, network = visitor.desk, network_of(address_of(visitor.request))
    if not desk.checking.acquire(timeout=_PATIENCE):
        raise Refused(429, "Very many passwords are being checked at this moment. Try again in a few seconds.")
    try:
        wait, key = seconds_to_wait(visitor, login), _key(visitor, login)
        if wait > 0:
            raise Refused(429, slow_words(wait))
        desk.by_login.begin(key)
        desk.by_address.begin(network)
        account = account_of(visitor.settings, desk.pseudonyms, login, password)
    finally:
        desk.checking.release()
    if account is None:
        if desk.guesses.wrong():
            desk.note_fault("console-logins", _MANY_WRONG)
        return None
    desk.by_login.forget(key)
    desk.by_address.forgive(network)
    return account


def _key(visitor: Visitor, login: str) -> str:
    """Under what the wrong passwords of a login are counted: once for all devices, and apart for one that is its own.

    So whoever guesses a role's password elsewhere holds it up on new devices only, not at its own desk.
    """
    desk, folded = visitor.desk, login.casefold()
    if desk.by_login.wait(folded) <= 0:
        return folded
    address = address_of(visitor.request)
    given = {"rule": Deed.LOGGED_IN, "client": address, "since": stamp(desk.now() - _OWN_FOR)}
    who = f"% {desk.pseudonyms.of('user', login)}"
    came_in = None
    with suppress(sqlite3.Error), desk.reading() as reader:  # who mends a damaged record has to come in
        came_in = next(reader.query(_CAME_IN, given | {"who": who}), None)
    return f"{folded}\n{address}" if came_in else folded


def welcome(visitor: Visitor, account: Account, way: Way, answer: Response) -> Response:
    """Begin a session under a token that nobody can have planted; that a role came in goes on record."""
    desk, address = visitor.desk, address_of(visitor.request)
    if visitor.cookie:
        desk.sessions.end(visitor.cookie)
    if account.roles:
        try:
            desk.write(Deed.LOGGED_IN, account.actor, entry=way, client=address)
        except OSError as error:  # who looks after a full disk has to come in
            log.error("That %s logged in could not be put on record: %s", account.actor, error)
    mark = mark_of(visitor.settings, account.login, way)
    set_cookie(visitor, answer, desk.sessions.begin(account.login, mark, way, stamp(desk.now()), address))
    return answer


def log_out(visitor: Visitor) -> Response:
    """End the session."""
    visitor.desk.sessions.end(visitor.cookie)
    return forget_cookie(visitor, visitor.page("message.html", words="You are logged out.", known_out=True))


def forget_cookie(visitor: Visitor, answer: Response) -> Response:
    """Let the browser forget its cookie, too."""
    secure = is_encrypted(visitor.request)
    answer.delete_cookie(cookie_name(visitor.request), path="/", httponly=True, samesite="lax", secure=secure)
    return answer


def slow_words(wait: float) -> str:
    """What is said to somebody who has to wait."""
    seconds = int(wait) + 1
    how_long = f"{seconds} seconds" if seconds > 1 else "a second"
    return f"There were too many wrong passwords. Wait {how_long} before the next try."


def page_before_login(visitor: Visitor, template: str, status: int, **words: Any) -> Response:
    """A page with a form for somebody who is not known yet: its token belongs to a cookie that means nothing else."""
    before = visitor.cookie if len(visitor.cookie) == _COOKIE_LETTERS else secrets.token_urlsafe(32)
    answer = visitor.page(template, status, **(words | {"token": visitor.desk.seal.token(before)}))
    set_cookie(visitor, answer, before)
    return answer


def _form(visitor: Visitor, status: int, wrong: str, onward: str) -> Response:
    settings = visitor.settings
    ready, sign_on = settings.people.logins is not None, settings.school.sign_on
    words = {"wrong": wrong, "onward": onward, "ready": ready, "sign_on": sign_on.name if sign_on else ""}
    return page_before_login(visitor, "login.html", status, first=waits_for_first(visitor), **words)


def waits_for_first(visitor: Visitor) -> bool:
    """Whether no role can log in yet, so that the code of the terminal opens the console."""
    try:
        return is_needed(visitor.settings)
    except (OSError, ValueError):
        return False


def _slow_down(visitor: Visitor, wait: float, onward: str) -> Response:
    answer = _form(visitor, 429, slow_words(wait), onward)
    answer.headers["Retry-After"] = str(int(wait) + 1)
    return answer


def set_cookie(visitor: Visitor, answer: Response, value: str) -> None:
    """The cookie of a session, or of a form before there is one.

    A link in a mail that is read in the browser brings it along (``lax``); a form of another site does not.
    """
    secure = is_encrypted(visitor.request)
    answer.set_cookie(cookie_name(visitor.request), value, path="/", httponly=True, samesite="lax", secure=secure)


def next_page(form: Form) -> str:
    """Where to go after the login: a page of this console, and nowhere else."""
    path = form.line("next", 2000)
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if inside and path.isascii() and path != "/login" else "/"
