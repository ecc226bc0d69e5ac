"""The record of a busy school, of any length: what benches of the console, the reports and the store read."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bcrypt
from pretend.school import School
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import Settings, load_settings
from schoolgate.store.event import NAMES, Deed, deed_event, stamp
from schoolgate.store.journal import Batch
from schoolgate.store.pseudonym import Pseudonyms
from schoolgate.store.seals import SealsLog
from schoolgate.store.writer import RecordWriter

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
LOGINS = ("a.jones", "h.head", "t.tech", "c.chair")
PASSWORD = "correct horse"
PEOPLE = """
groups:
  pupils: {title: Pupils, networks: ["127.0.0.2/32"]}
  staff: {title: Staff, users: [a.jones, h.head]}
  guests: {title: Guests}
  servers: {title: Servers}
unknown: pupils
logins: {file: logins.htpasswd}
"""
ROLES = """roles:
  headteacher: {name: Head, email: head@school.example, deputy: dsl, user: h.head}
  dsl: {name: DSL, email: dsl@school.example, user: d.safe}
  chair_of_governors: {name: Chair, email: chair@school.example, user: c.chair}
  technician: {name: IT, email: it@school.example, user: t.tech}
"""
CALENDAR = """
working_hours: {staff: {mon-fri: ["08:15-12:15", "13:00-16:00"]}}
terms: [{name: Autumn 2026, from: 2026-09-02, to: 2026-12-18}]
bank_holidays: none
"""
SITES = 3000
BATCH = 5000
"""Entries that are written in one transaction, about a megabyte of a journal."""
_ALERTS = {"adult": "immediate", "gambling": "digest", "social_media": "none", "games": "none", "shopping": "none"}
_KINDS = (*["social_media"] * 8, *["games"] * 6, *["shopping"] * 3, "adult", *["gambling"] * 2)


def write_school(folder: Path) -> Settings:
    """A school whose leaders, technician and one teacher can log in to the console."""
    school = School(folder, people=PEOPLE, roles=ROLES, calendar=CALENDAR, names="ignored").without_publishers()
    school.console_port = 8081
    school.config.mkdir(parents=True)
    code = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    (school.config / "logins.htpasswd").write_text("".join(f"{login}:{code}\n" for login in LOGINS))
    return load_settings(find_folders(school.write().config))


def school_times(days: int) -> list[datetime]:
    """When the school's days of the last ``days`` began, Mondays to Fridays."""
    every = (NOW.replace(hour=8) - timedelta(days=back) for back in range(days, -1, -1))
    return [day for day in every if day.weekday() < 5]


def told(events: int, days: int, pseudonyms: Pseudonyms) -> Iterator[dict[str, Any]]:
    """Pupils' blocks, worrying searches, faults, visits of staff, and what people did with it, oldest first.

    The larger the record, the larger the school: 60 members of staff and 400 devices, and more with more events.
    """
    chance, times = random.Random(5), school_times(days)
    codes = [pseudonyms.of("user", "a.jones"), *(f"u-{number:012x}" for number in range(1, 60 + events // 50_000))]
    devices = 400 + events // 5_000
    actor = f"headteacher {pseudonyms.of('user', 'h.head')}"
    for number in range(events):
        day, part = divmod(number * len(times) / events, 1)
        at, is_staff = times[int(day)] + timedelta(hours=7 if day == len(times) - 1 else 8.5) * part, number % 2 == 0
        kind = chance.choice(_KINDS)
        entry = dict.fromkeys(NAMES, "") | {
            "t": "event", "id": f"{int(at.timestamp() * 1000):012x}{number:016x}", "ref": f"{number:08X}",
            "at": stamp(at), "person": chance.choice(codes) if is_staff else f"d-{chance.randrange(devices):012x}",
            "group": "staff" if is_staff else "pupils", "client": f"10.0.{number % 2}.{chance.randrange(200)}",
            "device": f"d-{chance.randrange(devices):012x}", "kind": "visit", "confidence": "1.00",
            "identity_confidence": "login", "reason": "the browser opened it as a page of its own",
            "action": "log" if is_staff else "block", "stage": "request", "method": "GET",
            "host": f"site{chance.randrange(SITES)}.example", "path": f"/{number}", "category": kind,
            "theme": "conduct", "list": "ut1", "rule": "staff-personal-use" if is_staff else "pupils-harm",
            "search": None, "why": "The whole of their time.", "basis": "Social media policy 6.19", "snapshot": "v1",
            "alert": "digest" if is_staff else _ALERTS[kind],
            "left_out": "in their break" if is_staff and chance.random() < 0.3 else "",
            "calendar": f"{at:%A %H:%M} is in their working hours 08:15-12:15",
        }  # fmt: skip
        if number % 2001 == 1:
            entry |= {"search": "a worrying search", "alert": "immediate"}
        if number % 20011 == 7:
            entry |= {"action": "fault", "rule": "lists", "host": "", "group": "", "person": "", "kind": ""}
        yield entry
        if number % 1000 == 0:
            yield from _done(at, entry, number, actor)
        if number % 200 == 1:
            hour = stamp(at.replace(minute=0, second=0, microsecond=0))
            yield {"t": "tally", "hour": hour, "group": "pupils", "action": "block", "category": kind, "requests": 200}


def _done(at: datetime, event: dict[str, Any], number: int, actor: str) -> Iterator[dict[str, Any]]:
    """Every thousandth event has a look-up, every two thousandth a contest or a case, most of them answered."""
    deeds = [deed_event(at, Deed.VIEWED, actor, "v1", person=event["person"], why="A concern")]
    about = {"person": event["person"], "about": event["id"]}
    if number % 4000 == 0:
        deeds.append(deed_event(at, Deed.CONTEST, event["person"], "v1", why="It was work", **about))
        if number % 20000:
            answer = {"person": event["person"], "about": deeds[-1].id, "entry": "refused", "why": "It was not"}
            deeds.append(deed_event(at, Deed.ANSWER, actor, "v1", **answer))
    if number % 4000 == 2000:
        same = {"group": event["group"], "category": event["category"], "theme": "conduct", "entry": "medium/dsl"}
        deeds.append(deed_event(at, Deed.CASE, "schoolgate", "v1", why="A case", **about, **same))
        if number % 20000 != 2000:
            closed = {"about": deeds[-1].id, "entry": "closed", "why": "Done"}
            deeds.append(deed_event(at, Deed.CASE_STEP, actor, "v1", **closed))
        asked = {"host": event["host"], "path": "/", "group": "pupils", "client": "10.0.1.1", "entry": "wanted"}
        deeds.append(deed_event(at, Deed.ASKED, "", "v1", why="For a lesson", **asked))
    yield from ({"t": "event", **deed.row()} for deed in deeds)


def batches(entries: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The entries in parts that are written at once."""
    some = list[dict[str, Any]]()
    for entry in entries:
        some.append(entry)
        if len(some) == BATCH:
            yield some
            some = []
    if some:
        yield some


def fill(data: Path, entries: Iterator[dict[str, Any]], tell: Callable[[int], object] = lambda number: None) -> None:
    """Write the record as its recorder does, in batches."""
    writer, seals = RecordWriter(data), SealsLog(data)
    seals.begin(stamp(NOW))
    for number, some in enumerate(batches(entries), 1):
        writer.carry(Batch("bench", some, number, 0))
        tell(number)
    seals.note(writer.head(), 0.0, at_once=True)
    seals.close()
    writer.close()
