"""Tells systemd that the gateway runs and is well, where systemd asked to be told (``man sd_notify``)."""

import os
import socket


class Watchdog:
    """Where nobody asked, nothing is said."""

    def __init__(self) -> None:
        # taken out of the environment, so that no child speaks in this process's name
        self._address = os.environ.pop("NOTIFY_SOCKET", "")

    def ready(self, status: str) -> None:
        """The ports are open; ``status`` is a line for ``systemctl status``."""
        self._say(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """To be said more often than WatchdogSec, or the gateway is started again."""
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """Open requests are coming to their end."""
        self._say("STOPPING=1")

    def _say(self, words: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.sendto(words.encode(), address)
        except OSError:
            return  # a gateway that runs is worth more than one that systemd knows of
