"""What may be opened: a site as people write it, and what speaks against opening it, for a while or always."""

import re
from collections.abc import Iterator
from datetime import datetime
from enum import Enum

from schoolgate.lists.entry import Entry, covers
from schoolgate.lists.guards import is_suffix
from schoolgate.policy.decision import LOCAL_BLOCK, decide_for
from schoolgate.policy.identity import Confidence, Group, Identity, Inspect
from schoolgate.policy.opened import may_be_opened
from schoolgate.policy.purpose import SCHEME, Site, site_of
from schoolgate.policy.request import BadAddress, host_address, request_from_url
from schoolgate.policy.rules import Action, Hit
from schoolgate.policy.verdict import Verdict
from schoolgate.settings.load import Settings

_SINGLE_PAGES = "Where single pages are stopped for what they say, the technician can allow the site always."
_PORT = re.compile(r"^([^:]+|\[.+\]):[0-9]{1,5}$")


class NotOpened(Exception):
    """Nothing was opened or shut; the words say why, and what would do."""


class Right(Enum):
    """How far somebody may go."""

    CLASS = "for a class, for a lesson"
    SCHOOL = "for any group, also always, but nothing harmful"
    LISTS = "the same, and what lists call harmful by mistake, always"


def inspected(settings: Settings) -> list[Group]:
    """The groups to whom anything can be blocked."""
    return [group for group in settings.snapshot.people.groups if group.inspect is not Inspect.NONE]


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


def read_site(written: str) -> Site:
    """What somebody wrote or took from the address bar, where a port may stand; ``*.`` is all below a name anyway."""
    host, slash, path = SCHEME.sub("", written.strip()).partition("/")
    try:
        site = site_of(f"{_PORT.sub(r'\1', host).removeprefix('*.')}{slash}{path}")
    except BadAddress as error:
        raise NotOpened(f"{error}.") from None
    if not site.path.isprintable():
        raise NotOpened(f"{written!r} has signs that no address has; write it like example.org/lesson.")
    if host_address(site.host) and site.path[1:].isdigit():
        raise NotOpened(f"{site.host}{site.path} would be a whole network; sites are opened one by one.")
    site = Site(site.host, site.path.rstrip(" ").rstrip("/"))
    if is_suffix(site.host):
        raise NotOpened(f"{site.host} would be every site below it; write the whole name, like example.{site.host}.")
    return site


def _address(site: Site) -> str:
    host = f"[{site.host}]" if ":" in site.host else site.host
    return f"https://{host}{site.path or '/'}"


def check_for_a_while(settings: Settings, site: Site, group: str, now: datetime) -> None:
    """Whether a site may be opened for a group for a while: what is blocked, and not harmful. Raises NotOpened."""
    verdict, written = verdict_now(settings, site, group, now), f"{site.host}{site.path}"
    known = settings.snapshot.people.group(group)
    title = known.title
    if site.path and known.inspect is Inspect.NAMES:
        raise NotOpened(f"Of {title} the filter sees names alone, so only the whole of {site.host} can be opened.")
    _check_sealed(settings, site, now)
    if verdict.rule == LOCAL_BLOCK:
        raise NotOpened(f"The school blocks {written} itself, in blocklists/local/block.yaml: it is opened there only.")
    if verdict.action is not Action.BLOCK:
        raise NotOpened(f"{written} is not blocked for {title}, so there is nothing to open. {_SINGLE_PAGES}")
    if hit := harm(settings, site, now):
        words = "such sites are opened for nobody. If the list is wrong, the technician can allow the site always."
        raise NotOpened(f"{written} counts as {_title(settings, hit)}, and {words}")


def check_always(settings: Settings, right: Right, site: Site, now: datetime) -> None:
    """Whether somebody may open a site for everybody and always, with all below it. Raises NotOpened."""
    _check_sealed(settings, site, now)
    local = settings.snapshot.lists.look_up(site.host, request_from_url(_address(site), at=now).target).local
    written = f"{site.host}{site.path}"
    if local is not None and local[0] is Action.BLOCK:
        words = "take it out there first; a block of the school's own is stronger than a list"
        raise NotOpened(f"blocklists/local/block.yaml blocks {local[1].entry}: {words}.")
    if hit := harm(settings, site, now):
        if right is Right.LISTS:
            return
        words = "only the technician allows such a site, where the list is wrong"
        raise NotOpened(f"{written} counts as {_title(settings, hit)}: {words}.")
    groups = [each.id for each in inspected(settings)] if right is Right.SCHOOL else []
    if groups and all(verdict_now(settings, site, each, now).action is not Action.BLOCK for each in groups):
        raise NotOpened(f"{written} is blocked for nobody, so there is nothing to open. {_SINGLE_PAGES}")
    for inside, hit in _harm_inside(settings, site):
        words = "always would open that, too. Name the part that is needed, or open it for a while"
        raise NotOpened(f"{inside}, a part of {written}, counts as {_title(settings, hit)}: {words}.")


def _check_sealed(settings: Settings, site: Site, now: datetime) -> None:
    """Raises NotOpened for what a feed of illegal material names."""
    request = request_from_url(_address(site), at=now)
    if settings.snapshot.sealed.match(request.names, request.asked):
        raise NotOpened("A licensed list of illegal material names it: nobody can open it.")


def _harm_inside(settings: Settings, site: Site) -> Iterator[tuple[Entry, Hit]]:
    """What lists call harmful of the parts of a site that they name."""
    snapshot = settings.snapshot
    for host, path in snapshot.lists.below(site.host):
        if covers(site.path, path) or covers(path, site.path):
            found = snapshot.lists.look_up(host, max(path, site.path, key=len))
            for hit in found.hits if found.local is None else ():
                if not may_be_opened(hit.category, snapshot.categories):
                    yield Entry(host, path), hit


def _title(settings: Settings, hit: Hit) -> str:
    known = settings.snapshot.categories.get(hit.category)
    return known.title if known else hit.category
