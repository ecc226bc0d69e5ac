"""Requests name devices of pupils, and of those who work here the group alone; always is for everybody."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from pretend.school import School
from pretend.told import Told, named_school
from schoolgate.cli import main
from schoolgate.settings.load import Settings
from schoolgate.store.event import Deed


@pytest.fixture
def told(tmp_path: Path, index: Path, settings_of: Callable[[School], Settings]) -> Told:
    school = named_school(tmp_path)
    shutil.copytree(index, school.data / "index")
    return Told(settings_of(school))


def test_who_works_here_stands_as_a_group_alone(told: Told) -> None:
    for group, client in (("pupils", "127.0.2.9"), ("staff", "127.0.3.7")):
        about = {"about": f"block-{group}", "host": "x.com", "path": "/", "category": "social_media", "entry": "wanted"}
        about |= {"group": group, "client": client, "person": f"u-{group}", "why": "for a lesson"}
        told.deed("2026-11-24T10:30", Deed.ASKED, f"u-{group}", **about)
    config = ["--config", str(told.settings.folders.config)]
    shown = CliRunner().invoke(main, ["requests", *config])
    assert shown.exit_code == 0, shown.output
    assert "127.0.2.9" in shown.output
    assert "127.0.3.7" not in shown.output
    lines = CliRunner().invoke(main, ["requests", "--json", *config]).output.splitlines()
    found = {each["group"]: (each["client"], each["person"]) for each in map(json.loads, lines)}
    assert found == {"pupils": ("127.0.2.9", "u-pupils"), "staff": ("", "")}


def test_always_is_for_no_group_alone() -> None:
    words = ["open", "x.com", "--group", "pupils", "--for", "Always", "--why", "maths", "--by", "t.tech"]
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, "always is for everybody" in done.output) == (2, True), done.output
