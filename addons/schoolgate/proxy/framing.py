"""Sees that what was packed for the way is judged, and that trailers go where they can be said.

A body may be packed by ``Transfer-Encoding: gzip, chunked`` as well as by ``Content-Encoding`` (RFC 9112, 7). Nobody
asks for it, since the gateway does not pass the question on, and what comes so all the same would be read as noise by
every duty that judges, but not by the device. So a transfer coding becomes the content coding that it amounts to.
"""

from mitmproxy.http import Headers, HTTPFlow

from schoolgate.proxy.insides.framing import frame_as_we_do
from schoolgate.proxy.live import Live

_FRAMES = ("", "chunked", "identity")


class Framing:
    """Stands before every duty that reads a body."""

    def __init__(self, live: Live) -> None:
        if not frame_as_we_do():
            live.metrics.fault("insides")

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Before any of an upload is judged."""
        headers = flow.request.headers
        if headers.get("te", "trailers").strip().lower() != "trailers":
            headers.pop("te")
        _as_content(headers)

    def request(self, flow: HTTPFlow) -> None:
        """Mitmproxy cannot say trailers in HTTP/1, and would end the connection."""
        if flow.request.trailers and flow.server_conn.alpn != b"h2":
            flow.request.trailers = None

    def response(self, flow: HTTPFlow) -> None:
        """The same of an answer."""
        if flow.response is not None and flow.response.trailers and not flow.request.is_http2:
            flow.response.trailers = None

    def responseheaders(self, flow: HTTPFlow) -> None:
        """Before any of an answer is. A WebSocket is not asked for packed, so it may not come so: what mitmproxy would
        unpack of one message has no bounds.
        """
        if flow.response is None:
            return
        _as_content(flow.response.headers)
        if flow.response.status_code == 101:
            flow.response.headers.pop("sec-websocket-extensions", None)


def _as_content(headers: Headers) -> None:
    """The transfer codings were done last, so they stand last."""
    if "transfer-encoding" not in headers:
        return
    codings = [coding.strip().lower() for coding in headers["transfer-encoding"].split(",")]
    packed = [coding for coding in codings if coding not in _FRAMES]
    if not packed:
        return
    before = headers.get("content-encoding", "")
    headers["content-encoding"] = ", ".join([before, *packed] if before else packed)
    if "chunked" in codings:
        headers["transfer-encoding"] = "chunked"
    else:
        headers.pop("transfer-encoding")
