"""Looks at a body as it streams, and cuts it off in mid-air when what comes is not to pass."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from mitmproxy.http import HTTPFlow

from schoolgate.proxy.insides.held import cut_site

log = logging.getLogger("schoolgate")

type Stream = Callable[[bytes], Iterable[bytes] | bytes] | bool


class Watch:
    """A ``stream`` function for mitmproxy.

    ``refused`` is asked about each piece, with the bytes so far (this piece included); ``then`` is the stream that the
    body would have had. A fault in ``refused`` cuts too: what cannot be judged does not pass.

    ``over`` and ``sound`` are what ``proxy.ending`` looks at, for this stream and for the one behind it.
    """

    def __init__(self, flow: HTTPFlow, refused: Callable[[bytes, int], bool], then: Stream) -> None:
        self._flow, self._refused, self._then = flow, refused, then
        self._count = 0
        self._cut = False

    @property
    def over(self) -> bool:
        """Whether nothing more goes on."""
        return self._cut or bool(getattr(self._then, "over", False))

    @property
    def sound(self) -> bool:
        """Whether what went on may be taken for the whole."""
        return not self._cut and bool(getattr(self._then, "sound", False))

    def __call__(self, data: bytes) -> Iterable[bytes] | bytes:
        """What may pass of a piece; an empty piece is the end."""
        if self._cut:
            return []
        self._count += len(data)
        if data and self._is_refused(data):
            self._cut = True
            asyncio.get_running_loop().call_soon(self._end)
            return []
        return self._then(data) if callable(self._then) else data

    def _end(self) -> None:
        if self._flow.live:  # else proxy.ending has ended it already
            cut_site(None, self._flow)

    def _is_refused(self, data: bytes) -> bool:
        try:
            return self._refused(data, self._count)
        except Exception as error:
            log.error("A file could not be judged in passing: %r", error)
            return True
