"""Points add up as they are written down, and a verdict names what weighed."""

import pickle

from schoolgate.content.judge import Judge, hits
from schoolgate.content.page import read_html
from schoolgate.content.phrases import Phrase
from schoolgate.policy.rules import TEXT

PHRASES = [
    Phrase("gambling", ("free spins",), 60),
    Phrase("gambling", ("casino",), 30),
    Phrase("gambling", ("gamcare",), -500),
    Phrase("adult", ("xxx",), 20),
]
SEARCHES = [
    Phrase("self_harm", ("kill", "myself"), 100),
    Phrase("violence", ("kill",), 60),
    Phrase("violence", ("kill", "python"), -60),
]
JUDGE = Judge(PHRASES, SEARCHES, None)


FILLER = " and so on" * 20  # sixty words, among which each phrase weighs what is written down


def points(text: str) -> dict[str, int]:
    text += FILLER
    return {each.category: round(each.points) for each in JUDGE.text(text)}


def test_each_phrase_counts_once_and_a_repeat_a_little() -> None:
    assert points("free spins at the casino") == {"gambling": 90}
    assert points("casino casino casino casino casino casino") == {"gambling": 44}  # 30 and three times 15 %


def test_what_speaks_against_takes_away_but_never_all() -> None:
    assert points("free spins at the casino, or ask gamcare") == {"gambling": 22}


def test_words_of_a_long_page_weigh_less() -> None:
    assert points("a casino" + " and more words" * 500)["gambling"] < 20  # of 30


def test_one_voice_among_many_is_heard_by_half() -> None:
    page = "and more words " * 200 + "free spins at the casino " + "and more words " * 200
    assert 45 <= points(page)["gambling"] <= 55  # of 90 and a little more, as it is short when it stands alone


def test_words_of_a_sentence_weigh_more() -> None:
    assert [round(each.points) for each in JUDGE.text("free spins at the casino")] == [180]


def test_an_opinion_says_what_weighed() -> None:
    opinion = JUDGE.page(read_html("<title>Free spins</title><p>casino" + FILLER))[0]
    assert opinion.weighed == (("free spins", 60 / 90), ("casino", 30 / 90))
    assert opinion.entry == "free spins 67 %, casino 33 % (90 points)"


def test_only_what_reaches_the_limit_is_a_hit() -> None:
    opinions = JUDGE.text("free spins xxx" + FILLER)
    assert [hit.category for hit in hits(opinions, 60, TEXT)] == ["gambling"]
    assert not hits(opinions, 61, TEXT)
    assert [hit.certain for hit in hits(opinions, 20, TEXT)] == [True, False]


def test_searches_have_words_of_their_own() -> None:
    assert [each.category for each in JUDGE.query("how can i kill myself")] == ["self_harm", "violence"]
    assert [round(each.points) for each in JUDGE.query("how can I kill a Python process")] == [24]


def test_what_speaks_against_a_search_never_silences_it_wholly() -> None:
    searches = [Phrase("self_harm", ("kill myself",), 300), Phrase("self_harm", ("minecraft",), -500)]
    assert [round(each.points) for each in Judge([], searches, None).query("kill myself minecraft")] == [120]


def test_a_judge_can_be_handed_to_another_process() -> None:
    again = pickle.loads(pickle.dumps(JUDGE))
    assert again.phrases == JUDGE.phrases
    assert again.searches == JUDGE.searches
