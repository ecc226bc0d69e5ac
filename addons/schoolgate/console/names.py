"""Turning a code into a name, with a reason and on record; and who has looked at whose record."""

import json
from dataclasses import dataclass

from starlette.responses import Response

from schoolgate.access import named, names_of
from schoolgate.alerting.case_roles import CHAIR, codes_of, may_see
from schoolgate.console.entry import Visitor
from schoolgate.console.paging import LENGTH, Part, part_of
from schoolgate.store.cases import cases
from schoolgate.store.event import Deed

_LOOKED = (
    "select * from deeds where rule in ('name-revealed', 'record-viewed', 'exported') "
    "and person not in (select value from json_each(:own)) and about not in (select value from json_each(:unseen)) "
    "order by at desc, id desc limit :most offset :first"
)
_SHORTEST_REASON = 8


@dataclass(frozen=True, slots=True)
class Revealed:
    """Who stands behind a code: a name and a login, or a device."""

    code: str
    name: str
    what: str
    group: str


def show_names(visitor: Visitor) -> Response:
    """The form that asks which code, and why."""
    return visitor.page("names.html", code=visitor.query.line("code", 32), reason="", wrong="")


def reveal(visitor: Visitor) -> Response:
    """Put the look-up on record, then show the name."""
    code, reason = visitor.form.line("code", 32).lower(), visitor.form.text("reason", 500)
    found = _behind(visitor, code)
    wrong = "" if found else "No name is known for this code. Is it written like u-0123456789ab?"
    if len(reason) < _SHORTEST_REASON:
        wrong = "Write the reason in a few words. It goes on record with your role."
    if found is None or wrong:
        return visitor.page("names.html", 400, code=code, reason=reason, wrong=wrong)
    visitor.desk.write(Deed.REVEALED, visitor.account.actor, person=code, why=reason)
    return visitor.page("name.html", found=found, reason=reason)


def show_look_ups(visitor: Visitor) -> Response:
    """Who looked at whose record, or had a name revealed, but for the reader's own.

    A look at a case is not shown to whom the case is hidden from; the chair of governors watches all the others.
    """
    settings, pseudonyms, account = visitor.settings, visitor.desk.pseudonyms, visitor.account
    part, own = part_of(visitor.query), codes_of(settings, pseudonyms, account.login)
    with visitor.desk.reading() as reader:
        everything = visitor.desk.folds.of(reader, cases)
        unseen = [each.id for each in everything if not may_see(settings, pseudonyms, account, each)]
        unseen = [] if CHAIR in account.roles else unseen
        hidden = {"own": json.dumps(list(own)), "unseen": json.dumps(unseen)}
        rows = list(reader.query(_LOOKED, hidden | {"first": part.first, "most": LENGTH + 1}))
    return visitor.page("look_ups.html", rows=rows[:LENGTH], part=Part(part.number, len(rows) > LENGTH))


def _behind(visitor: Visitor, code: str) -> Revealed | None:
    settings, pseudonyms = visitor.settings, visitor.desk.pseudonyms
    login = names_of(settings, pseudonyms).get(code)
    if login is not None:
        account = named(settings, pseudonyms, login)
        return Revealed(code, account.name, f"login {login}", account.group)
    for person in settings.snapshot.people.persons:
        for device in person.own:
            if pseudonyms.of("device", device) == code:
                return Revealed(code, person.name, f"device {device}", person.group)
    with visitor.desk.reading() as reader:
        sql = "select client, \"group\" from events where person = :code and client <> '' limit 1"
        for row in reader.query(sql, {"code": code}):
            if pseudonyms.of("device", row["client"]) == code:
                return Revealed(code, "a device that is nobody's alone", f"device {row['client']}", row["group"])
            if code.startswith("d-"):
                had = f"known by its MAC, which had {row['client']}"
                return Revealed(code, "a device that is nobody's alone", had, row["group"])
    return None
