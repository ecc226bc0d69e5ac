"""The answer and its reason: ``decide`` is the only place where a verdict is reached.

Every name that a request carries (the address, Host, SNI, the CONNECT target) is looked up, and the strictest answer
to any of them counts: a harmless name beside a harmful one opens nothing.
"""

from dataclasses import dataclass, replace

from schoolgate.policy.calendar import Moment
from schoolgate.policy.identity import Identity, Inspect
from schoolgate.policy.request import WebRequest
from schoolgate.policy.rules import Action, Alert, Hit, Listing, Rule, Stage
from schoolgate.policy.snapshot import Snapshot
from schoolgate.policy.visits import Kind

LOCAL_ALLOW = "local-allow"
LOCAL_BLOCK = "local-block"
NAMES_DISAGREE = "names-disagree"
BAD_ADDRESS = "bad-address"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens with a request, and why; empty strings where nothing was matched."""

    action: Action
    identity: Identity
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
    moment = snapshot.calendar.moment(request.at, identity.group.id)
    if identity.group.inspect is Inspect.NONE:
        why = f"The group {identity.group.id} is not inspected (inspect: none)."
        return Verdict(Action.ALLOW, identity, moment.words, stage, snapshot.version, why=why)
    target = "" if stage is Stage.HELLO else request.target
    listings = [snapshot.lists.look_up(name, target) for name in request.names]
    local = _local(listings)
    if local is not None and local[0] is Action.BLOCK:
        return _by_school(Action.BLOCK, LOCAL_BLOCK, local[1], identity, moment, stage, snapshot)
    hits = [hit for listing in listings if listing.local is None for hit in listing.hits]
    rule, hit = _first_match(snapshot.rules, identity.group.id, moment, hits)
    if rule is not None and hit is not None:
        return Verdict(
            action=rule.action,
            identity=identity,
            calendar=moment.words,
            stage=stage,
            snapshot=snapshot.version,
            category=hit.category,
            theme=snapshot.categories[hit.category].theme,
            list=hit.list,
            entry=hit.entry,
            rule=rule.id,
            basis=rule.basis,
            why=rule.why,
            alert=rule.alert,
        )
    if local is not None and not hits:
        return _by_school(Action.ALLOW, LOCAL_ALLOW, local[1], identity, moment, stage, snapshot)
    why = _why_allowed(hits, identity, moment)
    if hits:
        first = hits[0]
        theme = snapshot.categories[first.category].theme
        verdict = Verdict(Action.ALLOW, identity, moment.words, stage, snapshot.version, first.category, theme)
        return replace(verdict, list=first.list, entry=first.entry, why=why)
    return Verdict(Action.ALLOW, identity, moment.words, stage, snapshot.version, why=why)


def refuse(identity: Identity, request: WebRequest, snapshot: Snapshot, rule: str, why: str) -> Verdict:
    """A block that no list asked for: the request itself was made in a way that would get round the filter."""
    moment = snapshot.calendar.moment(request.at, identity.group.id)
    return Verdict(
        Action.BLOCK,
        identity,
        moment.words,
        Stage.REQUEST,
        snapshot.version,
        category="circumvention",
        theme="conduct",
        rule=rule,
        why=why,
        alert=Alert.DIGEST,
    )


def _first_match(
    rules: tuple[Rule, ...], group: str, moment: Moment, hits: list[Hit]
) -> tuple[Rule | None, Hit | None]:
    if hits:
        by_category: dict[str, Hit] = {}
        for hit in hits:
            by_category.setdefault(hit.category, hit)
        for rule in rules:
            if group in rule.groups and rule.when in moment.periods:
                for category in rule.categories:
                    if category in by_category:
                        return rule, by_category[category]
    return None, None


def _local(listings: list[Listing]) -> tuple[Action, Hit] | None:
    """The school's own word: one blocked name blocks, otherwise any allowed name is named as the reason."""
    words = [listing.local for listing in listings if listing.local is not None]
    return next((word for word in words if word[0] is Action.BLOCK), words[0] if words else None)


def _by_school(
    action: Action, rule: str, hit: Hit, identity: Identity, moment: Moment, stage: Stage, snapshot: Snapshot
) -> Verdict:
    alert = Alert.DIGEST if action is Action.BLOCK else Alert.NONE
    word = "blocked" if action is Action.BLOCK else "allowed"
    why = f"The school {word} this site itself."
    verdict = Verdict(action, identity, moment.words, stage, snapshot.version, rule=rule, why=why, alert=alert)
    return replace(verdict, category=hit.category, list=hit.list, entry=hit.entry)


def _why_allowed(hits: list[Hit], identity: Identity, moment: Moment) -> str:
    if not hits:
        return "No list names this address."
    named = ", ".join(sorted({hit.category for hit in hits}))
    return f"Listed as {named}, but no rule forbids that to {identity.group.id} now ({moment.words})."


def heard(verdict: Verdict, kind: Kind) -> Alert:
    """How a verdict is told: what a page or a browser did by itself alarms nobody, but stays in the digest."""
    if verdict.alert is Alert.IMMEDIATE and kind not in (Kind.VISIT, Kind.UNKNOWN):
        return Alert.DIGEST
    return verdict.alert
