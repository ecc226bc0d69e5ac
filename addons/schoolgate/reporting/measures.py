"""What protects people here, and whether it is really switched on: read from the settings in force."""

from collections.abc import Iterator
from dataclasses import dataclass

from schoolgate.policy.identity import Inspect
from schoolgate.policy.rules import Action
from schoolgate.reporting.filling import group_title
from schoolgate.settings.load import Settings

ON, OFF = "on", "OFF"


@dataclass(frozen=True, slots=True)
class Measure:
    """A risk, what is done against it, whether that is ``on`` or ``OFF``, and what to do where it is off."""

    risk: str
    measure: str
    state: str
    to_do: str = ""


def measures(settings: Settings) -> tuple[Measure, ...]:
    """All of them, in the order of what happens to somebody's data."""
    return tuple(
        measure for each in (_before, _counting, _identities, _kept, _seen, _trust) for measure in each(settings)
    )


def _state(is_on: object) -> str:
    return ON if is_on else OFF


def _before(settings: Settings) -> Iterator[Measure]:
    notice, private = settings.monitoring.notice, settings.snapshot.purposes.private
    yield Measure(
        "People are monitored without knowing it.",
        "Nothing of a member of staff is recorded before they have read and acknowledged the notice, which is written "
        "from these settings; each change of them asks again.",
        _state(notice.required),
        "monitoring.yaml: set notice: required: true, or prove by other means that everybody was told",
    )
    topics = sorted({topic.replace("_", " ") for topic in private.values()})
    yield Measure(
        "What is most private is seen: health, faith, unions, help lines, banking.",
        f"Sites of these kinds are neither opened nor recorded for staff: {', '.join(topics) or 'none'}.",
        _state(topics),
        "monitoring.yaml: name the topics under never_log, or leave it out for all",
    )
    opened = [group.title for group in settings.snapshot.people.groups if group.inspect is Inspect.FULL]
    yield Measure(
        "Encrypted connections are opened, so that more could be seen than is needed.",
        f"Opened for {', '.join(opened) or 'nobody'}; only addresses, searches and a judgement of words are kept, "
        "never the words of a page, passwords or what is written there.",
        ON,
    )


def _counting(settings: Settings) -> Iterator[Measure]:
    monitoring = settings.monitoring
    hours = sorted(group_title(settings, group) for group in settings.snapshot.calendar.at_work)
    yield Measure(
        "Private life outside working time is recorded.",
        f"Of permitted visits outside working time nothing is kept. Working time is put down for: {', '.join(hours)}.",
        _state(hours),
        "calendar.yaml: put down working hours or contracts for everybody who works here",
    )
    yield Measure(
        "Somebody is accused of what a web page did by itself.",
        "Only pages that a person opened count; in doubt it does not count. What a model judged is never recorded "
        "against anybody as personal use.",
        ON,
    )
    number = len(monitoring.official_pages) + len(monitoring.channels) + len(monitoring.teaching)
    yield Measure(
        "Work is taken for personal use.",
        f"{number} official pages, channels and lessons are put down as work; staff declare more ahead in the console.",
        _state(number or settings.school.listen.console),
        "monitoring.yaml: put down official pages, agreed channels and teaching, or switch the console on",
    )
    asks = any(rule.action is Action.WARN for rule in settings.snapshot.rules)
    yield Measure(
        "Monitoring comes where a reminder would do.",
        "A page asks first whether a visit is for work (action: warn).",
        _state(asks),
        "rules.yaml: consider action: warn instead of log for personal use",
    )


def _identities(settings: Settings) -> Iterator[Measure]:
    yield Measure(
        "The wrong person is held to have done it.",
        "Each entry says how sure it is who it was. People log in at the gateway, so that a shared device "
        "names nobody.",
        _state(settings.people.logins),
        "people.yaml: set logins, so that staff are known by login and not by device only",
    )
    roles = settings.monitoring.names.may_reveal
    yield Measure(
        "Records are read out of curiosity.",
        "The record holds codes, not names; the key is kept apart. Only these roles may look behind a code, with a "
        f"reason that goes on record and into the digest: {', '.join(roles).replace('_', ' ') or 'nobody'}.",
        ON,
    )


def _kept(settings: Settings) -> Iterator[Measure]:
    yield Measure("Data is kept for ever.", "Deleted by itself when its time is over, which is on record.", ON)
    yield Measure(
        "Mails with what happened are read on their way.",
        f"Mail goes to {settings.school.mail.host} with security: {settings.school.mail.security}.",
        _state(settings.school.mail.security != "none" or settings.school.mail.host in ("localhost", "127.0.0.1")),
        "school.yaml: set mail: security: starttls or tls",
    )


def _seen(settings: Settings) -> Iterator[Measure]:
    yield Measure(
        "People cannot see or answer what is held about them.",
        "Each member of staff sees her own record in the console, notes something beside it, and contests what is "
        "wrong; that goes no further until a person has answered.",
        _state(settings.school.listen.console),
        "school.yaml: set listen: console, and tell staff its address",
    )
    yield Measure(
        "Nobody knows whom to ask.",
        "The notice and the subject access copy name a contact.",
        _state(settings.monitoring.notice.contact.strip()),
        "monitoring.yaml: set notice: contact (the data protection officer, say)",
    )


def _trust(settings: Settings) -> Iterator[Measure]:
    holders = [role for role in settings.monitoring.seal.to if role in settings.school.roles]
    yield Measure(
        "Somebody changes the record afterwards.",
        "Every entry is sealed in a chain of digests; the daily seal is handed to "
        f"{' and '.join(name.replace('_', ' ') for name in holders) or 'nobody'}, so that nobody can change it alone.",
        _state(len(holders) > 1),
        "monitoring.yaml: hand the seal to at least two roles that school.yaml fills",
    )
