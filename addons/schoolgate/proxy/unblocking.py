"""What somebody can write on a block page: please open it, it is blocked wrongly, or: something is wrong (``telling``).

The form stands on pages that a person opened; never where the school itself has blocked the site, where the way of
asking was refused, or where help is shown instead. What is harmful is opened for no lesson, so there only a mistake can
be told, to the technician. A form is good for the device and the block that it was made for, once, and for an hour.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from schoolgate.policy.decision import BAD_ADDRESS, LOCAL_BLOCK, NAMES_DISAGREE
from schoolgate.policy.identity import Identity
from schoolgate.policy.opened import may_be_opened
from schoolgate.policy.request import WebRequest
from schoolgate.policy.rules import Stage
from schoolgate.policy.sealed import SEALED
from schoolgate.policy.verdict import Verdict
from schoolgate.proxy.live import Live
from schoolgate.proxy.pages import ASK, Form, is_opened, origin_of
from schoolgate.proxy.telling import TELL, tell
from schoolgate.store.event import Deed, Event, deed_event
from schoolgate.store.openings import MISTAKE, WANTED

LONGEST = 200
"""Characters of the words that somebody writes."""
GOOD_FOR = timedelta(hours=1)
MOST, WITHIN = 5, 600.0
"""How often one device may ask in so many seconds; and as often tell that something is wrong, whatever it asked for."""
_REMEMBERED = 10_000
_NEVER = frozenset((LOCAL_BLOCK, NAMES_DISAGREE, BAD_ADDRESS, SEALED))


class NotTaken(Exception):
    """The request is not put on record: a status and plain words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(slots=True)
class Sparing:
    """Lets each device ask a few times in a while; by a clock in seconds."""

    clock: Callable[[], float] = time.monotonic
    _asked: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def may(self, device: str) -> bool:
        """Whether it may ask now; that counts as once more."""
        now = self.clock()
        times = [each for each in self._asked.pop(device, []) if now - each < WITHIN]
        if len(self._asked) >= _REMEMBERED:
            del self._asked[next(iter(self._asked))]
        self._asked[device] = times
        if len(times) >= MOST:
            return False
        times.append(now)
        return True


class Unblocking:
    """Makes the forms of one worker, and takes what is written in them."""

    def __init__(self, live: Live, clock: Callable[[], float] = time.monotonic) -> None:
        self._live, self._sparing = live, Sparing(clock)
        self._used: dict[str, None] = {}

    def form(self, request: WebRequest, verdict: Verdict, event: Event, headers: Mapping[str, str]) -> Form | None:
        """What the block page asks, if it asks anything."""
        asks = verdict.stage in (Stage.HELLO, Stage.REQUEST, Stage.RESPONSE) and verdict.rule not in _NEVER
        if not asks or not verdict.category or not is_opened(headers, request.method, request.path):
            return None
        openable = verdict.stage is not Stage.RESPONSE
        openable = openable and may_be_opened(verdict.category, self._live.snapshot.categories)
        kind = WANTED if openable else MISTAKE
        about = {"about": event.id, "host": verdict.host, "path": request.path, "category": verdict.category}
        about |= {"kind": kind}
        return Form(kind, about | {"token": self._token(request, about)}, LONGEST)

    def take(self, request: WebRequest, identity: Identity, given: Mapping[str, str]) -> bool:
        """Put on record what was asked; False where the form is not one of ours. Raises NotTaken."""
        about = {name: given.get(name, "") for name in ("about", "host", "path", "category", "kind")}
        if not about["about"] or not self._live.tokens.holds(given.get("token", ""), *self._bound(request, about)):
            return False
        if request.at.timestamp() * 1000 - int(about["about"][:12], 16) > GOOD_FOR.total_seconds() * 1000:
            raise NotTaken(403, "This page was shown too long ago. Open the site again, and ask there.")
        worry = given.get("tell", "") == TELL
        used = f"{about['about']}/{TELL if worry else ''}"
        if used in self._used:
            raise NotTaken(409, "This was asked already. Somebody at school will look at it.")
        if not self._sparing.may(f"{request.client}/{TELL if worry else ''}"):
            raise NotTaken(
                429, "You have asked several times. Somebody at school will look at it; please wait a while."
            )
        if worry:
            tell(self._live, request, identity, about["about"], in_short(given.get("words", "")))
        else:
            self._record(request, identity, about, in_short(given.get("words", "")))
        if len(self._used) >= _REMEMBERED:
            del self._used[next(iter(self._used))]
        self._used[used] = None
        return True

    def _record(self, request: WebRequest, identity: Identity, about: Mapping[str, str], words: str) -> None:
        live, client = self._live, request.client or ""
        person = live.footings.person(identity)
        told = {"about": about["about"], "host": about["host"], "path": about["path"], "category": about["category"]}
        told |= {"entry": about["kind"], "why": words, "group": identity.group.id, "client": client, "person": person}
        told |= {"device": live.pseudonyms.of("device", identity.device) if client else ""}
        told |= {"identity_confidence": identity.confidence}
        live.record(deed_event(request.at, Deed.ASKED, person, live.snapshot.version, **told))

    def _token(self, request: WebRequest, about: Mapping[str, str]) -> str:
        return self._live.tokens.of(*self._bound(request, about))

    def _bound(self, request: WebRequest, about: Mapping[str, str]) -> tuple[str, ...]:
        """What a form is good for: this device, this site, this block, and what it says of it."""
        return (ASK, request.client or "", origin_of(request), *(about[name] for name in sorted(about)))


def in_short(words: str) -> str:
    """What somebody wrote, in one line, without anything unseen, and cut."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:LONGEST].strip()
