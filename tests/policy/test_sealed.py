"""What is sealed is asked for before everything else, and says nothing of the address."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from policy.test_decision import SNAPSHOT, TUESDAY
from schoolgate.lists.sealed.marks import digested
from schoolgate.lists.sealed.reading import Address
from schoolgate.policy.decision import decide, refuse
from schoolgate.policy.opened import may_be_opened
from schoolgate.policy.request import request_from_url
from schoolgate.policy.rules import Action, Alert, Category, Stage
from schoolgate.policy.sealed import SEALED, Sealed
from schoolgate.policy.standing import Opened, Standing
from schoolgate.policy.verdict import Verdict, heard, outweighs
from schoolgate.policy.visits import Kind, Origin
from schoolgate.store.event import event_of
from schoolgate.store.pseudonym import Pseudonyms

KEY = b"k" * 32
ENTRIES = (
    (Address("whole.example", "/", "", is_folder=True),),
    (Address("allowed.example", "/bad", "", is_folder=False),),
    (Address("porn.example", "/worse", "", is_folder=False),),
)
SEALED_SNAPSHOT = replace(SNAPSHOT, sealed=Sealed(KEY, [digested("iwf", KEY, ENTRIES).feed]))
EVERYBODY = ("10.1.0.1", "10.2.0.1", "10.3.0.1", "192.0.2.1")


def verdict(
    url: str, client: str = "10.1.0.1", stage: Stage = Stage.REQUEST, standing: Standing | None = None
) -> Verdict:
    request = request_from_url(url, at=TUESDAY, client=client)
    return decide(request, SEALED_SNAPSHOT, stage, standing or Standing())


@pytest.mark.parametrize("client", EVERYBODY)
@pytest.mark.parametrize("url", ["https://a.whole.example/x", "http://allowed.example/bad?x", "porn.example/worse"])
def test_no_group_and_no_word_of_the_school_opens_it(url: str, client: str) -> None:
    found = verdict(url, client)
    assert (found.action, found.rule, found.category, found.list) == (Action.BLOCK, SEALED, SEALED, "iwf")
    assert (found.alert, found.host) == (Alert.IMMEDIATE, "")
    assert "example" not in repr(replace(found, identity=SNAPSHOT.people.identify(None, None)))


@pytest.mark.parametrize("stage", [Stage.DNS, Stage.HELLO])
@pytest.mark.parametrize("client", EVERYBODY)
def test_by_its_name_alone_a_whole_site_is_refused_and_a_shared_one_is_not(client: str, stage: Stage) -> None:
    assert verdict("https://whole.example/", client, stage).rule == SEALED
    assert verdict("https://allowed.example/bad", client, stage).rule != SEALED


@pytest.mark.parametrize(
    "url",
    [
        "https://web.archive.org/web/2020/http://allowed.example/bad",
        "https://translate.google.com/translate?sl=auto&u=http%3A%2F%2Fallowed.example%2Fbad",
        "https://allowed-example.translate.goog/bad?_x_tr_sl=auto",
        "https://porn.example/http://allowed.example/bad",
    ],
)
def test_a_page_behind_another_is_sealed_too_and_the_outer_address_is_not_kept(url: str) -> None:
    found = verdict(url)
    assert found.rule == SEALED
    request = request_from_url(url, at=TUESDAY, client="10.1.0.1")
    event = event_of(request, found, Origin(Kind.VISIT, "opened"), Pseudonyms(KEY))
    assert (event.host, event.path, event.search) == ("", "", None)
    assert "allowed" not in repr(event)


def test_an_opening_lifts_nothing() -> None:
    always = {"since": TUESDAY - timedelta(days=1), "until": datetime(2999, 1, 1, tzinfo=UTC)}
    opened = Opened(id="1", group="pupils", host="whole.example", path="", by="somebody", **always)
    assert verdict("whole.example", standing=Standing(opened=(opened,))).rule == SEALED
    assert not may_be_opened(SEALED, {SEALED: Category(SEALED, "Illegal", "content", "why")})


def test_it_is_told_at_once_whatever_asked_for_it_and_before_any_search() -> None:
    found = verdict("whole.example")
    assert heard(found, Kind.EMBEDDED) is Alert.IMMEDIATE
    search = replace(found, rule="searches", category="adult", stage=Stage.SEARCH, search="words")
    assert not outweighs(search, found)


def test_a_way_of_asking_that_is_refused_gives_no_address_away() -> None:
    request = request_from_url("whole.example:1194", at=TUESDAY, client="10.1.0.1")
    identity = SNAPSHOT.people.identify("10.1.0.1", None)
    found = refuse(identity, request, SEALED_SNAPSHOT, "odd-port", "Port 1194 leads past the filter.")
    assert (found.rule, found.host) == (SEALED, "")
    other = request_from_url("fine.example:1194", at=TUESDAY, client="10.1.0.1")
    assert refuse(identity, other, SEALED_SNAPSHOT, "odd-port", "").rule == "odd-port"


def test_a_rule_or_a_category_alone_that_is_called_sealed_hides_nothing() -> None:
    """A rule of the school's may be called what it likes: its events stay whole."""
    found = replace(verdict("https://porn.example/x"), rule=SEALED)
    event = event_of(
        request_from_url("https://porn.example/x", at=TUESDAY), found, Origin(Kind.VISIT, ""), Pseudonyms(KEY)
    )
    assert (event.host, event.path) == ("porn.example", "/x")
