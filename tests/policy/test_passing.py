"""Which names may stay closed, by the shipped lists and rules."""

from dataclasses import replace

import pytest
from schoolgate.content.searches import open_engines
from schoolgate.lists.catalogue import Catalogue
from schoolgate.lists.entry import Entry
from schoolgate.lists.local_words import LocalWords
from schoolgate.policy.passing import Ground, Held, ground_at_once, held_back, is_harmless
from schoolgate.settings.load import Settings

ENGINES = open_engines()


@pytest.mark.parametrize(
    ("host", "ground"),
    [
        ("courier.push.apple.com", Ground.APP),
        ("mtalk.google.com", Ground.APP),
        ("fe2.update.microsoft.com", Ground.APP),
        ("www.nhs.uk", Ground.TOPIC),
        ("www.barclays.co.uk", Ground.TOPIC),
        ("www.childline.org.uk", Ground.TOPIC),
        ("apple.com", None),
        ("accounts.google.com", None),
        ("login.microsoftonline.com", None),
        ("www.google.com", None),
        ("pornhub.com", None),
        ("unknown-site-of-nobody.example", None),
    ],
)
def test_what_is_passed_through_from_the_start(default: Settings, host: str, ground: Ground | None) -> None:
    found = ground_at_once(default.snapshot, host, ENGINES.knows(host))
    assert (found[0] if found else None) is ground


@pytest.mark.parametrize(
    ("host", "pupils", "staff"),
    [
        ("gsa.apple.com", None, None),
        ("play.googleapis.com", None, None),
        ("p42-content.icloud.com", Held.STAFF, None),
        ("www.dropbox.com", Held.STAFF, None),
        ("mask.icloud.com", Held.BLOCKED, Held.BLOCKED),
        ("web.whatsapp.com", Held.BLOCKED, None),
        ("www.bbc.co.uk", Held.UNKNOWN, Held.UNKNOWN),
        ("docs.google.com", Held.UNKNOWN, Held.UNKNOWN),
        ("pornhub.com", Held.BLOCKED, Held.BLOCKED),
        ("bestonlinecasinoslots.example", Held.BLOCKED, Held.BLOCKED),
        ("unknown-site-of-nobody.example", Held.UNKNOWN, Held.UNKNOWN),
    ],
)
def test_what_may_be_learned(default: Settings, host: str, pupils: Held | None, staff: Held | None) -> None:
    asked = [held_back(default.snapshot, group, host, ENGINES.knows(host)) for group in ("pupils", "staff")]
    assert asked == [pupils, staff]


def test_the_school_has_the_last_word(default: Settings) -> None:
    passing = replace(
        default.snapshot.passing,
        given=frozenset({"given.example"}),
        never=frozenset({"apple.com", "never.given.example"}),
    )
    snapshot = replace(default.snapshot, passing=passing)
    assert ground_at_once(snapshot, "a.given.example", False) == (Ground.GIVEN, "given in school.yaml")
    assert ground_at_once(snapshot, "never.given.example", False) is None
    assert ground_at_once(snapshot, "push.apple.com", False) is None
    assert held_back(snapshot, "staff", "gsa.apple.com", False) is Held.NEVER
    off = replace(snapshot, passing=replace(passing, is_learning=False))
    assert held_back(off, "staff", "play.googleapis.com", False) is Held.OFF
    assert ground_at_once(off, "mtalk.google.com", False) is not None


def test_a_host_of_which_the_school_has_blocked_a_part_is_looked_into(default: Settings) -> None:
    passing = replace(
        default.snapshot.passing, in_part=frozenset({"push.apple.com"}), given=frozenset({"push.apple.com"})
    )
    snapshot = replace(default.snapshot, passing=passing)
    assert not is_harmless(snapshot, "push.apple.com")
    assert ground_at_once(snapshot, "push.apple.com", False) is None


@pytest.mark.parametrize(
    ("allowed", "blocked", "host", "held"),
    [
        ("part.example", "part.example/games", "part.example", Held.BLOCKED),
        ("part.example", "part.example/games", "www.part.example", Held.BLOCKED),  # the entry holds there, too
        ("a.part.example", "part.example/games", "www.a.part.example", None),  # it holds there no longer
        ("docs.google.com", "", "docs.google.com", None),
        ("google.com", "", "lens.google.com", Held.BLOCKED),  # google.com/logos is a games list's
        ("pinned.example", "", "pinned.example", None),
    ],
)
def test_who_blocks_a_part_of_a_site_blocks_it_below_too(
    default: Settings, allowed: str, blocked: str, host: str, held: Held | None
) -> None:
    words = LocalWords([Entry(allowed)], [Entry(*_split(blocked))] if blocked else [])
    lists = default.snapshot.lists
    assert isinstance(lists, Catalogue)
    passing = replace(default.snapshot.passing, in_part=words.blocked_in_part(), given=frozenset({allowed}))
    snapshot = replace(default.snapshot, passing=passing, lists=Catalogue(lists.index, words))
    assert held_back(snapshot, "pupils", host, False) is held
    if blocked:
        assert (ground_at_once(snapshot, host, False) is None) is (held is Held.BLOCKED)


def _split(address: str) -> tuple[str, str]:
    host, _, path = address.partition("/")
    return host, f"/{path}"


def test_every_shipped_host_is_harmless_by_the_shipped_rules_but_for_chat(default: Settings) -> None:
    passing = default.snapshot.passing
    hosts = {**passing.at_once, **passing.learned, **passing.staff}
    harmful = {host for host in hosts if not is_harmless(default.snapshot, host)}
    assert harmful <= {"signal.org", "whatsapp.com", "whatsapp.net"}
    assert not any(default.snapshot.purposes.topic(host) for host in hosts)
