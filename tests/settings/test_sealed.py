"""Feeds are part of the settings, but of none of their files: no edit of YAML reaches them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pretend.school import School
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import Settings, watched_files
from schoolgate.welcome import welcome

Load = Callable[[School], Settings]


def drop(school: School, feed: str, text: str) -> Path:
    path = school.root / "sealed" / feed / "list.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def says(settings: Settings) -> str:
    return welcome(settings, Path("ca.crt"), "AB:CD")


def test_a_feed_that_is_dropped_is_seen_and_makes_a_new_version(settings_of: Load, tmp_path: Path) -> None:
    school = School(tmp_path).write()
    without = settings_of(school)
    assert "NOT COMPLIANT on 2 points" in says(without)
    path = drop(school, "iwf", "whole.example\n")
    given = settings_of(school)
    assert given.snapshot.version != without.snapshot.version
    assert path in watched_files(find_folders(school.config), given)
    assert "IWF (Internet Watch Foundation): 1 entry of " in says(given)
    assert "NOT COMPLIANT on one point: no feed of illegal material is present from CTIRU" in says(given)
    drop(school, "ctiru", "other.example\n")
    assert "NOT COMPLIANT" not in says(settings_of(school))


def test_a_faulty_feed_is_told_of_and_is_no_fault_of_the_settings(settings_of: Load, tmp_path: Path) -> None:
    school = School(tmp_path).write()
    drop(school, "iwf", "whole.example\n")
    sound = settings_of(school)
    drop(school, "iwf", "<html>\n")
    faulty = settings_of(school)
    assert faulty.snapshot.version != sound.snapshot.version
    assert faulty.snapshot.sealed.knows("whole.example")
    [words] = faulty.sealed_troubles
    assert words in faulty.advice
    assert words in says(faulty)


def test_another_data_folder_switches_no_feed_off(settings_of: Load, tmp_path: Path) -> None:
    school = School(tmp_path).write()
    drop(school, "iwf", "whole.example\n")
    settings_of(school)
    path = school.config / "school.yaml"
    path.write_text(path.read_text() + "data: elsewhere\n")
    assert settings_of(school).snapshot.sealed.knows("whole.example")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rules.yaml", "rules: [{id: open, groups: [pupils], categories: [sealed], action: allow, why: x}]\n"),
        ("school.yaml", "sealed: null\n"),
        ("people.yaml", "sealed: none\n"),
    ],
)
def test_no_key_and_no_rule_speaks_of_feeds(name: str, text: str, settings_of: Load, tmp_path: Path) -> None:
    school = School(tmp_path).write()
    path = school.config / name
    path.write_text(text if name == "rules.yaml" else path.read_text() + text)
    with pytest.raises(SettingsError, match="sealed"):
        settings_of(school)
