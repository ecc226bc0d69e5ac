"""Opens blocked sites, and shuts them again: by whom, for whom and how long, and how it is done.

The console and the commands both come through here, so that the same holds for both. For a while, a site is opened for
one group, by a deed; always, it is opened for everybody, by a line in ``blocklists/local/allow.yaml``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from schoolgate.lists.entry import Entry
from schoolgate.policy.identity import Group
from schoolgate.policy.lengths import ALWAYS, NoLength, until_of
from schoolgate.policy.purpose import Site
from schoolgate.policy.request import match_target
from schoolgate.settings.faults import SettingsError, unknown
from schoolgate.settings.load import Settings
from schoolgate.settings.local_edits import allow_no_more, allowed_by_hand, allowing
from schoolgate.settings.openable import NotOpened, Right, check_always, check_for_a_while, inspected, read_site
from schoolgate.store.event import Deed, Event, as_reference, stamp
from schoolgate.store.openings import Asked, Opening, by_words

LONGEST_LESSON = timedelta(minutes=90)
LONGEST = timedelta(days=31)
LONGEST_WORDS = 200

type Write = Callable[..., Event]
"""Puts a deed on record: called with the deed, and its fields by name."""


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


def plan_of(settings: Settings, right: Right, site: str, group: str, length: str, why: str, now: datetime) -> Plan:
    """What is asked, checked against what may be; ``now`` is on the school's clock. Raises NotOpened."""
    found, why = read_site(site), " ".join(why.split())[:LONGEST_WORDS]
    if not why:
        raise NotOpened("Write why it is opened; that goes on record.")
    if length.strip().lower() == ALWAYS:
        if right is Right.CLASS:
            raise NotOpened("Only the technician and the school's leaders open a site for always.")
        check_always(settings, right, found, now)
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
    check_for_a_while(settings, found, group, now)
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


def holding(settings: Settings, found: Iterable[Opening], now: datetime) -> list[Opening]:
    """What is open now: for always, only what the school's file still says, from which somebody may take it by hand."""
    held = [each for each in found if each.holds(now)]
    if all(each.until for each in held):
        return held
    try:
        allowed = frozenset(allowed_by_hand(settings.folders))
    except (SettingsError, OSError):
        return held  # while the file has a fault, what it said before it is in force
    return [each for each in held if each.until or Entry(each.host, each.path) in allowed]


def is_meant(opening: Opening, text: str) -> bool:
    """Whether a text is its reference, or its site."""
    if as_reference(text) == opening.ref:
        return True
    try:
        return read_site(text) == Site(opening.host, opening.path)
    except NotOpened:
        return False
