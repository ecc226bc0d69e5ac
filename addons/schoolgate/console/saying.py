"""What a member of staff says about her own record: a note, or that something should not count (a contest)."""

from starlette.responses import Response

from schoolgate.console import ledger
from schoolgate.console.entry import Refused, Visitor
from schoolgate.console.ledger import Told
from schoolgate.console.mine import local_now
from schoolgate.console.paging import part_of
from schoolgate.console.period import day_of
from schoolgate.reporting.sittings import Row
from schoolgate.store.deeds import contests
from schoolgate.store.event import Deed

_MOST_EVENTS = 1000


def show_visit(visitor: Visitor) -> Response:
    """One spell of hers with all that is known of it, and the forms to say something about it."""
    return visitor.page("visit.html", spell=_spell(visitor), wrong="")


def add_note(visitor: Visitor) -> Response:
    """Her words go on record beside the visits."""
    spell, words = _spell(visitor), visitor.form.text("words")
    if not words:
        return visitor.page("visit.html", 400, spell=spell, wrong="Write what you want to note first.")
    about = " ".join(page["id"] for page in spell.pages)
    visitor.desk.write(Deed.NOTE, visitor.account.actor, person=visitor.account.person, about=about, why=words)
    return visitor.go("/mine/said#notes")


def contest(visitor: Visitor) -> Response:
    """First a page that says what a contest does; with ``sure`` it goes on record."""
    spell, words = _spell(visitor), visitor.form.text("words")
    pages = _chosen(visitor, spell)
    if not words:
        return visitor.page("visit.html", 400, spell=spell, wrong="Write why it should not count first.")
    if not pages:
        return visitor.page("visit.html", 400, spell=spell, wrong="Choose at least one page.")
    if visitor.form.line("sure") != "yes":
        return visitor.page("contest_confirm.html", spell=spell, pages=pages, words=words)
    person = visitor.account.person
    with visitor.desk.alone:
        with visitor.desk.reading() as reader:
            known = ledger.voice_of(reader, person).contests
        if any(page["id"] in known for page in pages):
            raise Refused(409, "You have contested this already. You find it, and the answer, under what you said.")
        about = " ".join(page["id"] for page in _with_repeats(spell, pages))
        visitor.desk.write(Deed.CONTEST, visitor.account.actor, person=person, about=about, why=words)
    return visitor.go("/mine/said")


def show_said(visitor: Visitor) -> Response:
    """Her contests with their answers, and her notes."""
    person, part = visitor.account.person, part_of(visitor.query)
    with visitor.desk.reading() as reader:
        contested, noted = contests(reader, person)[::-1], ledger.notes_of(reader, person)[::-1]
        mine, notes = part.of(contested), part.of(noted)
        events = {event for each in mine for event in each.events} | {
            e for note in notes for e in note["about"].split()
        }
        known = {event: ledger.event_of_person(reader, person, event) for event in events}
    sites = {event: f"{row['host']}{row['path']}" for event, row in known.items() if row is not None}
    firsts = {event: row for event, row in known.items() if row is not None}
    words = {"contests": mine, "notes": notes, "part": part.beside(contested, noted)}
    return visitor.page("said.html", sites=sites, events=firsts, **words)


def _spell(visitor: Visitor) -> Told:
    """The spell of the address; only what is hers exists. Raises Refused."""
    with visitor.desk.reading() as reader:
        person = visitor.account.person
        event = ledger.event_of_person(reader, person, visitor.request.path_params["event"])
        if event is None:
            raise Refused(404, "There is no such entry in your record. Entries are deleted when their time is over.")
        return ledger.sitting_around(reader, person, event, day_of(event["at"], local_now(visitor)))


def _chosen(visitor: Visitor, spell: Told) -> list[Row]:
    """The pages of the spell that are meant. Raises Refused for ids that are not in it."""
    chosen = set(visitor.form.all("page"))
    if not chosen <= {page["id"] for page in spell.pages} or len(chosen) > _MOST_EVENTS:
        raise Refused(404, "There is no such entry in this part of your record.")
    return [page for page in spell.pages if page["id"] in chosen]


def _with_repeats(spell: Told, pages: list[Row]) -> list[Row]:
    """The pages, and what they loaded anew by themselves."""
    places = {(page["host"], page["path"]) for page in pages}
    return [*pages, *(row for row in spell.anew if (row["host"], row["path"]) in places)]
