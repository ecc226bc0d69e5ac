"""The record of a real gateway, changed by hand: verify names the first bad row; the gateway and its killing change nothing."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import bcrypt
import pytest
from pretend.gateway import Gateway, schoolgate
from pretend.mailbox import Mailbox
from pretend.school import PEOPLE
from pretend.sites import Sites
from schoolgate.store.recorder import Recorder

ROLES = """roles:
  headteacher: {name: Head, email: head@school.example, user: h.head}
  dsl: {name: DSL, email: dsl@school.example}
  chair_of_governors: {name: Chair, email: chair@school.example}
  technician: {name: IT, email: it@school.example, user: t.tech}
"""
LOGINS = PEOPLE + "logins: {file: logins.htpasswd, ask: []}\n"
PASSWORD = "correct horse"


def _verify(school: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return schoolgate("verify", "--config", str(school / "config"), *options)


def _change(record: Path, *statements: str) -> None:
    with sqlite3.connect(record) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


@pytest.fixture(scope="module")
def stopped(start: Callable[..., Gateway], sites: Sites) -> Path:
    """The folder of a school whose gateway blocked seven requests and was stopped."""
    gateway = start(roles=ROLES)
    for number in range(7):
        assert gateway.curl(f"http://pornhub.com:{sites.port}/{number}").status == 403
        time.sleep(0.25)
    running = _verify(gateway.school.root)
    assert (running.returncode, running.stderr) == (0, ""), running.stdout
    assert running.stdout.startswith("Whole and unaltered: ")
    gateway.stop()
    code = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    (gateway.school.config / "logins.htpasswd").write_text(f"h.head:{code}\nt.tech:{code}\n")
    (gateway.school.config / "people.yaml").write_text(LOGINS)
    done = _verify(gateway.school.root)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"Whole and unaltered: \d+ events on record, 0 forgotten by retention", done.stdout)
    return gateway.school.root


@pytest.fixture
def school(stopped: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(stopped, tmp_path / "school", ignore=shutil.ignore_patterns("index", "lists"))
    shutil.copytree(stopped / "var" / "index", tmp_path / "school" / "var" / "index")
    return tmp_path / "school"


TAMPERINGS = {
    "altered": (["update event set host = 'bbc.co.uk' where seq = 3"], "ALTERED: row 3 (id "),
    "excused": (["update event set action = 'allow', alert = 'none' where seq = 5"], "ALTERED: row 5 (id "),
    "deleted": (["delete from event where seq = 4"], "MISSING: row 4 is missing"),
    "first deleted": (["delete from event where seq = 1"], "MISSING: row 1 is missing"),
    "last deleted": (["delete from event where seq = 7"], "MISSING: row 7 is missing"),
    "cut off": (
        ["delete from event where seq > 5", "delete from link where seq > 5", "delete from batch where last_seq > 5",
         "update sqlite_sequence set seq = 5 where name = 'event'"],
        "TRUNCATED: seals.log says that batch ",
    ),
    "inserted": (
        ["insert into event (id, ref, at, action, why) select 'new', 'ABCD-EFGH', at, action, why from event where seq = 2"],
        "INSERTED: row ",  # after the last, whichever that is: the office may have put a case on record
    ),
    "swapped": (
        ["update event set seq = -1 where seq = 2", "update event set seq = 2 where seq = 6", "update event set seq = 6 where seq = -1"],
        "RE-ORDERED: row 2 (id ",
    ),
    "the chain dropped": (["drop table link", "drop table batch"], "MISSING: the table "),
    "everything dropped": (["drop view events", "drop table event", "drop table link", "drop table batch"], "MISSING: the table "),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_verify_names_the_first_bad_row(school: Path, name: str) -> None:
    statements, words = TAMPERINGS[name]
    _change(school / "var" / "record.db", *statements)
    done = _verify(school)
    assert done.returncode == 1
    assert done.stdout.startswith(words), done.stdout
    assert "is NOT whole" in done.stdout
    assert done.stderr == ""


def test_a_file_cut_off_or_gone_or_without_its_witness_is_found(school: Path) -> None:
    record = school / "var" / "record.db"
    whole = record.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:10], b""):
        record.write_bytes(content)
        done = _verify(school)
        assert (done.returncode, "NOT whole" in done.stdout) == (1, True), done.stdout + done.stderr
    record.unlink()
    assert "the record is gone" in _verify(school).stdout
    record.write_bytes(whole)
    (school / "var" / "seals.log").rename(school / "var" / "elsewhere")
    done = _verify(school)
    assert (done.returncode, done.stdout.startswith("SEALS.LOG:")) == (1, True)


def test_a_copy_is_checked_alone_and_against_a_seal(school: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(school / "var" / "record.db", copy)
    done = schoolgate("verify", str(copy), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    seal = done.stdout.partition("last seal ")[2].partition(" (batch")[0]
    assert len(seal.split()) == 8
    again = schoolgate("verify", str(copy), "--seal", seal, cwd=tmp_path)
    assert (again.returncode, "nothing has changed since" in again.stdout) == (0, True)
    assert schoolgate("verify", str(copy), "--seal", "00" * 32, cwd=tmp_path).returncode == 1
    for wrong in (["verify", str(copy), "--seal", "no"], ["verify", str(tmp_path / "none")], ["verify", __file__]):
        done = schoolgate(*wrong, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, ""), done.stdout
        assert len(done.stderr.splitlines()) == 1
    checker = Path(sys.modules["schoolgate"].__file__ or "").parent / "store" / "check_chain.py"
    alone = subprocess.run([sys.executable, "-I", "-S", str(checker), str(copy)], capture_output=True, text=True)
    assert alone.returncode == 0
    assert seal in alone.stdout


def test_a_gateway_over_a_record_that_was_cut_off_tells_the_technician_and_heals_nothing(
    start: Callable[..., Gateway], sites: Sites, mailbox: Callable[[int], Mailbox]
) -> None:
    gateway = start(roles=ROLES)
    for number in range(3):
        gateway.curl(f"http://bet365.com:{sites.port}/{number}")
        time.sleep(0.25)
    gateway.stop()
    record = gateway.school.data / "record.db"
    tampering = (
        "delete from event where seq > 1",
        "delete from link where seq > 1",
        "delete from batch where last_seq > 1",
    )
    _change(record, *tampering, "update sqlite_sequence set seq = 1 where name = 'event'")
    box = mailbox(gateway.school.mail_port)
    gateway.start()
    end = time.monotonic() + 30
    while not any("changed by another hand" in mail.message["subject"] for mail in box.delivered):
        assert time.monotonic() < end, [mail.message["subject"] for mail in box.delivered]
        time.sleep(0.1)
    [mail] = [mail for mail in box.delivered if "changed by another hand" in mail.message["subject"]]
    assert mail.to == ("it@school.example",)
    assert gateway.curl(f"http://bet365.com:{sites.port}/after").status == 403
    time.sleep(1)
    done = _verify(gateway.school.root)
    assert done.returncode == 1
    assert "are missing" in done.stdout.splitlines()[0] or "is missing" in done.stdout.splitlines()[0], done.stdout
    assert "and with them rows 2 to 3" in done.stdout


@pytest.mark.timeout(400)
def test_a_running_gateway_whose_files_are_taken_away_goes_on_and_says_so(
    start: Callable[..., Gateway], sites: Sites
) -> None:
    gateway = start(roles=ROLES)
    data, record = gateway.school.data, gateway.school.data / "record.db"

    def wait_for(rows: int) -> None:
        end = time.monotonic() + 60
        while len(gateway.events("--action", "block")) < rows or _stored(record) < rows:
            assert time.monotonic() < end, gateway.log
            time.sleep(0.2)

    gateway.curl(f"http://bet365.com:{sites.port}/first")
    wait_for(1)
    with sqlite3.connect(record) as db:
        db.execute("vacuum into ?", [str(data / "older.db")])
    db.close()
    shutil.rmtree(data / "journal")
    gateway.curl(f"http://bet365.com:{sites.port}/second")
    wait_for(2)
    (data / "older.db").replace(record)
    assert gateway.curl(f"http://bet365.com:{sites.port}/third").status == 403
    wait_for(3)
    blocks = [event["path"] for event in gateway.events("--action", "block")]
    assert sorted(blocks) == ["/first", "/second", "/third"]  # those of the lost file were still in the journal
    rules = [event["rule"] for event in gateway.events("--action", "fault")]
    assert {"chain", "recorder"} <= set(rules), rules  # the journals are gone; the recorder began again


def _stored(record: Path) -> int:
    with sqlite3.connect(f"{record.as_uri()}?mode=ro", uri=True) as db:
        [[rows]] = db.execute("select count(*) from event where action = 'block'")
    db.close()
    return int(rows)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("victim", "rounds"), [("recorder", 4), ("everything", 2)])
def test_kill_9_never_looks_like_tampering(
    start: Callable[..., Gateway], sites: Sites, victim: str, rounds: int
) -> None:
    gateway = start(roles=ROLES)
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            command = ["curl", "-s", "-o", os.devnull, "--interface", "127.0.0.2", "--proxy", gateway.address]
            subprocess.run([*command, f"http://pornhub.com:{sites.port}/[1-200]"], timeout=60, check=False)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for number in range(rounds):
            time.sleep(0.3 + 0.07 * number)
            if victim == "everything":
                assert gateway.process is not None
                for pid in [gateway.process.pid, *gateway.children().values()]:
                    os.kill(pid, signal.SIGKILL)
                gateway.process.wait(10)
            else:
                end = time.monotonic() + 40
                while "recorder" not in gateway.children():
                    assert time.monotonic() < end
                    time.sleep(0.05)
                os.kill(gateway.children()["recorder"], signal.SIGKILL)
            done = _verify(gateway.school.root)
            assert done.returncode == 0, done.stdout + done.stderr
            if victim == "everything":
                gateway.start()
    finally:
        stop.set()
        asking.join()
    gateway.stop()
    done = _verify(gateway.school.root)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(400)
def test_holds_explanations_and_retention_are_told_and_need_a_password(school: Path) -> None:
    config = ["--config", str(school / "config")]

    def ask(*command: str, password: str = PASSWORD) -> "subprocess.CompletedProcess[str]":
        return schoolgate(*command, *config, input=f"{password}\n")

    ref = ask("events", "--json", "--since", "7d").stdout.partition('"ref": "')[2][:9]
    assert len(ref) == 9
    for command, words in (
        (["hold", "add", "--case", "case 7", "--by", "h.head"], "name either --person or --ref"),
        (["hold", "add", "--ref", "2222-2222", "--case", "case 7", "--by", "h.head"], "no event on record"),
        (["hold", "add", "--person", "nobody", "--case", "case 7", "--by", "h.head"], "neither a code"),
        (["hold", "add", "--ref", ref, "--case", "case 7", "--by", "t.tech"], "none of the roles"),
        (["hold", "add", "--ref", ref, "--case", "case 7", "--by", "x.none"], "no such login"),
        (["hold", "release", "2222-2222", "--reason", "over", "--by", "h.head"], "no such hold"),
        (["explain", "3", "--reason", "a storm", "--by", "t.tech"], "verify does not complain of row 3"),
    ):
        done = ask(*command)
        assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert ask("hold", "add", "--ref", ref, "--case", "case 7", "--by", "h.head", password="wrong").returncode == 2
    assert "Nothing is on hold" in ask("hold", "list").stdout
    added = ask("hold", "add", "--ref", ref, "--case", "case 7", "--by", "h.head")
    assert added.returncode == 0, added.stderr
    person = ["--person", "u-0123456789ab", "--from", "2026-01-05", "--to", "2026-01-09"]
    assert ask("hold", "add", *person, "--case", "case 8", "--by", "h.head").returncode == 0
    listed = ask("hold", "list").stdout
    assert "1 events: case 7 (by headteacher u-" in listed
    assert "of u-0123456789ab from Mon 05 Jan 2026 00:00 until Sat 10 Jan 2026 00:00: case 8" in listed
    shown = ask("retention").stdout
    assert "blocks: kept for 365 days" in shown
    assert "case 7" in shown
    assert ask("hold", "release", listed[:9], "--reason", "it is over", "--by", "h.head").returncode == 0
    assert "case 7" not in ask("hold", "list").stdout
    (school / "config" / "people.yaml").write_text(PEOPLE)
    done = ask("hold", "add", "--ref", ref, "--case", "case 7", "--by", "h.head")
    assert (done.returncode, "no logins: is set" in done.stderr) == (2, True)


def test_a_clock_set_back_is_explained_by_a_command(school: Path) -> None:
    record = school / "var" / "record.db"
    code = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from schoolgate.store.clock import Clock
from schoolgate.store.recorder import Recorder
Recorder(Path(sys.argv[1]), {}, clock=Clock(lambda: datetime.now(UTC) - timedelta(hours=2, minutes=3))).close()
"""
    subprocess.run([sys.executable, "-c", code, str(school / "var")], check=True, capture_output=True)
    done = _verify(school)
    assert done.returncode == 1
    assert done.stdout.startswith("CLOCK: the clock was set back by "), done.stdout
    row = re.findall(r"between row \d+ and row (\d+)", done.stdout)[0]
    command = [
        "explain",
        row,
        "--reason",
        "The time server was wrong",
        "--by",
        "t.tech",
        "--config",
        str(school / "config"),
    ]
    done = schoolgate(*command, input=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    Recorder(school / "var", {}).close()  # by the right clock again
    done = _verify(school)
    assert done.returncode == 0, done.stdout
    assert "explained by technician u-" in done.stdout
    assert "The time server was wrong" in done.stdout
    _change(record, "update event set why = 'x' where rule = 'clock'")
    assert _verify(school).returncode == 1
