"""Gathers events into alerts: one for each person and theme, however often it happens, and says when it is told.

An alert waits a moment for the rest of a burst, then becomes one mail. What follows within the repeat time is counted
in the same alert: into the mail itself while nobody has got that yet, else into one follow-up at the end, or at once
where the priority has risen. In quiet hours only what has high priority is told; the rest goes on gathering until they
end. What a contest is about waits until somebody has answered it (``contested``).
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from schoolgate.alerting import gathered
from schoolgate.alerting.audience import CONTEST, SAFEGUARDING, TECHNICAL, WORRY, audience_of
from schoolgate.alerting.contested import Quiet, hold, quiet, take_up
from schoolgate.alerting.keys import key_of, theme_key_of
from schoolgate.alerting.priority import RANK
from schoolgate.policy.rules import Category, Stage
from schoolgate.store.cases import Priority
from schoolgate.store.event import DEED, FAULT
from schoolgate.store.office import OfficeStore
from schoolgate.store.record import RecordReader

__all__ = ["LONGEST_WAIT_SECONDS", "QUIET_SECONDS", "SAFEGUARDING", "TECHNICAL", "WORRY", "gather", "raise_mails"]
QUIET_SECONDS = 1.0  # a burst is over when nothing came for so long
LONGEST_WAIT_SECONDS = 3.0  # the first mail must leave within 5 seconds of the request
_PAGE = 2000
_DAY = 86400.0
_BOOKMARK = "events"
_NEW = (
    "select * from events where seq > :last and ((alert = 'immediate' and at > :since) or "
    "(action = 'deed' and rule in ('contest', 'contest-answered'))) order by seq limit :page"
)
_SAME = (  # what somebody has still to be told of goes on gathering, however old it is
    "select * from alert where key = :key and state <> 'closed' and (opened > :since or count > told or state in "
    "('gathering-held', 'told-held')) order by id desc limit 1"
)
_EARLIER = "select coalesce(sum(count), 0) as number from alert where key = :key and opened > :since"
_WAITING = "select 1 from mail where alert = :alert and channel = :channel and sent is null and reached = 0"
_UNWRITTEN = f"{_WAITING} and subject = ''"  # its words are found when it goes, so that it will say what is new

Recipients = Callable[[str, str], list[str]]
"""(audience as ``audience_of`` has it, the pseudonym that an alert is about) to e-mail addresses."""
Channels = Callable[[str, str, Priority], list[str]]
"""(audience, pseudonym, priority) to the names of channels."""


def gather(
    store: OfficeStore,
    reader: RecordReader,
    repeat_seconds: float,
    now: float,
    categories: Mapping[str, Category] | None = None,
) -> int:
    """Take up new events of the record; returns how many there were. One transaction, so none is taken twice."""
    newest, known, since = reader.last_seq(), store.bookmark(_BOOKMARK), ""
    last = int(known or 0)
    is_unknown = known is None or newest < last
    if is_unknown:  # a record that this office knows nothing of, or another than it did: only what is fresh
        last, since = 0, datetime.fromtimestamp(now - repeat_seconds, UTC).isoformat()
    events = list(reader.query(_NEW, {"last": last, "since": since, "page": _PAGE}))
    if not events:
        if is_unknown and newest:
            store.set_bookmark(_BOOKMARK, str(newest))
        return 0
    with store.atomic():
        silent, grown = quiet(store), dict[int, gathered.Facts]()
        for event in events:
            if event["action"] == DEED:
                _write(store, grown, now)
                take_up(store, reader, event, now)
                silent = quiet(store)
            elif not silent.silences(event):
                _add(store, event, silent, grown, now - repeat_seconds, now, categories or {})
        _write(store, grown, now)
        store.set_bookmark(_BOOKMARK, str(events[-1]["seq"]))
    return len(events)


def _audience(event: dict[str, Any]) -> str:
    if event["action"] == FAULT:
        return TECHNICAL
    return WORRY if event["stage"] == Stage.SEARCH else SAFEGUARDING


def _add(
    store: OfficeStore,
    event: dict[str, Any],
    silent: Quiet,
    grown: dict[int, gathered.Facts],
    since: float,
    now: float,
    categories: Mapping[str, Category],
) -> None:
    """An event goes into the alert of its theme; one of its category alone takes it first, as long as there is one.

    ``grown`` are the facts that are not written yet: a storm of one person's events must not hold up the others'.
    """
    own, key = key_of(event), theme_key_of(event)
    found = store.rows(_SAME, key=own, since=since)
    if own in silent.keys and _audience(event) == SAFEGUARDING:
        key = own
    elif not found:
        found = store.rows(_SAME, key=key, since=since)
    if found:
        number = found[0]["id"]
        grown[number] = gathered.add(grown.get(number) or json.loads(found[0]["facts"]), event, categories)
        return
    earlier = store.rows(_EARLIER, key=key, since=now - _DAY)[0]["number"]
    facts = gathered.begin(event, categories, earlier)
    names = {"key": key, "audience": _audience(event), "opened": now, "changed": now, "count": 1, "told": 0}
    store.insert("alert", **names, state="gathering", facts=json.dumps(facts))


def _write(store: OfficeStore, grown: dict[int, gathered.Facts], now: float) -> None:
    for number, facts in grown.items():
        told = gathered.led(facts)
        store.update("alert", number, count=gathered.count_of(told), changed=now, facts=json.dumps(told))
    grown.clear()


def raise_mails(
    store: OfficeStore,
    recipients: Recipients,
    repeat_seconds: float,
    now: float,
    domain: str,
    is_quiet: Callable[[float], bool] = lambda now: False,
    channels: Channels = lambda audience, person, priority: [],
) -> None:
    """Turn alerts whose burst is over into mails, and close alerts whose repeat time is over.

    The words of an alert's mail are found when it is sent, so that they count everything until then.
    """
    silent = quiet(store)
    desk = _Desk(store, recipients, channels, is_quiet, repeat_seconds, now, domain)
    for alert in store.rows("select * from alert where state <> 'closed'"):
        with store.atomic():
            _set_back(store, alert, now)
            if alert["audience"] not in (SAFEGUARDING, WORRY) or not _waits_for_answer(store, alert, silent):
                desk.step(alert)


def _set_back(store: OfficeStore, alert: dict[str, Any], now: float) -> None:
    """The clock was wrong and was set back: no alert waits until it is as late again."""
    if max(alert["opened"], alert["changed"]) > now:
        alert |= {"opened": min(alert["opened"], now), "changed": min(alert["changed"], now)}
        store.update("alert", alert["id"], opened=alert["opened"], changed=alert["changed"])


def _waits_for_answer(store: OfficeStore, alert: dict[str, Any], silent: Quiet) -> bool:
    """Whether a contest holds the alert up; worries never wait."""
    return hold(store, alert, silent.keys if alert["audience"] == SAFEGUARDING else frozenset())


class _Desk:
    """What one round knows; it takes each alert one step further."""

    def __init__(
        self,
        store: OfficeStore,
        recipients: Recipients,
        channels: Channels,
        is_quiet: Callable[[float], bool],
        repeat_seconds: float,
        now: float,
        domain: str,
    ) -> None:
        self._store, self._recipients, self._channels, self._is_quiet = store, recipients, channels, is_quiet
        self._repeat, self._now, self._domain = repeat_seconds, now, domain

    def step(self, alert: dict[str, Any]) -> None:
        """Tell of an alert when it is time, and close it when its time is over."""
        facts = json.loads(alert["facts"])
        priority = Priority(facts.get("priority", Priority.MEDIUM))
        paused = self._now - alert["changed"] >= QUIET_SECONDS
        if alert["state"] == "gathering":
            is_whole = paused or self._now - alert["opened"] >= LONGEST_WAIT_SECONDS
            if is_whole and not (self._waits(priority) and self._is_quiet(alert["opened"])):
                self._tell(alert, facts, priority, "first")
        elif alert["state"] == "told" and alert["audience"] != CONTEST:
            risen = RANK[priority] > RANK[Priority(facts.get("raised", Priority.HIGH))]
            over = self._now - alert["opened"] >= self._repeat
            is_new = alert["count"] > alert["told"]
            may_tell = is_new and not self._waits(priority)
            over = over and not self._store.rows(_WAITING, alert=alert["id"], channel="")
            if may_tell and ((risen and paused) or over):
                is_new = self._tell(alert, facts, priority, "more" if over else "rise")
            if over and not is_new:
                self._store.update("alert", alert["id"], state="closed")

    def _waits(self, priority: Priority) -> bool:
        """Whether the hours are quiet for a priority."""
        return priority is not Priority.HIGH and self._is_quiet(self._now)

    def _is_coming(self, alert: dict[str, Any], channel: str) -> bool:
        """Whether a message of the alert is in the outbox whose words are still to be found."""
        return bool(self._store.rows(_UNWRITTEN, alert=alert["id"], channel=channel))

    def _tell(self, alert: dict[str, Any], facts: dict[str, Any], priority: Priority, which: str) -> bool:
        """Put what has to be told into the outbox; whether there is anybody who gets mail about it."""
        audience, person, store = audience_of(alert, facts), facts.get("person", ""), self._store
        to = self._recipients(audience, person)
        message_id = f"<alert-{alert['id']}-{which}-{int(self._now)}@{self._domain}>"
        if to and not self._is_coming(alert, ""):
            store.add_mail(to, "", "", "", message_id, self._now, alert["id"])
        for channel in self._channels(audience, person, priority):
            if not self._is_coming(alert, channel):
                store.add_mail([channel], "", "", "", message_id, self._now, alert["id"], channel)
        store.update("alert", alert["id"], state="told", facts=json.dumps(facts | {"raised": priority}))
        return bool(to)
