"""The settings' screen: every file as it stands, the faults of the last bad edit by line, and no other file."""

import os
from datetime import timedelta
from typing import Any

import pytest
from schoolgate.console.settings_view import without_secrets
from schoolgate.store.event import fault_event

MARKUP = "<script>alert(1)</script>"


def _complain(console: Any, words: str) -> None:
    event = fault_event(console.now, "settings", words, "v1")
    console.gateway.append({"t": "event", **event.row()})
    rules, before = console.settings.folders.config / "rules.yaml", (console.now - timedelta(minutes=1)).timestamp()
    os.utime(rules, (before, before))


def test_all_files_are_listed_with_the_version_in_force(console: Any) -> None:
    page = console.browser("t.tech").get("/settings").text
    for name in ("config/school.yaml", "config/people.yaml", "config/rules.yaml", "blocklists/social_media.yaml"):
        assert f"<code>{name}</code>" in page
    assert console.settings.snapshot.version in page
    assert "None" in page


def test_a_file_is_shown_line_by_line_as_text(console: Any) -> None:
    (console.settings.folders.config / "rules.yaml").write_text(f"rules:\n# {MARKUP}\n")
    page = console.browser("h.head").get("/settings?file=config/rules.yaml").text
    assert '<li id="line-1"><code>rules:</code></li>' in page
    assert "&lt;script&gt;" in page
    assert MARKUP not in page


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("mail: {host: mail.example, password: hunter2, from: a@b}", "mail: {host: mail.example, password: (not shown), from: a@b}"),
        ("  client_secret: 'hunter2'", "  client_secret: (not shown)"),
        ("  url: slack://hunter2/x", "  url: slack://(not shown)"),
        ("# https://me:hunter2@x.example/", "# https://(not shown)x.example/"),
        ("  password_file: secrets/mail", "  password_file: secrets/mail"),
        ("why: The token: what it says", "why: The token: what it says"),
    ],
)  # fmt: skip
def test_a_secret_that_somebody_wrote_into_a_file_is_not_shown(line: str, shown: str) -> None:
    assert without_secrets(line) == shown


def test_the_faults_of_the_last_bad_edit_stand_at_their_lines(console: Any) -> None:
    _complain(console, f"config/rules.yaml:2: unknown category 'gambing' {MARKUP}\nconfig/rules.yaml: and as a whole")
    browser = console.browser("t.tech")
    page = browser.get("/settings").text
    assert "The last edit has faults" in page
    assert 'href="/settings?file=config/rules.yaml#line-2"' in page
    assert "2 faults" in page
    shown = browser.get("/settings?file=config/rules.yaml").text
    assert '<li id="line-2" class="faulty">' in shown
    assert "unknown category &#39;gambing&#39;" in shown
    assert "and as a whole" in shown
    assert MARKUP not in page + shown


def test_a_file_that_was_saved_again_is_not_said_to_be_wrong(console: Any) -> None:
    _complain(console, "config/rules.yaml:2: unknown category 'gambing'")
    later = (console.now + timedelta(minutes=1)).timestamp()
    os.utime(console.settings.folders.config / "rules.yaml", (later, later))
    page = console.browser("t.tech").get("/settings").text
    assert "An earlier edit had faults" in page
    assert "The last edit has faults" not in page


@pytest.mark.parametrize("name", ["config/logins.htpasswd", "../../etc/passwd", "/etc/passwd", "var/record.db", MARKUP])
def test_no_other_file_is_ever_shown(console: Any, name: str) -> None:
    answer = console.browser("t.tech").get("/settings", params={"file": name})
    assert answer.status_code == 404
    assert MARKUP not in answer.text
