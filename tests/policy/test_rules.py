"""Of many rules the first that matches wins, whichever way it is found."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from schoolgate.policy.calendar import Calendar
from schoolgate.policy.case import Case
from schoolgate.policy.identity import Group, Inspect, People
from schoolgate.policy.request import request_from_url
from schoolgate.policy.rules import Action, Alert, Hit, Listing, Rule, Stage, Subject
from schoolgate.policy.snapshot import Snapshot

NOW = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)
GROUPS, CATEGORIES = ("pupils", "staff"), ("adult", "games", "chat")
RULE = st.builds(
    lambda groups, categories, when, subject: (frozenset(groups), tuple(categories), when, subject),
    st.lists(st.sampled_from(GROUPS), min_size=1, unique=True),
    st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=4),
    st.sampled_from(("always", "term", "never")),
    st.sampled_from((Subject.ADDRESSES, Subject.PAGES)),
)
FOUND = st.lists(st.builds(lambda name, category: (name, Hit(category, "list", name)), st.sampled_from("abc"), st.sampled_from((*CATEGORIES, "unknown"))))  # fmt: skip


class Nothing:
    """Lists that are empty."""

    def look_up(self, host: str, target: str) -> Listing:
        return Listing()


def means(rule: Rule, hit: Hit) -> bool:
    return Subject.ADDRESSES in rule.subjects


def one_by_one(case: Case, found: list[tuple[str, Hit]]) -> tuple[str, Hit, Rule] | None:
    """What the words of the settings say: rule after rule, as they stand in the file."""
    for rule in case.snapshot.rules:
        if case.identity.group.id in rule.groups and rule.when in case.moment.periods:
            for name, hit in found:
                if hit.category in rule.categories and means(rule, hit):
                    return name, hit, rule
    return None


@given(st.lists(RULE, max_size=12), FOUND, st.sampled_from(GROUPS))
def test_it_is_the_rule_that_is_found_by_reading_them_all(
    rules: list[tuple[frozenset[str], tuple[str, ...], str, Subject]], found: list[tuple[str, Hit]], group: str
) -> None:
    made = tuple(
        Rule(f"rule-{number}", groups, categories, when, Action.BLOCK, Alert.NONE, "", "", frozenset({subject}))
        for number, (groups, categories, when, subject) in enumerate(rules)
    )
    people = People(tuple(Group(name, name, Inspect.FULL) for name in GROUPS), group)
    snapshot = Snapshot("v1", people, Calendar(ZoneInfo("Europe/London")), {}, made, Nothing())
    request = request_from_url("https://a/", at=NOW)
    case = Case(people.identify(request.client, None), NOW, Stage.REQUEST, snapshot)
    assert case.first_rule(found, means) == one_by_one(case, found)
