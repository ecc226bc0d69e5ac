"""How fast pages are judged, beside the usual ways to do it; prints ratios of one run on one machine.

    .ci/uv run --group bench python tests/bench/bench_text.py

10,000 phrases (the shipped ones, filled up with made ones) over ordinary text of the machine's own documentation:
our phrase book, one ``re`` alternation, and pyahocorasick with the same whole-word rule; then whole pages of 100 KB
through reading, folding and weighing, with the tail of their times; then the memory of a scanning process over 10,000
pages.
"""

import argparse
import gc
import platform
import random
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from schoolgate.content.fold import fold
from schoolgate.content.judge import Judge, open_judge
from schoolgate.content.page import read_html
from schoolgate.content.phrases import Phrase, PhraseBook
from schoolgate.content.scanning import LENGTH, judge_frame, page_frame
from schoolgate.settings.blocklists import read_blocklists
from schoolgate.settings.folders import find_folders, shipped

PHRASES = 10_000
PAGE = 100_000
BAR_MB, BAR_MS = 50.0, 10.0


def shipped_phrases() -> tuple[list[Phrase], list[Phrase]]:
    lists = read_blocklists(find_folders(shipped() / "config"))
    return list(lists.phrases), list(lists.searches)


def filled(phrases: list[Phrase], number: int, words: list[str]) -> list[Phrase]:
    """The phrases, filled up with pairs and threes of ordinary words: they do stand in ordinary text at times."""
    chance = random.Random(4)
    made = {" ".join(chance.sample(words, chance.choice((2, 3)))) for _ in range(2 * number)}
    return [*phrases, *(Phrase("made", (say,), 1) for say in sorted(made))][:number]


def ordinary_text(size: int) -> str:
    texts: list[str] = []
    total = 0
    for path in (
        sorted(Path(sys.prefix).rglob("*.md"))
        + sorted(Path(sys.prefix).rglob("*.rst"))
        + sorted(Path("/usr/share/doc").rglob("*.txt"))
        + sorted(Path(sys.base_prefix).rglob("lib/python3*/*.py"))
    ):
        text = path.read_text(errors="replace")
        texts.append(text)
        total += len(text)
        if total > size:
            break
    return "".join(texts)[:size]


def seconds(work: Callable[[], object], least: float = 1.0) -> float:
    """Best of three of the time of one call, each measured over at least ``least`` seconds of calls."""
    best = float("inf")
    for _ in range(3):
        calls, started = 0, time.process_time()
        while time.process_time() - started < least:
            work()
            calls += 1
        best = min(best, (time.process_time() - started) / calls)
    return best


def scan(text: str, phrases: list[Phrase]) -> None:
    import ahocorasick

    folded = fold(text)
    size = len(folded) / 1e6
    book = PhraseBook(phrases)
    ours = size / seconds(lambda: book.find(folded))
    sayings = sorted({fold(part.strip("*")) for phrase in phrases for part in phrase.say}, key=len, reverse=True)
    pattern = re.compile(r"(?<!\S)(?:" + "|".join(map(re.escape, sayings)) + r")(?!\S)")
    part = folded[:20_000]  # it is that slow
    with_re = len(part) / 1e6 / seconds(lambda: pattern.findall(part))
    machine = ahocorasick.Automaton()
    for number, say in enumerate(sayings):
        machine.add_word(f" {say} ", number)
    machine.make_automaton()
    padded = f" {folded} "
    with_pyahocorasick = size / seconds(lambda: [number for _, number in machine.iter(padded)])
    print(f"scan    {len(phrases):,} phrases, {size:.1f} MB of folded text, CPU time of one core")
    print(f"        phrase book     {ours:8.1f} MB/s   (bar {BAR_MB:.0f}: {'met' if ours >= BAR_MB else 'MISSED'})")
    print(f"        pyahocorasick   {with_pyahocorasick:8.1f} MB/s   ours is {ours / with_pyahocorasick:.1f}x")
    print(f"        re              {with_re:8.2f} MB/s   ours is {ours / with_re:.0f}x")


def pages_of(text: str, size: int) -> Iterator[str]:
    """HTML pages of a usual mixture of mark-up and words."""
    lines = [line for line in text.splitlines() if line.strip()]
    at = 0
    while True:
        parts, total = ["<!doctype html><html><head><title>A page</title></head><body>"], 0
        while total < size:
            line = lines[at % len(lines)].replace("<", "&lt;")
            at += 1
            part = f'<div class="row item-{at % 7}"><p>{line}</p><a href="/subject/{at % 50}/page-{at}">more on this</a></div>\n'
            parts.append(part)
            total += len(part)
        yield "".join(parts)[:size]


def pages(judge: Judge, text: str, number: int) -> None:
    judge.make_ready()
    judge.text("the first text loads the model")
    took: dict[str, list[float]] = {"read": [], "judge": [], "all": []}
    source = pages_of(text, PAGE)
    gc.freeze()
    for _ in range(number):
        html = next(source)
        started = time.process_time()
        page = read_html(html)
        read = time.process_time()
        judge.page(page)
        ended = time.process_time()
        took["read"].append(read - started)
        took["judge"].append(ended - read)
        took["all"].append(ended - started)
    print(f"page    {number} pages of {PAGE // 1000} KB, CPU milliseconds: median, p99, longest")
    for name, times in took.items():
        cuts = statistics.quantiles(times, n=100)
        bar = f"   (bar {BAR_MS:.0f} at p99: {'met' if cuts[98] * 1e3 < BAR_MS else 'MISSED'})" if name == "all" else ""
        print(f"        {name:6} {cuts[49] * 1e3:7.2f} {cuts[98] * 1e3:7.2f} {max(times) * 1e3:7.2f}{bar}")


def memory(judge: Judge, text: str, number: int) -> None:
    """Send pages to a real scanning process and watch its memory."""
    process = subprocess.Popen(
        [sys.executable, "-m", "schoolgate.content.scanning"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def ask(message: bytes) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(message)
        process.stdin.flush()
        process.stdout.read(LENGTH.unpack(process.stdout.read(LENGTH.size))[0])

    ask(judge_frame(judge))
    source, marks = pages_of(text, 30_000), {number // 10, number // 4, number // 2, number}
    print(f"memory  of a scanning process over {number:,} pages of 30 KB, resident MB:", end="")
    for count in range(1, number + 1):
        ask(page_frame(next(source).encode(), "", "text/html"))
        if count in marks:
            pages_in_use = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
            print(f"  {count:,}: {pages_in_use * resource.getpagesize() / 1e6:.0f}", end="", flush=True)
    print()
    process.stdin.close()
    process.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--memory-pages", type=int, default=10_000)
    options = parser.parse_args()
    print(
        f"Python {platform.python_version()}, ahocorasick_rs {version('ahocorasick-rs')}, pyahocorasick {version('pyahocorasick')}, selectolax {version('selectolax')}"
    )
    text = ordinary_text(2_000_000)
    words = sorted({word for word in fold(text).split() if word.isalpha() and len(word) > 3})
    phrases, searches = shipped_phrases()
    print(f"{len(phrases):,} shipped phrases, {len(searches):,} of searches")
    many = filled(phrases, max(PHRASES, len(phrases)), words)
    scan(text, many)
    judge = open_judge(many, searches)
    pages(judge, text, options.pages)
    memory(judge, text, options.memory_pages)


if __name__ == "__main__":
    main()
