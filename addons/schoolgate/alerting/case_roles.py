"""Which role looks after a case, who is told next, and who may see it: never the person whom it is about."""

from collections.abc import Iterable

from schoolgate.access import Account
from schoolgate.alerting.clocks import Name, phase_began
from schoolgate.settings.load import Settings
from schoolgate.store.cases import Case
from schoolgate.store.event import Deed
from schoolgate.store.pseudonym import Pseudonyms

HEAD, DSL, CHAIR = "headteacher", "dsl", "chair_of_governors"
LEADERS = frozenset({HEAD, DSL})
"""Roles that see every case but those that go round the Headteacher, or are about themselves."""
CASE_ROLES = (HEAD, DSL, CHAIR)
"""Roles that a case can be handed to."""


def is_filled_by(settings: Settings, pseudonyms: Pseudonyms, role: str, person: str) -> bool:
    """Whether the person of a code (of their login, or of a device that is theirs alone) fills the role."""
    entry = settings.school.roles.get(role)
    return entry is not None and bool(person) and person in _codes(settings, pseudonyms, entry.user or "")


def is_about(settings: Settings, pseudonyms: Pseudonyms, account: Account, case: Case) -> bool:
    """Whether a case is about somebody themselves."""
    return bool(case.person) and case.person in _codes(settings, pseudonyms, account.login)


def first_route(settings: Settings, pseudonyms: Pseudonyms, roles: Iterable[str], person: str) -> str:
    """The first of ``roles`` that the school has filled and that is not the person's own; round the Headteacher."""
    if is_filled_by(settings, pseudonyms, HEAD, person):
        roles = (CHAIR,)
    candidates = (*roles, *settings.alerts.cases.escalate, *settings.school.roles)
    return next((role for role in candidates if _can_take(settings, pseudonyms, role, person)), CHAIR)


def next_role(settings: Settings, pseudonyms: Pseudonyms, case: Case, clock: Name) -> str:
    """Whom a case goes to when its clock has run out; "" where everybody was told."""
    began = phase_began(case)
    told = {case.owner, *(entry.entry for entry in case.of(Deed.ESCALATED) if entry.at >= began)}
    if clock is Name.ACKNOWLEDGE:
        told.add(case.route)
    known = settings.school.roles
    mails = {known[role].email.casefold() for role in told if role in known}
    for role in settings.alerts.cases.escalate if case.route != CHAIR else [CHAIR]:
        free = role not in told and _can_take(settings, pseudonyms, role, case.person)
        if free and known[role].email.casefold() not in mails:
            return role
    return ""


def may_see(settings: Settings, pseudonyms: Pseudonyms, account: Account, case: Case) -> bool:
    """Whether somebody may open a case: not one about themselves, nor one that goes round them."""
    if is_about(settings, pseudonyms, account, case):
        return False
    if any(is_filled_by(settings, pseudonyms, role, case.person) for role in account.roles):
        return False
    told = {case.route, case.owner, *(entry.entry for entry in case.of(Deed.ESCALATED, Deed.CASE_OWNER))}
    if case.was_raised_by_somebody and not case.person:  # its words may be about anybody
        return not told.isdisjoint(account.roles) and (case.route != CHAIR or HEAD not in account.roles)
    if case.route == CHAIR:
        return HEAD not in account.roles and not told.isdisjoint(account.roles)
    return not LEADERS.isdisjoint(account.roles) or (CHAIR in account.roles and CHAIR in told)


def may_take(settings: Settings, pseudonyms: Pseudonyms, case: Case) -> list[str]:
    """The roles that a case can be handed to."""
    roles = [role for role in CASE_ROLES if case.route != CHAIR or role != HEAD]
    return [role for role in roles if _can_take(settings, pseudonyms, role, case.person)]


def _can_take(settings: Settings, pseudonyms: Pseudonyms, role: str, person: str) -> bool:
    return role in settings.school.roles and not is_filled_by(settings, pseudonyms, role, person)


def _codes(settings: Settings, pseudonyms: Pseudonyms, login: str) -> set[str]:
    """Every code under which somebody can stand on record."""
    if not login:
        return set()
    person = settings.snapshot.people.person(login)
    devices = (pseudonyms.of("device", str(device)) for device in (person.devices if person else ()))
    return {pseudonyms.of("user", login), *devices}
