"""Why a visit to a personal site is work all the same, and which sites are nobody's business at all."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache

from schoolgate.policy.request import BadAddress, canonical_host, host_address, match_target
from schoolgate.policy.standing import Declared, Standing

SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_NEAR = timedelta(days=14)  # a purpose that ended longer ago explains nothing


class Purpose(StrEnum):
    """What makes a place work."""

    PAGE = "official page"
    CHANNEL = "agreed channel"
    TEACHING = "teaching"


@dataclass(frozen=True, slots=True)
class Site:
    """A host with all below it, and the beginning of a path ("" for all of the site)."""

    host: str
    path: str = ""

    def covers(self, host: str, target: str) -> bool:
        """Whether a host and a match target are here: ``/st`` holds ``/st/a`` and ``/st?a``, not ``/st.b``."""
        if host != self.host and not host.endswith(f".{self.host}"):
            return False
        path = self.path.rstrip("/")
        if not path:
            return True
        ends = "&" if "?" in path else "/?"
        return target.startswith(path) and (len(target) == len(path) or target[len(path)] in ends)


@dataclass(frozen=True, slots=True)
class Work:
    """A place that is work: an official page, an agreed channel, or what a lesson needs.

    ``who`` are logins (casefolded) and groups, empty for everybody; for an official page they are its editors, and
    everybody may read it. It holds from ``since`` up to ``until`` where they are given. ``review`` is the day by which
    somebody should have looked at it again: after it the entry still holds, and says so.
    """

    what: Purpose
    title: str
    sites: tuple[Site, ...]
    who: frozenset[str] = frozenset()
    approver: str = ""
    since: datetime | None = None
    until: datetime | None = None
    review: date | None = None

    def names(self, user: str | None, group: str) -> bool:
        """Whether this person is among ``who``."""
        return group in self.who or (user is not None and user.casefold() in self.who)


@dataclass(frozen=True, slots=True)
class Purposes:
    """What the school has put down in monitoring.yaml; ``private`` maps hosts to topics that are never looked into."""

    works: tuple[Work, ...] = ()
    private: Mapping[str, str] = field(default_factory=dict[str, str])

    def topic(self, host: str) -> str:
        """The never-log topic that a canonical host, or one above it, belongs to; "" for none."""
        while host:
            if host in self.private:
                return self.private[host]
            host = host.partition(".")[2]
        return ""


NO_PURPOSES = Purposes()


@lru_cache(maxsize=4096)
def site_of(text: str) -> Site:
    """A site as a person writes it (``example.com/lesson``, with or without scheme and www.). Raises BadAddress."""
    text = text.strip()
    host, slash, path = SCHEME.sub("", text).partition("/")
    host = canonical_host(host).removeprefix("www.")
    if host_address(host) is None and "." not in host:
        raise BadAddress(f"{text!r} is no site; write it like example.com or example.com/lesson")
    path, _, query = path.partition("#")[0].partition("?")
    return Site(host, match_target("/" + path, query) if slash and (path or query) else "")


def work_of(
    purposes: Purposes,
    standing: Standing,
    user: str | None,
    person: str,
    group: str,
    names: Sequence[str],
    target: str,
    at: datetime,
) -> str:
    """Why this is work, in words for the record (they name no person but the approver); "" where nothing makes it so.

    ``user`` is the verified login, ``person`` the pseudonym that declarations go by, ``names`` all hosts of the
    request, ``target`` its match target, ``at`` a moment on the school's clock.
    """
    for work in purposes.works:
        if _holds(work.since, work.until, at) and _here(work.sites, names, target):
            is_named = work.names(user, group)
            if is_named or not work.who or work.what == Purpose.PAGE:
                return f"work: {_told(work, is_named)} ({_stands(work, at)})"
    for each in standing.declared:
        if person and each.person == person and each.since <= at < each.until and _here(_sites(each), names, target):
            return f"work: needed for {each.purpose!r}, declared ahead, until {_clock(each.until, at)}"
    return ""


def ended(
    purposes: Purposes,
    declared: Iterable[Declared],
    user: str | None,
    person: str,
    group: str,
    names: Sequence[str],
    target: str,
    at: datetime,
) -> tuple[str, ...]:
    """Near misses: purposes that a visit which counts just fell outside of, in words for the evidence pack.

    The parameters are those of ``work_of``; ``declared`` are all of the person's declarations, also those that ended.
    """
    found: list[str] = []
    for work in purposes.works:
        if work.what == Purpose.TEACHING and _here(work.sites, names, target):
            if work.names(user, group):
                found.extend(_missed(f"the teaching purpose {work.title!r}", work.since, work.until, at))
            elif _holds(work.since, work.until, at):
                found.append(f"the teaching purpose {work.title!r} for this site held then, for other people")
        elif work.what == Purpose.CHANNEL and work.who and _here(work.sites, names, target):
            found.append(f"this is the agreed channel {work.title!r}, for other people")
        elif work.what == Purpose.PAGE and work.names(user, group) and _beside(work.sites, names):
            found.append(f"the person edits the school's official page {work.title!r}, on the same site")
    for each in declared:
        if person and each.person == person and _here(_sites(each), names, target):
            found.extend(_missed(f"the purpose {each.purpose!r} that the person declared", each.since, each.until, at))
    return tuple(found)


def _holds(since: datetime | None, until: datetime | None, at: datetime) -> bool:
    return (since is None or since <= at) and (until is None or at < until)


def _here(sites: Iterable[Site], names: Sequence[str], target: str) -> bool:
    """Whether every name of the request is at one of the sites; an address beside a name is the way to it."""
    hosts = [name for name in names if host_address(name) is None] or names
    sites = tuple(sites)
    return all(any(site.covers(host, target) for site in sites) for host in hosts)


def _beside(sites: Iterable[Site], names: Sequence[str]) -> bool:
    return _here((Site(site.host) for site in sites), names, "")


def _sites(declared: Declared) -> Iterator[Site]:
    """The sites of a declaration; what cannot be read covers nothing."""
    for text in declared.sites:
        try:
            yield site_of(text)
        except BadAddress:
            continue


def _told(work: Work, is_named: bool) -> str:
    if work.what == Purpose.PAGE:
        editing = "editing " if is_named else ""
        return f"{editing}the school's official page {work.title!r}"
    if work.what == Purpose.CHANNEL:
        return f"the agreed channel {work.title!r}"
    return f"needed for {work.title!r}"


def _stands(work: Work, at: datetime) -> str:
    """On what an entry rests: who approved it and when it is looked at again, or how long it holds."""
    if work.what == Purpose.TEACHING:
        last = work.until - timedelta(microseconds=1) if work.until else at
        return f"put down by the school up to {last.date()}"
    told = f"approved by {work.approver}"
    if work.review is None:
        return told
    late = at.date() > work.review
    return f"{told}; its review was due on {work.review}" if late else f"{told}; review due {work.review}"


def _missed(what: str, since: datetime | None, until: datetime | None, at: datetime) -> Iterator[str]:
    """How a visit missed a purpose for its site: it had ended, or began only afterwards."""
    if until is not None and until <= at < until + _NEAR:
        last = until.astimezone(at.tzinfo) - timedelta(microseconds=1)
        whole_days = last.time() == time.max
        yield f"{what} for this site ended {f'with {last.date()}' if whole_days else f'at {_clock(until, at)}'}"
    elif since is not None and since - _NEAR < at < since:
        yield f"{what} for this site began only at {_clock(since, at)}"


def _clock(moment: datetime, at: datetime) -> str:
    """A moment on the clock of ``at``; its date only where it is another day."""
    local = moment.astimezone(at.tzinfo)
    return f"{local:%H:%M}" if local.date() == at.date() else f"{local:%H:%M on %Y-%m-%d}"
