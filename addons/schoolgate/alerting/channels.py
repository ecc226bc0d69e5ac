"""Hands one short message to a chat channel (Teams, Slack, SMS and others), through Apprise.

A channel's address is a secret. What Apprise and the libraries below it would log holds it, so nothing of that is let
through: of a failure only the number that the service answered is told.
"""

import logging
import re
import threading
from pathlib import Path

from schoolgate.alerting.post import Letter, Outcome
from schoolgate.settings.chat_address import HOW_TO_INSTALL, BadAddress, is_installed, read_address, silence

_ANSWERS_WITHIN = 20.0  # seconds; what is given up sooner has often arrived, and would arrive again with each try
_STATUS = re.compile(r"\berror=(\d{3})\b")


class _Statuses(logging.Handler):
    """Keeps the number that a service answered last, for the thread that asked; nothing else of what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._last = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Take the number out of a line."""
        if found := _STATUS.search(record.getMessage()):
            self._last.status = found[1]

    def take(self) -> str:
        """The number since it was last taken, or ""."""
        status, self._last.status = getattr(self._last, "status", ""), ""
        return str(status)


_statuses = _Statuses()


def post(letter: Letter, folder: Path) -> Outcome:
    """One try; the letter's only recipient is the file of the channel's address, in ``folder``. Never raises."""
    [name] = letter.recipients
    if not is_installed():
        return Outcome(letter.recipients, f"{name}: Apprise is not installed; {HOW_TO_INSTALL}")
    try:
        error = _post(letter, read_address(folder / name))
    except BadAddress as bad:
        error = str(bad)
    except Exception as fault:  # of a hundred services' code: the mail must go on, and its words may hold the address
        error = f"the service could not be spoken to ({type(fault).__name__})"
    return Outcome(letter.recipients if error else (), f"{name}: {error}" if error else "")


def _post(letter: Letter, address: str) -> str:
    """Returns what went wrong, or ""."""
    from apprise import Apprise, NotifyFormat

    silence(_statuses)
    _statuses.take()
    channel = Apprise.instantiate(address, suppress_exceptions=True)
    if channel is None:
        return "holds no address that Apprise understands"
    channel.socket_read_timeout = max(channel.socket_read_timeout, _ANSWERS_WITHIN)
    if channel.notify(title=" ".join(letter.subject.split()), body=letter.text, body_format=NotifyFormat.TEXT):
        return ""
    status = _statuses.take()
    return f"the service answered {status}" if status else "the service did not take it, or was not reached"
