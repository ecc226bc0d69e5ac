"""The commands that read cases show each login its own, and leave a trace."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pretend.told import PASSWORD, Told, named_school
from schoolgate.cli import main
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings
from schoolgate.store.event import Deed, Event
from schoolgate.store.record import open_reader

Ask = Callable[..., Result]


@pytest.fixture
def told(tmp_path: Path, index: Path) -> Told:
    school = named_school(tmp_path)
    shutil.copytree(index, school.data / "index")
    return Told(load_settings(find_folders(school.config)))


@pytest.fixture
def ask(told: Told) -> Ask:
    def run(*arguments: str, code: int = 0, password: str = PASSWORD) -> Result:
        done = CliRunner().invoke(main, [*arguments, "--config", str(told.settings.folders.config)], f"{password}\n")
        assert done.exit_code == code, done.output
        return done

    return run


def _open(told: Told, login: str = "j.smith", route: str = "headteacher") -> Event:
    event = told.block("2026-11-24T10:00", login)
    about = {"person": told.code(login), "about": event.id, "entry": f"medium/{route}", "basis": "staff-adult"}
    return told.deed("2026-11-24T10:01", Deed.CASE, "schoolgate", **about, why="Blocked\x1b[31m once.")


def test_they_are_listed_by_who_may_see_them(told: Told, ask: Ask) -> None:
    case, of_head = _open(told), _open(told, "h.head", "chair_of_governors")
    for login, shown, hidden in (("h.head", case, of_head), ("c.chair", of_head, case)):
        output = ask("cases", "--by", login).output
        assert (shown.ref in output, hidden.ref in output, "\x1b" in output) == (True, False, False)
    ask("cases", "--by", "a.jones", code=2)
    ask("cases", "--by", "h.head", password="wrong", code=2)


def test_closed_ones_are_left_out_where_only_open_ones_are_asked_for(told: Told, ask: Ask) -> None:
    case = _open(told)
    told.deed("2026-11-24T11:00", Deed.CASE_STEP, "dsl u-1", about=case.id, entry="closed")
    assert case.ref in ask("cases", "--by", "h.head").output
    assert case.ref not in ask("cases", "--by", "h.head", "--open").output


def test_json_has_the_clock_in_it(told: Told, ask: Ask) -> None:
    _open(told)
    [line] = [line for line in ask("cases", "--by", "h.head", "--json").output.splitlines() if line.startswith("{")]
    case = json.loads(line)
    assert (case["state"], case["clock"], case["due"]) == ("new", "acknowledge", "2026-11-24T11:01:00.000Z")


def test_one_case_is_shown_with_its_history_and_the_look_is_on_record(told: Told, ask: Ask) -> None:
    case = _open(told)
    told.deed("2026-11-24T11:00", Deed.CASE_NOTE, "dsl u-1", about=case.id, why="Spoke\nto her")
    output = ask("case", case.ref.lower().replace("-", ""), "--by", "d.safe").output
    assert "case-note: Spoke to her" in output
    with open_reader(told.data, with_waiting=True) as reader:
        [deed] = reader.query("select * from deeds where rule = 'record-viewed'")
    assert (deed["person"], deed["about"]) == (told.code("j.smith"), case.id)
    assert "Wrong" not in ask("case", case.ref, "--by", "d.safe", "--json").output


def test_a_case_about_herself_does_not_exist_for_her(told: Told, ask: Ask) -> None:
    case = _open(told, "h.head", "chair_of_governors")
    assert "there is no case" in ask("case", case.ref, "--by", "h.head", code=2).output
    assert "there is no case" in ask("case", "XXXX-XXXX", "--by", "c.chair", code=2).output


def test_the_events_tell_nothing_of_what_stands_in_a_case(told: Told, ask: Ask) -> None:
    case = _open(told, "h.head", "chair_of_governors")
    told.deed("2026-11-24T11:00", Deed.CASE_NOTE, "dsl u-1", about=case.id, why="Spoke to her mother")
    for form in ((), ("--json",)):
        output = ask("events", "--since", "2026-11-24", "--action", "deed", *form).output
        assert "case-note" in output
        for hidden in (told.code("h.head"), "Blocked", "mother", "chair_of_governors"):
            assert hidden not in output
