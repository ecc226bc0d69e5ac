"""Main functions of children, for tests of those who start them."""

import os
import sys
import time
from multiprocessing.connection import Connection

from schoolgate.child import LEAVE, READY, STOP, beat


def ends_at_once(settings: object, channel: Connection) -> None:
    """Does nothing."""


def says_what_it_got(settings: bytes, channel: Connection) -> None:
    """Tells the sizes of what arrives, until it is told to stop."""
    channel.send(READY)
    message: bytes | str = settings
    while message != STOP:
        channel.send(str(len(message)))
        message = channel.recv()


def says_what_is_imported(settings: list[str], channel: Connection) -> None:
    """Tells which of some modules this process has imported."""
    channel.send(READY)
    channel.send(str([name for name in settings if sys.modules.get(name) is not None]))


def works(settings: object, channel: Connection) -> None:
    """Is ready, and shows that it is at work until it is told to end."""
    channel.send(READY)
    while True:
        beat()
        if channel.poll(0.05) and channel.recv() in (STOP, LEAVE):
            return


def waits(settings: object, channel: Connection) -> None:
    """Is ready, and never shows that it is at work, whatever it is told."""
    channel.send(READY)
    time.sleep(120)


def stands_still(settings: object, channel: Connection) -> None:
    """Is ready, shows once that it is at work, and takes in nothing of what it is told."""
    channel.send(READY)
    beat()
    time.sleep(120)


class Unreadable:
    """What no child can take in."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.stat, ("/nowhere/at/all",)
