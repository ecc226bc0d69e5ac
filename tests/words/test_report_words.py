"""What reports say is plain English, measured on reports of a believable record, and their pages can be used by all."""

import re
from datetime import date
from pathlib import Path

import pytest
from pretend.believable import believable
from pretend.told import Told, named_school
from schoolgate.reporting.report import Rendered, render_report, spans_of, who_is
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings
from schoolgate.settings.report_files import report_file
from schoolgate.store.record import open_reader

EASIEST = 55
"""Flesch's reading ease: 60 to 70 is plain English, 50 to 60 fairly difficult."""
SHIPPED = ("digest", "week_technician", "term_governors", "year_review")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, index: Path) -> dict[str, Rendered]:
    school = named_school(tmp_path_factory.mktemp("school"))
    settings = load_settings(find_folders(school.config), index)
    told, found = believable(Told(settings)), dict[str, Rendered]()
    for name in SHIPPED:
        days, previous = spans_of(settings, report_file(settings.folders, name).front.period, date(2026, 11, 24))
        with open_reader(told.data, with_waiting=True) as reader:
            who = who_is(settings, told.pseudonyms)
            found[name] = render_report(name, days, reader, settings, who, previous=previous)
    return found


def syllables(word: str) -> int:
    """Groups of vowels; a silent e at the end counts for nothing, as in "made" and "moved"."""
    word = word.lower()
    groups = len(re.findall(r"[aeiouy]+", word))
    silent = re.search(r"[^aeiouyl]es?$|[^aeiouydt]ed$", word) is not None
    return max(1, groups - (silent and groups > 1))


def sentences(text: str) -> list[list[str]]:
    """What is said in whole sentences; names of files, codes and figures are not words of ours."""
    lines = [line for line in text.splitlines() if re.search(r"[.?]$", line.strip())]
    told = [part for line in lines for part in re.split(r"(?<=[.?:;])\s+", line)]
    words = [
        [word for word in re.findall(r"[A-Za-z'’./_-]+", part) if not re.search(r"\w[._/-]\w", word)] for part in told
    ]
    return [[word.strip("./-_'’") for word in each if word.strip("./-_'’")] for each in words if len(each) > 2]


def reading_ease(text: str) -> float:
    """Flesch (1948): 206.835 - 1.015 words a sentence - 84.6 syllables a word."""
    told = sentences(text)
    words = [word for each in told for word in each]
    return 206.835 - 1.015 * len(words) / len(told) - 84.6 * sum(map(syllables, words)) / len(words)


def test_the_measure_tells_plain_words_from_others() -> None:
    assert [syllables(word) for word in ("filter", "made", "moved", "blocked", "requests", "governors", "table")] == [
        2, 1, 1, 1, 2, 3, 2
    ]  # fmt: skip
    assert reading_ease("The cat sat on the mat. It was glad to be there.") > 90
    hard = "Notwithstanding considerable organisational heterogeneity, implementation necessitates administrative deliberation."
    assert reading_ease(hard) < 20


@pytest.mark.parametrize("name", SHIPPED)
def test_reports_are_plain_english(pages: dict[str, Rendered], name: str) -> None:
    text = pages[name].text
    assert len(sentences(text)) > 8
    assert reading_ease(text) >= EASIEST, reading_ease(text)
    longest = max(sentences(text), key=len)
    assert len(longest) <= 32, longest


@pytest.mark.parametrize("name", SHIPPED)
def test_pages_load_nothing_and_name_their_parts(pages: dict[str, Rendered], name: str) -> None:
    html = pages[name].html
    assert not re.search(r"\s(src|srcset|action)=|@import|url\(|<script|<link|<iframe", html)
    assert '<html lang="en">' in html
    assert html.count("<h1") == 1
    for drawing in re.findall(r"<svg.*?</svg>", html, re.S):
        assert "<title>" in drawing
        assert "<desc>" in drawing
    assert len(re.findall(r"<th scope=", html)) == len(re.findall(r"<th\b", html))


@pytest.mark.parametrize("name", SHIPPED)
def test_what_matters_stands_on_the_first_page_of_the_paper(pages: dict[str, Rendered], name: str) -> None:
    weasyprint = pytest.importorskip("weasyprint")
    paper = weasyprint.HTML(string=pages[name].html).render()
    behind = pages[name].html.index('<section class="behind"')
    first = re.sub(r"<[^>]+>", " ", pages[name].html[:behind]).split()[-6:]
    words = " ".join(_words(paper.pages[0])).split()
    assert first[-1] in words, (first, words[-12:])


def _words(page: object) -> list[str]:
    found: list[str] = []

    def walk(box: object) -> None:
        if text := getattr(box, "text", None):
            found.append(text)
        for child in getattr(box, "children", ()):
            walk(child)

    walk(page._page_box)  # type: ignore[attr-defined]
    return found


def test_each_kind_of_thing_is_told_somewhere(pages: dict[str, Rendered]) -> None:
    technician, governors = pages["week_technician"].text, pages["term_governors"].text
    for words in (
        "3 faults",
        "1 person still waits",
        "poki.com: Blocked as Games, Asked 3",
        "The clock was turned once",
    ):
        assert words in technician
    for words in (
        "Substantiated: there was enough evidence: Cases 1",
        "12,345 requests went through",
        "said that the filter",
    ):
        assert words in governors
    assert "Searches that may mean a need for help: This term 1" in governors
