"""Judges an answer while it passes, so that the words of a harmful sentence stay behind and all before them is read.

Nothing waits for a clock. What has come is judged before it leaves, over a window of the last 1,500 characters and
what is new, so an answer is never later than one judgement. Language models send a few letters at a time, and each
judgement costs as much as a window: when a worker has no time left for judging every few letters, up to 40 new
characters that end no sentence may leave first, and are judged with those that follow.
"""

import copy
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

from schoolgate.content.stream_forms import Form, Joint, Notice, Piece

WINDOW = 1500  # characters of what has passed that still count
LATE = 40  # characters that may leave before they are judged, when time is short
_STEP = 4000  # characters that are judged at once where much comes at once
_MOST_RUNS = 16
_SNAPSHOT = 16  # characters; a longer text that the next one begins with was repeated by it
_LONGEST_SNAPSHOT = 64 * 1024
_TOKENS = 32  # messages for which one with a blank at its edge shows that the others are parts of words
_ENDED = re.compile(r"[.!?…]['\")\]]*(?:\s|\Z)|\n")
_ENDS = re.compile(r"[.!?…\n。！？]")


class Budget:
    """A worker's time for judging every few letters: a share of all time, and what was saved up of it."""

    def __init__(
        self, share: float = 0.25, saved: float = 0.25, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.clock = clock
        self._share, self._most = share, saved
        self._left, self._at = saved, clock()

    def allows(self) -> bool:
        """Whether there is time left."""
        now = self.clock()
        self._left = min(self._left + (now - self._at) * self._share, self._most)
        self._at = now
        return self._left > 0

    def spend(self, seconds: float) -> None:
        """Debts are forgotten beyond what can be saved, so that one long judgement does not silence the rest."""
        self._left = max(self._left - seconds, -self._most)


class _Run:
    """One text of a stream as it grows. ``apart`` has blanks where ``joined`` holds that words go on."""

    __slots__ = ("_last", "_tokens", "apart", "fresh", "joined")

    def __init__(self) -> None:
        self.joined = self.apart = ""
        self.fresh = 0  # characters of ``apart`` that were not judged yet
        self._last = ""
        self._tokens = 0

    def add(self, text: str, joint: Joint) -> None:
        if joint is Joint.PERHAPS:
            last, self._last = self._last, text[:_LONGEST_SNAPSHOT]
            if len(last) >= _SNAPSHOT and text.startswith(last):
                text, joint = text[len(last) :], Joint.CONTINUES
            elif text[:1].isspace() or text[-1:].isspace():
                self._tokens = _TOKENS
            else:
                self._tokens = max(self._tokens - 1, 0)
        gap = "\n" if joint is Joint.NEW else ""
        same = self.apart is self.joined
        self.joined = f"{self.joined}{gap}{text}"
        gap = " " if joint is Joint.PERHAPS and not self._tokens else gap
        self.apart = self.joined if same and gap != " " else f"{self.apart}{gap}{text}"
        self.fresh += len(gap) + len(text)

    def __copy__(self) -> "_Run":
        run = _Run()
        run.joined, run.apart, run.fresh = self.joined, self.apart, self.fresh
        run._last, run._tokens = self._last, self._tokens
        return run

    def views(self) -> Iterator[str]:
        """What is to be judged: as one text, and with blanks where those may be missing."""
        yield from _windows(self.joined, self.fresh)
        if self.apart is not self.joined and self.apart != self.joined:
            yield from _windows(self.apart, self.fresh)

    def settle(self) -> None:
        """All of it was judged."""
        same = self._tokens or self.apart is self.joined
        self.joined, self.fresh = self.joined[-WINDOW:], 0
        self.apart = self.joined if same else self.apart[-WINDOW:]

    def ends_sentence(self) -> bool:
        return bool(_ENDS.search(self.joined, max(len(self.joined) - self.fresh, 0)))


def _windows(text: str, fresh: int) -> Iterator[str]:
    for at in range(max(len(text) - fresh, 0), len(text), _STEP):
        yield text[max(at - WINDOW, 0) : at + _STEP]


class Passing[T]:
    """One stream on its way. ``judge`` says of a text what is to be held against it; ``tell`` makes that a notice.

    ``tell`` is called once, before the notice leaves. What either raises comes out of ``feed`` and ``end``.
    """

    def __init__(self, form: Form, judge: Callable[[str], T | None], tell: Callable[[T], Notice], budget: Budget):
        self._form, self._judge, self._tell, self._budget = form, judge, tell, budget
        self._runs: OrderedDict[str, _Run] = OrderedDict()
        self._before: dict[str, _Run] = {}  # the runs as they were when the batch began
        self._batch: list[Piece] = []
        self._amount = 0
        self.cut = False

    @property
    def sound(self) -> bool:
        """Whether the answer may end, cut as it is, as if it were whole."""
        return self._form.whole

    def feed(self, chunk: bytes) -> tuple[bytes, T | None]:
        """What may pass on, and what the answer was cut for; nothing passes after that."""
        return self._pass(self._form.take(chunk), last=False) if not self.cut else (b"", None)

    def end(self) -> tuple[bytes, T | None]:
        """The same for what was kept back. More may be fed after it."""
        return self._pass(self._form.rest(), last=True) if not self.cut else (b"", None)

    def _pass(self, pieces: list[Piece], last: bool) -> tuple[bytes, T | None]:
        out: list[bytes] = []
        for piece in pieces:
            self._add(piece)
            if self._amount >= _STEP:
                found = self._settle(out, all_of_it=True)
                if found is not None:
                    return b"".join(out), found
        found = self._settle(out, all_of_it=last)
        return b"".join(out), found

    def _add(self, piece: Piece) -> None:
        self._batch.append(piece)
        for said in piece.said:
            run = self._runs.get(said.run)
            if run is None:
                if len(self._runs) >= _MOST_RUNS:
                    self._before.pop(self._runs.popitem(last=False)[0], None)
                run = self._runs[said.run] = _Run()
            self._runs.move_to_end(said.run)
            if said.run not in self._before:
                self._before[said.run] = copy.copy(run)
            run.add(said.text, said.joint)
            self._amount += len(said.text)

    def _settle(self, out: list[bytes], all_of_it: bool) -> T | None:
        """Judge what is due, and let the batch go or cut it."""
        for name, run in self._runs.items():
            if run.fresh and (all_of_it or run.fresh >= LATE or run.ends_sentence() or self._budget.allows()):
                found = self._weigh(run)
                if found is not None:
                    return self._stop(name, found, out)
                run.settle()
        out.extend(piece.raw for piece in self._batch)
        self._batch, self._amount = [], 0
        self._before.clear()
        return None

    def _weigh(self, run: _Run) -> T | None:
        started = self._budget.clock()
        try:
            return next((found for view in run.views() if (found := self._judge(view)) is not None), None)
        finally:
            self._budget.spend(self._budget.clock() - started)

    def _stop(self, name: str, found: T, out: list[bytes]) -> T:
        """Let pass what stands before the sentence that completes the offence, then the notice."""
        least, most = 0, len(self._batch)  # with the first ``least`` pieces all is well, with ``most`` it is not
        while most - least > 1:
            middle = (least + most) // 2
            earlier = self._weigh(self._as_of(name, middle))
            if earlier is None:
                least = middle
            else:
                most, found = middle, earlier
        self.cut = True
        out.extend(piece.raw for piece in self._batch[: self._sentence_start(name, most - 1)])
        out.append(self._form.notice(self._tell(found)))
        self._batch, self._runs, self._before = [], OrderedDict(), {}
        return found

    def _as_of(self, name: str, pieces: int) -> _Run:
        run = copy.copy(self._before.get(name) or _Run())
        for piece in self._batch[:pieces]:
            for said in piece.said:
                if said.run == name:
                    run.add(said.text, said.joint)
        return run

    def _sentence_start(self, name: str, guilty: int) -> int:
        """The first piece of the batch that is part of the sentence in which the guilty one begins."""
        text = self._as_of(name, guilty).joined
        start = max((end.end() for end in _ENDED.finditer(text)), default=0)
        run = copy.copy(self._before.get(name) or _Run())
        for number, piece in enumerate(self._batch[:guilty]):
            for said in piece.said:
                if said.run == name:
                    run.add(said.text, said.joint)
            if len(run.joined) > start and any(said.run == name for said in piece.said):
                return number
        return guilty
