"""What speaks for and against counting visits: said to whoever answers a contest, and weighed by nobody here."""

from collections.abc import Iterator
from dataclasses import dataclass

from schoolgate.console.desk import Desk
from schoolgate.console.ledger import Told
from schoolgate.console.words import how_sure
from schoolgate.policy.identity import NAMING, Confidence
from schoolgate.reporting.case import Case, read_case
from schoolgate.reporting.explanations import explanations
from schoolgate.reporting.period import between
from schoolgate.reporting.subject import subject_of
from schoolgate.store.deeds import Queries


@dataclass(frozen=True, slots=True)
class Speaks:
    """Facts that speak for counting the visits, and facts that speak against it."""

    counts: tuple[str, ...]
    against: tuple[str, ...]


def weigh(desk: Desk, reader: Queries, spells: list[Told]) -> Speaks:
    """The facts about some spells of one person, each once; those against are the ones of the evidence pack."""
    if not spells:
        return Speaks((), ())
    case = _case(desk, reader, spells)
    counts = dict.fromkeys(fact for spell in spells for fact in _for(spell))
    against = dict.fromkeys(fact for spell in spells for fact in explanations(case, spell.sitting))
    return Speaks(tuple(counts), tuple(against))


def _case(desk: Desk, reader: Queries, spells: list[Told]) -> Case:
    """All that is on record about the person on the days of the visits."""
    settings = desk.settings
    subject = subject_of(settings, desk.pseudonyms, reader, spells[0].first["person"])
    days = [desk.on_the_wall(page["at"]).date() for spell in spells for page in spell.pages]
    return read_case(reader, settings, subject, between(min(days), max(days), settings.snapshot.calendar))


def _for(spell: Told) -> Iterator[str]:
    first = spell.first
    if first["calendar"]:
        yield f"Time: {first['calendar']}."
    if first["identity_confidence"] in NAMING - {Confidence.HOSTNAME}:
        yield f"Identity: {how_sure(first['identity_confidence'])}."
    for page in spell.pages:
        yield f"Opened: {page['reason'] or 'no reason is on record'} ({page['confidence'] or 'how sure: not said'})."
    if len(spell.pages) > 1:
        yield f"{', '.join(spell.sites[:3])}: {len(spell.pages)} pages in {spell.minutes} minutes."
    if first["notice"]:
        yield f"The notice {first['notice']} had been acknowledged before."
