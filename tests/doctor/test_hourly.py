"""The hourly examination: what is told to the technician, when, and that nothing is told twice or passed over."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pretend.school import School
from schoolgate.alerting.keys import key_of
from schoolgate.doctor.examination import Step, examine
from schoolgate.doctor.finding import Finding, good, skipped, wrong
from schoolgate.doctor.hourly import Hourly
from schoolgate.settings.load import Settings
from schoolgate.store.event import fault_event
from schoolgate.store.journal import Journal, read_batch, segments
from schoolgate.store.office import OfficeStore

MAIL = wrong("alert mail", "It would not reach anybody.", "Ask.")
ADULT = wrong("adult", "No rule blocks it.", "Write one.", "pupils")
WELL = [good("alert mail", "Taken."), good("adult", "Blocked.", "pupils")]


@dataclass
class Told:
    """An hourly examination of which ``faults`` and ``mended`` are what it has told so far."""

    settings: Settings
    hourly: Hourly
    now: float = 1_780_000_000.0
    mended: list[str] = field(default_factory=list)

    def after(self, *findings: Finding) -> tuple[list[str], list[str]]:
        """What is told when these are found, an hour later."""
        before, self.mended = len(self.faults), []
        self.now += 3600
        self.hourly.note(self.settings, findings, self.now)
        return self.faults[before:], self.mended

    @property
    def faults(self) -> list[str]:
        entries = [entry for path in segments(self.settings.data) for entry in read_batch(path, 0).entries]
        return [entry["why"] for entry in entries if entry["action"] == "fault"]


@pytest.fixture
def told(settings_of: Callable[[School], Settings], tmp_path: Path) -> Iterator[Told]:
    settings = settings_of(School(tmp_path).write())
    settings.data.mkdir(exist_ok=True)
    store, journal = OfficeStore(settings.data), Journal(settings.data, "test")
    made = Told(settings, Hourly(store, journal, lambda subject, text, now: made.mended.append(text)))
    made.hourly.round(settings, made.now)
    yield made
    made.hourly.close()
    journal.close()
    store.close()


def test_what_is_wrong_is_told_when_it_is_found_twice_and_then_no_more(told: Told) -> None:
    assert told.after(MAIL) == ([], [])
    assert told.after(MAIL) == (["alert mail: It would not reach anybody. What to do: Ask."], [])
    assert told.after(MAIL) == ([], [])
    faults, mended = told.after(*WELL)
    assert (faults, len(mended)) == ([], 1)
    assert "Nothing is wrong any more." in mended[0]
    assert told.after(*WELL) == ([], [])


def test_a_moments_trouble_is_told_to_nobody(told: Told) -> None:
    assert told.after(MAIL) == ([], [])
    assert told.after(*WELL) == ([], [])
    assert told.after(MAIL) == ([], [])


def test_something_else_that_is_wrong_is_told_too_and_is_an_alert_of_its_own(told: Told) -> None:
    told.after(MAIL)
    told.after(MAIL)
    told.after(MAIL, ADULT)
    assert told.after(MAIL, ADULT)[0] == ["adult (pupils): No rule blocks it. What to do: Write one."]
    first, second = (fault_event(datetime(2026, 11, 26, hour, tzinfo=UTC), "doctor", "x", "") for hour in (9, 10))
    assert key_of(first.row()) != key_of(second.row())  # else the second waits until alerts may be repeated
    faults, mended = told.after(ADULT, good("alert mail", "Taken."))
    assert (faults, "Still wrong: 1" in mended[0]) == ([], True)


def test_what_was_not_asked_is_as_it_was_but_what_is_asked_no_more_is_over(told: Told) -> None:
    told.after(ADULT)
    told.after(ADULT)
    deaf = wrong("filter answers", "The proxy gives no answer.", "Restart.")
    assert told.after(deaf)[1] == []

    def broken() -> Iterator[Finding]:
        raise ZeroDivisionError

    assert told.after(*examine([Step("categories as pupils", broken)]))[1] == []
    assert "No rule blocks it." in told.after(skipped("categories", "Not inspected.", "pupils"))[1][0]


def test_many_are_told_as_far_as_there_is_room_with_how_many_more(told: Told) -> None:
    many = [wrong(f"category{number}", "x" * 90, "Restart.", "pupils") for number in range(40)]
    told.after(*many)
    (words,) = told.after(*many)[0]
    assert len(words) < 2000
    assert words.splitlines()[-1] == f"And {40 - len(words.splitlines()) + 1} more: run 'schoolgate doctor'."


def test_an_examination_that_hangs_is_told_once_and_so_is_its_end(
    settings_of: Callable[[School], Settings], told: Told, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # a mail server that says nothing
        school = School(tmp_path / "other", mail_port=silent.getsockname()[1], doctor="1h").write()
        settings, now = replace(settings_of(school), folders=told.settings.folders), told.now + 700
        told.hourly.round(settings, now)
        told.hourly.round(settings, now + 1000)
        assert told.faults == []
        told.hourly.round(settings, now + 2000)
        told.hourly.round(settings, now + 2001)
        (words,) = told.faults
        assert words.startswith("examination: It began at ")
        assert words.endswith("hangs. What to do: Restart the gateway; until then it does not probe itself.")
    end = time.monotonic() + 60
    while not told.mended and time.monotonic() < end:
        told.hourly.round(settings, now + 2002)
        time.sleep(0.1)
    assert "examination: It began at " in told.mended[0]
