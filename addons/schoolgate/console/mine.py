"""The staff mirror: a member of staff sees her own record, what was left out and why, and what is kept for how long."""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any

from starlette.responses import Response

from schoolgate.console import ledger
from schoolgate.console.entry import Visitor
from schoolgate.console.period import CHOICES, Stretch, stretch
from schoolgate.settings.notice import notice_of
from schoolgate.store.deeds import Queries, contests
from schoolgate.store.event import Deed


def record_words(reader: Queries, person: str, during: Stretch, zone: tzinfo) -> dict[str, Any]:
    """What a page about somebody's counted visits shows."""
    spells = ledger.counted(reader, person, during)
    return {
        "person": person,
        "during": during,
        "choices": CHOICES,
        "days": ledger.by_day(spells, zone),
        "totals": ledger.totals(spells, zone),
        "states": _count(each.state for each in spells),
    }


def left_out_words(reader: Queries, person: str, during: Stretch) -> dict[str, Any]:
    """What a page about everything else on somebody's record shows."""
    rows = ledger.left_out(reader, person, during)
    return {
        "person": person,
        "during": during,
        "choices": CHOICES,
        "rows": rows,
        "others": ledger.others(reader, person, during),
        "voice": ledger.voice_of(reader, person),
        "counts": ledger.by_themselves(reader, person, during),
    }


def show_record(visitor: Visitor) -> Response:
    """Her counted visits, folded into spells, by day."""
    with visitor.desk.reading() as reader:
        words = record_words(reader, visitor.account.person, _during(visitor), visitor.settings.school.timezone)
    return visitor.page("mine.html", **words)


def show_left_out(visitor: Visitor) -> Response:
    """What was recorded and does not count, what was blocked, and what pages did by themselves."""
    with visitor.desk.reading() as reader:
        words = left_out_words(reader, visitor.account.person, _during(visitor))
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
    account, settings = visitor.account, visitor.settings
    zone = settings.school.timezone
    words: dict[str, Any] = {"spells": [], "totals": [], "mine": [], "waiting": [], "own": 0}
    with visitor.desk.reading() as reader:
        if account.staff:
            spells = ledger.counted(reader, account.person, _during(visitor))
            mine = [each for each in contests(reader, account.person) if not each.answer]
            words |= {"spells": spells, "totals": ledger.totals(spells, zone), "mine": mine}
        if visitor.may("NAMERS"):
            everyone = [each for each in contests(reader) if not each.answer]
            waiting = [each for each in everyone if each.person != account.person]
            words |= {"waiting": waiting, "own": len(everyone) - len(waiting)}
    return visitor.page("home.html", **words)


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
