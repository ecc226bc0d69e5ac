"""``schoolgate replay``: what a technician is told of an edit before it is saved, and that nothing is touched by asking."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pretend.gateway import Gateway, schoolgate
from pretend.publisher import Page, Publisher
from pretend.school import RULES, School
from pretend.told import LONDON, Told, named_school
from schoolgate.settings.load import Settings

Load = Callable[[School], Settings]
BLOCKED = {
    "client": "127.0.2.9", "identity_confidence": "network", "group": "pupils", "person": "d-0123456789ab",
    "action": "block", "rule": "pupils-harm", "category": "gambling", "host": "bet365.com", "path": "/",
}  # fmt: skip
NO_GAMBLING = RULES.replace("gambling, ", "")


def hours_ago(hours: float) -> str:
    return f"{datetime.now(LONDON) - timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}"


@pytest.fixture
def school(tmp_path: Path, index: Path) -> School:
    school = named_school(tmp_path / "school")
    shutil.copytree(index, school.data / "index")
    return school


@pytest.fixture
def told(school: School, settings_of: Load) -> Told:
    return Told(settings_of(school))


def _new(school: School) -> Path:
    return school.root.with_name(f"{school.root.name}-new")


def copy_of(school: School, *folders: str, rules: str = NO_GAMBLING) -> Path:
    """The edited folder: a copy of these of the school's folders, with other rules."""
    new = _new(school)
    for folder in folders or ("config", "blocklists"):
        shutil.copytree(school.root / folder, new / folder)
    (new / "config" / "rules.yaml").write_text(rules)
    return new


def ask(school: School, new: Path, *options: str, code: int = 0, **run: Any) -> str:
    command = ["replay", "--config", str(new), "--current", str(school.config), *options]
    done: subprocess.CompletedProcess[str] = schoolgate(*command, **run)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def test_a_technician_is_told_what_an_edit_would_have_done(school: School, told: Told) -> None:
    for host in (
        "bet365.com",
        "bet365.com",
        "a\x1b[2J.bet365.com",
        "b.bet365.com",
        "c.bet365.com",
        "d.bet365.com",
        "e.bet365.com",
    ):
        told.event(hours_ago(2), **BLOCKED | {"host": host})
    told.event(hours_ago(3), **BLOCKED | {"host": "pornhub.com", "category": "adult"})
    told.event(hours_ago(3), **BLOCKED | {"list": "text", "stage": "response"})
    about = {
        "hour": f"{datetime.now(UTC):%Y-%m-%dT%H:00:00.000Z}",
        "group": "pupils",
        "action": "allow",
        "category": "games",
    }
    told.journal.append({"t": "tally", **about, "requests": 1234})
    words = ask(school, copy_of(school, rules=RULES.replace("gambling, ", "games, ")))
    for line in (
        "        7 would go otherwise",
        "        1 would go as they do now",
        "        1 cannot be judged again",
        "7 events of pupils, gambling: block -> allow",
        "    decided by no rule; now by pupils-harm",
        "    sites: bet365.com (2), a?[2J.bet365.com (1), b.bet365.com (1), c.bet365.com (1), d.bet365.com (1) and 1 more",
        "        1 what the page said is not kept; 1 of these by a rule that the edit changes",
        "Told at once: 1 event, in place of 8.",
        "    1,234 requests of pupils, 1,234 of them to sites that a list names",
        "    1,234 of pupils to games would meet pupils-harm: block",
    ):
        assert line in words.splitlines(), words


def test_a_program_gets_one_document(school: School, told: Told) -> None:
    told.event(hours_ago(2), **BLOCKED)
    told.seal()
    answer = json.loads(ask(school, copy_of(school), "--json"))
    assert (answer["events"], answer["changed"], answer["same"]) == (1, 1, 0)
    assert answer["changes"] == [
        {
            "group": "pupils", "category": "gambling", "before": "block", "after": "allow", "rule_before": "pupils-harm",
            "rule": "", "moves": "", "events": 1, "hosts": 1, "examples": [{"host": "bet365.com", "events": 1}],
        }
    ]  # fmt: skip
    assert answer["current"] == told.settings.snapshot.version != answer["new"]
    assert datetime.fromisoformat(answer["until"]) - datetime.fromisoformat(answer["since"]) >= timedelta(days=14)


def test_the_time_is_chosen(school: School, told: Told) -> None:
    for hours in (1, 30, 24 * 20):
        told.event(hours_ago(hours), **BLOCKED)
    new = copy_of(school)
    numbers = [
        json.loads(ask(school, new, "--json", *options))["events"]
        for options in ([], ["--since", "2h"], ["--since", "30d"], ["--until", hours_ago(2)], ["--since", "30d", "--until", hours_ago(99)])
    ]  # fmt: skip
    assert numbers == [2, 1, 3, 1, 1]


def test_without_blocklists_of_its_own_the_schools_are_taken(school: School, told: Told) -> None:
    (school.root / "blocklists" / "local" / "block.yaml").write_text("domains: [our-own.example]\n")
    told.event(hours_ago(1), **BLOCKED | {"host": "our-own.example", "category": "local", "rule": "local-block"})
    new = copy_of(school, "config")
    assert json.loads(ask(school, new, "--json"))["changed"] == 0
    (new / "blocklists").mkdir()
    assert json.loads(ask(school, new, "--json"))["changed"] == 1


def test_faults_are_told_with_the_settings_that_have_them(school: School) -> None:
    words = ask(school, copy_of(school, rules=RULES.replace("gambling", "gamblin")), code=2)
    assert words.startswith("The edited settings:\nconfig/rules.yaml:")
    assert "unknown category 'gamblin'" in words
    (school.config / "rules.yaml").write_text("rules: no\n")
    assert ask(school, _new(school), code=2).startswith("The settings in force:\nconfig/rules.yaml:")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--since", "soon"], "--since: 'soon' is neither"),
        (["--until", "soon"], "--until: 'soon' is no moment"),
        (["--since", "2026-11-24", "--until", "2026-11-23"], "the time ends before it begins"),
    ],
)
def test_wrong_questions_are_told_in_one_line(school: School, options: list[str], words: str) -> None:
    told = ask(school, copy_of(school), *options, code=2)
    assert told.startswith("Error: ")
    assert words in told
    assert told.count("\n") == 1


def test_the_settings_in_force_are_no_edit_of_themselves(school: School) -> None:
    assert "copy the folder" in ask(school, school.root, code=2)
    assert "has no school.yaml" in ask(school, school.root.parent / "nowhere", code=2)


def test_a_damaged_record_is_a_fault_in_plain_words(school: School) -> None:
    (school.data / "record.db").write_bytes(b"no database at all" * 100)
    words = ask(school, copy_of(school), code=1)
    assert "the record cannot be read" in words
    assert "it is damaged. A gateway that runs puts it aside" in words
    assert "Traceback" not in words


def test_long_work_says_how_far_it_is_and_leaves_the_answer_clean(school: School, told: Told) -> None:
    for number in range(2100):
        told.event(hours_ago(1), **BLOCKED | {"path": f"/{number}"})
    command = ["replay", "--config", str(copy_of(school)), "--current", str(school.config), "--json"]
    done = schoolgate(*command)
    assert done.stderr.splitlines() == ["Judged 1,000 of 2,100 events.", "Judged 2,000 of 2,100 events."]
    assert json.loads(done.stdout)["changed"] == 2100


def test_by_default_the_settings_beside_one_are_in_force(school: School, told: Told) -> None:
    told.event(hours_ago(1), **BLOCKED)
    done = schoolgate("replay", "--config", str(copy_of(school)), "--json", cwd=school.root)
    assert json.loads(done.stdout)["changed"] == 1


def test_nothing_is_written_but_what_is_asked_for(school: School) -> None:
    assert schoolgate("config", "check", "--config", str(school.config)).returncode == 0  # makes the school's own keys
    shutil.rmtree(school.data / "index")
    files = sorted(school.root.rglob("*"))
    words = ask(school, copy_of(school))
    assert words.startswith("0 events from ")
    assert sorted(school.root.rglob("*")) == files
    assert not (_new(school) / "var").exists()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    world = Publisher().start()
    yield world
    world.stop()


def test_lists_that_were_downloaded_count_for_the_edited_settings_too(
    school: School, settings_of: Load, publisher: Publisher
) -> None:
    publisher.pages["/list"] = Page(b"||spins.example^\n", etag='"1"')
    school.blocklists["gambling.yaml"] = (
        "category: gambling\ntitle: Gambling\ntheme: commerce\nwhy: w\ndomains: [bets.example]\n"
        f'sources:\n  - {{name: theirs, url: "{publisher.url("/list")}", format: adblock}}\n'
    )
    school.without_publishers().write()
    assert schoolgate("lists", "update", "--config", str(school.config)).returncode == 0
    told = Told(settings_of(school))
    told.event(hours_ago(1), **BLOCKED | {"host": "spins.example"})
    new = copy_of(school, rules=RULES)
    assert json.loads(ask(school, new, "--json"))["same"] == 1
    (new / "config" / "rules.yaml").write_text(NO_GAMBLING)
    answer = json.loads(ask(school, new, "--json"))
    assert (answer["changed"], answer["drifted"]) == (1, 0)


def test_a_running_gateway_is_asked_and_left_alone(start: Callable[..., Gateway]) -> None:
    gateway = start()
    assert gateway.curl("http://bet365.com/").status == 403
    assert gateway.curl("http://pornhub.com/").status == 403
    before = sorted((gateway.school.data / "index").iterdir())
    new = copy_of(gateway.school)
    local = new / "blocklists" / "local"
    local.mkdir(parents=True, exist_ok=True)
    (local / "allow.yaml").write_text("domains: [pornhub.com]\n")
    answer = json.loads(ask(gateway.school, new, "--since", "1h", "--json"))
    changes = {(each["category"], each["before"], each["after"], each["rule"]) for each in answer["changes"]}
    assert changes == {("gambling", "block", "allow", ""), ("adult", "block", "allow", "local-allow")}
    assert sorted((gateway.school.data / "index").iterdir()) == before
    assert gateway.curl("http://bet365.com/").status == 403
