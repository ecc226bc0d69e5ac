"""What is seen on the wire counts as long as it is heard, whatever the kernel remembers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from pretend.school import School
from schoolgate.policy.whereabouts import Hold, Source
from schoolgate.settings.load import Settings
from schoolgate.whereabouts.neighbours import Neighbour
from schoolgate.whereabouts.sightings import SEEN, read_file
from schoolgate.whereabouts.watcher import Watcher
from schoolgate.whereabouts.wire import Leased, Wire

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
FORGET = timedelta(minutes=10)
A, B = "02:00:00:00:00:0a", "02:00:00:00:00:0b"


def lease(address: str, mac: str, minute: float) -> Hold:
    since = NOON + timedelta(minutes=minute)
    return Hold(ip_address(address), mac, since, since + timedelta(hours=1), Source.LEASE)


@pytest.mark.parametrize(
    ("looks", "leases", "expected"),
    [
        ({0: [("10.0.0.5", A, "REACHABLE")]}, [], {"10.0.0.5": A}),
        ({0: [("10.0.0.5", A, "REACHABLE")], 9: []}, [], {"10.0.0.5": A}),
        ({0: [("10.0.0.5", A, "REACHABLE")], 11: []}, [], {}),
        (  # the kernel remembers it for days, but nothing was heard of it
            {0: [("10.0.0.5", A, "REACHABLE")], 1: [("10.0.0.5", A, "STALE")], 11: [("10.0.0.5", A, "STALE")]},
            [],
            {},
        ),
        (
            {0: [("10.0.0.5", A, "STALE")], 20: [("10.0.0.5", A, "STALE")], 21: [("10.0.0.5", A, "DELAY")]},
            [],
            {"10.0.0.5": A},
        ),
        ({0: [("10.0.0.5", A, "REACHABLE")], 1: [("10.0.0.5", B, "STALE")]}, [], {"10.0.0.5": B}),  # changed hands
        ({0: [("10.0.0.5", A, "REACHABLE"), ("10.0.0.5", B, "REACHABLE")]}, [], {"10.0.0.5": A + B}),  # on two cables
        ({0: [("10.0.0.5", A, "REACHABLE")], 2: []}, [lease("10.0.0.5", B, 1)], {}),
        (
            {0: [("10.0.0.5", A, "REACHABLE")], 2: [("10.0.0.5", A, "STALE")]},
            [lease("10.0.0.6", A, 1)],
            {"10.0.0.5": A},
        ),
        ({2: [("10.0.0.5", A, "STALE")]}, [lease("10.0.0.6", A, 1)], {}),
    ],
)
def test_what_counts_after_some_looks(
    looks: dict[int, list[tuple[str, str, str]]], leases: list[Hold], expected: dict[str, str]
) -> None:
    wire = Wire()
    for minute, seen in looks.items():
        near = [Neighbour(ip_address(address), mac, state) for address, mac, state in seen]
        wire.take(near, Leased(leases), NOON + timedelta(minutes=minute), FORGET)
    found: dict[str, str] = {}
    for hold in wire.holds:
        found[str(hold.address)] = found.get(str(hold.address), "") + hold.mac
    assert found == expected


def test_nothing_new_is_the_same_as_before_so_that_it_is_not_written_again() -> None:
    wire, near = Wire(), [Neighbour(ip_address("10.0.0.5"), A, "REACHABLE")]
    wire.take(near, Leased(), NOON, FORGET)
    before = wire.holds
    wire.take(near, Leased(), NOON + timedelta(seconds=1), FORGET)
    assert wire.holds is before


def test_leases_come_and_go_with_their_file_and_with_the_settings(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school, file = School(tmp_path).without_publishers(), tmp_path / "leases"
    school.gateway = f"identity: {{leases: [{{file: {file}, kind: dnsmasq}}], neighbours: off}}\n"
    named, unnamed = settings_of(school.write()), School(tmp_path / "other").without_publishers()
    named.data.mkdir(exist_ok=True)
    watcher, soon = Watcher(named), int(datetime.now(UTC).timestamp()) + 3600

    def seen() -> list[str]:
        watcher.round()
        return [hold.mac for hold in read_file(named.data / "whereabouts" / SEEN).holds]

    assert seen() == []  # the file is not there yet
    file.write_text(f"{soon} {A} 10.0.0.5 * *\n")
    assert seen() == [A]
    written = (named.data / "whereabouts" / SEEN).stat().st_mtime_ns
    assert seen() == [A]
    assert (named.data / "whereabouts" / SEEN).stat().st_mtime_ns == written  # nothing new, nothing written
    file.write_text(f"{soon} {B} 10.0.0.5 * *\n")
    assert seen() == [B]
    file.unlink()
    assert seen() == []
    file.write_text(f"{soon} {A} 10.0.0.5 * *\n")
    assert seen() == [A]
    watcher.take_up(settings_of(unnamed.write()))
    assert seen() == []
    watcher.close()
