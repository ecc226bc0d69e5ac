"""Phrases are found as whole words, together where they must be, whatever the spelling."""

from pathlib import Path

import pytest
from schoolgate.content.e2guardian import UnreadablePhrases, read_phrase_list
from schoolgate.content.fold import fold
from schoolgate.content.phrases import Phrase, PhraseBook, spelled_out

BOOK = PhraseBook(
    [
        Phrase("gambling", ("free spins",), 40),
        Phrase("gambling", ("casin*",), 20),
        Phrase("gambling", ("*bet365",), 30),
        Phrase("violence", ("bomb", "step by step"), 50),
        Phrase("gambling", ("gamcare",), -40),
        Phrase("adult", ("free spins",), 1),
    ]
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FREE-SPINS today", {"free spins": 1}),
        ("carefree spinster", {}),
        ("free spins, free spins", {"free spins": 2}),
        ("Casinos and casino", {"casin*": 2}),
        ("mybet365 is here", {"*bet365": 1}),
        ("a bomb", {}),
        ("a bomb, made step by step: the bomb", {"bomb + step by step": 1}),
        ("ask GamCare", {"gamcare": 1}),
        ("", {}),
    ],
)
def test_whole_words(text: str, found: dict[str, int]) -> None:
    assert {each.phrase.words: each.times for each in BOOK.find(fold(text))} == found


def test_one_string_may_speak_for_several_categories() -> None:
    assert {each.phrase.category for each in BOOK.find("free spins")} == {"gambling", "adult"}


def test_an_empty_book_finds_nothing() -> None:
    assert PhraseBook([]).find("anything") == []


def test_phrase_lists_of_e2guardian_are_read(tmp_path: Path) -> None:
    (tmp_path / "weighted").write_text(
        '#listcategory: "Gambling"\n< casino ><20>\n<free spin>,< bonus><30>\n\n.Include<more>\n< help line><-50>\n',
        encoding="latin-1",
    )
    (tmp_path / "more").write_bytes(b"< caf\xe9 ><5>\n<banned words>\n")
    phrases, files = read_phrase_list(tmp_path / "weighted", "gambling")
    assert [file.name for file in files] == ["weighted", "more"]
    assert [(phrase.say, phrase.weight) for phrase in phrases] == [
        (("casino",), 20),
        (("*free spin*", "bonus*"), 30),
        (("café",), 5),
        (("*banned words*",), 100),
        (("help line*",), -50),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("casino 20", "list:1: 'casino 20' is no phrase"),
        (".Include<gone>", "list:1: the included list 'gone' does not exist"),
        ("<...><5>", "without any word"),
        (".Include<list>", "in a circle"),
    ],
)
def test_a_phrase_list_that_cannot_be_read_is_told_by_file_and_line(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "list").write_text(line)
    with pytest.raises(UnreadablePhrases, match=r".") as told:
        read_phrase_list(tmp_path / "list", "gambling")
    assert words in str(told.value)


def test_alternatives_are_written_out() -> None:
    assert spelled_out(("(free|bonus) spin(|s)",)) == [
        ("free spin",),
        ("free spins",),
        ("bonus spin",),
        ("bonus spins",),
    ]
    assert spelled_out(("(a|b)", "c")) == [("a", "c"), ("b", "c")]
    assert spelled_out(("(do not|never) tell ( your|) mum",))[1] == ("do not tell mum",)


@pytest.mark.parametrize(
    ("say", "words"),
    [
        (("...",), "no word"),
        (("(a|b)" * 12,), "more than 500"),
        (("x", "(|a)"), "no word"),
        (("*e*",), "nearly every word"),
        (("a(b|c",), "not \\(one"),
        (("(a|b|c|d|e|f|g|h)" * 9,), "more than 500"),
    ],
)
def test_what_cannot_be_looked_for_is_told(say: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        spelled_out(say)
