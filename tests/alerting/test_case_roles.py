"""Who looks after a case and who may see it, also where roles are not filled, filled twice, or change hands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pretend.school import School
from pretend.told import PEOPLE, ROLES, Told, named_school
from schoolgate.access import named
from schoolgate.alerting.case_roles import deputy_of, first_route, may_answer, may_see, may_take, next_role, told_of
from schoolgate.alerting.clocks import Name
from schoolgate.settings.load import Settings
from schoolgate.store.cases import Case, cases
from schoolgate.store.event import Deed
from schoolgate.store.record import open_reader

CHAIR = "chair_of_governors"
Write = Callable[[str], Told]


@pytest.fixture
def told_with(tmp_path: Path, settings_of: Callable[[School], Settings]) -> Write:
    """The record of a school with these roles."""

    def write(roles: str) -> Told:
        school = named_school(tmp_path)
        school.roles, school.people = roles, PEOPLE
        return Told(settings_of(school.write()))

    return write


def _case(told: Told, login: str = "j.smith", route: str = "headteacher", actor: str = "schoolgate") -> Case:
    person = told.code(login) if login else ""
    opened = told.deed("2026-11-24T10:00", Deed.CASE, actor, person=person, entry=f"medium/{route}", why="x")
    with open_reader(told.data, with_waiting=True) as reader:
        return next(each for each in cases(reader) if each.id == opened.id)


def _seers(told: Told, case: Case) -> set[str]:
    logins = ("h.head", "d.safe", "c.chair", "t.tech", "j.smith", "a.jones")
    accounts = (named(told.settings, told.pseudonyms, login) for login in logins)
    return {each.login for each in accounts if may_see(told.settings, told.pseudonyms, each, case)}


def _of(told: Told, work: Callable[..., Any], *more: Any) -> Any:
    return work(told.settings, told.pseudonyms, *more)


def test_whoever_has_become_the_headteacher_is_gone_round(told_with: Write) -> None:
    case = _case(told_with(ROLES))
    told = told_with(ROLES.replace("user: h.head", "user: J.Smith"))
    assert _seers(told, case) == {"c.chair"}
    assert _of(told, may_take, case) == ["dsl", CHAIR]
    assert _of(told, next_role, case, Name.ACKNOWLEDGE) == CHAIR
    assert _of(told, told_of, case, "headteacher") == []


def test_an_acting_headteacher_does_not_see_what_goes_round_the_headteacher(told_with: Write) -> None:
    case = _case(told_with(ROLES), "h.head", CHAIR)
    acting = told_with(ROLES.replace("user: h.head", "user: d.safe"))
    assert _seers(acting, case) == {"c.chair"}
    assert _of(acting, may_take, case) == ["dsl", CHAIR]


def test_one_person_with_two_roles_is_gone_round_in_both(told_with: Write) -> None:
    told = told_with(ROLES.replace("user: d.safe", "user: h.head"))
    assert _of(told, first_route, ["dsl", "headteacher"], told.code("h.head")) == CHAIR
    assert _seers(told, _case(told, "h.head", CHAIR)) == {"c.chair"}
    assert _of(told, next_role, _case(told), Name.ACKNOWLEDGE) == CHAIR  # not to the same person once more


@pytest.mark.parametrize("user", ["", ", user: h.head"])
def test_without_a_chair_it_goes_to_the_safeguarding_lead_and_never_to_the_headteacher(
    told_with: Write, user: str
) -> None:
    head = "  headteacher: {name: Head, email: head@school.example" + user + "}\n"
    told = told_with("roles:\n" + head + "  dsl: {name: DSL, email: dsl@school.example, user: d.safe}\n")
    person = told.code("h.head") if user else ""
    assert _of(told, first_route, [CHAIR], person) == CHAIR
    case = _case(told, "h.head" if user else "", CHAIR, actor=told.code("a.jones"))
    assert _seers(told, case) == {"d.safe"}
    assert _of(told, told_of, case, CHAIR) == ["dsl"]
    assert _of(told, next_role, case, Name.ACKNOWLEDGE) == ""


def test_a_role_without_cases_looks_after_none(told_with: Write) -> None:
    told = told_with(ROLES)
    assert _of(told, first_route, ["technician"], told.code("j.smith")) == "headteacher"


def test_the_deputy_is_told_where_they_may_look(told_with: Write) -> None:
    told = told_with(ROLES)
    assert _of(told, deputy_of, _case(told)) == "dsl"
    assert _of(told, deputy_of, _case(told, "d.safe")) == ""
    assert _of(told, deputy_of, _case(told, route="dsl")) == ""


def _answers(told: Told, person: str) -> set[str]:
    """The logins of roles that may answer a contest of somebody."""
    accounts = [
        named(told.settings, told.pseudonyms, role.user) for role in told.settings.school.roles.values() if role.user
    ]
    code = told.code(person)
    return {each.login for each in accounts if may_answer(told.settings, told.pseudonyms, each, code)}


def test_the_headteachers_contests_go_round_whoever_works_for_her(told_with: Write) -> None:
    head = "roles:\n  headteacher: {name: H, email: head@school.example, user: h.head}\n"
    dsl = "  dsl: {name: S, email: dsl@school.example, user: %s}\n"
    chair = "  chair_of_governors: {name: C, email: c@school.example, user: c.chair}\n"
    told = told_with(head + dsl % "d.safe" + chair)
    assert _answers(told, "h.head") == {"c.chair"}
    assert _answers(told, "d.safe") == {"h.head", "c.chair"}
    assert _answers(told, "j.smith") == {"h.head", "d.safe", "c.chair"}
    assert _answers(told_with(head + dsl % "d.safe"), "h.head") == {"d.safe"}  # a school that names no chair
    assert _answers(told_with(head + dsl % "h.head"), "j.smith") == {"h.head"}  # she is the safeguarding lead, too
    told = told_with(head + dsl % "d.safe" + chair.replace("c.chair", "h.head"))
    assert _answers(told, "h.head") == {"d.safe"}  # a chair who is she herself can answer nothing of hers
