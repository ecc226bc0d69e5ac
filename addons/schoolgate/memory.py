"""Keeps the memory of the gateway's processes small: what was freed is given back, and nothing is imported for nobody.

The C library keeps what was freed for whoever asks next, in an arena for each thread, and takes ever larger pieces into
the heap, where one that stays holds up all below it. Its switches are of glibc; with another library nothing happens.
"""

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # as mallopt knows them
_LARGE = 1 << 20  # bytes: a piece from that size on is given back by itself
_KEPT_AT_END = 2 << 20  # bytes that may lie free at the heap's end, so that it need not grow again at once
_ARENAS = 2
_LIBRARY: Any = ctypes.CDLL(None)


def be_lean() -> None:
    """What a process does first, one that needs no numpy."""
    sys.modules.setdefault("numpy", None)  # type: ignore[arg-type]
    with contextlib.suppress(AttributeError):
        for switch, value in ((_ARENA_MAX, _ARENAS), (_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _KEPT_AT_END)):
            _LIBRARY.mallopt(switch, value)


@contextlib.contextmanager
def without_numpy() -> Iterator[None]:
    """Import something that would import numpy only to know its types: 25 MB, and a fifth of a command's start."""
    known = "numpy" in sys.modules
    if not known:
        sys.modules["numpy"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if not known:
            del sys.modules["numpy"]


def give_back() -> None:
    """Give back what is free. It takes some milliseconds, so it is for after a start, and not for a request."""
    with contextlib.suppress(AttributeError):
        _LIBRARY.malloc_trim(0)
