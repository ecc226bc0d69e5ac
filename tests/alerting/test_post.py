"""Mail servers that give up, break off, and part without a word: each mail arrives, and none twice that need not."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from pretend.alerted import Alerted, alerting_school
from pretend.mailbox import Mailbox
from pretend.school import School, free_port
from schoolgate.alerting.outbox import Outbox
from schoolgate.alerting.post import Letter, Outcome, send
from schoolgate.settings.load import Settings
from schoolgate.settings.school_models import Mail
from schoolgate.store.office import OfficeStore

BOTH = ("a@x.example", "b@x.example")


class OddMailbox(Mailbox):
    """Answers 421 for the recipients of ``busy`` and to every farewell; ``breaks_off`` after that many mails."""

    busy: str = ""
    breaks_off: int = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == self.busy:
            return "421 too many mails, come again"
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if self.breaks_off:
            self.breaks_off -= 1
            server.transport.close()
        return answer

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return "421 going down"


@pytest.fixture
def odd() -> Iterator[OddMailbox]:
    box = OddMailbox(free_port())
    box.start()
    yield box
    box.stop()


def sent(box: Mailbox, to: tuple[str, ...] = BOTH) -> Outcome:
    mail = Mail.model_validate({"host": "127.0.0.1", "port": str(box.port)})
    return send(Letter(to, "subject", "text", "", "<1@x>"), mail, Path())


def test_a_server_that_gives_up_between_two_recipients_has_told_neither(odd: OddMailbox) -> None:
    odd.busy = BOTH[1]
    outcome = sent(odd)
    assert odd.delivered == []
    assert outcome.left == BOTH
    assert "421" in outcome.error


def test_what_a_server_says_at_parting_changes_nothing_of_what_it_took(odd: OddMailbox) -> None:
    assert sent(odd) == Outcome((), "")
    assert len(odd.delivered) == 1


def test_where_the_talk_breaks_off_nobody_knows(odd: OddMailbox) -> None:
    odd.breaks_off = 1
    outcome = sent(odd)
    assert (outcome.left, outcome.may_have_it) == (BOTH, True)


def test_a_password_that_cannot_be_told_is_an_outcome_and_stays_secret(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\u00fc", "utf-8")
    port = free_port()
    server = Controller(
        Mailbox(port),
        hostname="127.0.0.1",
        port=port,
        auth_require_tls=False,
        authenticator=lambda *given: AuthResult(success=False),
    )
    server.start()
    about = {"host": "127.0.0.1", "port": str(port), "user": "school", "password_file": "password"}
    outcome = send(Letter(BOTH, "s", "t", "", "<1@x>"), Mail.model_validate(about), tmp_path)
    server.stop()
    assert outcome.left == BOTH
    assert "holds a letter that the mail server cannot be told" in outcome.error


@pytest.fixture
def office(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Iterator[Alerted]:
    made = Alerted(settings_of(alerting_school(tmp_path, "")), up=False)
    made.box = OddMailbox(made.settings.school.mail.port)
    made.up()
    yield made
    made.close()


def test_a_mail_that_may_have_come_is_sent_again_as_it_was(office: Alerted) -> None:
    assert isinstance(office.box, OddMailbox)
    office.box.breaks_off = 1
    office.pupil()
    while not office.mails:
        office.run(0.5)
    office.pupil(category="drugs")
    office.run(20)
    first, again = office.mails
    assert first.message["message-id"] == again.message["message-id"]
    assert first.text == again.text
    [end] = office.run(3700, step=10)
    assert '"Drugs" once more' in end.text


def test_what_rises_while_a_mail_is_under_way_is_told_at_once(office: Alerted) -> None:
    office.box.on_mail = lambda mail: time.sleep(2)  # a slow server: some rounds of the office pass meanwhile
    finish, office.finish = office.finish, lambda: None  # type: ignore[method-assign]
    office.pupil()
    office.run(2)
    assert len(office.mails) == 1
    for _ in range(30):
        office.pupil()
    office.run(2)
    office.box.on_mail, office.finish = None, finish  # type: ignore[method-assign]
    office.finish()
    [rise] = office.run(4)
    assert "High priority" in str(rise.message["subject"])
    assert "30 times more" in str(rise.message["subject"])


def test_a_clock_that_was_years_ahead_holds_no_alert_back(office: Alerted) -> None:
    office.down()
    assert office.at("2030-11-26T10:00") == []
    office.pupil()
    office.run(30)
    office.block()
    office.run(0.5)
    assert [alert["state"] for alert in office.alerts()] == ["told", "gathering"]
    office.up()
    assert len(office.at("2026-11-24T10:00", 5)) == 2
    office.pupil()
    assert len(office.run(3700, step=10)) == 1


def test_a_follow_up_shows_what_is_new_and_belongs_to_the_first(office: Alerted) -> None:
    for number in range(7):
        office.pupil(stage="search", search=f"old words {number}", category="self_harm")
    [first] = office.run()
    assert "  and 2 more, which stand in the case" in first.text
    office.pupil(stage="search", search="new words", category="self_harm")
    [second] = office.run(3700, step=10)
    assert '"new words"' in second.text
    assert "and 7 times before" in second.text
    assert "old words" not in second.text
    assert second.message["in-reply-to"] == second.message["references"] == first.message["message-id"]


def test_many_mails_go_out_in_one_round(tmp_path: Path) -> None:
    store, taken = OfficeStore(tmp_path), list[Letter]()
    for number in range(20):
        store.add_mail(["a@x.example"], "s", "t", "", f"<{number}@x>", 1.0)

    def post(letter: Letter) -> Outcome:
        taken.append(letter)
        if letter.message_id == "<1@x>":
            raise RuntimeError("a mail that cannot be made")
        return Outcome((), "")

    outbox = Outbox(store, post, lambda alert, facts: ("s", "t"))
    outbox.round(2.0)
    outbox.close(2.0)
    assert len(taken) > 3
    waiting = store.rows("select message_id, error from mail where attempts > 0")
    assert waiting == [
        {"message_id": "<1@x>", "error": "it could not be made: RuntimeError('a mail that cannot be made')"}
    ]
    store.close()
