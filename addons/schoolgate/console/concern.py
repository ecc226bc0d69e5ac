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

from schoolgate.access import named, names_of
from schoolgate.alerting.case_roles import CHAIR, DSL, HEAD, first_route
from schoolgate.console.cases import find_case
from schoolgate.console.entry import Refused, Visitor
from schoolgate.console.forms import LONGEST_WORDS, Form, Upload
from schoolgate.console.guard import SANDBOX
from schoolgate.reporting.subject import is_code
from schoolgate.store.cases import Case, Priority, State, case_names, cases, steady_id
from schoolgate.store.event import Deed, as_reference, stamp
from schoolgate.store.exhibits import KINDS, BadExhibit, Kept, keep, kind_of, read

MOST_BYTES = 21 * 1024 * 1024
"""Of a form with its files."""
_MOST_FILES = 10
_MOST_A_DAY = 50  # concerns of one person, so that nobody fills the disk
_ONCE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)/[0-9a-f]{32}")
_HOLDS = timedelta(hours=12)
_INDECENT = "Tick that no file is an indecent image of a child. If one is, do not attach it: read here whom to tell."
_TITLES = {HEAD: frozenset({"head", "headteacher", "headmaster", "headmistress"}), DSL: frozenset({"dsl"})}


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
    "staff": Kind(
        "What a member of staff or a volunteer did", "A concern about somebody who works here.", "", "conduct",
        Priority.MEDIUM, (HEAD, DSL),
    ),
    "head": Kind(
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
            _check_files(form, uploads)
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
    return visitor.page("concern_raised.html", case=found, is_seen=found.state is not State.NEW)


def attach(visitor: Visitor) -> Response:
    """Add evidence to a case."""
    with visitor.desk.alone:
        known = find_case(visitor)
        if not known.is_open:
            raise Refused(409, "The case is closed, so nothing was attached. Open it again first.")
        uploads = visitor.form.files.get("files", [])
        try:
            _check_files(visitor.form, uploads)
            if not uploads:
                raise BadExhibit("Choose a file first.")
            _attach(visitor, known.id, known.at, uploads)
        except BadExhibit as error:
            raise Refused(400, str(error)) from None
    return visitor.go(f"/cases/{known.id}")


def download(visitor: Visitor) -> Response:
    """Hand out a file, to be saved and never shown by the console itself; its hash is compared first."""
    known = find_case(visitor)
    wanted = visitor.request.path_params["sha256"]
    exhibit = next((each for each in known.exhibits if each.sha256 == wanted), None)
    if exhibit is None:
        raise Refused(404, "There is no such file in this case.")
    try:
        content = read(visitor.settings.data, known.id, exhibit)
    except BadExhibit as error:
        raise Refused(409, str(error)) from None
    if known.person:
        words = f"case {known.ref}, file {exhibit.sha256[:12]}"
        visitor.desk.write(Deed.VIEWED, visitor.account.actor, person=known.person, why=words, about=known.id)
    name = f"{known.ref}-{exhibit.sha256[:12]}.{KINDS.get(exhibit.kind, 'bin')}"
    kind = exhibit.kind if exhibit.kind in KINDS else "application/octet-stream"
    kind += "; charset=utf-8" if kind.startswith("text/") else ""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": SANDBOX}
    return Response(content, headers=headers, media_type=kind)


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


def _check_files(form: Form, uploads: list[Upload]) -> None:
    """Raises BadExhibit before anything is kept."""
    if len(uploads) > _MOST_FILES:
        raise BadExhibit(f"At most {_MOST_FILES} files at a time.")
    if uploads and form.line("none") != "yes":
        raise BadExhibit(_INDECENT)
    for upload in uploads:
        kind_of(upload.content)


def _open(visitor: Visitor, given: dict[str, str], once: str, uploads: list[Upload]) -> str:
    """The case; the same form that is sent twice is one case. Files are safe on the disk before anything is said."""
    desk, account, kind = visitor.desk, visitor.account, CONCERNS[given["kind"]]
    names = case_names(once.partition("/")[0], account.person, once)
    with desk.reading() as reader:
        known = cases(reader)
        about, category = _event(reader, given["ref"])
    if any(each.id == names["id"] for each in known):
        return names["ref"]
    since = stamp(desk.now() - timedelta(days=1))
    if sum(_raised(visitor, each) and each.at > since for each in known) >= _MOST_A_DAY:
        raise Refused(429, "You have raised many concerns today. Speak to the designated safeguarding lead in person.")
    kept = [(keep(desk.settings.data, names["id"], each.content), each) for each in uploads]
    person, group = _person(visitor, given)
    route = first_route(desk.settings, desk.pseudonyms, kind.roles, person)
    told = {"person": person, "group": group, "category": kind.category or category, "theme": kind.theme}
    told |= {"about": about, "entry": f"{kind.priority}/{route}", "why": kind.line}
    desk.write(Deed.CASE, account.actor, **names, **told)
    words = {"id": steady_id(once.partition("/")[0], names["id"], "words"), "about": names["id"]}
    desk.write(Deed.CASE_NOTE, account.actor, **words, why=_words(given))
    _note_files(visitor, names["id"], once.partition("/")[0], kept)
    return names["ref"]


def _attach(visitor: Visitor, case_id: str, at: str, uploads: list[Upload]) -> None:
    kept = [(keep(visitor.settings.data, case_id, each.content), each) for each in uploads]
    _note_files(visitor, case_id, at, kept)


def _note_files(visitor: Visitor, case_id: str, at: str, kept: list[tuple[Kept, Upload]]) -> None:
    for held, upload in kept:
        name = Form({"name": [upload.name]}).line("name", 120)
        names = {"id": steady_id(at, case_id, Deed.ATTACHED, held.sha256)}
        visitor.desk.write(Deed.ATTACHED, visitor.account.actor, **names, about=case_id, entry=held.entry, why=name)


def _words(given: dict[str, str]) -> str:
    """What was said, with whom it is about, when and where it was seen, in the words that were written."""
    parts = [given["words"]]
    for label, name in (("About", "about"), ("Seen", "seen"), ("Address", "address"), ("Reference", "ref")):
        if given[name]:
            parts.append(f"{label}: {given[name]}")
    return "\n".join(parts)[: LONGEST_WORDS + 1000]


def _person(visitor: Visitor, given: dict[str, str]) -> tuple[str, str]:
    """Code and group of whom it is about, where the school's files know them by what was written."""
    settings, pseudonyms = visitor.settings, visitor.desk.pseudonyms
    written = given["about"].casefold()
    if is_code(written):
        return written, ""
    if given["kind"] == "head":
        login = settings.school.roles[HEAD].user if HEAD in settings.school.roles else None
    else:
        login = _login_of(visitor, written) or (_with_a_role(visitor, written) if given["kind"] == "staff" else "")
    return (pseudonyms.of("user", login), named(settings, pseudonyms, login).group) if login else ("", "")


def _login_of(visitor: Visitor, written: str) -> str:
    """The login whose name, or who, was written."""
    settings, pseudonyms = visitor.settings, visitor.desk.pseudonyms
    for login in names_of(settings, pseudonyms).values():
        if written and written in (login.casefold(), named(settings, pseudonyms, login).name.casefold()):
            return login
    return ""


def _with_a_role(visitor: Visitor, written: str) -> str:
    """The login of a role that is meant by its title, or by a part of a name: better once too often round somebody."""
    said = set(re.findall(r"[^\W\d_]{2,}", written))
    for name, role in visitor.settings.school.roles.items():
        parts = {part for part in re.findall(r"[^\W\d_]{4,}", role.name.casefold()) if part not in ("head", "teacher")}
        if role.user and (said & (parts | _TITLES.get(name, frozenset()))):
            return role.user
    return ""


def _event(reader: Any, ref: str) -> tuple[str, str]:
    """Id and category of the event with a reference, where there is one."""
    sql = "select id, category from events where ref = :ref and action <> 'deed' limit 1"
    rows = reader.query(sql, {"ref": as_reference(ref)}) if ref else ()
    return next(((row["id"], row["category"]) for row in rows), ("", ""))


def _raised(visitor: Visitor, known: Case) -> bool:
    return known.raised_by.split()[-1:] == [visitor.account.person]
