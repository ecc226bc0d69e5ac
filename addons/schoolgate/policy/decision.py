"""The answer and its reason: ``decide`` is the only place where a verdict is reached.

Every name that a request carries (the address, Host, SNI, the CONNECT target) is looked up, and the strictest answer
to any of them counts: a harmless name beside a harmful one opens nothing. A judgement of a name that no list knows can
block or warn, but it is never written down against anybody (``log``) and never rings an alarm by itself.
"""

from dataclasses import dataclass, replace
from typing import Any

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
    bare = (identity, request.names[0], moment.words, stage, snapshot.version)
    if group.inspect is Inspect.NONE:
        return Verdict(Action.ALLOW, *bare, why=f"The group {group.id} is not inspected (inspect: none).")
    target = "" if stage is Stage.HELLO else request.target
    own: list[tuple[str, Action, Hit]] = []
    found: list[tuple[str, Hit]] = []
    for name in request.names:
        listing = snapshot.lists.look_up(name, target)
        if listing.local is not None:
            own.append((name, *listing.local))
        elif listing.hits:
            found.extend((name, hit) for hit in listing.hits)
    if not own and not found:
        return Verdict(Action.ALLOW, *bare, why="No list names this address.")
    return _weigh(Verdict(Action.ALLOW, *bare), moment.periods, own, found, snapshot)


def _weigh(
    bare: Verdict,
    periods: frozenset[str],
    own: list[tuple[str, Action, Hit]],
    found: list[tuple[str, Hit]],
    snapshot: Snapshot,
) -> Verdict:
    """The school's own block first, then the first rule that matches what lists say, then the school's own allow."""
    for name, action, hit in own:
        if action is Action.BLOCK:
            why = "The school has blocked this site itself."
            return _about(bare, name, hit, action=action, rule=LOCAL_BLOCK, why=why, alert=Alert.DIGEST)
    for rule in snapshot.rules:
        if bare.identity.group.id in rule.groups and rule.when in periods:
            for name, hit in found:
                if hit.category in rule.categories and not (hit.list == NAME and rule.action is Action.LOG):
                    return _by_rule(bare, name, hit, rule, snapshot)
    if found:
        why = _why_allowed([hit for _, hit in found], bare)
        return _about(bare, *found[0], theme=snapshot.categories[found[0][1].category].theme, why=why)
    name, action, hit = own[0]
    return _about(bare, name, hit, action=action, rule=LOCAL_ALLOW, why="The school has allowed this site itself.")


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


def _about(verdict: Verdict, name: str, hit: Hit, **more: Any) -> Verdict:
    return replace(verdict, host=name, category=hit.category, list=hit.list, entry=hit.entry, **more)


def _by_rule(verdict: Verdict, name: str, hit: Hit, rule: Rule, snapshot: Snapshot) -> Verdict:
    """What a rule says; a judgement of the name alone says that it is one, and alarms nobody."""
    theme, why, alert = snapshot.categories[hit.category].theme, rule.why, rule.alert
    if hit.list == NAME:
        why = f"{why} (No list knows this site; its name was judged.)"
        alert = Alert.DIGEST if alert is Alert.IMMEDIATE else alert
    told = {"rule": rule.id, "basis": rule.basis, "why": why, "alert": alert}
    return _about(verdict, name, hit, action=rule.action, theme=theme, **told)


def _why_allowed(hits: list[Hit], verdict: Verdict) -> str:
    named = ", ".join(sorted({hit.category for hit in hits}))
    return f"Listed as {named}, but no rule forbids that to {verdict.identity.group.id} now ({verdict.calendar})."


def heard(verdict: Verdict, kind: Kind) -> Alert:
    """How a verdict is told: what a page or a browser did by itself alarms nobody, but stays in the digest."""
    if verdict.alert is Alert.IMMEDIATE and kind not in (Kind.VISIT, Kind.UNKNOWN):
        return Alert.DIGEST
    return verdict.alert
