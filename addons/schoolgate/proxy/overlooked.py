"""What passes unseen and unwritten: sites that are nobody's business, and all that came before a notice was read."""

from dataclasses import replace

from schoolgate.policy.identity import Identity, Inspect
from schoolgate.policy.private import is_private
from schoolgate.policy.request import BadAddress, WebRequest, canonical_host, host_address
from schoolgate.policy.rules import Action, Stage
from schoolgate.policy.snapshot import Snapshot
from schoolgate.policy.verdict import Verdict

_NOT_KEPT = "Nothing of this is looked at or kept."


def stays_closed(snapshot: Snapshot, identity: Identity, host: str, sni: str | None) -> bool:
    """Whether a tunnel to ``host`` is never opened: it leads to a private site, and is used for no other name.

    One that illegal material is known on is opened all the same.
    """
    if snapshot.sealed.knows(host):
        return False
    try:
        return bool(sni and is_private(snapshot, identity, (host,)) and canonical_host(sni) == host)
    except BadAddress:
        return False


def is_nobodys_business(snapshot: Snapshot, identity: Identity, request: WebRequest, sni: str | None) -> bool:
    """Whether a request is for private sites only; an address beside an SNI has a certificate to show for the name."""
    named = tuple(name for name in request.names if host_address(name) is None)
    return bool(is_private(snapshot, identity, named if sni and named else request.names))


def watches(*verdicts: Verdict | None) -> bool:
    """Whether any of the verdicts lets something pass and has it written down."""
    return any(each is not None and each.action in (Action.LOG, Action.WARN) for each in verdicts)


def tunnel_passed(identity: Identity, snapshot: Snapshot) -> Verdict:
    """The verdict on a tunnel that stays closed: not even its name is in it."""
    return Verdict(Action.ALLOW, identity, "", "", Stage.HELLO, snapshot.version, why=_NOT_KEPT)


def unwatched(verdict: Verdict) -> Verdict:
    """What a verdict lets pass, as if no list and no rule spoke of it."""
    told = (verdict.identity, verdict.host, verdict.calendar, verdict.stage, verdict.snapshot)
    return Verdict(Action.ALLOW, *told, why=_NOT_KEPT)


def unlooked(verdict: Verdict) -> Verdict:
    """The same of what is nobody's business: to all duties its group is one that is not inspected."""
    group = replace(verdict.identity.group, inspect=Inspect.NONE)
    return replace(unwatched(verdict), identity=replace(verdict.identity, group=group))
