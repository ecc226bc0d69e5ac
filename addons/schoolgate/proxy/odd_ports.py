"""Refuses tunnels to ports on which no website stands, but VPNs, SSH, Tor or remote desktops do.

What comes through any other tunnel is looked into: what is no TLS and no HTTP ends there, whatever the port.
"""

from datetime import UTC, datetime

from mitmproxy.http import HTTPFlow

from schoolgate.policy.decision import ODD_PORT, refuse
from schoolgate.policy.identity import Inspect
from schoolgate.policy.ports import past_the_filter
from schoolgate.policy.request import BadAddress, WebRequest, canonical_host
from schoolgate.policy.visits import Kind, Origin
from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.live import Live

_ORIGIN = Origin(Kind.UNKNOWN, "a program asked for a tunnel")


class OddPorts:
    """Stands after the login, so that it is known who asks, and before the gate."""

    def __init__(self, live: Live, act: Act) -> None:
        self._live, self._act = live, act

    def http_connect(self, flow: HTTPFlow) -> None:
        """A tunnel is asked for."""
        port = flow.request.port
        if flow.response or flow.error or not (known := past_the_filter(port)):
            return
        try:
            host = canonical_host(flow.request.host)
            identity = self._live.identify(flow.client_conn)
            if identity.group.inspect is Inspect.NONE:
                return
            now = datetime.now(UTC)
            request = WebRequest(now, identity.client, identity.user, "CONNECT", "https", (host,), port, "", "")
            why = f"Port {port} is not for websites: it is known for {known}, which leads past the filter."
            verdict = refuse(identity, request, self._live.snapshot, ODD_PORT, why)
            self._live.count(verdict)
            event = self._act.record(request, verdict, _ORIGIN)
            flow.response = self._live.pages.refused(403, why, event.ref, lower(flow), "CONNECT", "/")
        except BadAddress:
            return  # the gate refuses what it cannot read
        except Exception as error:
            self._act.fail(flow, "port", error)
