"""A record as a school has it after some weeks: blocks, visits, faults, a search, cases, requests, notices, look-ups."""

from datetime import date, datetime, timedelta

from schoolgate.store.event import Deed, fault_event

from pretend.told import LONDON, Told

KINDS = ("adult", "gambling", "hate", "violence", "circumvention", "adult", "games")


def believable(told: Told, days: int = 20, last: date = date(2026, 11, 24)) -> Told:
    """Tell ``days`` days up to ``last``; of every kind of thing that a report speaks of there is something."""
    for number in range(days):
        day = last - timedelta(days=number)
        if day.weekday() < 5:
            _one_day(told, day.isoformat(), number)
    today, head = last.isoformat(), f"headteacher {told.code('h.head')}"
    search = told.block(
        f"{today}T10:40",
        group="pupils",
        category="self_harm",
        stage="search",
        search="how to stop eating",
        client="127.0.2.9",
    )
    told.event(f"{today}T10:50", left_out="said to be a break: 10:45-11:00")
    outcomes = ("substantiated", "unfounded", "false", "low_level", "malicious", "")
    for number, outcome in enumerate(outcomes):
        case = told.deed(f"{today}T11:0{number}", Deed.CASE, "schoolgate" if number else head, person="u-00000000000a",
                         about=search.id, entry="high/dsl", category="self_harm", why="Blocked at once")  # fmt: skip
        if outcome:
            told.deed(f"{today}T12:0{number}", Deed.OUTCOME, head, about=case.id, entry=outcome, why="I asked")
        else:
            told.deed(f"{today}T13:00", Deed.ESCALATED, "schoolgate", about=case.id, entry="headteacher", why="1 hour")
    for number, kind in enumerate(("wanted", "mistake", "wanted")):
        about = {"host": "poki.com", "category": "games", "group": "pupils", "entry": kind, "about": f"block-{number}"}
        asked = told.deed(f"{today}T09:1{number}", Deed.ASKED, "u-00000000000a", **about, why="For my project")
        if number == 1:
            told.deed(
                f"{today}T09:30", Deed.OPENED, "technician u-1", about=asked.id, host="poki.com", entry=f"{today}/"
            )
        if number == 2:
            told.deed(f"{today}T09:31", Deed.NOT_OPENED, "technician u-1", about=asked.id, why="Not in lessons")
    told.deed(f"{today}T08:00", Deed.NOTICE, told.code("j.smith"), person=told.code("j.smith"), notice="2026-3fa90c12")
    told.deed(f"{today}T14:00", Deed.VIEWED, head, person=told.code("a.jones"), why="A parent asked")
    told.contest(f"{today}T14:30", told.event(f"{today}T10:55"))
    for number, where in enumerate(("gate-request", "recording", "clock")):
        moment = datetime.fromisoformat(f"{today}T07:5{number}").replace(tzinfo=LONDON)
        told.journal.append({"t": "event", **fault_event(moment, where, "the disk was slow", "v1").row()})
    about = {"t": "tally", "hour": f"{today}T10", "group": "pupils", "action": "allow", "category": ""}
    told.journal.append({**about, "requests": 12_345})
    return told


def _one_day(told: Told, day: str, number: int) -> None:
    for place, kind in enumerate(KINDS[: 3 + number % 4]):
        who = {"client": f"127.0.2.{place + 2}", "person": f"d-{place:012x}", "identity_confidence": "network"}
        told.block(f"{day}T09:{10 + place}", group="pupils", category=kind, **who, list="ut1-adult")
    for minute in (5, 6, 9):
        told.event(f"{day}T11:0{minute}", "a.jones")
