"""Chat channels through the real Apprise and a real local server: short, without names, each in its own time, no secret."""

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pretend.alerted import Alerted, alerting_school
from pretend.chatroom import Chatroom
from pretend.school import School, free_port
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings

SECRETS = ("s3cr3tword", "t0psecrettoken")
Make = Callable[..., Alerted]


@pytest.fixture
def rooms() -> Iterator[list[Chatroom]]:
    made = [Chatroom(free_port()), Chatroom(free_port())]
    yield made
    for room in made:
        room.stop()


@pytest.fixture
def alerted(tmp_path: Path, settings_of: Callable[[School], Settings], rooms: list[Chatroom]) -> Iterator[Make]:
    made: list[Alerted] = []

    def make(channels: str, **options: object) -> Alerted:
        school = alerting_school(tmp_path, f"channels: [{channels}]\n")
        for name, room in zip(("teams", "slack"), rooms, strict=True):
            keep(tmp_path / "secrets" / f"{name}.url", room.address)
        made.append(Alerted(settings_of(school), **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


def keep(path: Path, address: str, mode: int = 0o600) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"# where alerts go\n{address}\n")
    path.chmod(mode)


TEAMS = "{url_file: secrets/teams.url, to: headteacher, least: medium}"
SLACK = "{url_file: secrets/slack.url, to: dsl}"


def test_a_channel_is_told_in_three_lines_without_a_name(alerted: Make, rooms: list[Chatroom]) -> None:
    rooms[0].start()
    office = alerted(TEAMS)
    office.block(host="very-bad.example", path="/x", search="bad words")
    [mail] = office.run()
    [message] = rooms[0].taken
    [alert] = office.alerts()
    assert message["title"] == "St Test's School: an alert of medium priority"
    assert message["message"].splitlines() == [
        'What happened: somebody (Staff) was blocked from "Adult sites" once.',
        "How sure we are: somebody had logged in by name and password.",
        f"What to do now: read it with this command: schoolgate case {alert['facts']['case_ref']} --by YOUR-LOGIN",
    ]
    whole = str(message)
    for part in ("j.smith", "Smith", office.told.code("j.smith"), "127.0.3.7", "very-bad", "bad words"):
        assert part not in whole
    assert "very-bad[.]example" in mail.text


def test_a_worry_holds_no_search_word_and_no_device(alerted: Make, rooms: list[Chatroom]) -> None:
    rooms[1].start()
    office = alerted(SLACK)
    office.pupil(category="self_harm", stage="search", search="i want to die", host="www.google.com")
    office.run()
    [message] = rooms[1].taken
    assert (
        'somebody (Pupil devices) searched for something that counts as "Self-harm and eating disorders", once'
        in message["message"]
    )
    for part in ("want to die", "127.0.0.2", "google"):
        assert part not in str(message)


def test_each_channel_hears_from_its_least_priority_on_and_of_what_its_role_is_told(
    alerted: Make, rooms: list[Chatroom]
) -> None:
    for room in rooms:
        room.start()
    office = alerted(f"{TEAMS}, {SLACK}")
    office.pupil()
    office.run()
    assert [len(room.taken) for room in rooms] == [1, 0]
    office.pupil(category="self_harm")
    office.run()
    assert [len(room.taken) for room in rooms] == [2, 1]
    office.block("h.head", category="extremism")
    office.run()
    assert [len(room.taken) for room in rooms] == [2, 1]  # about the Headteacher only the chair hears


def test_a_dead_channel_holds_up_neither_the_mail_nor_another_and_is_tried_again(
    alerted: Make, rooms: list[Chatroom], caplog: pytest.LogCaptureFixture
) -> None:
    rooms[1].start()
    office = alerted(f"{TEAMS}, {SLACK}")
    with caplog.at_level(logging.DEBUG):
        office.pupil(category="extremism")
        assert len(office.run()) == 1
        assert len(rooms[1].taken) == 1
        rooms[0].status = 404
        rooms[0].start()
        office.run(60)
        assert rooms[0].taken == []
        office.restart()
        rooms[0].status = 200
        office.run(60)
    assert len(rooms[0].taken) == len(rooms[1].taken) == len(office.mails) == 1
    assert "A message could not be sent (secrets/teams.url: the service answered 404)" in caplog.text
    assert "is channels: in alerts.yaml right?" in caplog.text
    kept = b"".join(path.read_bytes() for path in office.settings.data.rglob("*") if path.is_file())
    for secret in SECRETS:
        assert secret not in caplog.text
        assert secret.encode() not in kept


def test_the_technician_is_told_once_a_day_of_a_channel_that_takes_nothing(alerted: Make) -> None:
    office = alerted(TEAMS)
    office.pupil()
    office.run()
    office.run(4 * 3600, step=120)
    told = [mail for mail in office.box.delivered if "messages could not be sent" in str(mail.message["subject"])]
    assert [mail.to for mail in told] == [("it@school.example",)]
    assert "secrets/teams.url: the service did not take it, or was not reached" in told[0].text
    assert not any(secret in told[0].text for secret in SECRETS)


def test_a_channel_that_answers_late_holds_up_no_mail(alerted: Make, rooms: list[Chatroom]) -> None:
    rooms[0].pause = 3.0
    rooms[0].start()
    office = alerted(TEAMS)
    office.finish = lambda: (
        office.office._sending._mail._under_way and office.office._sending._mail._under_way[2].result(30)
    )  # type: ignore[method-assign]
    office.pupil()
    mails = office.run(4)
    assert len(mails) == 1
    assert rooms[0].taken == []


def test_a_channel_that_takes_a_message_slowly_gets_it_once(alerted: Make, rooms: list[Chatroom]) -> None:
    rooms[0].pause = 4.5  # longer than Apprise waits of itself
    rooms[0].start()
    office = alerted(TEAMS)
    office.pupil()
    office.run()
    rooms[0].pause = 0
    office.run(60, step=5)
    assert len(rooms[0].taken) == 1


def test_while_the_mail_server_is_away_the_channel_is_told_once(alerted: Make, rooms: list[Chatroom]) -> None:
    rooms[0].start()
    office = alerted(TEAMS, up=False)
    office.pupil()
    office.run()
    office.pupil()
    office.run(120)
    assert len(rooms[0].taken) == 1
    office.up()
    assert len(office.run(60)) == 1
    assert len(rooms[0].taken) == 1


def test_what_waits_for_a_channel_that_is_no_longer_set_is_given_up(
    alerted: Make, tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    office = alerted(TEAMS)
    office.pupil()
    office.run()
    waiting = "select * from mail where sent is null"
    assert len(office.office._store.rows(waiting)) == 1
    office.restart(settings_of(alerting_school(tmp_path, "")))
    office.run()
    assert office.office._store.rows(waiting) == []


def test_an_address_that_becomes_readable_to_others_is_not_used(
    alerted: Make, rooms: list[Chatroom], tmp_path: Path
) -> None:
    rooms[0].start()
    office = alerted(TEAMS)
    (tmp_path / "secrets" / "teams.url").chmod(0o644)
    office.pupil()
    assert len(office.run()) == 1
    assert rooms[0].asked == 0
    [row] = office.office._store.rows("select error from mail where channel <> ''")
    assert row["error"] == "secrets/teams.url: can be read by others on this machine; run: chmod 600 teams.url"


@pytest.mark.parametrize(
    ("address", "mode", "words"),
    [
        (None, 0, "'secrets/teams.url' does not exist"),
        (
            "json://u:s3cr3tword@127.0.0.1:9/t0psecrettoken",
            0o640,
            "can be read by others on this machine; run: chmod 600 teams.url",
        ),
        ("", 0o600, "must hold one line"),
        ("json://s3cr3tword\njson://t0psecrettoken", 0o600, "must hold one line"),
        ("t0psecrettoken", 0o600, "must hold one line"),
        ("nonsense://s3cr3tword/t0psecrettoken", 0o600, "holds no address that Apprise understands"),
        ("slack://t0psecrettoken", 0o600, "holds no address that Apprise understands"),
    ],
)
def test_faults_are_told_by_line_and_show_no_secret(
    address: str | None, mode: int, words: str, tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = alerting_school(tmp_path, f"channels:\n  - {TEAMS}\n")
    if address is not None:
        keep(tmp_path / "secrets" / "teams.url", address, mode)
    with pytest.raises(SettingsError) as error:
        settings_of(school)
    assert "config/alerts.yaml:3: 'secrets/teams.url' " in str(error.value)
    assert words in str(error.value)
    assert not any(secret in str(error.value) for secret in SECRETS)


@pytest.mark.parametrize("address", ["slack://s3cr3tword/t0psecrettoken", "nonsense://s3cr3tword"])
def test_what_apprise_says_of_an_address_is_not_logged(
    address: str, tmp_path: Path, settings_of: Callable[[School], Settings], caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("apprise")  # as it is in a process that has not spoken to a channel yet
    logger.propagate, logger.handlers = True, []
    keep(tmp_path / "secrets" / "teams.url", address)
    with pytest.raises(SettingsError):
        settings_of(alerting_school(tmp_path, f"channels: [{TEAMS}]\n"))
    assert not any(secret in caplog.text for secret in SECRETS)


@pytest.mark.parametrize(
    "written",
    [
        "channels: [{url_file: 'slack://s3cr3tword/t0psecrettoken', to: dsl}]\n",
        "channels: [{url_file: 'https://s3cr3tword.webhook.office.com/t0psecrettoken', to: dsl}]\n",
        "channels:\n  - slack://s3cr3tword/t0psecrettoken\n",
        "channels: slack://s3cr3tword/t0psecrettoken\n",
        "channels: [{slack://t0psecrettoken: x, to: dsl}]\n",
        "immediate: {to: ['slack://t0psecrettoken']}\n",
    ],
)
def test_an_address_written_into_the_settings_is_not_shown(
    written: str, tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    with pytest.raises(SettingsError) as error:
        settings_of(alerting_school(tmp_path, written))
    assert "config/alerts.yaml:" in str(error.value)
    assert not any(secret in str(error.value) for secret in SECRETS)


def test_unknown_roles_and_channels_given_twice_are_faults(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    keep(tmp_path / "secrets" / "teams.url", "json://127.0.0.1:9/x")
    twice = "channels:\n  - {url_file: secrets/teams.url, to: heads}\n  - {url_file: secrets/teams.url, to: dsl, least: most}\n"
    with pytest.raises(SettingsError) as error:
        settings_of(alerting_school(tmp_path, twice))
    assert "config/alerts.yaml:3: unknown role 'heads'" in str(error.value)
    assert "config/alerts.yaml:4: unknown value 'most'" in str(error.value)
    with pytest.raises(SettingsError) as error:
        settings_of(alerting_school(tmp_path, twice.replace(", least: most", "").replace("heads", "dsl")))
    assert "config/alerts.yaml:4: 'secrets/teams.url' stands here twice" in str(error.value)


def test_without_apprise_the_settings_say_how_to_get_it(
    tmp_path: Path, settings_of: Callable[[School], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    keep(tmp_path / "secrets" / "teams.url", "json://127.0.0.1:9/x")
    with pytest.raises(SettingsError) as error:
        settings_of(alerting_school(tmp_path, f"channels:\n  - {TEAMS}\n"))
    assert str(error.value) == (
        "config/alerts.yaml:2: channels cannot be used: Apprise is not installed; pip install schoolgate[chat]"
    )
