"""Checks what alerts.yaml says of quiet hours, routes and channels against the school and its files."""

from collections.abc import Iterator
from pathlib import Path

from schoolgate.settings.alert_models import AlertsFile
from schoolgate.settings.chat_address import HOW_TO_INSTALL, fault_of, is_installed
from schoolgate.settings.checks import ConfigFiles
from schoolgate.settings.faults import Fault
from schoolgate.settings.school_models import SchoolFile

CASE_ROLES = ("headteacher", "dsl", "chair_of_governors")
"""Roles that a case can go to."""


def check_alerts(files: ConfigFiles, alerts: AlertsFile | None) -> Iterator[Fault]:
    """Faults of alerts.yaml; names are looked up in what is written, so that no other mistake hides them."""
    roles, groups = set(files.at("school", "roles", kind=dict)), set(files.at("people", "groups", kind=dict))
    for number in range(len(files.at("alerts", "routes", kind=list))):
        yield from files.known("alerts", ("routes", number, "to"), "role", roles)
        yield from files.known("alerts", ("routes", number, "groups"), "group", groups)
    for number in range(len(files.at("alerts", "channels", kind=list))):
        yield from files.known("alerts", ("channels", number, "to"), "role", roles)
    for number, role in enumerate(alerts.cases.escalate if alerts else ()):
        if role in roles and role not in CASE_ROLES:
            words = f"{role!r} looks after no cases; take {', '.join(CASE_ROLES[:-1])} or {CASE_ROLES[-1]}"
            yield files.fault("alerts", ("cases", "escalate", number), words)
    if alerts and alerts.quiet and alerts.quiet.since == alerts.quiet.until:
        words = "begins and ends at once; write two different times, or quiet: null for none"
        yield files.fault("alerts", ("quiet", "from"), words)
    yield from _check_channels(files, alerts) if alerts else ()


def _check_channels(files: ConfigFiles, alerts: AlertsFile) -> Iterator[Fault]:
    if alerts.channels and not is_installed():
        words = f"channels cannot be used: Apprise is not installed; {HOW_TO_INSTALL}"
        yield files.fault("alerts", ("channels",), words)
        return
    seen: set[Path] = set()
    for number, channel in enumerate(alerts.channels):
        place = ("channels", number, "url_file")
        path = (files.folders.root / channel.url_file).resolve()
        if "://" in channel.url_file:
            words = (
                "is an address, which is a secret; write it into a file of its own (docs/alerts.md), and its name here"
            )
            yield files.fault("alerts", place, f"{channel.url_file!r} {words}")
        elif path in seen:
            yield files.fault("alerts", place, f"{channel.url_file!r} stands here twice; give each channel a file")
        elif fault := fault_of(path):
            yield files.fault("alerts", place, f"{channel.url_file!r} {fault}")
        seen.add(path)


def without_login(school: SchoolFile) -> Iterator[str]:
    """Roles that cases come to, but that cannot open them; before the first login is set up, nobody can yet."""
    ours = [role for role in CASE_ROLES if role in school.roles]
    if not any(role.user for role in school.roles.values()):
        return
    for role in ours:
        if not school.roles[role].user:
            words = "cases come to this role, but nobody can log in as it; name their login as user: and set a password"
            yield f"config/school.yaml: roles: {role}: {words} with 'schoolgate login USER'"
