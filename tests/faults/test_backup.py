"""A school in one file and back: on the same gateway and a new one, from older versions, and never from half a file."""

import io
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pretend.school import School
from schoolgate.cli import main
from schoolgate.lock import lock
from schoolgate.settings.load import Settings
from schoolgate.store.check_chain import check
from schoolgate.store.event import fault_event
from schoolgate.store.journal import Journal
from schoolgate.store.office import OfficeStore
from schoolgate.store.record import open_reader
from schoolgate.store.recorder import Recorder

KEEP = {"fault": timedelta(days=36500), "deed": timedelta(days=36500)}
OLDER = Path(__file__).with_name("older")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def said(data: Path) -> list[str]:
    with open_reader(data, with_waiting=True) as reader:
        return [row["why"] for row in reader.query("select why from events where rule = 'test' order by why")]


def say(journal: Journal, words: str) -> None:
    journal.append({"t": "event", **fault_event(datetime.now(UTC), "test", words, "v1").row()})


@dataclass
class Used:
    """A school that has been used; its gateway has just been killed, so some of it waits in a journal."""

    root: Path
    file: Path

    @property
    def data(self) -> Path:
        return self.root / "var"


@pytest.fixture
def used(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Used:
    school = School(tmp_path / "school", blocklists={"local/allow.yaml": "domains: [news.example]\n"}).write()
    data = school.data
    for name in ("ca", "keys", "evidence/case", "lists", "index", "metrics"):
        (data / name).mkdir(parents=True)
        (data / name / "file").write_bytes(name.encode())
        (data / name / "file").chmod(0o600)
    recorder, journal = Recorder(data, KEEP), Journal(data, "worker1")
    say(journal, "on record")
    recorder.round()
    recorder.close()
    say(journal, "waits")
    journal.close()
    office = OfficeStore(data)
    office.set_bookmark("read", "1")
    office.close()
    return Used(school.root, tmp_path / "school.backup")


def test_everything_comes_back_on_a_new_machine(used: Used, tmp_path: Path) -> None:
    done = run("backup", used.file, "--config", used.root / "config")
    assert done.exit_code == 0, done.output
    assert used.file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in used.data.glob(".backup*")] == []
    new = tmp_path / "new"
    done = run("restore", used.file, new)
    assert done.exit_code == 0, done.output
    assert (new / "config" / "rules.yaml").read_text() == (used.root / "config" / "rules.yaml").read_text()
    assert (new / "blocklists" / "local" / "allow.yaml").exists()
    for name in ("ca", "keys", "evidence/case", "lists"):
        assert (new / "var" / name / "file").read_bytes() == name.encode()
        assert (new / "var" / name / "file").stat().st_mode & 0o777 == 0o600
    assert not (new / "var" / "index").exists()  # it is made anew
    assert said(new / "var") == ["on record", "waits"]
    recorder = Recorder(new / "var", KEEP)
    recorder.round()
    recorder.close()
    assert check(new / "var" / "record.db", "", own=True).findings == []
    with open_reader(new / "var") as reader:
        told = [row["why"] for row in reader.query("select why from events where rule = 'restored'")]
    assert "was restored from the backup of" in told[0]
    assert [path.name for path in new.iterdir() if path.name.startswith(".")] == []


def test_what_is_there_is_put_aside_and_only_if_it_is_said(used: Used) -> None:
    run("backup", used.file, "--config", used.root / "config")
    journal = Journal(used.data, "worker1")
    say(journal, "later")
    journal.close()
    done = run("restore", used.file, used.root)
    assert done.exit_code == 2
    assert "is there already" in done.output
    assert said(used.data) == ["later", "on record", "waits"]
    done = run("restore", used.file, used.root, "--replace")
    assert done.exit_code == 0, done.output
    assert said(used.data) == ["on record", "waits"]
    [aside] = used.root.glob("var.before-*")
    assert said(aside) == ["later", "on record", "waits"]


def test_a_running_gateway_is_not_restored_under(used: Used) -> None:
    run("backup", used.file, "--config", used.root / "config")
    with lock(used.data):
        done = run("restore", used.file, used.root, "--replace")
    assert done.exit_code == 2
    assert "a gateway is running" in done.output


def _with(file: Path, name: str, content: bytes, kind: bytes = tarfile.REGTYPE, keep: bool = True) -> None:
    """The backup with one more file in it, or with nothing else."""
    kept = io.BytesIO()
    with tarfile.open(file) as old, tarfile.open(fileobj=kept, mode="w:gz") as new:
        for entry in old if keep else ():
            new.addfile(entry, old.extractfile(entry))
        entry = tarfile.TarInfo(name)
        entry.size, entry.type, entry.linkname = len(content), kind, "/etc/passwd"
        new.addfile(entry, io.BytesIO(content))
    file.write_bytes(kept.getvalue())


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-200]), "not whole"),
        (lambda file: file.write_bytes(b"no backup at all"), "not whole, or no backup"),
        (lambda file: _with(file, "school/../../outside", b"x"), "no name of a school's file"),
        (lambda file: _with(file, "/etc/outside", b"x"), "no name of a school's file"),
        (lambda file: _with(file, "data/link", b"", tarfile.SYMTYPE), "which is no file"),
        (lambda file: _with(file, "data/more", b"x"), "is not what was put there"),
        (lambda file: _with(file, "school/config/school.yaml", b"x", keep=False), "list of contents is missing"),
        (lambda file: _with(file, "manifest.json", b"{}"), "list of contents cannot be read"),
        (lambda file: _with(file, "manifest.json", b'{"format": 9, "school": "", "version": "9", "made": "", "files": {}}'), "newer"),
    ],
)  # fmt: skip
def test_half_a_backup_or_a_wrong_one_changes_nothing(
    used: Used, tmp_path: Path, harm: Callable[[Path], object], words: str
) -> None:
    run("backup", used.file, "--config", used.root / "config")
    harm(used.file)
    done = run("restore", used.file, used.root, "--replace")
    assert done.exit_code == 2, done.output
    assert words in done.output
    assert "Traceback" not in done.output
    assert said(used.data) == ["on record", "waits"]
    assert list(used.root.glob("*before*")) == []
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("version", ["m002", "m004", "m005"])
def test_backups_of_older_versions_are_restored_and_carried_on(used: Used, tmp_path: Path, version: str) -> None:
    for path in used.data.glob("*.db*"):
        path.unlink()
    shutil.rmtree(used.data / "journal")
    (used.data / "seals.log").unlink()
    for path in OLDER.glob(f"{version}-*"):
        name = path.name.partition("-")[2]
        if name.endswith(".sql"):
            with closing(sqlite3.connect(used.data / name.replace(".sql", ".db"))) as db:
                db.executescript(path.read_text())
        else:
            shutil.copy(path, used.data / name)
    assert run("backup", used.file, "--config", used.root / "config").exit_code == 0
    new = tmp_path / "new"
    assert run("restore", used.file, new).exit_code == 0
    recorder = Recorder(new / "var", KEEP)
    recorder.round()
    recorder.close()
    assert said(new / "var") == [f"old {n}" for n in range(5)]
    found = check(new / "var" / "record.db", "", own=True).findings
    assert [finding for finding in found if finding.kind != "seals.log"] == []  # which began otherwise in m004


def test_a_backup_of_a_newer_version_is_refused(used: Used, tmp_path: Path) -> None:
    with closing(sqlite3.connect(used.data / "record.db")) as db:
        db.execute("insert into _sqlite_migrations (migration_set, name) values ('record', 'm999_later')")
        db.commit()
    run("backup", used.file, "--config", used.root / "config")
    done = run("restore", used.file, tmp_path / "new")
    assert done.exit_code == 2
    assert "written by a newer schoolgate" in done.output


def test_a_backup_is_made_whatever_is_wrong_in_other_files(used: Used) -> None:
    (used.root / "config" / "rules.yaml").write_text("rules: [")
    assert run("backup", used.file, "--config", used.root / "config").exit_code == 0
    done = run("backup", used.root / "nowhere" / "file", "--config", used.root / "config")
    assert done.exit_code == 2
    assert "No such file" in done.output


def test_a_restore_without_room_changes_nothing_and_says_where(used: Used, tmp_path: Path) -> None:
    (used.data / "evidence" / "case" / "large").write_bytes(os.urandom(400_000))
    assert run("backup", used.file, "--config", used.root / "config").exit_code == 0
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", small], capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        done = run("restore", used.file, small / "new")
        assert done.exit_code == 2
        assert f"{small / 'new'}: No space left on device" in done.output
        assert list((small / "new").iterdir()) == []
        done = run("backup", small / "file", "--config", used.root / "config")
        assert done.exit_code == 2
        assert "No backup was made" in done.output
        assert "No space left on device" in done.output
        assert [path.name for path in small.iterdir()] == ["new"]
    finally:
        subprocess.run(["umount", small], check=True)


DYING = """
import os, sys
from pathlib import Path
import schoolgate.backup.restoring as restoring
move, left = restoring._move, int(sys.argv[3])
def dying(*given):
    global left
    if not left:
        os.kill(os.getpid(), 9)
    left -= 1
    move(*given)
restoring._move = dying
restoring.restore(open(sys.argv[1], "rb"), Path(sys.argv[2]), True)
"""


@pytest.mark.parametrize("moves", [0, 1, 2])
def test_a_restore_that_is_killed_can_be_done_again(used: Used, moves: int) -> None:
    assert run("backup", used.file, "--config", used.root / "config").exit_code == 0
    command = [sys.executable, "-c", DYING, used.file, used.root, str(moves)]
    assert subprocess.run(command, check=False).returncode == -9
    done = run("restore", used.file, used.root, "--replace")
    assert done.exit_code == 0, done.output
    assert said(used.data) == ["on record", "waits"]
    assert (used.root / "blocklists" / "local" / "allow.yaml").exists()
    assert list(used.root.glob(".restore-*")) == []


def test_what_a_killed_backup_has_left_is_cleared_away(used: Used) -> None:
    left = used.data / ".backup-old"
    left.mkdir()
    (left / "record.db").write_bytes(bytes(1000))
    os.utime(left, (0, 0))
    assert run("backup", used.file, "--config", used.root / "config").exit_code == 0
    assert not left.exists()
