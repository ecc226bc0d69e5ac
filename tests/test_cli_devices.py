"""``schoolgate devices`` and ``schoolgate restart`` from a shell: what is put on record, and what may be wrong."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from pretend.school import PEOPLE, School
from schoolgate.cli import main
from schoolgate.commands import restart
from schoolgate.lock import Lock, lock
from schoolgate.settings.away import read_devices
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.record import open_reader

PERSONS = PEOPLE + "people:\n  a.teacher: {name: A Teacher, group: staff}\n"


def run(school: School, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, [*words, "--config", str(school.config)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path, people=PERSONS, gateway="away: {endpoint: filter.example}\n").without_publishers().write()


def test_who_may_come_is_on_record_and_a_lost_device_goes_whatever_is_wrong_elsewhere(school: School) -> None:
    assert run(school, "devices", "add", "laptop", "--group", "staff", "--user", "A.Teacher")[0] == 0
    (school.config / "rules.yaml").write_text("rules: [")
    assert run(school, "devices", "remove", "Laptop") == (0, "laptop is removed.\n")
    assert read_devices(school.data) == ()
    (school.config / "school.yaml").write_text("name: [")
    code, said = run(school, "devices", "remove", "laptop")
    assert (code, "school.yaml:2" in said or "school.yaml:1" in said) == (2, True), said
    person = open_pseudonyms(school.data).of("user", "a.teacher")
    with open_reader(school.data, with_waiting=True) as reader:
        deeds = [
            (row["rule"], row["entry"], row["group"], row["person"]) for row in reader.query("select * from deeds")
        ]
    assert sorted(deeds) == [(rule, "laptop", "staff", person) for rule in ("device-added", "device-removed")]


@pytest.fixture
def held(school: School) -> Iterator[Lock]:
    """The folder is held as by a gateway that was restarted once before."""
    school.data.mkdir(exist_ok=True)
    before = signal.getsignal(signal.SIGHUP)
    with lock(school.data) as taken:
        taken.note("done", 1)
        yield taken
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(("ends", "code"), [("done", 0), ("failed", 1)])
def test_a_restart_waits_for_its_own_end(school: School, held: Lock, ends: str, code: int) -> None:
    told = list[str]()

    def asked(*_: object) -> None:
        told.append("asked")
        held.note(ends, 2)

    signal.signal(signal.SIGHUP, asked)
    assert run(school, "restart")[0] == code
    assert told == ["asked"]


def test_a_gateway_that_takes_no_notice_of_a_restart_has_replaced_nothing(
    school: School, held: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restart, "_BEGINS_WITHIN", 0.5)
    signal.signal(signal.SIGHUP, lambda *_: None)
    code, said = run(school, "restart")
    assert (code, said) == (
        1,
        f"Error: The gateway (process {os.getpid()}) does not answer; nothing may have been done.\n",
    )
