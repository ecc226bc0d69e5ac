"""Pages are judged in processes of their own; none is left behind, and no client keeps the others waiting."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schoolgate.content import scanning
from schoolgate.content.judge import Judge, open_judge
from schoolgate.content.phrases import Phrase
from schoolgate.content.scanning import Weighed
from schoolgate.proxy import scanner as module
from schoolgate.proxy.scanner import GaveUp, NobodyWaits, Scanner

JUDGE = open_judge([Phrase("gambling", ("free spins",), 100)], [])


@asynccontextmanager
async def scanner() -> AsyncIterator[Scanner]:
    one = Scanner()
    try:
        yield one
    finally:
        await one.close()


def run(what: Callable[[Scanner], Awaitable[None]]) -> None:
    async def within() -> None:
        async with scanner() as one:
            await what(one)

    asyncio.run(within())


def processes() -> int:
    """How many scanning processes this one has."""
    own = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in own]
    return sum(b"schoolgate.content.scanning" in command for command in commands)


def test_harm_behind_a_megabyte_is_found_and_a_bomb_is_not_whole() -> None:
    late = b"<!--" + b"x" * (3 << 20) + b"--><p>claim your free spins free spins free spins</p>"
    assert [each.category for each in scanning.weigh_page(JUDGE, late, "", "text/html").opinions] == ["gambling"]
    assert not scanning.weigh_page(JUDGE, b" " * (scanning.MOST_UNPACKED + 1), "", "text/html").whole


def test_whatever_a_page_does_to_its_reader_the_process_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise UnicodeError("half a character")

    monkeypatch.setattr(scanning, "weigh_page", failing)
    assert "half a character" in str(scanning._answer(JUDGE, scanning.page_frame(b"x", "", "")[5:])["error"])


def test_cancelled_judgements_leave_no_process_behind() -> None:
    async def cancelling(one: Scanner) -> None:
        tasks = []
        for number in range(6):
            tasks.append(asyncio.create_task(one.judge(JUDGE, b"x", "", "", client=str(number))))
            await asyncio.sleep(0.03)
            tasks[-1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(1.0)
        assert processes() <= 2
        assert (await one.judge(JUDGE, b"free spins", "", "text/plain")).opinions

    run(cancelling)


def test_one_client_has_one_page_in_work_and_the_others_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def crowded(one: Scanner) -> None:
        await one.warm_up(JUDGE)
        working, most = 0, 0
        asking = one._ask

        async def slow(*arguments: object) -> bytes:
            nonlocal working, most
            working += 1
            most = max(most, working)
            await asyncio.sleep(0.2)
            working -= 1
            return await asking(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(one, "_ask", slow)
        await asyncio.gather(*(one.judge(JUDGE, b"x%d" % number, "", "", client="one") for number in range(3)))
        assert most == 1
        await asyncio.gather(*(one.judge(JUDGE, name.encode(), "", "", client=name) for name in ("one", "two")))
        assert most == 2

    run(crowded)


def test_the_same_bytes_are_read_once_by_each_judge_and_only_where_they_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = open_judge([Phrase("gambling", ("lucky day",), 100)], [])

    async def again(one: Scanner) -> None:
        asked, asking = [], one._ask

        async def counting(judge: Judge, message: bytes) -> bytes:
            asked.append(message)
            return await asking(judge, message)

        monkeypatch.setattr(one, "_ask", counting)
        first = await one.judge(JUDGE, b"free spins", "", "text/plain")
        assert first.opinions
        assert await one.judge(JUDGE, b"free spins", "", "text/plain", client="another") == first
        assert len(asked) == 1
        assert (await one.judge(JUDGE, b"free spins", "", "text/html")).opinions
        with pytest.raises(GaveUp):
            await one.judge(JUDGE, b"free spins", "gzip", "text/plain")
        assert (await one.judge(other, b"free spins", "", "text/plain")).opinions != first.opinions
        assert (await one.judge(JUDGE, b"free spins", "", "text/plain")).opinions
        assert len(asked) == 5

    run(again)


def test_a_page_that_waits_too_long_or_for_nobody_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUEUE", 0.2)

    async def waiting(one: Scanner) -> None:
        held = [await one._idle.get() for _ in range(2)]
        with pytest.raises(GaveUp, match="waiting"):
            await one.judge(JUDGE, b"x", "", "", client="one")
        for each in held:
            one._idle.put_nowait(each)
        with pytest.raises(NobodyWaits):
            await one.judge(JUDGE, b"x", "", "", client="one", wanted=lambda: False)

    run(waiting)


def test_the_judge_is_packed_once_for_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = []
    pack = scanning.judge_frame
    monkeypatch.setattr(module, "judge_frame", lambda judge: packed.append(judge) or pack(judge))
    run(lambda one: one.warm_up(JUDGE))
    assert packed == [JUDGE]


_WORDS = st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon", "plain", "words"])
_PAGES = st.lists(st.lists(_WORDS, min_size=1, max_size=12).map(" ".join), min_size=2, max_size=30)


@settings(max_examples=10, deadline=None)
@given(_PAGES)
def test_no_pages_words_are_ever_in_anothers_verdict(pages: list[str]) -> None:
    """Judged all at once by the processes, each page gets what it gets alone."""
    names = ("alpha", "beta", "gamma", "delta", "epsilon")
    judge = Judge([Phrase(name, (name,), 50) for name in names], [], None)

    async def all_at_once() -> list[Weighed]:
        scanner = Scanner()
        try:
            asked = (
                scanner.judge(judge, page.encode(), "", "text/plain", client=f"10.0.0.{number}")
                for number, page in enumerate(pages)
            )
            return await asyncio.gather(*asked)
        finally:
            await scanner.close()

    for page, weighed in zip(pages, asyncio.run(all_at_once()), strict=True):
        phrases = {opinion.category for opinion in weighed.opinions if opinion.points >= 20}
        assert set(page.split()) & set(names) <= phrases
        assert {words for each in weighed.opinions for words, _ in each.weighed} & set(names) <= set(page.split())
