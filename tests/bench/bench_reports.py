"""Measures how long reports take on a record of many events, so that the office holds up no alert for long.

Run by hand: ``.ci/uv run python tests/bench/bench_reports.py [EVENTS]``. Ends with 1 when a report takes 15 s or more.
"""

import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from record_data import fill, told, write_school
from schoolgate.alerting.post import Letter, compose
from schoolgate.reporting.pdf import make_pdf
from schoolgate.reporting.report import make_report, spans_of
from schoolgate.settings.report_files import report_files
from schoolgate.store.pseudonym import open_pseudonyms

BAR = 15.0  # seconds
DAYS = 28


def main(number: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        settings = write_school(Path(folder))
        fill(settings.data, told(number, DAYS, open_pseudonyms(settings.data)))
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
