"""Which connections of people who work here are nobody's business: health, faith, a union, a helpline, a bank."""

from collections.abc import Iterable

from schoolgate.policy.identity import Identity
from schoolgate.policy.rules import Action, Subject
from schoolgate.policy.snapshot import Snapshot


def is_private(snapshot: Snapshot, identity: Identity, names: Iterable[str]) -> str:
    """The never-log topic of a connection that is nobody's business: neither opened, judged, counted nor recorded.

    Only for people who work here, only where every name belongs to such a topic, and never where a rule (at whatever
    time) or the school itself blocks one of them. "" where it is to be treated like any other.
    """
    group, names = identity.group.id, tuple(names)
    if group not in snapshot.calendar.at_work or not (topic := topic_of(snapshot, names)):
        return ""
    return "" if any(_is_blocked(snapshot, group, name) for name in names) else topic


def topic_of(snapshot: Snapshot, names: Iterable[str]) -> str:
    """The topic of the first name, if every name has one."""
    topics = [snapshot.purposes.topic(name) for name in names]
    return topics[0] if topics and all(topics) else ""


def _is_blocked(snapshot: Snapshot, group: str, name: str) -> bool:
    """Whether the school, or a rule for this group at any time, blocks what lists say of a name."""
    listing = snapshot.lists.look_up(name, "")
    if listing.local is not None:
        return listing.local[0] is Action.BLOCK
    return any(
        rule.action is Action.BLOCK and Subject.ADDRESSES in rule.subjects
        for hit in listing.hits
        for _, rule in snapshot.rules_about(group, hit.category)
    )
