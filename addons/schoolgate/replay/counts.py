"""What the counts of allowed requests say of an edit: how many of which kind of site a rule would newly reach.

The record keeps no address of what was allowed, only how many requests of a group went to a kind of site in an hour.
Pages make most requests by themselves, so the numbers are of requests and not of visits; a rule that begins or ends
within an hour is taken to hold for the whole of it if it holds in its middle.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schoolgate.policy.rules import Action, Rule, Subject
from schoolgate.policy.snapshot import Snapshot
from schoolgate.store.event import stamp
from schoolgate.store.queries import Queries

_HALF = timedelta(minutes=30)
_SQL = (
    'select hour, "group", category, sum(requests) as requests from tallies where action = :action '
    'and hour >= :since and hour < :until group by hour, "group", category'
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Requests of a group that were allowed; ``listed`` of them to sites that a list names, but no rule forbids."""

    group: str
    requests: int
    listed: int


@dataclass(frozen=True, slots=True)
class Expected:
    """Allowed requests of a group to a kind of site that a rule of the edited settings would newly reach."""

    group: str
    category: str
    action: Action
    rule: str
    requests: int


def allowed(reader: Queries, since: datetime, until: datetime) -> Iterator[Allowed]:
    """The counts by group, most first; hours that have begun before ``since`` count as a whole."""
    every, listed = Counter[str](), Counter[str]()
    for row in reader.query(_SQL, _during(since, until)):
        every[row["group"]] += row["requests"]
        listed[row["group"]] += row["requests"] if row["category"] else 0
    return (Allowed(group, requests, listed[group]) for group, requests in every.most_common())


def expected(reader: Queries, now: Snapshot, new: Snapshot, since: datetime, until: datetime) -> Iterator[Expected]:
    """What would be reached newly, most first."""
    found = Counter[tuple[str, str, Action, str]]()
    for row in reader.query(_SQL, _during(since, until)):
        group, category = row["group"], row["category"]
        at = datetime.fromisoformat(row["hour"]) + _HALF
        rule = _rule_for(new, group, category, at) if category else None
        if rule is not None and rule.action is not Action.ALLOW and _is_free(now, group, category, at):
            found[group, category, rule.action, rule.id] += row["requests"]
    return (Expected(*key, requests) for key, requests in found.most_common())


def _during(since: datetime, until: datetime) -> dict[str, str]:
    hour = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return {"action": Action.ALLOW, "since": stamp(hour), "until": stamp(until)}


def _is_free(snapshot: Snapshot, group: str, category: str, at: datetime) -> bool:
    """Whether the settings in force let a kind of site pass; else a purpose did, or the school's own word."""
    rule = _rule_for(snapshot, group, category, at)
    return rule is None or rule.action is Action.ALLOW


def _rule_for(snapshot: Snapshot, group: str, category: str, at: datetime) -> Rule | None:
    """The rule that a kind of site falls under for a group at that moment."""
    periods = snapshot.calendar.moment(at, group).periods
    for rule in snapshot.rules:
        reached = group in rule.groups and category in rule.categories and Subject.ADDRESSES in rule.subjects
        if reached and rule.when in periods:
            return rule
    return None
