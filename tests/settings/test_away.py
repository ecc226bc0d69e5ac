"""Devices that come from elsewhere: addresses, keys, and what people.yaml makes of them."""

import json
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from pretend.school import PEOPLE, School
from schoolgate.policy.identity import Confidence
from schoolgate.settings.away import (
    NoSuchChange,
    add_device,
    advice_on_devices,
    public_of,
    read_devices,
    remove_device,
)
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings
from schoolgate.settings.school_models import AwayEntry

AWAY = AwayEntry.model_validate({"endpoint": "filter.example", "network": "10.90.0.0/26"})
PERSONS = PEOPLE + "people:\n  a.teacher: {name: A Teacher, group: staff}\n"


def test_every_device_has_an_address_a_port_and_keys_of_its_own(tmp_path: Path) -> None:
    made = [add_device(tmp_path, AWAY, f"ipad-{n}", "pupils", "") for n in range(61)]
    devices = read_devices(tmp_path)
    assert [device for device, _ in made] == list(devices)
    addresses = [device.address(AWAY) for device in devices]
    assert (addresses[0], addresses[-1]) == (ip_address("10.90.0.1"), ip_address("10.90.0.62"))
    assert ip_address("10.90.0.53") not in addresses  # the resolver's
    assert len(set(addresses)) == len({device.port(AWAY) for device in devices}) == 61
    assert len({device.filter_key for device in devices}) == 61
    assert all(public_of(private) == device.device_key for device, private in made)
    with pytest.raises(NoSuchChange, match="no address left"):
        add_device(tmp_path, AWAY, "one more", "pupils", "")
    remove_device(tmp_path, "IPAD-7")
    assert add_device(tmp_path, AWAY, "one more", "pupils", "")[0].number == 7
    assert "filter_key" not in repr(devices[0])


def test_a_name_stands_once_and_only_what_is_there_can_go(tmp_path: Path) -> None:
    add_device(tmp_path, AWAY, "iPad", "pupils", "")
    with pytest.raises(NoSuchChange, match="'ipad' is there already"):
        add_device(tmp_path, AWAY, "ipad", "staff", "")
    with pytest.raises(NoSuchChange, match="there are: iPad"):
        remove_device(tmp_path, "other")
    assert (tmp_path / "devices.json").stat().st_mode & 0o777 == 0o600


def test_the_address_of_a_device_that_went_is_given_again_as_late_as_can_be(tmp_path: Path) -> None:
    for name in ("first", "second"):
        add_device(tmp_path, AWAY, name, "pupils", "")
        remove_device(tmp_path, name)
    assert add_device(tmp_path, AWAY, "third", "pupils", "")[0].number == 2


def test_addresses_that_are_at_school_too_are_told_of(default: Settings) -> None:
    told = list(advice_on_devices([], default.people, AWAY.model_copy(update={"network": ip_network("10.20.4.0/24")})))
    assert [words.partition(": take")[0] for words in told] == [
        "config/school.yaml: away: network: 10.20.4.0/24 is in 10.20.0.0/16 of group 'pupils', too"
    ]
    assert list(advice_on_devices([], default.people, AWAY)) == []


def test_policy_knows_them_by_their_address(tmp_path: Path, settings_of: Callable[[School], Settings]) -> None:
    school = School(tmp_path, people=PERSONS, gateway="away: {endpoint: filter.example}\n").write()
    school.data.mkdir()
    before = settings_of(school)
    away = before.school.away
    assert away is not None
    add_device(school.data, away, "ipad", "guests", "")
    add_device(school.data, away, "laptop", "staff", "A.Teacher")
    settings = settings_of(school)
    assert settings.snapshot.version != before.snapshot.version
    people = settings.snapshot.people
    assert people.identify("10.90.0.1", None).group.id == "guests"
    laptop = people.identify("10.90.0.2", None)
    assert (laptop.group.id, laptop.user, laptop.confidence) == ("staff", "a.teacher", Confidence.DEVICE)
    assert people.identify("10.90.0.3", None).confidence is Confidence.UNKNOWN
    school.people = PEOPLE
    (school.config / "people.yaml").write_text(PEOPLE)
    settings = settings_of(school)
    assert settings.snapshot.people.identify("10.90.0.2", None).group.id == "pupils"  # whom nobody knows
    assert any("no person 'A.Teacher' any more" in words for words in settings.advice)


def test_a_damaged_list_is_told_and_lets_nobody_in(tmp_path: Path, settings_of: Callable[[School], Settings]) -> None:
    school = School(tmp_path, gateway="away: {endpoint: filter.example}\n").write()
    school.data.mkdir()
    for text in ("{", json.dumps({"devices": [{"name": "x"}]}), "[]"):
        (school.data / "devices.json").write_text(text)
        with pytest.raises(SettingsError, match=r"devices\.json"):
            settings_of(school)


def test_a_device_without_a_place_is_told_of(tmp_path: Path, default: Settings) -> None:
    add_device(tmp_path, AWAY, "ipad", "pupils", "")
    devices = [replace(read_devices(tmp_path)[0], number=100)]
    assert "no address" in " ".join(advice_on_devices(devices, default.people, AWAY))
    assert "no way in" in " ".join(advice_on_devices(devices, default.people, None))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("away: {endpoint: filter.example, network: 10.90.0.0/30}", "take an IPv4 network of /22 to /26"),
        ("away: {endpoint: filter.example, network: 'fd00::/64'}", "take an IPv4 network of /22 to /26"),
        ("away: {endpoint: filter.example, port: 65500}", "there are too few for the network"),
        ("away: {endpoint: 'a b'}", "school.yaml:7: 'a b'"),
    ],
)
def test_settings_that_cannot_be_are_told(
    tmp_path: Path, settings_of: Callable[[School], Settings], text: str, told: str
) -> None:
    school = School(tmp_path, gateway=f"{text}\n").write()
    with pytest.raises(SettingsError) as caught:
        settings_of(school)
    assert told in str(caught.value)


@pytest.mark.parametrize("listen", [{"transparent": 65500}, {"transparent": 8000, "proxy_port": 8080}])
def test_workers_need_ports_of_their_own(
    tmp_path: Path, settings_of: Callable[[School], Settings], listen: dict[str, int]
) -> None:
    with pytest.raises(SettingsError, match="are for workers; take another port"):
        settings_of(School(tmp_path, **listen).write())  # type: ignore[arg-type]
