"""``schoolgate passes`` from a shell: what is shown, kept and forgotten."""

import json
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner
from pretend.school import School
from schoolgate.cli import main
from schoolgate.store.passes import FILE, FOLDER, Passes


def test_what_was_learned_is_shown_kept_and_forgotten_wherever_the_folder_is_named(tmp_path: Path) -> None:
    allow = {"local/allow.yaml": "title: Own\nwhy: Ours.\ndomains: [example.org]\n"}
    school = School(tmp_path, blocklists=allow).without_publishers().write()
    passes, config = Passes(school.data), ["--config", str(school.config)]
    school.data.mkdir()
    now = datetime.now(UTC)
    passes.learn("api.example.org", "app", "it refuses the certificate", "Canteen tills", now)
    passes.learn("pornhub.com", "app", "it refuses the certificate", "", now)  # before a list knew it
    passes.stop("www.example.org", "no list knows it", now)
    passes.distrust("10.20.0.2", now)

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["passes", *words])
        return done.exit_code, done.output

    code, shown = run(*config)
    assert code == 0
    assert "learned    api.example.org (Canteen tills)  until " in shown
    assert "learned    pornhub.com  looked into all the same: a list and a rule" in shown
    assert "held back  www.example.org" in shown
    assert "device     10.20.0.2" in shown
    assert run(*config, "keep", "api.example.org")[0] == 0
    kept = json.loads(CliRunner().invoke(main, ["passes", "--json", *config]).stdout)["learned"]
    assert {each["host"]: (each["until"] == "", each["held"] == "") for each in kept} == {
        "pornhub.com": (False, False),
        "api.example.org": (True, True),
    }
    code, said = run(*config, "keep", "www.example.org")
    assert (code, "it is held back, as no list knows it. What must stay closed" in said) == (2, True)
    assert run("forget", "API.example.org", *config)[0] == 0
    assert run("forget", "api.example.org", *config)[0] == 2
    (school.data / FOLDER / FILE).write_text("[")
    code, shown = run(*config)
    assert (code, "is damaged" in shown) == (2, True)
