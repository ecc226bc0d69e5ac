"""What school.yaml and people.yaml may say of how people are recognised, and each fault by its line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pretend.school import PEOPLE, School
from schoolgate.settings.checks import ConfigFiles
from schoolgate.settings.folders import find_folders
from schoolgate.settings.identity_checks import check_identity
from schoolgate.settings.identity_models import IdentityEntry
from schoolgate.settings.load import Settings
from schoolgate.settings.people_models import PeopleFile
from schoolgate.settings.school_models import SchoolFile

Load = Callable[[School], Settings]


def school(tmp_path: Path, identity: str, people: str = "") -> School:
    made = School(tmp_path, people=PEOPLE + people, transparent=8480)
    (tmp_path / "secret").write_text("a shared secret\n")
    (tmp_path / "short").write_text("short\n")
    made.gateway = f"identity: {identity}\n"
    return made.write()


def faults(made: School) -> str:
    """What is wrong, line by line; lists are not read for that."""
    files = ConfigFiles(find_folders(made.config))
    read = files.read("school", SchoolFile), files.read("people", PeopleFile)
    found = [*files.faults, *check_identity(files, *read)]
    assert all(fault.line > 0 for fault in found)
    return "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ("{leases: [{file: x, kind: windows}]}", "windows"),
        ("{neighbours: maybe}", "maybe"),
        ("{radius: {clients: {}}}", "at least one has to stand here"),
        ("{radius: {clients: {wlan: secret}}}", "'wlan' is no IP address"),
        ("{radius: {clients: {10.0.0.5: nowhere}}}", "'nowhere' cannot be read"),
        ("{radius: {clients: {10.0.0.5: short}}}", "fewer than 8 characters"),
        ("{radius: {lifetime: 5s, clients: {10.0.0.5: secret}}}", "too short or too long"),
        ("{login_page: {groups: [gests]}}", "did you mean 'guests'"),
        ("{login_page: {groups: [guests]}}", "nobody could log in"),
        ("{login_page: {}}", "nobody is asked"),
        ('{directory: {server: "ldap://dc.example", name: "{user}@x"}}', "never go out in plain text"),
        ('{directory: {server: "ldaps://dc.example", security: starttls, name: "{user}@x"}}', "TLS from the beginning"),
        ('{directory: {server: "ldaps://dc.example", name: "user@x"}}', "has to hold {user} once"),
        ('{directory: {server: "http://dc.example", name: "{user}@x"}}', "write it like ldaps://dc1.school.example"),
        ('{directory: {server: "ldaps://dc.example", name: "{user}@x", ca: short}}', "no PEM certificate"),
    ],
)
def test_each_fault_is_named_by_its_line(tmp_path: Path, identity: str, words: str) -> None:
    assert words in faults(school(tmp_path, identity))


@pytest.mark.parametrize(
    ("people", "words"),
    [
        ("people: {ann: {name: Ann, group: staff, macs: [rubbish]}}", "no MAC address of a device"),
        (
            'people: {ann: {name: A, group: staff, macs: ["02:00:00:00:00:0a"]}, bob: {name: B, group: staff, macs: [0200.0000.000A]}}',
            "02:00:00:00:00:0a is already a device of 'ann'",
        ),
        (
            "people: {ann: {name: A, group: staff, hostnames: [iPad]}, bob: {name: B, group: staff, hostnames: [ipad]}}",
            "'ipad' is already the device of 'ann'",
        ),
    ],
)
def test_a_device_is_one_persons(tmp_path: Path, people: str, words: str) -> None:
    assert words in faults(school(tmp_path, "{}", people + "\n"))


def test_what_is_right_is_taken_up(tmp_path: Path, settings_of: Load) -> None:
    radius = "{clients: {10.0.0.5: secret}, realms: [school.example]}"
    people = 'people: {ann: {name: Ann, group: staff, macs: ["02-00-00-00-00-0A"]}}\nlogins: {file: logins.htpasswd}\n'
    made = school(tmp_path, f"{{neighbours: on, radius: {radius}, login_page: {{groups: [guests]}}}}", people)
    (made.config / "logins.htpasswd").touch()
    assert faults(made) == ""
    settings = settings_of(made)
    assert settings.school.identity.watches
    assert settings.snapshot.people.persons[0].macs == ("02:00:00:00:00:0a",)


@pytest.mark.parametrize(
    ("identity", "sees", "watches"),
    [
        ({}, False, False),
        ({"neighbours": "on"}, True, True),
        ({"leases": [{"file": "x", "kind": "isc"}]}, True, True),  # they alone show who takes an address unasked
        ({"login_page": {"groups": ["guests"]}}, True, True),
        ({"login_page": {"groups": ["guests"]}, "neighbours": "off"}, False, False),
        ({"radius": {"clients": {"10.0.0.5": "secret"}}, "neighbours": "off"}, False, True),
    ],
)
def test_the_wire_is_looked_at_wherever_devices_are_recognised(
    identity: dict[str, Any], sees: bool, watches: bool
) -> None:
    entry = IdentityEntry.model_validate(identity)
    assert (entry.sees_neighbours, entry.watches) == (sees, watches)
