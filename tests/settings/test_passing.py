"""What stays closed, as the school writes it: hosts only, and no more than can be meant."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pretend.school import School
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.load import Settings

APP = "app: tills\ntitle: Canteen tills\nwhy: They pin.\nsource: the canteen\nlearned: [tills.example]\n"


def _school(tmp_path: Path, words: str) -> School:
    school = School(tmp_path).without_publishers().write()
    path = school.config / "school.yaml"
    path.write_text(f"{path.read_text()}{words}\n")
    return school


def test_the_schools_words_and_its_own_apps_are_taken_up(
    tmp_path: Path, settings_of: Callable[[School], Settings]
) -> None:
    school = _school(tmp_path, "pass_through: {hosts: [a.example], never: [b.example], learn: off}")
    (tmp_path / "blocklists" / "apps").mkdir()
    (tmp_path / "blocklists" / "apps" / "tills.yaml").write_text(APP)
    local = "title: Own\nwhy: Ours.\nurls: [a.example/games]\n"
    (tmp_path / "blocklists" / "local" / "block.yaml").write_text(local)
    passing = settings_of(school).snapshot.passing
    assert (passing.given, passing.never, passing.is_learning) == ({"a.example"}, {"b.example"}, False)
    assert passing.learned["tills.example"] == "Canteen tills"
    assert passing.at_once["push.apple.com"] == "Apple's device services"
    assert passing.in_part == {"a.example"}


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("{hosts: [a.example/b]}", "is a part of a site"),
        ("{hosts: [10.1.2.3]}", "is an IP address"),
        ("{hosts: [co.uk]}", "is a public suffix"),
        ("{never: [github.io]}", "is a public suffix"),
        ("{learn: maybe}", "unknown value 'maybe'"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, settings_of: Callable[[School], Settings], words: str, fault: str
) -> None:
    with pytest.raises(SettingsError, match=r"config/school\.yaml:") as refused:
        settings_of(_school(tmp_path, f"pass_through: {words}"))
    assert fault in str(refused.value)
