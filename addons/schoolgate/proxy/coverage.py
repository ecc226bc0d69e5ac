"""Counts what becomes of each connection: looked into, judged by its name, passed through, refused, or broken off.

Counted are groups and hours, never persons. An app is named (by its registrable domain) only where the gateway itself
passes it through for a group that it looks into; of private topics and of groups that are not looked into, nothing is.
"""

import logging

from mitmproxy.connection import Client
from mitmproxy.http import HTTPFlow
from mitmproxy.tls import ClientHelloData, TlsData

from schoolgate.lists.guards import site_of
from schoolgate.policy.identity import Inspect
from schoolgate.policy.passing import Ground
from schoolgate.policy.request import BadAddress, canonical_host, host_address
from schoolgate.proxy.attached import Marks
from schoolgate.proxy.live import Live, Tunnel
from schoolgate.proxy.names import OWN_NAMES, is_wpad
from schoolgate.proxy.own import is_own
from schoolgate.proxy.refusals import Sign, sign_of
from schoolgate.store.coverage import Fate

log = logging.getLogger("schoolgate")


class Coverage:
    """Stands after every duty that closes, passes through or opens a connection; it changes nothing."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._counted = Marks[Client]()

    def http_connect(self, flow: HTTPFlow) -> None:
        """A tunnel that was asked for and is not opened; that a login is asked for first is no refusal."""
        if flow.response is not None and flow.response.status_code not in (200, 407):
            self._count(flow.client_conn, Fate.REFUSED)

    def tls_clienthello(self, data: ClientHelloData) -> None:
        """What is decided by the first message: passed through, or refused by its name."""
        client = data.context.client
        try:
            tunnel = self._live.tunnels.get(client)
            if tunnel is not None and tunnel.is_refused:
                self._count(client, Fate.REFUSED)
            elif data.ignore_connection:
                is_by_name = self._live.identify(client).group.inspect is Inspect.NAMES
                self._count(client, Fate.NAME if is_by_name else Fate.PASSED, _app(tunnel) if tunnel else "")
        except Exception as error:
            _failed(error)

    def tls_established_client(self, data: TlsData) -> None:
        """The device took the gateway's certificate."""
        tunnel = self._live.tunnels.get(data.context.client)
        if tunnel is None or not _is_the_gateways(tunnel.host):
            self._count(data.context.client, Fate.DECRYPTED)

    def tls_failed_client(self, data: TlsData) -> None:
        """The device did not: it lacks the authority, or its app insists on the site's own certificate.

        Browsers also leave off in the middle what they opened to be quick. Nothing came of that, so it is not counted.
        """
        if sign_of(data.conn.error or "") is Sign.ALERT:
            self._count(data.context.client, Fate.BROKEN)

    def requestheaders(self, flow: HTTPFlow) -> None:
        """What is not encrypted at all is seen whole; a connection counts once, however many requests it carries."""
        client = flow.client_conn
        if client not in self._counted and not client.tls_established and not _is_the_gateways(flow.request.host):
            self._count(client, Fate.PLAIN)

    def _count(self, client: Client, fate: Fate, app: str = "") -> None:
        """Count a connection by the first that becomes of it; the gateway's own probes are nobody's."""
        try:
            if client not in self._counted and client not in self._live.probes:
                self._counted.add(client)
                self._live.count_connection(self._live.identify(client).group.id, fate, app)
        except Exception as error:
            _failed(error)


def _is_the_gateways(host: str) -> bool:
    """Whether the gateway itself is asked for something, such as its proxy settings: that is no traffic of a group."""
    try:
        name = canonical_host(host)
    except BadAddress:
        return False
    return name in OWN_NAMES or is_wpad(name) or (host_address(name) is not None and is_own(name))


def _app(tunnel: Tunnel) -> str:
    """The site that was passed through, where its group is looked into and it is no private topic."""
    return "" if tunnel.passed in (None, Ground.TOPIC) else site_of(tunnel.host)


def _failed(error: Exception) -> None:
    """A count that is lost is no reason to hold up anybody."""
    log.error("A connection could not be counted: %s", type(error).__name__)
