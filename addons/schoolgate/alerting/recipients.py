"""Who is told of what: the roles of alerts.yaml, but nobody is ever told of an alert about themselves."""

from schoolgate.alerting.alerts import TECHNICAL, WORRY
from schoolgate.alerting.contested import CONTEST
from schoolgate.settings.load import Settings
from schoolgate.store.pseudonym import Pseudonyms


def recipients_of(settings: Settings, pseudonyms: Pseudonyms, audience: str, person: str = "") -> list[str]:
    """E-mail addresses for an audience and the pseudonym that an alert is about.

    Where a role is filled by that person its deputy is told instead. Where nobody is left, the roles that may look
    behind a code are asked, and at the last every other role of the school in its order.
    """
    for roles in (_roles(settings, audience), settings.monitoring.names.may_reveal, list(settings.school.roles)[:1]):
        to = settings.recipients(_others(settings, pseudonyms, roles, person))
        if to:
            return to
    return settings.recipients(_others(settings, pseudonyms, list(settings.school.roles), person))[:1]


def _roles(settings: Settings, audience: str) -> list[str]:
    alerts = settings.alerts
    if audience == CONTEST:  # only those who may answer
        may = settings.monitoring.names.may_reveal
        return [role for role in alerts.immediate.to if role in may]
    return {TECHNICAL: alerts.faults.to, WORRY: alerts.worries.to}.get(audience, alerts.immediate.to)


def _others(settings: Settings, pseudonyms: Pseudonyms, roles: list[str], person: str) -> list[str]:
    """The roles, with the deputy in place of whoever the alert is about."""
    known = settings.school.roles
    found: list[str] = []
    for name in roles:
        role = known.get(name)
        if role is None:
            continue
        if not _is(pseudonyms, role.user, person):
            found.append(name)
        elif role.deputy in known and not _is(pseudonyms, known[role.deputy].user, person):
            found.append(role.deputy)
    return list(dict.fromkeys(found))


def _is(pseudonyms: Pseudonyms, user: str | None, person: str) -> bool:
    return bool(user) and bool(person) and pseudonyms.of("user", user) == person
