"""Cases in the console: who sees which, what can be done, and what stays on record of it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from schoolgate.console.app import SCREENS
from schoolgate.store.cases import Case, cases
from schoolgate.store.event import Deed, deed_event

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def _open(console: Any, person: str = "a.jones", route: str = "headteacher", **changes: str) -> Case:
    """An alert's case, as the office opens it."""
    event = console.visit(
        person or "a.jones", action="block", host=f"evil.example{MARKUP}", path="/", category="adult", why=MARKUP
    )
    about = {"person": console.code(person) if person else "", "group": "staff", "category": "adult", "about": event.id}
    about |= {"entry": f"medium/{route}", "why": "Blocked once.", "basis": "staff-adult"} | changes
    deed = deed_event(console.now, Deed.CASE, "schoolgate", "v1", **about)
    console.gateway.append({"t": "event", **deed.row()})
    return next(each for each in _all(console) if each.id == deed.id)


def _all(console: Any) -> list[Case]:
    with console.desk.reading() as reader:
        return cases(reader)


def _again(console: Any, case: Case) -> Case:
    return next(each for each in _all(console) if each.id == case.id)


def test_it_goes_from_new_to_closed_and_every_step_is_a_deed(console: Any) -> None:
    case, head = _open(console), console.browser("h.head")
    shown = head.get(f"/cases/{case.id}").text
    assert "Blocked once." in shown
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    for what, fields in (
        ("acknowledge", {}),
        ("investigate", {}),
        ("note", {"words": f"Spoke to her {MARKUP}"}),
        ("outcome", {"outcome": "substantiated", "words": "She said so."}),
        ("close", {}),
    ):
        console.now += timedelta(minutes=1)
        assert head.post(f"/cases/{case.id}/{what}", fields).status_code == 303, what
    case = _again(console, case)
    assert (case.state, case.outcome) == ("closed", "substantiated")
    assert {entry.actor for entry in case.history} == {f"headteacher {console.code('h.head')}"}
    shown = head.get(f"/cases/{case.id}").text
    assert "<script" not in shown
    assert "took note of it" in shown
    console.now += timedelta(minutes=1)
    assert head.post(f"/cases/{case.id}/reopen", {"words": "More came up"}).status_code == 303
    assert _again(console, case).state == "investigating"


def test_a_form_that_is_sent_twice_counts_once(console: Any) -> None:
    case, head = _open(console), console.browser("h.head")
    once = re.search(r'name="once" value="(\w+)"', head.get(f"/cases/{case.id}").text)
    assert once
    for _ in range(2):
        head.post(f"/cases/{case.id}/note", {"words": "Once", "once": once[1]})
    assert len(_again(console, case).of(Deed.CASE_NOTE)) == 1


@pytest.mark.parametrize(
    ("what", "fields", "words"),
    [
        ("note", {}, "Write your note first."),
        ("outcome", {"outcome": "guilty", "words": "x"}, "Choose what was found"),
        ("outcome", {"outcome": "false"}, "Choose what was found"),
        ("hand", {"role": "technician", "words": "x"}, "Choose to whom"),
        ("hand", {"role": "dsl"}, "Write why"),
        ("close", {}, "Decide the case before"),
        ("reopen", {}, "Write why"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_done(
    console: Any, what: str, fields: dict[str, str], words: str
) -> None:
    case, head = _open(console), console.browser("h.head")
    answer = head.post(f"/cases/{case.id}/{what}", fields)
    assert (answer.status_code, words in answer.text) == (400, True)
    assert _again(console, case).history == ()


def test_looking_at_a_case_about_somebody_is_on_record_once_in_half_an_hour(console: Any) -> None:
    case, head = _open(console), console.browser("h.head")
    for _ in range(3):
        head.get(f"/cases/{case.id}")
    [viewed] = console.deeds("record-viewed")
    assert (viewed["person"], viewed["about"]) == (console.code("a.jones"), case.id)
    assert viewed["why"] == f"case {case.ref}"
    console.clock.now += 29 * 60
    head.get("/cases")
    console.clock.now += 2 * 60
    head.get(f"/cases/{case.id}")
    assert len(console.deeds("record-viewed")) == 2
    assert (
        head.get(f"/records/{console.code('a.jones')}").text.count("evil.example") == 0
    )  # that asks for its own reason


def test_nobody_sees_a_case_about_themselves_and_the_headteachers_goes_to_the_chair(console: Any) -> None:
    of_head = _open(console, "h.head", "chair_of_governors")
    of_dsl = _open(console, "d.safe", "headteacher")
    other = _open(console)
    may = {
        "h.head": {of_dsl.ref, other.ref},
        "d.safe": {other.ref},
        "c.chair": {of_head.ref},
    }
    for login, refs in may.items():
        browser = console.browser(login)
        listed = browser.get("/cases").text
        for case in (of_head, of_dsl, other):
            assert (case.ref in listed) == (case.ref in refs), (login, case)
            status = 200 if case.ref in refs else 403
            assert browser.get(f"/cases/{case.id}").status_code == status
            if status == 403:
                assert browser.post(f"/cases/{case.id}/note", {"words": "x"}).status_code == 403
    for login in ("a.jones", "t.tech"):
        browser = console.browser(login)
        assert browser.get("/cases").status_code == 403
        assert browser.get(f"/cases/{other.id}").status_code == 403
        assert browser.post(f"/cases/{other.id}/note", {"words": "x"}).status_code == 403
    assert all(_again(console, case).history == () for case in (of_head, of_dsl, other))


def test_a_case_about_the_headteacher_is_never_handed_to_her(console: Any) -> None:
    case, chair = _open(console, "h.head", "chair_of_governors"), console.browser("c.chair")
    assert 'value="headteacher"' not in chair.get(f"/cases/{case.id}").text
    answer = chair.post(f"/cases/{case.id}/hand", {"role": "headteacher", "words": "x"})
    assert answer.status_code == 400
    assert chair.post(f"/cases/{case.id}/hand", {"role": "dsl", "words": "To find out"}).status_code == 303
    assert console.browser("d.safe").get(f"/cases/{case.id}").status_code == 200


def test_the_chair_sees_what_came_to_her(console: Any) -> None:
    case, chair = _open(console), console.browser("c.chair")
    assert chair.get(f"/cases/{case.id}").status_code == 403
    head = console.browser("h.head")
    head.post(f"/cases/{case.id}/hand", {"role": "chair_of_governors", "words": "I know her family"})
    assert chair.get(f"/cases/{case.id}").status_code == 200


def test_the_most_urgent_stands_first(console: Any) -> None:
    low = _open(console, entry="low/dsl")
    high = _open(console, entry="high/dsl")
    medium = _open(console, entry="medium/dsl")
    listed = console.browser("h.head").get("/cases").text
    places = [listed.index(case.ref) for case in (high, medium, low)]
    assert places == sorted(places)


def test_the_prevent_steps_stand_where_they_are_needed(console: Any) -> None:
    head = console.browser("h.head")
    assert "Prevent" not in head.get(f"/cases/{_open(console).id}").text
    assert "Prevent referral form" in head.get(f"/cases/{_open(console, category='extremism').id}").text


def test_a_false_outcome_clears_the_record_and_says_by_what(console: Any) -> None:
    event = console.visit("a.jones")
    case = _open(console, about=event.id)
    head, jones = console.browser("h.head"), console.browser("a.jones")
    assert "cleared" not in jones.get("/mine").text.lower()
    head.post(f"/cases/{case.id}/outcome", {"outcome": "false", "words": "A link in a newsletter"})
    shown = jones.get("/mine").text
    assert f"cleared by the outcome of case {case.ref}" in shown
    assert "newsletter" not in shown
    assert "<table>" not in shown
    assert f"cleared by the outcome of case {case.ref}" in jones.get(f"/mine/visits/{event.id}").text


def test_outcomes_make_the_figure_of_their_rule(console: Any) -> None:
    head = console.browser("h.head")
    for outcome in ("substantiated", "low_level", "low_level", "unfounded", "unsubstantiated", ""):
        case = _open(console)
        if outcome:
            head.post(f"/cases/{case.id}/outcome", {"outcome": outcome, "words": "x"})
    shown = head.get("/cases").text
    row = shown[shown.index("staff-adult</th>") :].partition("</tr>")[0]
    assert re.findall(r">(\d+)<", row) == ["3", "1", "1", "1"]
    assert "75 % (too few to say much)" in row


def test_an_unknown_case_or_deed_is_no_page(console: Any) -> None:
    head = console.browser("h.head")
    assert head.get("/cases/000").status_code == 404
    assert head.post(f"/cases/{_open(console).id}/delete").status_code == 404


@pytest.mark.parametrize("login", ["h.head", "d.safe"])
def test_no_screen_tells_those_who_are_gone_round_of_the_case(console: Any, login: str) -> None:
    case = _open(console, "h.head", "chair_of_governors")
    chair = console.browser("c.chair")
    assert chair.get(f"/cases/{case.id}").status_code == 200
    browser = console.browser(login)
    plain = [path for method, path, _, _ in SCREENS if method == "GET" and "{" not in path]
    reports = [f"/reports/{name}" for name in ("digest", "week_technician", "term_governors", "year_review")]
    about = [f"/log?ref={case.ref}", f"/names?code={case.ref}", f"/concern/{case.ref}", f"/log/{case.events[0]}"]
    for path in (*plain, *reports, *about, f"/log/{case.id}"):
        shown = browser.get(path).text.replace(path, "").replace(f'value="{case.ref}"', "")
        assert case.ref not in shown.replace(case.ref.lower(), case.ref), path
        assert case.id not in shown, path
    assert case.ref in chair.get("/cases").text
    head = _open(console)
    console.browser("h.head").get(f"/cases/{head.id}")
    assert head.ref in chair.get("/look-ups").text  # she watches those who watch


@pytest.mark.parametrize("kind", ["extremism", "adult"])
def test_the_prevent_steps_stand_where_anything_of_it_happened(console: Any, kind: str) -> None:
    event = console.visit("a.jones", action="block", category=kind)
    case = _open(console, about=event.id)
    shown = console.browser("h.head").get(f"/cases/{case.id}").text
    assert ("Prevent referral form" in shown) == (kind == "extremism")


def test_a_look_at_a_case_that_names_nobody_is_on_record_too(console: Any) -> None:
    case = _open(console, person="")
    for _ in range(2):
        assert console.browser("h.head").get(f"/cases/{case.id}").status_code == 200
    looks = [(e["person"], e["why"]) for e in console.deeds(Deed.VIEWED) if e["about"] == case.id]
    assert looks == [("", f"case {case.ref}")] * len(looks)
    assert looks
    assert "a case that names nobody" in console.browser("c.chair").get("/look-ups").text
