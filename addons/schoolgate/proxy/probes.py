"""The gateway's own probes: asked as a group that the asker is not in, judged like everything, and sent to no site.

A probe comes from this very machine (127.0.0.1, 127.255.x.x or ::1, to the proxy, through no tunnel) and carries a
proof under a key that only the gateway's user can read. Who had the key could have the gateway judge, and open nothing
by it: whatever is asked for on such a connection is answered here, with what would have been sent on. The header goes
no further, whoever sends it. Nothing of a probe counts for anybody: it is in no report, alert or figure.
"""

import json
import logging
import time
from typing import Any

from mitmproxy.connection import Client
from mitmproxy.http import HTTPFlow, Response
from mitmproxy.proxy.mode_specs import RegularMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.tls import ClientHelloData

from schoolgate.policy.request import BadAddress, canonical_host
from schoolgate.policy.reserved import is_reserved
from schoolgate.policy.verdict import Verdict
from schoolgate.proxy.live import Live, Probe
from schoolgate.store.proof import HEADER, Proofs, open_proofs

log = logging.getLogger("schoolgate")

_HERE = ("127.0.0.1", "::1")
_HERE_TOO = "127.255."
"""Addresses of this machine, too, so that each of several workers can be asked: which it is, the address decides."""
_SENT_NOWHERE = "A probe of the gateway's own goes to no site."
_ALLOWED = "This is a test name of the school's filter. It is not blocked for this device now.\n"


class Probes:
    """Knows a probe when it comes; it stands before every duty that asks who somebody is."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._proofs = _opened(live)

    def http_connect(self, flow: HTTPFlow) -> None:
        """A tunnel that is opened with a proof is a probe with all that comes through it."""
        self._meet(flow)

    def requestheaders(self, flow: HTTPFlow) -> None:
        """A plain request carries its own proof."""
        self._meet(flow)

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Whatever was decided, no site is contacted for a probe."""
        if data.client in self._live.probes:
            data.server.error = _SENT_NOWHERE

    def _meet(self, flow: HTTPFlow) -> None:
        said = flow.request.headers.get_all(HEADER)
        if not said:
            return
        flow.request.headers.pop(HEADER, None)
        try:
            in_a_tunnel = flow.client_conn in self._live.tunnels
            group = self._group(flow.client_conn, said) if not in_a_tunnel else None
            if group is not None:
                self._live.probes[flow.client_conn] = Probe(group)
        except Exception as error:
            log.error("A probe could not be told from a device's request: %s", type(error).__name__)

    def _group(self, client: Client, said: list[str]) -> str | None:
        """The group of a proof that holds, from where it may come."""
        address = str(client.peername[0]) if client.peername is not None else ""
        if (
            not (address in _HERE or address.startswith(_HERE_TOO))
            or not isinstance(client.proxy_mode, RegularMode)
            or len(said) != 1
            or self._proofs is None
        ):
            return None
        return self._proofs.group(said[0], time.time())


class Unsent:
    """Answers in a site's place what a probe asked for and no duty refused; it stands after all that changes it."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def tls_clienthello(self, data: ClientHelloData) -> None:
        """What would be passed through closed is opened: no site is there to end it."""
        if data.context.client in self._live.probes:
            data.ignore_connection = False

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Nothing of it leaves the gateway. A reserved name that is not blocked is answered to devices, too."""
        if flow.error:
            return
        probe = self._live.probes.get(flow.client_conn)
        if probe is None:
            if flow.response is None and _leads_nowhere(flow):
                flow.response = Response.make(200, _ALLOWED, _PLAIN)
                self._live.judged[flow] = None
            return
        if flow.response is None:
            flow.response = Response.make(200, json.dumps(_as_sent(flow)), _JSON)
            self._live.judged[flow] = None
        if probe.verdict is not None:
            flow.response.headers[HEADER] = json.dumps(_told(probe.verdict))


_PLAIN = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def _leads_nowhere(flow: HTTPFlow) -> bool:
    try:
        return is_reserved(canonical_host(flow.request.host))
    except BadAddress:
        return False


def _as_sent(flow: HTTPFlow) -> dict[str, Any]:
    """What the site would have got."""
    request = flow.request
    return {"method": request.method, "url": request.url, "headers": [[n, v] for n, v in request.headers.items(True)]}


def _told(verdict: Verdict) -> dict[str, str]:
    """In ASCII, as headers are."""
    told = {"action": verdict.action.value, "category": verdict.category, "rule": verdict.rule}
    return told | {"stage": verdict.stage.value, "snapshot": verdict.snapshot, "list": verdict.list}


def _opened(live: Live) -> Proofs | None:
    """Without a key of its own the gateway filters on, and knows no probe."""
    try:
        return open_proofs(live.settings.data)
    except OSError as error:
        live.metrics.fault("probes")
        log.error("The gateway cannot be probed: %s: %s", error.filename, error.strerror)
        return None
