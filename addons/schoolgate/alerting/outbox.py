"""Keeps every mail until the mail server has taken it: tried at once, then again with growing pauses, for ever."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from schoolgate.alerting.post import Letter, Outcome
from schoolgate.store.office import OfficeStore

log = logging.getLogger("schoolgate")

_SHORT_PAUSE, _LONG_PAUSE = 15.0, 60.0  # seconds between tries at the most: at first, and after many
_OFTEN = 40  # tries, about ten minutes
_DUE = (
    "select * from mail where sent is null and next_try <= :now and (alert is null or alert not in "
    "(select id from alert where state in ('gathering-held', 'told-held'))) order by next_try limit 1"
)  # a mail about what is contested waits until that is answered
Words = Callable[[dict[str, Any], dict[str, Any]], tuple[str, str]]
Post = Callable[[Letter], Outcome]


class Outbox:
    """Sends one mail at a time from a thread, so that a slow mail server holds up nothing else."""

    def __init__(self, store: OfficeStore, post: Post, words: Words) -> None:
        self._store = store
        self.post = post
        self.words = words
        self._thread = ThreadPoolExecutor(1, "post")
        self._under_way: tuple[dict[str, Any], Letter, Future[Outcome], int] | None = None

    def round(self, now: float) -> None:
        """Take note of what was sent, and send the next mail that is due."""
        if self._under_way is not None:
            mail, letter, future, told = self._under_way
            if not future.done():
                return
            self._under_way = None
            self._note(mail, letter, future.result(), told, now)
        for mail in self._store.rows(_DUE, now=now):
            letter, told = self._letter(mail)
            self._under_way = (mail, letter, self._thread.submit(self.post, letter), told)

    def close(self, now: float) -> None:
        """End; a mail under way gets its try to the end, all others wait for the next start."""
        self._thread.shutdown(wait=True)
        if self._under_way is not None:
            mail, letter, future, told = self._under_way
            self._note(mail, letter, future.result(), told, now)

    def _letter(self, mail: dict[str, Any]) -> tuple[Letter, int]:
        """The mail as it stands now; an alert's mail counts everything until somebody has got it."""
        subject, text, told = mail["subject"], mail["text"], 0
        if mail["alert"] is not None and not mail["subject"]:
            alert = self._store.rows("select * from alert where id = :id", id=mail["alert"])[0]
            subject, text = self.words(alert, json.loads(alert["facts"]))
            told = alert["count"]
        recipients = tuple(json.loads(mail["recipients"]))
        return Letter(recipients, subject, text, mail["html"], mail["message_id"]), told

    def _note(self, mail: dict[str, Any], letter: Letter, outcome: Outcome, told: int, now: float) -> None:
        with self._store.atomic():
            if outcome.left:
                attempts = mail["attempts"] + 1
                pause = min(_LONG_PAUSE if attempts > _OFTEN else _SHORT_PAUSE, 2.0 ** min(attempts, 10))
                self._store.update(
                    "mail",
                    mail["id"],
                    recipients=json.dumps(outcome.left),
                    attempts=attempts,
                    next_try=now + pause,
                    error=outcome.error,
                )
                log.warning(
                    "A mail could not be sent (%s). Next try in %.0f s; is mail: in school.yaml right?",
                    outcome.error,
                    pause,
                )
            else:
                self._store.update("mail", mail["id"], sent=now, error=None)
            somebody_got_it = len(outcome.left) < len(letter.recipients)
            if mail["alert"] is not None and not mail["subject"] and somebody_got_it:
                self._store.update("alert", mail["alert"], told=told)
                self._store.update("mail", mail["id"], subject=letter.subject, text=letter.text)
