"""Makes reports in a thread, one after the other, so that a large one holds up no alert."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any


class Making:
    """Work under way by name. ``patience`` are the seconds that whoever asks for it waits at the most."""

    def __init__(self, patience: float) -> None:
        self._thread = ThreadPoolExecutor(1, "report")
        self._patience = patience
        self._under_way: dict[str, Future[Any]] = {}

    def made[T](self, name: str, make: Callable[[], T]) -> T | None:
        """What was made under this name, once; None while it is being made, which begins with the first question.

        Raises what ``make`` raised; the next question begins anew.
        """
        future: Future[T] | None = self._under_way.get(name)
        if future is None:
            future = self._under_way[name] = self._thread.submit(make)
        wait([future], self._patience)
        if not future.done():
            return None
        del self._under_way[name]
        return future.result()

    def close(self) -> None:
        """End; what is not begun yet is left to the next start."""
        self._thread.shutdown(wait=True, cancel_futures=True)
