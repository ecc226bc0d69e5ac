"""What a page says, and what is searched for, under the rules: per group, never held against staff, never without need."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from math import inf
from zoneinfo import ZoneInfo

import pytest
from schoolgate.policy.calendar import Calendar
from schoolgate.policy.decision import decide
from schoolgate.policy.identity import Group, Inspect, People
from schoolgate.policy.request import WebRequest, request_from_url
from schoolgate.policy.rules import PICTURE, SEARCH, TEXT, Action, Alert, Category, Hit, Listing, Rule, Stage, Subject
from schoolgate.policy.said import decide_said, is_judged, text_limit
from schoolgate.policy.snapshot import Snapshot

NOW = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)
SEARCHES = frozenset({Subject.SEARCHES})
PAGES = frozenset({Subject.PAGES})


class Book:
    """One site that the school allows, one that is protected."""

    def look_up(self, host: str, target: str) -> Listing:
        allowed = (Action.ALLOW, Hit("local", "local/allow", host))
        listed = (Hit("adult", "a-list", host),) if host == "listed.example" else ()
        return Listing(listed, allowed if host == "allowed.example" else None)

    def is_protected(self, host: str) -> bool:
        return host == "protected.example"


def rule(
    name: str, groups: str, categories: str, action: Action, alert: str = "none", **more: frozenset[Subject]
) -> Rule:
    return Rule(
        name, frozenset(groups.split()), tuple(categories.split()), "always", action, Alert(alert), "why", "", **more
    )


RULES = (
    rule("worries", "pupils", "self_harm", Action.BLOCK, "immediate", subjects=SEARCHES),
    rule("told", "pupils sixth", "drugs", Action.LOG, "immediate", subjects=SEARCHES),
    rule("harm", "pupils year2", "adult self_harm", Action.BLOCK, "immediate"),
    rule("staff-adult", "staff", "adult", Action.BLOCK, subjects=frozenset({Subject.ADDRESSES})),
    rule("staff-log", "staff", "gambling drugs", Action.LOG, "digest"),
)
SNAPSHOT = Snapshot(
    "v1",
    People(
        (
            Group("pupils", "Pupils", Inspect.FULL, (ip_network("10.1.0.0/16"),)),
            Group("year2", "Year 2", Inspect.FULL, (ip_network("10.2.0.0/16"),), text_limit=60),
            Group("staff", "Staff", Inspect.FULL, (ip_network("10.3.0.0/16"),), text_limit=160),
            Group("unread", "Unread", Inspect.FULL, (ip_network("10.4.0.0/16"),), text_limit=None),
            Group("sixth", "Sixth form", Inspect.FULL, (ip_network("10.6.0.0/16"),)),
            Group("guests", "Guests", Inspect.NAMES, (ip_network("10.5.0.0/16"),)),
        ),
        "pupils",
    ),
    Calendar(ZoneInfo("Europe/London"), {}),
    {name: Category(name, name, "content", "why") for name in ("adult", "self_harm", "drugs", "gambling")},
    RULES,
    Book(),
)


def asked(client: str, url: str = "news.example") -> WebRequest:
    return request_from_url(url, at=NOW, client=client)


@pytest.mark.parametrize(
    ("client", "hit", "action", "by", "alert"),
    [
        ("10.1.0.1", Hit("adult", TEXT, "e"), Action.BLOCK, "harm", Alert.DIGEST),
        ("10.1.0.1", Hit("adult", TEXT, "e", certain=True), Action.BLOCK, "harm", Alert.IMMEDIATE),
        ("10.1.0.1", Hit("adult", PICTURE, "e"), Action.BLOCK, "harm", Alert.DIGEST),
        ("10.1.0.1", Hit("self_harm", TEXT, "e"), Action.BLOCK, "harm", Alert.DIGEST),  # not by the rule for searches
        ("10.1.0.1", Hit("self_harm", SEARCH, "e"), Action.BLOCK, "worries", Alert.IMMEDIATE),
        ("10.1.0.1", Hit("drugs", SEARCH, "e"), Action.LOG, "told", Alert.IMMEDIATE),
        ("10.1.0.1", Hit("drugs", TEXT, "e"), Action.ALLOW, "", Alert.NONE),
        ("10.3.0.1", Hit("gambling", TEXT, "e", certain=True), Action.ALLOW, "", Alert.NONE),
        ("10.3.0.1", Hit("drugs", SEARCH, "e", certain=True), Action.ALLOW, "", Alert.NONE),
        ("10.3.0.1", Hit("adult", TEXT, "e", certain=True), Action.ALLOW, "", Alert.NONE),  # a rule for addresses only
    ],
)
def test_the_first_rule_that_means_it(client: str, hit: Hit, action: Action, by: str, alert: Alert) -> None:
    identity = SNAPSHOT.people.identify(client, None)
    verdict = decide_said(identity, asked(client), SNAPSHOT, (hit,), Stage.SEARCH, "the words")
    assert (verdict.action, verdict.rule, verdict.alert) == (action, by, alert)
    assert verdict.search == "the words"
    assert verdict.why


def test_nothing_found_is_allowed() -> None:
    identity = SNAPSHOT.people.identify("10.1.0.1", None)
    assert decide_said(identity, asked("10.1.0.1"), SNAPSHOT, ()).action is Action.ALLOW


def test_a_rule_for_pages_does_not_block_addresses() -> None:
    request = asked("10.1.0.1", "listed.example")
    assert decide(request, SNAPSHOT).action is Action.BLOCK
    pages_only = tuple(replace(each, subjects=PAGES) for each in RULES)
    assert decide(request, replace(SNAPSHOT, rules=pages_only)).action is Action.ALLOW


@pytest.mark.parametrize(
    ("client", "site", "limit"),
    [
        ("10.1.0.1", "news.example", 100),
        ("10.2.0.1", "news.example", 60),
        ("10.3.0.1", "news.example", 160),
        ("10.4.0.1", "news.example", inf),
        ("10.1.0.1", "protected.example", 200),
        ("10.1.0.1", "allowed.example", inf),
    ],
)
def test_the_limit_is_the_groups_own_and_higher_where_the_school_must_go(client: str, site: str, limit: float) -> None:
    assert text_limit(SNAPSHOT.people.identify(client, None), asked(client, site), SNAPSHOT) == limit


@pytest.mark.parametrize(
    ("client", "subject", "judged"),
    [
        ("10.1.0.1", Subject.PAGES, True),
        ("10.1.0.1", Subject.SEARCHES, True),
        ("10.2.0.1", Subject.PAGES, True),
        ("10.6.0.1", Subject.SEARCHES, True),  # only a rule that writes searches down
        ("10.6.0.1", Subject.PAGES, False),
        ("10.3.0.1", Subject.PAGES, False),  # no rule of staff could do anything about words
        ("10.4.0.1", Subject.PAGES, False),
        ("10.5.0.1", Subject.PAGES, False),
    ],
)
def test_words_are_read_only_where_a_rule_could_act_on_them(client: str, subject: Subject, judged: bool) -> None:
    assert is_judged(SNAPSHOT.people.identify(client, None), asked(client), SNAPSHOT, subject) is judged
