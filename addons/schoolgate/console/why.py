"""One event, and why it came to that: the reason as it was found then, and what the settings would say now."""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from schoolgate.console.entry import Refused, Visitor, Who
from schoolgate.console.log import choices, for_eyes_of
from schoolgate.enquiry import Enquiry, because
from schoolgate.policy.rules import Action

_EVENT = "select * from events where id = :id and action <> 'deed' limit 1"


def show_why(visitor: Visitor) -> Response:
    """All that is known of one event."""
    with visitor.desk.reading() as reader:
        row = next(reader.query(_EVENT, {"id": visitor.request.path_params["event"]}), None)
    if row is None:
        raise Refused(404, "There is no such event. Events are deleted when their time is over.")
    seen = for_eyes_of(visitor, row)
    now, wrong = _now(visitor, row)
    words = {"event": seen, "because": because(seen), "now": now, "wrong": wrong, **choices(visitor.settings)}
    return visitor.page("why.html", **words, unblock=_unblock(visitor, row), leader=visitor.may(Who.LEADERS))


def _now(visitor: Visitor, row: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """What the settings in force say of the same address for the same group, with its reason in words."""
    if not row["host"]:
        return None, ""
    try:
        url, now = f"https://{row['host']}{row['path']}", visitor.desk.now().isoformat()
        answer = Enquiry(visitor.settings, {}).answer({"url": url, "group": row["group"], "at": now})
    except ValueError as error:
        return None, str(error)
    return answer | {"because": because(answer)}, ""


def _unblock(visitor: Visitor, row: dict[str, Any]) -> str:
    """The address of the screen that opens the site, filled in; "" where that is not for this visitor."""
    if row["action"] != Action.BLOCK or not row["host"] or not visitor.may(Who.OPENERS):
        return ""
    return f"/unblock?{urlencode({'site': row['host'], 'group': row['group']})}#site"
