"""Measures every screen of the console over a store of a million events, ninety days of a busy school.

Run by hand: ``.ci/uv run python tests/bench/bench_console.py [EVENTS]``. Prints the median and the worst of many calls;
ends with 1 when a screen takes 200 ms of processor time or more in the median. What somebody asks to be worked out (a report, what if)
is no screen, and is measured elsewhere.
"""

import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from record_data import NOW, PASSWORD, fill, told, write_school
from schoolgate.console.app import make_app
from schoolgate.console.desk import open_desk
from schoolgate.settings.load import Settings
from schoolgate.store.journal import Journal
from schoolgate.store.pseudonym import open_pseudonyms
from starlette.testclient import TestClient

BAR = 200.0  # milliseconds
DAYS = 90
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
    client.post("/login", data={"login": login, "password": PASSWORD, "token": token})
    return client


@dataclass(frozen=True, slots=True)
class Screen:
    """One that was measured: milliseconds of the median and the worst call, and of the median's processor time."""

    login: str
    path: str
    median: float
    worst: float
    busy: float
    size: int


def screens(settings: Settings, wanted: Mapping[str, Iterable[str]] = SCREENS, times: int = 11) -> Iterator[Screen]:
    """Every screen of these, in a console at the record's last moment."""
    pseudonyms = open_pseudonyms(settings.data)
    desk = open_desk(settings, pseudonyms, Journal(settings.data, "console"), time.monotonic)
    desk.now = lambda: NOW
    app = make_app(desk)
    for login, paths in wanted.items():
        client = logged_in(app, login)
        for path in paths:
            yield measure(client, login, path, times)


def measure(client: TestClient, login: str, path: str, times: int = 11) -> Screen:
    """How long a screen takes."""
    shown = path
    if path in ("OLDER", "WHY"):
        link = r'"(/log\?before=[^"]*)"' if path == "OLDER" else r'"(/log/[0-9a-f]+)"'
        found = re.search(link, client.get("/log").text)
        assert found is not None
        path = found[1]
    answer = client.get(path)
    assert answer.status_code == 200, (login, path, answer.status_code)
    return Screen(login, shown, *taken(lambda: client.get(path), times), len(answer.text))


def main() -> int:
    """Measure and print."""
    events, slow = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, 0
    with tempfile.TemporaryDirectory() as folder:
        settings = write_school(Path(folder))
        pseudonyms = open_pseudonyms(settings.data)
        fill(settings.data, told(events, DAYS, pseudonyms))
        for each in screens(settings):
            slow += each.busy >= BAR
            times = f"{each.median:7.1f} ms   worst {each.worst:7.1f} ms   processor {each.busy:7.1f} ms"
            print(f"{each.login:8} {each.path:52} {times}   {each.size:>9,} bytes", flush=True)
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
