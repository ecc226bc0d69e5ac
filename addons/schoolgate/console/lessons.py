"""A purpose declared ahead: "I need these sites for this lesson until then"; and taking it back."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

from schoolgate.console.entry import Refused, Visitor
from schoolgate.console.forms import Form
from schoolgate.console.mine import local_now
from schoolgate.lists.guards import is_suffix
from schoolgate.policy.purpose import site_of
from schoolgate.policy.request import BadAddress
from schoolgate.policy.rules import Action
from schoolgate.policy.standing import Declared
from schoolgate.settings.load import Settings
from schoolgate.store.deeds import declarations
from schoolgate.store.event import Deed, stamp

LONGEST = timedelta(days=31)
_MOST_SITES = 20
_MOST_OPEN = 50


class NotYet(Exception):
    """The form cannot be taken as it is; the words say what to change."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a form declares."""

    sites: tuple[str, ...]
    purpose: str
    since: datetime
    until: datetime


def show_lessons(visitor: Visitor) -> Response:
    """Her declarations, and the form for another."""
    return _page(visitor, 200, "", Form())


def declare(visitor: Visitor) -> Response:
    """Put a purpose on record, for a time that lies ahead."""
    now = local_now(visitor)
    try:
        plan = read_plan(visitor.form, now)
        with visitor.desk.alone:
            if len(_open(visitor, now)) >= _MOST_OPEN:
                raise NotYet(f"You have {_MOST_OPEN} purposes open already; take some back first.")
            entry = f"{stamp(plan.since)}/{stamp(plan.until)}"
            given = {"person": visitor.account.person, "about": " ".join(plan.sites), "why": plan.purpose}
            visitor.desk.write(Deed.DECLARED, visitor.account.actor, entry=entry, **given)
    except NotYet as error:
        return _page(visitor, 400, str(error), visitor.form)
    return visitor.go("/mine/lessons")


def withdraw(visitor: Visitor) -> Response:
    """Take a declaration back: from now on it explains nothing; what it explained stays explained."""
    declared = visitor.request.path_params["declared"]
    with visitor.desk.alone:
        if all(each.id != declared for each in _open(visitor, local_now(visitor))):
            raise Refused(404, "You have no such purpose that could be taken back.")
        visitor.desk.write(Deed.WITHDRAWN, visitor.account.actor, person=visitor.account.person, about=declared)
    return visitor.go("/mine/lessons")


def read_plan(form: Form, now: datetime) -> Plan:
    """What a form says. Raises NotYet."""
    purpose = form.line("purpose")
    if not purpose:
        raise NotYet("Write what you need the sites for, for example: Year 5 history, Victorian toys.")
    sites = tuple(dict.fromkeys(re.split(r"[\s,;]+", form.text("sites")))) if form.text("sites") else ()
    if not sites or len(sites) > _MOST_SITES:
        raise NotYet(f"Write the sites that you need, from one to {_MOST_SITES}, one a line.")
    for site in sites:
        _check_site(site)
    since = max(now, _moment(form.line("since"), now, "from")) if form.line("since") else now
    until = _moment(form.line("until"), now, "until")
    if until <= since:
        raise NotYet("It ends before it begins: a purpose is declared ahead, never afterwards.")
    if until > now + LONGEST:
        raise NotYet(f"A purpose can be declared for up to {LONGEST.days} days ahead; choose an earlier end.")
    return Plan(sites, purpose, since, until)


def _check_site(text: str) -> None:
    try:
        site = site_of(text)
    except BadAddress:
        raise NotYet(f"{text!r} is no site; write it like example.org or example.org/lesson") from None
    if is_suffix(site.host):
        raise NotYet(f"{text!r} would be every site below it; write the whole name, like example.{site.host}")


def _moment(written: str, now: datetime, which: str) -> datetime:
    """What a date-and-time field holds, on the school's clock."""
    try:
        return datetime.fromisoformat(written).replace(tzinfo=now.tzinfo)
    except ValueError:
        example = f"{now:%Y-%m-%d}T15:30"
        raise NotYet(f"The time {which!r} cannot be read; write it like {example}") from None


def _open(visitor: Visitor, now: datetime) -> list[Declared]:
    with visitor.desk.reading() as reader:
        return [each for each in declarations(reader, visitor.account.person) if each.until > now]


def _page(visitor: Visitor, status: int, wrong: str, form: Form) -> Response:
    now = local_now(visitor)
    with visitor.desk.reading() as reader:
        mine = declarations(reader, visitor.account.person)
    words = {"declared": mine[::-1], "now": now, "wrong": wrong, "form": form, "longest": LONGEST.days}
    bounds = {"earliest": f"{now:%Y-%m-%dT%H:%M}", "latest": f"{now + LONGEST:%Y-%m-%dT%H:%M}"}
    return visitor.page(
        "lessons.html", status, blocked=_blocked(visitor.settings, visitor.account.group), **words, **bounds
    )


def _blocked(settings: Settings, group: str) -> list[str]:
    """What stays blocked for the group whatever is declared."""
    names = [c for r in settings.snapshot.rules if group in r.groups and r.action is Action.BLOCK for c in r.categories]
    known = settings.snapshot.categories
    return sorted({known[name].title for name in names if name in known})
