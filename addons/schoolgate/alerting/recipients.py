"""Who is told of what: the roles of alerts.yaml, but nobody is ever told of an alert about themselves."""

from collections.abc import Collection

from schoolgate.alerting.audience import CONTEST, SAFEGUARDING, TECHNICAL, WORRY, parts_of
from schoolgate.alerting.case_roles import DSL, HEAD, chair_of, is_filled_by
from schoolgate.alerting.priority import RANK
from schoolgate.policy.sealed import SEALED
from schoolgate.settings.load import Settings
from schoolgate.store.cases import Priority
from schoolgate.store.pseudonym import Pseudonyms


def recipients_of(settings: Settings, pseudonyms: Pseudonyms, audience: str, person: str = "") -> list[str]:
    """E-mail addresses for an audience (alone, or as ``audience_of`` has it) and the pseudonym that it is about."""
    return settings.recipients(told_roles(settings, pseudonyms, audience, person))


def channels_of(
    settings: Settings, pseudonyms: Pseudonyms, audience: str, person: str, priority: Priority
) -> list[str]:
    """The channels (by the file of their address) that belong to who is told, and want to hear of this priority."""
    return channels_to(settings, told_roles(settings, pseudonyms, audience, person), priority)


def channels_to(settings: Settings, roles: Collection[str], priority: Priority) -> list[str]:
    """The channels that belong to some roles, and want to hear of this priority."""
    wanted = (each for each in settings.alerts.channels if each.to in roles)
    return [each.url_file for each in wanted if RANK[priority] >= RANK[Priority(each.least)]]


def told_roles(settings: Settings, pseudonyms: Pseudonyms, audience: str, person: str = "") -> list[str]:
    """The roles that are told.

    Where a role is filled by the person whom it is about, its deputy is told instead; about the Headteacher the chair
    of governors alone. Where nobody is left, the roles that may look behind a code are asked, and at the last every
    other role of the school in its order.
    """
    first, theme, group = parts_of(audience)
    known = settings.school.roles
    wanted = roles_of(settings, first, theme, group)
    if first in (SAFEGUARDING, WORRY, CONTEST) and is_filled_by(settings, pseudonyms, HEAD, person):
        wanted = [chair_of(settings)]  # about the Headteacher nobody is told who works for her
    for roles in (wanted, settings.monitoring.names.may_reveal, list(known)[:1]):
        to = _others(settings, pseudonyms, roles, person)
        if to:
            return to
    return _others(settings, pseudonyms, list(known), person)[:1]


def roles_of(settings: Settings, audience: str, theme: str = "", group: str = "") -> list[str]:
    """The roles that alerts.yaml names for an audience; the first route that fits counts before ``immediate: to``."""
    alerts = settings.alerts
    if audience == CONTEST:  # only those who may answer
        may = settings.monitoring.names.may_reveal
        return [role for role in alerts.immediate.to if role in may]
    if audience == SAFEGUARDING and theme == SEALED:  # whatever alerts.yaml says, the safeguarding lead hears of it
        return list(dict.fromkeys((DSL, *alerts.immediate.to)))
    if audience == SAFEGUARDING:
        for route in alerts.routes:
            if (not route.themes or theme in route.themes) and (not route.groups or group in route.groups):
                return list(route.to)
    return {TECHNICAL: alerts.faults.to, WORRY: alerts.worries.to}.get(audience, alerts.immediate.to)


def _others(settings: Settings, pseudonyms: Pseudonyms, roles: list[str], person: str) -> list[str]:
    """The roles, with the deputy in place of whoever the alert is about: by their login, device or mailbox."""
    known = settings.school.roles
    own = {role.email.casefold() for name, role in known.items() if is_filled_by(settings, pseudonyms, name, person)}
    free = {name for name, role in known.items() if role.email.casefold() not in own}  # one mailbox may fill two roles
    found = [name if name in free else known[name].deputy or "" for name in roles if name in known]
    return [name for name in dict.fromkeys(found) if name in free]
