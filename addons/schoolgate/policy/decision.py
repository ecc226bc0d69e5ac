"""The answer and its reason: ``decide`` is the only place where a verdict is reached.

Every name that a request carries (the address, Host, SNI, the CONNECT target) is looked up, and the strictest answer
to any of them counts: a harmless name beside a harmful one opens nothing.
"""

from dataclasses import dataclass, replace
from typing import Any

from schoolgate.policy.identity import Identity, Inspect
from schoolgate.policy.request import WebRequest
from schoolgate.policy.rules import Action, Alert, Hit, Rule, Stage
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
    moment = snapshot.calendar.moment(request.at, identity.group.id)
    bare = Verdict(Action.ALLOW, identity, request.host, moment.words, stage, snapshot.version)
    if identity.group.inspect is Inspect.NONE:
        return replace(bare, why=f"The group {identity.group.id} is not inspected (inspect: none).")
    target = "" if stage is Stage.HELLO else request.target
    listings = {name: snapshot.lists.look_up(name, target) for name in request.names}
    own = [(word.local[0], name, word.local[1]) for name, word in listings.items() if word.local is not None]
    for action, name, hit in own:
        if action is Action.BLOCK:
            why = "The school has blocked this site itself."
            return _about(bare, name, hit, action=action, rule=LOCAL_BLOCK, why=why, alert=Alert.DIGEST)
    found = [(name, hit) for name, word in listings.items() if word.local is None for hit in word.hits]
    for rule in snapshot.rules:
        if identity.group.id in rule.groups and rule.when in moment.periods:
            for name, hit in found:
                if hit.category in rule.categories:
                    return _by_rule(bare, name, hit, rule, snapshot)
    if found:
        why = _why_allowed([hit for _, hit in found], bare)
        return _about(bare, *found[0], theme=snapshot.categories[found[0][1].category].theme, why=why)
    for action, name, hit in own:
        return _about(bare, name, hit, action=action, rule=LOCAL_ALLOW, why="The school has allowed this site itself.")
    return replace(bare, why="No list names this address.")


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
    theme = snapshot.categories[hit.category].theme
    told = {"rule": rule.id, "basis": rule.basis, "why": rule.why, "alert": rule.alert}
    return _about(verdict, name, hit, action=rule.action, theme=theme, **told)


def _why_allowed(hits: list[Hit], verdict: Verdict) -> str:
    named = ", ".join(sorted({hit.category for hit in hits}))
    return f"Listed as {named}, but no rule forbids that to {verdict.identity.group.id} now ({verdict.calendar})."


def heard(verdict: Verdict, kind: Kind) -> Alert:
    """How a verdict is told: what a page or a browser did by itself alarms nobody, but stays in the digest."""
    if verdict.alert is Alert.IMMEDIATE and kind not in (Kind.VISIT, Kind.UNKNOWN):
        return Alert.DIGEST
    return verdict.alert
