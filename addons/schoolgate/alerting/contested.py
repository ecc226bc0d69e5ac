"""A contest stops what would go further: its events, and more of their kind, wait until a person has answered it.

Whoever may answer is told once. What was only written down (``log``) then rings nobody at all while the contest is
open; what was blocked goes on being counted, and its mails wait. Worries about somebody's safety, and illegal
material, are never held up.
"""

import json
from dataclasses import dataclass
from typing import Any

from schoolgate.alerting import gathered
from schoolgate.alerting.audience import CONTEST, SAFEGUARDING
from schoolgate.alerting.keys import key_of
from schoolgate.policy.rules import Action
from schoolgate.policy.sealed import is_sealed
from schoolgate.store.deeds import UPHELD
from schoolgate.store.event import Deed
from schoolgate.store.office import OfficeStore
from schoolgate.store.record import RecordReader

__all__ = ["CONTEST", "Quiet", "clear", "hold", "quiet", "take_up"]
HELD = "-held"
"""The end of the state of an alert whose mails wait."""
_OPEN = "select * from alert where key >= 'contest/' and key < 'contest0' and state <> 'closed'"
_ABOUT = "select * from alert where key >= :since and key < :until and state <> 'closed'"
_UNREAD = "select 1 from mail where alert = :alert and channel = '' and sent is null and reached = 0"
_EVENTS = "select * from events where id in (select value from json_each(:ids)) and person = :person order by at"


@dataclass(frozen=True, slots=True)
class Quiet:
    """What open contests cover: events by id, and alerts by key."""

    events: frozenset[str]
    keys: frozenset[str]

    def silences(self, event: dict[str, Any]) -> bool:
        """Whether an event raises no alert at all: it is contested itself, or of what is only written down."""
        if _is_sealed(event):
            return False
        return event["id"] in self.events or (event["action"] == Action.LOG and key_of(event) in self.keys)


def quiet(store: OfficeStore) -> Quiet:
    """What holds now."""
    facts = [json.loads(row["facts"]) for row in store.rows(_OPEN)]
    events = frozenset(event for each in facts for event in each["events"])
    return Quiet(events, frozenset(key for each in facts for key in each["keys"]))


def take_up(store: OfficeStore, reader: RecordReader, deed: dict[str, Any], now: float) -> None:
    """Take up a contest, or the answer to one."""
    if deed["rule"] == Deed.CONTEST:
        _open(store, reader, deed, now)
    elif deed["rule"] == Deed.ANSWER:
        _close(store, deed, now)


def hold(store: OfficeStore, alert: dict[str, Any], keys: frozenset[str]) -> bool:
    """Whether the mails of an alert wait; brings its state up to date."""
    state, is_held = alert["state"].removesuffix(HELD), alert["key"] in keys
    wanted = state + HELD if is_held else state
    if wanted != alert["state"]:
        store.update("alert", alert["id"], state=wanted)
        alert["state"] = wanted
    return is_held


def _open(store: OfficeStore, reader: RecordReader, deed: dict[str, Any], now: float) -> None:
    ids = deed["about"].split()
    events = list(reader.query(_EVENTS, {"ids": json.dumps(ids), "person": deed["person"]}))
    facts = {name: deed[name] for name in ("id", "at", "ref", "person")}
    facts |= {"events": ids, "keys": sorted({key_of(event) for event in events if not _is_sealed(event)})}
    facts |= {"categories": sorted({event["category"] for event in events}), "number": len(ids)}
    facts |= {"first": events[0]["at"] if events else "", "last": events[-1]["at"] if events else ""}
    facts["group"] = events[0]["group"] if events else ""
    store.insert(
        "alert",
        key=f"contest/{deed['id']}",
        audience=CONTEST,
        opened=now,
        changed=now,
        count=1,
        told=0,
        state="gathering",
        facts=json.dumps(facts),
    )
    _set_apart(store, deed["person"], set(facts["keys"]))


def _close(store: OfficeStore, deed: dict[str, Any], now: float) -> None:
    """The first answer counts; what is upheld is taken out of the alerts that are not told yet."""
    for alert in store.rows(
        "select * from alert where key = :key and state <> 'closed'", key=f"contest/{deed['about']}"
    ):
        store.update("alert", alert["id"], state="closed", changed=now)
        _forget_mails(store, alert["id"], now)
        facts = json.loads(alert["facts"])
        if deed["entry"] == UPHELD:
            clear(store, facts["person"], set(facts["events"]), now)


def clear(store: OfficeStore, person: str, cleared: set[str], now: float) -> None:
    """Take events that were cleared out of the alerts about a person that are not told yet."""
    for alert in store.rows(_ABOUT, since=f"{person}/", until=f"{person}0"):
        facts = json.loads(alert["facts"])
        if cleared.isdisjoint(facts["ids"]):
            continue
        facts = gathered.without(facts, cleared)
        count, told = gathered.count_of(facts), gathered.told_of(facts)
        if count <= told:
            _forget_mails(store, alert["id"], now)
        state = alert["state"] if count else "closed"
        store.update("alert", alert["id"], count=count, told=told, state=state, facts=json.dumps(facts))


def _is_sealed(event: dict[str, Any]) -> bool:
    return is_sealed(event["category"], event["rule"])


def _set_apart(store: OfficeStore, person: str, keys: set[str]) -> None:
    """What a contest covers becomes an alert of its own, so that it holds up nothing else of its theme."""
    for alert in store.rows(_ABOUT, since=f"{person}/", until=f"{person}0"):
        facts = json.loads(alert["facts"])
        own = {name: key_of({**part, "person": person}) for name, part in facts["kinds"].items()}
        covered = [name for name, key in own.items() if key in keys and key != alert["key"]]
        if alert["audience"] != SAFEGUARDING or not covered:
            continue
        left = [name for name in own if name not in covered]
        key = alert["key"] if left else own[covered[0]]
        left = left or [covered.pop(0)]
        state = "gathering" if store.rows(_UNREAD, alert=alert["id"]) else alert["state"]
        for name in covered:
            store.insert("alert", **_row(alert | {"key": own[name], "state": state}, gathered.only(facts, [name])))
        store.update("alert", alert["id"], **_row(alert | {"key": key}, gathered.only(facts, left)))


def _row(alert: dict[str, Any], facts: gathered.Facts) -> dict[str, Any]:
    """The values of an alert's row with these facts, without its number."""
    row = alert | {"count": gathered.count_of(facts), "told": gathered.told_of(facts), "facts": json.dumps(facts)}
    del row["id"]
    return row


def _forget_mails(store: OfficeStore, alert: int, now: float) -> None:
    """Mails of an alert that nobody has got yet and nobody needs any more count as done."""
    for mail in store.rows("select id from mail where alert = :alert and sent is null and subject = ''", alert=alert):
        store.update("mail", mail["id"], recipients="[]", sent=now)
