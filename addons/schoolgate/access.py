"""Who somebody is at the console or at a command, and what their role may do."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import bcrypt

from schoolgate.settings.load import Settings
from schoolgate.store.pseudonym import Pseudonyms

_NOBODY = bcrypt.hashpw(b"nobody", bcrypt.gensalt(10))  # an unknown name costs as much time as a wrong password


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who proved a password; ``roles`` are of school.yaml, ``group`` is theirs in people.yaml ("": none)."""

    login: str
    name: str
    person: str  # their pseudonym
    roles: tuple[str, ...]
    group: str
    staff: bool  # whether the group has working hours, so that there is a record of theirs to see

    @property
    def actor(self) -> str:
        """Who did it, for a deed on record: the first role and the pseudonym."""
        return f"{self.roles[0]} {self.person}" if self.roles else self.person

    def may_reveal(self, settings: Settings) -> bool:
        """Whether one of the roles may turn a pseudonym into a name."""
        return not set(self.roles).isdisjoint(settings.monitoring.names.may_reveal)


def account_of(settings: Settings, pseudonyms: Pseudonyms, login: str, password: str) -> Account | None:
    """The account behind a login and its password (of the file under ``logins:`` of people.yaml), or None.

    Raises OSError where the password file cannot be read.
    """
    known = _passwords(settings).get(login.casefold())
    right = bcrypt.checkpw(password.encode()[:72], known or _NOBODY)
    return named(settings, pseudonyms, login) if known is not None and right else None


def named(settings: Settings, pseudonyms: Pseudonyms, login: str) -> Account:
    """The account of a login, without a password."""
    folded = login.casefold()
    people = settings.snapshot.people
    person = next((each for each in people.persons if each.login.casefold() == folded), None)
    group = person.group if person else next((g.id for g in people.groups if folded in g.users), "")
    roles = {name: role for name, role in settings.school.roles.items() if (role.user or "").casefold() == folded}
    name = person.name if person else next((role.name for role in roles.values()), login)
    code = pseudonyms.of("user", login)
    return Account(login, name, code, tuple(roles), group, group in settings.snapshot.calendar.at_work)


def names_of(settings: Settings, pseudonyms: Pseudonyms) -> dict[str, str]:
    """Every login that the school's files name, by its pseudonym."""
    people = settings.snapshot.people
    logins = {user for group in settings.people.groups.values() for user in group.users}
    logins |= {person.login for person in people.persons}
    logins |= {role.user for role in settings.school.roles.values() if role.user}
    return {pseudonyms.of("user", login): login for login in logins}


def password_mark(settings: Settings, login: str) -> str:
    """A digest that changes with the password, "" for a login without one: what rests on a password ends with it."""
    code = _passwords(settings).get(login.casefold())
    return hashlib.sha256(code).hexdigest() if code else ""


def _passwords(settings: Settings) -> dict[str, bytes]:
    logins = settings.people.logins
    if logins is None:
        return {}
    lines = (settings.folders.config / Path(logins.file)).read_text().splitlines()
    return {name.casefold(): code.encode() for name, _, code in (line.partition(":") for line in lines) if code}
