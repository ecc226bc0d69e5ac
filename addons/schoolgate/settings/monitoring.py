"""What monitoring.yaml says, held against the other files and built into purposes: what is work, what is private."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schoolgate.lists.entry import Entry
from schoolgate.lists.guards import is_suffix
from schoolgate.policy.purpose import Purpose, Purposes, Site, Work
from schoolgate.settings.blocklists import Blocklists
from schoolgate.settings.checks import ConfigFiles
from schoolgate.settings.faults import Fault
from schoolgate.settings.monitoring_models import ChannelEntry, MonitoringFile, OfficialPageEntry
from schoolgate.settings.persons import Folded, every_login
from schoolgate.settings.school_models import SchoolFile
from schoolgate.settings.topics import Topics

_SOON = timedelta(days=30)
_PAGES, _CHANNELS, _TEACHING = "official_pages", "channels", "teaching"


@dataclass(frozen=True, slots=True)
class Review:
    """An official page or channel that somebody should look at again; it counts as work until somebody decides."""

    key: str  # of monitoring.yaml, with the number of the entry
    number: int
    what: Purpose
    title: str
    due: date
    approver: str

    def words(self, today: date) -> str:
        """What is to be done, for people."""
        told = f"the {self.what} {self.title!r}"
        if self.due < today:
            told = f"{told} was to be reviewed by {self.due}; it still counts as work until somebody decides"
        else:
            told = f"{told} is to be reviewed by {self.due}"
        return f"{told} (approver: {self.approver})"


def check_monitoring(
    files: ConfigFiles, monitoring: MonitoringFile | None, lists: Blocklists, topics: Topics
) -> Iterator[Fault]:
    """What in monitoring.yaml fits no other file, or cannot be meant."""
    if "monitoring" not in files.documents:
        return
    yield from _check_names(files, topics)
    if monitoring is None:
        return
    seen: dict[Entry, str] = {}
    for number, page in enumerate(monitoring.official_pages):
        place = (_PAGES, number, "url")
        if page.url in seen:
            yield files.fault("monitoring", place, f"{str(page.url)!r} stands already here, as {seen[page.url]!r}")
        seen.setdefault(page.url, page.title)
        if words := _too_wide(page.url, lists):
            yield files.fault("monitoring", place, words)
    for number, channel in enumerate(monitoring.channels):
        yield from _check_suffix(files, (_CHANNELS, number, "url"), channel.url)
    for number, lesson in enumerate(monitoring.teaching):
        for at_site, site in enumerate(lesson.sites):
            yield from _check_suffix(files, (_TEACHING, number, "sites", at_site), site)
        if lesson.until < lesson.since:
            words = f"{lesson.purpose!r} ends on {lesson.until}, before it begins on {lesson.since}"
            yield files.fault("monitoring", (_TEACHING, number, "until"), words)


def _check_names(files: ConfigFiles, topics: Topics) -> Iterator[Fault]:
    roles = set(files.at("school", "roles", kind=dict))
    yield from files.known("monitoring", ("names", "may_reveal"), "role", roles)
    yield from files.known("monitoring", ("seal", "to"), "role", roles)
    yield from files.known("monitoring", ("never_log",), "topic", topics.names)
    who = _people_and_groups(files)
    for key, part in ((_PAGES, "editors"), (_CHANNELS, "people"), (_TEACHING, "people")):
        for number, _ in enumerate(files.at("monitoring", key, kind=list)):
            yield from files.known("monitoring", (key, number, part), "person or group", who)


def _people_and_groups(files: ConfigFiles) -> Collection[str]:
    """Every login that people.yaml or a role of school.yaml names, and every group."""
    groups, roles = files.at("people", "groups", kind=dict), files.at("school", "roles", kind=dict)
    users = (str(files.at("school", "roles", role, "user", kind=str)) for role in roles)
    named = {*groups, *every_login(files), *users}
    return Folded(name.casefold() for name in named if name)


def _check_suffix(files: ConfigFiles, place: tuple[str | int, ...], site: Entry) -> Iterator[Fault]:
    if not site.path and is_suffix(site.host):
        words = f"{str(site)!r} is a public suffix, under which strangers share a name; name the site itself"
        yield files.fault("monitoring", place, words)


def _too_wide(page: Entry, lists: Blocklists) -> str:
    """Why a page cannot be the school's own: it would make all of a listed site work for everybody."""
    if page.path:
        return ""
    if is_suffix(page.host):
        return f"{str(page)!r} is a public suffix, under which strangers share a name; name the page itself"
    for each in lists.lists:
        for entry in each.entries:
            if not entry.path and f".{entry.host}".endswith(f".{page.host}"):
                return (
                    f"{str(page)!r} is all of a site ({each.category}); "
                    f"write the address of the school's own page, like {page.host}/ourschool"
                )
    return ""


def purposes_of(monitoring: MonitoringFile, school: SchoolFile, topics: Topics) -> Purposes:
    """What policy asks; days are the school's own, whole and inclusive."""
    pages = (_work(Purpose.PAGE, page, page.editors, school) for page in monitoring.official_pages)
    channels = (_work(Purpose.CHANNEL, each, each.people, school) for each in monitoring.channels)
    lessons = (
        Work(
            Purpose.TEACHING,
            lesson.purpose,
            tuple(map(_site, lesson.sites)),
            _folded(lesson.people),
            since=_midnight(lesson.since, school.timezone),
            until=_midnight(lesson.until + timedelta(days=1), school.timezone),
        )
        for lesson in monitoring.teaching
    )
    return Purposes((*pages, *channels, *lessons), topics.private(monitoring.never_log))


def _work(what: Purpose, entry: OfficialPageEntry | ChannelEntry, who: list[str], school: SchoolFile) -> Work:
    approver = _approver(entry.approver, school)
    return Work(what, entry.title, (_site(entry.url),), _folded(who), approver, review=entry.review)


def _approver(written: str, school: SchoolFile | None) -> str:
    """The name behind a role, or what is written."""
    return school.roles[written].name if school and written in school.roles else written


def _site(entry: Entry) -> Site:
    return Site(entry.host, entry.path)


def _folded(names: Iterable[str]) -> frozenset[str]:
    """Logins are compared without capitals; groups are written in small letters or named exactly."""
    return frozenset(spelling for name in names for spelling in (name, name.casefold()))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def overdue(monitoring: MonitoringFile, today: date, school: SchoolFile | None = None) -> list[Review]:
    """The official pages and channels whose review is past, longest overdue first; ``school`` names their approvers."""
    return sorted((each for each in _reviews(monitoring, school) if each.due < today), key=lambda each: each.due)


def _reviews(monitoring: MonitoringFile, school: SchoolFile | None) -> Iterator[Review]:
    kinds: tuple[tuple[str, Purpose, Sequence[OfficialPageEntry | ChannelEntry]], ...] = (
        (_PAGES, Purpose.PAGE, monitoring.official_pages),
        (_CHANNELS, Purpose.CHANNEL, monitoring.channels),
    )
    for key, what, entries in kinds:
        for number, entry in enumerate(entries):
            yield Review(key, number, what, entry.title, entry.review, _approver(entry.approver, school))


def advice_on(files: ConfigFiles, monitoring: MonitoringFile, school: SchoolFile, today: date) -> Iterator[str]:
    """Lines for ``config check`` on reviews past or due within 30 days, and contests that nobody could answer."""
    users = {school.roles[role].user for role in monitoring.names.may_reveal if role in school.roles}
    if len(users - {None}) == 1:
        words = "only one login may answer contests; a contest of that person's own would wait for ever"
        yield str(files.fault("monitoring", ("names", "may_reveal"), f"{words}: give another role a user:"))
    for each in _reviews(monitoring, school):
        if each.due <= today + _SOON:
            yield str(files.fault("monitoring", (each.key, each.number), each.words(today)))
