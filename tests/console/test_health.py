"""The gateway's health: each thing that can go wrong is caused, and then said with what to do."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from pretend.told import Told
from schoolgate.console.checks import ILLEGAL, State, checks
from schoolgate.lists.sealed.compliance import STALE
from schoolgate.lists.sealed.feeds import known
from schoolgate.lists.sealed.taking import FeedState
from schoolgate.proxy.certificates import ensure_authority
from schoolgate.store.event import fault_event
from schoolgate.store.journal import Journal
from schoolgate.store.office import OfficeStore
from schoolgate.store.passes import FILE, FOLDER, Passes
from schoolgate.store.verified import Verified, note_verified


def _check(console: Any, name: str) -> Any:
    return next(each for each in checks(console.desk) if each.name == name)


@pytest.fixture
def running(console: Any) -> Iterator[Any]:
    """All processes that a gateway has, as far as their journals tell."""
    journals = [Journal(console.settings.data, name) for name in ("worker2", "office")]  # worker1 is the console's own
    yield console
    for journal in journals:
        journal.close()


def test_whoever_holds_a_journal_runs(running: Any) -> None:
    assert _check(running, "Filter").words == "2 workers filter the web."
    assert _check(running, "Office").state is State.GOOD


def test_a_gateway_that_stands_still_is_bad(console: Any) -> None:
    console.gateway.close()
    Journal(console.settings.data, "worker1").close()
    assert _check(console, "Filter").state is State.BAD
    assert _check(console, "Office").state is State.BAD


def test_a_recorder_that_lags_is_bad(console: Any) -> None:
    assert _check(console, "Recorder").state is State.GOOD
    console.visit("a.jones")  # hours before the console's now
    found = _check(console, "Recorder")
    assert (found.state, found.words.partition(",")[0]) == (State.BAD, "1 entry waits to be put on record")
    Told(console.settings).seal()
    assert _check(console, "Recorder").state is State.GOOD


def test_messages_that_fail_are_bad_with_the_words_of_the_mail_server(console: Any) -> None:
    store = OfficeStore(console.settings.data)
    console.now = console.now.replace(year=2026)
    mail = store.add_mail(["head@school.example"], "x", "x", "", "<1@x>", time.time() - 7200)
    assert _check(console, "Messages").words == "1 message waits to be sent."
    store.update("mail", mail, attempts=3, error="Connection refused <b>")
    store.close()
    found = _check(console, "Messages")
    assert found.state is State.BAD
    assert "Connection refused" in found.words
    assert "Connection refused &lt;b&gt;" in console.browser("t.tech").get("/health").text


def test_the_missing_feed_of_illegal_content_is_said_loudly(console: Any) -> None:
    page = console.browser("t.tech").get("/health").text
    assert "NOT COMPLIANT" in page
    assert page.index("Illegal content") < page.index("Settings</th>")


def test_feeds_of_illegal_content_are_told_by_name_and_age(console: Any) -> None:
    states = [
        FeedState(name, known(name).title, known(name).about, 6012, 0, console.now, "x") for name in ("iwf", "ctiru")
    ]
    console.desk.settings = replace(
        console.settings, sealed=(states[0], replace(states[1], dated=console.now - STALE * 2))
    )
    page = console.browser("t.tech").get("/health").text
    assert "6,012 entries" in page
    assert "OLD" in page
    assert "NOT COMPLIANT" not in page
    found = [each for each in checks(console.desk) if each.name == ILLEGAL]
    assert [each.state for each in found] == [State.GOOD, State.BAD]
    console.desk.settings = replace(console.settings, sealed=(replace(states[0], trouble="is faulty"),))
    found = [each for each in checks(console.desk) if each.name == ILLEGAL]
    assert [each.state for each in found] == [State.BAD, State.BAD]
    assert "no feed of illegal material is present from CTIRU" in found[1].words


def test_how_much_the_filter_can_see_is_told(console: Any) -> None:
    assert _check(console, "Coverage").words == "No connection was counted."
    hour = f"{console.now.astimezone(UTC):%Y-%m-%dT%H}:00:00.000Z"
    for fate, number in (("decrypted", 80), ("broken", 20)):
        row = {"hour": hour, "group": "pupils", "fate": fate, "app": "", "connections": number}
        console.gateway.append({"t": "coverage", **row})
    found = _check(console, "Coverage")
    assert "80 % looked into, 20 % broken off by the device" in found.words
    assert found.state is State.LOOK
    assert "trust the school's certificate" in found.advice


def test_what_is_passed_through_is_told_and_devices_without_the_certificate_are_looked_for(console: Any) -> None:
    passes = Passes(console.settings.data)
    assert _check(console, "Pass-through").words.startswith("0 sites were learned")
    passes.learn("api.example.org", "app", "it refuses the certificate", "", console.now)
    assert _check(console, "Pass-through").state is State.GOOD
    passes.stop("www.example.org", "nobody knows it", console.now)
    assert "1 was held back in the last week" in _check(console, "Pass-through").words
    passes.distrust("10.20.0.2", console.now)
    found = _check(console, "Pass-through")
    assert (found.state, "1 device does not trust" in found.words) == (State.LOOK, True)
    (console.settings.data / FOLDER / FILE).write_text("[")
    assert _check(console, "Pass-through").state is State.BAD


def test_the_certificate_is_looked_at(console: Any) -> None:
    assert _check(console, "Certificate").state is State.BAD
    ensure_authority(console.settings.data, "St Test's")
    assert _check(console, "Certificate").state is State.GOOD
    console.now += timedelta(days=20 * 365)
    assert "It ended on" in _check(console, "Certificate").words


def test_a_clock_that_was_turned_is_told_for_a_week(console: Any) -> None:
    assert _check(console, "Clock").state is State.GOOD
    event = fault_event(console.now, "clock", "The clock of this machine was set back by 3 hours.", "v1")
    console.gateway.append({"t": "event", **event.row()})
    assert _check(console, "Clock").words.startswith("The clock of this machine was set back")
    console.now += timedelta(days=8)
    assert _check(console, "Clock").state is State.GOOD


def test_the_last_check_of_the_record_is_told(console: Any) -> None:
    assert "Nobody has checked it yet" in _check(console, "Record").words
    at = (console.now - timedelta(days=3)).isoformat()
    note_verified(console.settings.data, Verified(at, True, "Whole"))
    assert "whole and unaltered when it was checked 3 days ago" in _check(console, "Record").words
    note_verified(console.settings.data, Verified(at, False, "ALTERED: row 7"))
    assert _check(console, "Record").words == "It was NOT whole when it was checked 3 days ago: ALTERED: row 7"
    (console.settings.data / "verified.json").write_text("half a li")
    assert "Nobody has checked it yet" in _check(console, "Record").words


def test_verify_leaves_its_result_for_the_console(console: Any, command: Callable[..., Any]) -> None:
    Told(console.settings).seal()
    assert command("verify", "--config", str(console.settings.folders.config)).exit_code == 0
    console.now = console.now.replace(year=2100)
    assert "was whole and unaltered" in _check(console, "Record").words
    assert not ((console.settings.data / "verified.json").stat().st_mode & 0o077)


@pytest.fixture
def command() -> Callable[..., Any]:
    from click.testing import CliRunner
    from schoolgate.cli import main

    return lambda *arguments: CliRunner().invoke(main, arguments)


def test_a_folder_of_journals_that_is_not_there_breaks_nothing(console: Any, tmp_path: Path) -> None:
    console.gateway.close()
    (console.settings.data / "journal").rename(tmp_path / "away")
    assert _check(console, "Filter").state is State.BAD


def test_an_edit_that_could_not_be_used_is_bad_until_the_file_is_saved_again(console: Any) -> None:
    assert _check(console, "Settings").state is State.GOOD
    event = fault_event(console.now, "settings", "config/rules.yaml:2: unknown category 'gambing'", "v1")
    console.gateway.append({"t": "event", **event.row()})
    rules = console.settings.folders.config / "rules.yaml"
    os.utime(rules, (console.now.timestamp() - 60,) * 2)
    found = _check(console, "Settings")
    assert (found.state, found.advice) == (State.BAD, "See the settings.")
    assert "The last edit has 1 fault" in found.words
    os.utime(rules, (console.now.timestamp() + 60,) * 2)
    assert _check(console, "Settings").state is State.GOOD
