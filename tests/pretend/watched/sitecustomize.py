"""Python runs this at the start of every process that has this folder in PYTHONPATH: it tells who would leave loopback."""

import os
import sys
from pathlib import Path

_FILE = Path(os.environ["SCHOOLGATE_TEST_WATCH"])
_NAMES = ("localhost", "127.0.0.1", "::1", "", None)


def _is_far(event: str, given: tuple[object, ...]) -> bool:
    """Whether an address is neither of this machine nor a file's, or a name would have to be asked for."""
    if event == "socket.getaddrinfo":
        return given[0] not in _NAMES and not str(given[0]).startswith("127.")
    address = given[1]
    if not isinstance(address, tuple):
        return False  # a socket of the file system
    return str(address[0]) not in _NAMES and not str(address[0]).startswith("127.")


def _watch(event: str, given: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo") and _is_far(event, given):
        with _FILE.open("a") as file:
            file.write(
                f"{os.getpid()} {' '.join(sys.argv[:3])}: {event} {given[1:] if event != 'socket.getaddrinfo' else given}\n"
            )


with _FILE.with_name(f"watched-{os.getpid()}").open("w") as _sign:
    _sign.write(" ".join(sys.argv[:3]))
sys.addaudithook(_watch)
