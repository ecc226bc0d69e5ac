"""The answer and its reason: ``decide`` is the only place where a verdict is reached.

Every name that a request carries (the address, Host, SNI, the CONNECT target) is looked up, and the strictest answer
to any of them counts: a harmless name beside a harmful one opens nothing. A judgement of a name that no list knows can
block or warn, but it is never written down against anybody (``log``) and never rings an alarm by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from schoolgate.policy.case import Case, by_rule
from schoolgate.policy.identity import Addresses, Identity, Inspect
from schoolgate.policy.opened import OPENED, covering, left_of, told
from schoolgate.policy.private import topic_of
from schoolgate.policy.purpose import work_of
from schoolgate.policy.request import WebRequest, host_address
from schoolgate.policy.reserved import reserved_listing
from schoolgate.policy.rules import (
    NAME,
    SIGN,
    Action,
    Alert,
    Hit,
    Rule,
    Stage,
    Subject,
)
from schoolgate.policy.sealed import SEALED, Match, is_sealed
from schoolgate.policy.signs import CIRCUMVENTION, is_public_address, of_name
from schoolgate.policy.snapshot import Snapshot
from schoolgate.policy.standing import NO_STANDING, Opened, Standing
from schoolgate.policy.verdict import Verdict, stricter
from schoolgate.policy.wrapped import wrapped_in
from schoolgate.policy.wrappers import Does

LOCAL_ALLOW = "local-allow"
LOCAL_BLOCK = "local-block"
NAMES_DISAGREE = "names-disagree"
BAD_ADDRESS = "bad-address"
BARE_ADDRESS = "bare-address"
WRAPPED_SEARCH = "wrapped-search"
ODD_PORT = "odd-port"


def decide(
    request: WebRequest,
    snapshot: Snapshot,
    stage: Stage = Stage.REQUEST,
    standing: Standing = NO_STANDING,
    person: str = "",
) -> Verdict:
    """The verdict on a request; at ``Stage.DNS`` and ``Stage.HELLO`` only its names are known.

    ``standing`` is what people declared and opened, ``person`` the pseudonym that the one who asks goes by there.
    """
    identity = snapshot.people.identify(request.client, request.user)
    return decide_for(identity, request, snapshot, stage, standing, person)


def decide_for(
    identity: Identity,
    request: WebRequest,
    snapshot: Snapshot,
    stage: Stage = Stage.REQUEST,
    standing: Standing = NO_STANDING,
    person: str = "",
) -> Verdict:
    """The same for somebody who is already known; a page that is shown by another site is judged like that site.

    A page behind another is never written down against anybody.
    """
    verdict = _decide_alone(identity, request, snapshot, stage, standing, person)
    for wrapped in wrapped_in(request):
        if is_sealed(verdict.category, verdict.rule):
            return verdict
        inner = _decide_alone(identity, wrapped.request, snapshot, stage, standing, person)
        if is_sealed(inner.category, inner.rule):  # above any other block: its address must not go on record
            return inner
        if wrapped.does is Does.PERHAPS and _is_trusted(snapshot, wrapped.host):
            continue
        if inner.action in (Action.WARN, Action.BLOCK) and stricter(verdict, inner) is inner:
            verdict = replace(inner, why=f"{inner.why} (It was asked for through {request.host}.)")
    return verdict


def _is_trusted(snapshot: Snapshot, host: str) -> bool:
    """Whether doubt speaks for a site: the school has allowed it itself, or must be able to reach it."""
    local = snapshot.lists.look_up(host, "").local
    return snapshot.lists.is_protected(host) or (local is not None and local[0] is Action.ALLOW)


def _decide_alone(
    identity: Identity, request: WebRequest, snapshot: Snapshot, stage: Stage, standing: Standing, person: str
) -> Verdict:
    """The verdict on the request itself. What is sealed is asked for before anything of the school's own."""
    if snapshot.sealed and (match := snapshot.sealed.match(request.names, _asked(request, stage))):
        return _sealed(identity, request, snapshot, stage, match)
    verdict = _by_lists(identity, request, snapshot, stage, standing.opened)
    group = identity.group.id
    if verdict.action is Action.BLOCK or group not in snapshot.calendar.at_work:
        return verdict
    if topic := topic_of(snapshot, request.names):
        return _private(verdict, topic)
    if verdict.action is Action.ALLOW:
        return verdict
    target, at = _target(request, stage), request.at.astimezone(snapshot.calendar.zone)
    words = work_of(snapshot.purposes, standing, identity.user, person, group, request.names, target, at)
    return replace(verdict, action=Action.ALLOW, alert=Alert.NONE, left_out=words) if words else verdict


def _asked(request: WebRequest, stage: Stage) -> str:
    """Path and query as they were sent, where they are known."""
    return "" if stage in (Stage.DNS, Stage.HELLO) else request.asked or request.target


def _sealed(identity: Identity, request: WebRequest, snapshot: Snapshot, stage: Stage, match: Match) -> Verdict:
    """The verdict on illegal material: it names the feed, and no address."""
    return Verdict(
        action=Action.BLOCK,
        identity=identity,
        host="",
        calendar=snapshot.calendar.moment(request.at, identity.group.id, identity.user or "").words,
        stage=stage,
        snapshot=snapshot.version,
        category=SEALED,
        theme="content",
        list=match.feed,
        entry=f"#{match.digest[:16]}",
        rule=SEALED,
        why="It is on a list of illegal material. The address is not kept.",
        alert=Alert.IMMEDIATE,
    )


def _private(verdict: Verdict, topic: str) -> Verdict:
    """The verdict on a private site, of which nothing could be written down."""
    why = f"The school never looks at sites of this kind ({topic})."
    return Verdict(
        Action.ALLOW, verdict.identity, verdict.host, verdict.calendar, verdict.stage, verdict.snapshot, why=why
    )


def _by_lists(
    identity: Identity, request: WebRequest, snapshot: Snapshot, stage: Stage, opened: tuple[Opened, ...]
) -> Verdict:
    """What the lists and the rules say, and what somebody opened, whatever it is good for."""
    group = identity.group
    names = request.names
    case = Case(identity, request.at, stage, snapshot)
    if group.inspect is Inspect.NONE:
        return case.allow(names[0], f"The group {group.id} is not inspected (inspect: none).")
    target = _target(request, stage)
    own: list[tuple[str, Action, Hit]] = []
    found: list[tuple[str, Hit]] = []
    for name in names:
        listing = reserved_listing(name, snapshot.categories) or snapshot.lists.look_up(name, target)
        if listing.local is not None:
            own.append((name, *listing.local))
        elif listing.hits:
            found.extend((name, hit) for hit in listing.hits)
    if len(own) < len(names):
        found.extend(_signs(request, snapshot))
    verdict = None
    if own or found:
        openings = covering(opened, group.id, names, target, request.at) if opened else {}
        verdict = _weigh(case, own, found, openings)
    if not own and all(map(is_public_address, names)) and (bare := _bare(case, names[0])):
        verdict = stricter(verdict, bare) if verdict else bare
    return verdict or case.allow(names[0], "No list names this address.")


def _signs(request: WebRequest, snapshot: Snapshot) -> Iterator[tuple[str, Hit]]:
    """What the way of asking shows; on sites that the school must be able to reach, only what is certain."""
    for name in request.names:
        if (hit := of_name(name)) is not None:
            yield name, hit
    for hit in request.signs:
        if hit.certain or not any(map(snapshot.lists.is_protected, request.names)):
            yield request.host, hit


def _bare(case: Case, name: str) -> Verdict | None:
    """What the group's setting says of an address of the internet that no name was asked for; None where nothing."""
    group = case.identity.group
    networks = (network for each in case.snapshot.people.groups for network in each.networks)
    address = host_address(name)
    works_here = group.id in case.snapshot.calendar.at_work and group.inspect is not Inspect.NAMES
    meaning = group.addresses or (Addresses.JUDGED if works_here else Addresses.BLOCK)
    if meaning is Addresses.JUDGED or (address is not None and any(address in network for network in networks)):
        return None
    action, hit = Action(meaning), Hit(CIRCUMVENTION, SIGN, "an address without a name")
    why = "Addresses without a name are not opened: no list can know what is there."
    return case.about(name, hit, action, why, BARE_ADDRESS, alert=Alert.DIGEST)


def _target(request: WebRequest, stage: Stage) -> str:
    """Path and query, where they are known."""
    return "" if stage in (Stage.DNS, Stage.HELLO) else request.target


def _weigh(
    case: Case, own: list[tuple[str, Action, Hit]], found: list[tuple[str, Hit]], openings: Mapping[str, Opened]
) -> Verdict:
    """The school's own block first, then what somebody opened, then the first rule that matches, then its own allow."""
    for name, action, hit in own:
        if action is Action.BLOCK:
            return case.about(
                name, hit, action, "The school has blocked this site itself.", LOCAL_BLOCK, alert=Alert.DIGEST
            )
    verdict = _by_first_rule(case, found)
    if verdict is not None and verdict.action is Action.BLOCK and openings:
        return _opened(case, verdict, found, openings)
    if verdict is not None:
        return verdict
    if found:
        named = ", ".join(sorted({hit.category for _, hit in found}))
        why = f"Listed as {named}, but no rule forbids that to {case.identity.group.id} now ({case.moment.words})."
        return case.about(*found[0], Action.ALLOW, why)
    name, action, hit = own[0]
    return case.about(name, hit, action, "The school has allowed this site itself.", LOCAL_ALLOW)


def _by_first_rule(case: Case, found: list[tuple[str, Hit]]) -> Verdict | None:
    """What the first rule that matches says; None where no rule does."""
    first = case.first_rule(found, _means)
    return by_rule(case, *first) if first else None


def _means(rule: Rule, hit: Hit) -> bool:
    """Whether a rule means an address; a judgement of its name alone is never written down against anybody."""
    return Subject.ADDRESSES in rule.subjects and not (hit.list == NAME and rule.action is Action.LOG)


def _opened(case: Case, blocked: Verdict, found: list[tuple[str, Hit]], openings: Mapping[str, Opened]) -> Verdict:
    """What is left of a block: nothing where all that speaks for it may be opened, and is; else what the rest says."""
    left = left_of(found, openings, case.snapshot.categories)
    verdict = _by_first_rule(case, left)
    if verdict is not None or len(left) == len(found):
        return verdict or blocked
    name, hit = next((name, hit) for name, hit in found if (name, hit) not in left)
    why = told(openings[name], case.identity.group.title, case.at.astimezone(case.snapshot.calendar.zone))
    return case.about(name, hit, Action.ALLOW, why, OPENED)


def refuse(identity: Identity, request: WebRequest, snapshot: Snapshot, rule: str, why: str) -> Verdict:
    """A block that no list asked for: the request itself was made in a way that would get round the filter.

    Where it asked for what is sealed, that is the verdict, as no address of it may go on record.
    """
    if snapshot.sealed and (match := snapshot.sealed.match(request.names, request.asked or request.target)):
        return _sealed(identity, request, snapshot, Stage.REQUEST, match)
    moment = snapshot.calendar.moment(request.at, identity.group.id, identity.user or "")
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
