"""Charts say in figures and words what they draw, load nothing, and become pictures in a mail."""

from email.message import EmailMessage
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schoolgate.alerting.drawings import with_pictures
from schoolgate.alerting.post import Letter, compose
from schoolgate.reporting.charts import bars, line
from schoolgate.settings.school_models import Mail

ROWS = [("Adult sites", 120), ("Gambling", 40), ("Hate", 0)]
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60)
SVG = "{http://www.w3.org/2000/svg}"


def parsed(drawing: str) -> Any:
    return ElementTree.fromstring(drawing)


def test_bars_have_a_title_a_description_and_every_figure() -> None:
    drawing = bars("Blocked", ROWS)
    tree = parsed(drawing)
    assert tree.get("role") == "img"
    assert tree.findtext(f"{SVG}title") == "Blocked"
    assert tree.findtext(f"{SVG}desc") == "Adult sites: 120; Gambling: 40; Hate: 0"
    assert [each.text for each in tree.iter(f"{SVG}text")] == ["Adult sites", "120", "Gambling", "40", "Hate", "0"]
    widths = [float(each.get("width")) for each in tree.iter(f"{SVG}rect")][1:]
    assert widths == [340, pytest.approx(340 / 3, abs=0.1), 0]


def test_what_is_too_much_for_a_chart_is_added_up() -> None:
    tree = parsed(bars("Many", [(f"kind {n}", 1) for n in range(30)], most=5))
    assert [each.text for each in tree.iter(f"{SVG}text")][-2:] == ["26 others", "26"]


def test_a_line_names_its_first_highest_and_last_figure_and_tells_the_time_before_by_dashes() -> None:
    tree = parsed(line("Weeks", [("7 Sep", 3), ("14 Sep", 10), ("21 Sep", 5)], [1, 2, 40]))
    assert [each.text for each in tree.iter(f"{SVG}text")] == [
        "3",
        "10",
        "5",
        "7 Sep",
        "21 Sep",
        "dashed: the time before",
    ]
    dashed, solid = tree.iter(f"{SVG}polyline")
    assert dashed.get("stroke-dasharray")
    assert not solid.get("stroke-dasharray")
    assert "the time before: 1, 2, 40" in tree.findtext(f"{SVG}desc")


def test_nothing_to_draw_is_no_chart() -> None:
    assert bars("x", []) == line("x", []) == ""
    assert parsed(line("one", [("7 Sep", 0)])) is not None


@settings(max_examples=60, deadline=None)
@given(NAMES, st.lists(st.tuples(NAMES, st.integers(0, 10**9)), min_size=1, max_size=20))
def test_any_words_are_text_in_a_sound_drawing(title: str, rows: list[tuple[str, int]]) -> None:
    for drawing in (bars(title, rows), line(title, rows)):
        tree = parsed(drawing)
        assert tree.findtext(f"{SVG}title") == title
        assert {each.tag.removeprefix(SVG) for each in tree.iter()} <= {
            "svg", "title", "desc", "rect", "text", "line", "polyline", "circle"
        }  # fmt: skip


def mail(html: str) -> EmailMessage:
    return compose(Letter(("a@school.example",), "s", "text", html, "<report-1@school.example>"), Mail())


def test_a_mail_carries_its_drawings_as_pictures() -> None:
    message = mail(f"<html><body>{bars('Blocked <b>', ROWS)}{line('Weeks', ROWS)}</body></html>")
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png", "image/png"
    ]  # fmt: skip
    page = message.get_body(("html",))
    assert page is not None
    html = page.get_content()
    assert "<svg" not in html
    assert 'alt="Blocked &lt;b&gt;. Adult sites: 120; Gambling: 40; Hate: 0"' in html
    for part in message.walk():
        if part.get_content_type() == "image/png":
            assert f"cid:{part['Content-ID'].strip('<>')}" in html
            assert part.get_content().startswith(b"\x89PNG")


def test_a_mail_without_drawings_stays_as_it_was() -> None:
    assert mail("<p>words</p>").get_content_type() == "multipart/alternative"
    assert "multipart/related" not in [part.get_content_type() for part in mail("<p>words</p>").walk()]


def test_a_drawing_that_cannot_be_drawn_is_told_in_words() -> None:
    html, pictures = with_pictures("<svg><title>Weeks</title><desc>7 Sep: 3</desc><rect</svg>", "x")
    assert (html, pictures) == ("<p>Weeks. 7 Sep: 3</p>", [])
