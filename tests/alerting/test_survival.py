"""No alert is lost and none is told twice: a mail server away for an hour, an office that dies, a full disk."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pretend.alerted import Alerted, alerting_school
from pretend.mailbox import Delivered
from pretend.school import School
from schoolgate.office import Office
from schoolgate.settings.load import Settings
from schoolgate.store.office import office_migrations
from sqlite_utils import Database

Make = Callable[..., Alerted]


@pytest.fixture
def alerted(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Iterator[Make]:
    made: list[Alerted] = []

    def make(**options: object) -> Alerted:
        made.append(Alerted(settings_of(alerting_school(tmp_path, "")), **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


def die(office: Alerted) -> None:
    """What stays of a killed office is its file, without what stood in an open transaction."""
    old = office.office
    old._store._connection.rollback()
    old._store.close()
    old._journal.close()
    office.office = Office(office.settings)


def test_a_mail_server_that_is_away_for_an_hour_costs_time_and_nothing_else(alerted: Make) -> None:
    office = alerted(up=False)
    for minute in range(0, 60, 15):
        office.pupil()
        office.block("a.jones", client="127.0.3.8", category="drugs")
        office.run(900, step=5)
        if minute == 30:
            office.restart()
    [pupil, jones] = office.alerts()
    assert (pupil["count"], pupil["told"], jones["count"], jones["told"]) == (4, 0, 4, 0)
    office.up()
    mails = office.run(61, step=1)
    assert sorted(str(mail.message["subject"]).rpartition(", ")[2] for mail in mails) == ["4 times", "4 times"]
    assert office.run(7200, step=10) == []
    assert [alert["state"] for alert in office.alerts()] == ["closed", "closed"]


def test_an_office_that_dies_before_it_knows_sends_the_same_mail_with_the_same_id(alerted: Make) -> None:
    office = alerted()
    office.box.on_mail = lambda mail: time.sleep(1)  # longer than a round waits for the answer
    office.pupil()
    office.pupil()
    for _ in range(20):
        office.run(0.5)
        if office.mails:
            break
    office.pupil(category="drugs")  # comes while nobody knows whether the mail has arrived
    die(office)
    office.box.on_mail = None
    office.run(10)
    first, again = office.mails
    assert first.message["message-id"] == again.message["message-id"]
    assert first.text == again.text
    assert first.message["subject"] == again.message["subject"]
    [end] = office.run(3700, step=5)
    assert '"Drugs" once more' in end.text
    assert end.message["message-id"] != first.message["message-id"]


@pytest.mark.parametrize("writes", range(1, 12))
def test_wherever_it_dies_each_alert_arrives_and_only_a_mail_under_way_comes_twice(alerted: Make, writes: int) -> None:
    office = alerted()
    office.pupil()
    left = writes

    class Killed(BaseException):
        pass

    def deadly(write: Callable[..., object]) -> Callable[..., object]:
        def written(*arguments: object, **named: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed
            return write(*arguments, **named)

        return written

    store = office.office._store
    store.update, store.insert = deadly(store.update), deadly(store.insert)  # type: ignore[method-assign]
    store.set_bookmark = deadly(store.set_bookmark)  # type: ignore[method-assign]
    try:
        office.run(6)
    except Killed:
        office.finish()
        die(office)
    left = 10**9
    office.run(6)
    assert {str(mail.message["message-id"]) for mail in office.mails} == {str(office.mails[0].message["message-id"])}
    assert len({mail.text for mail in office.mails}) == 1
    assert len(office.mails) <= 2
    assert office.run(3700, step=10) == []


def test_a_full_disk_repeats_no_mail_and_loses_none(tmp_path: Path, settings_of: Callable[[School], Settings]) -> None:
    school = alerting_school(tmp_path, "")
    settings = settings_of(school)
    settings.data.mkdir(parents=True, exist_ok=True)
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", settings.data], capture_output=True
    ).returncode:
        pytest.skip("mounting a small file system needs root")
    filler = settings.data / "filler"

    def fill(mail: Delivered | None = None) -> None:
        with filler.open("ab", buffering=0) as file:
            while True:
                try:
                    file.write(bytes(512))
                except OSError:
                    break

    office = Alerted(settings)
    try:
        office.box.on_mail = fill  # the disk is full when the outcome is to be written down
        office.pupil()
        rounds_that_fail(office, 20)
        assert len(office.mails) == 1
        office.box.on_mail = None
        filler.unlink()
        office.run(10)
        assert len(office.mails) == 1
        office.block()
        office.recorder.round()
        fill()
        rounds_that_fail(office, 20)
        filler.unlink()
        office.run(10)
        assert len(office.mails) == 2
        office.run(3700, step=10)
        assert len(office.mails) == 2
    finally:
        office.close()
        shutil.rmtree(settings.data, ignore_errors=True)
        subprocess.run(["umount", "--lazy", settings.data], check=True)


def test_an_office_that_lost_its_file_tells_nothing_old_again(alerted: Make) -> None:
    office = alerted()
    office.pupil()
    office.block()
    assert len(office.run()) == 2
    office.office.close()
    for path in office.settings.data.glob("office.db*"):
        path.unlink()
    office.office = Office(office.settings)
    assert office.at("2026-11-25T10:00") == []
    office.pupil()
    [mail] = office.run()
    assert "once" in mail.text


def test_an_alert_of_the_version_before_is_sent_and_counts_on(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    settings = settings_of(alerting_school(tmp_path, ""))
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.data / "office.db")
    office_migrations.apply(database, stop_before="m002_channels")
    names = (
        "at",
        "last_at",
        "ref",
        "client",
        "person",
        "group",
        "action",
        "category",
        "rule",
        "basis",
        "why",
        "calendar",
    )
    facts = dict.fromkeys(names, "x") | {"at": "2026-11-24T10:00:00.000Z", "last_at": "2026-11-24T10:00:01.000Z"}
    facts |= {"category": "adult", "action": "block", "group": "staff", "person": "u-1", "client": "127.0.3.7"}
    facts |= {"sites": ["old.example"], "searches": [], "confidence": "login", "stage": "request", "ids": ["1", "2"]}
    opened = {"opened": 1795514400.0, "changed": 1795514400.0, "count": 2, "told": 0, "state": "gathering"}
    rows = database["alert"]
    rows.insert({"key": "u-1/adult", "audience": "safeguarding", **opened, "facts": json.dumps(facts)})  # type: ignore[union-attr]
    database.close()
    office = Alerted(settings)
    try:
        [mail] = office.run()
        assert 'u-1 (Staff) was blocked from "Adult sites" twice' in mail.text
        assert "old[.]example" in mail.text
    finally:
        office.close()


def rounds_that_fail(office: Alerted, number: int) -> None:
    """A round that cannot write ends early and the next one goes on, as the office's process does it."""
    for _ in range(number):
        try:
            office.run(0.5)
        except Exception as error:
            assert "full" in str(error) or "disk I/O" in str(error) or "No space" in str(error)
            office.finish()
