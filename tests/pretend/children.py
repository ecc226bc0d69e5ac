"""Main functions of children, for tests of those who start them."""

import os
from multiprocessing.connection import Connection

from schoolgate.child import READY, STOP


def ends_at_once(settings: object, channel: Connection) -> None:
    """Does nothing."""


def says_what_it_got(settings: bytes, channel: Connection) -> None:
    """Tells the sizes of what arrives, until it is told to stop."""
    channel.send(READY)
    message: bytes | str = settings
    while message != STOP:
        channel.send(str(len(message)))
        message = channel.recv()


class Unreadable:
    """What no child can take in."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.stat, ("/nowhere/at/all",)
