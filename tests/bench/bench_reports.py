"""Measures how long reports take on a record of many events, so that the office holds up no alert for long.

Run by hand: ``.ci/uv run python tests/bench/bench_reports.py [EVENTS]``. Ends with 1 when a report takes 15 s or more.
"""

import random
import resource
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from pretend.told import LONDON, Told, named_school
from schoolgate.alerting.post import Letter, compose
from schoolgate.reporting.pdf import make_pdf
from schoolgate.reporting.report import make_report, spans_of
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings
from schoolgate.settings.report_files import report_files
from schoolgate.store.event import NAMES, stamp
from schoolgate.store.journal import Batch
from schoolgate.store.writer import RecordWriter

BAR = 15.0  # seconds
LAST = datetime(2026, 11, 27, 16, 0, tzinfo=LONDON)
KINDS = ("adult", "gambling", "hate", "violence", "social_media", "shopping")


def fill(told: Told, number: int) -> None:
    """Four weeks of a large school: blocks of pupils, visits of staff, a few faults."""
    chance = random.Random(1)

    def event(place: int) -> dict[str, Any]:
        at = LAST - timedelta(minutes=chance.randrange(28 * 1440))
        pupil = chance.random() < 0.6
        person = f"u-{chance.randrange(400 if pupil else 60):012x}"
        return dict.fromkeys(NAMES, "") | {
            "t": "event", "id": f"{place:028x}", "ref": f"{place:09d}", "at": stamp(at), "person": person,
            "client": f"10.0.{chance.randrange(4)}.{chance.randrange(250)}", "group": "pupils" if pupil else "staff",
            "action": "block" if pupil else "log", "kind": "visit", "confidence": "1.00", "alert": "immediate" if pupil else "digest",
            "category": chance.choice(KINDS), "host": f"site{chance.randrange(500)}.example", "path": "/a", "rule": "r",
            "stage": "request", "identity_confidence": "login", "search": None, "list": "ut1-adult", "theme": "content",
            "calendar": f"{at:%A %H:%M} is in working hours",
        }  # fmt: skip

    writer = RecordWriter(told.data)
    for start in range(0, number, 5000):
        rows = [event(place) for place in range(start, min(number, start + 5000))]
        writer.carry(Batch("bench", rows, start + 1, 0))
    writer.close()


def main(number: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(find_folders(named_school(Path(folder)).config))
        fill(Told(settings), number)
        worst = 0.0
        for report in report_files(settings.folders):
            began = time.perf_counter()
            made = make_report(settings, report.name, *spans_of(settings, report.front.period, date(2026, 11, 26)))
            took = time.perf_counter() - began
            letter = Letter(("a@school.example",), made.subject, made.text, made.html, f"<{report.name}@x>")
            began = time.perf_counter()
            size = len(bytes(compose(letter, settings.school.mail)))
            mail = time.perf_counter() - began
            began = time.perf_counter()
            make_pdf(made.html)
            pdf = time.perf_counter() - began
            worst = max(worst, took)
            print(f"{report.name:16} {took:6.2f} s, mail {mail:5.2f} s ({size / 1000:,.0f} kB), PDF {pdf:5.2f} s")
        print(f"{number:,} events; {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB at the most")
    return worst >= BAR


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
