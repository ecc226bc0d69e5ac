"""The addresses of sites, as the resolver told them a moment ago: a class that opens a page asks for few names often.

An answer of the system does not say how long it holds, so it is kept for less than browsers keep theirs. Whether an
address may be reached is not decided here: that is looked at each time (``kept_out``).
"""

import asyncio
import socket
import time

from schoolgate.kept import Kept
from schoolgate.policy.request import host_address

_HOLDS = 30.0  # seconds
_MOST = 4096  # names


class Addresses:
    """What the names of one worker led to."""

    def __init__(self) -> None:
        self._known: Kept[str, tuple[float, list[str]]] = Kept(_MOST)

    def kept(self, host: str) -> list[str] | None:
        """The addresses of a host, where they were told a moment ago, or where it is an address itself."""
        if (literal := host_address(host)) is not None:
            return [str(literal)]
        known = self._known.recall(host)
        return known[1] if known is not None and time.monotonic() < known[0] else None

    async def ask(self, host: str, port: int) -> list[str]:
        """What the resolver says now, those first that are to be tried first. Raises OSError where it knows none."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        self._known.keep(host, (time.monotonic() + _HOLDS, addresses))
        return addresses
