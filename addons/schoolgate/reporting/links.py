"""Where the console lists what stands behind a number: the log of those days, or the screen of what people did."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta, tzinfo
from urllib.parse import urlencode

from schoolgate.reporting.period import Span

ACTIONS = {"blocks": "block", "visits": "log", "faults": "fault", "deeds": "deed", "events": ""}
"""The action that each view of events shows, as the log and ``schoolgate events`` call it."""
SINCE = ":since"
"""What a query of a period has in it; one of all that is on record leads to no days."""
_FILTERS = ("category", "group", "person")  # of the log
_SEARCHES = "stage = 'search'"
_LOG, _CASES, _ASKED, _CONTESTS, _LOOKS = "/log", "/cases", "/unblock", "/contests", "/look-ups"
_SCREENS = {"case-": _CASES, "unblock-": _ASKED, "contest": _CONTESTS, "record-": _LOOKS}
_RULE = re.compile(rf"'({'|'.join(_SCREENS)})")
_MAY = {
    _LOG: {"headteacher", "dsl", "technician"},
    _CASES: {"headteacher", "dsl", "chair_of_governors"},
    _ASKED: {"headteacher", "dsl", "technician"},
    _CONTESTS: {"headteacher", "dsl"},
    _LOOKS: {"headteacher", "dsl", "chair_of_governors"},
}


def link_of(view: str, sql: str, span: Span, zone: tzinfo, only: Mapping[str, str], roles: Collection[str]) -> str:
    """The address in the console, "" where there is none, or it is for none of these roles.

    ``only`` are columns of the answer's row, such as its category. The log is asked by whole days.
    """
    if view == "deeds":
        found = _RULE.search(sql)
        address = _SCREENS[found[1]] if found else ""
        return address if _may(address, roles) else ""
    if view not in ACTIONS or SINCE not in sql or not span.since or not _may(_LOG, roles):
        return ""
    first = datetime.fromisoformat(span.since).astimezone(zone).date()
    last = (datetime.fromisoformat(span.until) - timedelta(milliseconds=1)).astimezone(zone).date()
    given = {"since": first.isoformat(), "until": last.isoformat(), "action": ACTIONS[view]}
    given |= {name: only.get(name, "") for name in _FILTERS}
    if _SEARCHES in sql and not {"headteacher", "dsl"}.isdisjoint(roles):
        given["search"] = "worry"
    return f"{_LOG}?{urlencode({name: value for name, value in given.items() if value})}"


def _may(address: str, roles: Collection[str]) -> bool:
    return not _MAY.get(address, set()).isdisjoint(roles)
