"""What ``check`` answers about words: a page, a text, a search, alone or with an address."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pretend.school import School
from schoolgate.enquiry import Enquiry, in_words
from schoolgate.settings.load import Settings

HARM = "Best online casino bonus: 200 free spins on your first deposit, play slots and roulette for real money, no deposit bonus"
WORRY = "how to kill myself tonight"


@pytest.fixture(scope="module")
def enquiry(default: Settings) -> Enquiry:
    return Enquiry(default, {"group": "pupils"})


@pytest.mark.parametrize(
    ("asked", "action", "category", "stage"),
    [
        ({"text": HARM}, "block", "gambling", "response"),
        ({"html": f"<p>{HARM}</p>"}, "block", "gambling", "response"),
        ({"html": f"<script>{HARM}</script>hello"}, "allow", None, "response"),
        ({"text": "hello", "html": f"<p>{HARM}"}, "block", "gambling", "response"),
        ({"text": HARM, "html": "hello"}, "block", "gambling", "response"),
        ({"search": "hello", "text": HARM}, "block", "gambling", "response"),
        ({"search": WORRY}, "block", "self_harm", "search"),
        ({"search": "cake recipe"}, "allow", None, "response"),
        ({"url": "https://news.example/", "text": HARM}, "block", "gambling", "response"),
        ({"url": "https://news.example/", "text": "hello"}, "allow", None, "request"),
        ({"url": "https://news.example/", "html": None, "text": None, "search": None}, "allow", None, "request"),
        ({"url": "https://www.google.com/search?q=how+to+kill+myself"}, "block", "self_harm", "search"),
        ({"url": "https://www.google.com/search?q=how+to+kill+myself", "search": None}, "block", "self_harm", "search"),
        # a site that is blocked anyway does not hide that somebody may need help
        ({"url": "https://www.reddit.com/search/?q=how+to+kill+myself"}, "block", "self_harm", "search"),
        ({"url": "https://pornhub.com/", "text": HARM}, "block", "adult", "request"),
        ({"text": HARM, "group": "staff"}, "allow", None, "response"),
        ({"search": WORRY, "group": "staff"}, "allow", "self_harm", "search"),
        ({"text": HARM, "group": "guests"}, "allow", None, "response"),  # names only
    ],
)
def test_words(enquiry: Enquiry, asked: dict[str, Any], action: str, category: str | None, stage: str) -> None:
    answer = enquiry.answer(asked)
    assert (answer["action"], answer["category"], answer["stage"]) == (action, category, stage)


@pytest.mark.parametrize(
    "harmless", ["", " minecraft", " cats", " dogs", " python", " in a film", " history", " recipe", " football"]
)
@pytest.mark.parametrize("cry", ["how to kill myself", "i want to die", "i want to end my life"])
def test_a_harmless_word_does_not_silence_a_cry_for_help(enquiry: Enquiry, cry: str, harmless: str) -> None:
    answer = enquiry.answer({"search": cry + harmless})
    assert (answer["action"], answer["alert"]) == ("block", "immediate")
    assert answer["search"] == cry + harmless


def test_no_more_of_a_long_search_is_kept_than_people_read(enquiry: Enquiry) -> None:
    answer = enquiry.answer({"search": "how to kill myself " + "and more " * 500})
    assert len(answer["search"]) == 500
    padded = enquiry.answer({"search": "a" * 600 + " how to kill myself"})
    assert padded["search"].endswith("how to kill myself")


@pytest.mark.parametrize("site", ["sites.google.com", "web.archive.org", "padlet.com"])
def test_where_anybody_writes_words_count_in_full(enquiry: Enquiry, site: str) -> None:
    assert enquiry.answer({"url": f"https://{site}/page", "text": HARM})["action"] == "block"


def test_protected_sites_need_twice_as_much(default: Settings) -> None:
    lists = default.snapshot.lists
    assert lists.is_protected("www.nhs.uk")
    assert not lists.is_protected("docs.google.com")
    assert lists.is_protected("www.google.com")
    assert not lists.is_protected("news.example")


PEOPLE = """
groups:
  pupils: {title: Pupil devices, networks: ["127.0.0.2/32"]}
  staff:  {title: Staff, networks: ["127.0.0.3/32"], users: ["t.full"]}
unknown: pupils
people:
  j.smith: {name: Mrs J Smith, group: staff, devices: ["127.0.0.30"]}
"""
CALENDAR = """
working_hours: {staff: {mon-fri: ["08:15-12:15", "13:00-16:00"]}}
contracts: [{id: part-time, people: [j.smith], hours: {mon-wed: ["08:15-12:15"]}}]
bank_holidays: none
"""
RULES = """
rules:
  - {id: harm, groups: [pupils, staff], categories: [adult], action: block, why: Harm.}
  - {id: personal-use, groups: [staff], categories: [shopping], when: working_hours, action: log, why: Work.}
  - {id: bets, groups: [staff], categories: [gambling], action: warn, why: Never at school.}
"""


@pytest.mark.parametrize(
    ("asked", "counts", "when"),
    [
        (
            {"user": "j.smith", "at": "2026-11-24T10:42"},
            "counted because Tuesday 10:42 is in Mrs J Smith's working hours 08:15-12:15 (contract part-time)",
            None,
        ),
        (
            {"client": "127.0.0.30", "at": "2026-11-24T14:00"},
            "not counted: Tuesday 14:00 is outside Mrs J Smith's working hours: after work, which ended 12:15 (contract part-time)",
            None,
        ),
        # the hour that is skipped in March stands on no clock: what is written so is the hour after it
        (
            {"user": "j.smith", "at": "2027-03-28T01:30"},
            "not counted: Sunday 02:30 is outside Mrs J Smith's working hours: no working day",
            None,
        ),
        ({"user": "t.full", "at": "2026-11-24T14:00"}, "counted because Tuesday 14:00 is in working hours 13:00-16:00", None),
        ({"group": "staff", "at": "2026-11-24T12:20"}, "not counted: Tuesday 12:20 is outside working hours: break 12:15-13:00", None),
        (
            {"url": "bet365.com", "user": "j.smith", "at": "2026-11-27T10:00"},
            "counted because rule bets holds at any time; Friday 10:00 is outside Mrs J Smith's working hours: no working day",
            None,
        ),
        (
            {"url": "bbc.co.uk", "user": "j.smith", "at": "2026-11-27T10:00"},
            None,
            "Friday 10:00 is outside Mrs J Smith's working hours: no working day",
        ),
        (
            {"url": "pornhub.com", "user": "j.smith", "at": "2026-11-24T10:00"},
            None,
            "Tuesday 10:00 is in Mrs J Smith's working hours 08:15-12:15 (contract part-time)",
        ),
        ({"client": "127.0.0.2", "at": "2026-11-24T10:00"}, None, "Tuesday 10:00"),
    ],
)  # fmt: skip
def test_whether_a_visit_counts_is_told_with_the_name_that_the_school_has_given(
    settings_of: Callable[[School], Settings],
    tmp_path: Path,
    asked: dict[str, Any],
    counts: str | None,
    when: str | None,
) -> None:
    school = School(tmp_path, people=PEOPLE, calendar=CALENDAR, rules=RULES).write()
    answer = Enquiry(settings_of(school), {}).answer({"url": "amazon.co.uk"} | asked)
    assert answer["counts"] == counts
    assert "Smith" not in answer["calendar"]
    assert f"      when      {counts or when}" in in_words(answer).splitlines()
