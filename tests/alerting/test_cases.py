"""The office opens one case for each alert that needs a person, adds to it, watches its clocks, and tells who is next."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pretend.school import School
from pretend.told import Told, named_school
from schoolgate.alerting.alerts import gather, raise_mails
from schoolgate.alerting.cases import Cases
from schoolgate.alerting.outbox import Outbox
from schoolgate.alerting.post import Letter, Outcome
from schoolgate.alerting.recipients import recipients_of
from schoolgate.settings.alert_models import ChatEntry, QuietEntry
from schoolgate.settings.load import Settings
from schoolgate.store.cases import Case, State, cases, clearings
from schoolgate.store.event import Deed, Event
from schoolgate.store.journal import Journal
from schoolgate.store.office import OfficeStore
from schoolgate.store.record import open_reader
from schoolgate.store.recorder import Recorder

HOUR = 3600.0
LONDON = ZoneInfo("Europe/London")
TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=LONDON)


class Killed(BaseException):
    """The office dies here."""


class Office:
    """The office's parts over a told record, with a clock by hand; it can be killed at any write."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.told, self.now = settings, Told(settings), TUESDAY
        self.recorder = Recorder(settings.data, {})
        self.sent: list[Letter] = []
        self.left = 10**9  # writes until it is killed
        self.start()

    def start(self) -> None:
        self.store, self.journal = OfficeStore(self.settings.data), Journal(self.settings.data, "office")
        self.cases = Cases(self.store, self.journal, self.told.pseudonyms)
        self.outbox = Outbox(self.store, self._post, lambda alert, facts: ("An alert", facts.get("case", "")))
        append, update, insert = self.journal.append, self.store.update, self.store.insert
        mark = self.store.set_bookmark
        self.journal.append = self._deadly(append)  # type: ignore[method-assign]
        self.store.update = self._deadly(update)  # type: ignore[method-assign]
        self.store.insert = self._deadly(insert)  # type: ignore[method-assign]
        self.store.set_bookmark = self._deadly(mark)  # type: ignore[method-assign]

    def _deadly(self, write: Callable[..., object]) -> Callable[..., object]:
        def written(*arguments: object, **named: object) -> object:
            self.left -= 1
            if self.left == 0:
                raise Killed
            return write(*arguments, **named)

        return written

    def die(self) -> None:
        """What stays of a killed process: its files, without what stood in an open transaction."""
        self.journal.close()
        self.store._connection.rollback()
        self.store.close()

    def _post(self, letter: Letter) -> Outcome:
        self.sent.append(letter)
        return Outcome((), "")

    def block(self, minute: int = 0, login: str = "j.smith", **changes: str) -> Event:
        return self.told.block(f"2026-11-24T09:{minute:02}", login, **changes)

    def run(self, seconds: float = 5) -> list[Letter]:
        before = len(self.sent)
        for _ in range(int(seconds * 2)):
            self.now += timedelta(seconds=0.5)
            now = self.now.timestamp()
            self.recorder.round()
            with open_reader(self.settings.data) as reader:
                gather(self.store, reader, HOUR, now)
                self.cases.round(reader, self.settings, now)
            raise_mails(self.store, self._recipients, HOUR, now, "school.example")
            self.outbox.round(now)
            if self.outbox._under_way:
                self.outbox._under_way[2].result(5)
        self.recorder.round()
        return self.sent[before:]

    def at(self, day: int, hour: str) -> list[Letter]:
        """What is sent when it is so late (November 2026, school time)."""
        self.now = datetime.fromisoformat(f"2026-11-{day:02}T{hour}").replace(tzinfo=LONDON)
        return self.run()

    def _recipients(self, audience: str, person: str) -> list[str]:
        return recipients_of(self.settings, self.told.pseudonyms, audience, person)

    def all(self) -> list[Case]:
        with open_reader(self.settings.data, with_waiting=True) as reader:
            return cases(reader)

    def only(self) -> Case:
        [found] = self.all()
        return found

    def deed(self, deed: Deed, case: Case, entry: str = "", words: str = "", actor: str = "headteacher u-1") -> Event:
        return self.told.deed(f"{self.now:%Y-%m-%dT%H:%M:%S}", deed, actor, about=case.id, entry=entry, why=words)


@pytest.fixture
def office(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Office:
    return Office(settings_of(named_school(tmp_path)))


def test_an_alert_becomes_one_case_and_its_mail_knows_it(office: Office) -> None:
    first, second = office.block(1), office.block(2)
    [mail] = office.run()
    case = office.only()
    assert mail.text == case.id
    assert case.events == (first.id, second.id)
    assert (case.person, case.group, case.category, case.rule) == (
        office.told.code("j.smith"),
        "staff",
        "adult",
        "staff-adult",
    )
    assert (case.priority, case.route, case.state, case.raised_by) == ("medium", "headteacher", State.NEW, "schoolgate")
    assert case.why.startswith("Blocked from")
    assert case.why.endswith("twice.")
    assert "pornhub" not in case.why


def test_more_of_the_same_is_added_to_it(office: Office) -> None:
    office.block(1)
    office.run()
    more = [office.block(minute) for minute in (5, 6)]
    office.run()
    case = office.only()
    assert case.events[1:] == tuple(event.id for event in more)
    assert len(case.of(Deed.CASE_MORE)) == 1


def test_technical_faults_and_digests_make_no_case(office: Office) -> None:
    office.told.event("2026-11-24T09:00", action="fault", alert="immediate", rule="recording", person="")
    office.told.event("2026-11-24T09:01")
    office.run()
    assert office.all() == []


def test_a_worry_goes_to_the_dsl_and_does_not_wait_for_morning(office: Office) -> None:
    office.block(1, stage="search", search="how to", category="self_harm", theme="content")
    office.run()
    case = office.only()
    assert (case.priority, case.route) == ("high", "dsl")
    assert "how to" not in case.why


def test_it_goes_round_the_headteacher_when_it_is_about_her(office: Office) -> None:
    office.block(1, "h.head")
    office.run()
    assert office.only().route == "chair_of_governors"
    office.at(24, "15:00")
    assert office.only().owner == "chair_of_governors"


def test_wherever_the_office_is_killed_there_is_one_case_and_one_mail(office: Office) -> None:
    office.block(1)
    deaths = 0
    for writes in range(1, 40):
        office.left = writes
        try:
            office.run()
        except Killed:
            deaths += 1
            office.die()
            office.start()
            continue
        break
    office.left = 10**9
    office.run()
    assert deaths > 3
    case = office.only()
    assert len(case.events) == 1
    assert {mail.message_id for mail in office.sent} == {office.sent[0].message_id}  # a mail that was under way, too
    with sqlite3.connect(office.settings.data / "record.db") as record:
        assert record.execute("select count(*) from event where rule = 'case-opened'").fetchone() == (1,)


def test_a_deed_that_is_written_twice_is_recorded_once(office: Office) -> None:
    office.block(1)
    office.left = 10**9
    office.run()
    first = office.only()
    [alert] = office.store.rows("select * from alert")
    facts = alert["facts"].replace(f'"case": "{first.id}", ', "").replace(f'"case_ref": "{first.ref}", ', "")
    office.store.update("alert", alert["id"], facts=facts)
    office.cases = Cases(office.store, office.journal, office.told.pseudonyms)
    office.run()
    assert office.only() == first


def test_the_clock_runs_in_school_time_and_goes_from_head_to_dsl_to_chair(office: Office) -> None:
    office.now = datetime(2026, 11, 24, 15, 30, tzinfo=LONDON)
    office.told.block("2026-11-24T15:30", "j.smith")
    office.run()
    assert office.at(24, "23:00") == []
    assert office.at(25, "08:44") == []
    [first] = office.at(25, "08:46")
    assert first.recipients == ("dsl@school.example",)
    assert "Nobody has taken note of the case within 1 hour of school time." in first.text
    assert f"/cases/{office.only().id}" in first.text or "schoolgate case" in first.text
    assert office.only().owner == "dsl"
    [second] = office.at(25, "09:50")
    assert second.recipients == ("chair@school.example",)
    assert office.at(25, "12:00") == office.at(26, "12:00") == []
    assert [entry.entry for entry in office.only().of(Deed.ESCALATED)] == ["dsl", "chair_of_governors"]


def test_acknowledged_in_time_it_goes_nowhere_until_it_has_to_be_decided(office: Office) -> None:
    office.block(1)
    office.run()
    office.now += timedelta(minutes=30)
    office.deed(Deed.CASE_STEP, office.only(), "acknowledged")
    assert office.run() == []
    assert office.at(25, "12:00") == []
    assert office.at(30, "15:59") == []
    office.now = datetime(2026, 12, 1, 10, 25, tzinfo=LONDON)
    assert office.run() == []
    office.now = datetime(2026, 12, 1, 10, 31, tzinfo=LONDON)
    [mail] = office.run()
    assert "has not been decided within 5 days of school time" in mail.text


def test_what_is_urgent_runs_at_night(office: Office) -> None:
    office.now = datetime(2026, 11, 24, 22, 0, tzinfo=LONDON)
    office.told.block("2026-11-24T22:00", "j.smith", stage="search", search="how to", category="self_harm")
    office.run()
    [mail] = office.at(24, "23:10")
    assert mail.recipients == ("head@school.example",)


def test_a_contest_stops_the_clock_and_a_contested_alert_makes_no_case(office: Office) -> None:
    event = office.block(1)
    office.run()
    office.now += timedelta(minutes=30)
    contest = office.told.contest(f"{office.now:%Y-%m-%dT%H:%M:%S}", event)
    sent = office.run()
    assert [mail for mail in sent if "case" in mail.subject] == []
    assert [mail for mail in office.at(25, "12:00") if "case" in mail.subject] == []
    office.told.answer("2026-11-25T12:00", contest, "refused")
    assert [mail for mail in office.at(25, "13:10") if "case" in mail.subject] == []
    assert [mail.recipients for mail in office.at(25, "13:40") if "case" in mail.subject] == [("dsl@school.example",)]


def test_wherever_it_is_killed_while_it_escalates_each_role_has_one_mail(office: Office) -> None:
    office.block(1)
    office.run()
    office.now = datetime(2026, 11, 24, 11, 30, tzinfo=LONDON)
    for writes in range(1, 12):
        office.left = writes
        try:
            office.run(2)
        except Killed:
            office.die()
            office.start()
    office.left = 10**9
    office.run()
    told = {(mail.recipients, mail.message_id) for mail in office.sent if "nobody answered in time" in mail.subject}
    assert [to for to, _ in told] == [("dsl@school.example",)]
    assert len(office.only().of(Deed.ESCALATED)) == 1


def test_a_concern_that_somebody_raised_is_told_once_without_its_words(office: Office) -> None:
    code = office.told.code("a.jones")
    office.told.deed(
        "2026-11-24T10:00", Deed.CASE, code, entry="high/dsl", why="A concern about somebody's safety. <b>x</b>",
        category="bullying",
    )  # fmt: skip
    [mail] = office.run()
    assert mail.recipients == ("dsl@school.example",)
    assert "raised a concern" in mail.subject
    assert "<b>" not in mail.text + mail.subject
    assert code not in mail.text
    office.die()
    office.start()
    assert office.run() == []


def test_whoever_a_case_is_handed_to_is_told_and_who_takes_it_is_not(office: Office) -> None:
    office.block(1)
    office.run()
    office.deed(Deed.CASE_OWNER, office.only(), "dsl", "She knows the family")
    [mail] = office.run()
    assert (mail.recipients, "knows the family" in mail.text) == (("dsl@school.example",), False)
    office.deed(Deed.CASE_OWNER, office.only(), "headteacher")
    assert office.run() == []


def test_a_false_outcome_takes_what_it_clears_out_of_alerts_that_are_not_told(office: Office) -> None:
    office.block(1)
    office.run()
    office.block(2)
    office.run()
    office.deed(Deed.OUTCOME, office.only(), "false", "A link in a newsletter")
    office.run()
    office.now += timedelta(hours=1.1)
    assert office.run() == []


def test_a_full_disk_costs_the_case_its_moment_and_no_mail(office: Office) -> None:
    office.block(1)
    append = office.journal.append

    def full(entry: object) -> None:
        raise OSError(28, "No space left on device")

    office.journal.append = full  # type: ignore[method-assign]
    assert len(office.run()) == 1
    office.journal.append = append  # type: ignore[method-assign]
    office.run()
    assert len(office.only().events) == 1


def test_what_comes_after_an_outcome_is_another_case_with_a_mail_of_its_own(office: Office) -> None:
    office.block(1)
    office.run()
    first = office.only()
    office.deed(Deed.OUTCOME, first, "false", "A link in a newsletter")
    office.run()
    more = office.block(10)
    [mail] = office.run()
    second = next(case for case in office.all() if case.id != first.id)
    assert (mail.text, second.events, second.state) == (second.id, (more.id,), State.NEW)
    with open_reader(office.settings.data, with_waiting=True) as reader:
        assert set(clearings(reader)) == set(first.events)


def test_what_comes_after_any_other_outcome_is_another_case_too(office: Office) -> None:
    office.block(1)
    office.run()
    first = office.only()
    office.deed(Deed.OUTCOME, first, "unsubstantiated", "She does not know")
    office.run()
    more = office.block(10)
    office.run()
    second = next(case for case in office.all() if case.id != first.id)
    assert (second.events, second.why) == ((more.id,), f"{second.why.rpartition(' ')[0]} once.")
    office.now += timedelta(hours=1.1)
    assert [mail.text for mail in office.run()][:1] == [second.id]


def test_a_case_becomes_as_urgent_as_its_alert(office: Office) -> None:
    office.block(1, theme="content")
    office.run()
    assert office.only().priority == "medium"
    office.now += timedelta(minutes=10)
    office.block(11, theme="content", category="extremism")
    office.run()
    case = office.only()
    assert (case.priority, len(case.events), bool(case.urgent)) == ("high", 2, True)


def _with_a_channel(settings: Settings, quiet: bool) -> Settings:
    hours = QuietEntry(**{"from": "09:00", "until": "11:30"}) if quiet else None
    channels = [ChatEntry(url_file="sms.url", to="dsl", least="medium")]
    return replace(settings, alerts=settings.alerts.model_copy(update={"channels": channels, "quiet": hours}))


@pytest.mark.parametrize("is_quiet", [False, True])
def test_what_a_role_is_mailed_of_a_case_rings_on_its_channel_too(office: Office, is_quiet: bool) -> None:
    office.settings = _with_a_channel(office.settings, is_quiet)
    office.told.deed("2026-11-24T10:00", Deed.CASE, office.told.code("a.jones"), entry="medium/dsl", why="A concern")
    assert len(office.run()) == 1
    rung = office.store.rows("select * from mail where channel <> ''")
    if is_quiet:
        assert rung == []
        office.at(24, "11:31")
        rung = office.store.rows("select * from mail where channel <> '' and text like '%raised a concern%'")
    office.run()
    assert [(mail["channel"], mail["text"].count("\n")) for mail in rung] == [("sms.url", 2)]
    assert len(office.store.rows("select * from mail where text like '%raised a concern%'")) == 2


def test_a_chair_without_a_login_is_told_how_to_get_one(office: Office) -> None:
    roles = dict(office.settings.school.roles)
    roles["chair_of_governors"] = roles["chair_of_governors"].model_copy(update={"user": None})
    school = office.settings.school.model_copy(update={"roles": roles})
    office.settings = replace(office.settings, school=school)
    office.told.deed("2026-11-24T10:00", Deed.CASE, office.told.code("a.jones"), entry="medium/chair_of_governors")
    [mail] = office.run()
    assert (mail.recipients, "no login yet" in mail.text) == (("chair@school.example",), True)
