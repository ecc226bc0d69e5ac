"""What is blocked and was asked for: opened with one click for a lesson, a day or always, or refused with words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from schoolgate.console.entry import Refused, Visitor
from schoolgate.console.forms import Form
from schoolgate.console.mine import local_now
from schoolgate.console.paging import part_of
from schoolgate.opening import LONGEST_WORDS, carry_out, holding, plan_of, right_of, shut
from schoolgate.policy.lengths import ALWAYS, DAY, LESSON, until_of
from schoolgate.policy.purpose import Site, site_of
from schoolgate.policy.request import BadAddress
from schoolgate.policy.verdict import Verdict
from schoolgate.settings.load import Settings
from schoolgate.settings.openable import NotOpened, Right, inspected, verdict_now
from schoolgate.store.event import Deed
from schoolgate.store.openings import MISTAKE, Asked, asked, openings

UNTIL = "until"
"""The length that a form names when the end stands in a field of its own."""
_SHOWN_WORDS = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """All that wait for one site, the newest last; ``verdict`` is what holds for the group of the newest now."""

    site: str
    waiting: tuple[Asked, ...]
    verdict: Verdict | None

    @property
    def is_mistake(self) -> bool:
        """Whether all say that it is blocked wrongly, where no lesson could open it."""
        return all(each.kind == MISTAKE for each in self.waiting)

    @property
    def words(self) -> list[Asked]:
        """The newest of those that say why."""
        return [each for each in reversed(self.waiting) if each.words][:_SHOWN_WORDS]

    @property
    def group(self) -> str:
        """The group that asked last."""
        return self.waiting[-1].group


def show_unblock(visitor: Visitor) -> Response:
    """What waits, what is open, and what was answered; the address may fill in the form for another site."""
    return _page(visitor, 200, "", visitor.query)


def open_site(visitor: Visitor) -> Response:
    """Open what a form names; that answers all who asked for it, and get it."""
    form, now, settings = visitor.form, local_now(visitor), visitor.settings
    length = form.line(UNTIL) if form.line("length") == UNTIL else form.line("length")
    try:
        plan = plan_of(settings, _right(visitor), form.line("site"), form.line("group"), length, form.line("why"), now)
        with visitor.desk.alone:
            about = tuple(each.id for each in _waiting(visitor) if plan.answers(each))
            carry_out(settings, plan, visitor.account.actor, visitor.desk.write, about)
    except NotOpened as error:
        return _page(visitor, 400, str(error), form)
    return visitor.go("/unblock")


def refuse(visitor: Visitor) -> Response:
    """The site stays blocked; the words say why."""
    site, words = visitor.form.line("refused"), visitor.form.line("why", LONGEST_WORDS)
    if not words:
        return _page(visitor, 400, "Write why it stays blocked; that goes on record.", visitor.form)
    with visitor.desk.alone:
        about = [each.id for each in _waiting(visitor) if _site_of(each) == site]
        if not about:
            words = "Nobody is waiting for this site any more: somebody has answered in the meantime."
            return _page(visitor, 400, words, Form())
        visitor.desk.write(Deed.NOT_OPENED, visitor.account.actor, about=" ".join(about), host=site, why=words)
    return visitor.go("/unblock")


def shut_site(visitor: Visitor) -> Response:
    """Take an opening back."""
    try:
        shut_for(visitor)
    except NotOpened as error:
        return _page(visitor, 400, str(error), Form())
    return visitor.go("/unblock")


def shut_for(visitor: Visitor, actor: str = "") -> None:
    """Shut the opening of the address, if it holds (and ``actor`` opened it). Raises Refused and NotOpened."""
    wanted, now = visitor.request.path_params["opening"], local_now(visitor)
    with visitor.desk.alone:
        with visitor.desk.reading() as reader:
            found = next((each for each in openings(reader) if each.id == wanted and each.holds(now)), None)
        if found is None or (actor and found.actor != actor):
            raise Refused(404, "Nothing that is open now could be shut here.")
        shut(visitor.settings, found, visitor.account.actor, visitor.desk.write)


def wishes(settings: Settings, found: Iterable[Asked], now: datetime) -> list[Wish]:
    """The requests that wait, by site; the site that is asked for most stands first."""
    by_site: dict[str, list[Asked]] = {}
    for each in found:
        if not each.answered_by:
            by_site.setdefault(_site_of(each), []).append(each)
    many = sorted(by_site.items(), key=lambda item: (-len(item[1]), item[1][0].at))
    return [Wish(site, tuple(waiting), _verdict(settings, waiting[-1], now)) for site, waiting in many]


def _verdict(settings: Settings, newest: Asked, now: datetime) -> Verdict | None:
    if newest.group not in [group.id for group in settings.snapshot.people.groups]:
        return None
    try:
        site = site_of(f"{newest.host}{newest.path}")
    except BadAddress:
        return None
    return verdict_now(settings, Site(newest.host, site.path), newest.group, now)


def _right(visitor: Visitor) -> Right:
    right = right_of(visitor.account.roles, staff=False)
    if right is None:
        raise Refused(403, "This is for the technician and the school's leaders.")
    return right


def _waiting(visitor: Visitor) -> list[Asked]:
    with visitor.desk.reading() as reader:
        return [each for each in asked(reader) if not each.answered_by]


def _site_of(each: Asked) -> str:
    """With and without www. a site is the same."""
    return each.host.removeprefix("www.")


def _page(visitor: Visitor, status: int, wrong: str, form: Form) -> Response:
    settings, now, part = visitor.settings, local_now(visitor), part_of(visitor.query)
    with visitor.desk.reading() as reader:
        everything, all_openings = asked(reader), openings(reader)
    answered, waiting = [each for each in reversed(everything) if each.answered_by], wishes(settings, everything, now)
    ends = {LESSON: until_of(LESSON, now), DAY: until_of(DAY, now)}
    words = {"wishes": part.of(waiting), "wrong": wrong, "form": form}
    words |= {"held": holding(settings, all_openings, now)[::-1]}
    words |= {
        "answered": part.of(answered),
        "part": part.beside(answered, waiting),
        "ends": ends,
        "longest": LONGEST_WORDS,
    }
    titles = {group.id: group.title for group in settings.snapshot.people.groups}
    words |= {"groups": inspected(settings), "titles": titles, "at_work": settings.snapshot.calendar.at_work}
    words |= {"may_lists": _right(visitor) is Right.LISTS, "latest": f"{now:%Y-%m-%dT%H:%M}", "always": ALWAYS}
    return visitor.page("unblock.html", status, **words)
