"""A contest stops what would go further: no alert, one mail to those who may answer, and what is cleared stays cleared."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pretend.school import School
from pretend.told import Told, named_school
from schoolgate.alerting.alerts import gather, raise_mails
from schoolgate.alerting.contested import CONTEST
from schoolgate.alerting.outbox import Outbox
from schoolgate.alerting.post import Letter, Outcome
from schoolgate.alerting.recipients import recipients_of
from schoolgate.alerting.words import words_of
from schoolgate.reporting.period import between
from schoolgate.reporting.report import who_is
from schoolgate.reporting.watchers import tell_watchers
from schoolgate.settings.load import Settings
from schoolgate.store.event import Deed, Event
from schoolgate.store.office import OfficeStore
from schoolgate.store.record import open_reader
from schoolgate.store.recorder import Recorder

HOUR = 3600.0
DAY = "2026-11-24T"


class Desk:
    """The office's parts over a told record, with a clock by hand and a mail server that can be switched off."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.told, self.now = settings, Told(settings), 1_000_000.0
        self.recorder, self.store = Recorder(settings.data, {}), OfficeStore(settings.data)
        self.sent: list[Letter] = []
        self.up = True
        who = who_is(settings, self.told.pseudonyms)
        self.outbox = Outbox(self.store, self._post, lambda alert, facts: words_of(alert, facts, settings, who))

    def _post(self, letter: Letter) -> Outcome:
        if not self.up:
            return Outcome(letter.recipients, "down")
        self.sent.append(letter)
        return Outcome((), "")

    def log(self, minute: int, alert: str = "immediate", **changes: str) -> Event:
        return self.told.event(f"{DAY}10:{minute:02}", alert=alert, **changes)

    def block(self, minute: int, **changes: str) -> Event:
        return self.told.block(f"{DAY}10:{minute:02}", **changes)

    def run(self, seconds: float = 5) -> list[Letter]:
        """Returns what was sent in that time."""
        before = len(self.sent)
        for _ in range(int(seconds * 4)):
            self.now += 0.25
            self.recorder.round()
            with open_reader(self.settings.data) as reader:
                gather(self.store, reader, HOUR, self.now)
            to = self._recipients
            raise_mails(self.store, to, HOUR, self.now, "school.example")
            self.outbox.round(self.now)
            if self.outbox._under_way:
                self.outbox._under_way[2].result(5)
        return self.sent[before:]

    def _recipients(self, audience: str, person: str) -> list[str]:
        return recipients_of(self.settings, self.told.pseudonyms, audience, person)


@pytest.fixture
def desk(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Desk:
    return Desk(settings_of(named_school(tmp_path)))


def test_staff_stand_under_a_code_with_the_way_to_the_name(desk: Desk) -> None:
    desk.block(1)
    [mail] = desk.run()
    code = desk.told.code("j.smith")
    assert f"{code} (Staff)" in mail.subject
    assert f"schoolgate reveal {code} --by" in mail.text
    for part in ("j.smith", "Smith", "127.0.3.7"):
        assert part not in mail.subject + mail.text


def test_a_contest_is_told_once_to_those_who_may_answer(desk: Desk) -> None:
    visit = desk.log(1, alert="digest")
    desk.told.contest(f"{DAY}11:00", visit, words="My private reason")
    [mail] = desk.run()
    assert mail.recipients == ("head@school.example", "dsl@school.example")
    assert "a contest waits for your answer" in mail.subject
    assert desk.told.code("j.smith") in mail.text
    assert "Social media" in mail.text
    assert "My private reason" not in mail.text
    desk.now += 3 * HOUR
    assert desk.run() == []


def test_while_it_is_open_no_more_of_the_same_is_told(desk: Desk) -> None:
    contest = desk.told.contest(f"{DAY}11:00", desk.log(1, alert="digest"))
    desk.run()
    desk.log(2)
    assert desk.run() == []
    desk.log(3, category="shopping", host="www.amazon.co.uk")
    desk.told.event(f"{DAY}10:04", "a.jones", alert="immediate", client="127.0.3.8")
    assert {mail.subject.partition(", ")[2] for mail in desk.run()} == {"Shopping, once", "Social media, once"}
    desk.told.answer(f"{DAY}12:00", contest, "refused")
    desk.run()
    desk.log(5)
    assert desk.run() == []  # one alert a theme and hour; shopping was told
    desk.now += HOUR
    assert [mail.subject.partition(", ")[2] for mail in desk.run()] == ["Social media, once more"]


def test_blocks_are_not_stopped_by_a_contest_of_visits(desk: Desk) -> None:
    desk.told.contest(f"{DAY}11:00", desk.log(1, alert="digest", category="adult"))
    desk.run()
    desk.block(2)
    [mail] = desk.run()
    assert "was blocked" in mail.text


def test_a_contested_block_waits_and_goes_on_counting(desk: Desk) -> None:
    block = desk.block(1)
    assert len(desk.run()) == 1
    contest = desk.told.contest(f"{DAY}11:00", block)
    assert len(desk.run()) == 1
    desk.block(2)
    desk.now += 2 * HOUR
    assert desk.run() == []
    desk.told.answer(f"{DAY}12:00", contest, "refused")
    [mail] = desk.run()
    assert "once more" in mail.text


def test_what_is_upheld_is_taken_out_of_what_was_not_told_yet(desk: Desk) -> None:
    desk.up = False
    first, second = desk.block(1), desk.block(2)
    desk.run()
    contest = desk.told.contest(f"{DAY}11:00", first)
    desk.run(30)
    desk.up = True
    assert ["a contest waits" in mail.subject for mail in desk.run(60)] == [True]
    desk.told.answer(f"{DAY}12:00", contest, "upheld")
    [mail] = desk.run(60)
    assert "once" in mail.subject
    other = desk.told.contest(f"{DAY}13:00", second)
    desk.run()
    desk.told.answer(f"{DAY}14:00", other, "upheld")
    desk.now += 2 * HOUR
    assert desk.run() == []


def test_an_alert_that_is_cleared_altogether_is_never_sent(desk: Desk) -> None:
    desk.up = False
    block = desk.block(1)
    desk.run()
    contest = desk.told.contest(f"{DAY}11:00", block)
    desk.run()
    desk.told.answer(f"{DAY}12:00", contest, "upheld")
    desk.up = True
    assert desk.run(60) == []
    assert desk.store.rows("select 1 from alert where state <> 'closed'") == []


def test_worries_about_somebody_are_never_held_up(desk: Desk) -> None:
    about = {"stage": "search", "search": "i want to die", "category": "self_harm", "action": "log"}
    first = desk.log(1, **about)
    assert len(desk.run()) == 1
    desk.told.contest(f"{DAY}11:00", first)
    desk.run()
    desk.now += 2 * HOUR
    desk.block(3, **(about | {"action": "block"}))
    assert "somebody may need you" in desk.run()[0].subject


def test_nobody_can_silence_another_with_a_contest(desk: Desk) -> None:
    theirs = desk.told.event(f"{DAY}10:01", "a.jones", client="127.0.3.8")
    desk.told.contest(f"{DAY}11:00", theirs, login="j.smith")
    desk.run()
    desk.told.event(f"{DAY}10:02", "a.jones", client="127.0.3.8", alert="immediate")
    assert len(desk.run()) == 1


def test_nobody_is_told_of_themselves(desk: Desk) -> None:
    code, pseudonyms, settings = desk.told.code, desk.told.pseudonyms, desk.settings
    assert recipients_of(settings, pseudonyms, CONTEST, code("h.head")) == ["chair@school.example"]
    assert recipients_of(settings, pseudonyms, CONTEST, code("d.safe")) == ["head@school.example"]
    assert recipients_of(settings, pseudonyms, "safeguarding", code("d.safe")) == ["head@school.example"]
    assert recipients_of(settings, pseudonyms, "technical", code("t.tech")) == [
        "head@school.example",
        "dsl@school.example",
        "chair@school.example",
    ]
    assert recipients_of(settings, pseudonyms, "technical") == ["it@school.example"]


def test_the_office_takes_up_contests_after_a_restart(desk: Desk) -> None:
    block = desk.block(1)
    desk.run()
    contest = desk.told.contest(f"{DAY}11:00", block)
    desk.run()
    desk.store.close()
    desk.store = OfficeStore(desk.settings.data)
    desk.outbox._store = desk.store
    desk.block(2)
    desk.now += 2 * HOUR
    assert desk.run() == []
    desk.told.answer(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M"), contest, "refused")
    assert len(desk.run()) == 1


def test_a_second_party_hears_who_looked_at_whose_record(desk: Desk) -> None:
    told, office = desk.told, desk.store
    head = f"headteacher {told.code('h.head')}"
    told.deed(f"{DAY}09:00", Deed.REVEALED, head, person=told.code("j.smith"), why="a hunch")
    told.deed(f"{DAY}09:10", Deed.VIEWED, head, person=told.code("c.chair"), why="the chair herself")
    days = between(date(2026, 11, 24), date(2026, 11, 24), desk.settings.snapshot.calendar)
    who = who_is(desk.settings, told.pseudonyms)
    for _ in range(2):
        tell_watchers(office, desk.settings, who, days, ["head@school.example"], 1.0)
        [mail] = office.rows("select * from mail")
        assert json.loads(mail["recipients"]) == ["chair@school.example"]
        assert (
            f"headteacher ({told.code('h.head')}) had a name shown of {told.code('j.smith')}, once: a hunch"
            in mail["text"]
        )
        assert "the chair herself" not in mail["text"]
        days = between(date(2026, 11, 25), date(2026, 11, 25), desk.settings.snapshot.calendar)
