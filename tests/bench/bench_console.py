"""Measures every screen of the console over a store of a million events, ninety days of a busy school.

Run by hand: ``.ci/uv run python tests/bench/bench_console.py [EVENTS]``. Prints the median and the worst of many calls;
ends with 1 when a screen takes 200 ms of processor time or more in the median. What somebody asks to be worked out (a report, what if)
is no screen, and is measured elsewhere.
"""

import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bcrypt

sys.path.insert(0, str(Path(__file__).parents[1]))

from pretend.school import School
from schoolgate.console.app import make_app
from schoolgate.console.desk import open_desk
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings
from schoolgate.store.event import NAMES, Deed, deed_event, stamp
from schoolgate.store.journal import Batch, Journal
from schoolgate.store.pseudonym import Pseudonyms, open_pseudonyms
from schoolgate.store.writer import RecordWriter
from starlette.testclient import TestClient

PEOPLE = """
groups:
  pupils: {title: Pupils, networks: ["127.0.0.2/32"]}
  staff: {title: Staff, users: [a.jones, h.head]}
  guests: {title: Guests}
  servers: {title: Servers}
unknown: pupils
logins: {file: logins.htpasswd}
"""
STAFF, SITES = 60, 3000
DAYS = 90
BAR = 200.0  # milliseconds
NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
KINDS = ["social_media", "shopping", "games", "adult", "gambling"]
SCREENS = {
    "a.jones": [
        "/", "/mine?period=today", "/mine", "/mine?period=all", "/mine/left-out?period=all", "/mine/said", "/concern",
    ],
    "h.head": [
        "/", "/log", "/log?host=site17", "/log?host=no-such-site", "/log?group=guests", "/log?action=fault",
        "/log?category=gambling&action=block&group=pupils", "/log?search=worry", "/log?period=today",
        "/log?since=2026-10-01&until=2026-10-07&action=block", "OLDER", "WHY",
        "/people", "/people?period=week", "/lists", "/lists?url=https://www.facebook.com/x&group=staff", "/settings",
        "/reports", "/health", "/contests", "/cases", "/records", "/names", "/unblock", "/look-ups", "/what-if",
    ],
    "t.tech": ["/", "/log", "/log?host=no-such-site", "/lists", "/settings", "/settings?file=config/rules.yaml", "/health"],
    "c.chair": ["/", "/reports", "/look-ups", "/cases"],
}  # fmt: skip
"""The screens of each login; OLDER is the second page of the log, WHY one of its events."""


def told(events: int, codes: list[str], pseudonyms: Pseudonyms) -> Iterator[dict[str, Any]]:
    """Pupils' blocks, worrying searches, faults, the visits of sixty members of staff, and what people did with it."""
    chance, begin = random.Random(5), NOW - timedelta(days=DAYS)
    for number in range(events):
        at, is_staff = begin + timedelta(days=DAYS) * (number / events), number % 2 == 0
        entry = dict.fromkeys(NAMES, "") | {
            "t": "event", "id": f"{int(at.timestamp() * 1000):012x}{number:016x}", "ref": f"{number:08X}",
            "at": stamp(at), "person": chance.choice(codes) if is_staff else f"d-{chance.randrange(400):012x}",
            "group": "staff" if is_staff else "pupils", "client": f"10.0.{number % 2}.{chance.randrange(200)}",
            "kind": "visit", "confidence": "1.00", "identity_confidence": "login",
            "reason": "the browser opened it as a page of its own", "action": "log" if is_staff else "block",
            "host": f"site{chance.randrange(SITES)}.example", "path": f"/{number}", "category": chance.choice(KINDS),
            "rule": "staff-personal-use", "search": None, "why": "The whole of their time.", "snapshot": "v1",
            "left_out": "in their break" if is_staff and chance.random() < 0.3 else "",
            "calendar": "Tuesday 10:42 is in their working hours 08:15-12:15",
        }  # fmt: skip
        if number % 2001 == 1:
            entry |= {"search": "a worrying search", "alert": "immediate"}
        if number % 20011 == 7:
            entry |= {"action": "fault", "rule": "lists", "host": "", "group": "", "person": "", "kind": ""}
        yield entry
        if number % 1000 == 0:
            yield from _done(at, entry, number, f"headteacher {pseudonyms.of('user', 'h.head')}")
        if number % 200 == 1:
            hour = stamp(at.replace(minute=0, second=0, microsecond=0))
            yield {"t": "tally", "hour": hour, "group": "pupils", "action": "block", "category": "adult", "requests": 9}


def _done(at: datetime, event: dict[str, Any], number: int, actor: str) -> Iterator[dict[str, Any]]:
    """Every thousandth event has a look-up, every two thousandth a contest or a case, most of them answered."""
    deeds = [deed_event(at, Deed.VIEWED, actor, "v1", person=event["person"], why="A concern")]
    about = {"person": event["person"], "about": event["id"]}
    if number % 4000 == 0:
        deeds.append(deed_event(at, Deed.CONTEST, event["person"], "v1", why="It was work", **about))
        if number % 20000:
            told = {"person": event["person"], "about": deeds[-1].id, "entry": "refused", "why": "It was not"}
            deeds.append(deed_event(at, Deed.ANSWER, actor, "v1", **told))
    if number % 4000 == 2000:
        same = {"group": event["group"], "category": event["category"], "theme": "conduct", "entry": "medium/dsl"}
        deeds.append(deed_event(at, Deed.CASE, "schoolgate", "v1", why="A case", **about, **same))
        if number % 20000 != 2000:
            closed = {"about": deeds[-1].id, "entry": "closed", "why": "Done"}
            deeds.append(deed_event(at, Deed.CASE_STEP, actor, "v1", **closed))
        asked = {"host": event["host"], "path": "/", "group": "pupils", "client": "10.0.1.1", "entry": "wanted"}
        deeds.append(deed_event(at, Deed.ASKED, "", "v1", why="For a lesson", **asked))
    yield from ({"t": "event", **deed.row()} for deed in deeds)


def fill(data: Path, events: int, hers: str, pseudonyms: Pseudonyms) -> None:
    """Write the record as its recorder does, in batches."""
    writer, entries = RecordWriter(data), list[dict[str, Any]]()
    codes = [hers, *(f"u-{number:012x}" for number in range(1, STAFF))]
    for number, entry in enumerate(told(events, codes, pseudonyms)):
        entries.append(entry)
        if len(entries) == 5000:
            writer.carry(Batch("bench", entries, number, 0))
            entries = []
    writer.carry(Batch("bench", entries, events * 2, 0))
    writer.close()


def taken(work: Callable[[], object], times: int = 11) -> tuple[float, float, float]:
    """The median, the worst and the median of processor time alone, in milliseconds.

    The first call is not counted, as it reads the templates. Processor time is what counts on a machine that does
    something else besides.
    """
    work()
    found, busy = list[float](), list[float]()
    for _ in range(times):
        began, worked = time.perf_counter(), time.process_time()
        work()
        found.append((time.perf_counter() - began) * 1000)
        busy.append((time.process_time() - worked) * 1000)
    return statistics.median(found), max(found), statistics.median(busy)


def logged_in(app: Any, login: str) -> TestClient:
    """A browser."""
    client = TestClient(app, base_url="http://127.0.0.1")
    token = client.get("/login").text.split('name="token" value="')[1].partition('"')[0]
    client.post("/login", data={"login": login, "password": "correct horse", "token": token})
    return client


def main() -> int:
    """Measure and print."""
    events, slow = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, 0
    with tempfile.TemporaryDirectory() as folder:
        school = School(Path(folder), people=PEOPLE, names="ignored").without_publishers()
        school.roles = """roles:
  headteacher: {name: Head, email: head@school.example, deputy: dsl, user: h.head}
  dsl: {name: DSL, email: dsl@school.example, user: d.safe}
  chair_of_governors: {name: Chair, email: chair@school.example, user: c.chair}
  technician: {name: IT, email: it@school.example, user: t.tech}
"""
        school.console_port = 8081
        school.config.mkdir(parents=True)
        code = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode()
        (school.config / "logins.htpasswd").write_text("".join(f"{login}:{code}\n" for login in SCREENS))
        settings = load_settings(find_folders(school.write().config))
        pseudonyms = open_pseudonyms(settings.data)
        fill(settings.data, events, pseudonyms.of("user", "a.jones"), pseudonyms)
        desk = open_desk(settings, pseudonyms, Journal(settings.data, "console"), time.monotonic)
        desk.now = lambda: NOW
        app = make_app(desk)
        for login, paths in SCREENS.items():
            client = logged_in(app, login)
            for path in paths:
                slow += measure(client, login, path)
    return 1 if slow else 0


def measure(client: TestClient, login: str, path: str) -> bool:
    """Print how long a screen takes; whether that is too long."""
    if path in ("OLDER", "WHY"):
        link = r'"(/log\?before=[^"]*)"' if path == "OLDER" else r'"(/log/[0-9a-f]+)"'
        found = re.search(link, client.get("/log").text)
        assert found is not None
        path = found[1]
    answer = client.get(path)
    assert answer.status_code == 200, (login, path, answer.status_code)
    median, worst, busy = taken(lambda: client.get(path))
    shown = path if len(path) < 52 else f"{path[:49]}..."
    times = f"{median:7.1f} ms   worst {worst:7.1f} ms   processor {busy:7.1f} ms"
    print(f"{login:8} {shown:52} {times}   {len(answer.text):>9,} bytes", flush=True)
    return busy >= BAR


if __name__ == "__main__":
    raise SystemExit(main())
