"""Measures the console's heaviest screens over a store of 200,000 events, beside the bare query that each rests on.

Run by hand: ``.ci/uv run python tests/bench/bench_console.py [EVENTS]``. Prints medians and their ratio; ends with 1 when
a screen takes 200 ms or more.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
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
from schoolgate.store.event import NAMES, stamp
from schoolgate.store.journal import Batch, Journal
from schoolgate.store.pseudonym import open_pseudonyms
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
STAFF = 60
BAR = 200.0  # milliseconds
NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)


def fill(data: Path, events: int, hers: str) -> None:
    """Ninety days: pupils' blocks, and the visits of sixty members of staff, one of whom is measured."""
    chance, writer, entries = random.Random(5), RecordWriter(data), list[dict[str, Any]]()
    codes = [hers, *(f"u-{number:012x}" for number in range(1, STAFF))]
    for number in range(events):
        at = NOW - timedelta(seconds=chance.random() * 90 * 86400)
        is_staff = number % 2 == 0
        entry = dict.fromkeys(NAMES, "") | {
            "t": "event", "id": f"{number:028x}", "ref": f"{number:08X}", "at": stamp(at),
            "person": chance.choice(codes) if is_staff else f"d-{chance.randrange(400):012x}",
            "group": "staff" if is_staff else "pupils", "client": "10.0.0.1", "kind": "visit", "confidence": "1.00",
            "identity_confidence": "login", "reason": "the browser opened it as a page of its own",
            "action": "log" if is_staff else "block", "host": chance.choice(["x.com", "www.facebook.com", "ebay.co.uk"]),
            "path": f"/{number}", "category": chance.choice(["social_media", "shopping"]), "rule": "staff-personal-use",
            "left_out": "in their break" if is_staff and chance.random() < 0.3 else "", "search": None,
            "calendar": "Tuesday 10:42 is in their working hours 08:15-12:15", "why": "The whole of their time.",
        }  # fmt: skip
        entries.append(entry)
        if len(entries) == 5000:
            writer.carry(Batch("bench", entries, number, 0))
            entries = []
    writer.carry(Batch("bench", entries, events, 0))
    writer.close()


def median(work: Callable[[], object], times: int = 15) -> float:
    """Milliseconds."""
    taken: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def main() -> int:
    """Measure and print."""
    events, slow = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000, 0
    with tempfile.TemporaryDirectory() as folder:
        school = School(Path(folder), people=PEOPLE, names="ignored").without_publishers()
        school.roles = school.roles.replace("headteacher: {", "headteacher: {user: h.head, ")
        school.console_port = 8081
        school.config.mkdir(parents=True)
        code = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode()
        (school.config / "logins.htpasswd").write_text(f"a.jones:{code}\nh.head:{code}\n")
        settings = load_settings(find_folders(school.write().config))
        pseudonyms = open_pseudonyms(settings.data)
        hers = pseudonyms.of("user", "a.jones")
        fill(settings.data, events, hers)
        desk = open_desk(settings, pseudonyms, Journal(settings.data, "console"), time.monotonic)
        desk.now = lambda: NOW
        client = TestClient(make_app(desk), base_url="http://127.0.0.1")
        token = client.get("/login").text.split('name="token" value="')[1].partition('"')[0]
        client.post("/login", data={"login": "a.jones", "password": "correct horse", "token": token})

        def bare(sql: str) -> Callable[[], object]:
            def work() -> object:
                with desk.reading() as reader:
                    return list(reader.query(sql, {"person": hers, "since": stamp(NOW - timedelta(days=4))}))

            return work

        counted = "select * from visits where person = :person and left_out = ''"
        screens = {
            "/": f"{counted} and at >= :since",
            "/mine?period=today": f"{counted} and at >= :since",
            "/mine": f"{counted} and at >= :since",
            "/mine?period=all": counted,
            "/mine/left-out?period=all": "select * from events where person = :person and left_out <> ''",
            "/mine/said": "select * from deeds where person = :person",
        }
        for path, sql in screens.items():
            answer = client.get(path)
            assert answer.status_code == 200, path
            screen, base = median(lambda path=path: client.get(path)), median(bare(sql))  # type: ignore[misc]
            slow += screen >= BAR
            print(
                f"{path:28} {screen:7.1f} ms   bare query {base:6.1f} ms   x{screen / base:4.1f}   {len(answer.text):>9,} bytes"
            )
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
