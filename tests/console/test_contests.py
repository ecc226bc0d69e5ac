"""Contests: said by the person, answered by somebody else with a role, and then cleared for good or counted."""

from typing import Any

import pytest
from schoolgate.store.deeds import contests
from schoolgate.store.event import Deed


def _contest(console: Any, login: str = "a.jones", words: str = "It was for the school trip.", minute: int = 0) -> Any:
    event = console.visit(login, minute)
    browser = console.browser(login)
    form = {"words": words, "page": event.id, "sure": "yes"}
    assert browser.post(f"/mine/visits/{event.id}/contest", form).status_code == 303
    with console.desk.reading() as reader:
        return contests(reader, console.code(login))[-1]


def _open(console: Any, contest: Any, login: str = "h.head") -> Any:
    browser = console.browser(login)
    browser.get(f"/contests/{contest.id}")
    answer = browser.post(f"/contests/{contest.id}/look", {"reason": "To answer the contest"})
    assert answer.status_code == 303
    return browser


def test_before_it_is_sent_a_page_says_what_a_contest_does(console: Any) -> None:
    event = console.visit("a.jones")
    browser = console.browser("a.jones")
    page = browser.get(f"/mine/visits/{event.id}").text
    assert "Contest: this should not count" in page
    answer = browser.post(f"/mine/visits/{event.id}/contest", {"words": "The trip", "page": event.id})
    assert "Until somebody has answered you" in answer.text
    assert "cannot be taken back" in answer.text
    assert not console.deeds("contest")
    answer = browser.post(f"/mine/visits/{event.id}/contest", {"words": "The trip", "page": event.id, "sure": "yes"})
    assert answer.headers["location"] == "/mine/said"
    [deed] = console.deeds("contest")
    assert (deed["person"], deed["about"], deed["why"]) == (console.code("a.jones"), event.id, "The trip")
    assert deed["actor"] == console.code("a.jones")
    assert "waiting" in browser.get("/mine").text.lower()


def test_single_pages_of_a_spell_can_be_contested(console: Any) -> None:
    one, two = console.visit("a.jones"), console.visit("a.jones", 3, path="/wrong")
    browser = console.browser("a.jones")
    form = {"words": "A pop-up", "page": two.id, "sure": "yes"}
    assert browser.post(f"/mine/visits/{one.id}/contest", form).status_code == 303
    assert console.deeds("contest")[0]["about"] == two.id
    assert "1 contested and waiting" in browser.get("/mine").text


@pytest.mark.parametrize("form", [{"words": ""}, {"words": "x", "page": []}])
def test_a_contest_needs_words_and_pages(console: Any, form: dict[str, Any]) -> None:
    event = console.visit("a.jones")
    browser = console.browser("a.jones")
    answer = browser.post(f"/mine/visits/{event.id}/contest", {"page": event.id, "sure": "yes"} | form)
    assert answer.status_code == 400
    assert not console.deeds("contest")


def test_the_same_is_contested_once(console: Any) -> None:
    contest = _contest(console)
    browser = console.browser("a.jones")
    form = {"words": "again", "page": contest.events[0], "sure": "yes"}
    assert browser.post(f"/mine/visits/{contest.events[0]}/contest", form).status_code == 409
    assert len(console.deeds("contest")) == 1


def test_a_note_stands_beside_the_visit(console: Any) -> None:
    event = console.visit("a.jones")
    browser = console.browser("a.jones")
    assert browser.post(f"/mine/visits/{event.id}/note", {"words": "Looked up\nthe opening hours"}).status_code == 303
    for path in ("/mine", "/mine/said", f"/mine/visits/{event.id}"):
        assert "Looked up\nthe opening hours" in browser.get(path).text


def test_a_reason_is_asked_before_anything_is_shown_and_each_view_is_on_record(console: Any) -> None:
    contest = _contest(console)
    head = console.browser("h.head")
    listing = head.get("/contests").text
    assert contest.ref in listing
    assert "school trip" not in listing
    page = head.get(f"/contests/{contest.id}").text
    assert "facebook" not in page
    assert "school trip" not in page
    assert not console.deeds("record-viewed")
    assert head.post(f"/contests/{contest.id}/look", {"reason": "x"}).status_code == 400
    head.post(f"/contests/{contest.id}/look", {"reason": "To answer the contest"})
    page = head.get(f"/contests/{contest.id}").text
    assert "It was for the school trip." in page
    assert "facebook" in page
    [viewed] = console.deeds("record-viewed")
    assert (viewed["person"], viewed["why"], viewed["about"]) == (contest.person, "To answer the contest", contest.id)
    assert viewed["actor"] == f"headteacher {console.code('h.head')}"
    assert "a.jones" not in page


def test_an_upheld_contest_clears_the_visit_for_good(console: Any) -> None:
    contest = _contest(console)
    head = _open(console, contest)
    answer = head.post(f"/contests/{contest.id}/answer", {"answer": "upheld", "words": "The trip was agreed."})
    assert answer.status_code == 303
    jones = console.browser("a.jones")
    page = jones.get("/mine").text
    assert "cleared" in page
    assert "What counts, by week" not in page
    said = jones.get("/mine/said").text
    assert "The trip was agreed." in said
    assert "headteacher" in said


def test_a_refused_contest_counts_again_and_says_why(console: Any) -> None:
    contest = _contest(console)
    head = _open(console, contest, "d.safe")
    head.post(f"/contests/{contest.id}/answer", {"answer": "refused", "words": "There was no trip that day."})
    jones = console.browser("a.jones")
    assert "What counts, by week" in jones.get("/mine").text
    assert "There was no trip that day." in jones.get("/mine/said").text


def test_the_first_answer_counts_and_there_is_no_second(console: Any) -> None:
    contest = _contest(console)
    head, dsl = _open(console, contest), _open(console, contest, "d.safe")
    assert head.post(f"/contests/{contest.id}/answer", {"answer": "upheld", "words": "yes"}).status_code == 303
    assert dsl.post(f"/contests/{contest.id}/answer", {"answer": "refused", "words": "no"}).status_code == 409
    assert len(console.deeds("contest-answered")) == 1


@pytest.mark.parametrize("form", [{"answer": "maybe", "words": "x"}, {"answer": "upheld", "words": " "}, {}])
def test_an_answer_needs_a_choice_and_words(console: Any, form: dict[str, str]) -> None:
    contest = _contest(console)
    head = _open(console, contest)
    assert head.post(f"/contests/{contest.id}/answer", form).status_code == 400
    assert not console.deeds("contest-answered")


def test_nobody_answers_or_looks_up_a_contest_about_herself(console: Any) -> None:
    contest = _contest(console, "h.head")
    head = console.browser("h.head")
    listing = head.get("/contests").text
    assert contest.ref not in listing
    assert "about your own record" in listing
    assert head.get(f"/contests/{contest.id}").status_code == 403
    assert head.post(f"/contests/{contest.id}/look", {"reason": "just looking"}).status_code == 403
    form = {"answer": "upheld", "words": "of course"}
    assert head.post(f"/contests/{contest.id}/answer", form).status_code == 403
    assert not console.deeds("contest-answered")


@pytest.mark.parametrize("may_reveal", ["headteacher, dsl, chair_of_governors", "headteacher, dsl"])
def test_the_headteachers_own_contest_is_the_chairs_alone_also_where_she_may_reveal_no_names(
    console: Any, school: Any, settings_of: Any, may_reveal: str
) -> None:
    (school.config / "monitoring.yaml").write_text(f"names: {{may_reveal: [{may_reveal}]}}\n")
    console.desk.settings = settings_of(school)
    own, other = _contest(console, "h.head", "I never did."), _contest(console, "a.jones", minute=5)
    form = {"answer": "upheld", "words": "of course"}
    dsl = console.browser("d.safe")
    listing = dsl.get("/contests").text
    assert (own.ref in listing, other.ref in listing) == (False, True)
    assert "1 contest waits for an answer" in dsl.get("/").text
    refused = dsl.get(f"/contests/{own.id}")
    assert (refused.status_code, "for somebody else to answer" in refused.text) == (403, True)
    for what, given in (("look", {"reason": "just looking"}), ("answer", form)):
        assert dsl.post(f"/contests/{own.id}/{what}", given).status_code == 403
    chair, is_namer = console.browser("c.chair"), "chair" in may_reveal
    listing = chair.get("/contests").text
    assert (own.ref in listing, other.ref in listing) == (True, is_namer)
    assert f"{'2 contests wait' if is_namer else '1 contest waits'} for an answer" in chair.get("/").text
    assert chair.get(f"/contests/{other.id}").status_code == (200 if is_namer else 403)
    chair = _open(console, own, "c.chair")
    page = chair.get(f"/contests/{own.id}").text
    assert ("I never did." in page, "/records/" in page) == (True, is_namer)
    assert chair.post(f"/contests/{own.id}/answer", form).status_code == 303
    [answer] = console.deeds("contest-answered")
    assert (answer["about"], answer["actor"]) == (own.id, f"chair_of_governors {console.code('c.chair')}")


def test_a_case_leads_to_its_contest_only_who_may_answer_it(console: Any) -> None:
    contest = _contest(console, "h.head")
    told = {"person": console.code("h.head"), "about": contest.events[0], "entry": "medium/chair_of_governors"}
    console.desk.write(Deed.CASE, "schoolgate", **told, why="About her")
    [case] = console.deeds("case-opened")
    assert f"/contests/{contest.id}" in console.browser("c.chair").get(f"/cases/{case['id']}").text


def test_an_answer_without_a_look_is_not_taken(console: Any) -> None:
    contest = _contest(console)
    head = console.browser("h.head")
    answer = head.post(f"/contests/{contest.id}/answer", {"answer": "upheld", "words": "unseen"})
    assert answer.status_code == 400
    assert not console.deeds("contest-answered")


def test_what_speaks_for_and_against_stands_beside_it(console: Any) -> None:
    console.visit("b.khan", 20)
    event = console.visit("a.jones", identity_confidence="network", confidence="0.60", reason="no Sec-Fetch", notice="")
    browser = console.browser("a.jones")
    browser.post(f"/mine/visits/{event.id}/contest", {"words": "x", "page": event.id, "sure": "yes"})
    with console.desk.reading() as reader:
        [contest] = contests(reader)
    page = _open(console, contest).get(f"/contests/{contest.id}").text
    for words in (
        "in use by " + console.code("b.khan"),
        "only likely (0.60)",
        "known by its network only",
        "a single page",
        "names no notice",
    ):
        assert words in page


def test_staff_open_no_contest_of_others(console: Any) -> None:
    contest = _contest(console)
    khan = console.browser("b.khan")
    assert khan.get(f"/contests/{contest.id}").status_code == 403
    assert khan.post(f"/contests/{contest.id}/answer", {"answer": "upheld", "words": "x"}).status_code == 403
