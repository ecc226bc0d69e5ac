"""What speaks for and against a visit being this person's own: said to whoever answers a contest, weighed by nobody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from schoolgate.console.ledger import Told
from schoolgate.console.words import how_sure
from schoolgate.reporting.sittings import Row
from schoolgate.store.deeds import Queries
from schoolgate.store.event import stamp

_SURE = 0.95  # of the confidence that a request was a visit
_NEAR = timedelta(minutes=30)
_BRIEF = 1.0  # minutes
_OTHERS = (
    "select distinct person from events where at >= :since and at <= :until and client = :client "
    "and client <> '' and person <> :person and person <> '' and action <> 'deed'"
)


@dataclass(frozen=True, slots=True)
class Speaks:
    """Facts that speak for counting the visits, and facts that speak against it."""

    counts: tuple[str, ...]
    against: tuple[str, ...]


def weigh(reader: Queries, spells: list[Told]) -> Speaks:
    """The facts about some spells of one person, without repeats."""
    counts = dict.fromkeys(fact for spell in spells for fact in _for(spell))
    against = dict.fromkeys(fact for spell in spells for fact in _against(reader, spell))
    return Speaks(tuple(counts), tuple(against))


def _for(spell: Told) -> Iterator[str]:
    first = spell.first
    if first["calendar"]:
        yield f"Time: {first['calendar']}."
    if first["identity_confidence"] in ("login", "device"):
        yield f"Identity: {how_sure(first['identity_confidence'])}."
    if all(_confidence(page) >= _SURE for page in spell.pages):
        yield f"Each page was opened by somebody: {first['reason'] or 'the browser opened it as a page'}."
    if len(spell.pages) > 1:
        yield f"{_sites(spell)}: {len(spell.pages)} pages in one spell of {spell.minutes:.0f} minutes."
    if first["notice"]:
        yield f"The notice {first['notice']} had been acknowledged before."


def _against(reader: Queries, spell: Told) -> Iterator[str]:
    first = spell.first
    if first["identity_confidence"] not in ("login", "device"):
        yield f"Identity: {how_sure(first['identity_confidence'])}."
    others = _others_at_device(reader, spell)
    if others:
        yield f"Within half an hour {others} more {'code was' if others == 1 else 'codes were'} seen on this device."
    for page in spell.pages:
        if _confidence(page) < _SURE:
            yield f"It is only likely ({page['confidence']}) that this was a visit: {page['reason']}."
    if len(spell.pages) == 1 or spell.minutes < _BRIEF:
        yield f"{_sites(spell)}: a short look (under a minute, or a single page) can be a click by mistake."
    if not first["notice"]:
        yield "The record names no notice that had been acknowledged before."


def _others_at_device(reader: Queries, spell: Told) -> int:
    since = datetime.fromisoformat(spell.first["at"]) - _NEAR
    until = datetime.fromisoformat(spell.last["at"]) + _NEAR
    about = {"since": stamp(since), "until": stamp(until), "client": spell.first["client"]}
    return len(list(reader.query(_OTHERS, about | {"person": spell.first["person"]})))


def _sites(spell: Told) -> str:
    return ", ".join(spell.sites[:3])


def _confidence(page: Row) -> float:
    """What is no number speaks for nothing."""
    try:
        return float(page["confidence"])
    except (TypeError, ValueError):
        return 0.0
