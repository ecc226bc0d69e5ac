"""A process of its own that reads and weighs pages, so that a hostile page can harm nothing but itself.

It is given frames on its standard input and answers each on its standard output, in order: a judge to use, or a page
with what is known of its form. It holds no more memory than it is granted and ends when its input does.
"""

import pickle
import resource
import signal
import struct
import sys
from typing import IO, cast

import orjson

from schoolgate.content.charset import decode
from schoolgate.content.judge import Judge, Opinion
from schoolgate.content.page import read_page
from schoolgate.content.unpacking import Bound, Broken, Unpacker

JUDGE, PAGE = b"J", b"P"
LENGTH = struct.Struct(">I")
_MOST_DECODED = 1 << 20  # bytes of a page that are looked at
_MOST_MEMORY = 1 << 30  # bytes


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


def read_answer(line: bytes) -> tuple[Opinion, ...]:
    """The opinions in an answer. Raises ValueError with the process's words where it could not judge."""
    answer = orjson.loads(line)
    if "error" in answer:
        raise ValueError(answer["error"])
    return tuple(Opinion(name, points, tuple(map(tuple, weighed))) for name, points, weighed in answer["opinions"])


def weigh_page(judge: Judge, body: bytes, encoding: str, content_type: str) -> tuple[Opinion, ...]:
    """What a judge makes of a page's bytes. Raises Broken where they cannot be unpacked at all."""
    plain = Unpacker(encoding, _MOST_DECODED, Bound.PARTIAL).feed(body)
    media_type = content_type.partition(";")[0].strip().lower()
    return judge.page(read_page(decode(plain, content_type), media_type))


def main() -> None:
    """Answer frames until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    source, target = sys.stdin.buffer, sys.stdout.buffer
    judge: Judge | None = None
    while (message := _receive(source)) is not None:
        if message[:1] == JUDGE:
            judge = cast(Judge, pickle.loads(message[1:]))  # our own parent wrote it
            judge.make_ready()
            answer: dict[str, object] = {"opinions": []}
        else:
            answer = _answer(judge, message[1:])
        packed = orjson.dumps(answer)
        target.write(LENGTH.pack(len(packed)) + packed)
        target.flush()


def _answer(judge: Judge | None, payload: bytes) -> dict[str, object]:
    assert judge is not None, "a judge comes before the first page"
    (size,) = LENGTH.unpack_from(payload)
    encoding, content_type = orjson.loads(payload[LENGTH.size : LENGTH.size + size])
    try:
        opinions = weigh_page(judge, payload[LENGTH.size + size :], encoding, content_type)
    except (Broken, MemoryError) as error:
        return {"error": str(error) or type(error).__name__}
    return {"opinions": [(each.category, each.points, each.weighed) for each in opinions]}


def _receive(source: IO[bytes]) -> bytes | None:
    head = source.read(LENGTH.size)
    return source.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else None


if __name__ == "__main__":
    main()
