"""A hook of ours, and what is done where it fails; whoever calls many hooks may call it without a step between."""

from collections.abc import Awaitable, Callable
from typing import Any

from mitmproxy.exceptions import AddonHalt

Hook = Callable[[Any], Awaitable[object] | None]


class Guarded:
    """Called like the hook; what leaves that, but for mitmproxy's own AddonHalt, is handed to ``failed``."""

    __slots__ = ("__name__", "__wrapped__", "failed")

    def __init__(self, hook: Hook, failed: Callable[[Any, Exception], None]) -> None:
        self.__wrapped__, self.failed, self.__name__ = hook, failed, getattr(hook, "__name__", "")

    def __call__(self, subject: Any) -> Awaitable[object] | None:
        """Do what the hook does; what it waits for is to be awaited, as with the hook."""
        try:
            waits = self.__wrapped__(subject)
        except AddonHalt:
            raise
        except Exception as error:
            self.failed(subject, error)
            return None
        return None if waits is None else self.to_its_end(waits, subject)

    async def to_its_end(self, waits: Awaitable[object], subject: Any) -> None:
        """Wait for what the hook waits for."""
        try:
            await waits
        except AddonHalt:
            raise
        except Exception as error:
            self.failed(subject, error)
