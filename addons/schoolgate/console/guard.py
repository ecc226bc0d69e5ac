"""The outermost station: only requests that mean this console come in, and every answer leaves with safety headers."""

from collections.abc import Callable, Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schoolgate.policy.request import BadAddress, canonical_host, host_address

SAFETY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = "Content-Security-Policy"
"""The header that says what a page may load and do."""
SANDBOX = "default-src 'none'; sandbox"
"""The policy of a file that somebody sent: whatever a browser makes of it, it can do nothing."""
PAPER = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-same-origin"
"""The policy of a report, which brings its own styles and pictures, and does nothing either.

It keeps its origin, so that whoever follows a link from it to the log is still logged in; no script of it runs.
"""
LIVE = f"{SAFETY[POLICY]}; script-src 'self'; connect-src 'self'"
"""The policy of the one page that runs a script, and that of the console alone."""


class Guard:
    """ASGI middleware; ``hosts`` tells the names that are the console's own."""

    def __init__(self, app: ASGIApp, hosts: Callable[[], Collection[str]]) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return

        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                own = headers.get(POLICY, "")
                for name, value in SAFETY.items():
                    headers[name] = value
                if own in (SANDBOX, PAPER, LIVE):
                    headers[POLICY] = own
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if is_own_host(Headers(scope=scope).get("host", ""), self._hosts()):
            await self._app(scope, receive, safely)
        else:
            words = "This is the school's filter, but not under this name. Use its address in the address bar.\n"
            await PlainTextResponse(words, 421)(scope, receive, safely)


def is_own_host(written: str, own: Collection[str]) -> bool:
    """Whether a Host header can mean this console: a page of another name that leads here (DNS rebinding) cannot."""
    name = written.rpartition(":")[0] if not written.endswith("]") and ":" in written else written
    try:
        host = canonical_host(name)
    except BadAddress:
        return False
    return host_address(host) is not None or host in ("localhost", *(each.casefold() for each in own))
