"""Ties whoever comes back from the issuer to the browser that left for it.

Between leaving and coming back a browser keeps a cookie of its own for ten minutes. State, nonce and verifier are
worked out from it with a secret of this process, so that nothing is remembered here of people who never come back.
"""

import base64
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from schoolgate.console.oidc import Issuer
from schoolgate.settings.sign_on import SignOnEntry

HOLDS = 600  # seconds between leaving and coming back
_AT_ONCE = 4
_MOST_USED = 10_000


@dataclass(slots=True)
class RoundTrips:
    """One for each console. A cookie that came back once is worth nothing any more."""

    clock: Callable[[], float]
    issuer: Issuer = field(init=False)
    asking: threading.Semaphore = field(default_factory=lambda: threading.BoundedSemaphore(_AT_ONCE))
    now: Callable[[], float] = time.time
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _used: dict[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        self.issuer = Issuer(self.clock)

    def begin(self, onward: str) -> str:
        """The cookie of somebody who leaves for the issuer."""
        path = base64.urlsafe_b64encode(onward.encode()).decode().rstrip("=")
        return f"{secrets.token_urlsafe(32)}.{int(self.clock())}.{path}"

    def derived(self, entry: SignOnEntry, cookie: str, what: str) -> str:
        """State, nonce or verifier: 256 bits that only this process can work out, for this issuer and this cookie."""
        text = "\n".join((what, entry.issuer, entry.client_id, cookie))
        return base64.urlsafe_b64encode(hmac.digest(self._secret, text.encode(), "sha256")).decode().rstrip("=")

    def come_back(self, cookie: str) -> str:
        """Where to go on, for a cookie that is neither too old nor used. Raises ValueError."""
        _, began, path = cookie.split(".")
        now, age = self.clock(), self.clock() - int(began)
        with self._lock:
            for each in [each for each, until in self._used.items() if until <= now]:
                del self._used[each]
            if not 0 <= age < HOLDS or cookie in self._used or len(self._used) >= _MOST_USED:
                raise ValueError("too old, or used")
            self._used[cookie] = now + HOLDS
        return base64.urlsafe_b64decode(path + "=" * (-len(path) % 4)).decode()
