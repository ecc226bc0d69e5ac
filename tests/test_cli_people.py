"""The commands about people: who may, what is put on record first, and what is told to whom."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pretend.told import PASSWORD, Told, named_school
from schoolgate.cli import main
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings
from schoolgate.store.event import Deed
from schoolgate.store.record import open_reader

DAY = "2026-11-24T"
Ask = Callable[..., Result]


@pytest.fixture
def told(tmp_path: Path, index: Path) -> Told:
    school = named_school(tmp_path)
    shutil.copytree(index, school.data / "index")
    told = Told(load_settings(find_folders(school.config)))
    told.event(f"{DAY}10:40")
    told.event(f"{DAY}10:45", "a.jones", client="127.0.0.3")
    return told


@pytest.fixture
def ask(told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, code: int = 0, password: str = PASSWORD) -> Result:
        done = CliRunner().invoke(main, [*arguments, "--config", str(told.settings.folders.config)], f"{password}\n")
        assert done.exit_code == code, done.output
        return done

    return run


def deeds(told: Told, rule: Deed) -> list[dict[str, Any]]:
    with open_reader(told.data, with_waiting=True) as reader:
        return list(reader.query("select * from deeds where rule = :rule order by at, id", {"rule": rule}))


def test_a_name_is_revealed_to_a_role_and_the_look_is_on_record(told: Told, ask: Ask) -> None:
    code = told.code("j.smith")
    assert "j.smith, Mrs J Smith\n" in ask("reveal", code, "--by", "h.head", "--reason", "a complaint").output
    [deed] = deeds(told, Deed.REVEALED)
    assert (deed["person"], deed["why"]) == (code, "a complaint")
    assert deed["actor"] == f"headteacher {told.code('h.head')}"


def test_a_device_is_revealed_by_its_address(told: Told, ask: Ask) -> None:
    by = ("--by", "d.safe", "--reason", "a worry")
    shared, own = (told.pseudonyms.of("device", each) for each in ("127.0.0.3", "127.0.3.8"))
    assert "the device 127.0.0.3 (Staff)" in ask("reveal", shared, *by).output
    assert "the device 127.0.3.8, which only a.jones, Mr Anthony Jones uses" in ask("reveal", own.upper(), *by).output


def test_an_unknown_code_is_told_plainly_and_on_record_all_the_same(told: Told, ask: Ask) -> None:
    done = ask("reveal", "u-0123456789ab", "--by", "h.head", "--reason", "a guess", code=1)
    assert "no name and no device is known for this code" in done.output
    assert [deed["person"] for deed in deeds(told, Deed.REVEALED)] == ["u-0123456789ab"]


@pytest.mark.parametrize(
    ("by", "password", "reason", "words"),
    [
        ("j.smith", PASSWORD, "curious", "has none of the roles that may do this"),
        ("t.tech", PASSWORD, "curious", "has none of the roles that may do this"),
        ("h.head", "wrong", "curious", "not the password of"),
        ("nobody", PASSWORD, "curious", "no such login"),
        ("h.head", PASSWORD, " x ", "--reason: say it in 3 to"),
    ],
)
def test_nothing_is_shown_to_those_who_may_not(
    told: Told, ask: Ask, by: str, password: str, reason: str, words: str
) -> None:
    code, period = told.code("j.smith"), ("--from", "2026-11-01", "--to", "2026-11-30")
    for command in (
        ("reveal", code),
        ("evidence", code, *period, "--out", "out"),
        ("notices",),
        ("sar", told.code("a.jones")),
    ):
        done = ask(*command, "--by", by, "--reason", reason, code=2, password=password)
        assert words in done.output
        assert "Smith" not in done.output
    assert [*deeds(told, Deed.REVEALED), *deeds(told, Deed.EXPORTED)] == []
    assert not Path("out").exists()


def test_what_cannot_be_put_on_record_is_not_shown(told: Told, ask: Ask) -> None:
    told.journal.close()
    shutil.rmtree(told.data / "journal")
    (told.data / "journal").write_text("in the way")
    done = CliRunner().invoke(
        main,
        ["reveal", told.code("j.smith"), "--by", "h.head", "--reason", "a complaint", "--config",
         str(told.settings.folders.config)],
        f"{PASSWORD}\n",
    )  # fmt: skip
    assert done.exit_code == 2
    assert "Smith" not in done.output


def test_people_ask_for_their_own_copy_and_a_role_for_anybodys(told: Told, ask: Ask, tmp_path: Path) -> None:
    ask("sar", "j.smith", "--by", "j.smith", "--out", "mine")
    held = json.loads((tmp_path / "mine" / "sar.json").read_text())
    assert held["person"]["login"] == "j.smith"
    assert len(held["parts"]["events"]["rows"]) == 1
    assert "a.jones" not in (tmp_path / "mine" / "sar.html").read_text()
    assert (tmp_path / "mine" / "sar.html").stat().st_mode & 0o077 == 0
    ask("sar", told.code("a.jones"), "--by", "d.safe", "--reason", "She asked in writing")
    assert (tmp_path / f"sar-{told.code('a.jones')}" / "sar.html").exists()
    own, other = deeds(told, Deed.EXPORTED)
    assert (own["actor"], own["entry"], own["person"]) == (told.code("j.smith"), "sar", told.code("j.smith"))
    assert (other["why"], other["person"]) == ("She asked in writing", told.code("a.jones"))


def test_a_copy_about_nobody_says_so(ask: Ask) -> None:
    assert "Nothing is on record about no.body" in ask("sar", "no.body", "--by", "h.head").output


def test_evidence_is_a_pack_that_verify_checks(told: Told, ask: Ask, tmp_path: Path) -> None:
    told.seal()
    arguments = ("evidence", "j.smith", "--from", "2026-11-24", "--to", "2026-11-24", "--by", "h.head", "--reason")
    assert "Written: " in ask(*arguments, "a complaint", "--out", "out").output
    [archive] = (tmp_path / "out").glob("*.zip")
    assert CliRunner().invoke(main, ["verify", str(archive)]).exit_code == 0
    folder = archive.with_suffix("")
    html = (folder / "evidence.html").read_text()
    assert "Smith" not in html
    assert "because: a complaint" in html
    assert [deed["entry"] for deed in deeds(told, Deed.EXPORTED)] == ["evidence"]
    events = folder / "events.jsonl"
    events.write_text(events.read_text().replace("facebook", "facebooc"))
    assert CliRunner().invoke(main, ["verify", str(folder)]).exit_code == 1
    assert "is there already" in ask(*arguments, "again", "--out", "out", code=2).output


def test_the_name_stands_on_the_cover_only_when_it_was_revealed(told: Told, ask: Ask, tmp_path: Path) -> None:
    period = ("--from", "2026-11-24", "--to", "2026-11-24")
    by = ("--by", "h.head", "--reason", "a hearing")
    ask("evidence", told.code("j.smith"), *period, *by, "--with-name", "--out", "out")
    [folder] = [path for path in (tmp_path / "out").iterdir() if path.is_dir()]
    assert (folder / "evidence.html").read_text().count("Mrs J Smith") == 1
    assert [deed["why"] for deed in deeds(told, Deed.REVEALED)] == ["a hearing"]


@pytest.mark.parametrize(
    ("person", "first", "last", "by", "words"),
    [
        ("j.smith", "yesterday", "2026-11-24", "h.head", "--from: 'yesterday' is no day"),
        ("j.smith", "2026-11-25", "2026-11-24", "h.head", "--to: 2026-11-24 is before"),
        ("h.head", "2026-11-24", "2026-11-24", "h.head", "this is about yourself"),
        ("no.body", "2026-11-24", "2026-11-24", "h.head", "neither on record nor in config/people.yaml"),
    ],
)
def test_evidence_that_cannot_be_meant(ask: Ask, person: str, first: str, last: str, by: str, words: str) -> None:
    period = ("--from", first, "--to", last)
    assert words in ask("evidence", person, *period, "--by", by, "--reason", "why", "--out", "out", code=2).output


def test_the_ledger_names_people_only_to_those_who_may(told: Told, ask: Ask, tmp_path: Path) -> None:
    code = told.code("j.smith")
    about = {"person": code, "notice": "2026-3fa90c12", "client": "127.0.3.7", "group": "staff"}
    told.deed("2026-09-01T08:00", Deed.NOTICE, code, identity_confidence="login", **about)
    plain = ask("notices").output
    assert f"Tue 01 Sep 2026 08:00  2026-3fa90c12  {code}" in plain
    assert "smith" not in plain.lower()
    assert f"{code} (j.smith, Mrs J Smith)" in ask("notices", "--by", "h.head", "--reason", "the audit").output
    ask("notices", "--csv", "ledger.csv")
    [row] = csv.DictReader((tmp_path / "ledger.csv").open(encoding="utf-8"))
    assert (row["code"], row["version"], row["login"]) == (code, "2026-3fa90c12", "")
    assert [deed["entry"] for deed in deeds(told, Deed.EXPORTED)] == ["notices", "notices, with names", "notices (csv)"]


def test_no_cell_of_the_ledger_becomes_a_formula(told: Told, ask: Ask, tmp_path: Path) -> None:
    for version in ("=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tx", " =1+1", "é"):
        told.deed("2026-09-01T08:00", Deed.NOTICE, "u-1", person="u-1", notice=version)
    ask("notices", "--csv", "ledger.csv")
    cells = [row["version"] for row in csv.DictReader((tmp_path / "ledger.csv").open(encoding="utf-8", newline=""))]
    assert len(cells) == 7
    assert all(cell[0] in "'é" for cell in cells)


def test_the_notice_itself_is_shown_to_everybody(told: Told, ask: Ask) -> None:
    assert "What is recorded about you" in ask("notices", "--text", "--group", "staff").output
    assert "pupils" in ask("notices", "--text", "--group", "pupils", code=2).output
    assert "go together" in ask("notices", "--by", "h.head", code=2).output
    assert deeds(told, Deed.EXPORTED) == []


def test_the_impact_assessment_is_shown_and_written(ask: Ask, tmp_path: Path) -> None:
    assert "DATA PROTECTION IMPACT ASSESSMENT" in ask("dpia").output
    ask("dpia", "--out", "assessment")
    assert "<h1>" in (tmp_path / "assessment.html").read_text()
    assert "TO DO" in (tmp_path / "assessment.txt").read_text()


def test_only_a_code_is_looked_up_or_put_on_record(told: Told, ask: Ask) -> None:
    for written in ("j.smith", "Mrs Smith", "", "u-0123", "u-0123456789ab" * 40):
        assert (
            "a code is written like" in ask("reveal", written, "--by", "h.head", "--reason", "a worry", code=2).output
        )
    assert deeds(told, Deed.REVEALED) == []


def test_nobody_is_nobodys_record(told: Told, ask: Ask, tmp_path: Path) -> None:
    told.event(f"{DAY}10:50", person="", client="127.0.2.9", identity_confidence="unknown")
    for person in ("", " "):
        assert "PERSON: write a login" in ask("sar", person, "--by", "h.head", "--out", "out", code=2).output
        period = ("--from", "2026-11-24", "--to", "2026-11-24")
        by = ("--by", "h.head", "--reason", "a worry", "--out", "out")
        assert "PERSON: write a login" in ask("evidence", person, *period, *by, code=2).output
    assert not (tmp_path / "out").exists()
    assert deeds(told, Deed.EXPORTED) == []


def test_the_notice_itself_goes_into_no_ledger(ask: Ask, tmp_path: Path) -> None:
    assert "goes without --csv" in ask("notices", "--text", "--csv", "ledger.csv", code=2).output
    assert not (tmp_path / "ledger.csv").exists()
