"""Has pages judged by processes of their own: never on the event loop, never for longer than is granted.

Each client has one page in work at a time, so that no client keeps the others waiting; a page that waits too long, or
that nobody waits for any more, is given up.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from weakref import WeakValueDictionary

from schoolgate.content.judge import Judge
from schoolgate.content.scanning import LENGTH, Weighed, judge_frame, page_frame, read_answer
from schoolgate.kept import Kept

SECONDS = 4.0
"""What one page may take; a 100 KB page takes about 10 ms."""
QUEUE = 10.0
"""Seconds that a page may wait for its turn."""
_PROCESSES = 2  # so that one hostile page keeps nobody else waiting
_START_WITHIN = 30.0
_KEPT = 2000  # pages whose judgement is remembered


class GaveUp(Exception):
    """A page could not be judged; the message says why."""


class NobodyWaits(GaveUp):
    """The client has gone."""


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
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._frame: tuple[Judge, asyncio.Task[bytes]] | None = None
        self._known: tuple[Judge | None, Kept[bytes, Weighed]] = None, Kept(_KEPT)

    async def judge(
        self,
        judge: Judge,
        body: bytes,
        encoding: str,
        content_type: str,
        client: str = "",
        wanted: Callable[[], bool] = lambda: True,
    ) -> Weighed:
        """What a page's bytes, as they came, amount to, while its client still ``wanted`` it. Raises GaveUp."""
        digest = sha256(b"%b\0%b\0" % (encoding.encode(), content_type.encode()))
        digest.update(body)
        key = digest.digest()
        known = self._known_to(judge)
        if (before := known.recall(key)) is not None:
            return before
        async with self._turn(client):
            if not wanted():
                raise NobodyWaits("nobody waits for it any more")
            answer = await self._ask(judge, page_frame(body, encoding, content_type))
        try:
            return known.keep(key, read_answer(answer))
        except ValueError as error:
            raise GaveUp(str(error)) from None

    def _known_to(self, judge: Judge) -> Kept[bytes, Weighed]:
        """What the last pages amounted to, by a digest of their bytes: a class opens the same page thirty times."""
        if self._known[0] is not judge:
            self._known = judge, Kept(_KEPT)
        return self._known[1]

    @asynccontextmanager
    async def _turn(self, client: str) -> AsyncIterator[None]:
        """One page of a client at a time, and a process that is free for it."""
        lock = self._turns.setdefault(client, asyncio.Lock()) if client else asyncio.Lock()
        try:
            async with asyncio.timeout(QUEUE):
                await lock.acquire()
        except TimeoutError:
            raise GaveUp(f"too many pages of this client were waiting for {QUEUE:.0f} seconds") from None
        try:
            yield
        finally:
            lock.release()

    async def _ask(self, judge: Judge, message: bytes) -> bytes:
        try:
            async with asyncio.timeout(QUEUE):
                reader = await self._idle.get()
        except TimeoutError:
            raise GaveUp(f"too many pages were waiting for {QUEUE:.0f} seconds") from None
        try:
            if reader is None or reader.process.returncode is not None:
                reader = await self._start()
            if reader.judge is not judge:
                await asyncio.wait_for(reader.ask(await self._frame_of(judge)), _START_WITHIN)
                reader.judge = judge
            return await asyncio.wait_for(reader.ask(message), SECONDS)
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

    async def _frame_of(self, judge: Judge) -> bytes:
        """The judge as it is sent, made once and beside the event loop: a school may have many phrases."""
        if self._frame is None or self._frame[0] is not judge:
            self._frame = judge, asyncio.create_task(asyncio.to_thread(judge_frame, judge))
        return await asyncio.shield(self._frame[1])

    async def _start(self) -> _Reader:
        """A new process; where nobody waits for it any more, it is ended as soon as it has begun."""
        starting = asyncio.create_task(self._begin())
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            starting.add_done_callback(self._abandon)
            raise

    async def _begin(self) -> _Reader:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "schoolgate.content.scanning", stdin=pipe, stdout=pipe, limit=1 << 20
        )
        reader = _Reader(process)
        self._started.add(reader)
        return reader

    def _abandon(self, starting: "asyncio.Task[_Reader]") -> None:
        if not starting.cancelled() and starting.exception() is None:
            self._end(starting.result())

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
