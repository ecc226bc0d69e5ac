"""Requests and openings are folded from deeds: the first answer counts, what is shut ends then, nothing is asked twice."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from schoolgate.store.deeds import read_standing
from schoolgate.store.event import Deed, Event, deed_event, stamp
from schoolgate.store.journal import Journal
from schoolgate.store.openings import asked, by_words, opened, openings
from schoolgate.store.record import open_reader
from schoolgate.store.recorder import Recorder

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
