"""The notice that members of staff read before anything is recorded about them, written from the settings in force.

Nobody keeps its words by hand: what the rules, hours, retention and roles say is what stands in it, so it cannot lie.
Its version is the school year and a hash of its text: whatever changes what is true of a group's monitoring changes
the version, and is read and acknowledged anew; so it is every 1 September.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from schoolgate.policy.calendar import ALWAYS, OUTSIDE_WORKING_HOURS, TERM, WORKING_HOURS
from schoolgate.policy.files import Direction
from schoolgate.policy.identity import Inspect
from schoolgate.policy.rules import EVERYTHING, Action, Alert, Rule, Subject
from schoolgate.policy.week import NO_WEEK, WEEKDAYS, Week
from schoolgate.settings.load import Settings

_YEAR_BEGINS = 9  # the month
_WHEN = {
    WORKING_HOURS: "in your working hours",
    OUTSIDE_WORKING_HOURS: "outside your working hours",
    TERM: "on school days",
    ALWAYS: "at any time",
}
_SUBJECTS = {
    Subject.ADDRESSES: "addresses",
    Subject.SEARCHES: "searches and prompts to chatbots",
    Subject.PAGES: "the words of pages",
    Subject.PICTURES: "pictures",
}
_DONE = {
    Action.LOG: "Recorded",
    Action.WARN: "Recorded, after a page has asked you whether it is for work",
    Action.BLOCK: "Blocked, and recorded",
}
_UNITS = ((365, "year", "years"), (7, "week", "weeks"), (1, "day", "days"))


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what is said under it, a sentence or two a line."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """What holds for one group; ``version`` is like ``2026-3fa90c12``, ``title`` is the group's."""

    version: str
    group: str
    title: str
    sections: tuple[Section, ...]


def school_year(day: date) -> int:
    """The year in which the school year of ``day`` (school time) began: it begins on 1 September."""
    return day.year if day.month >= _YEAR_BEGINS else day.year - 1


def notice_of(settings: Settings, group: str, day: date) -> Notice:
    """The notice of a group of people who work here, on a day (school time). Raises KeyError for an unknown group."""
    title = settings.snapshot.people.group(group).title
    sections = tuple(section for section in _sections(settings, group) if section.lines)
    text = "\n".join([title, *(line for section in sections for line in (section.heading, *section.lines))])
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return Notice(f"{school_year(day)}-{digest}", group, title, sections)


def notices_of(settings: Settings, day: date) -> dict[str, Notice]:
    """The notices of all groups of people who work here."""
    return {group: notice_of(settings, group, day) for group in sorted(settings.snapshot.calendar.at_work)}


def in_text(notice: Notice) -> str:
    """A notice as plain text."""
    parts = [f"{section.heading}\n" + "\n".join(f"- {line}" for line in section.lines) for section in notice.sections]
    return "\n\n".join([f"{notice.title}, version {notice.version}", *parts]) + "\n"


def _sections(settings: Settings, group: str) -> Iterator[Section]:
    mine = [rule for rule in settings.snapshot.rules if group in rule.groups]
    logged = [rule for rule in mine if rule.action in (Action.LOG, Action.WARN)]
    yield Section("What is recorded about you", tuple(_by_rule(settings, rule) for rule in logged))
    yield Section("What that means", _counting() if logged else ("No rule records what you do.",))
    blocked = [rule for rule in mine if rule.action is Action.BLOCK]
    yield Section("What is blocked", tuple(_by_rule(settings, rule) for rule in blocked))
    yield Section("Files", tuple(_files(settings, group)))
    yield Section("Your working hours", _hours(settings, group))
    yield Section("What is never looked at", _private(settings))
    yield Section("How it is known that it is you", _identity(settings, group))
    yield Section("How long it is kept", _retention(settings))
    yield Section("Who sees it", tuple(_seen_by(settings)))
    yield Section("What you can do", _rights(settings))
    words = settings.monitoring.notice.words.strip()
    yield Section("From the school", tuple(line.strip() for line in words.splitlines() if line.strip()))


def _by_rule(settings: Settings, rule: Rule) -> str:
    known = settings.snapshot.categories
    titles = ", ".join(known[name].title if name in known else name.replace("_", " ") for name in rule.categories)
    when = _WHEN.get(rule.when, f"in the period {rule.when!r} of the school's calendar")
    only = ", ".join(_SUBJECTS[each] for each in Subject if each in rule.subjects)
    means = "" if rule.subjects == EVERYTHING else f" (only {only})"
    told = rule.alert is Alert.IMMEDIATE and rule.action is not Action.BLOCK
    at_once = "Told at once to those who are told of blocks. " if told else ""
    return f"{_DONE[rule.action]} {when}{means}: {titles}. {at_once}{_because(rule.why, rule.basis)}"


def _because(why: str, basis: str) -> str:
    return f"Why: {why}" + (f" ({basis})" if basis else "")


def _counting() -> tuple[str, ...]:
    return (
        "Only pages that you open yourself count, never what a page loads by itself; in doubt it does not count.",
        (
            "Of a page that counts, the record holds the time, the site, the path, the kind of site, the device, and a "
            "code in place of your name: not what you read or write there."
        ),
        "What you do for work does not count: the school's own pages, agreed channels, and what you declare ahead.",
        "Everything else that you open in your working hours is only counted by kind, without addresses.",
        "Of what you may do outside your working hours nothing is kept.",
    )


def _files(settings: Settings, group: str) -> Iterator[str]:
    done = {Action.LOG: "noted", Action.WARN: "asked about once, and noted", Action.BLOCK: "stopped, and noted"}
    for rule in settings.snapshot.files:
        if group in rule.groups and rule.action in done:
            way = "that you download" if rule.direction is Direction.DOWNLOAD else "that you send"
            yield f"Some files {way} are {done[rule.action]}, never what is in them. {_because(rule.why, rule.basis)}"


def _hours(settings: Settings, group: str) -> tuple[str, ...]:
    calendar = settings.snapshot.calendar
    contracts = [contract for contract in calendar.contracts if group in contract.groups]
    weeks = [(contract.id, contract.hours) for contract in contracts] or [("", calendar.hours.get(group, NO_WEEK))]
    lines = [f"{name}: {line}" if name else line for name, week in weeks for line in _week(week)]
    duties = ", ".join(duty.name for duty in calendar.duties if group in duty.groups)
    return (
        *(lines or ("Your group as a whole has no hours: those of your own contract hold for you.",)),
        "Where the school's calendar has a contract of your own, its hours hold for you instead.",
        *((f"Duties beside these hours: {duties}.",) if duties else ()),
        "Breaks, your leave, closures and bank holidays are not working hours; outside term only for all-year staff.",
    )


def _week(week: Week) -> Iterator[str]:
    """Days with the same hours in one line."""
    first = 0
    while first < len(week):
        last = first
        while last + 1 < len(week) and week[last + 1] == week[first]:
            last += 1
        if week[first]:
            days = WEEKDAYS[first] if first == last else f"{WEEKDAYS[first]} to {WEEKDAYS[last]}"
            yield f"{days}: {' and '.join(map(str, week[first]))}."
        first = last + 1


def _private(settings: Settings) -> tuple[str, ...]:
    topics = sorted({topic.replace("_", " ") for topic in settings.snapshot.purposes.private.values()})
    if not topics:
        return ()
    return (f"Sites of these kinds are neither opened nor recorded: {', '.join(topics)}.",)


def _identity(settings: Settings, group: str) -> tuple[str, ...]:
    of_group = settings.snapshot.people.group(group)
    persons = [person for person in settings.snapshot.people.persons if person.group == group]
    ways = ["your login at the proxy"] if settings.people.logins and (of_group.users or persons) else []
    ways += ["a device that is yours alone"] if any(person.devices or person.macs for person in persons) else []
    ways += ["the device that you use"] if of_group.networks or not ways else []
    lines = [f"By {', or '.join(ways)}. A device is not a person: the record says how sure it is."]
    if of_group.inspect is Inspect.NAMES:
        lines.append("Connections stay closed: only the names of sites are seen.")
    return tuple(lines)


def _retention(settings: Settings) -> tuple[str, ...]:
    kept = settings.school.retention
    return (
        (
            f"What counts: {_span(kept.logged)}. What does not count, and counts without addresses: "
            f"{_span(min(kept.allowed, kept.logged))} at most."
        ),
        f"What was blocked: {_span(kept.blocked)}. What belongs to a case: {_span(kept.cases)}.",
    )


def _span(span: timedelta) -> str:
    for days, one, many in _UNITS:
        if span.days >= days and not span.days % days and (days != 7 or span.days < 28):
            number = span.days // days
            return f"{number} {one if number == 1 else many}"
    return f"{span.total_seconds() / 3600:g} hours"


def _seen_by(settings: Settings) -> Iterator[str]:
    alerts = settings.alerts
    reports, at_once = _people(settings, alerts.digest.to), _people(settings, alerts.told_at_once)
    names = _people(settings, settings.monitoring.names.may_reveal)
    if reports:
        yield f"Regular reports, where you stand under a code: {reports}."
    if at_once:
        yield f"Blocks that cannot wait, at once: {at_once}."
    if names:
        yield f"Your name behind the code, with a reason that goes on record: {names}."


def _people(settings: Settings, roles: list[str]) -> str:
    known = settings.school.roles
    return ", ".join(f"{known[role].name} ({role.replace('_', ' ')})" for role in roles if role in known)


def _rights(settings: Settings) -> tuple[str, ...]:
    console, contact = settings.school.listen.console, settings.monitoring.notice.contact.strip()
    where = f" at http://{console[0]}:{console[1]}/" if console else ", at the school's console or on paper"
    return (
        (
            f"See your own record, what was left out and why{where}; add a note to it; say that an entry is wrong. "
            "What you contest goes no further until a person has answered you."
        ),
        (
            "Ask for a copy of all that is held about you (subject access), and complain to the Information "
            "Commissioner (ico.org.uk)."
        ),
        *((f"Questions: {contact}",) if contact else ()),
    )
