"""Keeps every mail until the mail server has taken it: tried at once, then again with growing pauses, for ever.

A message to a channel beside the mail is kept in the same way, each channel in an outbox of its own, so that none holds
up another. Before a try the words are written down, and the same words go out again with the same Message-ID where the
office died before it knew the outcome. While nobody has got a mail about an alert, its words are found anew.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from schoolgate.alerting import gathered
from schoolgate.alerting.post import Letter, Outcome
from schoolgate.store.office import OfficeStore

log = logging.getLogger("schoolgate")

_SHORT_PAUSE, _LONG_PAUSE = 15.0, 60.0  # seconds between tries at the most: at first, and after many
_OFTEN = 40  # tries, about ten minutes
_STAY, _PATIENCE = 1.0, 0.2  # seconds of a round for many mails, one after the other, and for one that is slow
_DUE = (
    "select * from mail where sent is null and channel = :channel and (next_try <= :now or next_try > :far) and (alert "
    "is null or alert not in (select id from alert where state in ('gathering-held', 'told-held'))) "
    "order by next_try limit 1"
)  # a mail about what is contested waits until that is answered; one from a future that was none waits for nothing
_FIRST = "select message_id from mail where alert = :alert and channel = '' and id < :id order by id limit 1"
_NOBODY = {"subject": "", "text": "", "told": ""}
Words = Callable[[dict[str, Any], dict[str, Any]], tuple[str, str]]
Post = Callable[[Letter], Outcome]


class Outbox:
    """Sends one mail at a time from a thread, so that a slow mail server holds up nothing else.

    ``channel`` is whose messages these are ("" for mail), ``hint`` what to look at when they cannot be sent.
    """

    def __init__(
        self,
        store: OfficeStore,
        post: Post,
        words: Words,
        channel: str = "",
        hint: str = "is mail: in school.yaml right?",
    ) -> None:
        self._store = store
        self.post = post
        self.words = words
        self._channel, self._hint = channel, hint
        self._thread = ThreadPoolExecutor(1, "post")
        self._under_way: tuple[dict[str, Any], Letter, Future[Outcome]] | None = None

    def round(self, now: float) -> None:
        """Take note of what was sent, and send what is due, one after the other."""
        end = time.monotonic() + _STAY
        while self._take_note(now) and self._send_next(now):
            if time.monotonic() >= end:
                return
            if self._under_way is not None:
                wait([self._under_way[2]], _PATIENCE)

    def _take_note(self, now: float) -> bool:
        """Whether nothing is under way any more."""
        if self._under_way is not None:
            mail, letter, future = self._under_way
            if not future.done():
                return False
            self._note(mail, letter, future, now)
            self._under_way = None
        return True

    def _send_next(self, now: float) -> bool:
        """Whether a mail was due."""
        due = self._store.rows(_DUE, channel=self._channel, now=now, far=now + _LONG_PAUSE)
        for mail in due:
            written = self._letter(mail, now)
            if written is not None:
                self._under_way = (mail, written, self._thread.submit(self.post, written))
        return bool(due)

    def close(self, now: float) -> None:
        """End; a mail under way gets its try to the end, all others wait for the next start."""
        self._thread.shutdown(wait=True)
        if self._under_way is not None:
            self._note(*self._under_way, now)

    def _letter(self, mail: dict[str, Any], now: float) -> Letter | None:
        """The mail as it stands now, written down; None where there is nothing left to tell."""
        if mail["alert"] is not None and not mail["subject"]:
            found = self._store.rows("select * from alert where id = :id", id=mail["alert"])
            if not found or found[0]["count"] <= (0 if self._channel else found[0]["told"]):
                self._store.update("mail", mail["id"], recipients="[]", sent=now)
                return None
            facts = json.loads(found[0]["facts"])
            subject, text = self.words(found[0], facts)
            counts = gathered.counts(facts) if "kinds" in facts else {"": found[0]["count"]}
            mail |= {"subject": subject, "text": text, "told": json.dumps(counts)}
            self._store.update("mail", mail["id"], subject=subject, text=text, told=mail["told"])
        recipients = tuple(json.loads(mail["recipients"]))
        first = self._store.rows(_FIRST, alert=mail["alert"], id=mail["id"])
        follows = first[0]["message_id"] if first else ""
        return Letter(recipients, mail["subject"], mail["text"], mail["html"], mail["message_id"], follows)

    def _note(self, mail: dict[str, Any], letter: Letter, future: Future[Outcome], now: float) -> None:
        fault = future.exception()
        outcome = Outcome(letter.recipients, f"it could not be made: {fault!r}") if fault else future.result()
        reached = mail["reached"] + len(letter.recipients) - len(outcome.left)
        with self._store.atomic():
            if outcome.left:
                self._note_failure(mail, outcome, reached, now)
            else:
                self._store.update("mail", mail["id"], sent=now, error=None, reached=reached)
            if mail["alert"] is not None and mail["told"] and reached and not self._channel:
                self._note_told(mail["alert"], json.loads(mail["told"]))

    def _note_failure(self, mail: dict[str, Any], outcome: Outcome, reached: int, now: float) -> None:
        attempts = mail["attempts"] + 1
        pause = min(_LONG_PAUSE if attempts > _OFTEN else _SHORT_PAUSE, 2.0 ** min(attempts, 10))
        is_fresh = mail["alert"] is not None and mail["told"] and not reached and not outcome.may_have_it
        again = _NOBODY if is_fresh else {}
        left = {"recipients": json.dumps(outcome.left), "attempts": attempts, "next_try": now + pause}
        self._store.update("mail", mail["id"], **left, **again, error=outcome.error, reached=reached)
        what = "message" if self._channel else "mail"
        log.warning("A %s could not be sent (%s). Next try in %.0f s; %s", what, outcome.error, pause, self._hint)

    def _note_told(self, number: int, counts: Mapping[str, int]) -> None:
        """Somebody knows of so many of an alert's events."""
        for alert in self._store.rows("select * from alert where id = :id", id=number):
            facts = json.loads(alert["facts"])
            if "kinds" not in facts:
                self._store.update("alert", number, told=counts[""])
                continue
            facts = gathered.told(facts, counts)
            self._store.update("alert", number, told=gathered.told_of(facts), facts=json.dumps(facts))
