"""RADIUS accounting: what FreeRADIUS' own client sends, and what is not believed."""

import hashlib
import shutil
import socket
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from pretend.school import School, free_port
from schoolgate.policy.whereabouts import Hold, Source, Whereabouts
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
    school.gateway = f"identity: {{radius: {{{listen}, clients: {{127.0.0.1: secret}}}}, neighbours: off}}\n"
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


X2, Y = "02:00:00:00:00:0b", ip_address("10.20.0.6")


def heard(*packets: tuple[Status, str, str, str, str]) -> Whereabouts:
    """After packets of (what, user, session, MAC or address, access point), a minute apart, the last one at NOON."""
    seen = Whereabouts()
    for number, (status, user, session, place, access_point) in enumerate(packets, 1):
        mac, where = (place, frozenset()) if place.count(":") == 5 else ("", frozenset({ip_address(place)}))
        packet = Accounted(status, user, session, mac, where, 0, 0, access_point)
        seen = after(seen, "10.0.0.5", packet, NOW + timedelta(minutes=number - len(packets)), HOUR, ())
    return seen


def at_device(seen: Whereabouts, mac: str) -> str:
    return seen.with_holds([Hold(X, mac, NOW, NOW + HOUR, Source.LEASE)]).found(X, NOW).user


def test_a_number_that_is_used_again_brings_nobody_back_who_was_there_before() -> None:
    seen = heard(  # the access point was switched off meanwhile, and numbers its sessions from the beginning
        (Status.START, "zoe", "7", A, ""), (Status.START, "ann", "1", A, ""), (Status.START, "bob", "1", X2, "")
    )
    assert (at_device(seen, A), at_device(seen, X2)) == ("", "bob")
    moved = heard(
        (Status.START, "zoe", "7", str(X), ""),
        (Status.START, "ann", "1", str(X), ""),
        (Status.INTERIM, "ann", "1", str(Y), ""),
    )
    assert [moved.found(address, NOW).user for address in (X, Y)] == ["", "ann"]


def test_two_access_points_behind_one_server_number_their_sessions_each_by_itself() -> None:
    start = [(Status.START, "ann", "1", A, "ap1"), (Status.START, "bob", "1", X2, "ap2")]
    assert [at_device(heard(*start), mac) for mac in (A, X2)] == ["ann", "bob"]
    stopped = heard(*start, (Status.STOP, "ann", "1", A, "ap1"))
    assert [at_device(stopped, mac) for mac in (A, X2)] == ["", "bob"]
    off = heard(*start, (Status.OFF, "", "", A, "ap2"))
    assert [at_device(off, mac) for mac in (A, X2)] == ["ann", ""]
    unknown = heard(*start, (Status.OFF, "", "", A, "ap3"))
    assert [at_device(unknown, mac) for mac in (A, X2)] == ["", ""]


def test_a_word_of_somebody_who_was_there_first_does_not_make_them_the_last() -> None:
    seen = after(Whereabouts(), "10.0.0.5", said(Status.INTERIM, "bob", "2"), NOW, HOUR, ())
    older = replace(said(Status.INTERIM, "ann", "1"), lasted=7200)  # its beginning was never heard of
    assert after(seen, "10.0.0.5", older, NOW + HOUR / 60, HOUR, ()).found(X, NOW + HOUR / 60).user == ""


def test_a_packet_that_is_sent_again_is_answered_and_changes_nothing(watcher: Watcher) -> None:
    port = watcher._identity.radius.listen[1]  # type: ignore[union-attr]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as access_point:
        access_point.settimeout(20)
        for number, status in enumerate((Status.START, Status.STOP, Status.START)):
            packet = signed(status, number % 2)  # the third is the first once more
            access_point.sendto(packet, ("127.0.0.1", port))
            watcher.round()
            assert access_point.recv(4096)[:2] == bytes([5, packet[1]])
            assert known(watcher)[0] == ("j.smith" if number == 0 else "")


def signed(status: Status, number: int) -> bytes:
    """A packet with the right authenticator."""
    values = {1: b"j.smith", 8: X.packed, 31: A.encode(), 40: status.to_bytes(4), 44: b"s1"}
    attributes = b"".join(bytes([kind, len(value) + 2]) + value for kind, value in values.items())
    head = bytes([4, number]) + (20 + len(attributes)).to_bytes(2)
    return head + hashlib.md5(head + bytes(16) + attributes + SECRET.encode()).digest() + attributes
