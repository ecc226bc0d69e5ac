"""What it costs to judge an answer while it passes: microseconds of CPU for each KB, by what the answer is.

    .ci/uv run python tests/bench/bench_passing.py [--profile NAME]

The answers are made of the words of the machine's own documentation, in the shapes that pages fetch by script: articles,
short entries, numbers and addresses, pictures in base64, mark-up in JSON, a chat's event stream, plain text. Each comes
in pieces of 16 KB, as a socket gives them, and is judged by the shipped phrases and model.
"""

import argparse
import base64
import cProfile
import json
import pstats
import random
import time
from collections.abc import Callable

from bench_text import ordinary_text, shipped_phrases
from schoolgate.content.judge import Judge, hits, open_judge
from schoolgate.content.open_forms import form_of
from schoolgate.content.passing_text import Budget, Passing
from schoolgate.content.stream_forms import Notice
from schoolgate.policy.rules import TEXT, Hit

SIZE, PIECE = 100_000, 1 << 14


def sentences(text: str) -> list[str]:
    """Lines that are sentences more or less."""
    return [line.strip() for line in text.splitlines() if len(line.split()) > 6]


def articles(lines: list[str], dice: random.Random) -> object:
    return {
        "id": f"{dice.getrandbits(64):016x}",
        "url": f"https://example.com/news/{dice.randrange(99999)}",
        "published": "2026-11-24T10:42:00Z",
        "title": dice.choice(lines)[:80],
        "body": " ".join(dice.choices(lines, k=12)),
        "tags": dice.choice(lines).split()[:5],
    }


def entries(lines: list[str], dice: random.Random) -> object:
    words = dice.choice(lines).split()
    return {"id": dice.randrange(10**6), "name": " ".join(words[:3]), "kind": words[0], "on": True, "n": dice.random()}


def numbers(_lines: list[str], dice: random.Random) -> object:
    return {"t": dice.randrange(10**9), "v": [round(dice.random(), 6) for _ in range(20)], "key": dice.getrandbits(128)}


def pictures(_lines: list[str], dice: random.Random) -> object:
    return {
        "src": f"https://cdn.example/{dice.getrandbits(64):x}.png",
        "data": base64.b64encode(dice.randbytes(3000)).decode(),
    }


def markup(lines: list[str], dice: random.Random) -> object:
    rows = "".join(
        f'<li class="row"><a href="/p/{dice.randrange(999)}">{dice.choice(lines)}</a></li>' for _ in range(8)
    )
    return {"html": f"<ul>{rows}</ul>", "status": "ok"}


def document(make: Callable[[list[str], random.Random], object], lines: list[str]) -> bytes:
    """A JSON document of such objects."""
    dice, made, size = random.Random(3), list[object](), 0
    while size < SIZE:
        made.append(make(lines, dice))
        size += len(json.dumps(made[-1]))
    return json.dumps({"items": made}).encode()


def chat(lines: list[str]) -> bytes:
    """An event stream as language models send it: a few letters an event."""
    words, events, size = " ".join(lines).split(), list[str](), 0
    for word in words:
        events.append(f"data: {json.dumps({'id': 'x', 'choices': [{'delta': {'content': word + ' '}}]})}\n\n")
        size += len(events[-1])
        if size > SIZE:
            break
    return "".join(events).encode()


def answers() -> dict[str, tuple[str, bytes]]:
    """Content type and bytes of each kind."""
    text = ordinary_text(600_000)
    lines = sentences(text)
    made = {
        each.__name__: ("application/json", document(each, lines))
        for each in (articles, entries, numbers, pictures, markup)
    }
    return {**made, "plain": ("text/plain", text[:SIZE].encode()), "chat": ("text/event-stream", chat(lines))}


def passes(judge: Judge, kind: str, data: bytes, piece: int = PIECE) -> bytes:
    """What comes through of an answer."""
    form = form_of(kind)
    assert form is not None

    def words(text: str) -> tuple[Hit, ...] | None:
        return hits(judge.text(text, 100), 100, TEXT) or None

    passing = Passing(form, words, lambda found: Notice(str(found[0].category), "ref"), Budget())
    out = [passing.feed(data[at : at + piece])[0] for at in range(0, len(data), piece)]
    return b"".join([*out, passing.end()[0]])


def show_profile(judge: Judge, kind: str, data: bytes) -> None:
    """Where the time goes."""
    profile = cProfile.Profile()
    profile.runcall(lambda: [passes(judge, kind, data) for _ in range(3)])
    pstats.Stats(profile).sort_stats("tottime").print_stats(22)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="")
    options = parser.parse_args()
    judge = open_judge(*shipped_phrases())
    judge.make_ready()
    for name, (kind, data) in answers().items():
        if options.profile and name != options.profile:
            continue
        through = passes(judge, kind, data)
        best = float("inf")
        for _ in range(5):
            started = time.process_time()
            passes(judge, kind, data)
            best = min(best, time.process_time() - started)
        whole = "whole" if through == data else "CUT"
        print(f"{name:10} {len(data) / 1000:6.0f} KB {best / len(data) * 1e9:8.0f} µs/KB   {whole}")
        if options.profile:
            show_profile(judge, kind, data)


if __name__ == "__main__":
    main()
