"""Which role looks after a case, who is told next, and who may see it: never the person whom it is about."""

from collections.abc import Iterable

from schoolgate.access import Account
from schoolgate.alerting.clocks import Name, phase_began
from schoolgate.settings.alert_checks import CASE_ROLES
from schoolgate.settings.load import Settings
from schoolgate.settings.school_models import Role
from schoolgate.store.cases import Case
from schoolgate.store.event import Deed
from schoolgate.store.pseudonym import Pseudonyms

HEAD, DSL, CHAIR = "headteacher", "dsl", "chair_of_governors"
LEADERS = frozenset({HEAD, DSL})
"""Roles that see every case but those that go round the Headteacher, or are about themselves."""


def is_filled_by(settings: Settings, pseudonyms: Pseudonyms, role: str, person: str) -> bool:
    """Whether the person of a code (of their login, or of a device that is theirs alone) fills the role."""
    entry = settings.school.roles.get(role)
    return entry is not None and bool(person) and person in codes_of(settings, pseudonyms, entry.user or "")


def goes_round(settings: Settings, pseudonyms: Pseudonyms, case: Case) -> bool:
    """Whether a case goes round the Headteacher: from the first, or because it is about whoever has come to be it."""
    return case.route == CHAIR or is_filled_by(settings, pseudonyms, HEAD, case.person)


def chair_of(settings: Settings) -> str:
    """Who takes what goes round the Headteacher: the safeguarding lead in a school that names no chair."""
    return CHAIR if CHAIR in settings.school.roles else DSL


def first_route(settings: Settings, pseudonyms: Pseudonyms, roles: Iterable[str], person: str) -> str:
    """The first of ``roles`` that looks after cases and is not the person's own; the chair round the Headteacher."""
    wanted = tuple(roles)
    is_round = wanted[:1] == (CHAIR,) or is_filled_by(settings, pseudonyms, HEAD, person)
    if is_round and not is_filled_by(settings, pseudonyms, CHAIR, person):
        return CHAIR
    candidates = (*wanted, *settings.alerts.cases.escalate, *CASE_ROLES)
    return next((role for role in candidates if _can_take(settings, pseudonyms, role, person)), CHAIR)


def next_role(settings: Settings, pseudonyms: Pseudonyms, case: Case, clock: Name) -> str:
    """Whom a case goes to when its clock has run out; "" where everybody was told."""
    began = phase_began(case)
    told = {case.owner, *(entry.entry for entry in case.of(Deed.ESCALATED) if entry.at >= began)}
    if clock is Name.ACKNOWLEDGE:
        told.add(case.route)
    is_round, known = goes_round(settings, pseudonyms, case), settings.school.roles
    told |= {chair_of(settings)} if is_round and CHAIR in told else set()
    reached = {each for role in told if role in known for each in _whom(known[role])}
    for role in [chair_of(settings)] if is_round else settings.alerts.cases.escalate:
        free = role not in told and _can_take(settings, pseudonyms, role, case.person)
        if free and reached.isdisjoint(_whom(known[role])):
            return role
    return ""


def deputy_of(settings: Settings, pseudonyms: Pseudonyms, case: Case) -> str:
    """The role that stands in for whoever looks after a case, where it may; "" where there is none."""
    owner = settings.school.roles.get(case.owner)
    deputy = (owner.deputy if owner else None) or ""
    return deputy if deputy in may_take(settings, pseudonyms, case) else ""


def told_of(settings: Settings, pseudonyms: Pseudonyms, case: Case, role: str) -> list[str]:
    """The roles that get the mail for a role: none that is filled by the person whom the case is about."""
    role = chair_of(settings) if role == CHAIR else role
    return [role] if _can_take(settings, pseudonyms, role, case.person) else []


def may_see(settings: Settings, pseudonyms: Pseudonyms, account: Account, case: Case) -> bool:
    """Whether somebody may open a case: not one about themselves, nor one that goes round them."""
    if case.person and case.person in codes_of(settings, pseudonyms, account.login):
        return False
    told = {case.route, case.owner, *(entry.entry for entry in case.of(Deed.ESCALATED, Deed.CASE_OWNER))}
    if goes_round(settings, pseudonyms, case):
        return HEAD not in account.roles and not {chair_of(settings), *told}.isdisjoint(account.roles)
    if case.was_raised_by_somebody and not case.person:  # its words may be about anybody
        return not told.isdisjoint(account.roles)
    return not LEADERS.isdisjoint(account.roles) or (CHAIR in account.roles and CHAIR in told)


def may_answer(settings: Settings, pseudonyms: Pseudonyms, account: Account, person: str) -> bool:
    """Whether somebody may see and answer a contest of this person: never their own, nor the Headteacher's below her.

    Hers goes to the chair of governors; where nobody else is chair, to those who answer all others.
    """
    if person in codes_of(settings, pseudonyms, account.login):
        return False
    chair = chair_of(settings)
    if is_filled_by(settings, pseudonyms, HEAD, person) and not is_filled_by(settings, pseudonyms, chair, person):
        return chair in account.roles and HEAD not in account.roles
    return account.may_reveal(settings)


def may_take(settings: Settings, pseudonyms: Pseudonyms, case: Case) -> list[str]:
    """The roles that a case can be handed to."""
    roles = [role for role in CASE_ROLES if role != HEAD or not goes_round(settings, pseudonyms, case)]
    return [role for role in roles if _can_take(settings, pseudonyms, role, case.person)]


def codes_of(settings: Settings, pseudonyms: Pseudonyms, login: str) -> set[str]:
    """Every code under which somebody can stand on record."""
    if not login:
        return set()
    person = settings.snapshot.people.person(login)
    devices = (pseudonyms.of("device", device) for device in (person.own if person else ()))
    return {pseudonyms.of("user", login), *devices}


def _can_take(settings: Settings, pseudonyms: Pseudonyms, role: str, person: str) -> bool:
    known = role in CASE_ROLES and role in settings.school.roles
    return known and not is_filled_by(settings, pseudonyms, role, person)


def _whom(role: Role) -> set[str]:
    """What tells that two roles are one person: the address of their mail, or their login."""
    return {each.casefold() for each in (role.email, role.user) if each}
