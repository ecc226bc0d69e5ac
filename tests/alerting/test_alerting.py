"""One alert for one person and category, one mail for one alert, and every mail until it is taken. With a clock by hand."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pretend.school import School, free_port
from schoolgate.alerting.alerts import gather, raise_mails
from schoolgate.alerting.outbox import Outbox
from schoolgate.alerting.post import Letter, Outcome, compose, send
from schoolgate.alerting.words import words_of
from schoolgate.office import Office
from schoolgate.policy.decision import decide
from schoolgate.policy.request import request_from_url
from schoolgate.policy.visits import Kind, Origin
from schoolgate.settings.load import Settings
from schoolgate.settings.school_models import Mail
from schoolgate.store.event import event_of, fault_event
from schoolgate.store.journal import Journal
from schoolgate.store.office import OfficeStore
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.record import open_reader
from schoolgate.store.recorder import Recorder

HOUR = 3600.0


class Desk:
    """The office's parts over a real store, with a clock by hand and a mail server that can be switched off."""

    def __init__(self, settings: Settings, data: Path) -> None:
        self.settings, self.data, self.now = settings, data, 1_000_000.0
        self.journal, self.recorder = Journal(data, "w"), Recorder(data, {})
        self.store = OfficeStore(data)
        self.sent: list[Letter] = []
        self.up = True
        self.outbox = Outbox(self.store, self._post, self._words)

    @staticmethod
    def recipients(audience: str, person: str) -> list[str]:
        return [f"{audience.partition('/')[0]}@school.example"]

    def _post(self, letter: Letter) -> Outcome:
        if not self.up:
            return Outcome(letter.recipients, "down")
        self.sent.append(letter)
        return Outcome((), "")

    def _words(self, alert: dict[str, object], facts: dict[str, object]) -> tuple[str, str]:
        return words_of(alert, facts, self.settings, lambda person, client, group: f"device {client}")

    def block(self, url: str, client: str = "127.0.0.2", times: int = 1) -> None:
        for _ in range(times):
            request = request_from_url(url, at=datetime.now(UTC), client=client)
            verdict = decide(request, self.settings.snapshot)
            event = event_of(request, verdict, Origin(Kind.VISIT, "a test"), open_pseudonyms(self.data))
            self.journal.append({"t": "event", **event.row()})

    def run(self, seconds: float) -> None:
        for _ in range(int(seconds * 4)):
            self.now += 0.25
            self.recorder.round()
            with open_reader(self.data) as reader:
                gather(self.store, reader, HOUR, self.now)
            raise_mails(self.store, self.recipients, HOUR, self.now, "school.example")
            self.outbox.round(self.now)
            if self.outbox._under_way:
                self.outbox._under_way[2].result(5)


@pytest.fixture
def desk(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Desk:
    settings = settings_of(School(tmp_path / "school").write())
    (tmp_path / "data").mkdir()
    return Desk(settings, tmp_path / "data")


def test_a_burst_is_one_mail(desk: Desk) -> None:
    for _ in range(10):
        desk.block("pornhub.com", times=5)
        desk.run(0.25)
    desk.run(5)
    assert len(desk.sent) == 1
    assert "50 times" in desk.sent[0].text


def test_another_person_or_category_is_another_mail(desk: Desk) -> None:
    desk.block("pornhub.com")
    desk.block("pornhub.com", client="127.0.2.1")
    desk.block("bet365.com")
    desk.run(5)
    assert len(desk.sent) == 3


def test_the_first_mail_does_not_wait_for_the_end_of_a_long_burst(desk: Desk) -> None:
    for _ in range(4 * 4):
        desk.block("pornhub.com")
        desk.run(0.25)
    assert len(desk.sent) == 1


def test_what_follows_within_the_hour_is_one_follow_up_at_its_end(desk: Desk) -> None:
    desk.block("pornhub.com", times=3)
    desk.run(5)
    desk.block("pornhub.com", times=4)
    desk.run(60)
    assert len(desk.sent) == 1
    desk.now += HOUR
    desk.run(3)
    assert len(desk.sent) == 2
    assert "4 times more" in desk.sent[1].text
    desk.block("pornhub.com")
    desk.run(5)
    assert len(desk.sent) == 3
    desk.now += 2 * HOUR
    desk.run(3)
    assert len(desk.sent) == 3


def test_while_the_mail_server_is_down_the_waiting_mail_goes_on_counting(desk: Desk) -> None:
    desk.up = False
    desk.block("pornhub.com", times=3)
    desk.run(10)
    desk.block("pornhub.com", times=4)
    desk.run(20)
    desk.up = True
    desk.run(70)
    assert len(desk.sent) == 1
    assert "7 times" in desk.sent[0].text
    desk.now += HOUR
    desk.run(3)
    assert len(desk.sent) == 1


def test_who_gets_the_mail_later_gets_the_same_mail(desk: Desk) -> None:
    late = {"b@school.example"}
    to = ["a@school.example", "b@school.example"]
    desk.recipients = lambda audience, person: to

    def post(letter: Letter) -> Outcome:
        left = tuple(address for address in letter.recipients if address in late)
        desk.sent.append(letter)
        return Outcome(left, "greylisted" if left else "")

    desk.outbox.post = post
    desk.block("pornhub.com", times=5)
    desk.run(5)
    late.clear()
    desk.block("pornhub.com", times=2)
    desk.run(20)
    assert desk.sent[0].recipients == tuple(to)
    assert {letter.recipients for letter in desk.sent[1:]} == {("b@school.example",)}
    assert desk.store.rows("select 1 from mail where sent is null") == []
    assert all("5 times" in letter.text for letter in desk.sent)
    desk.now += HOUR
    desk.run(3)
    assert "twice more" in desk.sent[-1].text


def test_an_emptied_record_does_not_silence_the_office(desk: Desk) -> None:
    desk.block("pornhub.com", times=5)
    desk.run(5)
    desk.recorder.close()
    for path in desk.data.glob("record.db*"):
        path.unlink()
    desk.recorder = Recorder(desk.data, {})
    desk.now += 2 * HOUR
    desk.now = time.time() + HOUR / 2
    desk.block("bet365.com")
    desk.run(6)
    assert any("bet365" in letter.text for letter in desk.sent[1:])


def test_staff_and_pupils_are_written_of_in_their_own_words(desk: Desk) -> None:
    desk.block("pornhub.com")
    desk.block("pornhub.com", client="127.0.0.3")
    desk.run(6)
    pupil, staff = sorted(desk.sent, key=lambda letter: "127.0.0.3" in letter.subject)
    assert "If you fear for a child" in pupil.text
    assert "If you fear for a child" not in staff.text
    assert "keep it confidential" in staff.text


def test_pauses_between_tries_grow_and_stay_under_a_minute(desk: Desk) -> None:
    desk.up = False
    desk.block("pornhub.com")
    tries: list[float] = []
    for _ in range(4 * 300):
        desk.run(0.25)
        [mail] = desk.store.rows("select created, next_try from mail") or [None]
        if mail:
            tries.extend(at for at in (mail["created"], mail["next_try"]) if at not in tries)
    pauses = [later - sooner for sooner, later in zip(tries, tries[1:], strict=False)]
    assert 2 <= pauses[0] <= 3
    assert max(pauses) <= 16
    assert pauses == sorted(pauses)


def test_faults_go_to_the_technician(desk: Desk) -> None:
    event = fault_event(datetime.now(UTC), "settings", "config/rules.yaml:3: unknown category", "v")
    desk.journal.append({"t": "event", **event.row()})
    desk.run(5)
    assert desk.sent[0].recipients == ("technical@school.example",)
    assert "config/rules.yaml:3" in desk.sent[0].text
    other = fault_event(datetime.now(UTC), "settings", "config/people.yaml:3: another", "v")
    desk.journal.append({"t": "event", **other.row()})
    desk.run(5)
    assert len(desk.sent) == 2


def test_the_office_takes_up_where_it_ended(desk: Desk) -> None:
    desk.block("pornhub.com")
    desk.run(0.5)
    assert desk.sent == []
    desk.outbox.close(desk.now)
    desk.store.close()
    desk.store = OfficeStore(desk.data)
    desk.outbox = Outbox(desk.store, desk._post, desk._words)
    desk.run(5)
    assert len(desk.sent) == 1
    assert json.loads(desk.store.rows("select facts from alert")[0]["facts"])["category"] == "adult"


def test_hostile_words_begin_no_header_of_their_own() -> None:
    letter = Letter(("a@x.example",), "Hello\r\nBcc: evil@x.example", "text", "<b>html</b>", "<1@x>")
    message = compose(letter, Mail())
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]
    assert message.get_content_type() == "multipart/alternative"


def test_a_mail_server_that_is_not_there_is_an_outcome_and_no_crash(tmp_path: Path) -> None:
    letter = Letter(("a@x.example",), "s", "t", "", "<1@x>")
    for security in ("none", "starttls", "tls"):
        mail = Mail.model_validate({"host": "127.0.0.1", "port": str(free_port()), "security": security})
        outcome = send(letter, mail, tmp_path)
        assert outcome.left == letter.recipients
        assert "refused" in outcome.error


def test_the_digest_goes_out_once_a_school_day_at_its_hour(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = School(tmp_path, alerts='digest: {day: "16:30", week: fri}\n').write()
    settings = settings_of(school)
    office = Office(settings)

    def mails(at: str) -> int:
        office.round(datetime.fromisoformat(at).replace(tzinfo=settings.school.timezone).timestamp())
        time.sleep(0.05)
        return len(office._store.rows("select id from mail where message_id like '<digest-%'"))

    (tmp_path / "reports").mkdir()
    assert mails("2026-11-24T16:29:59") == 0
    assert mails("2026-11-24T16:30:00") == 1
    assert mails("2026-11-24T18:00:00") == 1
    assert mails("2026-11-25T16:31:00") == 2
    assert mails("2026-11-27T17:00:00") == 4
    assert mails("2026-11-28T17:00:00") == 4
    office._store.set_bookmark("digest-day", "2031-01-01T16:30:00+00:00")  # the clock was years ahead for a while
    assert mails("2026-11-30T16:31:00") == 5
    assert mails("2026-11-30T16:32:00") == 5
    subjects = [
        row["subject"] for row in office._store.rows("select subject from mail where message_id like '<digest-%'")
    ]
    assert "since" not in subjects[0]
    assert "since Tue 24 Nov 16:30" in subjects[1]
    assert subjects[3].startswith("St Test's School: Week from 23 November 2026")
    office.close()


def test_a_digest_that_cannot_be_made_holds_up_no_alert(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = School(tmp_path, alerts='digest: {day: "00:00", week: null}\n').write()
    settings = settings_of(school)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "digest.html").write_text("{{ query('select * from nothing') }}")
    office = Office(settings)
    at = datetime(2026, 11, 24, 10, tzinfo=UTC).timestamp()
    office._store.add_mail(["a@school.example"], "s", "t", "", "<1@x>", at)
    for step in range(4):
        office.round(at + step)
        time.sleep(0.1)
    rows = office._store.rows("select subject, attempts from mail order by id")
    assert rows[0]["attempts"] >= 1
    assert [row["subject"] for row in rows[1:]] == ["St Test's School: schoolgate could not make the digest"]
    office.close()


def test_a_weekly_digest_needs_no_daily_one(tmp_path: Path, settings_of: Callable[[School], Settings]) -> None:
    settings = settings_of(School(tmp_path, alerts="digest: {day: null, week: fri}\n").write())
    office = Office(settings)
    for at in ("2026-11-26T17:00", "2026-11-27T17:00"):
        office.round(datetime.fromisoformat(at).replace(tzinfo=settings.school.timezone).timestamp())
    assert len(office._store.rows("select id from mail where message_id like '<digest-%'")) == 1
    office.close()
