"""Answers lines in order, one by one or by the thousand: a backlog is shared out over the processors.

A question that comes alone is answered at once by this process. When more lines wait than one process should keep
others waiting for, whole blocks of lines go to forked workers, and their answers leave in the order of the questions.
"""

import contextlib
import fcntl
import os
import select
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

_BLOCK = 1 << 18  # bytes that are read at once
_BACKLOG = 16 << 10  # bytes of lines that are worth handing to a worker
_ROOM = 1 << 20  # bytes that a pipe should hold, so that a worker can go on while its answers wait their turn
_LENGTH = 8  # bytes that announce a block's length
_LONGEST = 1 << 24  # bytes; a line longer than this is answered once, as one that cannot be read

Answer = Callable[[bytes], bytes]


class WorkerLost(Exception):
    """A worker process ended before it had answered."""


def answer_stream(source: int, target: int, answer: Answer, workers: int | None = None) -> None:
    """Answer every line of the file descriptor ``source`` to ``target`` until its end. Raises WorkerLost, OSError."""
    crew = _Crew(answer, workers if workers is not None else len(os.sched_getaffinity(0)))
    rest, cut = b"", False
    try:
        while data := crew.wait_for(source, target):
            if cut:  # what is left of a line that has been answered
                _, end, data = data.partition(b"\n")
                cut = not end
            block, end, rest = (rest + data).rpartition(b"\n")
            if not end and len(rest) > _LONGEST:
                block, rest, cut = rest[:_BACKLOG], b"", True
            if len(block) < _BACKLOG or crew.size < 2:
                crew.drain(target)
                _write(target, _answers(block, answer))
            else:
                crew.hand_out(block, target)
        crew.drain(target)
        _write(target, _answers(rest, answer))
    finally:
        crew.close()


def _answers(block: bytes, answer: Answer) -> bytes:
    return b"".join([answer(line) for line in block.split(b"\n") if line and not line.isspace()])


@dataclass(slots=True)
class _Worker:
    """A forked process: blocks of lines go down one pipe, blocks of answers come up the other."""

    pid: int
    down: int
    up: int

    @classmethod
    def fork(cls, answer: Answer, others: list[Self]) -> Self:
        down_read, down_write = os.pipe()
        up_read, up_write = os.pipe()
        with contextlib.suppress(OSError):  # the system may grant less
            fcntl.fcntl(up_write, fcntl.F_SETPIPE_SZ, _ROOM)
        pid = os.fork()
        if pid:
            os.close(down_read)
            os.close(up_write)
            return cls(pid, down_write, up_read)
        try:  # nothing of the parent may run in the child but this
            for descriptor in (down_write, up_read, *(end for other in others for end in (other.down, other.up))):
                os.close(descriptor)
            while (block := _receive(down_read)) is not None:
                _send(up_write, _answers(block, answer))
        finally:
            os._exit(0)


class _Crew:
    def __init__(self, answer: Answer, size: int) -> None:
        self.size = size
        self._answer = answer
        self._workers: list[_Worker] = []
        self._waiting: deque[_Worker] = deque()  # one for each block in hand, in order
        self._next = 0

    def wait_for(self, source: int, target: int) -> bytes:
        """The next bytes of ``source`` (b"" at its end); answers that are ready meanwhile leave at once."""
        while self._waiting:
            ready, _, _ = select.select([source, self._waiting[0].up], [], [])
            if self._waiting[0].up in ready:
                self._pass_on(target)
            else:
                break
        return os.read(source, _BLOCK)

    def hand_out(self, block: bytes, target: int) -> None:
        if len(self._waiting) >= self.size:  # a worker has one block in hand: with more, both ends could block
            self._pass_on(target)
        if len(self._workers) < self.size:
            self._workers.append(_Worker.fork(self._answer, self._workers))
        worker = self._workers[self._next % len(self._workers)]
        self._next += 1
        try:
            _send(worker.down, block)
        except BrokenPipeError:
            raise WorkerLost("a process that answered lines has ended by itself") from None
        self._waiting.append(worker)

    def drain(self, target: int) -> None:
        while self._waiting:
            self._pass_on(target)

    def _pass_on(self, target: int) -> None:
        block = _receive(self._waiting.popleft().up)
        if block is None:
            raise WorkerLost("a process that answered lines has ended by itself")
        _write(target, block)

    def close(self) -> None:
        for worker in self._workers:
            os.close(worker.down)
            os.close(worker.up)
        for worker in self._workers:
            os.waitpid(worker.pid, 0)


def _write(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


def _send(pipe: int, block: bytes) -> None:
    _write(pipe, len(block).to_bytes(_LENGTH, "little") + block)


def _receive(pipe: int) -> bytes | None:
    head = _exactly(pipe, _LENGTH)
    return None if head is None else _exactly(pipe, int.from_bytes(head, "little"))


def _exactly(pipe: int, size: int) -> bytes | None:
    pieces: list[bytes] = []
    while size:
        piece = os.read(pipe, size)
        if not piece:
            return None
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
