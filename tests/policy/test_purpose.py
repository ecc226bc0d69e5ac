"""What is work: the school's own pages and channels, what a lesson needs; and what just missed being work."""

import contextlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schoolgate.policy.purpose import NO_PURPOSES, Purpose, Purposes, Site, Work, ended, site_of, work_of
from schoolgate.policy.request import BadAddress, request_from_url
from schoolgate.policy.standing import NO_STANDING, Declared, Standing

LONDON = ZoneInfo("Europe/London")
TUESDAY = datetime(2026, 11, 24, 10, 42, tzinfo=LONDON)
PAGE = Work(
    Purpose.PAGE,
    "School on Facebook",
    (Site("facebook.com", "/stbenedicts"),),
    frozenset({"j.smith"}),
    "Head Teacher",
    review=date(2027, 9, 1),
)
CHANNEL = Work(
    Purpose.CHANNEL, "Dojo", (Site("dojo.example"),), frozenset({"office"}), "Governors", review=date(2027, 1, 1)
)
LESSON = Work(
    Purpose.TEACHING,
    "Year 6 history",
    (Site("video.example"),),
    frozenset({"a.jones", "staff"}),
    since=datetime(2026, 11, 24, tzinfo=LONDON),
    until=datetime(2026, 11, 26, tzinfo=LONDON),
)
PURPOSES = Purposes((PAGE, CHANNEL, LESSON), {"nhs.uk": "health", "unison.org.uk": "unions"})
MINE = Declared(
    "d1",
    "u-1",
    ("shop.example/maths", "https://www.games.example/"),
    "maths with prices",
    TUESDAY,
    TUESDAY.replace(hour=12, minute=0),
)


def _work(
    url: str, user: str | None = "b.brown", group: str = "staff", at: datetime = TUESDAY, person: str = "u-1"
) -> str:
    request = request_from_url(url, at=at)
    standing = Standing(declared=(MINE,))
    return work_of(PURPOSES, standing, user, person, group, request.names, request.target, at)


def _ended(url: str, at: datetime, user: str | None = "b.brown", group: str = "staff") -> tuple[str, ...]:
    request = request_from_url(url, at=at)
    return ended(PURPOSES, (MINE,), user, "u-1", group, request.names, request.target, at)


@pytest.mark.parametrize(
    "url",
    [
        "facebook.com/stbenedicts",
        "https://www.facebook.com/stbenedicts/",
        "m.facebook.com/StBenedicts/posts/4",
        "facebook.com/stbenedicts?ref=1",
        "facebook.com/st%62enedicts/photos",
        "facebook.com/a/../stbenedicts",
        "facebook.com//stbenedicts",
        "facebook.com/stbenedicts#top",
    ],
)
def test_an_official_page_is_its_address_and_all_below_it(url: str) -> None:
    assert _work(url) == (
        "work: the school's official page 'School on Facebook' (approved by Head Teacher; review due 2027-09-01)"
    )


@pytest.mark.parametrize(
    "url",
    [
        "facebook.com/",
        "facebook.com/stbenedictsfans",
        "facebook.com/stbenedicts.fans",
        "facebook.com/stbenedicts-fans",
        "facebook.com/stbenedicts%2e%2e",
        "facebook.com/stbenedicts/../marketplace",
        "facebook.com/marketplace?from=/stbenedicts",
        "facebook.com.example/stbenedicts",
        "notfacebook.com/stbenedicts",
    ],
)
def test_the_rest_of_the_site_is_not_the_schools_page(url: str) -> None:
    assert _work(url) == ""


def test_editors_are_said_to_edit_whatever_the_capitals_of_their_login() -> None:
    assert _work("facebook.com/stbenedicts", "J.Smith").startswith("work: editing the school's official page")
    assert not _work("facebook.com/stbenedicts", None).startswith("work: editing")


def test_an_entry_whose_review_is_past_still_holds_and_says_so() -> None:
    on_the_day = datetime(2027, 9, 1, 12, tzinfo=LONDON)
    assert "review due 2027-09-01" in _work("facebook.com/stbenedicts", at=on_the_day)
    assert _work("facebook.com/stbenedicts", at=on_the_day + timedelta(days=1)) == (
        "work: the school's official page 'School on Facebook' "
        "(approved by Head Teacher; its review was due on 2027-09-01)"
    )


def test_a_channel_is_for_those_it_was_agreed_for() -> None:
    assert _work("dojo.example/x", group="office") == (
        "work: the agreed channel 'Dojo' (approved by Governors; review due 2027-01-01)"
    )
    assert _work("dojo.example/x") == ""


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (datetime(2026, 11, 23, 23, 59, tzinfo=LONDON), False),
        (datetime(2026, 11, 24, tzinfo=LONDON), True),
        (datetime(2026, 11, 25, 23, 59, tzinfo=LONDON), True),
        (datetime(2026, 11, 26, tzinfo=LONDON), False),
    ],
)
def test_teaching_holds_on_its_days_only(at: datetime, holds: bool) -> None:
    words = _work("video.example/blitz", at=at)
    assert words == ("work: needed for 'Year 6 history' (put down by the school up to 2026-11-25)" if holds else "")


@pytest.mark.parametrize(
    ("minutes", "holds"), [(-1, False), (0, True), (77, True), (78, False)]
)  # fmt: skip
def test_what_a_person_declared_holds_from_when_it_was_made(minutes: int, holds: bool) -> None:
    words = _work("shop.example/maths/7", at=TUESDAY + timedelta(minutes=minutes))
    assert words == ("work: needed for 'maths with prices', declared ahead, until 12:00" if holds else "")


def test_a_declaration_is_for_the_person_who_made_it_and_for_its_sites() -> None:
    assert _work("games.example/any")
    assert _work("shop.example/toys") == ""
    assert _work("games.example/any", person="u-2") == ""
    assert _work("games.example/any", person="") == ""


def test_every_name_of_a_request_must_be_work_but_an_address_may_lead_there() -> None:
    def words(*names: str) -> str:
        return work_of(PURPOSES, NO_STANDING, None, "", "staff", names, "/stbenedicts", TUESDAY)

    assert words("facebook.com", "www.facebook.com")
    assert words("192.0.2.7", "facebook.com")
    assert words("facebook.com", "other.example") == ""
    assert words("192.0.2.7") == ""


def test_where_only_a_name_is_known_a_page_on_it_is_not() -> None:
    assert work_of(PURPOSES, NO_STANDING, None, "", "staff", ("facebook.com",), "", TUESDAY) == ""
    assert work_of(PURPOSES, NO_STANDING, None, "", "staff", ("video.example",), "", TUESDAY)


def test_a_page_behind_a_question_mark_is_that_page_only() -> None:
    site = site_of("https://www.tube.example/watch?v=1")
    assert site == Site("tube.example", "/watch?v=1")
    for target, is_it in (
        ("/watch?v=1", True),
        ("/watch?v=1&t=9", True),
        ("/watch?v=11", False),
        ("/watch?x&v=1", False),
    ):
        assert site.covers("m.tube.example", target) is is_it


def test_the_topic_of_a_host_is_that_of_the_longest_listed_one_above_it() -> None:
    topics = [
        PURPOSES.topic(host) for host in ("nhs.uk", "www.nhs.uk", "a.b.unison.org.uk", "uk", "xnhs.uk", "org.uk", "")
    ]
    assert topics == ["health", "health", "unions", "", "", "", ""]
    assert NO_PURPOSES.topic("nhs.uk") == ""


@pytest.mark.parametrize("text", ["", "com", "https://", "two words.example", "a@b.example", "http:///x"])
def test_what_is_no_site_is_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        site_of(text)


@given(st.text())
def test_any_text_is_a_site_or_a_plain_refusal(text: str) -> None:
    with contextlib.suppress(BadAddress):
        assert "." in site_of(text).host or ":" in site_of(text).host


def test_a_declaration_that_cannot_be_read_covers_nothing() -> None:
    standing = Standing(declared=(replace(MINE, sites=("com", "")),))
    assert work_of(NO_PURPOSES, standing, None, "u-1", "staff", ("games.example",), "/", TUESDAY) == ""


@pytest.mark.parametrize(
    ("url", "at", "who", "words"),
    [
        (
            "games.example",
            TUESDAY.replace(hour=12, minute=5),
            {},
            "the purpose 'maths with prices' that the person declared for this site ended at 12:00",
        ),
        (
            "games.example",
            TUESDAY.replace(hour=9),
            {},
            "the purpose 'maths with prices' that the person declared for this site began only at 10:42",
        ),
        (
            "video.example",
            datetime(2026, 11, 27, 9, tzinfo=LONDON),
            {},
            "the teaching purpose 'Year 6 history' for this site ended with 2026-11-25",
        ),
        (
            "video.example",
            TUESDAY,
            {"group": "office"},
            "the teaching purpose 'Year 6 history' for this site held then, for other people",
        ),
        ("dojo.example", TUESDAY, {}, "this is the agreed channel 'Dojo', for other people"),
        (
            "facebook.com/",
            TUESDAY,
            {"user": "j.smith"},
            "the person edits the school's official page 'School on Facebook', on the same site",
        ),
    ],
)
def test_near_misses_are_told(url: str, at: datetime, who: dict[str, str], words: str) -> None:
    assert _ended(url, at, **who) == (words,)


def test_what_ended_long_ago_or_elsewhere_explains_nothing() -> None:
    assert _ended("video.example", datetime(2026, 12, 24, tzinfo=LONDON)) == ()
    assert _ended("shop.example/toys", TUESDAY.replace(hour=13)) == ()
    assert _ended("facebook.com/", TUESDAY) == ()


def test_moments_are_told_on_the_schools_clock_in_summer_too() -> None:
    summer = datetime(2026, 6, 10, 9, 30, tzinfo=UTC)
    made = replace(MINE, since=summer - timedelta(hours=1), until=summer)
    at = (summer + timedelta(minutes=5)).astimezone(LONDON)
    assert ended(NO_PURPOSES, (made,), None, "u-1", "staff", ("games.example",), "/", at)[0].endswith("ended at 10:30")
