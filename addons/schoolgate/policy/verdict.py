"""A verdict: what happens with a request, and every reason for it; and which of two verdicts weighs more."""

from dataclasses import dataclass

from schoolgate.policy.identity import Identity
from schoolgate.policy.rules import (
    Action,
    Alert,
    Stage,
)
from schoolgate.policy.sealed import is_sealed
from schoolgate.policy.visits import Kind


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
    search: str = ""
    left_out: str = ""  # why a visit does not count against anybody: its purpose, or what the person said of it


_ACTIONS = (Action.ALLOW, Action.LOG, Action.WARN, Action.BLOCK)


_ALERTS = (Alert.NONE, Alert.DIGEST, Alert.IMMEDIATE)


def stricter(one: Verdict, other: Verdict) -> Verdict:
    """The stricter of two verdicts, of equally strict ones the louder; the first where they are equal in both."""
    return other if _weight(other) > _weight(one) else one


def outweighs(said: Verdict, verdict: Verdict) -> bool:
    """Whether what is searched for matters as much as the address does, or more; nothing outweighs what is sealed."""
    is_weighed = not is_sealed(verdict.category, verdict.rule)
    return is_weighed and said.action is not Action.ALLOW and _weight(said) >= _weight(verdict)


def _weight(verdict: Verdict) -> tuple[int, int]:
    return _ACTIONS.index(verdict.action), _ALERTS.index(verdict.alert)


def heard(verdict: Verdict, kind: Kind) -> Alert:
    """How a verdict is told: what a page or a browser did by itself alarms nobody, but stays in the digest.

    Illegal material is always told at once.
    """
    by_itself = kind not in (Kind.VISIT, Kind.UNKNOWN) and not is_sealed(verdict.category, verdict.rule)
    if verdict.alert is Alert.IMMEDIATE and by_itself:
        return Alert.DIGEST
    return verdict.alert
