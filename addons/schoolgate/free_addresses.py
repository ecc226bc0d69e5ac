"""Sees, before anything is opened, that every address of config/school.yaml can be: who uses one is told plainly."""

import contextlib
import socket
import time
from collections.abc import Iterator

from schoolgate.child import CannotStart
from schoolgate.settings.school_models import ListenOn

_AGAIN = 0.1  # seconds


def try_addresses(listen: ListenOn, patience: float) -> None:
    """See that every address can be opened; children of a gateway that was killed may take a moment to leave theirs."""
    end = time.monotonic() + patience
    while True:
        try:
            with contextlib.ExitStack() as held:
                for name, address in _addresses(listen):
                    held.enter_context(_try_address(name, address))
            return
        except CannotStart:
            if time.monotonic() >= end:
                raise
            time.sleep(_AGAIN)


def _addresses(listen: ListenOn) -> Iterator[tuple[str, tuple[str, int]]]:
    """Everything that will be opened, by the word for it in config/school.yaml."""
    yield from (("proxy", address) for address in listen.proxy)
    if listen.transparent is not None:
        yield "transparent", ("0.0.0.0", listen.transparent)
    if listen.dns is not None:
        yield "dns", ("0.0.0.0", listen.dns)
    yield from ((name, address) for name in ("console", "metrics") if (address := getattr(listen, name)))


def _try_address(name: str, address: tuple[str, int]) -> socket.socket:
    """Hold an address for a moment, to see that it can be opened. Raises CannotStart."""
    kind = socket.SOCK_DGRAM if name == "dns" else socket.SOCK_STREAM
    probe = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, kind)
    if name != "dns":
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(address)
    except OSError as error:
        probe.close()
        where = f"config/school.yaml: listen: {name}: {address[0]}:{address[1]}"
        words = f"{where} cannot be opened: {error.strerror}; take another port or stop what uses it"
        raise CannotStart(words) from None
    return probe
