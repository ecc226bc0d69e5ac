"""The answer and its reason: ``decide`` is the only place where a verdict is reached.

Every name that a request carries (the address, Host, SNI, the CONNECT target) is looked up, and the strictest answer
to any of them counts: a harmless name beside a harmful one opens nothing. A judgement of a name that no list knows can
block or warn, but it is never written down against anybody (``log``) and never rings an alarm by itself.
"""

from dataclasses import dataclass

from schoolgate.policy.calendar import Moment
from schoolgate.policy.identity import Identity, Inspect
from schoolgate.policy.request import WebRequest
from schoolgate.policy.rules import NAME, Action, Alert, Hit, Rule, Stage
from schoolgate.policy.snapshot import Snapshot
from schoolgate.policy.visits import Kind

LOCAL_ALLOW = "local-allow"
LOCAL_BLOCK = "local-block"
NAMES_DISAGREE = "names-disagree"
BAD_ADDRESS = "bad-address"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens with a request, and why; empty strings where nothing was matched.

    ``host`` is the name that the verdict is about: of several that a request carried, the one that was matched.
    """

    action: Action
    identity: Identity
    host: str
    calendar: str
    stage: Stage
    snapshot: str
    category: str = ""
    theme: str = ""
    list: str = ""
    entry: str = ""
    rule: str = ""
    basis: str = ""
    why: str = ""
    alert: Alert = Alert.NONE


def decide(request: WebRequest, snapshot: Snapshot, stage: Stage = Stage.REQUEST) -> Verdict:
    """The verdict on a request; at ``Stage.HELLO`` only its names are known."""
    identity = snapshot.people.identify(request.client, request.user)
    return decide_for(identity, request, snapshot, stage)


def decide_for(identity: Identity, request: WebRequest, snapshot: Snapshot, stage: Stage = Stage.REQUEST) -> Verdict:
    """The same for somebody who is already known."""
    group = identity.group
    moment = snapshot.calendar.moment(request.at, group.id)
    names = request.names
    case = _Case(identity, moment, stage, snapshot)
    if group.inspect is Inspect.NONE:
        return case.allow(names[0], f"The group {group.id} is not inspected (inspect: none).")
    target = "" if stage is Stage.HELLO else request.target
    own: list[tuple[str, Action, Hit]] = []
    found: list[tuple[str, Hit]] = []
    for name in names:
        listing = snapshot.lists.look_up(name, target)
        if listing.local is not None:
            own.append((name, *listing.local))
        elif listing.hits:
            found.extend((name, hit) for hit in listing.hits)
    if own or found:
        return _weigh(case, own, found)
    return case.allow(names[0], "No list names this address.")


class _Case:
    """What all answers to one request have in common."""

    __slots__ = ("identity", "moment", "snapshot", "stage")

    def __init__(self, identity: Identity, moment: Moment, stage: Stage, snapshot: Snapshot) -> None:
        self.identity, self.moment, self.stage, self.snapshot = identity, moment, stage, snapshot

    def allow(self, name: str, why: str) -> Verdict:
        """Nothing is known of it."""
        version = self.snapshot.version
        return Verdict(Action.ALLOW, self.identity, name, self.moment.words, self.stage, version, why=why)

    def about(
        self, name: str, hit: Hit, action: Action, why: str, rule: str = "", basis: str = "", alert: Alert = Alert.NONE
    ) -> Verdict:
        """Something is listed; a category that the school itself invented for its words has no theme."""
        known = self.snapshot.categories.get(hit.category)
        told = (hit.category, known.theme if known else "", hit.list, hit.entry, rule, basis, why, alert)
        return Verdict(action, self.identity, name, self.moment.words, self.stage, self.snapshot.version, *told)


def _weigh(case: _Case, own: list[tuple[str, Action, Hit]], found: list[tuple[str, Hit]]) -> Verdict:
    """The school's own block first, then the first rule that matches what lists say, then the school's own allow."""
    for name, action, hit in own:
        if action is Action.BLOCK:
            return case.about(
                name, hit, action, "The school has blocked this site itself.", LOCAL_BLOCK, alert=Alert.DIGEST
            )
    group = case.identity.group.id
    for rule in case.snapshot.rules:
        if group in rule.groups and rule.when in case.moment.periods:
            for name, hit in found:
                if hit.category in rule.categories and not (hit.list == NAME and rule.action is Action.LOG):
                    return _by_rule(case, name, hit, rule)
    if found:
        named = ", ".join(sorted({hit.category for _, hit in found}))
        why = f"Listed as {named}, but no rule forbids that to {group} now ({case.moment.words})."
        return case.about(*found[0], Action.ALLOW, why)
    name, action, hit = own[0]
    return case.about(name, hit, action, "The school has allowed this site itself.", LOCAL_ALLOW)


def _by_rule(case: _Case, name: str, hit: Hit, rule: Rule) -> Verdict:
    """What a rule says; a judgement of the name alone says that it is one, and alarms nobody."""
    why, alert = rule.why, rule.alert
    if hit.list == NAME:
        why = f"{why} (No list knows this site; its name was judged.)"
        alert = Alert.DIGEST if alert is Alert.IMMEDIATE else alert
    return case.about(name, hit, rule.action, why, rule.id, rule.basis, alert)


def refuse(identity: Identity, request: WebRequest, snapshot: Snapshot, rule: str, why: str) -> Verdict:
    """A block that no list asked for: the request itself was made in a way that would get round the filter."""
    moment = snapshot.calendar.moment(request.at, identity.group.id)
    return Verdict(
        action=Action.BLOCK,
        identity=identity,
        host=request.host,
        calendar=moment.words,
        stage=Stage.REQUEST,
        snapshot=snapshot.version,
        category="circumvention",
        theme="conduct",
        rule=rule,
        why=why,
        alert=Alert.DIGEST,
    )


def heard(verdict: Verdict, kind: Kind) -> Alert:
    """How a verdict is told: what a page or a browser did by itself alarms nobody, but stays in the digest."""
    if verdict.alert is Alert.IMMEDIATE and kind not in (Kind.VISIT, Kind.UNKNOWN):
        return Alert.DIGEST
    return verdict.alert
