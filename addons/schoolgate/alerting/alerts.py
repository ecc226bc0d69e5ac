"""Gathers events into alerts: one for each person and category, however often it happens.

An alert waits a moment for the rest of a burst, then becomes one mail. What follows within the repeat time is counted
in the same alert: into the mail itself while that still waits to be sent, else into one follow-up at the end.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from schoolgate.policy.rules import Stage
from schoolgate.store.event import FAULT
from schoolgate.store.office import OfficeStore
from schoolgate.store.record import RecordReader

QUIET_SECONDS = 1.0  # a burst is over when nothing came for so long
LONGEST_WAIT_SECONDS = 3.0  # the first mail must leave within 5 seconds of the request
_PAGE = 2000
_BOOKMARK = "events"
_MOST_SITES = 5

SAFEGUARDING = "safeguarding"
WORRY = "worry"
"""The audience of a search, or of a prompt to a chatbot, that may mean that somebody needs help."""
TECHNICAL = "technical"


def gather(store: OfficeStore, reader: RecordReader, repeat_seconds: float, now: float) -> int:
    """Take up new events of the record; returns how many there were. One transaction, so none is taken twice."""
    last = int(store.bookmark(_BOOKMARK) or 0)
    since = ""
    if reader.last_seq() < last:  # another record than the one that was read so far: of that, only what is fresh
        last, since = 0, datetime.fromtimestamp(now - repeat_seconds, UTC).isoformat()
    sql = "select * from events where seq > :last and at > :since and alert = 'immediate' order by seq limit :page"
    events = list(reader.query(sql, {"last": last, "since": since, "page": _PAGE}))
    if not events:
        return 0
    with store.atomic():
        for event in events:
            _add(store, event, repeat_seconds, now)
        store.set_bookmark(_BOOKMARK, str(events[-1]["seq"]))
    return len(events)


def _key(event: dict[str, Any]) -> str:
    if event["action"] == FAULT:
        same = hashlib.sha256(event["why"].encode()).hexdigest()[:8] if event["rule"] == "settings" else ""
        return f"{FAULT}/{event['rule']}/{same}"
    return f"{event['person']}/{event['category']}{'/search' if event['stage'] == Stage.SEARCH else ''}"


def _audience(event: dict[str, Any]) -> str:
    if event["action"] == FAULT:
        return TECHNICAL
    return WORRY if event["stage"] == Stage.SEARCH else SAFEGUARDING


def _add(store: OfficeStore, event: dict[str, Any], repeat_seconds: float, now: float) -> None:
    key = _key(event)
    sql = "select * from alert where key = :key and opened > :since and state <> 'closed' order by id desc limit 1"
    found = store.rows(sql, key=key, since=now - repeat_seconds)
    names = ("at", "ref", "client", "person", "group", "action", "category", "rule", "basis", "why", "calendar")
    if not found:
        facts = {name: event[name] for name in names}
        facts |= {"last_at": event["at"], "sites": [event["host"]], "confidence": event["identity_confidence"]}
        facts |= {"searches": [event["search"]] if event["search"] else [], "stage": event["stage"]}
        store.insert(
            "alert",
            key=key,
            audience=_audience(event),
            opened=now,
            changed=now,
            count=1,
            told=0,
            state="gathering",
            facts=json.dumps(facts),
        )
        return
    alert = found[0]
    facts = json.loads(alert["facts"])
    facts["last_at"] = event["at"]
    if event["host"] not in facts["sites"] and len(facts["sites"]) < _MOST_SITES:
        facts["sites"].append(event["host"])
    searches = facts.setdefault("searches", [])
    if event["search"] and event["search"] not in searches and len(searches) < _MOST_SITES:
        searches.append(event["search"])
    store.update("alert", alert["id"], count=alert["count"] + 1, changed=now, facts=json.dumps(facts))


def raise_mails(
    store: OfficeStore, recipients: Callable[[str], list[str]], repeat_seconds: float, now: float, domain: str
) -> None:
    """Turn alerts whose burst is over into mails, and close alerts whose repeat time is over.

    The words of an alert's mail are found when it is sent, so that they count everything until then.
    """
    for alert in store.rows("select * from alert where state <> 'closed'"):
        gathered = now - alert["changed"] >= QUIET_SECONDS or now - alert["opened"] >= LONGEST_WAIT_SECONDS
        over = now - alert["opened"] >= repeat_seconds
        with store.atomic():
            if alert["state"] == "gathering" and gathered:
                _mail(store, alert, recipients, now, domain, "first")
                store.update("alert", alert["id"], state="told")
            elif alert["state"] == "told" and over and not _waits(store, alert):
                if alert["count"] > alert["told"]:
                    _mail(store, alert, recipients, now, domain, "more")
                store.update("alert", alert["id"], state="closed")


def _waits(store: OfficeStore, alert: dict[str, Any]) -> bool:
    return bool(store.rows("select 1 from mail where alert = :alert and sent is null", alert=alert["id"]))


def _mail(
    store: OfficeStore,
    alert: dict[str, Any],
    recipients: Callable[[str], list[str]],
    now: float,
    domain: str,
    which: str,
) -> None:
    to = recipients(alert["audience"])
    if to:
        store.add_mail(to, "", "", "", f"<alert-{alert['id']}-{which}-{int(now)}@{domain}>", now, alert["id"])
