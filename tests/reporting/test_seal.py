"""The daily seal goes to whom monitoring.yaml names: in their digest, or in a mail of its own, once a day."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pretend.school import School
from schoolgate.office import Office
from schoolgate.settings.load import Settings
from schoolgate.store.check_chain import check_record, grouped
from schoolgate.store.event import fault_event
from schoolgate.store.journal import Journal
from schoolgate.store.pack import last_seal
from schoolgate.store.record import open_reader
from schoolgate.store.recorder import Recorder

ROLES = """roles:
  headteacher: {name: Head, email: head@school.example}
  chair_of_governors: {name: Chair, email: chair@school.example}
"""


_TODAY = datetime.now(UTC).date()
THURSDAY = _TODAY + timedelta(days=7 + (3 - _TODAY.weekday()) % 7)  # ahead of the machine's clock on any day
FRIDAY, SATURDAY, SUNDAY = (THURSDAY + timedelta(days=days) for days in (1, 2, 3))


class Days:
    """An office whose days are told to it, all of them in the future."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.office = settings, Office(settings)

    def at(self, moment: str) -> list[dict[str, str]]:
        """The mails after the office has worked at that moment, in school time."""
        self.office.round(datetime.fromisoformat(moment).replace(tzinfo=self.settings.school.timezone).timestamp())
        time.sleep(0.05)
        return self.office._store.rows("select subject, text, html, recipients from mail order by id")


def _put(settings: Settings, words: str) -> str:
    """Put an event on record; the seal after it."""
    journal = Journal(settings.data, "w")
    at = datetime.fromisoformat(f"{THURSDAY - timedelta(days=2)}T10:00:00+00:00")
    journal.append({"t": "event", **fault_event(at, "test", words, "v").row()})
    journal.close()
    Recorder(settings.data, {}).close()
    with open_reader(settings.data) as reader:
        seal = last_seal(reader)
    assert seal
    return grouped(seal.seal)


def test_the_seal_is_in_the_digest_and_goes_to_the_governors_once_a_day(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = School(tmp_path, roles=ROLES, alerts='digest: {day: "16:30", week: fri}\n').write()
    settings = settings_of(school)
    days = Days(settings)
    first = _put(settings, "a")
    assert [mail for mail in days.at(f"{THURSDAY}T16:29:00") if "seal" in mail["subject"]] == []
    mails = days.at(f"{THURSDAY}T16:31:00")
    digest, letter = (mails[-2], mails[-1])
    assert (digest["recipients"], letter["recipients"]) == ('["head@school.example"]', '["chair@school.example"]')
    assert first in " ".join(digest["text"].split())
    assert first in digest["html"]
    assert "schoolgate verify --seal" in digest["text"]
    assert letter["subject"] == f"St Test's School: seal of the record of {THURSDAY}"
    assert f'schoolgate verify --seal "{first}"' in letter["text"]
    second = _put(settings, "b")
    assert second != first
    mails = days.at(f"{FRIDAY}T16:31:00")
    seals = [mail for mail in mails if "seal of the record" in mail["subject"]]
    assert [second in mail["text"] for mail in seals] == [False, True]
    assert len([mail for mail in days.at(f"{FRIDAY}T18:00:00") if "seal of the record" in mail["subject"]]) == 2
    with open_reader(settings.data, with_waiting=True) as reader:
        deeds = list(reader.query("select entry, why, actor from events where rule = 'seal-handed-out' order by at"))
    assert [grouped(deed["entry"]) for deed in deeds] == [first, second]
    assert {(deed["why"], deed["actor"]) for deed in deeds} == {("headteacher, chair_of_governors", "schoolgate")}
    days.office.close()
    _put(settings, "c")
    report = check_record(settings.data / "record.db", seal=deeds[0]["entry"], own=True)
    assert "the seal you gave is that of batch 1" in report.notes[-1]
    assert {finding.kind for finding in report.findings} == {"clock"}  # the office of this test lives in the future


def test_where_nothing_is_on_record_there_is_no_seal(tmp_path: Path, settings_of: Callable[[School], Settings]) -> None:
    settings = settings_of(School(tmp_path, roles=ROLES, alerts='digest: {day: "16:30", week: null}\n').write())
    days = Days(settings)
    [digest] = days.at(f"{THURSDAY}T16:31:00")
    assert "Seal of the record" not in digest["text"]
    days.office.close()


def test_without_a_daily_digest_the_seal_goes_out_with_the_weekly_one(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = School(tmp_path, roles=ROLES, alerts="digest: {day: null, week: fri}\n")
    school.monitoring += "seal: {to: [chair_of_governors]}\n"
    settings = settings_of(school.write())
    days = Days(settings)
    seal = _put(settings, "a")
    assert days.at(f"{THURSDAY}T17:00:00") == []
    mails = days.at(f"{FRIDAY}T17:00:00")
    assert [mail["recipients"] for mail in mails if seal in " ".join(mail["text"].split())] == [
        '["head@school.example"]',
        '["chair@school.example"]',
    ]
    days.office.close()


def test_on_days_without_a_digest_it_goes_out_where_something_happened(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = School(tmp_path, roles=ROLES, alerts='digest: {day: "16:30", week: null}\n').write()
    settings = settings_of(school)
    days = Days(settings)

    def seals(moment: str) -> list[dict[str, str]]:
        return [mail for mail in days.at(moment) if "seal of the record" in mail["subject"]]

    first = _put(settings, "a")
    assert seals(f"{SATURDAY}T16:29:00") == []
    [letter] = seals(f"{SATURDAY}T16:31:00")
    assert letter["recipients"] == '["head@school.example", "chair@school.example"]'
    assert first in letter["text"]
    assert len(seals(f"{SATURDAY}T18:00:00")) == 1
    Recorder(settings.data, {}).close()  # carries over that the seal was handed out, which is no news
    assert len(seals(f"{SUNDAY}T16:31:00")) == 1
    _put(settings, "b")
    assert len(seals(f"{SUNDAY}T16:32:00")) == 2
    days.office.close()
