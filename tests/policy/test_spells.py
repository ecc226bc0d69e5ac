"""Visits folded into spells that never overstate."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from schoolgate.policy.spells import GAP, Page, Spell, site_of, spells_of

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


def at(minutes: float, path: str = "/", host: str = "shop.example", person: str = "u-1") -> Page:
    return Page(START + timedelta(minutes=minutes), person, host, path, "shopping", f"{person}{host}{path}{minutes}")


def told(spells: list[Spell]) -> list[tuple[float, float, int, int]]:
    """First and last as minutes from the start, the active minutes, and the pages."""
    return [
        ((s.first - START) / timedelta(minutes=1), (s.last - START) / timedelta(minutes=1), s.minutes, s.pages)
        for s in spells
    ]


@pytest.mark.parametrize(
    ("pages", "spells"),
    [
        ([], []),
        ([at(0)], [(0, 0, 1, 1)]),
        ([at(0), at(0.5, "/a"), at(1, "/b")], [(0, 1, 2, 3)]),
        ([at(0), at(15, "/a"), at(30.5, "/b")], [(0, 15, 2, 2), (30.5, 30.5, 1, 1)]),
        ([at(14, "/b"), at(0), at(7, "/a")], [(0, 14, 3, 3)]),
        ([at(0), at(0), at(0)], [(0, 0, 1, 1)]),
        ([at(0), at(5), at(10), at(15), at(20)], [(0, 0, 1, 1)]),  # a page that loads itself anew
        ([at(n * 30) for n in range(9)], [(0, 0, 1, 1)]),
        ([at(0), at(3), at(9)], [(0, 9, 3, 3)]),  # somebody who comes back
        ([at(0), at(118), at(240)], [(0, 0, 1, 1), (118, 118, 1, 1), (240, 240, 1, 1)]),  # in every break
        ([at(n * 1440) for n in range(4)], [(n * 1440, n * 1440, 1, 1) for n in range(4)]),  # every morning
        ([at(0), at(4, "/a"), at(8), at(12, "/a")], [(0, 12, 4, 4)]),
        ([at(0, "/a"), at(1), at(6), at(11), at(16), at(18, "/b")], [(0, 1, 2, 2), (18, 18, 1, 1)]),
        ([at(0), at(2, "/a", "other.example"), at(5), at(10)], [(0, 0, 1, 1), (2, 2, 1, 1)]),
    ],
)
def test_pages_fold_into_spells(pages: list[Page], spells: list[tuple[float, float, int, int]]) -> None:
    assert told(spells_of(pages)) == spells


def test_spells_of_people_sites_and_categories_are_apart() -> None:
    pages = [at(0), at(1, host="www.shop.example"), at(2, host="news.example"), at(3, person="u-2")]
    assert [(s.person, s.site, s.pages) for s in spells_of(pages)] == [
        ("u-1", "shop.example", 2), ("u-1", "news.example", 1), ("u-2", "shop.example", 1),
    ]  # fmt: skip


def test_a_spell_names_the_events_that_count_and_how_often_the_page_loaded_itself() -> None:
    first, *others, last = [at(0), at(5), at(10), at(12, "/a")]
    [spell] = spells_of([first, *others, last])
    assert (spell.events, spell.repeats, spell.pages) == ((first.event, last.event), len(others), 2)


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("www.Facebook.com.", "facebook.com"),
        ("m.youtube.com", "youtube.com"),
        ("m.com", "m.com"),
        ("www.com", "www.com"),
    ],
)
def test_sites_are_folded(host: str, site: str) -> None:
    assert site_of(host) == site


@pytest.mark.parametrize(
    "start",
    [
        datetime(2026, 10, 25, 1, 55, tzinfo=LONDON),  # the hour from one to two comes twice
        datetime(2026, 3, 29, 0, 55, tzinfo=LONDON),  # and here it is left out
        datetime(2026, 11, 24, 23, 55, tzinfo=LONDON),
    ],
)
def test_midnight_and_the_nights_of_the_clocks_are_like_all_others(start: datetime) -> None:
    moments = [(start.astimezone(UTC) + timedelta(minutes=n)).astimezone(LONDON) for n in (0, 4, 9, 11)]
    [spell] = spells_of(Page(moment, "u-1", "shop.example", f"/{n}") for n, moment in enumerate(moments))
    assert (spell.minutes, spell.last - spell.first) == (4, timedelta(minutes=11))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        spells_of([Page(START.replace(tzinfo=None), "u-1", "a.example")])


visited = st.builds(
    Page,
    st.integers(0, 6 * 3600).map(lambda seconds: START + timedelta(seconds=seconds)),
    st.sampled_from(["u-1", "u-2"]),
    st.sampled_from(["a.example", "www.a.example", "b.example"]),
    st.sampled_from(["/", "/x", "/y"]),
    st.sampled_from(["shopping", "games"]),
    st.uuids().map(str),
)


@given(st.lists(visited, max_size=40), st.randoms())
def test_spells_never_overstate_and_do_not_depend_on_the_order(pages: list[Page], random: object) -> None:
    spells = spells_of(pages)
    shuffled = list(pages)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert spells_of(shuffled) == spells
    assert sum(spell.pages + spell.repeats for spell in spells) == len(pages)
    for spell in spells:
        assert 1 <= spell.minutes <= spell.pages == len(spell.events)
        assert spell.minutes <= (spell.last - spell.first) // timedelta(minutes=1) + 2
    for one in spells:
        for other in spells:
            if one is not other and (one.person, one.site, one.category) == (other.person, other.site, other.category):
                assert one.last + GAP < other.first or other.last + GAP < one.first


@example(20, 4, [0, 2, -2, 2, *[0] * 56])  # two waits that differ by as much as a second early and late can make
@given(st.integers(20, 7200), st.integers(3, 60), st.lists(st.integers(-2, 2), min_size=60, max_size=60))
def test_a_page_that_loads_itself_anew_grows_no_spell(every: int, times: int, late: list[int]) -> None:
    moments = [START + timedelta(seconds=every * n + late[n] / 2) for n in range(times)]
    [spell] = spells_of(Page(moment, "u-1", "a.example") for moment in moments)
    assert (spell.minutes, spell.pages, spell.repeats) == (1, 1, times - 1)
