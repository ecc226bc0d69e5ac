"""Sends what is in the outbox: mails, and short messages to the channels of the settings; none holds up another."""

import json
from collections.abc import Callable
from dataclasses import replace

from schoolgate.alerting import channels
from schoolgate.alerting.brief import brief_of
from schoolgate.alerting.html_part import html_of
from schoolgate.alerting.outbox import Outbox
from schoolgate.alerting.post import Letter, Outcome, send
from schoolgate.alerting.words import Who, words_of
from schoolgate.settings.load import Settings
from schoolgate.store.office import OfficeStore

_LEFT = (
    "select * from mail where sent is null and channel <> '' and channel not in (select value from json_each(:names))"
)
_STUCK_AFTER = 1800.0  # seconds
_STUCK = "select error from mail where sent is null and attempts > 0 and error is not null and created < :before"


def stuck_messages(store: OfficeStore, now: float) -> str:
    """What to tell the technician of messages that could not be sent for half an hour; "" where there are none."""
    errors = [row["error"] for row in store.rows(_STUCK, before=now - _STUCK_AFTER)]
    if not errors:
        return ""
    reasons = "\n".join(f"  {error}" for error in dict.fromkeys(errors))
    number = "1 message" if len(errors) == 1 else f"{len(errors)} messages"
    return f"""What happened: {number} could not be sent for half an hour or longer.
How sure we are: what the servers answered last stands below.
What to do now: correct mail: in school.yaml or channels: in alerts.yaml, or ask who runs the server. Each is tried \
again by itself until it is taken. Where nothing is wrong any more, the mail server was away, and this mail waited too.

{reasons}
"""


class Sending:
    """One outbox for the mail and one for each channel, over the office's file. ``who`` says how people are called."""

    def __init__(self, store: OfficeStore, settings: Settings, who: Callable[[Settings], Who]) -> None:
        self._store, self.settings = store, settings
        self._mail = Outbox(
            store, self._send, lambda alert, facts: words_of(alert, facts, self.settings, who(self.settings))
        )
        self._channels: dict[str, Outbox] = {}

    def round(self, settings: Settings, now: float) -> None:
        """Go on with each. What waits for a channel that the settings no longer have is given up."""
        self.settings = settings
        self._mail.round(now)
        names = [each.url_file for each in settings.alerts.channels]
        for name in [name for name in self._channels if name not in names]:
            self._channels.pop(name).close(now)
        for row in self._store.rows(_LEFT, names=json.dumps(names)):
            self._store.update("mail", row["id"], recipients="[]", sent=now)
        for name in names:
            if name not in self._channels:
                self._channels[name] = self._channel(name)
            self._channels[name].round(now)

    def close(self, now: float) -> None:
        """End in good order."""
        for outbox in (self._mail, *self._channels.values()):
            outbox.close(now)

    def _send(self, letter: Letter) -> Outcome:
        html = letter.html or html_of(letter.text, self.settings.console_url)
        return send(replace(letter, html=html), self.settings.school.mail, self.settings.folders.root)

    def _channel(self, name: str) -> Outbox:
        return Outbox(
            self._store,
            lambda letter: channels.post(letter, self.settings.folders.root),
            lambda alert, facts: brief_of(alert, facts, self.settings),
            name,
            "is channels: in alerts.yaml right?",
        )
