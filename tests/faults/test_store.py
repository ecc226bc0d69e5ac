"""The disk and the stores: damaged, locked, full or not to be written while the gateway runs under load; no block is lost."""

import os
import resource
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from pretend.faulted import Watched, crowd
from pretend.gateway import Gateway, schoolgate
from pretend.mailbox import Mailbox
from pretend.raw import Raw
from schoolgate.cli import main
from schoolgate.store.record import open_reader


def load(school: Watched) -> AbstractContextManager[None]:
    """Pupils ask for what is blocked, all the time."""

    def ask(number: int, stop: threading.Event) -> None:
        while not stop.is_set():
            school.blocked(client=f"127.0.2.{20 + number}")
            time.sleep(0.02)

    return crowd(2, ask)


def noise(path: Path, first: int = 1) -> None:
    """All but the first pages of a file that is in use are overwritten in place."""
    with path.open("r+b") as file:
        file.seek(first * 4096)
        file.write(b"\xa5" * (path.stat().st_size - first * 4096))


def mailed(school: Watched, words: str, mailbox: Callable[[int], Mailbox]) -> None:
    box = mailbox(school.gateway.school.mail_port)
    end = time.monotonic() + 60
    while not any(words in mail.text for mail in box.delivered):
        assert time.monotonic() < end, [mail.text for mail in box.delivered]
        time.sleep(0.2)
    assert all(mail.to == ("it@school.example",) for mail in box.delivered if words in mail.text)


def test_a_record_that_is_damaged_in_use_is_mended_and_loses_nothing(
    school: Watched, mailbox: Callable[[int], Mailbox]
) -> None:
    record = school.gateway.school.data / "record.db"
    with load(school):
        time.sleep(1.0)
        with closing(sqlite3.connect(record)) as db:
            db.execute("pragma wal_checkpoint(truncate)")
        noise(record)
        school.told("The record was damaged", 60)
        school.is_well()
    assert "put aside as record.db.damaged-" in school.told("The record was damaged")
    mailed(school, "The record was damaged", mailbox)
    assert school.lost() == set()


def test_an_office_whose_file_is_damaged_begins_again_and_tells(school: Watched, tmp_path: Path) -> None:
    """It may have all of it in its memory; so whoever finds it damaged, as a backup does, asks it to look."""
    office = school.gateway.school.data / "office.db"
    with closing(sqlite3.connect(office)) as db:
        db.execute("pragma wal_checkpoint(truncate)")
    noise(office)
    school.blocked()
    CliRunner().invoke(main, ["backup", str(tmp_path / "b"), "--config", str(school.gateway.school.config)])
    school.told("The office's file was damaged", 60)
    school.is_well()


def test_a_record_that_somebody_locks_costs_time_and_no_block(school: Watched) -> None:
    record = school.gateway.school.data / "record.db"
    with closing(sqlite3.connect(record, isolation_level=None)) as db, load(school):
        db.execute("begin immediate")
        began = len(school.seen)
        time.sleep(2.0)
        assert len(school.seen) > began + 20, "blocks waited for the record"
        db.execute("rollback")
    assert school.lost() == set()


def test_a_backup_made_under_load_holds_every_block_that_was_seen_before(school: Watched, tmp_path: Path) -> None:
    with load(school):
        time.sleep(0.5)
        before, config = set(school.seen), school.gateway.school.config
        done = CliRunner().invoke(main, ["backup", str(tmp_path / "b"), "--config", str(config)])
        assert done.exit_code == 0, done.output
    done = CliRunner().invoke(main, ["restore", str(tmp_path / "b"), str(tmp_path / "new")])
    assert done.exit_code == 0, done.output
    with open_reader(tmp_path / "new" / "var", with_waiting=True) as reader:
        refs = [row["ref"] for row in reader.query("select ref from blocks")]
    assert before <= set(refs)
    assert len(refs) == len(set(refs))
    authority = Path("ca", "mitmproxy-ca.pem")
    kept = (tmp_path / "new" / "var" / authority).read_bytes()
    assert kept == (school.gateway.school.data / authority).read_bytes()


@pytest.mark.parametrize("what", ["cut off", "altered"])
def test_an_index_that_is_damaged_under_the_workers_opens_nothing_and_is_made_again(school: Watched, what: str) -> None:
    [index] = (school.gateway.school.data / "index").glob("*.index")
    whole = index.stat().st_size
    if what == "cut off":
        os.truncate(index, 4096)
    else:
        with index.open("r+b") as file:
            file.seek(whole // 3)
            file.write(os.urandom(whole // 2))
    time.sleep(0.5)
    with load(school):
        end = time.monotonic() + 100
        while not index.exists() or index.stat().st_size < whole:
            assert time.monotonic() < end
            time.sleep(0.2)
    school.is_well(60)
    school.told("ended by itself" if what == "cut off" else "The list index was altered or damaged on disk")
    assert school.lost() == set()


def test_a_worker_that_cannot_write_shows_no_site_and_says_so_afterwards(school: Watched) -> None:
    """As on a full or read-only disk: the system lets no file grow."""
    school.is_well()
    worker = school.gateway.children()["worker1"]
    before = resource.prlimit(worker, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        for _ in range(3):
            assert school.blocked().status == 503
            assert school.blocked(tls=True).status == 503
        assert school.allowed().status == 200
    finally:
        resource.prlimit(worker, resource.RLIMIT_FSIZE, before)
    school.is_well()
    assert "could not be written" in school.told("Is the disk full or read-only?")
    assert school.lost() == set()


def test_files_used_up_refuse_some_and_open_nothing(school: Watched) -> None:
    worker = school.gateway.children()["worker1"]
    before = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    used = len(list(Path(f"/proc/{worker}/fd").iterdir()))
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (used + 30, before[1]))
    lines: list[Raw] = []
    try:
        for _ in range(60):
            lines.append(Raw(school.gateway, "127.0.2.99", timeout=2))
        time.sleep(2.5)
        answer = school.blocked()
        assert answer.status in (0, 403, 502, 503)
    finally:
        resource.prlimit(worker, resource.RLIMIT_NOFILE, before)
        for raw in lines:
            raw.line.close()
    school.is_well()
    school.told("open files and connections are used")


def test_a_folder_that_cannot_be_written_opens_no_port_and_is_told_plainly(
    start: Callable[..., Gateway], tmp_path: Path
) -> None:
    from pretend.school import School

    school = School(tmp_path).write()
    school.data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", school.data]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a file system needs root")
    try:
        done = schoolgate("run", "--config", str(school.config))
    finally:
        subprocess.run(["umount", school.data], check=True)
    assert done.returncode == 2
    assert "Read-only file system" in done.stderr
    assert "Traceback" not in done.stderr


def _again(school: Watched, *victims: str) -> None:
    """Kill them, and wait until others stand in their places."""
    killed = {victim: school.gateway.children()[victim] for victim in victims}
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 40
    while any(school.gateway.children().get(victim, pid) == pid for victim, pid in killed.items()):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_file_system_that_turns_read_only_opens_nothing_and_recovers_by_itself(school: Watched) -> None:
    """While the gateway runs: no file can be opened for writing any more, whoever begins again."""
    assert school.gateway.process is not None
    inside = ["nsenter", "-t", str(school.gateway.process.pid), "-m"]
    data = str(school.gateway.school.data)
    mount = [*inside, "sh", "-c", f"mount --bind {data} {data} && mount -o remount,ro,bind {data}"]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a file system needs root")
    try:
        with load(school):
            _again(school, "worker1", "recorder", "office")
            end = time.monotonic() + 60
            while school.allowed().status != 200:
                assert time.monotonic() < end, school.gateway.log[-3000:]
        assert school.blocked().status == 503
        assert school.blocked(tls=True).status == 503
    finally:
        subprocess.run([*inside, "umount", "-l", data], check=True)
    school.is_well(60)
    assert "could not be written" in school.told("(Read-only file system)")
    assert school.lost() == set()


def test_an_authority_that_is_lost_is_not_replaced_by_another(school: Watched) -> None:
    """No device knows the one that mitmproxy would make; nobody would know why no page opens any more."""
    authority = school.gateway.school.data / "ca"
    aside = authority.with_name("aside")
    authority.rename(aside)
    try:
        _again(school, "worker1")
        end = time.monotonic() + 40
        while "worker 1 cannot start" not in school.gateway.log:
            assert time.monotonic() < end
            time.sleep(0.2)
        assert "which devices trust, is lost; put it back from a backup" in school.gateway.log
        assert not authority.exists()
    finally:
        aside.rename(authority)
    school.is_well(60)
    school.told("which devices trust, is lost")


def test_a_restored_school_runs_on_another_machine(
    school: Watched, gateways: list[Gateway], index: Path, tmp_path: Path
) -> None:
    """It stops what the old one stopped, finds what pupils were told there, and its devices go on trusting it."""
    from pretend.school import School

    evidence = school.gateway.school.data / "evidence" / "case"
    evidence.mkdir(parents=True)
    (evidence / "page.bin").write_bytes(b"sealed")
    before = school.blocked().ref
    assert before
    config, file = school.gateway.school.config, tmp_path / "b"
    assert CliRunner().invoke(main, ["backup", str(file), "--config", str(config)]).exit_code == 0
    assert CliRunner().invoke(main, ["restore", str(file), str(tmp_path / "new")]).exit_code == 0
    new = School(tmp_path / "new", upstream_ca=school.sites.ca)  # its own ports: the old one still runs
    gateways.append(Gateway(new, 1, index))
    moved = Watched(gateways[-1].start(), school.sites)
    moved.is_well()
    assert new.ca.read_bytes() == school.gateway.school.ca.read_bytes()
    assert (new.data / "evidence" / "case" / "page.bin").read_bytes() == b"sealed"
    refs = [event["ref"] for event in moved.gateway.events("--since", "30d", "--action", "block")]
    assert before in refs
    assert len(refs) == len(set(refs))
    moved.told("was restored from the backup of")
    assert moved.lost() == set()
    assert _found(new.config) <= _found(config)  # what was mended in the old one shows a gap in both


def _found(config: Path) -> set[str]:
    """What ``schoolgate verify`` finds wrong."""
    said = CliRunner().invoke(main, ["verify", "--config", str(config)]).output.splitlines()
    return {line for line in said if line.partition(":")[0].isupper()}
