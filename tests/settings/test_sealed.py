"""Feeds are part of the settings, but of none of their files: no edit of YAML reaches them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pretend.gateway import namespace
from pretend.school import School
from schoolgate.settings.faults import SettingsError
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import Settings, watched_files, with_feeds
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


def test_the_same_feed_that_is_brought_again_days_later_is_told_as_fresh(settings_of: Load, tmp_path: Path) -> None:
    school = School(tmp_path).write()
    path = drop(school, "iwf", "whole.example\n")
    os.utime(path, (1_790_000_000, 1_790_000_000))
    before = settings_of(school)
    os.utime(path, (1_790_000_000 + 3 * 86_400, 1_790_000_000 + 3 * 86_400))
    after = settings_of(school)
    assert (after.sealed[0].dated - before.sealed[0].dated).days == 3
    assert after.snapshot.version != before.snapshot.version  # or running processes would keep the old date


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


def test_feeds_are_taken_up_whatever_faults_the_files_have(settings_of: Load, tmp_path: Path) -> None:
    school = School(tmp_path).write()
    drop(school, "iwf", "whole.example\n")
    settings = settings_of(school)
    (school.config / "rules.yaml").write_text("nonsense: [\n")
    assert with_feeds(settings) is settings
    drop(school, "iwf", "whole.example\nother.example\n")
    fresh = with_feeds(settings)
    assert fresh.snapshot.sealed.knows("other.example")
    assert fresh.sealed[0].entries == 2
    assert fresh.snapshot.version != settings.snapshot.version
    assert fresh.snapshot.rules == settings.snapshot.rules


def test_what_lies_in_etc_holds_for_every_school_of_the_machine(index: Path, tmp_path: Path) -> None:
    """Whatever config/ a gateway is started with; a list that lies loose there is told of."""
    if not namespace():
        pytest.skip("this machine allows no mount namespace (unshare --mount), which this test needs for /etc")
    school = School(tmp_path).write()
    shutil.copytree(index, school.data / "index")
    feeds = "mount -t tmpfs none /etc && mkdir -p /etc/schoolgate/sealed/iwf && cd /etc/schoolgate/sealed"
    lists = "echo whole.example > iwf/list.txt && echo other.example > ctiru.txt"
    run = f"exec {sys.executable} -m schoolgate check --config {school.config} --group staff http://whole.example/"
    command = [*namespace(), "sh", "-c", f"{feeds} && {lists} && {run}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 3, done
    assert "named by the sealed feed IWF" in done.stdout
    assert (school.data / "sealed" / "iwf.digests").exists()
    assert [path.name for path in (school.data / "sealed").iterdir()] == ["iwf.digests"]


def test_a_folder_that_waits_for_its_feed_has_lost_nothing(settings_of: Load, tmp_path: Path) -> None:
    school = School(tmp_path).write()
    (school.root / "sealed" / "iwf").mkdir(parents=True)
    [words] = settings_of(school).sealed_troubles
    assert "has not come yet: its folder is empty" in words


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
