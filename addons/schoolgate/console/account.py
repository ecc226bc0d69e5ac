"""Somebody's own login: where it is open, logging out everywhere, and a new password."""

from dataclasses import dataclass

from starlette.responses import Response

from schoolgate.access import Way, password_file, passwords_of
from schoolgate.console.entry import Visitor
from schoolgate.console.login import forget_cookie, proved, seconds_to_wait, slow_words
from schoolgate.passwords import hashed, set_password, what_is_wrong


@dataclass(frozen=True, slots=True)
class Open:
    """One place where the login is open."""

    at: str
    address: str
    way: Way
    idle: int  # minutes since the last page
    here: bool


def show_account(visitor: Visitor) -> Response:
    """Where the login is open, and the form for a new password."""
    return _page(visitor, 200, "")


def log_out_everywhere(visitor: Visitor) -> Response:
    """End every session of this login, this one too."""
    number = visitor.desk.sessions.end_all(visitor.account.login)
    places = "in one place" if number == 1 else f"in {number} places"
    words = f"You were logged in {places}, and are logged out everywhere now."
    return forget_cookie(visitor, visitor.page("message.html", words=words, known_out=True))


def change_password(visitor: Visitor) -> Response:
    """Set a new password, by the old one; then everything that rested on the old one is logged out."""
    login, form = visitor.account.login, visitor.form
    new = form.secret("new")
    wait = seconds_to_wait(visitor, login)
    if wait > 0:
        return _page(visitor, 429, slow_words(wait))
    if wrong := what_is_wrong(login, new):
        return _page(visitor, 400, wrong)
    if new != form.secret("again"):
        return _page(visitor, 400, "The two new passwords are not the same. Nothing was changed.")
    if proved(visitor, login, form.secret("old")) is None:
        return _page(visitor, 403, "The password that you have now is another one. Nothing was changed.")
    code = passwords_of(visitor.settings)[login.casefold()]
    try:
        done = set_password(password_file(visitor.settings), login, hashed(new), instead_of=code)
    except OSError:
        return _page(visitor, 500, "The file of passwords cannot be written here; ask the technician for a new one.")
    if not done:
        return _page(visitor, 409, "The password was changed by somebody else meanwhile. Nothing was done.")
    visitor.desk.sessions.end_all(login)
    words = "Your password is changed, here and at the proxy, and you are logged out everywhere."
    return forget_cookie(visitor, visitor.page("message.html", words=words, known_out=True))


def _page(visitor: Visitor, status: int, wrong: str) -> Response:
    found = visitor.desk.sessions.of(visitor.account.login)
    places = [Open(each.at, each.address, each.way, int(idle // 60), each is visitor.session) for each, idle in found]
    has_password = visitor.account.login.casefold() in passwords_of(visitor.settings)
    return visitor.page("account.html", status, places=places, has_password=has_password, wrong=wrong)
