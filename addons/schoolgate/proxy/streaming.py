"""Lets bodies flow by without being held: nothing in this version judges them, so nothing may keep them waiting.

It also takes ``Alt-Svc`` out of answers: with it a browser would try QUIC, past the gateway.
"""

from mitmproxy.http import HTTPFlow

from schoolgate.proxy.live import Live


class Streaming:
    """Streams uploads that were let through, and every answer of a site."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Only what was judged and let through is streamed: a stream opens the connection to the site at once."""
        if flow.response is None and not flow.error and self._live.judged.get(flow) is not None:
            flow.request.stream = True

    def responseheaders(self, flow: HTTPFlow) -> None:
        """A WebSocket's 101 stays unstreamed, so that mitmproxy sees the upgrade."""
        if flow.response is not None:
            flow.response.headers.pop("alt-svc", None)
            flow.response.stream = flow.response.status_code != 101 and flow.response.raw_content is None
