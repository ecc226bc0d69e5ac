"""Lets every body flow by that no duty before it holds or judges: nothing else may keep a page waiting.

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
        judged = self._live.judged.get(flow) is not None
        if flow.response is None and not flow.error and judged and not flow.request.stream:
            flow.request.stream = flow not in self._live.held

    def responseheaders(self, flow: HTTPFlow) -> None:
        """A WebSocket's 101 stays unstreamed, so that mitmproxy sees the upgrade."""
        if flow.response is not None:
            flow.response.headers.pop("alt-svc", None)
            whole = flow.response.status_code == 101 or flow.response.raw_content is not None
            if not flow.response.stream or whole:
                flow.response.stream = not whole and flow not in self._live.held
