"""A teacher opens a blocked site for her class, for the length of a lesson, and shuts it again."""

from starlette.responses import Response

from schoolgate.console.entry import Visitor
from schoolgate.console.forms import Form
from schoolgate.console.mine import local_now
from schoolgate.console.unblock import shut_for
from schoolgate.opening import LONGEST_LESSON, LONGEST_WORDS, carry_out, classes, plan_of
from schoolgate.policy.lengths import LESSON, until_of
from schoolgate.settings.openable import NotOpened, Right
from schoolgate.store.openings import asked, openings

_MOST_OPEN = 20


def show_class_site(visitor: Visitor) -> Response:
    """The form, and what she has open."""
    return _page(visitor, 200, "", Form())


def open_for_class(visitor: Visitor) -> Response:
    """Open a site for a group of pupils, up to the end of the lesson or for some minutes."""
    form, now, actor = visitor.form, local_now(visitor), visitor.account.person
    minutes = form.line("minutes", 4)
    length = LESSON if form.line("length") == LESSON or not minutes else f"{minutes}m"
    try:
        plan = plan_of(
            visitor.settings, Right.CLASS, form.line("site"), form.line("group"), length, form.line("why"), now
        )
        with visitor.desk.alone:
            with visitor.desk.reading() as reader:
                about = tuple(each.id for each in asked(reader) if not each.answered_by and plan.answers(each))
                mine = [each for each in openings(reader) if each.actor == actor and each.holds(now)]
            if len(mine) >= _MOST_OPEN:
                raise NotOpened(f"You have {_MOST_OPEN} sites open already; shut some first.")
            carry_out(visitor.settings, plan, actor, visitor.desk.write, about)
    except NotOpened as error:
        return _page(visitor, 400, str(error), form)
    return visitor.go("/mine/open")


def shut_for_class(visitor: Visitor) -> Response:
    """Shut what she opened herself."""
    try:
        shut_for(visitor, visitor.account.person)
    except NotOpened as error:
        return _page(visitor, 400, str(error), Form())
    return visitor.go("/mine/open")


def _page(visitor: Visitor, status: int, wrong: str, form: Form) -> Response:
    now = local_now(visitor)
    with visitor.desk.reading() as reader:
        mine = [each for each in openings(reader) if each.actor == visitor.account.person and each.holds(now)][::-1]
    groups = classes(visitor.settings)
    words = {"groups": groups, "titles": {group.id: group.title for group in groups}, "mine": mine, "form": form}
    words |= {"wrong": wrong, "end": until_of(LESSON, now), "longest": LONGEST_WORDS}
    return visitor.page("class_site.html", status, most=LONGEST_LESSON.seconds // 60, **words)
