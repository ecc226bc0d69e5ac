"""Whom a report is about: a login or a code as somebody types it, and all the codes that are theirs alone."""

import re
from dataclasses import dataclass

from schoolgate.access import named, names_of
from schoolgate.settings.load import Settings
from schoolgate.store.deeds import Queries
from schoolgate.store.pseudonym import Pseudonyms

_CODE = re.compile(r"[ud]-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Subject:
    """``code`` is what they go by on record, ``codes`` are all of theirs; login, name and devices may be unknown."""

    code: str
    codes: tuple[str, ...]
    login: str
    name: str
    group: str
    devices: tuple[str, ...]


def is_code(written: str) -> bool:
    """Whether this has the form of a pseudonym, like ``u-0123456789ab``."""
    return _CODE.fullmatch(written) is not None


def subject_of(settings: Settings, pseudonyms: Pseudonyms, reader: Queries, written: str) -> Subject:
    """The subject behind a login or a code; what the school's files do not know may still be on record."""
    written = written.strip()
    login = _login_of(settings, pseudonyms, written.lower()) if is_code(written.lower()) else written
    if not login:
        return _by_code(reader, written.lower())
    account, person = named(settings, pseudonyms, login), settings.snapshot.people.person(login)
    devices = person.own if person else ()
    codes = (account.person, *(pseudonyms.of("device", device) for device in devices))
    group = account.group or _group_on_record(reader, account.person)
    return Subject(account.person, codes, login, account.name, group, devices)


def _login_of(settings: Settings, pseudonyms: Pseudonyms, code: str) -> str:
    """The login of a person's code, or of the code of a device that is only theirs."""
    for person in settings.snapshot.people.persons:
        if code in (pseudonyms.of("device", device) for device in person.own):
            return person.login
    return names_of(settings, pseudonyms).get(code, "")


def _by_code(reader: Queries, code: str) -> Subject:
    clients: tuple[str, ...] = ()
    if code.startswith("d-"):
        rows = reader.query("select distinct client from events where device = :code and client <> ''", {"code": code})
        clients = tuple(row["client"] for row in rows)
    return Subject(code, (code,), "", "", _group_on_record(reader, code), clients)


def _group_on_record(reader: Queries, code: str) -> str:
    sql = 'select "group" from events where person = :code and "group" <> \'\' order by at desc limit 1'
    return next((str(row["group"]) for row in reader.query(sql, {"code": code})), "")
