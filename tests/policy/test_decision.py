"""The verdict: first matching rule, strictest name, the school's own word, and always a reason."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from zoneinfo import ZoneInfo

import pytest
from schoolgate.policy.calendar import Calendar, Window
from schoolgate.policy.decision import decide
from schoolgate.policy.identity import Group, Inspect, People
from schoolgate.policy.private import is_private
from schoolgate.policy.purpose import Purpose, Purposes, Site, Work
from schoolgate.policy.request import request_from_url
from schoolgate.policy.rules import Action, Alert, Category, Hit, Listing, Rule, Stage, Subject
from schoolgate.policy.said import is_judged
from schoolgate.policy.snapshot import Snapshot
from schoolgate.policy.standing import Declared, Standing
from schoolgate.policy.verdict import heard
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


PUPIL, STAFF = "10.1.0.1", "10.2.0.1"
OURS = Work(Purpose.PAGE, "Our shop", (Site("shop.example", "/ours"),), approver="Head")
PURPOSES = Purposes(
    (OURS, Work(Purpose.CHANNEL, "Porn", (Site("porn.example"),), approver="Head")),
    {"health.example": "health", "porn.example": "health", "banned.example": "unions", "shop.example": "banking"},
)
WORK = replace(SNAPSHOT, purposes=Purposes(PURPOSES.works))
PRIVATE = replace(SNAPSHOT, purposes=PURPOSES)
DECLARED = Declared("d", "u-1", ("shop.example",), "prices", TUESDAY, LUNCH)


def test_a_visit_with_a_purpose_is_left_out_with_the_reason_and_keeps_what_was_matched() -> None:
    verdict = decide(request_from_url("shop.example/ours/1", at=TUESDAY, client=STAFF), WORK)
    assert (verdict.action, verdict.alert, verdict.rule) == (Action.ALLOW, Alert.NONE, "staff-log")
    assert (verdict.category, verdict.list, verdict.entry) == ("shopping", "s-list", "shop.example")
    assert verdict.left_out == "work: the school's official page 'Our shop' (approved by Head)"
    other = decide(request_from_url("shop.example/other", at=TUESDAY, client=STAFF), WORK)
    assert (other.action, other.left_out) == (Action.LOG, "")


@pytest.mark.parametrize(("person", "action"), [("u-1", Action.ALLOW), ("u-2", Action.LOG), ("", Action.LOG)])
def test_what_a_person_declared_ahead_is_work_for_that_person(person: str, action: Action) -> None:
    standing = Standing(declared=(DECLARED,))
    request = request_from_url("shop.example/x", at=TUESDAY, client=STAFF)
    verdict = decide(request, SNAPSHOT, standing=standing, person=person)
    assert (verdict.action, bool(verdict.left_out)) == (action, action is Action.ALLOW)


def test_a_warning_before_a_site_is_lifted_by_a_purpose_too() -> None:
    warned = replace(WORK, rules=(_rule("staff-warn", "staff", "shopping", Action.WARN, "working_hours", "digest"),))
    assert decide(request_from_url("shop.example/ours", at=TUESDAY, client=STAFF), warned).left_out
    assert decide(request_from_url("shop.example/", at=TUESDAY, client=STAFF), warned).action is Action.WARN


def test_no_purpose_lifts_a_block_or_helps_a_pupil() -> None:
    for url, client in (("porn.example", STAFF), ("banned.example", STAFF), ("porn.example", PUPIL)):
        verdict = decide(request_from_url(url, at=TUESDAY, client=client), WORK)
        assert (verdict.action, verdict.left_out) == (Action.BLOCK, "")
    assert decide(request_from_url("shop.example/ours", at=TUESDAY, client=PUPIL), WORK).action is Action.WARN


def test_outside_working_time_no_purpose_is_needed() -> None:
    verdict = decide(request_from_url("shop.example/ours", at=LUNCH, client=STAFF), WORK)
    assert (verdict.action, verdict.left_out) == (Action.ALLOW, "")


@pytest.mark.parametrize("url", ["health.example", "www.health.example/me", "shop.example/x"])
def test_private_sites_leave_nothing_to_write_down(url: str) -> None:
    request = request_from_url(url, at=TUESDAY, client=STAFF)
    for stage in (Stage.HELLO, Stage.REQUEST):
        verdict = decide(request, PRIVATE, stage)
        assert (verdict.action, verdict.alert, verdict.left_out) == (Action.ALLOW, Alert.NONE, "")
        assert (verdict.category, verdict.list, verdict.entry, verdict.rule, verdict.theme) == ("",) * 5
        assert verdict.why.startswith("The school never looks at sites of this kind (")


@pytest.mark.parametrize(
    ("client", "names", "topic"),
    [
        (STAFF, ("health.example",), "health"),
        (STAFF, ("www.health.example", "health.example"), "health"),
        (STAFF, ("shop.example",), "banking"),
        (STAFF, ("fine.example",), ""),
        (STAFF, ("health.example", "fine.example"), ""),
        (STAFF, ("192.0.2.1", "health.example"), ""),
        (STAFF, ("porn.example",), ""),
        (STAFF, ("banned.example",), ""),
        (STAFF, (), ""),
        (PUPIL, ("health.example",), ""),
        ("10.3.0.1", ("health.example",), ""),
    ],
)
def test_only_staff_and_only_what_nobody_blocks_is_private(client: str, names: tuple[str, ...], topic: str) -> None:
    identity = PRIVATE.people.identify(client, None)
    assert is_private(PRIVATE, identity, names) == topic


def test_a_private_name_that_is_blocked_stays_blocked() -> None:
    for url in ("porn.example", "banned.example"):
        assert decide(request_from_url(url, at=TUESDAY, client=STAFF), PRIVATE).action is Action.BLOCK


def test_a_site_that_is_blocked_at_other_hours_is_not_private_now() -> None:
    later = replace(PRIVATE, rules=(_rule("late", "staff", "shopping", Action.BLOCK, "outside_working_hours"),))
    assert is_private(later, later.people.identify(STAFF, None), ("shop.example",)) == ""


def test_nothing_on_a_private_site_is_judged_for_staff() -> None:
    for client, url, judged in (
        (STAFF, "health.example", False),
        (STAFF, "fine.example", True),
        (PUPIL, "health.example", True),
        (STAFF, "porn.example", True),
    ):
        request = request_from_url(url, at=TUESDAY, client=client)
        identity = PRIVATE.people.identify(client, None)
        for subject in (Subject.PAGES, Subject.SEARCHES, Subject.PICTURES):
            assert is_judged(identity, request, PRIVATE, subject) is judged
