"""The first screen of those who run things: what needs somebody now, each number with its list."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from schoolgate.console.today import usual_by_now
from schoolgate.store.event import Deed, stamp

LONDON = ZoneInfo("Europe/London")


def _block(console: Any, minute: int = 0, **changes: str) -> Any:
    about = {"group": "pupils", "person": "d-0123456789ab", "action": "block", "category": "adult", "host": "x.example"}
    return console.visit("a.jones", minute, **(about | changes))


def _tally(console: Any, at: datetime, requests: int) -> None:
    entry = {"hour": stamp(at), "group": "pupils", "action": "block", "category": "adult", "requests": requests}
    console.gateway.append({"t": "tally", **entry})


def test_what_waits_leads_to_its_list(console: Any) -> None:
    event = console.visit("a.jones")
    _block(console, 5)
    _block(console, 6, host="www.google.com", search="how to vanish", alert="immediate")
    browser = console.browser("a.jones")
    browser.post(f"/mine/visits/{event.id}/contest", {"words": "It was work", "page": event.id, "sure": "yes"})
    about = {"about": event.id, "group": "pupils", "category": "adult", "theme": "content", "why": "Look at this"}
    console.desk.write(Deed.CASE, "schoolgate", person="d-0123456789ab", entry="high/dsl", **about)
    page = console.browser("d.safe").get("/").text
    assert '<a href="/contests">1 contest waits for an answer</a>' in page
    assert '<a href="/cases">1 new case that nobody has looked at (1 of high priority)</a>' in page
    assert '<a href="/log?period=today&amp;search=worry">1 worrying search today: somebody may need help</a>' in page
    assert "No fault today." in page
    assert '<a href="/log?period=today&amp;action=block">2 requests</a>' in page
    link = '<a href="/log?period=today&amp;action=block&amp;group=pupils&amp;category=adult">2<'
    assert link in page
    assert "how to vanish" not in page


def test_a_case_that_goes_round_the_headteacher_does_not_count_for_her(console: Any) -> None:
    about = {"about": "", "group": "staff", "category": "adult", "theme": "content", "why": "About her"}
    console.desk.write(Deed.CASE, "schoolgate", person=console.code("h.head"), entry="high/chair_of_governors", **about)
    assert "new case" not in console.browser("h.head").get("/").text.replace("No new case", "")


def test_the_chair_sees_a_case_that_went_round_the_headteacher_at_once(console: Any) -> None:
    about = {"about": "", "group": "staff", "category": "adult", "theme": "content", "why": "About her"}
    console.desk.write(Deed.CASE, "schoolgate", person=console.code("h.head"), entry="high/chair_of_governors", **about)
    page = console.browser("c.chair").get("/").text
    assert "1 new case that nobody has looked at" in page
    for hidden in ("Blocked today", "gateway", "request", "worrying"):
        assert hidden not in page


def test_the_technician_sees_the_gateway_and_nobodys_searches(console: Any) -> None:
    _block(console, 6, host="www.google.com", search="how to vanish", alert="immediate")
    console.visit("", 7, host="", action="fault", rule="lists", why="could not", group="", person="")
    page = console.browser("t.tech").get("/").text
    assert '<a href="/log?period=today&amp;action=fault">1 fault today</a>' in page
    for hidden in ("worrying", "contest", "case", "vanish"):
        assert hidden not in page


def test_the_headteachers_own_record_stands_below(console: Any) -> None:
    console.visit("h.head")
    assert "1 personal visit was recorded in your working hours" in console.browser("h.head").get("/").text


def test_a_usual_day_is_the_median_of_school_days_up_to_this_hour(console: Any) -> None:
    now = datetime(2026, 11, 24, 15, 30, tzinfo=LONDON)
    _tally(
        console, now.replace(minute=0) - timedelta(days=6), 1
    )  # the first day counts from the middle, so it is not compared
    for back, requests in ((1, 40), (4, 10), (5, 10)):  # Monday, Friday and Thursday
        day = now - timedelta(days=back)
        _tally(console, day.replace(hour=10, minute=0), requests)
        _tally(console, day.replace(hour=17, minute=0), 1000)  # later than it is now
    _tally(console, (now - timedelta(days=2)).replace(minute=0), 5000)  # a Sunday
    with console.desk.reading() as reader:
        usual = usual_by_now(reader, console.settings.snapshot.calendar, now)
    assert usual == {("pupils", "adult"): 10}


@pytest.mark.parametrize(
    ("blocks", "words"),
    [(30, "far more than usual"), (16, ">more than usual"), (12, ">as usual"), (4, "less than usual")],
)
def test_the_day_is_compared_with_a_usual_one(console: Any, blocks: int, words: str) -> None:
    for back in (1, 4, 5):
        _tally(console, datetime(2026, 11, 24, 9, tzinfo=LONDON) - timedelta(days=back), 10)
    for minute in range(blocks):
        _block(console, minute)
    assert words in console.browser("h.head").get("/").text


def test_without_earlier_days_nothing_is_compared(console: Any) -> None:
    _block(console)
    assert "not known yet" in console.browser("h.head").get("/").text


def test_what_was_read_of_deeds_is_kept_until_the_next_deed(console: Any) -> None:
    asked = list[int]()

    def fold(reader: Any) -> int:
        asked.append(1)
        return len(list(reader.query("select * from deeds")))

    folds = console.desk.folds
    for number in (0, 0, 1, 1):
        if number and len(asked) == 1:
            console.desk.write(Deed.NOTE, "somebody", why="A deed")
        console.visit("a.jones", len(asked))  # an event is no deed
        with console.desk.reading() as reader:
            assert folds.of(reader, fold) == number
    assert len(asked) == 2
