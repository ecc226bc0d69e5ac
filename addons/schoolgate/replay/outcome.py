"""What comes out of judging the past again: events that would go otherwise, and those of which nobody can tell.

No person stands in it, and no words of a search: sites, groups and kinds of sites, and how many.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from schoolgate.policy.rules import Action, Alert
from schoolgate.policy.verdict import Verdict, heard, stricter
from schoolgate.policy.visits import Kind
from schoolgate.replay.rejudging import Pair, Row, Unjudged

EXAMPLES = 5
"""Hosts that stand beside a change."""
_KINDS = {kind.value: kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Example:
    """A site that a change is about, and in how many events."""

    host: str
    events: int


@dataclass(frozen=True, slots=True)
class Change:
    """Events of one group and category that would go otherwise; ``hosts`` counts different sites.

    ``rule`` is what decides under the edited settings, ``rule_before`` what decides now; "" where no rule does.
    ``moves`` is the group that the edit puts these devices or people into, "" where they stay in theirs.
    """

    group: str
    category: str
    before: Action
    after: Action
    rule_before: str
    rule: str
    moves: str
    events: int
    hosts: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """Events that cannot be judged again; ``touched`` of them were caught by a rule that the edit changes or drops."""

    why: Unjudged
    events: int
    touched: int


_Key = tuple[str, str, Action, Action, str, str, str]


@dataclass(slots=True)
class Outcome:
    """What has been found so far; its counts are those of ``Replay``."""

    changed_rules: frozenset[str]
    same: int = 0
    by_another: int = 0
    drifted: int = 0
    told_before: int = 0
    told_after: int = 0
    hosts: dict[_Key, Counter[str]] = field(default_factory=dict[_Key, Counter[str]])
    gaps: Counter[Unjudged] = field(default_factory=Counter[Unjudged])
    touched: Counter[Unjudged] = field(default_factory=Counter[Unjudged])

    def took(self, event: Row, found: Pair | Unjudged) -> None:
        """One more event, as it was judged."""
        if isinstance(found, Unjudged):
            self.gaps[found] += 1
            self.touched[found] += event["rule"] in self.changed_rules
        else:
            self._take(event, found)

    def missed(self) -> Iterator[Missed]:
        """What could not be judged, most first."""
        return (Missed(why, events, self.touched[why]) for why, events in self.gaps.most_common())

    def changes(self) -> Iterator[Change]:
        """What would go otherwise, most first."""
        for key, hosts in sorted(self.hosts.items(), key=lambda item: (-item[1].total(), item[0])):
            most = sorted(hosts.items(), key=lambda item: (-item[1], item[0]))[:EXAMPLES]
            yield Change(*key, hosts.total(), len(hosts), tuple(Example(*each) for each in most))

    def _take(self, event: Row, pair: Pair) -> None:
        before, after = pair.before, pair.after
        self.told_before += _is_told(before, event)
        self.told_after += _is_told(after, event)
        self.drifted += not _is_as_then(before, event)
        if before.action is after.action:
            self.same += 1
            self.by_another += before.rule != after.rule
            return
        category = stricter(before, after).category or before.category or after.category
        moves = after.identity.group.id if after.identity.group.id != before.identity.group.id else ""
        key = (event["group"], category, before.action, after.action, before.rule, after.rule, moves)
        self.hosts.setdefault(key, Counter())[event["host"]] += 1


def _is_as_then(now: Verdict, event: Row) -> bool:
    """Whether the settings in force say what was done; who went on after a page that asked is on record as ``log``."""
    went_on = now.action is Action.WARN and event["action"] == Action.LOG and event["rule"] == now.rule
    return now.action == event["action"] or went_on or bool(event["left_out"])


def _is_told(verdict: Verdict, event: Row) -> bool:
    kind = _KINDS.get(event["kind"], Kind.UNKNOWN)
    return verdict.action is not Action.ALLOW and heard(verdict, kind) is Alert.IMMEDIATE
