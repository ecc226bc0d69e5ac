"""A gateway under faults: whether its pupils stay protected, and whether every block that a client saw is on record."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pretend.gateway import Gateway
from pretend.raw import PUPIL, Said, get
from pretend.sites import Sites

LONG = os.environ.get("SCHOOLGATE_LONG") == "1"
"""Whether the long forms of tests run too; docs/faults.md names the switch."""
_FIGURES = os.environ.get("SCHOOLGATE_FIGURES", "")
"""A file that takes a line of figures from each module of faults."""


@dataclass
class Watched:
    """``seen`` are the references of all block pages that clients got whole."""

    gateway: Gateway
    sites: Sites
    seen: list[str] = field(default_factory=list)
    cases: int = 0

    def blocked(self, path: str = "", client: str = PUPIL, tls: bool = False, more: str = "") -> Said:
        """A pupil asks for what is blocked (``more`` are headers of her CONNECT); no answer comes from the site."""
        before = len(self.sites.seen("pornhub.com"))
        scheme, port = ("https", self.sites.tls_port) if tls else ("http", self.sites.port)
        said = get(self.gateway, f"{scheme}://pornhub.com:{port}/{path}", client, more=more)
        assert said.status in (0, 403, 502, 503), said
        assert b"Welcome" not in said.body
        assert len(self.sites.seen("pornhub.com")) == before, "a blocked site was reached"
        self.seen += [said.ref] if said.ref else []
        return said

    def allowed(self, host: str = "allowed.example", client: str = PUPIL) -> Said:
        """A pupil asks for an innocent page."""
        return get(self.gateway, f"http://{host}:{self.sites.port}/", client)

    def is_well(self, within: float = 40) -> None:
        """Soon blocks are pages again, over plain HTTP and TLS, and innocent pages are shown."""
        end = time.monotonic() + within
        while True:
            got = [self.blocked().status, self.blocked(tls=True).status, self.allowed().status]
            if got == [403, 403, 200]:
                return
            assert time.monotonic() < end, f"{got}\n{self.gateway.log[-3000:]}"
            time.sleep(0.2)

    def memory(self) -> int:
        """Bytes that the first worker holds."""
        status = Path(f"/proc/{self.gateway.children()['worker1']}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024

    def lost(self) -> set[str]:
        """References that a client saw and that nobody finds on record."""
        return set(self.seen) - {event["ref"] for event in self._events("block")}

    def _events(self, action: str) -> list[dict[str, Any]]:
        return self.gateway.events("--since", "30d", "--action", action)  # a gateway's clock may stand on another day

    def told(self, words: str, within: float = 40) -> str:
        """The words that the technician reads of a fault on record; waits for them."""
        end = time.monotonic() + within
        while True:
            try:
                found = [event["why"] for event in self._events("fault") if words in event["why"]]
            except AssertionError as error:  # a record that is damaged is read once it is mended
                if "it is damaged" not in str(error):
                    raise
                found = []
            if found:
                return str(found[0])
            assert time.monotonic() < end, f"nobody was told {words!r}"
            time.sleep(0.3)

    def finish(self, module: str) -> None:
        """Nothing is lost; figures for whoever wants them."""
        lost = self.lost()
        if _FIGURES:
            with open(_FIGURES, "a") as file:  # noqa: PTH123
                file.write(f"{module}: {self.cases} cases, {len(self.seen)} blocks seen, {len(lost)} lost\n")
        assert not lost, f"{len(lost)} of {len(self.seen)} blocks that clients saw are not on record"


@contextmanager
def crowd(size: int, ask: Callable[[int, threading.Event], None]) -> Iterator[None]:
    """So many threads that ask, each with its number, until they are told to stop."""
    stop = threading.Event()
    threads = [threading.Thread(target=ask, args=(number, stop), daemon=True) for number in range(size)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
