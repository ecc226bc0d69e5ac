"""Opens blocked sites, and shuts them again: what may be opened by whom, for whom and how long, and how it is done.

The console and the commands both come through here, so that the same holds for both. For a while, a site is opened for
one group, by a deed; always, it is opened for everybody, by a line in ``blocklists/local/allow.yaml``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from schoolgate.lists.entry import Entry
from schoolgate.lists.guards import is_suffix
from schoolgate.policy.decision import LOCAL_BLOCK, Verdict, decide_for
from schoolgate.policy.identity import Confidence, Group, Identity, Inspect
from schoolgate.policy.lengths import ALWAYS, NoLength, until_of
from schoolgate.policy.opened import may_be_opened
from schoolgate.policy.purpose import Site, site_of
from schoolgate.policy.request import BadAddress, match_target, request_from_url
from schoolgate.policy.rules import Action, Hit
from schoolgate.settings.faults import SettingsError, unknown
from schoolgate.settings.load import Settings
from schoolgate.settings.local_edits import allow_no_more, allowed_by_hand, allowing
from schoolgate.store.event import Deed, Event, as_reference, stamp
from schoolgate.store.openings import Asked, Opening, by_words

LONGEST_LESSON = timedelta(minutes=90)
LONGEST = timedelta(days=31)
LONGEST_WORDS = 200

type Write = Callable[..., Event]
"""Puts a deed on record: called with the deed, and its fields by name."""


class NotOpened(Exception):
    """Nothing was opened or shut; the words say why, and what would do."""


class Right(Enum):
    """How far somebody may go."""

    CLASS = "for a class, for a lesson"
    SCHOOL = "for any group, also always, but nothing harmful"
    LISTS = "the same, and what lists call harmful by mistake, always"


@dataclass(frozen=True, slots=True)
class Plan:
    """A site that is to be opened: for a group up to ``until``, or for everybody and always (group "", until None)."""

    site: Site
    group: str
    since: datetime
    until: datetime | None
    why: str

    @property
    def written(self) -> str:
        """The site as people write it."""
        return f"{self.site.host}{self.site.path}"

    def answers(self, asked: Asked) -> bool:
        """Whether it gives somebody what they asked for."""
        for_them = self.until is None or self.group == asked.group
        return for_them and self.site.covers(asked.host, match_target(asked.path))


def right_of(roles: tuple[str, ...], staff: bool) -> Right | None:
    """How far somebody with these roles of school.yaml may go; None where they open nothing."""
    if "technician" in roles:
        return Right.LISTS
    if not {"headteacher", "dsl"}.isdisjoint(roles):
        return Right.SCHOOL
    return Right.CLASS if staff else None


def classes(settings: Settings) -> list[Group]:
    """The groups that a site can be opened for by a teacher: of people who do not work here."""
    at_work = settings.snapshot.calendar.at_work
    return [group for group in inspected(settings) if group.id not in at_work]


def inspected(settings: Settings) -> list[Group]:
    """The groups to whom anything can be blocked."""
    return [group for group in settings.snapshot.people.groups if group.inspect is not Inspect.NONE]


def plan_of(settings: Settings, right: Right, site: str, group: str, length: str, why: str, now: datetime) -> Plan:
    """What is asked, checked against what may be; ``now`` is on the school's clock. Raises NotOpened."""
    found, why = _site(site), " ".join(why.split())[:LONGEST_WORDS]
    if not why:
        raise NotOpened("Write why it is opened; that goes on record.")
    if length == ALWAYS:
        if right is Right.CLASS:
            raise NotOpened("Only the technician and the school's leaders open a site for always.")
        _check_always(settings, right, found, now)
        return Plan(found, "", now, None, why)
    try:
        until = until_of(length, now)
    except NoLength as error:
        raise NotOpened(str(error)) from None
    longest = LONGEST_LESSON if right is Right.CLASS else LONGEST
    if until - now > longest:
        most = f"{LONGEST_LESSON.seconds // 60} minutes" if right is Right.CLASS else f"{LONGEST.days} days"
        raise NotOpened(f"A site is opened for {most} at most; choose an earlier end.")
    groups = classes(settings) if right is Right.CLASS else inspected(settings)
    if group not in [each.id for each in groups]:
        raise NotOpened(f"Choose for whom: {unknown('group', group, [each.id for each in groups])}.")
    _check_group(settings, found, group, now)
    return Plan(found, group, now, until, why)


def carry_out(settings: Settings, plan: Plan, actor: str, write: Write, about: tuple[str, ...] = ()) -> Event:
    """Open it: on record, and for always in the school's file too. Raises NotOpened, and OSError of the record."""
    entry = f"{stamp(plan.since)}/{stamp(plan.until) if plan.until else ''}"
    given = {"host": plan.site.host, "path": plan.site.path, "group": plan.group, "entry": entry, "why": plan.why}
    given |= {"about": " ".join(about)}
    if plan.until is not None:
        return write(Deed.OPENED, actor, **given)
    comment = f"{plan.why} - opened by {by_words(actor)}, {plan.since:%Y-%m-%d}"
    try:
        with allowing(settings.folders, Entry(plan.site.host, plan.site.path), comment) as write_line:
            event = write(Deed.OPENED, actor, **given)
            try:
                write_line()
            except (SettingsError, OSError):
                write(Deed.SHUT, actor, about=event.id, why="it could not be written into the file")
                raise
    except SettingsError as error:
        raise NotOpened(str(error)) from None
    return event


def shut(settings: Settings, opening: Opening, actor: str, write: Write, why: str = "") -> Event:
    """Take an opening back: from now on it holds no more. Raises NotOpened, and OSError of the record."""
    if not opening.until:
        wanted = Entry(opening.host, opening.path)
        try:
            if wanted in allowed_by_hand(settings.folders):  # somebody may have taken it out by hand
                allow_no_more(settings.folders, wanted)
        except SettingsError as error:
            raise NotOpened(str(error)) from None
    return write(Deed.SHUT, actor, about=opening.id, host=opening.host, path=opening.path, why=why)


def is_meant(opening: Opening, text: str) -> bool:
    """Whether a text is its reference, or its site."""
    if as_reference(text) == opening.ref:
        return True
    try:
        return site_of(text) == Site(opening.host, opening.path)
    except BadAddress:
        return False


def verdict_now(settings: Settings, site: Site, group: str, now: datetime) -> Verdict:
    """What the lists and rules say of a site to a group, whatever is opened."""
    known = settings.snapshot.people.group(group)
    identity = Identity(None, None, known, Confidence.UNKNOWN, f"asked as {group}")
    return decide_for(identity, request_from_url(_address(site), at=now), settings.snapshot)


def harm(settings: Settings, site: Site, now: datetime) -> Hit | None:
    """What of a listing keeps a site from being opened for a while; None where nothing does."""
    request, snapshot = request_from_url(_address(site), at=now), settings.snapshot
    hits = snapshot.lists.look_up(request.host, request.target).hits
    return next((hit for hit in hits if not may_be_opened(hit.category, snapshot.categories)), None)


def _site(written: str) -> Site:
    try:
        site = site_of(written)
    except BadAddress as error:
        raise NotOpened(f"{error}.") from None
    if is_suffix(site.host):
        raise NotOpened(f"{site.host} would be every site below it; write the whole name, like example.{site.host}.")
    return site


def _address(site: Site) -> str:
    host = f"[{site.host}]" if ":" in site.host else site.host
    return f"https://{host}{site.path or '/'}"


def _check_group(settings: Settings, site: Site, group: str, now: datetime) -> None:
    verdict, written = verdict_now(settings, site, group, now), f"{site.host}{site.path}"
    title = settings.snapshot.people.group(group).title
    if verdict.rule == LOCAL_BLOCK:
        raise NotOpened(f"The school blocks {written} itself, in blocklists/local/block.yaml: it is opened there only.")
    if verdict.action is not Action.BLOCK:
        words = "Where single pages are stopped for what they say, the technician can allow the site always."
        raise NotOpened(f"{written} is not blocked for {title}, so there is nothing to open. {words}")
    if hit := harm(settings, site, now):
        known = settings.snapshot.categories.get(hit.category)
        words = "such sites are opened for nobody. If the list is wrong, the technician can allow the site always."
        raise NotOpened(f"{written} counts as {known.title if known else hit.category}, and {words}")


def _check_always(settings: Settings, right: Right, site: Site, now: datetime) -> None:
    local = settings.snapshot.lists.look_up(site.host, request_from_url(_address(site), at=now).target).local
    written = f"{site.host}{site.path}"
    if local is not None and local[0] is Action.BLOCK:
        words = "take it out there first; a block of the school's own is stronger than a list"
        raise NotOpened(f"blocklists/local/block.yaml blocks {local[1].entry}: {words}.")
    if right is not Right.LISTS and (hit := harm(settings, site, now)):
        known = settings.snapshot.categories.get(hit.category)
        words = "only the technician allows such a site, where the list is wrong"
        raise NotOpened(f"{written} counts as {known.title if known else hit.category}: {words}.")
