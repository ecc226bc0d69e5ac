"""Somebody with a role looks at another person's record: never without a reason, and never without a trace."""

from starlette.responses import Response

from schoolgate.console.entry import Refused, Visitor
from schoolgate.console.mine import left_out_words, local_now, record_words
from schoolgate.console.paging import part_of
from schoolgate.console.period import stretch
from schoolgate.store.event import Deed

_OWN = "This is your own record: you see it under My record, and what is contested in it somebody else answers."
_SHORTEST_REASON = 8


def reason_for(visitor: Visitor, person: str) -> str:
    """The reason that was given for looking at a person's record, or "". Raises Refused for one's own."""
    if person == visitor.account.person:
        raise Refused(403, _OWN)
    assert visitor.session is not None
    return visitor.desk.sessions.reason(visitor.session, person)


def give_reason(visitor: Visitor, person: str) -> str:
    """Take the reason from the form; returns words that say what is wrong with it, or ""."""
    reason_for(visitor, person)
    reason = visitor.form.text("reason", 500)
    if len(reason) < _SHORTEST_REASON:
        return "Write the reason in a few words. It goes on record with your role."
    assert visitor.session is not None
    visitor.desk.sessions.open_record(visitor.session, person, reason)
    return ""


def put_on_record(visitor: Visitor, person: str, reason: str, about: str = "") -> None:
    """The look itself, before anything is shown."""
    visitor.desk.write(Deed.VIEWED, visitor.account.actor, person=person, why=reason, about=about)


def put_on_record_once(visitor: Visitor, person: str, reason: str, about: str) -> None:
    """A look at one thing, where nobody asks for a reason: once in half an hour."""
    assert visitor.session is not None
    sessions, key = visitor.desk.sessions, f"look {about}"
    if not sessions.reason(visitor.session, key):
        put_on_record(visitor, person, reason, about)
        sessions.open_record(visitor.session, key, reason)


def show_records(visitor: Visitor) -> Response:
    """The form that asks whose record, and why."""
    return visitor.page("records.html", person="", wrong="", reason="")


def open_record(visitor: Visitor) -> Response:
    """Take the reason and go on to the record."""
    person = visitor.form.line("person", 32).lower()
    wrong = (
        "" if _is_known(visitor, person) else "Nothing is on record under this code. Is it written like u-0123456789ab?"
    )
    wrong = wrong or give_reason(visitor, person)
    if wrong:
        reason = visitor.form.text("reason", 500)
        return visitor.page("records.html", 400, person=person, wrong=wrong, reason=reason)
    return visitor.go(f"/records/{person}")


def show_record(visitor: Visitor) -> Response:
    """The counted visits of a person under a code."""
    return _show(visitor, "record.html", left_out=False)


def show_left_out(visitor: Visitor) -> Response:
    """What does not count on the record of a person under a code."""
    return _show(visitor, "record_left_out.html", left_out=True)


def _show(visitor: Visitor, template: str, left_out: bool) -> Response:
    person = visitor.request.path_params["person"]
    reason = reason_for(visitor, person)
    if not reason:
        return visitor.page("records.html", person=person, wrong="", reason="")
    during = stretch(visitor.query.line("period"), local_now(visitor))
    put_on_record(visitor, person, reason)
    with visitor.desk.reading() as reader:
        if left_out:
            words = left_out_words(reader, person, during, part_of(visitor.query))
        else:
            words = record_words(reader, person, during, part_of(visitor.query), visitor.settings.school.timezone)
    return visitor.page(template, reason=reason, **words)


def _is_known(visitor: Visitor, person: str) -> bool:
    if not person:
        return False
    with visitor.desk.reading() as reader:
        found = reader.query("select 1 as found from events where person = :person limit 1", {"person": person})
        return any(found)
