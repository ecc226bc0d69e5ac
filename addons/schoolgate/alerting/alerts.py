"""Gathers events into alerts: one for each person and category, however often it happens.

An alert waits a moment for the rest of a burst, then becomes one mail. What follows within the repeat time is counted
in the same alert: into the mail itself while that still waits to be sent, else into one follow-up at the end. What a
contest is about waits until somebody has answered it (``contested``).
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from schoolgate.alerting.contested import CONTEST, MOST_IDS, Quiet, hold, quiet, take_up
from schoolgate.alerting.keys import key_of
from schoolgate.policy.rules import Stage
from schoolgate.store.event import DEED, FAULT
from schoolgate.store.office import OfficeStore
from schoolgate.store.record import RecordReader

QUIET_SECONDS = 1.0  # a burst is over when nothing came for so long
LONGEST_WAIT_SECONDS = 3.0  # the first mail must leave within 5 seconds of the request
_PAGE = 2000
_BOOKMARK = "events"
_MOST_SITES = 5
_NEW = (
    "select * from events where seq > :last and at > :since and (alert = 'immediate' or "
    "(action = 'deed' and rule in ('contest', 'contest-answered'))) order by seq limit :page"
)
_SAME = (
    "select * from alert where key = :key and state <> 'closed' and (opened > :since or state in "
    "('gathering-held', 'told-held')) order by id desc limit 1"
)

SAFEGUARDING = "safeguarding"
WORRY = "worry"
"""The audience of a search, or of a prompt to a chatbot, that may mean that somebody needs help."""
TECHNICAL = "technical"
Recipients = Callable[[str, str], list[str]]
"""(audience, the pseudonym that an alert is about) to e-mail addresses."""


def gather(store: OfficeStore, reader: RecordReader, repeat_seconds: float, now: float) -> int:
    """Take up new events of the record; returns how many there were. One transaction, so none is taken twice."""
    last = int(store.bookmark(_BOOKMARK) or 0)
    since = ""
    if reader.last_seq() < last:  # another record than the one that was read so far: of that, only what is fresh
        last, since = 0, datetime.fromtimestamp(now - repeat_seconds, UTC).isoformat()
    events = list(reader.query(_NEW, {"last": last, "since": since, "page": _PAGE}))
    if not events:
        return 0
    with store.atomic():
        silent = quiet(store)
        for event in events:
            if event["action"] == DEED:
                take_up(store, reader, event, now)
                silent = quiet(store)
            elif not silent.silences(event):
                _add(store, event, repeat_seconds, now)
        store.set_bookmark(_BOOKMARK, str(events[-1]["seq"]))
    return len(events)


def _audience(event: dict[str, Any]) -> str:
    if event["action"] == FAULT:
        return TECHNICAL
    return WORRY if event["stage"] == Stage.SEARCH else SAFEGUARDING


def _add(store: OfficeStore, event: dict[str, Any], repeat_seconds: float, now: float) -> None:
    key = key_of(event)
    found = store.rows(_SAME, key=key, since=now - repeat_seconds)
    names = ("at", "ref", "client", "person", "group", "action", "category", "rule", "basis", "why", "calendar")
    if not found:
        facts = {name: event[name] for name in names}
        facts |= {"last_at": event["at"], "sites": [event["host"]], "confidence": event["identity_confidence"]}
        facts |= {"searches": [event["search"]] if event["search"] else [], "stage": event["stage"]}
        facts["ids"] = [event["id"]]
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
    facts["ids"] = [*facts.get("ids", []), event["id"]][:MOST_IDS]
    if event["host"] not in facts["sites"] and len(facts["sites"]) < _MOST_SITES:
        facts["sites"].append(event["host"])
    searches = facts.setdefault("searches", [])
    if event["search"] and event["search"] not in searches and len(searches) < _MOST_SITES:
        searches.append(event["search"])
    store.update("alert", alert["id"], count=alert["count"] + 1, changed=now, facts=json.dumps(facts))


def raise_mails(store: OfficeStore, recipients: Recipients, repeat_seconds: float, now: float, domain: str) -> None:
    """Turn alerts whose burst is over into mails, and close alerts whose repeat time is over.

    The words of an alert's mail are found when it is sent, so that they count everything until then.
    """
    silent = quiet(store)
    for alert in store.rows("select * from alert where state <> 'closed'"):
        with store.atomic():
            if alert["audience"] not in (SAFEGUARDING, WORRY) or not _waits_for_answer(store, alert, silent):
                _step(store, alert, recipients, repeat_seconds, now, domain)


def _waits_for_answer(store: OfficeStore, alert: dict[str, Any], silent: Quiet) -> bool:
    """Whether a contest holds the alert up; worries never wait."""
    return hold(store, alert, silent.keys if alert["audience"] == SAFEGUARDING else frozenset())


def _step(
    store: OfficeStore,
    alert: dict[str, Any],
    recipients: Recipients,
    repeat_seconds: float,
    now: float,
    domain: str,
) -> None:
    gathered = now - alert["changed"] >= QUIET_SECONDS or now - alert["opened"] >= LONGEST_WAIT_SECONDS
    over = now - alert["opened"] >= repeat_seconds
    if alert["state"] == "gathering" and gathered:
        _mail(store, alert, recipients, now, domain, "first")
        store.update("alert", alert["id"], state="told")
    elif alert["state"] == "told" and over and alert["audience"] != CONTEST and not _waits(store, alert):
        if alert["count"] > alert["told"]:
            _mail(store, alert, recipients, now, domain, "more")
        store.update("alert", alert["id"], state="closed")


def _waits(store: OfficeStore, alert: dict[str, Any]) -> bool:
    return bool(store.rows("select 1 from mail where alert = :alert and sent is null", alert=alert["id"]))


def _mail(
    store: OfficeStore, alert: dict[str, Any], recipients: Recipients, now: float, domain: str, which: str
) -> None:
    to = recipients(alert["audience"], json.loads(alert["facts"]).get("person", ""))
    if to:
        store.add_mail(to, "", "", "", f"<alert-{alert['id']}-{which}-{int(now)}@{domain}>", now, alert["id"])
