"""Counts the files and connections that a worker has open: without room for more it accepts nobody, and is silent."""

import os
import resource
import time

from schoolgate.proxy.act import Act
from schoolgate.proxy.rounds import Rounds

_MANY = 0.9  # of those that the system allows
_TELL_EVERY = 3600.0  # seconds


class NearlyUsedUp(Exception):
    """The words are for the technician."""


class Handles(Rounds):
    """Asks the system for as many as it will give, and tells when they are nearly used up."""

    seconds = 2.0

    def __init__(self, act: Act) -> None:
        self._act = act
        self._told = -_TELL_EVERY
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    async def round(self) -> None:
        """Look once."""
        allowed, now = resource.getrlimit(resource.RLIMIT_NOFILE)[0], time.monotonic()
        try:
            used = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are enough
        except OSError:  # there is not even one left to count by
            used = allowed
        if used >= _MANY * allowed and now >= self._told + _TELL_EVERY:
            self._told = now
            words = (
                f"{used:,} of {allowed:,} open files and connections are used; more devices than that get no answer."
            )
            self._act.note_fault("handles", NearlyUsedUp(f"{words} Raise LimitNOFILE, or run more workers."))
