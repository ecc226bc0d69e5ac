"""Who somebody is at the console or at a command, and what their role may do."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from schoolgate.passwords import FILE, is_right, read_passwords, renew
from schoolgate.settings.load import Settings
from schoolgate.store.pseudonym import Pseudonyms


class Way(StrEnum):
    """How somebody proved who they are."""

    PASSWORD = "password"  # noqa: S105 - the word, not one
    SIGN_ON = "sign-on"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who proved who they are; ``roles`` are of school.yaml, ``group`` is theirs in people.yaml ("": none)."""

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
    known = passwords_of(settings).get(login.casefold())
    right = is_right(login, known, password)
    if known is None or not right:
        return None
    renew(password_file(settings), login, known, password)
    return named(settings, pseudonyms, login)


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
    """Every login that the school's files name, by its pseudonym; also one that only the password file knows."""
    logins = list[str]()
    with suppress(OSError, ValueError):  # a report does without the password file where it cannot be read
        logins += passwords_of(settings)
    logins += [role.user for role in settings.school.roles.values() if role.user]
    logins += [user for group in settings.people.groups.values() for user in group.users]
    logins += [person.login for person in settings.snapshot.people.persons]
    return {pseudonyms.of("user", login): login for login in logins}


def mark_of(settings: Settings, login: str, way: Way) -> str:
    """A digest of what a login rests on, "" where that is gone: a session ends when its password or sign-on changes.

    Raises OSError where the password file cannot be read.
    """
    what: object = settings.school.sign_on if way is Way.SIGN_ON else passwords_of(settings).get(login.casefold())
    return hashlib.sha256(repr(what).encode()).hexdigest() if what else ""


def password_file(settings: Settings) -> Path:
    """The file of passwords: that of people.yaml, or the one that would be named there."""
    logins = settings.people.logins
    return settings.folders.config / (logins.file if logins else FILE)


def passwords_of(settings: Settings) -> dict[str, str]:
    """What is kept of each login's password; nothing where there is no file and need not be one. Raises OSError."""
    file, may_lack = password_file(settings), settings.school.identity.directory is not None
    return read_passwords(file) if settings.people.logins and (file.exists() or not may_lack) else {}
