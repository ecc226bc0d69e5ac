"""Logging in and out: one password check at a time for each guess, and a new token for each login."""

import logging
import secrets

from starlette.responses import Response

from schoolgate.access import Account, account_of, password_mark
from schoolgate.console.entry import Visitor, cookie_name
from schoolgate.console.forms import Form

log = logging.getLogger("schoolgate")

_COOKIE_LETTERS = 43  # of 256 bits
_WRONG = "This login and this password do not fit together."
_NO_PART = "The password is right, but this login has no part in the console: it is neither of staff nor of a role."


def show_login(visitor: Visitor) -> Response:
    """The form; somebody who is logged in already goes on."""
    if visitor.may("SOMEONE"):
        return visitor.go(_next(visitor.query))
    return _form(visitor, 200, "", _next(visitor.query))


def log_in(visitor: Visitor) -> Response:
    """Check the password, slower with each wrong one."""
    desk, login, onward = visitor.desk, visitor.form.line("login", 128), _next(visitor.form)
    if visitor.settings.people.logins is None:
        return _form(visitor, 403, "", onward)
    address = visitor.request.client.host if visitor.request.client else ""
    key = login.casefold()
    wait = max(desk.by_login.wait(key), desk.by_address.wait(address))
    if wait > 0:
        log.warning("console: logins from %s are slowed down", address)
        return _slow_down(visitor, wait, onward)
    desk.by_login.begin(key)
    desk.by_address.begin(address)
    if not desk.checking.acquire(timeout=5):
        return _slow_down(visitor, 5, onward)
    try:
        account = account_of(visitor.settings, desk.pseudonyms, login, visitor.form.secret("password")[:1024])
    finally:
        desk.checking.release()
    if account is None:
        return _form(visitor, 403, _WRONG, onward)
    desk.by_login.forget(key)
    desk.by_address.forgive(address)
    if not account.staff and not account.roles:
        return _form(visitor, 403, _NO_PART, onward)
    return _welcome(visitor, account, onward)


def log_out(visitor: Visitor) -> Response:
    """End the session."""
    visitor.desk.sessions.end(visitor.cookie)
    answer = visitor.page("message.html", words="You are logged out.", known_out=True)
    answer.delete_cookie(cookie_name(visitor.request), path="/", httponly=True, samesite="strict")
    return answer


def _welcome(visitor: Visitor, account: Account, onward: str) -> Response:
    if visitor.cookie:
        visitor.desk.sessions.end(visitor.cookie)
    token = visitor.desk.sessions.begin(account.login, password_mark(visitor.settings, account.login))
    answer = visitor.go(onward)
    _set_cookie(visitor, answer, token)
    return answer


def _form(visitor: Visitor, status: int, wrong: str, onward: str) -> Response:
    """Its token belongs to a cookie that means nothing else yet."""
    before = visitor.cookie if len(visitor.cookie) == _COOKIE_LETTERS else secrets.token_urlsafe(32)
    words = {"wrong": wrong, "onward": onward, "ready": visitor.settings.people.logins is not None}
    answer = visitor.page("login.html", status, **(words | {"token": visitor.desk.seal.token(before)}))
    _set_cookie(visitor, answer, before)
    return answer


def _slow_down(visitor: Visitor, wait: float, onward: str) -> Response:
    seconds = int(wait) + 1
    how_long = f"{seconds} seconds" if seconds > 1 else "a second"
    words = f"There were too many wrong passwords. Wait {how_long} before the next try."
    answer = _form(visitor, 429, words, onward)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _set_cookie(visitor: Visitor, answer: Response, value: str) -> None:
    secure = visitor.request.url.scheme == "https"
    answer.set_cookie(cookie_name(visitor.request), value, path="/", httponly=True, samesite="strict", secure=secure)


def _next(form: Form) -> str:
    """Where to go after the login: a page of this console, and nowhere else."""
    path = form.line("next")
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if inside and path.isascii() and path != "/login" else "/"
