"""A report that takes long holds up nothing: it is made in a thread, and told once it is there."""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from pretend.school import School
from pretend.told import LONDON, Told, named_school
from schoolgate.office import Office
from schoolgate.reporting.making import Making
from schoolgate.settings.load import Settings

WITHIN = 60.0  # seconds


def wait_for(done: Callable[[], object]) -> None:
    end = time.monotonic() + WITHIN
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_work_is_begun_once_and_handed_over_once() -> None:
    making, go, begun, found = Making(0.0), threading.Event(), [0], list[str]()

    def make() -> str:
        begun[0] += 1
        go.wait(WITHIN)
        return "made"

    assert making.made("report", make) is None
    assert making.made("report", make) is None
    go.set()
    wait_for(lambda: found.append(making.made("report", make) or "") or found[-1])
    assert (found[-1], begun) == ("made", [1])
    making.close()


def test_what_goes_wrong_is_raised_and_tried_again() -> None:
    making = Making(WITHIN)
    with pytest.raises(ZeroDivisionError):
        making.made("report", lambda: 1 // 0)
    assert making.made("report", lambda: 1) == 1
    making.close()


def test_the_office_goes_on_while_digest_and_reports_are_made(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = named_school(tmp_path)
    (school.config / "alerts.yaml").write_text("digest: {week: null}\nreports: [{name: week_technician, when: tue}]\n")
    settings = settings_of(school)
    Told(settings).block("2026-11-24T10:00")
    office, seconds = Office(settings, patience=0.0), datetime(2026, 11, 24, 16, 30, tzinfo=LONDON).timestamp()
    office.round(seconds)

    def subjects() -> list[str]:
        office.round(seconds)
        rows = office._store.rows("select subject from mail where html <> '' order by id")
        return [row["subject"] for row in rows]

    wait_for(lambda: len(subjects()) == 2)
    time.sleep(0.05)
    assert sorted(subjects()) == sorted(set(subjects()))
    assert any("1 request blocked" in subject for subject in subjects())
    office.close()
