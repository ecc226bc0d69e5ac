"""What staff said when a page asked them whether a personal site is for work: it holds for half an hour."""

import time
from collections.abc import Callable
from enum import StrEnum

HOLDS_FOR = 30 * 60.0
"""Seconds that an answer lets the same person pass to the same site."""
LONGEST = 200
"""Characters of a reason in the person's own words."""
_MOST = 10_000

type Key = tuple[str, str, str]
"""Who (their pseudonym), site, category."""


def key_of(person: str, host: str, category: str) -> Key:
    """By what an answer goes; with and without www. a site is the same, and sends people from one to the other."""
    return person, host.removeprefix("www."), category


class Choice(StrEnum):
    """The answers that the page offers."""

    WORK = "work"
    BREAK = "break"
    BACK = "back"


def in_words(choice: Choice, reason: str = "") -> str:
    """Why a visit is left out, as the record says it."""
    if choice is Choice.BREAK:
        return "said to be a break"
    reason = " ".join(reason.split())[:LONGEST]
    return f"said to be work: {reason}" if reason else "said to be work"


class Nudges:
    """The answers that one worker was given, and the pages that still wait for one; by a clock in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[Key, tuple[float, str]] = {}
        self._shown: dict[Key, tuple[float, str]] = {}

    def said(self, key: Key) -> str:
        """What the person said of this site, in the words of the record; "" where nothing holds."""
        return self._of(self._said, key)

    def reference(self, key: Key) -> str:
        """The reference of the page that was shown already, or ""."""
        return self._of(self._shown, key)

    def say(self, key: Key, words: str) -> None:
        """The person chose."""
        self._put(self._said, key, words)

    def show(self, key: Key, reference: str) -> None:
        """The page was shown, and is on record under this reference."""
        self._put(self._shown, key, reference)

    def _of(self, answers: dict[Key, tuple[float, str]], key: Key) -> str:
        until, words = answers.get(key, (0.0, ""))
        return words if until > self._clock() else ""

    def _put(self, answers: dict[Key, tuple[float, str]], key: Key, words: str) -> None:
        now = self._clock()
        if len(answers) >= _MOST:
            for old in [known for known, (until, _) in answers.items() if until <= now] or list(answers)[: _MOST // 2]:
                del answers[old]
        answers[key] = (now + HOLDS_FOR, words)
