"""RADIUS accounting: what FreeRADIUS' own client sends, and what is not believed."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from pretend.school import School, free_port
from schoolgate.policy.whereabouts import Whereabouts
from schoolgate.settings.load import Settings
from schoolgate.whereabouts.accounting import after, person_of
from schoolgate.whereabouts.radius import Accounted, BadPacket, Status, read_packet
from schoolgate.whereabouts.sightings import SEEN, read_file
from schoolgate.whereabouts.watcher import Watcher

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
A, X = "02:00:00:00:00:0a", ip_address("10.20.0.5")
HOUR = timedelta(hours=1)
SECRET = "a shared secret"


@pytest.fixture
def watcher(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Watcher:
    (tmp_path / "secret").write_text("a shared secret\n")
    school = School(tmp_path).without_publishers()
    listen = f'listen: "127.0.0.1:{free_port()}", realms: [school.example, SCHOOL]'
    school.gateway = f"identity: {{radius: {{{listen}, clients: {{127.0.0.1: secret}}}}}}\n"
    settings = settings_of(school.write())
    settings.data.mkdir(exist_ok=True)
    watcher = Watcher(settings)
    watcher.round()
    return watcher


def send(watcher: Watcher, words: str, secret: str = SECRET) -> bool:
    """A real radclient; whether it was answered as it wants to be."""
    program = shutil.which("radclient")
    if program is None:
        pytest.skip("radclient is not installed (apt-get install freeradius-utils)")
    port = watcher._identity.radius.listen[1]  # type: ignore[union-attr]
    command = [program, "-r", "3", "-t", "2", f"127.0.0.1:{port}", "acct", secret]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        assert run.stdin is not None
        run.stdin.write(words)
        run.stdin.close()
        while run.poll() is None:
            watcher.round()
        return run.returncode == 0


def known(watcher: Watcher, settings: Settings | None = None) -> list[str]:
    seen = read_file(watcher._folder / SEEN)
    return [seen.found(ip_address(text), datetime.now(UTC)).user for text in ("10.20.0.5", "fd00:20::5")]


START = """User-Name = "j.smith@school.example", Framed-IP-Address = 10.20.0.5, Framed-IPv6-Address = fd00:20::5,
 Calling-Station-Id = "02-00-00-00-00-0A", Acct-Session-Id = "5e1f", NAS-IP-Address = 127.0.0.1"""


@pytest.mark.parametrize("signed", ["", ", Message-Authenticator = 0x00"])
def test_a_real_client_is_heard_from_start_to_stop(watcher: Watcher, signed: str) -> None:
    words = START.replace("\n", "") + signed
    assert send(watcher, f"{words}, Acct-Status-Type = Start\n")
    assert known(watcher) == ["j.smith", "j.smith"]
    assert send(watcher, f"{words}, Acct-Status-Type = Interim-Update\n")
    assert known(watcher) == ["j.smith", "j.smith"]
    assert send(watcher, f"{words}, Acct-Status-Type = Stop\n")
    assert known(watcher) == ["", ""]


def test_whoever_has_not_the_secret_is_not_believed_nor_answered(watcher: Watcher) -> None:
    assert not send(watcher, START.replace("\n", "") + ", Acct-Status-Type = Start\n", "another secret")
    assert known(watcher) == ["", ""]


@pytest.mark.parametrize(
    ("name", "login"),
    [
        ("j.smith", "j.smith"),
        ("SCHOOL\\j.smith", "j.smith"),
        ("J.Smith@School.Example", "J.Smith"),
        ("j.smith@other.example", "j.smith@other.example"),  # a guest of eduroam: no namesake of ours
        ("OTHER\\j.smith", "OTHER\\j.smith"),
        ("host/pc12.school.example", ""),
        ("PC12$", ""),
        ("anonymous", ""),
        ("anonymous@school.example", ""),
        ("02-00-00-00-00-0a", ""),
        ("", ""),
    ],
)
def test_only_names_of_people_are_logins(name: str, login: str) -> None:
    assert person_of(name, ["school.example", "school"]) == login


@pytest.mark.parametrize(
    "packet", [b"", bytes(19), b"\x04\x01\x00\x14" + bytes(16), b"\x01\x01\x00\x14" + bytes(16), bytes(4096)]
)
def test_what_is_no_packet_is_refused(packet: bytes) -> None:
    with pytest.raises(BadPacket):
        read_packet(packet, b"a shared secret")


def said(status: Status, user: str, session: str, mac: str = A, delay: int = 0) -> Accounted:
    return Accounted(status, user, session, mac, frozenset({X}), delay)


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        ([(Status.START, "ann", "1")], "ann"),
        ([(Status.START, "ann", "1"), (Status.START, "bob", "2")], "bob"),
        ([(Status.START, "ann", "1"), (Status.STOP, "ann", "1")], ""),
        ([(Status.START, "ann", "1"), (Status.STOP, "ann", "1"), (Status.INTERIM, "ann", "1")], ""),  # came late
        ([(Status.STOP, "ann", "1"), (Status.INTERIM, "ann", "1")], ""),
        ([(Status.INTERIM, "ann", "1")], "ann"),  # the first word was lost
        ([(Status.START, "ann", "1"), (Status.START, "bob", "2"), (Status.INTERIM, "ann", "1")], ""),  # who is it?
        ([(Status.START, "ann", "1"), (Status.START, "bob", "2"), (Status.STOP, "bob", "2")], ""),
        ([(Status.START, "ann", "1"), (Status.START, "ann", "2"), (Status.STOP, "ann", "1")], "ann"),  # another room
        ([(Status.START, "ann", "1"), (Status.ON, "", "")], ""),  # the access point began anew
    ],
)
def test_what_packets_mean(packets: list[tuple[Status, str, str]], expected: str) -> None:
    seen, now = Whereabouts(), NOW
    for packet in packets:
        now += timedelta(seconds=1)
        seen = after(seen, "10.0.0.5", said(*packet), now, HOUR, ())
    assert seen.found(X, now + timedelta(seconds=1)).user == expected


def test_without_a_further_word_nobody_is_there_any_more() -> None:
    seen = after(Whereabouts(), "10.0.0.5", said(Status.START, "ann", "1"), NOW, HOUR, ())
    assert [seen.found(X, NOW + HOUR * part).user for part in (0.9, 1.0)] == ["ann", ""]
