"""An opening lifts a block for one group, one site and its time, and nothing harmful and nothing that the school blocks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from schoolgate.policy.calendar import Calendar, Window
from schoolgate.policy.decision import decide
from schoolgate.policy.identity import Group, Inspect, People
from schoolgate.policy.opened import NEVER_OPENED, may_be_opened, still_said
from schoolgate.policy.request import request_from_url
from schoolgate.policy.rules import TEXT, Action, Alert, Category, Hit, Listing, Rule, Stage
from schoolgate.policy.snapshot import Snapshot
from schoolgate.policy.standing import Opened, Standing
from schoolgate.settings.load import Settings

NOW = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)
NAMES = ("games", "shopping", "adult", "grooming", "social_media")


class Book:
    """Lists in memory: a site's listing holds for all below it."""

    sites = {
        "play.example": Listing((Hit("games", "g", "play.example"),)),
        "shop.example": Listing((Hit("shopping", "s", "shop.example"),)),
        "mixed.example": Listing((Hit("games", "g", "mixed.example"), Hit("adult", "a", "mixed.example"))),
        "groomers.example": Listing((Hit("grooming", "a", "groomers.example"),)),
        "own.example": Listing((Hit("own", "o", "own.example"),)),
        "banned.example": Listing((), (Action.BLOCK, Hit("local", "local/block", "banned.example"))),
    }

    def look_up(self, host: str, target: str) -> Listing:
        found = self.sites.get(host.removeprefix("www."), Listing())
        if host.endswith("play.example") and target.startswith("/adult"):
            return Listing((*found.hits, Hit("adult", "a", "play.example/adult")))
        return found

    def is_protected(self, host: str) -> bool:
        return False


def _rule(name: str, groups: str, categories: str, action: Action, when: str = "always") -> Rule:
    return Rule(name, frozenset(groups.split()), tuple(categories.split()), when, action, Alert.NONE, "why", "")


SNAPSHOT = Snapshot(
    "v1",
    People(
        (
            Group("year6", "Year 6", Inspect.FULL, (ip_network("10.1.0.0/16"),)),
            Group("year2", "Year 2", Inspect.FULL, (ip_network("10.4.0.0/16"),)),
            Group("staff", "Staff", Inspect.FULL, (ip_network("10.2.0.0/16"),)),
        ),
        "year6",
    ),
    Calendar(ZoneInfo("Europe/London"), {"staff": ((Window(0, 1440),),) * 7}),
    {n: Category(n, n, "content", "why", {"grooming": "adult"}.get(n, "")) for n in NAMES},
    (
        _rule("harm", "year6 year2 staff", "adult grooming", Action.BLOCK),
        _rule("play", "year6 year2 staff", "games own", Action.BLOCK),
        _rule("shop", "year6 year2", "shopping", Action.WARN),
        _rule("staff-shop", "staff", "shopping", Action.LOG),
    ),
    Book(),
)
HOUR = timedelta(hours=1)


def _opened(site: str, group: str = "year6", since: datetime = NOW, until: datetime = NOW + HOUR) -> Standing:
    host, slash, path = site.partition("/")
    return Standing(opened=(Opened("o1", host, slash + path, group, since, until, "a teacher"),))


def _action(url: str, standing: Standing, client: str = "10.1.0.1", at: datetime = NOW) -> tuple[Action, str]:
    verdict = decide(request_from_url(url, at=at, client=client), SNAPSHOT, standing=standing)
    return verdict.action, verdict.rule


@pytest.mark.parametrize(
    ("opened", "url", "rule"),
    [
        ("play.example", "play.example", "opened"),
        ("play.example", "https://www.play.example/maths", "opened"),
        ("play.example", "play.example.", "opened"),
        ("play.example/maths", "play.example/maths", "opened"),
        ("play.example/maths", "play.example/maths/7?x=1", "opened"),
        ("play.example/maths", "play.example/%6daths/7", "opened"),
        ("play.example/maths", "play.example/", "play"),
        ("play.example/maths", "play.example/mathsgames", "play"),
        ("play.example/maths", "play.example/maths/../shooting", "play"),
        ("www.play.example", "play.example", "play"),
        ("y.example", "play.example", "play"),
        ("play.example.com", "play.example", "play"),
        # never what is harmful, in whole or in part, and never what the school itself has blocked
        ("mixed.example", "mixed.example", "harm"),
        ("groomers.example", "groomers.example", "harm"),
        ("play.example", "play.example/adult", "harm"),
        ("banned.example", "banned.example", "local-block"),
        ("own.example", "own.example", "play"),
    ],
)
def test_a_site_or_a_part_of_it_is_opened_and_nothing_harmful(opened: str, url: str, rule: str) -> None:
    action = Action.ALLOW if rule == "opened" else Action.BLOCK
    assert _action(url, _opened(opened)) == (action, rule)


@pytest.mark.parametrize("client", ["10.4.0.1", "10.2.0.1"])
def test_other_groups_stay_as_they_are(client: str) -> None:
    assert _action("play.example", _opened("play.example"), client) == (Action.BLOCK, "play")


@pytest.mark.parametrize(
    ("seconds", "rule"), [(-1, "play"), (0, "opened"), (3599.999, "opened"), (3600, "play"), (86400, "play")]
)
def test_it_holds_from_its_beginning_up_to_its_end(seconds: float, rule: str) -> None:
    assert _action("play.example", _opened("play.example"), at=NOW + timedelta(seconds=seconds))[1] == rule


def test_the_verdict_says_for_whom_until_when_and_by_whom() -> None:
    verdict = decide(
        request_from_url("play.example", at=NOW, client="10.1.0.1"), SNAPSHOT, standing=_opened("play.example")
    )
    assert verdict.why == "Opened for Year 6 until 11:42 by a teacher."
    assert (verdict.category, verdict.list, verdict.entry) == ("games", "g", "play.example")
    tomorrow = _opened("play.example", until=NOW + 24 * HOUR)
    verdict = decide(request_from_url("play.example", at=NOW, client="10.1.0.1"), SNAPSHOT, standing=tomorrow)
    assert verdict.why == "Opened for Year 6 until 10:42 on 2026-11-25 by a teacher."


def test_the_end_is_told_on_the_schools_clock() -> None:
    june = datetime(2026, 6, 9, 9, 0, tzinfo=UTC)
    standing = _opened("play.example", since=june, until=june + HOUR)
    verdict = decide(request_from_url("play.example", at=june, client="10.1.0.1"), SNAPSHOT, standing=standing)
    assert "until 11:00" in verdict.why


def test_what_is_not_blocked_stays_as_it_was() -> None:
    assert _action("shop.example", _opened("shop.example")) == (Action.WARN, "shop")
    assert _action("shop.example", _opened("shop.example", "staff"), "10.2.0.1") == (Action.LOG, "staff-shop")
    assert _action("fine.example", _opened("fine.example")) == (Action.ALLOW, "")


@pytest.mark.parametrize("names", [("play.example", "mixed.example"), ("play.example", "own.example")])
def test_a_name_that_is_opened_opens_no_other_beside_it(names: tuple[str, ...]) -> None:
    request = replace(request_from_url("play.example", at=NOW, client="10.1.0.1"), names=names)
    assert decide(request, SNAPSHOT, standing=_opened("play.example")).action is Action.BLOCK


def test_where_only_the_name_is_known_a_part_of_a_site_is_not_opened() -> None:
    request = request_from_url("play.example/maths", at=NOW, client="10.1.0.1")
    for site, action in (("play.example", Action.ALLOW), ("play.example/maths", Action.BLOCK)):
        assert decide(request, SNAPSHOT, Stage.HELLO, _opened(site)).action is action


def test_the_one_that_ends_last_is_told() -> None:
    one, other = _opened("play.example"), _opened("play.example", until=NOW + 2 * HOUR)
    for opened in ((*one.opened, *other.opened), (*other.opened, *one.opened)):
        request = request_from_url("play.example", at=NOW, client="10.1.0.1")
        assert "until 12:42" in decide(request, SNAPSHOT, standing=Standing(opened=opened)).why


def test_what_an_opened_page_says_counts_only_where_it_is_harmful() -> None:
    said = (Hit("games", TEXT, "play"), Hit("adult", TEXT, "words"))
    assert still_said("opened", said, SNAPSHOT.categories) == said[1:]
    assert still_said("", said, SNAPSHOT.categories) == said


def test_every_shipped_category_is_sorted(default: Settings) -> None:
    categories = default.snapshot.categories
    assert sorted(name for name in categories if may_be_opened(name, categories)) == [
        "ai_chatbots", "alcohol_tobacco", "blogs", "chat", "games", "misinformation", "shopping", "social_media",
        "streaming", "webmail",
    ]  # fmt: skip
    assert set(categories) >= NEVER_OPENED
    assert not may_be_opened("local", categories)
    told = (Path(__file__).parents[2] / "docs" / "unblocking.md").read_text()
    assert all(f"`{name}`" in told for name in NEVER_OPENED)
