"""Reports in a running gateway: found by themselves, shown, written and mailed; one that is faulty stops nothing."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pretend.gateway import Gateway, schoolgate
from pretend.mailbox import Mailbox
from pretend.sites import Sites

Open = Callable[[int], Mailbox]
FRONT = "{#---\ntitle: Ours\nto: [dsl]\nperiod: week\n---#}\n"


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway], sites: Sites) -> Gateway:
    running = start()
    for _ in range(2):
        running.curl(f"http://pornhub.com:{sites.port}/")
    return running


def wait_for(words: str, gateway: Gateway, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while words not in gateway.log and time.monotonic() < end:
        time.sleep(0.1)
    return words in gateway.log


def run(gateway: Gateway, *arguments: str) -> str:
    done = schoolgate(*arguments, "--config", str(gateway.school.config))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_reports_are_listed(gateway: Gateway) -> None:
    assert "week_technician    The technician's week (week), on demand, to technician" in run(gateway, "reports")
    rows = {row["name"]: row for row in json.loads(run(gateway, "reports", "--json"))}
    assert set(rows) == {"digest", "term_governors", "week_technician", "year_review"}
    assert rows["year_review"]["people"] == "none"


def test_a_report_is_shown_and_written(gateway: Gateway, tmp_path: Path) -> None:
    assert "- Requests blocked: This week 2" in run(gateway, "report", "week_technician", "--period", "week")
    told = run(gateway, "report", "year_review", "--out", str(tmp_path / "out"))
    assert told.startswith("Written: ")
    written = {path.suffix: path for path in (tmp_path / "out").iterdir()}
    assert set(written) == {".html", ".txt", ".pdf"}
    assert written[".pdf"].read_bytes().startswith(b"%PDF")
    assert all(path.stat().st_mode & 0o077 == 0 for path in written.values())
    assert "<svg" in written[".html"].read_text()


def test_a_mailed_report_carries_its_charts_as_pictures(gateway: Gateway, mailbox: Open) -> None:
    box = mailbox(gateway.school.mail_port)
    assert "Sent to head@school.example, dsl@school.example." in run(gateway, "report", "digest", "--send")
    mails = [mail for mail in box.wait(1, 40) if "2 requests blocked" in mail.message["subject"]]
    parts = [part.get_content_type() for part in mails[0].message.walk()]
    assert parts == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]


def test_the_events_behind_a_number_are_listed_up_to_its_end(gateway: Gateway) -> None:
    assert run(gateway, "events", "--since", "1d", "--action", "block").count("pornhub.com") == 2
    assert "pornhub" not in run(gateway, "events", "--since", "7d", "--until", "1d", "--action", "block")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("report", "week_technican"), "unknown report 'week_technican'; did you mean 'week_technician'?"),
        (("report", "term_governors", "--at", "2031-01-01"), "2031-01-01 lies in no term of config/calendar.yaml"),
        (("report", "digest", "--at", "soon"), "'soon' is no moment"),
        (("report", "../config/school"), "unknown report"),
        (("report", "term_governors", "--period", "week", "--send"), "school.yaml fills none of these roles"),
    ],
)
def test_a_mistake_is_told_in_a_line(gateway: Gateway, arguments: tuple[str, ...], words: str) -> None:
    done = schoolgate(*arguments, "--config", str(gateway.school.config))
    assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr


def test_a_faulty_report_is_told_by_file_and_line_and_stops_nothing(gateway: Gateway, sites: Sites) -> None:
    folder = gateway.school.root / "reports"
    folder.mkdir()
    (folder / "mine.html").write_text(f"{FRONT}{{% if part == 'html' %}}\n{{{{ nobody }}}}\n{{% endif %}}\n")
    fault = "reports/mine.html:7: the report cannot be made: 'nobody' is undefined"
    assert wait_for(fault, gateway)
    done = schoolgate("config", "check", "--config", str(gateway.school.config))
    assert (done.returncode, fault in done.stderr) == (2, True)
    gateway.stop()
    gateway.start()
    assert wait_for(fault, gateway)
    assert gateway.curl(f"http://pornhub.com:{sites.port}/").status == 403
    assert "Some reports cannot be made" in run(gateway, "events", "--since", "1h", "--action", "fault")
    (folder / "mine.html").write_text(
        f"{FRONT}{{% extends 'report.html' %}}{{% block words %}}<p>All is well.</p>{{% endblock %}}"
    )
    assert "All is well." in run(gateway, "report", "mine")
