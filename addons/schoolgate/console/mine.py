"""The staff mirror: a member of staff sees her own record, what was left out and why, and what is kept for how long."""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any

from starlette.responses import Response

from schoolgate.console import ledger
from schoolgate.console.entry import Visitor, Who
from schoolgate.console.paging import LENGTH, Part, part_of
from schoolgate.console.period import CHOICES, Stretch, stretch
from schoolgate.settings.notice import notice_of
from schoolgate.store.deeds import Contest, Queries, contests
from schoolgate.store.event import Deed


def record_words(reader: Queries, person: str, during: Stretch, part: Part, zone: tzinfo) -> dict[str, Any]:
    """What a page about somebody's counted visits shows; the totals are of the whole period."""
    spells = ledger.counted(reader, person, during)
    newest = spells[::-1]
    return {
        "person": person,
        "during": during,
        "choices": CHOICES,
        "part": part.beside(newest),
        "days": ledger.by_day(part.of(newest), zone),
        "totals": ledger.totals(spells, zone),
        "states": _count(each.state for each in spells),
    }


def left_out_words(reader: Queries, person: str, during: Stretch, part: Part) -> dict[str, Any]:
    """What a page about everything else on somebody's record shows."""
    rows, others = ledger.left_out(reader, person, during, part), ledger.others(reader, person, during, part)
    return {
        "person": person,
        "during": during,
        "choices": CHOICES,
        "part": Part(part.number, max(len(rows), len(others)) > LENGTH),
        "rows": rows[:LENGTH],
        "others": others[:LENGTH],
        "voice": ledger.voice_of(reader, person),
        "counts": ledger.by_themselves(reader, person, during),
    }


def show_record(visitor: Visitor) -> Response:
    """Her counted visits, folded into spells, by day."""
    with visitor.desk.reading() as reader:
        zone, part = visitor.settings.school.timezone, part_of(visitor.query)
        words = record_words(reader, visitor.account.person, _during(visitor), part, zone)
    return visitor.page("mine.html", **words)


def show_left_out(visitor: Visitor) -> Response:
    """What was recorded and does not count, what was blocked, and what pages did by themselves."""
    with visitor.desk.reading() as reader:
        words = left_out_words(reader, visitor.account.person, _during(visitor), part_of(visitor.query))
    return visitor.page("left_out.html", **words)


def show_kept(visitor: Visitor) -> Response:
    """How long what is kept, the notice in force, and which notices she acknowledged."""
    settings, account = visitor.settings, visitor.account
    today = visitor.desk.now().astimezone(settings.school.timezone).date()
    with visitor.desk.reading() as reader:
        read = ledger.deeds_about(reader, account.person, Deed.NOTICE)
    notice = notice_of(settings, account.group, today)
    required = settings.monitoring.notice.required
    words = {"retention": settings.school.retention, "notice": notice, "read": read, "required": required}
    return visitor.page("kept.html", **words)


def show_home(visitor: Visitor) -> Response:
    """What concerns this account, and nothing else."""
    waiting, own = list[Contest](), 0
    with visitor.desk.reading() as reader:
        words = own_words(visitor, reader)
        if visitor.may(Who.ANSWERERS):
            everyone = [each for each in contests(reader) if not each.answer]
            waiting = [each for each in everyone if visitor.may_answer(each.person)]
            own = sum(each.person == visitor.account.person for each in everyone)
    return visitor.page("home.html", waiting=waiting, own=own, **words)


def own_words(visitor: Visitor, reader: Queries) -> dict[str, Any]:
    """What the first screen says of one's own record."""
    account = visitor.account
    if not account.staff:
        return {"spells": [], "totals": [], "mine": []}
    spells = ledger.counted(reader, account.person, stretch("week", local_now(visitor)))
    mine = [each for each in contests(reader, account.person) if not each.answer]
    return {"spells": spells, "totals": ledger.totals(spells, visitor.settings.school.timezone), "mine": mine}


def _during(visitor: Visitor) -> Stretch:
    return stretch(visitor.query.line("period"), local_now(visitor))


def local_now(visitor: Visitor) -> datetime:
    """Now, on the school's clock."""
    return visitor.desk.now().astimezone(visitor.settings.school.timezone)


def _count(states: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in states:
        found[state] = found.get(state, 0) + 1
    return found
