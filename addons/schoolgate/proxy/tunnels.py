"""Which tunnels begin without any duty having to say something about their CONNECT: nearly all of them.

A flow, a stream of HTTP and layers around the tunnel are much work for a request that is answered with 200. So where
nobody logs in or has to, and a website may stand on that port, this answers for all duties that handle ``http_connect``
(``doorstep`` in ``insides`` asks it), and what is in the tunnel is judged as it is in any other.
"""

from mitmproxy.connection import Client

from schoolgate.policy.ports import past_the_filter
from schoolgate.policy.request import BadAddress, canonical_host
from schoolgate.proxy.coverage import Coverage
from schoolgate.proxy.gate import Gate
from schoolgate.proxy.live import Live, Tunnel
from schoolgate.proxy.login import Login, is_asked
from schoolgate.proxy.odd_ports import OddPorts
from schoolgate.proxy.probes import Probes


class Tunnels:
    """Found by its name; a CONNECT with headers that mean something never comes here."""

    name = "tunnels"
    stands_for = frozenset({Probes, Login, OddPorts, Gate, Coverage})
    """Whose ``http_connect`` this answers for. Where anybody else handles it, nobody asks here."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def opens(self, client: Client, host: str, port: int) -> bool:
        """Whether the tunnel begins; if not, nothing was done, and it is a matter for the duties."""
        if past_the_filter(port) or is_asked(self._live, client):
            return False
        try:
            self._live.tunnels[client] = Tunnel(canonical_host(host), port)
        except BadAddress:
            return False
        return True
