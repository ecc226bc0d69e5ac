"""``schoolgate lists``: what a technician asks and is told."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pretend.gateway import schoolgate
from pretend.publisher import Page, Publisher
from pretend.school import School

CATEGORY = """
category: gambling
title: Gambling
theme: commerce
why: w
domains: [bets.example]
except: [help.bets.example]
sources:
  - {{name: theirs, url: "{url}", format: adblock}}
"""
RULES = "||spins.example^\n||bbc.co.uk^\n||co.uk^\n||odd.example^$third-party\n||1.2.3.4^\n||bets.example^\n"
Ask = Callable[..., str]


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    world = Publisher().start()
    yield world
    world.stop()


@pytest.fixture
def school(tmp_path: Path, publisher: Publisher) -> School:
    publisher.pages["/list"] = Page(RULES.encode(), etag='"1"')
    lists = {"gambling.yaml": CATEGORY.format(url=publisher.url("/list"))}
    return School(tmp_path, blocklists=lists).without_publishers().write()


@pytest.fixture
def ask(school: School) -> Ask:
    def run(*arguments: str, code: int = 0) -> str:
        done = schoolgate("lists", *arguments, "--config", str(school.config))
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_an_update_is_told_line_by_line_and_compiled(ask: Ask, publisher: Publisher) -> None:
    assert "not downloaded yet: run 'schoolgate lists update'" in ask("stats")
    assert "TAKEN      theirs: 5 entries" in ask("update")
    assert "NOT DUE    theirs" in ask("update")
    assert "UNCHANGED  theirs: still current" in ask("update", "--force")
    assert publisher.requests("/list")[-1]["if-none-match"] == '"1"'


def test_stats_say_what_was_left_out_where_and_why(ask: Ask) -> None:
    ask("update")
    words = ask("compile")
    assert "1 left out: protected (bbc.co.uk) (copy-" in words
    assert ":2 'bbc.co.uk'" in words
    assert "1 left out: a public suffix, under which strangers share a name" in words
    assert "1 left out: it has options that a network filter cannot honour" in words
    assert "1 left out: an IP address, which many sites may share" in words
    stats = json.loads(ask("stats", "--json"))
    [theirs] = [each for each in stats["lists"] if each["name"] == "theirs"]
    assert (theirs["category"], theirs["entries"]) == ("gambling", 2)
    assert stats["bytes"] == Path(stats["index"]).stat().st_size


def test_a_look_up_says_which_lists_since_when_and_why_not(ask: Ask, publisher: Publisher, school: School) -> None:
    ask("update")
    assert "listed      gambling, because theirs lists spins.example (there since the first copy" in ask(
        "lookup", "www.spins.example"
    )
    publisher.pages["/list"] = Page((RULES + "||later.example^\n").encode(), etag='"2"')
    ask("update", "--force")
    assert "because theirs lists later.example (since 20" in ask("lookup", "https://later.example/x")
    account = json.loads(ask("lookup", "bets.example", "--json"))
    assert {line["list"] for line in account["lines"] if line["word"] == "listed"} == {"gambling", "theirs"}
    cleared = ask("lookup", "help.bets.example")
    assert "exception   help.bets.example never counts as gambling (blocklists/gambling.yaml)" in cleared
    assert "cleared     gambling, because gambling lists bets.example (curated), but an exception clears it" in cleared
    words = ask("lookup", "bbc.co.uk")
    assert "protected" in words
    assert "left out    theirs lists bbc.co.uk as gambling, but that was left out: protected (bbc.co.uk)" in words
    assert "unknown     no list names it, and its name says nothing" in ask("lookup", "quiet.example")
    assert "judged      gambling" in ask("lookup", "luckyspin-casino-bonus.example")
    (school.root / "blocklists" / "local" / "allow.yaml").write_text("domains: [spins.example]\n")
    assert "allow       the school says so itself: local/allow names spins.example" in ask("lookup", "spins.example")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("update", "nobody"), "no list called 'nobody' is downloaded; there is theirs"),
        (("update", "--accept", "theirs"), "no copy is held back"),
        (("lookup", "http://"), "is not"),
        (("lookup",), "Missing argument"),
    ],
)
def test_wrong_commands_are_told_in_words(ask: Ask, arguments: tuple[str, ...], words: str) -> None:
    assert words in ask(*arguments, code=2)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{name: Bad Name, url: 'https://x.example/', format: domains}", "gambling.yaml:7: 'Bad Name'"),
        ("{name: a, url: 'ftp://x.example/', format: domains}", "gambling.yaml:7: 'ftp://x.example/' is no source"),
        ("{name: a, url: 'https://u:p@x.example/', format: domains}", "carries no name and password"),
        ("{name: a, url: 'https://x.example/', format: doamins}", "unknown format 'doamins'; did you mean 'domains'?"),
        ("{name: a, url: 'https://x.example/', format: domains, refresh: soon}", "'soon' is no length of time"),
        ("{name: a, url: 'https://x.example/', format: domains, shipped: nowhere}", "'nowhere' does not exist"),
        ("{name: a, url: 'file:nowhere', format: domains}", "'nowhere' does not exist"),
    ],
)
def test_a_wrong_source_is_named_by_file_and_line(school: School, ask: Ask, source: str, words: str) -> None:
    path = school.root / "blocklists" / "gambling.yaml"
    path.write_text(f"category: gambling\ntitle: T\ntheme: content\nwhy: w\ndomains: []\nsources:\n  - {source}\n")
    told = ask("stats", code=2)
    assert words in told
    assert "blocklists/gambling.yaml:7: " in told
