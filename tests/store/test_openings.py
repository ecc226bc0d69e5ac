"""Requests and openings are folded from deeds: the first answer counts, what is shut ends then, nothing is asked twice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from schoolgate.store.check_chain import check_record
from schoolgate.store.clock import Clock
from schoolgate.store.deeds import read_standing
from schoolgate.store.event import DEED, Deed, Event, deed_event, stamp
from schoolgate.store.journal import Journal
from schoolgate.store.openings import asked, by_words, opened, openings
from schoolgate.store.record import open_reader
from schoolgate.store.recorder import Recorder
from schoolgate.store.retention import REQUESTS

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Tale:
    """Deeds one after the other, a minute apart."""

    def __init__(self, data: Path) -> None:
        self.data, self.journal, self.at = data, Journal(data, "told"), NOW

    def deed(self, deed: Deed, actor: str = "technician u-1", **given: str) -> Event:
        event = deed_event(self.at, deed, actor, "v1", **given)
        self.journal.append({"t": "event", **event.row()})
        self.at += timedelta(minutes=1)
        return event

    def ask(self, event: str, **given: str) -> Event:
        about = {"host": "play.example", "path": "/a", "group": "pupils", "client": "10.1.0.1", "category": "games"}
        return self.deed(Deed.ASKED, "d-1", **(about | {"about": event, "entry": "wanted", "why": "maths"} | given))

    def open(self, length: timedelta | None = HOUR, actor: str = "technician u-1", **given: str) -> Event:
        entry = f"{stamp(self.at)}/{stamp(self.at + length) if length else ''}"
        about = {"host": "play.example", "group": "pupils" if length else "", "entry": entry, "why": "Year 6"}
        return self.deed(Deed.OPENED, actor, **(about | given))


@pytest.fixture
def tale(tmp_path: Path) -> Tale:
    return Tale(tmp_path)


def _read(tale: Tale, now: datetime) -> list[tuple[str, datetime]]:
    with open_reader(tale.data, with_waiting=True) as reader:
        assert read_standing(reader, now).opened == opened(reader, now)
        return [(each.group, each.until) for each in opened(reader, now)]


def test_an_opening_holds_up_to_its_end(tale: Tale) -> None:
    tale.open()
    assert _read(tale, NOW) == [("pupils", NOW + HOUR)]
    assert _read(tale, NOW + HOUR - timedelta(milliseconds=1)) == [("pupils", NOW + HOUR)]
    assert _read(tale, NOW + HOUR) == []


def test_what_is_shut_ended_when_it_was_shut(tale: Tale) -> None:
    event = tale.open()
    tale.deed(Deed.SHUT, "headteacher u-2", about=event.id)
    tale.deed(Deed.SHUT, "technician u-1", about=event.id)
    assert _read(tale, NOW) == [("pupils", NOW + timedelta(minutes=1))]
    assert _read(tale, NOW + timedelta(minutes=1)) == []
    with open_reader(tale.data, with_waiting=True) as reader:
        [opening] = openings(reader)
    assert (opening.shut_by, opening.shut_at) == ("headteacher u-2", stamp(NOW + timedelta(minutes=1)))
    assert not opening.holds(NOW + timedelta(minutes=2))


def test_always_is_no_matter_of_verdicts_but_stands_until_it_is_shut(tale: Tale) -> None:
    event = tale.open(None)
    assert _read(tale, NOW) == []
    with open_reader(tale.data, with_waiting=True) as reader:
        [opening] = openings(reader)
    assert opening.holds(NOW + timedelta(days=9999))
    assert (opening.group, opening.until, opening.site) == ("", "", "play.example")
    tale.deed(Deed.SHUT, about=event.id)
    with open_reader(tale.data, with_waiting=True) as reader:
        assert not openings(reader)[0].holds(NOW)


def test_a_request_is_answered_by_the_first_deed_that_names_it(tale: Tale) -> None:
    one, two, three = tale.ask("b1"), tale.ask("b2"), tale.ask("b3", entry="mistake")
    opening = tale.open(about=f"{one.id} {two.id}")
    tale.deed(Deed.NOT_OPENED, "headteacher u-2", about=f"{two.id} {three.id}", why="Not in school")
    with open_reader(tale.data, with_waiting=True) as reader:
        found = asked(reader)
    assert [(each.event, each.opening, each.answer, each.answered_by, each.kind) for each in found] == [
        ("b1", opening.id, "Year 6", "technician u-1", "wanted"),
        ("b2", opening.id, "Year 6", "technician u-1", "wanted"),
        ("b3", "", "Not in school", "headteacher u-2", "mistake"),
    ]


def test_one_block_is_asked_about_once(tale: Tale) -> None:
    tale.ask("b1", why="first")
    tale.ask("b1", why="again")
    with open_reader(tale.data, with_waiting=True) as reader:
        assert [each.words for each in asked(reader)] == ["first"]


def test_it_is_the_same_once_all_is_carried_over_and_sealed(tale: Tale) -> None:
    event = tale.ask("b1")
    tale.open(about=event.id)
    tale.journal.close()
    Recorder(tale.data, {}).close()
    with open_reader(tale.data) as reader:
        assert [each.answer for each in asked(reader)] == ["Year 6"]
        assert [each.group for each in opened(reader, NOW)] == ["pupils"]


@pytest.mark.parametrize(
    ("actor", "words"),
    [
        ("technician u-1", "the technician"),
        ("headteacher u-1", "the Headteacher"),
        ("u-1", "a teacher"),
        ("<b> u-1", "a teacher"),
    ],
)
def test_who_opened_it_is_told_without_a_code(actor: str, words: str) -> None:
    assert by_words(actor) == words


class Years:
    """The record of a tale in later years; retention runs at each of these moments, and ``verify`` after it."""

    def __init__(self, tale: Tale) -> None:
        self.tale, self.at, self.running = tale, tale.at, 0.0
        keep = {"block": timedelta(days=365), REQUESTS: timedelta(days=365), DEED: timedelta(days=7 * 365)}
        self.recorder = Recorder(tale.data, keep, "schoolgate 9", "v1", Clock(lambda: self.at, lambda: self.running))
        self.recorder._next_retention = 1e12
        self.recorder.round(lambda: self.running)

    def after(self, days: float) -> list[str]:
        """The ids of deeds that are left so many days after the tale began."""
        passed = (NOW + timedelta(days=days) - self.at).total_seconds()
        self.at, self.running = self.at + timedelta(seconds=passed), self.running + passed
        self.recorder._next_retention = 0
        self.recorder.round(lambda: self.running)
        report = check_record(self.tale.data / "record.db", own=True)
        assert (report.findings, [note for note in report.notes if "were kept for" in note]) == ([], [])
        with open_reader(self.tale.data) as reader:
            return [row["id"] for row in reader.query("select id from deeds where rule <> 'retention'")]

    def told(self) -> list[tuple[str, str, str]]:
        """What retention has put on record of itself."""
        with open_reader(self.tale.data) as reader:
            rows = reader.query("select kind, entry, why from deeds where rule = 'retention' and kind <> ''")
            return [(row["kind"], row["entry"], row["why"]) for row in rows]


def test_what_a_pupil_wrote_goes_with_blocks_and_never_an_answer_before_its_request(tale: Tale) -> None:
    waiting, refused = tale.ask("b1", why="secret one"), tale.ask("b2", why="secret two")
    tale.at += timedelta(days=10)
    answer = tale.deed(Deed.NOT_OPENED, about=refused.id, why="secret three")
    years = Years(tale)
    assert years.after(364) == [waiting.id, refused.id, answer.id]
    assert years.after(366) == [answer.id]
    with open_reader(tale.data) as reader:
        assert asked(reader) == []
    assert years.after(376) == []
    first, second = years.told()
    assert first[:2] == ("asked", "1-2")
    assert first[2].startswith("2 requests to open a site and refusals older than 365 days deleted, the newest of ")
    assert (second[:2], second[2][:38]) == (("asked", "3"), "1 request or refusal older than 365 da")
    years.recorder._record.close()
    assert b"secret" not in (tale.data / "record.db").read_bytes()


def test_a_request_stays_while_the_site_stands_open_for_it_and_its_opening_as_long_as_cases(tale: Tale) -> None:
    once, always, shut = tale.ask("b1"), tale.ask("b2"), tale.ask("b3")
    deeds = [tale.open(about=once.id), tale.open(None, about=always.id), tale.open(None, about=shut.id)]
    deeds.append(tale.deed(Deed.SHUT, about=deeds[2].id))
    years = Years(tale)
    kept = [each.id for each in deeds]
    assert years.after(366) == [always.id, *kept]
    with open_reader(tale.data) as reader:
        assert [(each.id, each.opening) for each in asked(reader)] == [(always.id, kept[1])]
    tale.at = years.at
    last = tale.deed(Deed.SHUT, about=kept[1])
    assert years.after(367) == [*kept, last.id]
    assert years.after(7 * 365 + 1) == [last.id]


def test_a_hold_keeps_a_request_and_with_it_the_refusal_so_that_it_waits_for_no_second_answer(tale: Tale) -> None:
    held, other = tale.ask("b1"), tale.ask("b2")
    hold = tale.deed(Deed.HOLD, about="b1", why="case 7")
    answer = tale.deed(Deed.NOT_OPENED, about=f"{held.id} {other.id}", why="no")
    years = Years(tale)
    assert years.after(400) == [held.id, hold.id, answer.id]
    with open_reader(tale.data) as reader:
        assert [each.answer for each in asked(reader)] == ["no"]
    tale.at = years.at
    release = tale.deed(Deed.RELEASED, about=hold.id)
    assert years.after(401) == [hold.id, release.id]


def test_a_case_keeps_what_was_asked_about_its_block(tale: Tale) -> None:
    request = tale.ask("b1")
    case = tale.deed(Deed.CASE, "schoolgate", about="b1", entry="medium/dsl", why="x")
    assert Years(tale).after(800) == [request.id, case.id]
