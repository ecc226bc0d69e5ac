"""A draft of the data protection impact assessment, written from the settings in force; people finish and sign it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from schoolgate.policy.identity import Inspect
from schoolgate.policy.rules import EVERYTHING, Action
from schoolgate.reporting.filling import fill, group_title, title
from schoolgate.reporting.kept import retention_lines
from schoolgate.reporting.measures import OFF, measures
from schoolgate.settings.load import Settings

TO_DO = "TO DO"
_INSPECT = {
    Inspect.FULL: "encrypted connections are opened; addresses, searches and pages are judged",
    Inspect.NAMES: "connections stay closed; only the names of sites are seen",
    Inspect.NONE: "nothing is judged or recorded",
}
_ACTIONS = {
    Action.ALLOW: "let through, nothing kept",
    Action.LOG: "recorded",
    Action.WARN: "a page asks first; recorded",
    Action.BLOCK: "blocked and recorded",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, lines, and a table (its first row holds the names of the columns; no rows, no table)."""

    heading: str
    lines: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


def sections(settings: Settings) -> tuple[Section, ...]:
    """The assessment, in the order in which the ICO's template asks."""
    return (
        Section("1. Why an assessment is needed", tuple(_need())),
        Section("2. Purposes", tuple(_purposes(settings))),
        Section("3. Lawful basis", tuple(_basis())),
        Section("4. Whose data", (), _people(settings)),
        Section("5. Which data", (), _DATA),
        Section("6. When, which kinds of sites, and what is done", tuple(_hours(settings)), _rules(settings)),
        Section("7. How long it is kept", tuple(retention_lines(settings))),
        Section("8. Who receives it", tuple(_recipients(settings))),
        Section("9. Is it necessary, and is there no milder way?", tuple(_necessity(settings))),
        Section("10. Risks and measures", (), _risks(settings)),
        Section("11. Consultation", _consultation()),
        Section("12. Open points", tuple(_open_points(settings))),
        Section("13. Decision", _decision()),
    )


def render_dpia(settings: Settings, made: datetime) -> tuple[str, str]:
    """The draft as text and as HTML."""
    words = {"sections": sections(settings), "made": made, "version": settings.snapshot.version, "to_do": TO_DO}
    return fill(settings, "dpia_text", words)["html"], fill(settings, "dpia", words)["html"]


def _need() -> Iterator[str]:
    yield (
        "The school filters and monitors the internet access of children and of staff: systematic monitoring of people "
        "who cannot simply say no, partly with models that judge words. Such processing needs an assessment before it "
        "begins (UK GDPR, article 35)."
    )
    yield f"{TO_DO}: controller, data protection officer, who wrote this and when."


def _purposes(settings: Settings) -> Iterator[str]:
    yield "Children must not be exposed to harmful material, and somebody must be told who can help them (KCSIE)."
    yield "What staff do online in working time is recorded as far as the rules below say, fairly and in the open."
    reasons = (rule.why + (f" ({rule.basis})" if rule.basis else "") for rule in settings.snapshot.rules)
    yield from (f"From the rules: {why}" for why in dict.fromkeys(reasons))


def _basis() -> Iterator[str]:
    yield f"{TO_DO}: article 6 basis for pupils. Usually public task (article 6(1)(e)): safeguarding by statute."
    yield (
        f"{TO_DO}: article 6 basis for staff. Public task, or legitimate interests (article 6(1)(f)) with the "
        "balancing test attached: a public authority, as most schools are, cannot rely on these for its tasks. Consent "
        "is none, as staff cannot freely refuse."
    )
    yield (
        f"{TO_DO}: condition for special categories (article 9), which visits can reveal by accident. Usually "
        "substantial public interest: safeguarding of children (Data Protection Act 2018, schedule 1, paragraph 18), "
        "with an appropriate policy document."
    )
    yield f"{TO_DO}: condition for what may concern offences (article 10; schedule 1)."


def _people(settings: Settings) -> tuple[tuple[str, ...], ...]:
    at_work, persons = settings.snapshot.calendar.at_work, settings.snapshot.people.persons
    rows = [("Group", "Who", "Known by", "How far the gateway looks")]
    for group in settings.snapshot.people.groups:
        named = {*group.users, *(person.login.casefold() for person in persons if person.group == group.id)}
        by = [f"{len(named)} logins"] * bool(named) + [", ".join(map(str, group.networks))] * bool(group.networks)
        who = "people who work here" if group.id in at_work else "children or guests, or devices"
        unknown = " (everybody who is not recognised, too)" * (group.id == settings.snapshot.people.unknown)
        rows.append((group.title, who + unknown, "; ".join(by) or "nothing yet", _INSPECT[group.inspect]))
    return tuple(rows)


_DATA = (
    ("Data", "Where", "Remark"),
    ("Time, site, path, kind of site, rule, reason", "the record", "never a page's words, forms or passwords"),
    ("Search words, prompts to chatbots", "the record", "only where they were blocked or alerted"),
    ("A code for the person, device address, how sure that is", "the record", "no names; the key is kept apart"),
    ("Counts of requests by kind of site in working time", "the record", "staff; without addresses"),
    ("Notices read, purposes declared, notes, contests, answers", "the record", "what people did and said themselves"),
    ("Who looked at whose record, and why", "the record", "the watched watcher"),
    ("Alerts, mails", "the office's file", "deleted with what they are about"),
    ("Names, logins, devices, working hours, leave", "config/", "written by the school"),
)


def _hours(settings: Settings) -> Iterator[str]:
    calendar = settings.snapshot.calendar
    for group, week in calendar.hours.items():
        days = zip(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), week, strict=True)
        told = "; ".join(f"{day} {', '.join(map(str, windows))}" for day, windows in days if windows)
        yield f"Working hours of {group_title(settings, group)}: {told or 'none'}."
    if calendar.contracts:
        yield f"{len(calendar.contracts)} contracts set other hours for persons or groups."
    yield "Of permitted visits outside working time nothing is kept. In reports staff stand under codes."


def _rules(settings: Settings) -> tuple[tuple[str, ...], ...]:
    rows = [("Rule", "For", "Kinds of sites", "When", "What is done", "Who hears of it")]
    for rule in settings.snapshot.rules:
        groups = ", ".join(sorted(group_title(settings, group) for group in rule.groups))
        kinds = ", ".join(title(settings, name) for name in rule.categories)
        if rule.subjects != EVERYTHING:
            kinds = f"{kinds} (only {', '.join(sorted(rule.subjects))})"
        when, alert = rule.when.replace("_", " "), rule.alert.replace("none", "nobody by itself")
        rows.append((rule.id, groups, kinds, when, _ACTIONS[rule.action], alert))
    return tuple(rows)


def _recipients(settings: Settings) -> Iterator[str]:
    alerts, monitoring = settings.alerts, settings.monitoring
    for what, roles in (
        ("Alerts at once", alerts.told_at_once),
        ("Searches that may mean that somebody needs help", alerts.worries.to),
        ("Digests", alerts.digest.to),
        ("Faults of the gateway", alerts.faults.to),
        ("Names behind codes, on request and with a reason", monitoring.names.may_reveal),
        ("The daily seal of the record", monitoring.seal.to),
    ):
        named = ", ".join(role.replace("_", " ") for role in roles if role in settings.school.roles)
        yield f"{what}: {named or 'nobody (the school has filled none of these roles)'}."
    if alerts.channels:
        whose = ", ".join(dict.fromkeys(channel.to.replace("_", " ") for channel in alerts.channels))
        yield (
            f"Chat channels of {whose}, at services outside the school: what kind of site, which group and how often; "
            "no name, no device, no site and no search."
        )
        yield f"{TO_DO}: the services behind these channels as processors, and where they keep what they are sent."
    else:
        yield "Nobody outside the school receives anything by itself."
    yield "Lists of sites are downloaded; nothing is sent there."
    yield f"{TO_DO}: processors, if the gateway is run by somebody else; transfers abroad, if any."


def _necessity(settings: Settings) -> Iterator[str]:
    yield "Filtering without monitoring would not meet the school's statutory duties towards children (KCSIE)."
    yield "Permitted requests are counted, not recorded. What pages and browsers do by themselves counts for nothing."
    if settings.school.lists.names == "judged":
        yield "Names that no list knows are judged by a model: it can block, but holds nothing against anybody."
    if settings.school.pictures.judged:
        yield "Pictures are judged by a model on the gateway itself; none is kept."
    yield (
        "No decision about a person is made by a machine alone (articles 22A to 22D): alerts and reports ask people "
        "to look."
    )
    yield f"{TO_DO}: why a milder way (blocking only, spot checks, trust and training) would not do."


def _risks(settings: Settings) -> tuple[tuple[str, ...], ...]:
    rows = [("Risk", "Measure", "State in the settings", "Risk that is left")]
    rows += [(each.risk, each.measure, each.state, TO_DO) for each in measures(settings)]
    return tuple(rows)


def _consultation() -> tuple[str, ...]:
    return (
        f"{TO_DO}: staff and their unions, when, and what they said.",
        f"{TO_DO}: parents, and pupils as far as they can understand it.",
        f"{TO_DO}: advice of the data protection officer.",
    )


def _open_points(settings: Settings) -> Iterator[str]:
    for each in measures(settings):
        if each.state == OFF:
            yield f"{TO_DO}: {each.to_do} (risk: {each.risk})"
    empty = [role for role in settings.monitoring.names.may_reveal if role not in settings.school.roles]
    if empty:
        yield f"{TO_DO}: school.yaml fills no role {', '.join(empty)}, which may look behind codes."
    without = [name for name, role in settings.school.roles.items() if not role.user]
    if without:
        yield f"{TO_DO}: school.yaml gives no login (user:) to {', '.join(without)}: they cannot act in their role."
    yield f"{TO_DO}: the date on which this assessment is looked at again, once a year at the latest."


def _decision() -> tuple[str, ...]:
    return (
        f"{TO_DO}: measures approved by, residual risks approved by, date.",
        f"{TO_DO}: if a high risk is left, the Information Commissioner is consulted first (article 36).",
    )
