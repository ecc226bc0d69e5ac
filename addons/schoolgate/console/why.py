"""One event, and why it came to that: the reason as it was found then, and what the settings would say now."""

from typing import Any

from starlette.responses import Response

from schoolgate.console.entry import Refused, Visitor, Who
from schoolgate.console.lists import ask
from schoolgate.console.log import choices, for_eyes_of, unblock_link
from schoolgate.console.looking import put_on_record_once
from schoolgate.enquiry import because

_EVENT = "select * from events where id = :id and action <> 'deed' limit 1"


def show_why(visitor: Visitor) -> Response:
    """All that is known of one event; a leader's look at somebody else's goes on record, once in half an hour."""
    with visitor.desk.reading() as reader:
        row = next(reader.query(_EVENT, {"id": visitor.request.path_params["event"]}), None)
    if row is None:
        raise Refused(404, "There is no such event. Events are deleted when their time is over.")
    seen = for_eyes_of(visitor, row)
    if seen["person"] and seen["person"] != visitor.account.person:
        put_on_record_once(visitor, seen["person"], f"event {row['ref']}", about=row["id"])
    now, wrong = _now(visitor, row)
    words = {"event": seen, "because": because(seen), "now": now, "wrong": wrong, **choices(visitor.settings)}
    return visitor.page("why.html", **words, unblock=unblock_link(visitor, row), leader=visitor.may(Who.LEADERS))


def _now(visitor: Visitor, row: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """What the settings in force say of the same address for the same group, with its reason in words."""
    if not row["host"]:
        return None, ""
    try:
        return ask(visitor, f"https://{row['host']}{row['path']}", row["group"]), ""
    except ValueError as error:
        return None, str(error)
