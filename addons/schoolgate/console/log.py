"""The event log: what happened, newest first, looked through by group, action, kind of site, time, site and reference.

People stand here under their codes, and only for the school's leaders: the technician sees neither who of the staff it
was nor what anybody searched for. What people did with the record (deeds) is no part of it.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from schoolgate.console.entry import Refused, Visitor, Who
from schoolgate.console.forms import Form
from schoolgate.console.guard import LIVE, POLICY, SAFETY
from schoolgate.console.looking import give_reason, put_on_record, reason_for
from schoolgate.console.mine import local_now
from schoolgate.policy.rules import SEARCH, Action
from schoolgate.settings.load import Settings
from schoolgate.store.event import FAULT, PROBE, as_reference, stamp
from schoolgate.store.newest import LAST, Found, Place, Wanted, newest, place_of

LENGTH = 100
"""Events on one page."""
PERIODS = {"all": "All that is kept", "hour": "The last hour", "today": "Today", "week": "7 days", "month": "30 days"}
ACTIONS = {
    Action.BLOCK: "blocked",
    Action.WARN: "asked first",
    Action.LOG: "recorded",
    Action.ALLOW: "let through",
    FAULT: "fault of the gateway",
    PROBE: "the gateway's own probe",
}
WORRY = "worry"
REFRESH = 30
"""Seconds between two looks, where the viewer has switched that on."""
_DAYS = {"week": 7, "month": 30}
_HIDDEN = ("person", "device", "client", "path", "calendar", "left_out", "notice", "reason", "identity_confidence")
"""What the technician sees only of groups that do not work here."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form of the log asks for; what is "" does not matter.

    ``since`` and ``until`` are dates, both included; where one is given, ``period`` does not matter.
    """

    period: str = "all"
    since: str = ""
    until: str = ""
    group: str = ""
    action: str = ""
    category: str = ""
    host: str = ""
    ref: str = ""
    person: str = ""
    search: str = ""
    refresh: str = ""

    def link(self, **changes: str) -> str:
        """The address of the log with these changes."""
        given = {name: getattr(self, name) for name in self.__slots__} | changes
        usual = {"period": "all"}
        return f"/log?{urlencode({name: value for name, value in given.items() if value and usual.get(name) != value})}"


def show_log(visitor: Visitor) -> Response:
    """A part of the log; of one person only with a reason, and then each look goes on record."""
    try:
        asked = read_asked(visitor.query)
    except ValueError as error:
        raise Refused(400, str(error)) from None
    if (asked.person or asked.search) and not visitor.may(Who.LEADERS):
        raise Refused(403, "Who it was, and what was searched for, is for the school's leaders.")
    reason = reason_for(visitor, asked.person) if asked.person else ""
    if asked.person and not reason:
        return visitor.page("log_reason.html", asked=asked, wrong="")
    if asked.person:
        put_on_record(visitor, asked.person, reason)
    words = _words(visitor, asked, place_of(visitor.query.line("before", 80)))
    answer = visitor.page("log.html", **words, reason=reason)
    answer.headers[POLICY] = LIVE if words["live"] else SAFETY[POLICY]
    return answer


def look(visitor: Visitor) -> Response:
    """Take the reason for looking at the events of one person."""
    try:
        asked = read_asked(visitor.form)
    except ValueError as error:
        raise Refused(400, str(error)) from None
    wrong = give_reason(visitor, asked.person) if asked.person else "Say whose events you want to see."
    if wrong:
        return visitor.page("log_reason.html", 400, asked=asked, wrong=wrong)
    return visitor.go(asked.link())


def read_asked(form: Form) -> Asked:
    """What is asked for; what makes no sense is left aside, but for days: raises ValueError in words."""
    period, ref = form.line("period"), form.line("ref", 20)
    since, until = _day(form.line("since", 30)), _day(form.line("until", 30))
    if since and until and until < since:
        raise ValueError(f"The log ends before it begins: from {since} to {until}. Turn the two days round.")
    return Asked(
        period=period if period in PERIODS else "all",
        since=since,
        until=until,
        group=form.line("group", 64),
        action=form.line("action") if form.line("action") in ACTIONS else "",
        category=form.line("category", 64),
        host=form.line("host", 100).casefold(),
        ref=as_reference(ref) if ref else "",
        person=form.line("person", 32).lower(),
        search=WORRY if form.line("search") == WORRY else "",
        refresh="on" if form.line("refresh") == "on" else "",
    )


def for_eyes_of(visitor: Visitor, row: dict[str, Any]) -> dict[str, Any]:
    """An event as this visitor may see it."""
    if visitor.may(Who.LEADERS):
        return row
    said = {"entry": ""} if row["list"] == SEARCH else {}  # the words that were searched for
    row = row | {"search": None, "person": ""} | said
    snapshot = visitor.settings.snapshot
    others = {group.id for group in snapshot.people.groups} - snapshot.calendar.at_work
    return row if row["group"] in others else row | dict.fromkeys(_HIDDEN, "")


def unblock_link(visitor: Visitor, row: dict[str, Any]) -> str:
    """The address of the form that opens the site of an event, filled in; "" where there is nothing to open.

    Where the words of a search were what was blocked, opening the search engine would be no answer.
    """
    if row["action"] != Action.BLOCK or not row["host"] or row["list"] == SEARCH or not visitor.may(Who.OPENERS):
        return ""
    return f"/unblock?{urlencode({'site': row['host'], 'group': row['group']})}#site"


def _words(visitor: Visitor, asked: Asked, before: Place) -> dict[str, Any]:
    now = local_now(visitor)
    wanted = _wanted(asked, now)
    with visitor.desk.reading() as reader:
        found = newest(reader, wanted, before, LENGTH)
    rows = [for_eyes_of(visitor, row) | {"unblock": unblock_link(visitor, row)} for row in found.rows]
    turned = replace(asked, refresh="")
    is_newest = before == Place()
    words: dict[str, Any] = {"asked": asked, "rows": rows, "found": found, "is_newest": is_newest}
    words |= {"live": is_newest and _can_be_live(asked, now)}
    words |= {"older": _older(turned, found), "newest": turned.link(), "refresh": REFRESH}
    words |= {"switched": asked.link(refresh="" if asked.refresh else "on"), "periods": PERIODS, "actions": ACTIONS}
    return words | choices(visitor.settings) | {"leader": visitor.may(Who.LEADERS)}


def choices(settings: Settings) -> dict[str, Any]:
    """What the form offers: groups and categories by title."""
    categories = sorted(settings.snapshot.categories.values(), key=lambda each: each.title.casefold())
    return {"groups": {group.id: group.title for group in settings.snapshot.people.groups}, "categories": categories}


def _older(asked: Asked, found: Found) -> str:
    return asked.link(before=str(found.older)) if found.older else ""


def _wanted(asked: Asked, now: datetime) -> Wanted:
    same = ("group", "action", "category", "host", "ref", "person", "search")
    since, until = _time(asked, now)
    return Wanted(since=since, until=until, **{name: getattr(asked, name) for name in same})


def _time(asked: Asked, now: datetime) -> tuple[str, str]:
    """From when to when, as the record writes it; ``now`` is on the school's clock."""
    if asked.since or asked.until:
        since = stamp(_midnight(asked.since, now)) if asked.since else ""
        return since, stamp(_midnight(asked.until, now, 1)) if asked.until else LAST
    if asked.period == "hour":
        return stamp(now - timedelta(hours=1)), LAST
    if asked.period == "all":
        return "", LAST
    first_day = now.date() - timedelta(days=_DAYS.get(asked.period, 1) - 1)
    return stamp(datetime.combine(first_day, time(), now.tzinfo)), LAST


def _midnight(day: str, now: datetime, later: int = 0) -> datetime:
    """When a day of the school's clock begins, or the one so many days later."""
    return datetime.combine(date.fromisoformat(day) + timedelta(days=later), time(), now.tzinfo)


def _can_be_live(asked: Asked, now: datetime) -> bool:
    """Whether new events can still belong here; of one person every look goes on record, so none is by itself."""
    return not asked.person and (not asked.until or asked.until >= now.date().isoformat())


def _day(text: str) -> str:
    if not text:
        return ""
    with suppress(ValueError):
        found = date.fromisoformat(text)
        if 1970 < found.year < 9000:
            return found.isoformat()
    raise ValueError(f"{text!r} is no day. Write it like 2026-11-24.")
