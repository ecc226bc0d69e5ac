"""Has pages judged by processes of their own: never on the event loop, never for longer than is granted."""

import asyncio
import contextlib
import sys
from dataclasses import dataclass

from schoolgate.content.judge import Judge, Opinion
from schoolgate.content.scanning import LENGTH, judge_frame, page_frame, read_answer

SECONDS = 4.0
"""What one page may take; a 100 KB page takes about 10 ms."""
_PROCESSES = 2  # so that one hostile page keeps nobody else waiting
_START_WITHIN = 30.0


class GaveUp(Exception):
    """A page could not be judged; the message says why."""


@dataclass(slots=True, eq=False)
class _Reader:
    """One scanning process, and the judge that it was last given."""

    process: asyncio.subprocess.Process
    judge: Judge | None = None

    async def ask(self, message: bytes) -> bytes:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(message)
        await self.process.stdin.drain()
        (size,) = LENGTH.unpack(await self.process.stdout.readexactly(LENGTH.size))
        return await self.process.stdout.readexactly(size)


class Scanner:
    """A small pool of scanning processes; one that fails or takes too long is replaced."""

    def __init__(self) -> None:
        self._idle: asyncio.LifoQueue[_Reader | None] = asyncio.LifoQueue()
        for _ in range(_PROCESSES):
            self._idle.put_nowait(None)
        self._started: set[_Reader] = set()

    async def judge(self, judge: Judge, body: bytes, encoding: str, content_type: str) -> tuple[Opinion, ...]:
        """Opinions on a page's bytes as they came. Raises GaveUp."""
        reader = await self._idle.get()
        try:
            reader = await self._ready(reader, judge)
            answer = await asyncio.wait_for(reader.ask(page_frame(body, encoding, content_type)), SECONDS)
        except BaseException as error:
            if reader is not None:
                self._end(reader)
            reader = None
            if isinstance(error, TimeoutError):
                raise GaveUp(f"it could not be read within {SECONDS:.0f} seconds") from None
            if isinstance(error, (OSError, asyncio.IncompleteReadError)):
                raise GaveUp("what reads pages ended over it") from error
            raise
        finally:
            self._idle.put_nowait(reader)
        try:
            return read_answer(answer)
        except ValueError as error:
            raise GaveUp(str(error)) from None

    async def _ready(self, reader: _Reader | None, judge: Judge) -> _Reader:
        if reader is None or reader.process.returncode is not None:
            reader = await self._start()
        if reader.judge is not judge:
            await asyncio.wait_for(reader.ask(judge_frame(judge)), _START_WITHIN)
            reader.judge = judge
        return reader

    async def _start(self) -> _Reader:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "schoolgate.content.scanning", stdin=pipe, stdout=pipe, limit=1 << 20
        )
        reader = _Reader(process)
        self._started.add(reader)
        return reader

    def _end(self, reader: _Reader) -> None:
        self._started.discard(reader)
        with contextlib.suppress(ProcessLookupError):
            reader.process.kill()

    async def warm_up(self, judge: Judge) -> None:
        """Start the processes before the first page comes. Raises nothing: a page that comes starts them as well."""
        with contextlib.suppress(GaveUp):
            await asyncio.gather(*(self.judge(judge, b"", "", "text/plain") for _ in range(_PROCESSES)))

    async def close(self) -> None:
        """End the processes."""
        for reader in list(self._started):
            self._end(reader)
            await reader.process.wait()
