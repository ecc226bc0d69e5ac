"""What devices may use beside the web, as it is written in the settings."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pretend.school import PEOPLE, School
from schoolgate.policy.identity import Addresses
from schoolgate.policy.ports import Ways, port_range
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings

Load = Callable[[School], Settings]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{inside: [eth1]}", Ways.GUARDED),
        ("{inside: [eth1], ports: any}", Ways.ANY),
        ("{inside: [eth1], ports: [tcp/993, udp/3478-3481]}", (port_range("tcp/993"), port_range("udp/3478-3481"))),
        ("{inside: [eth1], ports: []}", ()),
    ],
)
def test_ports_are_guarded_any_or_listed(tmp_path: Path, settings_of: Load, written: str, meant: object) -> None:
    school = School(tmp_path, gateway=f"gateway: {written}\n").without_publishers().write()
    assert settings_of(school).school.gateway.ports == meant


@pytest.mark.parametrize(
    ("written", "words"), [("[tcp/99999]", "is no port"), ("most", "is not guarded, any"), ("[993]", "is no port")]
)
def test_a_port_that_is_none_is_named_by_its_line(tmp_path: Path, settings_of: Load, written: str, words: str) -> None:
    school = School(tmp_path, gateway=f"gateway: {{inside: [eth1], ports: {written}}}\n").without_publishers().write()
    with pytest.raises(SettingsError, match=rf"school.yaml:\d+: .*{words}"):
        settings_of(school)


def test_a_group_says_what_bare_addresses_mean(tmp_path: Path, settings_of: Load) -> None:
    people = PEOPLE.replace("inspect: names}", "inspect: names, addresses: judged}")
    groups = settings_of(School(tmp_path, people=people).without_publishers().write()).snapshot.people
    assert groups.group("guests").addresses is Addresses.JUDGED
    assert groups.group("pupils").addresses is None
