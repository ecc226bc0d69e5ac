"""Quicker ways of reading give the same words and the same points as the slow and plain ones that stand here."""

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st
from schoolgate.content import fold as folding
from schoolgate.content import tangle
from schoolgate.content.judge import Judge, Opinion, hits, open_judge
from schoolgate.content.markup import BLOCKS, any_case
from schoolgate.content.open_forms import GrowingJson
from schoolgate.content.page import read_html
from schoolgate.content.scanning import weigh_page
from schoolgate.content.stream_forms import Piece
from schoolgate.policy.rules import TEXT
from schoolgate.settings.load import Settings

TEXTS = Path(__file__).parents[1] / "models" / "texts"
SIGNS = "aabcxwlskz013@$! .,-'éж北ſKｍ①²ß\u200b\n\t"
PLAIN = st.characters(max_codepoint=0xD7FF, exclude_characters="\\<&")  # that nothing is escaped by, or marked up
FIGURES = str.maketrans("0134578@$!", "oieastbasi")


def slowly_folded(text: str) -> str:
    """What ``fold`` is to give, one step after another."""
    if not text.isascii():
        text = folding._FOREIGN.sub(folding._latin, text)
    raw = b" ".join(text.lower().encode("utf-8", "ignore").translate(folding._BLANKED, b"'`").split())
    plain = raw.decode()
    if folding._SPACED_SOON.search(b" %b " % raw):
        plain = re.sub(r" [a-z0-9@$](?: [a-z0-9@$]){2,}(?= )", joined, f" {plain} ").strip()
        raw = plain.encode()
    if folding._MIXED_SOON.search(raw):
        plain = re.sub(r"[0-9@$!]+", lettered, plain)
    if folding._DRAWN_SOON.search(raw):
        plain = re.sub(r"([a-vyz])\1\1+", shortened, plain)
    return " ".join(plain.translate(str.maketrans("@$!", "   ")).split())


def joined(run: re.Match[str]) -> str:
    letters = run.group().replace(" ", "")
    return run.group() if letters.isdigit() else f" {letters}"


def lettered(figures: re.Match[str]) -> str:
    begin, end = figures.span()
    after_letter = begin > 0 and figures.string[begin - 1] != " "
    before_letter = end < len(figures.string) and figures.string[end] != " "
    beside = (after_letter or before_letter) and not figures.group().strip("@$")
    both = after_letter and before_letter
    return figures.group().translate(FIGURES) if beside or both else figures.group()


def shortened(run: re.Match[str]) -> str:
    begin, end = run.span()
    alone = (begin == 0 or run.string[begin - 1] == " ") and (end == len(run.string) or run.string[end] == " ")
    return run.group() if alone else run.group(1) * (2 if run.group(1) in "ls" else 1)


@tries(max_examples=800, deadline=None)
@given(st.one_of(st.text(SIGNS, max_size=60), st.text("ab1@ $!lx", max_size=60), st.text(max_size=40)))
def test_words_are_folded_alike(text: str) -> None:
    assert folding.fold(text) == slowly_folded(text)


@tries(max_examples=500, deadline=None)
@given(st.text("<>=\"' a\n\u3000b", max_size=80), st.integers(0, 4000))
def test_a_tangle_is_told_by_the_quick_look_too(text: str, length: int) -> None:
    html = f"{text}{'x' * length}{text}"
    assert tangle._has_long_chunk(html) == any(len(chunk) > tangle._LONG_CHUNK for chunk in html.split(">"))
    if tangle._QUOTED_END.search(html):
        assert tangle._QUOTED_SOON.search(html.encode())


@tries(max_examples=800, deadline=None)
@given(st.sampled_from(BLOCKS), st.text("sSſkKiIıx1>/ \n", max_size=3), st.randoms(use_true_random=False))
def test_blocks_are_known_in_any_case(name: str, more: str, dice: random.Random) -> None:
    written = "".join(sign.upper() if dice.random() < 0.5 else sign for sign in name).replace(
        "S", "ſ", dice.choice([0, 1])
    )
    slow = re.match(rf"(?:{'|'.join(BLOCKS)})[\s>/]", written + more, re.IGNORECASE)
    quick = re.match(rf"{any_case(BLOCKS)}[\s>/]", written + more)
    assert (slow and slow[0]) == (quick and quick[0])


@tries(max_examples=400, deadline=None)
@given(
    st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.floats(allow_nan=False),
            st.text(PLAIN, max_size=100),
        ),
        lambda inner: st.one_of(
            st.lists(inner, max_size=5),
            st.dictionaries(st.sampled_from(["id", "text", "a b", "url", "", "né"]), inner, max_size=5),
        ),
        max_leaves=20,
    ),
    st.booleans(),
    st.lists(st.integers(1, 60), max_size=12),
)
def test_a_json_document_shows_the_same_words_in_whatever_pieces_it_comes(
    value: object, ascii_only: bool, sizes: list[int]
) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "replace")
    whole = GrowingJson().take(data)
    form, at, pieces = GrowingJson(), 0, list[Piece]()
    for size in (*sizes, len(data)):
        pieces += form.take(data[at : at + size])
        at += size
    assert b"".join(piece.raw for piece in whole) == b"".join(piece.raw for piece in pieces) == data
    assert told(whole) == told(pieces)


def told(pieces: list[Piece]) -> str:
    """The words of the page as a whole."""
    return "".join(said.text for piece in pieces for said in piece.said if said.run == "")


@pytest.fixture(scope="module")
def judge(default: Settings) -> Judge:
    return open_judge(default.judge.phrases, default.judge.searches)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Harmful and ordinary texts that the model was not made from, and some of both in one."""
    found = list[str]()
    for name in ("heldout_harm", "heldout_ordinary"):
        lines = (TEXTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        found += [max(map(str, json.loads(line).values()), key=len) for line in lines]
    dice = random.Random(8)
    chosen = dice.sample(found, 150)
    return chosen + [" ".join(dice.sample(chosen, 12)) for _ in range(30)]


def told_of(opinions: tuple[Opinion, ...], limit: float) -> list[str]:
    return [str(hit) for hit in hits(opinions, limit, TEXT)]


def test_what_reaches_a_limit_does_so_without_asking_the_model_everywhere(judge: Judge, texts: list[str]) -> None:
    reached = 0
    for text in texts:
        whole, page = judge.text(text), read_html(f"<title>{text[:40]}</title><p>{text[40:]}</p><style>x</style>")
        weighed = judge.page(page)
        for limit in (60, 91, 100, 160):
            assert told_of(judge.text(text, limit), limit) == told_of(whole, limit)
            assert told_of(judge.page(page, limit), limit) == told_of(weighed, limit)
            reached += bool(told_of(whole, limit))
    assert reached > 100


def test_the_least_limit_goes_with_a_judge_to_the_process_that_weighs_pages(judge: Judge, texts: list[str]) -> None:
    kind, arguments = open_judge(judge.phrases, judge.searches, 100.0).__reduce__()
    other = kind(*arguments)
    assert other.least == 100.0
    for text in texts[:60]:
        page = f"<p>{text}</p>".encode("utf-8", "replace")
        weighed, quick = (weigh_page(each, page, "", "text/html; charset=utf-8") for each in (judge, other))
        assert told_of(quick.opinions, 100) == told_of(weighed.opinions, 100)
        assert (quick.size, quick.whole) == (weighed.size, weighed.whole)
