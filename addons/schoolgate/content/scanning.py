"""A process of its own that reads and weighs pages, so that a hostile page can harm nothing but itself.

It is given frames on its standard input and answers each on its standard output, in order: a judge to use, or a page
with what is known of its form. It holds no more memory than it is granted and ends when its input does.
"""

import os
import pickle
import resource
import signal
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, cast

import orjson

from schoolgate.content.charset import decode
from schoolgate.content.judge import Judge, Opinion
from schoolgate.content.page import read_page
from schoolgate.content.unpacking import Bound, Broken, Unpacker
from schoolgate.memory import be_lean, give_back

JUDGE, PAGE = b"J", b"P"
LENGTH = struct.Struct(">I")
MOST_UNPACKED = 16 << 20
"""Bytes of a page, unpacked, that are looked at."""
_PART = (1 << 20) - 4096  # characters that are read as one page
_OVERLAP = 2000  # characters that a part repeats of the one before
_MOST_MEMORY = 1 << 30  # bytes


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a page amounts to; ``size`` is how many of its bytes, unpacked, were looked at, ``whole`` whether all."""

    opinions: tuple[Opinion, ...]
    size: int
    whole: bool


def frame(kind: bytes, payload: bytes) -> bytes:
    """One message to the process."""
    return LENGTH.pack(len(payload) + 1) + kind + payload


def page_frame(body: bytes, encoding: str, content_type: str) -> bytes:
    """A page to judge: its bytes as they came, with its Content-Encoding and Content-Type."""
    head = orjson.dumps([encoding, content_type])
    return frame(PAGE, LENGTH.pack(len(head)) + head + body)


def judge_frame(judge: Judge) -> bytes:
    """The judge to use from here on."""
    return frame(JUDGE, pickle.dumps(judge))


def read_answer(line: bytes) -> Weighed:
    """What an answer says. Raises ValueError with the process's words where it could not judge."""
    answer = orjson.loads(line)
    if "error" in answer:
        raise ValueError(answer["error"])
    opinions = (Opinion(name, points, tuple(map(tuple, weighed))) for name, points, weighed in answer["opinions"])
    return Weighed(tuple(opinions), answer.get("size", 0), answer.get("whole", True))


def weigh_page(judge: Judge, body: bytes, encoding: str, content_type: str) -> Weighed:
    """What a judge makes of a page's bytes, of that which may reach any group's limit.

    Raises Broken where they cannot be unpacked at all.
    """
    unpacker = Unpacker(encoding, MOST_UNPACKED, Bound.PARTIAL)
    plain = unpacker.feed(body)
    media_type = content_type.partition(";")[0].strip().lower()
    strongest: dict[str, Opinion] = {}
    for part in _parts(decode(plain, content_type)):
        for opinion in judge.page(read_page(part, media_type), judge.least):
            if opinion.category not in strongest or opinion.points > strongest[opinion.category].points:
                strongest[opinion.category] = opinion
    opinions = tuple(sorted(strongest.values(), key=lambda each: -each.points))
    return Weighed(opinions, len(plain), not unpacker.full)


def _parts(text: str) -> Iterator[str]:
    """A long page is read in parts: each is judged as strictly as if it were all."""
    yield text[:_PART]
    for start in range(_PART, len(text), _PART - _OVERLAP):
        yield text[start - _OVERLAP : start - _OVERLAP + _PART]


def main() -> None:
    """Answer frames until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    be_lean()
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    source, target = sys.stdin.buffer, sys.stdout.buffer
    judge: Judge | None = None
    while (message := _receive(source)) is not None:
        if message[:1] == JUDGE:
            judge = cast(Judge, pickle.loads(message[1:]))  # our own parent wrote it
            judge.make_ready()
            give_back()
            answer: dict[str, object] = {"opinions": []}
        else:
            answer = _answer(judge, message[1:])
        packed = _packed(answer)
        try:
            target.write(LENGTH.pack(len(packed)) + packed)
            target.flush()
        except BrokenPipeError:
            os._exit(0)  # who asked was killed, so there is nobody to tell


def _answer(judge: Judge | None, payload: bytes) -> dict[str, object]:
    assert judge is not None, "a judge comes before the first page"
    (size,) = LENGTH.unpack_from(payload)
    encoding, content_type = orjson.loads(payload[LENGTH.size : LENGTH.size + size])
    try:
        weighed = weigh_page(judge, payload[LENGTH.size + size :], encoding, content_type)
    except (Broken, MemoryError) as error:
        return {"error": str(error) or type(error).__name__}
    except Exception as error:  # whatever a page does to its reader, the next one needs it
        return {"error": repr(error)[:500]}
    opinions = [(each.category, each.points, each.weighed) for each in weighed.opinions]
    return {"opinions": opinions, "size": weighed.size, "whole": weighed.whole}


def _packed(answer: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(answer)
    except TypeError as error:  # half a character among the words that weighed
        return orjson.dumps({"error": repr(error)[:500].encode("ascii", "replace").decode()})


def _receive(source: IO[bytes]) -> bytes | None:
    head = source.read(LENGTH.size)
    return source.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else None


if __name__ == "__main__":
    main()
