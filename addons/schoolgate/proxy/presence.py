"""What one worker knows of who is where on the network: read off the road of requests, at most a second old.

It is read from the files that the watcher and the workers write (``whereabouts``). Where the watcher has given no sign
of life for some seconds, nothing that it said is believed any more, and people are their network's group again.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from mitmproxy.connection import Client

from schoolgate.policy.request import host_address
from schoolgate.policy.whereabouts import NOTHING, Found, Whereabouts
from schoolgate.proxy.attached import Attached
from schoolgate.proxy.rounds import Rounds
from schoolgate.settings.identity_models import IdentityEntry
from schoolgate.whereabouts.on_link import mac_of
from schoolgate.whereabouts.sightings import (
    FOLDER,
    LOGINS,
    SEEN,
    STALE,
    Stamp,
    change_logins,
    is_fresh,
    read_file,
    stamp_of,
)


class Presence(Rounds):
    """Keeps it for one worker."""

    seconds = 0.5

    def __init__(self, data: Path, identity: Callable[[], IdentityEntry]) -> None:
        self.now = Whereabouts()
        self._folder = data / FOLDER
        self._identity = identity
        self._macs = Attached[Client, str]()
        self._fault: Callable[[Exception], object] = lambda error: None
        self._stamps: dict[str, Stamp] = {}
        self._read = {SEEN: Whereabouts(), LOGINS: Whereabouts()}
        self._silent_since: float | None = None
        self._is_told = False

    def tell(self, fault: Callable[[Exception], object]) -> None:
        """Who is told of what cannot be read; a first look is taken, before anybody is served."""
        self._fault = fault
        try:
            self.look()
        except (OSError, ValueError) as error:
            fault(error)

    def client_connected(self, client: Client) -> None:
        """Whose MAC it is at the address is asked anew: what was seen there may be a second old."""
        address = host_address(str(client.peername[0])) if client.peername else None
        if address is not None and self._identity().sees_neighbours and (mac := mac_of(address)):
            self._macs[client] = mac

    def is_near(self, client: Client) -> bool:
        """Whether the kernel knows a connection's MAC, so that the watcher will see it soon."""
        return client in self._macs

    def at(self, client: Client) -> Found:
        """What is known of who is behind a connection now; nobody where it came from another device than was seen."""
        found = self.found(str(client.peername[0]) if client.peername else None)
        if found.mac and self._macs.get(client, found.mac) != found.mac:
            return Found(2, why="another device has come to this address just now")
        return found

    def found(self, address: str | None) -> Found:
        """What is known of a client's address now."""
        if address is None or not (self.now.holds or self.now.sittings):
            return NOTHING
        literal = host_address(address)
        return self.now.found(literal, datetime.now(UTC)) if literal is not None else NOTHING

    async def change(self, change: Callable[[Whereabouts], Whereabouts]) -> None:
        """Change the logins of the gateway's own page; what is written holds here at once. Raises OSError."""
        await asyncio.to_thread(change_logins, self._folder, change)
        await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Read what has changed since the last look; what cannot be read is empty. Raises OSError, ValueError."""
        wrong: Exception | None = None
        for name in self._read:
            stamp = stamp_of(self._folder / name)
            if stamp == self._stamps.get(name):
                continue
            self._read[name], self._stamps[name] = Whereabouts(), stamp
            try:
                self._read[name] = read_file(self._folder / name)
            except (OSError, ValueError) as error:
                wrong = error
        seen = self._read[SEEN] if is_fresh(self._folder) else Whereabouts()
        sittings = (*seen.sittings, *self._read[LOGINS].sittings)
        if (seen.holds, sittings) != (self.now.holds, self.now.sittings):
            self.now = Whereabouts(seen.holds, sittings)
        if wrong is not None:
            raise wrong

    async def round(self) -> None:
        """Look at the files, and whether anything still comes."""
        try:
            await asyncio.to_thread(self.look)
        except Exception as error:
            self._fault(error)
        self._see_to_watcher()

    def _see_to_watcher(self) -> None:
        """Say once that nothing more comes; anew after something came."""
        clock = asyncio.get_running_loop().time()
        if self._silent_since is None or is_fresh(self._folder) or not self._identity().watches:
            self._silent_since, self._is_told = clock, False
        elif not self._is_told and clock - self._silent_since > STALE:
            self._is_told = True
            self._fault(
                RuntimeError("Nothing is heard of who is where on the network; people are not recognised by it.")
            )
