"""Connections that never asked for a proxy: each leads where the name that it says leads, whatever address it took.

A device behind the gateway connects to an address, and nftables sends the connection here (``gateway/``). Who chooses
an address could put a harmless name beside it. So the name alone counts: it is judged, and the gateway itself looks up
where it leads. A connection that says no name is judged by its address.
"""

from mitmproxy.connection import Client
from mitmproxy.http import HTTPFlow
from mitmproxy.proxy.mode_specs import TransparentMode, WireGuardMode
from mitmproxy.tls import ClientHelloData

from schoolgate.policy.request import BadAddress, canonical_host, split_authority
from schoolgate.proxy.live import Live, Tunnel


class Redirected:
    """Stands before the gate. What cannot be read is left to it: it refuses what it cannot judge."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def tls_clienthello(self, data: ClientHelloData) -> None:
        """The SNI is where the connection leads; without one, its address is."""
        address = data.context.server.address
        if not is_redirected(data.context.client) or address is None:
            return
        try:
            host = canonical_host(data.client_hello.sni or address[0])
        except BadAddress:
            return
        data.context.server.address = (host, address[1])
        self._live.tunnels[data.context.client] = Tunnel(host, address[1])

    def requestheaders(self, flow: HTTPFlow) -> None:
        """A plain request leads where its Host header leads."""
        if not is_redirected(flow.client_conn) or flow.request.scheme != "http":
            return
        try:
            authority = flow.request.authority or flow.request.headers.get("host", "")
            flow.request.data.host = split_authority(authority)[0]
        except BadAddress:
            return


def is_redirected(client: Client) -> bool:
    """Whether the device knows of no proxy, so that nothing can be asked of it in a proxy's words."""
    return isinstance(client.proxy_mode, (TransparentMode, WireGuardMode))
