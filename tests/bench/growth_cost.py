"""What a piece of work costs, in a process of its own, so that nothing before it counts."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall time and of processor time, the most memory of the process (MB), and what the work returned."""

    wall: float
    cpu: float
    memory: float
    result: Any = None


def cost_of(work: Callable[..., Any], *given: Any) -> Cost:
    """Do it in a process that was begun for it; ``work`` is a function of a module."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_done, work, given).result()


def _done(work: Callable[..., Any], given: tuple[Any, ...]) -> Cost:
    began, busy = time.perf_counter(), time.process_time()
    result = work(*given)
    return Cost(time.perf_counter() - began, time.process_time() - busy, _most_memory(), result)


def _most_memory() -> float:
    """MB; not of ``getrusage``, which counts what whoever began this process held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def command(*words: str) -> None:
    """A command of schoolgate as the command line gives it, its words thrown away."""
    from schoolgate.cli import main

    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            main(list(words), standalone_mode=False)
        except SystemExit as error:
            raise RuntimeError(f"schoolgate {' '.join(words)} ended with {error.code}") from None
