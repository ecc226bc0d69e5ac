"""Tells the visit ledger of one worker what people who work here ask for, and what came back."""

from collections.abc import Mapping

from mitmproxy.http import HTTPFlow

from schoolgate.policy.request import WebRequest
from schoolgate.policy.visits import Origin, Seen, Visits
from schoolgate.proxy.footing import Footing
from schoolgate.proxy.pages import origin_of

_TOLD = ("content-disposition", "x-frame-options", "content-security-policy")
"""What of an answer's headers tells whether it is a page of its own."""


class Ledger:
    """The ledger goes by person and device: two people at one machine open no pages for each other."""

    def __init__(self) -> None:
        self._visits = Visits()

    def answered(self, flow: HTTPFlow, request: WebRequest, footing: Footing, headers: Mapping[str, str]) -> Origin:
        """What the request was, once a site has answered it; ``headers`` are its own, by lower-case names."""
        response = flow.response
        if response is None:
            return self.stopped(flow, request, footing, headers)
        answer = {name: response.headers[name] for name in _TOLD if name in response.headers}
        kind, location = response.headers.get("content-type", ""), response.headers.get("location", "")
        return self._visits.judge(
            Seen(
                request.at,
                _who(request, footing),
                request.method,
                origin_of(request) + flow.request.path,
                headers,
                response.status_code,
                kind,
                location,
                answer,
            )
        )

    def stopped(self, flow: HTTPFlow, request: WebRequest, footing: Footing, headers: Mapping[str, str]) -> Origin:
        """The same where the gateway answered in the site's place."""
        url = origin_of(request) + flow.request.path
        return self._visits.judge(Seen(request.at, _who(request, footing), request.method, url, headers, 403))


def _who(request: WebRequest, footing: Footing) -> str:
    return f"{request.client} {footing.person}"
