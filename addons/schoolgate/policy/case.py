"""What all answers to one request have in common: who asks, when, and what a rule or a list says of it then."""

from collections.abc import Callable, Iterable
from datetime import datetime

from schoolgate.policy.identity import Identity
from schoolgate.policy.rules import (
    NAME,
    PICTURE,
    SEARCH,
    TEXT,
    Action,
    Alert,
    Hit,
    Rule,
    Stage,
)
from schoolgate.policy.snapshot import Snapshot
from schoolgate.policy.verdict import Verdict


class Case:
    """What all answers to one request have in common."""

    __slots__ = ("at", "identity", "moment", "search", "snapshot", "stage")

    def __init__(self, identity: Identity, at: datetime, stage: Stage, snapshot: Snapshot, search: str = "") -> None:
        self.identity, self.at, self.stage, self.snapshot, self.search = identity, at, stage, snapshot, search
        self.moment = snapshot.calendar.moment(at, identity.group.id, identity.user or "")

    def allow(self, name: str, why: str) -> Verdict:
        """Nothing is known of it."""
        version = self.snapshot.version
        return Verdict(
            Action.ALLOW, self.identity, name, self.moment.words, self.stage, version, why=why, search=self.search
        )

    def about(
        self, name: str, hit: Hit, action: Action, why: str, rule: str = "", basis: str = "", alert: Alert = Alert.NONE
    ) -> Verdict:
        """Something is listed; a category that the school itself invented for its words has no theme."""
        known = self.snapshot.categories.get(hit.category)
        told = (hit.category, known.theme if known else "", hit.list, hit.entry, rule, basis, why, alert, self.search)
        return Verdict(action, self.identity, name, self.moment.words, self.stage, self.snapshot.version, *told)

    def first_rule(
        self, found: Iterable[tuple[str, Hit]], fits: Callable[[Rule, Hit], bool]
    ) -> tuple[str, Hit, Rule] | None:
        """The first rule that holds now for one of these hits, with the first such hit and its name."""
        group, periods, rules_about = self.identity.group.id, self.moment.periods, self.snapshot.rules_about
        first, best = -1, None
        for name, hit in found:
            for place, rule in rules_about(group, hit.category):
                if best is not None and place >= first:
                    break
                if rule.when in periods and fits(rule, hit):
                    first, best = place, (name, hit, rule)
                    break
        return best


_JUDGED = {TEXT: "The words of the page were judged.", PICTURE: "The picture was judged."}


def by_rule(case: Case, name: str, hit: Hit, rule: Rule) -> Verdict:
    """What a rule says; a judgement of the name alone, or of words near the limit, says so and alarms nobody."""
    why, alert = rule.why, rule.alert
    if hit.list in (TEXT, PICTURE):
        why = f"{why} ({_JUDGED[hit.list]})"
    doubtful = hit.list in (TEXT, PICTURE) or (hit.list == SEARCH and _is_staff(case))
    if doubtful and not hit.certain:
        alert = Alert.DIGEST if alert is Alert.IMMEDIATE else alert
    if hit.list == NAME:
        why = f"{why} (No list knows this site; its name was judged.)"
        alert = Alert.DIGEST if alert is Alert.IMMEDIATE else alert
    return case.about(name, hit, rule.action, why, rule.id, rule.basis, alert)


def _is_staff(case: Case) -> bool:
    """Whether this is somebody who works here: people at work look things up for their work."""
    return case.identity.group.id in case.snapshot.calendar.at_work
