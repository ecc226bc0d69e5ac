"""The first login of all: whoever holds the code of the terminal gives the Headteacher or the technician theirs."""

import re

from starlette.responses import Response

from schoolgate import setup_code
from schoolgate.access import named, password_file
from schoolgate.console.entry import Refused, Visitor, address_of, network_of
from schoolgate.console.login import page_before_login, slow_words, waits_for_first
from schoolgate.passwords import hashed, is_right, read_passwords, set_password, what_is_wrong
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.role_edit import give_role, lines_to_add
from schoolgate.store.event import Deed

ROLES = ("headteacher", "technician")
"""Who can be the first; the first one sees to it that the others get theirs."""
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NO_CODE = "The code has run out. Whoever looks after the gateway gets a new one there: schoolgate setup-code"


def show_setup(visitor: Visitor) -> Response:
    """The form, as long as no role has a login."""
    _check_needed(visitor)
    return _form(visitor, 200, "")


def set_up(visitor: Visitor) -> Response:
    """Give a role its first login, for the right code."""
    desk, key = visitor.desk, f"\n{network_of(address_of(visitor.request))}"  # no login is written like this
    with desk.alone:
        _check_needed(visitor)
        wait = desk.by_login.wait(key)
        if wait > 0:
            return _form(visitor, 429, slow_words(wait).replace("passwords", "codes"))
        desk.by_login.begin(key)
        code = setup_code.current(visitor.settings.data, desk.now())
        if code is None:
            return _form(visitor, 403, _NO_CODE)
        if not setup_code.is_right(code, visitor.form.line("code", 64)):
            return _form(visitor, 403, "This is not the code. It stands on the terminal where the gateway was started.")
        desk.by_login.forget(key)
        if wrong := _what_is_wrong(visitor):
            return _form(visitor, 400, wrong)
        return _carry_out(visitor)


def _check_needed(visitor: Visitor) -> None:
    if not waits_for_first(visitor):
        raise Refused(404, "The console is set up: a role has its login. Others get theirs from the technician.")


def _what_is_wrong(visitor: Visitor) -> str:
    form, settings = visitor.form, visitor.settings
    role, login, password = form.line("role"), form.line("login", 65), form.secret("password")
    if role not in ROLES or role not in settings.school.roles:
        return "Choose whose login it is."
    if not _LOGIN.fullmatch(login):
        return "A login is made of letters, figures, dots and dashes, like h.teacher; at most 64."
    given = settings.school.roles[role].user
    if given and given.casefold() != login.casefold():
        return f"config/school.yaml says already that the login of this role is {given}."
    if wrong := what_is_wrong(login, password):
        return wrong
    if password != form.secret("again"):
        return "The two passwords are not the same."
    path = password_file(settings)
    known = read_passwords(path).get(login.casefold()) if path.exists() else None
    if known and not is_right(login, known, password):
        return "This login has a password already, and this is another one. Write that one, or take another login."
    return ""


def _carry_out(visitor: Visitor) -> Response:
    """The password first, then the files that speak of it, then the deed; the code is gone at the end."""
    desk, settings, form = visitor.desk, visitor.settings, visitor.form
    role, login = form.line("role"), form.line("login", 65)
    path = password_file(settings)
    file = settings.people.logins.file if settings.people.logins else path.name
    lines = lines_to_add(role, login, file, settings.people.logins is not None)
    try:
        if not path.exists() or login.casefold() not in read_passwords(path):
            set_password(path, login, hashed(form.secret("password")))
        give_role(settings.folders, role, login, file)
    except OSError as error:
        faults = [f"{settings.folders.named(path)}: cannot be written: {error.strerror}"]
        return _by_hand(visitor, [f"schoolgate login {login}"], faults, lines)
    except SettingsError as error:
        return _by_hand(visitor, [], [str(fault) for fault in error.faults], lines)
    person = named(settings, desk.pseudonyms, login).person
    try:
        told = {"entry": "setup", "client": address_of(visitor.request), "why": "the first login of the console"}
        desk.write(Deed.LOGGED_IN, f"{role} {person}", **told)
    finally:
        setup_code.forget(settings.data)
    return visitor.page("setup_done.html", login=login, role=role)


def _by_hand(visitor: Visitor, commands: list[str], faults: list[str], lines: list[tuple[str, str]]) -> Response:
    return visitor.page("setup_by_hand.html", 500, commands=commands, faults=faults, lines=lines)


def _form(visitor: Visitor, status: int, wrong: str) -> Response:
    form, roles = visitor.form, visitor.settings.school.roles
    words = {"role": form.line("role"), "login": form.line("login", 65), "code": form.line("code", 64)}
    choices = {role: roles[role] for role in ROLES if role in roles}
    return page_before_login(visitor, "setup.html", status, wrong=wrong, choices=choices, **words)
