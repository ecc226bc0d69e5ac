"""Tells the technician what mitmproxy itself complains of: what crashed in it, and which of its own addons failed.

Nothing opens by that: a connection without TLS of ours is no connection, and what crashed goes nowhere. But it would
stand in the log alone, where nobody looks.
"""

import logging
import time

from schoolgate.proxy.act import Act

_LOGS = ("mitmproxy.proxy.server", "mitmproxy.addonmanager")
_TELL_EVERY = 3600.0  # seconds, of one fault
_MOST = 50  # faults that are told in that time


class Overheard(logging.Handler):
    """Listens from the gateway's start to its end."""

    def __init__(self, act: Act) -> None:
        super().__init__(logging.ERROR)
        self._act = act
        self._told: dict[str, float] = {}

    def running(self) -> None:
        """The gateway is up."""
        for name in _LOGS:
            logging.getLogger(name).addHandler(self)

    def done(self) -> None:
        """The gateway ends."""
        for name in _LOGS:
            logging.getLogger(name).removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of each kind of fault once an hour; never raises."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, Exception):
            return
        where, now = _place(error), time.monotonic()
        self._told = {known: until for known, until in self._told.items() if until > now}
        fault = f"{where} {error}"[:200]
        if fault not in self._told and len(self._told) < _MOST:
            self._told[fault] = now + _TELL_EVERY
            self._act.note_fault(where, error)


def _place(error: Exception) -> str:
    """The function that raised it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "mitmproxy" if trace is None else f"mitmproxy {trace.tb_frame.f_code.co_qualname}"
