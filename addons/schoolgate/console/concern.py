"""Anybody with a login raises a concern: about a person, or about something seen; with evidence, if there is any.

It becomes a case at once, with whoever the concern is not about. The page says what must never be attached: indecent
images of children are not copied, forwarded or uploaded by anybody, and whom to tell instead.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from schoolgate.alerting.case_roles import CHAIR, DSL, HEAD, codes_of, first_route, is_filled_by, told_of
from schoolgate.console.concerned import ROUND, STAFF, whom
from schoolgate.console.entry import Refused, Visitor
from schoolgate.console.evidence import check_files, hold
from schoolgate.console.forms import LONGEST_WORDS, Upload
from schoolgate.store.cases import Case, Priority, State, case_names, cases, steady_id
from schoolgate.store.event import Deed, as_reference, stamp
from schoolgate.store.exhibits import BadExhibit, forget

MOST_BYTES = 21 * 1024 * 1024
"""Of a form with its files."""
_MOST_A_DAY = 50  # concerns of one person, so that nobody fills the disk
_ONCE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)/[0-9a-f]{32}")
_HOLDS = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a concern can be: ``roles`` are asked in this order who looks after it."""

    words: str
    line: str
    category: str
    theme: str
    priority: Priority
    roles: tuple[str, ...]


CONCERNS = {
    "bullying": Kind(
        "Bullying, online or by messages", "A concern about bullying.", "bullying", "conduct",
        Priority.MEDIUM, (DSL, HEAD),
    ),
    "child": Kind(
        "Somebody may be in danger, or not well", "A concern about somebody's safety.", "", "contact",
        Priority.HIGH, (DSL, HEAD),
    ),
    "extremism": Kind(
        "Somebody may be drawn into extremism", "A concern about radicalisation.", "extremism", "content",
        Priority.HIGH, (DSL, HEAD),
    ),
    STAFF: Kind(
        "What a member of staff or a volunteer did", "A concern about somebody who works here.", "", "conduct",
        Priority.MEDIUM, (HEAD, DSL),
    ),
    ROUND: Kind(
        "What the Headteacher did: it goes to the chair of governors, and not to the Headteacher",
        "A concern about the Headteacher.", "", "conduct", Priority.MEDIUM, (CHAIR,),
    ),
    "network": Kind(
        "Something seen on the school's network", "Something was seen on the network.", "", "content",
        Priority.MEDIUM, (DSL, HEAD),
    ),
    "other": Kind("Something else", "A concern.", "", "", Priority.MEDIUM, (DSL, HEAD)),
}  # fmt: skip
"""The kinds of concern that the form offers."""


def show_form(visitor: Visitor) -> Response:
    """The form; the block page names its reference in the address."""
    ref = visitor.request.path_params.get("ref", "")
    return _form(visitor, 200, "", {"ref": as_reference(ref)[:12] if ref else ""})


def raise_concern(visitor: Visitor) -> Response:
    """Put the concern on record, with its evidence."""
    form = visitor.form
    given = {name: form.line(name) for name in ("kind", "about", "ref", "seen", "address")}
    given["words"] = form.text("words")
    once = form.line("once", 80)
    wrong = _wrong(visitor, given, once)
    uploads = form.files.get("files", [])
    if not wrong:
        try:
            check_files(form, uploads)
        except BadExhibit as error:
            wrong = str(error)
    if wrong:
        return _form(visitor, 400, wrong, given)
    with visitor.desk.alone:
        ref = _open(visitor, given, once, uploads)
    return visitor.go(f"/concern/{ref}")


def show_raised(visitor: Visitor) -> Response:
    """What became of a concern, to whoever raised it: that it has arrived, and whether somebody has looked."""
    ref = as_reference(visitor.request.path_params["ref"])
    with visitor.desk.reading() as reader:
        found = next((each for each in cases(reader) if each.ref == ref and _raised(visitor, each)), None)
    if found is None:
        raise Refused(404, "You have raised no concern with this reference.")
    told = told_of(visitor.settings, visitor.desk.pseudonyms, found, found.route)
    return visitor.page("concern_raised.html", case=found, is_seen=found.state is not State.NEW, told=told)


def _form(visitor: Visitor, status: int, wrong: str, given: dict[str, str]) -> Response:
    once = f"{stamp(visitor.desk.now())}/{secrets.token_hex(16)}"
    words: dict[str, Any] = dict.fromkeys(("kind", "about", "ref", "seen", "address", "words"), "") | given
    contact = visitor.settings.school.roles.get(DSL)
    named_dsl = f"the designated safeguarding lead{f' ({contact.name})' if contact else ''}"
    return visitor.page("concern.html", status, given=words, wrong=wrong, once=once, kinds=CONCERNS, dsl=named_dsl)


def _wrong(visitor: Visitor, given: dict[str, str], once: str) -> str:
    """What is missing, in words, or ""."""
    found = _ONCE.fullmatch(once)
    age = visitor.desk.now() - datetime.fromisoformat(found[1]) if found else _HOLDS
    if given["kind"] not in CONCERNS:
        return "Choose what it is about."
    if len(given["words"]) < 3:
        return "Write what happened, in your own words."
    if not timedelta(minutes=-5) <= age < _HOLDS:
        return "This form was too old. What you wrote is still here: send it again. Choose the files once more."
    return ""


def _open(visitor: Visitor, given: dict[str, str], once: str, uploads: list[Upload]) -> str:
    """The case; the same form that is sent twice is one case. Until its last deed is written it is none at all."""
    desk, account, kind = visitor.desk, visitor.account, CONCERNS[given["kind"]]
    names = case_names(once.partition("/")[0], account.person, once)
    with desk.reading() as reader:
        known = cases(reader)
        event = _event(reader, given["ref"])
    if any(each.id == names["id"] for each in known):
        return names["ref"]
    since = stamp(desk.now() - timedelta(days=1))
    if sum(_raised(visitor, each) and each.at > since for each in known) >= _MOST_A_DAY:
        raise Refused(429, "You have raised many concerns today. Speak to the designated safeguarding lead in person.")
    person, group = _person(visitor, given, event)
    route = first_route(desk.settings, desk.pseudonyms, kind.roles, person)
    at = once.partition("/")[0]
    _hold(visitor, names["id"], at, uploads)
    words = {"id": steady_id(at, names["id"], "words"), "about": names["id"]}
    desk.write(Deed.CASE_NOTE, account.actor, **words, why=_words(given))
    told = {"person": person, "group": group, "category": kind.category or event["category"], "theme": kind.theme}
    told |= {"about": event["id"], "entry": f"{kind.priority}/{route}", "why": kind.line}
    desk.write(Deed.CASE, account.actor, **names, **told)  # last: so there is no case without its words
    return names["ref"]


def _hold(visitor: Visitor, case: str, at: str, uploads: list[Upload]) -> None:
    try:
        hold(visitor, case, at, uploads)
    except OSError:
        forget(visitor.settings.data, case)  # no case will ever speak of what is there by now
        raise


def _person(visitor: Visitor, given: dict[str, str], event: dict[str, str]) -> tuple[str, str]:
    """Code and group of whom it is about: as it was written, or the Headteacher of whose page it gives the number."""
    settings, pseudonyms = visitor.settings, visitor.desk.pseudonyms
    person, group = whom(visitor, given["kind"], given["about"])
    own = codes_of(settings, pseudonyms, visitor.account.login)
    if not person and event["person"] not in own and is_filled_by(settings, pseudonyms, HEAD, event["person"]):
        return event["person"], event["group"]
    return person, group


def _words(given: dict[str, str]) -> str:
    """What was said, with whom it is about, when and where it was seen, in the words that were written."""
    parts = [given["words"]]
    for label, name in (("About", "about"), ("Seen", "seen"), ("Address", "address"), ("Reference", "ref")):
        if given[name]:
            parts.append(f"{label}: {given[name]}")
    return "\n".join(parts)[: LONGEST_WORDS + 1000]


def _event(reader: Any, ref: str) -> dict[str, str]:
    """The event with a reference, or one without a word in it."""
    names = ("id", "category", "person", "group")
    sql = "select * from events where ref = :ref and action <> 'deed' limit 1"
    rows = reader.query(sql, {"ref": as_reference(ref)}) if ref else ()
    return next(({name: row[name] for name in names} for row in rows), dict.fromkeys(names, ""))


def _raised(visitor: Visitor, known: Case) -> bool:
    return known.raised_by.split()[-1:] == [visitor.account.person]
