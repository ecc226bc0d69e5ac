"""The verdict: first matching rule, strictest name, the school's own word, and always a reason."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from zoneinfo import ZoneInfo

import pytest
from schoolgate.policy.calendar import Calendar, Window
from schoolgate.policy.decision import decide, heard
from schoolgate.policy.identity import Group, Inspect, People
from schoolgate.policy.request import request_from_url
from schoolgate.policy.rules import Action, Alert, Category, Hit, Listing, Rule, Stage
from schoolgate.policy.snapshot import Snapshot
from schoolgate.policy.visits import Kind

TUESDAY = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)
LUNCH = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


class Book:
    """Lists in memory."""

    pages = {
        "porn.example": Listing((Hit("adult", "a-list", "porn.example"),)),
        "both.example": Listing((Hit("shopping", "s", "both.example"), Hit("adult", "a", "both.example"))),
        "shop.example": Listing((Hit("shopping", "s-list", "shop.example"),)),
        "allowed.example": Listing(
            (Hit("adult", "a", "allowed.example"),), (Action.ALLOW, Hit("local", "local/allow", "allowed.example"))
        ),
        "banned.example": Listing((), (Action.BLOCK, Hit("local", "local/block", "banned.example"))),
    }

    def look_up(self, host: str, target: str) -> Listing:
        return self.pages.get(host, Listing())

    def is_protected(self, host: str) -> bool:
        return host.endswith("protected.example")


def _rule(name: str, groups: str, categories: str, action: Action, when: str = "always", alert: str = "none") -> Rule:
    return Rule(name, frozenset(groups.split()), tuple(categories.split()), when, action, Alert(alert), "why", "basis")


HOURS = {"staff": ((Window(495, 735), Window(780, 960)),) * 7}
SNAPSHOT = Snapshot(
    "v1",
    People(
        (
            Group("pupils", "Pupils", Inspect.FULL, (ip_network("10.1.0.0/16"),)),
            Group("staff", "Staff", Inspect.FULL, (ip_network("10.2.0.0/16"),)),
            Group("servers", "Servers", Inspect.NONE, (ip_network("10.3.0.0/16"),)),
        ),
        "pupils",
    ),
    Calendar(ZoneInfo("Europe/London"), HOURS),
    {name: Category(name, name.title(), "content", "why") for name in ("adult", "shopping")},
    (
        _rule("pupils-harm", "pupils servers", "adult", Action.BLOCK, alert="immediate"),
        _rule("pupils-shop", "pupils", "shopping", Action.WARN),
        _rule("staff-adult", "staff", "adult", Action.BLOCK),
        _rule("staff-log", "staff", "shopping", Action.LOG, "working_hours", "digest"),
    ),
    Book(),
)


@pytest.mark.parametrize(
    ("url", "client", "at", "action", "rule"),
    [
        ("porn.example", "10.1.0.1", TUESDAY, Action.BLOCK, "pupils-harm"),
        ("porn.example", "10.2.0.1", TUESDAY, Action.BLOCK, "staff-adult"),
        ("porn.example", "10.3.0.1", TUESDAY, Action.ALLOW, ""),
        ("porn.example", "192.0.2.1", TUESDAY, Action.BLOCK, "pupils-harm"),
        ("both.example", "10.1.0.1", TUESDAY, Action.BLOCK, "pupils-harm"),
        ("shop.example", "10.1.0.1", TUESDAY, Action.WARN, "pupils-shop"),
        ("shop.example", "10.2.0.1", TUESDAY, Action.LOG, "staff-log"),
        ("shop.example", "10.2.0.1", LUNCH, Action.ALLOW, ""),
        ("fine.example", "10.1.0.1", TUESDAY, Action.ALLOW, ""),
        ("allowed.example", "10.1.0.1", TUESDAY, Action.ALLOW, "local-allow"),
        ("banned.example", "10.2.0.1", TUESDAY, Action.BLOCK, "local-block"),
    ],
)
def test_the_first_matching_rule_decides(url: str, client: str, at: datetime, action: Action, rule: str) -> None:
    verdict = decide(request_from_url(url, at=at, client=client), SNAPSHOT)
    assert (verdict.action, verdict.rule) == (action, rule)
    assert verdict.why
    assert verdict.calendar
    assert verdict.snapshot == "v1"


def test_a_verdict_names_category_list_and_entry() -> None:
    verdict = decide(request_from_url("porn.example", at=TUESDAY, client="10.1.0.1"), SNAPSHOT)
    assert (verdict.category, verdict.list, verdict.entry) == ("adult", "a-list", "porn.example")
    assert (verdict.theme, verdict.basis, verdict.alert) == ("content", "basis", Alert.IMMEDIATE)
    assert verdict.stage is Stage.REQUEST


@pytest.mark.parametrize("names", [("fine.example", "porn.example"), ("allowed.example", "porn.example")])
def test_one_harmful_name_is_enough_and_is_the_one_named(names: tuple[str, ...]) -> None:
    request = replace(request_from_url("fine.example", at=TUESDAY, client="10.1.0.1"), names=names)
    verdict = decide(request, SNAPSHOT)
    assert (verdict.action, verdict.host) == (Action.BLOCK, "porn.example")


@pytest.mark.parametrize(
    ("kind", "alert"),
    [
        (Kind.VISIT, Alert.IMMEDIATE),
        (Kind.UNKNOWN, Alert.IMMEDIATE),
        (Kind.EMBEDDED, Alert.DIGEST),
        (Kind.PREFETCH, Alert.DIGEST),
    ],
)
def test_only_what_a_person_may_have_done_alarms(kind: Kind, alert: Alert) -> None:
    verdict = decide(request_from_url("porn.example", at=TUESDAY, client="10.1.0.1"), SNAPSHOT)
    assert heard(verdict, kind) is alert
