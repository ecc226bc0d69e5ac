"""The commands as a technician types them: words, exit codes, and no stack trace for a human's mistake."""

import json
from pathlib import Path

import pytest
from pretend.gateway import schoolgate
from pretend.school import School

TUESDAY = "2026-11-24T10:42"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(School(tmp_path_factory.mktemp("school")).write().config)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["pornhub.com", "--group", "pupils"], 3, ["BLOCK", "adult", "pornhub.com", "pupils-harm", "immediate"]),
        (["pornhub.com", "--group", "unknown"], 3, ["BLOCK"]),
        (["pornhub.com"], 3, ["BLOCK"]),
        (
            ["https://www.facebook.com/", "--group", "staff", "--at", TUESDAY],
            0,
            ["LOG", "Tuesday 10:42", "working hours"],
        ),
        (["https://www.facebook.com/", "--client", "127.0.0.3"], 0, ["LOG", "127.0.0.3 is in 127.0.0.3/32"]),
        (["x.com", "--user", "j.smith"], 0, ["LOG", "login 'j.smith'"]),
        (["mail.yahoo.com", "--group", "pupils"], 0, ["WARN"]),
        (["bbc.co.uk", "wikipedia.org", "--group", "pupils"], 0, ["ALLOW", "No list names this address."]),
        (["bbc.co.uk", "PORNHUB.com.", "--group", "pupils"], 3, ["ALLOW", "BLOCK"]),
        (["ftp://bbc.co.uk"], 2, ["is not a web address"]),
        (["bbc.co.uk", "--group", "pupil"], 2, ["unknown group 'pupil'; did you mean 'pupils'?"]),
        (["bbc.co.uk", "--at", "teatime"], 2, ["'teatime' is no moment"]),
        (["bbc.co.uk", "--at", "0001-01-01T00:00+14:00"], 2, ["is no moment"]),
        (["bbc.co.uk", "--client", "999"], 2, ["'999' is no IP address"]),
        ([], 2, ["name URLs to check"]),
    ],
)
def test_check_answers_in_words_and_exit_codes(config: str, arguments: list[str], code: int, words: list[str]) -> None:
    done = schoolgate("check", *arguments, "--config", config)
    assert done.returncode == code, done.stderr
    for word in words:
        assert word in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_check_json_is_one_document(config: str) -> None:
    one = json.loads(schoolgate("check", "pornhub.com", "--json", "--config", config).stdout)
    assert (one["action"], one["category"], one["list"], one["entry"]) == ("block", "adult", "adult", "pornhub.com")
    two = json.loads(schoolgate("check", "pornhub.com", "bbc.co.uk", "--json", "--config", config).stdout)
    assert [answer["action"] for answer in two] == ["block", "allow"]


def test_check_stream_answers_every_line_in_order(config: str) -> None:
    lines = [
        '{"url": "pornhub.com", "group": "pupils"}',
        '{"url": "https://x.com/", "client": "127.0.0.3", "at": "2026-11-24T10:42"}',
        "rubbish",
        '{"url": "http://a b/"}',
        '{"html": "<p>"}',
        '{"url": "bbc.co.uk", "at": 7}',
        "[]",
        '{"url": "\\ud800"}',
        "[" * 100_000,
        '{"url": "bbc.co.uk"}',
    ]
    done = schoolgate("check", "--stream", "--config", config, input="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.get("action", "error") for answer in answers] == [
        "block", "log", "error", "error", "allow", "error", "error", "error", "error", "allow"
    ]  # fmt: skip


def test_config_check_prints_every_fault_and_exits_2(tmp_path: Path) -> None:
    school = School(tmp_path).write()
    assert schoolgate("config", "check", "--config", str(school.config)).returncode == 0
    (school.config / "rules.yaml").write_text("rules:\n  - {id: a, groups: [pupil], categories: [adlt]}\nx: 1\n")
    (school.config / "people.yaml").write_text("groups: {}\n")
    done = schoolgate("config", "check", "--config", str(school.config))
    assert done.returncode == 2
    for words in (
        "config/rules.yaml:3: unknown key 'x'",
        "config/rules.yaml:2: 'action' is missing",
        "config/people.yaml:1",
    ):
        assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_schemas_are_json_for_every_file() -> None:
    done = schoolgate("config", "schema")
    assert set(json.loads(done.stdout)) >= {"school", "people", "calendar", "rules", "alerts", "blocklists/category"}
    assert json.loads(schoolgate("config", "schema", "rules").stdout)["title"] == "RulesFile"


def test_init_writes_a_school_that_can_be_checked(tmp_path: Path) -> None:
    done = schoolgate("init", str(tmp_path / "new"))
    assert done.returncode == 0
    assert schoolgate("config", "check", "--config", str(tmp_path / "new" / "config")).returncode == 0
    again = schoolgate("init", str(tmp_path / "new"))
    assert again.returncode == 2
    assert "nothing was written" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["events", "--since", "yesterday"], "neither a length of time"),
        (["events", "--group", "pupil"], "did you mean 'pupils'?"),
        (["events", "--action", "blok"], "did you mean 'block'?"),
        (["digest", "--period", "term"], "lies in no term"),
        (["digest", "--period", "day", "--at", "x"], "is no moment"),
        (["digest", "--period", "day", "--out", "/proc/x"], "cannot be written"),
        (["login", "a b"], "a user name has no blanks"),
    ],
)
def test_wrong_commands_are_told_in_words(config: str, arguments: list[str], words: str) -> None:
    done = schoolgate(*arguments, "--config", config)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_record_is_no_fault(config: str) -> None:
    done = schoolgate("events", "--config", config)
    assert done.returncode == 0
    assert "Nothing is on record" in done.stderr
    assert schoolgate("digest", "--period", "day", "--config", config).returncode == 0


def test_every_command_has_help() -> None:
    for command in ("", "run", "init", "check", "config", "config check", "config schema", "events", "digest", "login"):
        done = schoolgate(*command.split(), "--help")
        assert done.returncode == 0
        assert len(done.stdout.splitlines()) > 3


def test_a_config_folder_that_is_none_is_told_plainly(tmp_path: Path) -> None:
    done = schoolgate("run", "--config", str(tmp_path))
    assert done.returncode == 2
    assert "has no school.yaml" in done.stderr
