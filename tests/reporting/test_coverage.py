"""How much the filter can see: counted without persons, told in shares that add up to the truth."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pretend.school import School
from pretend.told import Told, named_school
from schoolgate.reporting.coverage import GroupCoverage, coverage_of, percent, weeks_of
from schoolgate.reporting.report import render_report, spans_of, who_is
from schoolgate.settings.load import Settings
from schoolgate.store.check_chain import check
from schoolgate.store.coverage import Fate
from schoolgate.store.event import Deed, deed_event
from schoolgate.store.journal import Journal, read_batch, segments
from schoolgate.store.record import open_reader
from schoolgate.store.retention import Seen, forget
from schoolgate.store.schema import FILE
from schoolgate.store.writer import RecordWriter

SINCE, UNTIL = "2026-11-23T00:00:00.000Z", "2026-11-30T00:00:00.000Z"
HOUR = "2026-11-24T10:00:00.000Z"
LONG_AGO = datetime(2026, 9, 1, tzinfo=UTC)


def count(journal: Journal, group: str, fate: str, number: int, app: str = "", hour: str = HOUR) -> None:
    where = {"hour": hour, "group": group, "fate": fate, "app": app}
    journal.append({"t": "coverage", **where, "connections": number})


@pytest.fixture
def settings(settings_of: Callable[[School], Settings], tmp_path: Path) -> Settings:
    return settings_of(School(tmp_path).write())


def carried(settings: Settings) -> None:
    """What the recorder does with a journal."""
    writer = RecordWriter(settings.data)
    for segment in segments(settings.data):
        assert writer.carry(read_batch(segment, writer.places().get(segment.name, 0))) == (0, 0)
    writer.close()


def test_counts_are_added_up_by_group_whether_carried_over_or_still_waiting(settings: Settings) -> None:
    journal = Journal(settings.data, "worker1")
    count(journal, "pupils", Fate.DECRYPTED, 90)
    count(journal, "pupils", Fate.PASSED, 4, "apple.com")
    carried(settings)
    count(journal, "pupils", Fate.DECRYPTED, 5)
    count(journal, "pupils", Fate.PASSED, 1, "apple.com")
    count(journal, "guests", Fate.NAME, 3)
    count(journal, "gone", Fate.REFUSED, 1)
    count(journal, "pupils", Fate.BROKEN, 7, hour="2026-11-30T00:00:00.000Z")  # not of this week
    journal.close()
    with open_reader(settings.data, with_waiting=True) as reader:
        rows = {row.group: row for row in coverage_of(reader, SINCE, UNTIL, settings)}
    assert list(rows) == ["pupils", "staff", "guests", "servers", "gone"]
    assert (rows["pupils"].total, rows["pupils"].share("decrypted"), rows["pupils"].apps) == (
        100,
        0.95,
        (("apple.com", 5),),
    )
    assert rows["pupils"].in_words() == (
        "Pupil devices: 100 connections, 95 % looked into, 5 % passed through [apple.com (5)]"
    )
    assert rows["staff"].in_words() == "Staff: no connection was seen"
    assert rows["guests"].share("name") == 1.0


def test_a_record_is_sealed_as_before_and_counts_name_no_person(settings: Settings) -> None:
    journal = Journal(settings.data, "worker1")
    count(journal, "pupils", Fate.DECRYPTED, 1)
    journal.close()
    carried(settings)
    with open_reader(settings.data) as reader:
        [row] = reader.query("select * from coverage")
    assert set(row) == {"hour", "group", "fate", "app", "connections"}
    writer = RecordWriter(settings.data)
    writer.add(deed_event(datetime(2026, 11, 24, tzinfo=UTC), Deed.NOTE, "schoolgate", "v"))
    writer.close()
    assert [found for found in check(settings.data / FILE).findings if found.kind == "view"] == []


def test_counts_are_deleted_when_blocks_are(settings: Settings) -> None:
    journal = Journal(settings.data, "worker1")
    count(journal, "pupils", Fate.DECRYPTED, 1, hour="2025-11-01T10:00:00.000Z")
    count(journal, "pupils", Fate.DECRYPTED, 2)
    journal.close()
    carried(settings)
    writer = RecordWriter(settings.data)
    now = datetime(2026, 11, 25, tzinfo=UTC)
    forget(writer, {"block": timedelta(days=365), "allow": timedelta(days=1)}, now, "v", Seen())
    writer.close()
    with open_reader(settings.data) as reader:
        assert [row["connections"] for row in reader.query("select * from coverage")] == [2]


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "0 %"),
        (0.00001, "0.1 %"),
        (0.004, "0.4 %"),
        (0.5, "50 %"),
        (0.996, "99.6 %"),
        (0.99999, "99.9 %"),
        (1, "100 %"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share: float, words: str) -> None:
    assert percent(share) == words


@pytest.mark.parametrize(
    ("broken", "total", "inspect", "told"),
    [(10, 100, "full", True), (9, 100, "full", False), (9, 20, "full", False), (50, 100, "names", False)],
)
def test_devices_that_do_not_trust_the_certificate_are_pointed_out(
    broken: int, total: int, inspect: str, told: bool
) -> None:
    numbers = dict.fromkeys(Fate, 0) | {Fate.BROKEN: broken, Fate.DECRYPTED: total - broken}
    assert GroupCoverage("g", "G", inspect, numbers, ()).breaks_off is told


def test_a_term_is_told_week_by_week_of_the_school(settings: Settings) -> None:
    """The clocks go back on Sunday, 25 October 2026: that week has an hour more, and Monday's first hour is Monday's."""
    journal = Journal(settings.data, "worker1")
    hours = ("2026-10-18T22", "2026-10-18T23", "2026-10-25T23", "2026-10-26T00", "2026-11-02T10")  # London: UTC+1, UTC
    for number, hour in enumerate(hours):
        count(journal, "pupils", Fate.DECRYPTED, 10**number, hour=f"{hour}:00:00.000Z")
    count(journal, "guests", Fate.NAME, 7, hour="2026-10-20T10:00:00.000Z")
    journal.close()
    carried(settings)
    with open_reader(settings.data) as reader:
        now = datetime(2026, 11, 5, 12, tzinfo=UTC)
        weeks = weeks_of(reader, "2026-10-11T23:00:00.000Z", "2026-12-19T00:00:00.000Z", settings, now)
        assert weeks_of(reader, "", "", settings, now) == []
    told = [(week, {row.group: row.total for row in rows}) for week, rows in weeks]
    assert told == [
        ("12 Oct", {"pupils": 1}),
        ("19 Oct", {"pupils": 110, "guests": 7}),
        ("26 Oct", {"pupils": 1000}),
        ("2 Nov", {"pupils": 10000}),
    ]


def test_the_governors_read_each_week_of_their_term(settings_of: Callable[[School], Settings], tmp_path: Path) -> None:
    school = named_school(tmp_path)
    (school.config / "calendar.yaml").write_text(
        "working_hours: {staff: {}}\nbank_holidays: none\nterms: [{name: Autumn, from: 2026-09-02, to: 2026-12-18}]\n"
    )
    for feed in ("iwf", "ctiru"):
        (school.root / "sealed" / feed).mkdir(parents=True)
        (school.root / "sealed" / feed / "list.csv").write_text("whole.example\n")
    told = Told(settings_of(school))
    count(told.journal, "pupils", Fate.DECRYPTED, 90)
    count(told.journal, "pupils", Fate.PASSED, 10, "apple.com")
    count(told.journal, "pupils", Fate.DECRYPTED, 3, hour="2026-11-17T10:00:00.000Z")
    count(told.journal, "pupils", Fate.REFUSED, 1, hour="2026-11-17T10:00:00.000Z")
    days, _ = spans_of(told.settings, "term", date(2026, 11, 24))
    with open_reader(told.data, with_waiting=True) as reader:
        old = replace(told.settings, sealed=tuple(replace(each, dated=LONG_AGO) for each in told.settings.sealed))
        page = render_report("term_governors", days, reader, old, who_is(old, told.pseudonyms), previous=None)
    plain = " ".join(page.text.split())
    assert "16 Nov: Group Pupil devices, Connections 4, Looked into 75 %, By name only 0 %," in plain
    assert "23 Nov: Group Pupil devices, Connections 100, Looked into 90 %, By name only 0 %, Passed" in plain
    assert "apple.com" in plain
    assert "the lists of the IWF and of CTIRU are in force." in plain
    assert "IWF (Internet Watch Foundation) is old: its newest file is of 2026-09-01" in plain
