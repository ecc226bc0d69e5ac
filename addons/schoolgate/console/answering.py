"""Contests are answered here, by somebody with a role, with words, and never by the person whom they are about.

Those of the Headteacher are answered by the chair of governors, and seen by nobody who works for her.
"""

from starlette.responses import Response

from schoolgate.console import ledger
from schoolgate.console.entry import Refused, Visitor
from schoolgate.console.looking import give_reason, put_on_record, reason_for
from schoolgate.console.paging import part_of
from schoolgate.console.weighing import weigh
from schoolgate.store.deeds import REFUSED, UPHELD, Contest, contests
from schoolgate.store.event import Deed


def show_contests(visitor: Visitor) -> Response:
    """Those that wait, and those that were answered; by code, and without what is in them."""
    with visitor.desk.reading() as reader:
        everyone = contests(reader)
    others = [each for each in everyone if visitor.may_answer(each.person)]
    own = sum(not each.answer for each in everyone if each.person == visitor.account.person)
    waiting = [each for each in others if not each.answer]
    answered = [each for each in reversed(others) if each.answer]
    part = part_of(visitor.query)
    words = {"answered": part.of(answered), "part": part.beside(answered), "own": own}
    return visitor.page("contests.html", waiting=waiting, **words)


def show_contest(visitor: Visitor) -> Response:
    """One contest with the visits, her words and what speaks for and against; a reason is asked first."""
    contest = _contest(visitor)
    reason = reason_for(visitor, contest.person)
    if not reason:
        return visitor.page("reason.html", contest=contest, wrong="")
    put_on_record(visitor, contest.person, reason, about=contest.id)
    return _page(visitor, contest, 200, "")


def look(visitor: Visitor) -> Response:
    """Take the reason for looking."""
    contest = _contest(visitor)
    wrong = give_reason(visitor, contest.person)
    if wrong:
        return visitor.page("reason.html", 400, contest=contest, wrong=wrong)
    return visitor.go(f"/contests/{contest.id}")


def answer(visitor: Visitor) -> Response:
    """Uphold or refuse, with words that the person will read; the first answer counts."""
    given, words = visitor.form.line("answer"), visitor.form.text("words")
    with visitor.desk.alone:
        contest = _contest(visitor)
        if not reason_for(visitor, contest.person):
            return visitor.page("reason.html", 400, contest=contest, wrong="Look at the contest before you answer it.")
        if contest.answer:
            raise Refused(409, "This contest was answered in the meantime. The first answer counts.")
        if given not in (UPHELD, REFUSED) or not words:
            return _page(visitor, contest, 400, "Choose an answer, and write the reason that the person will read.")
        told = {"person": contest.person, "about": contest.id, "entry": given, "why": words}
        visitor.desk.write(Deed.ANSWER, visitor.account.actor, **told)
    return visitor.go("/contests")


def _contest(visitor: Visitor) -> Contest:
    """The contest of the address. Raises Refused, also for one's own."""
    wanted = visitor.request.path_params["contest"]
    with visitor.desk.reading() as reader:
        found = next((each for each in contests(reader) if each.id == wanted), None)
    if found is None:
        raise Refused(404, "There is no such contest.")
    if found.person == visitor.account.person:
        raise Refused(403, "This contest is about your own record, so somebody else has to answer it.")
    if not visitor.may_answer(found.person):
        raise Refused(403, "This contest is for somebody else to answer.")
    return found


def _page(visitor: Visitor, contest: Contest, status: int, wrong: str) -> Response:
    with visitor.desk.reading() as reader:
        rows = [ledger.event_of_person(reader, contest.person, event) for event in contest.events]
        pages = [row for row in rows if row is not None]
        said = ledger.Voice({}, ledger.voice_of(reader, contest.person).notes)
        spells = ledger.fold(pages, said)
        speaks = weigh(visitor.desk, reader, spells)
    gone = len(contest.events) - len(pages)
    return visitor.page("contest.html", status, contest=contest, spells=spells, speaks=speaks, gone=gone, wrong=wrong)
