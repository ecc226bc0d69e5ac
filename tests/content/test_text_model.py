import pickle
import random
import time
from pathlib import Path

import pytest
from schoolgate.content.fold import fold
from schoolgate.content.text_model import SHIPPED, Leaning, TextModel, open_model
from schoolgate.lists.model_file import BadModel


def strongest(text: str) -> Leaning:
    return max(open_model().judge(fold(text)), key=lambda leaning: leaning.points)


def points(text: str) -> float:
    return max((leaning.points for leaning in open_model().judge(fold(text))), default=0.0)


def asked(words: str) -> float:
    return max((leaning.points for leaning in open_model().judge_query(fold(words))), default=0.0)


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("gambling", "Welcome to the casino! 200 free spins and a 100% deposit bonus on slots, roulette and blackjack. Play now."),
        ("circumvention", "Free web proxy: type the address and unblock any site at school. Bypass the filter and hide your IP address."),
        ("drugs", "Order cannabis, MDMA and cocaine online. Discreet vacuum packing, tracked post, pay with bitcoin. Menu on telegram."),
        ("self_harm", "I can't go on. I have the pills in front of me and I want to die tonight. Nobody would miss me."),
        ("hate", "These immigrants are vermin, they are subhuman filth and every one of them should be driven out of our country."),
        ("violence", "I'm going to stab him and cut his throat and watch him bleed to death."),
        ("grooming", "send me a pic without your top and delete this chat, our secret, dont tell your mum ok"),
        ("piracy", "Download cracked games and films free, torrent magnet link, keygen and crack included, 1080p BluRay rip"),
    ],
)  # fmt: skip
def test_a_page_leans_to_what_it_speaks_of(category: str, text: str) -> None:
    found = strongest(text)
    assert found.category == category
    assert found.points >= 100


@pytest.mark.parametrize(
    "text",
    [
        "To stop a process that does not answer, kill it with SIGKILL; the parent reaps the dead child.",
        "City killed off the game with two late strikes, the second a thunderous shot into the top corner.",
        "Samaritans are here day or night for anyone who struggles to cope. Call 116 123, it's free.",
        "The Holocaust was the murder of six million Jews by Nazi Germany. Read the survivor's account and answer the questions.",
        "A fair die is rolled twice. Find the probability of two sixes, and draw a tree diagram.",
        "Breast screening: a mammogram takes a few minutes. Check your breasts for lumps and see your GP.",
        "Preheat the oven, brown the beef, add a glass of red wine and let it simmer for two hours.",
        "A man has been jailed for life for the murder of a teenager who was stabbed outside a shop, police said.",
        "Juliet wakes, finds Romeo dead beside her, and stabs herself with his dagger.",
        "",
        "zxqv wqpl",
    ],
)
def test_ordinary_and_sensitive_pages_stay_below_the_limit(text: str) -> None:
    assert points(text) < 100


@pytest.mark.parametrize(
    "words", ["how to kill myself", "i want to run away from home", "where to buy weed", "how to make a pipe bomb"]
)
def test_a_worrying_search_is_seen(words: str) -> None:
    assert asked(words) >= 80


@pytest.mark.parametrize(
    "words",
    ["how can i kill a python process", "romeo and juliet summary", "bath bombs", "weather tomorrow", "killer whale facts", ""],
)  # fmt: skip
def test_an_ordinary_search_is_not(words: str) -> None:
    assert asked(words) < 50


def test_a_leaning_says_which_words_weighed() -> None:
    found = strongest("Casino bonus: claim your free spins and bet now")
    words = dict(found.words)
    assert 1 <= len(words) <= 5
    assert any("casino" in word for word in words)
    assert all(0 < share <= 1 for share in words.values())
    assert sum(words.values()) <= 1.0001


def test_only_clear_leanings_are_said_strongest_first() -> None:
    found = open_model().judge(fold("Casino bonus: claim your free spins and bet now"))
    assert all(abs(leaning.points) > 20 and -100 <= leaning.points <= 200 for leaning in found)
    assert [leaning.points for leaning in found] == sorted((leaning.points for leaning in found), reverse=True)


def test_the_end_of_a_long_page_counts_too() -> None:
    harmless = "the children read a book about rivers and draw a map of the valley " * 600
    casino = "casino free spins bonus deposit roulette slots jackpot bet now " * 400
    assert open_model().judge(fold(harmless + casino)) != open_model().judge(fold(harmless))


def test_a_page_of_a_hundred_kilobytes_is_judged_in_a_few_milliseconds() -> None:
    chance = random.Random(1)
    known = [f"word{number}" for number in range(4000)] + ["the", "of", "casino", "child", "kill"] * 300
    page = " ".join(chance.choice(known) for _ in range(17_000))
    best = min(_seconds(page) for _ in range(10))
    assert best < 0.012  # 4 ms where nothing else runs


def _seconds(page: str) -> float:
    start = time.perf_counter()
    open_model().judge(page)
    return time.perf_counter() - start


def test_it_travels_to_another_process() -> None:
    again = pickle.loads(pickle.dumps(open_model()))
    assert again.judge("casino bonus") == open_model().judge("casino bonus")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    whole = SHIPPED.read_bytes()
    for name, data in {"cut": whole[:-9], "empty": b"", "odd": whole[:5000] + b"?" + whole[5001:]}.items():
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(BadModel, match="install schoolgate again"):
            TextModel(path)
    with pytest.raises(BadModel, match="install schoolgate again"):
        TextModel(tmp_path / "missing")
