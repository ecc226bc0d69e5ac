"""Tells search engines to answer safely, and logins whose accounts the school allows, in every request that passes.

It changes what is sent to the site, never what was judged and recorded. Nothing here keeps a request from being judged:
it runs after the gate. A copy that a browser or a site kept from before is asked for anew under the changed address.
"""

from mitmproxy.http import HTTPFlow

from schoolgate.content.safe_search import Change, Level, safe_change, safe_form, with_cookies
from schoolgate.content.tenants import Tenants, tenant_headers
from schoolgate.policy.identity import Inspect
from schoolgate.proxy.act import Act
from schoolgate.proxy.live import Live, Passage

# a browser that names a dictionary it has may get an answer that only it can unpack, made from an older, unsafe one
_DICTIONARIES = ("available-dictionary", "dictionary-id")


class SafeSearch:
    """Changes requests that the gate has let through; fails closed like the gate."""

    def __init__(self, live: Live, act: Act) -> None:
        self._live, self._act = live, act
        self._tenants: tuple[object, Tenants] = None, Tenants()

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Before any of the request goes to the site."""
        passage = self._passage(flow)
        if passage is None:
            return
        try:
            self._restrict_tenants(flow, passage)
            self._make_safe(flow, passage)
        except Exception as error:
            self._act.fail(flow, "safe-search", error)

    def request(self, flow: HTTPFlow) -> None:
        """A posted search says in its body how safe it shall be; where the body was held, that is changed too."""
        passage = self._passage(flow)
        if passage is None or not flow.request.raw_content or "content-encoding" in flow.request.headers:
            return
        try:
            for host in passage.request.names:
                kind, body = flow.request.headers.get("content-type", ""), flow.request.raw_content
                changed = safe_form(host, _path(flow)[0], kind, body, _level(passage))
                if changed is not None:
                    flow.request.raw_content = changed
                    flow.request.headers["content-length"] = str(len(changed))
        except Exception as error:
            self._act.fail(flow, "safe-search", error)

    def _passage(self, flow: HTTPFlow) -> Passage | None:
        if flow.response is not None or flow.error:
            return None
        passage = self._live.judged.get(flow)
        if passage is None or passage.verdict.identity.group.inspect is Inspect.NONE:
            return None
        return passage

    def _make_safe(self, flow: HTTPFlow, passage: Passage) -> None:
        for host in passage.request.names:
            path, query = _path(flow)
            cookies = "; ".join(flow.request.headers.get_all("cookie"))
            change = safe_change(host, path, query, _level(passage), cookies)
            if change is not None:
                _apply(flow, path, change, cookies)

    def _restrict_tenants(self, flow: HTTPFlow, passage: Passage) -> None:
        entry = self._live.settings.school.tenants
        if entry is not self._tenants[0]:
            given = tuple(entry.google), tuple(entry.microsoft), entry.microsoft_context, entry.personal_microsoft
            self._tenants = entry, Tenants(*given)
        tenants = self._tenants[1]
        for host in passage.request.names:
            for name, value in tenant_headers(host, tenants).items():
                flow.request.headers[name] = value


def _level(passage: Passage) -> Level:
    return Level(passage.verdict.identity.group.safe_search)


def _path(flow: HTTPFlow) -> tuple[str, str]:
    """Raw path and query, one character a byte. A ``#``, which no browser sends, would hide the query behind it."""
    path, _, query = flow.request.data.path.decode("latin-1").partition("?")
    return (path.partition("#")[0], "") if "#" in path else (path, query)


def _apply(flow: HTTPFlow, path: str, change: Change, cookies: str) -> None:
    if change.query is not None:
        flow.request.data.path = f"{path}?{change.query}".encode("latin-1") if change.query else path.encode("latin-1")
    for name, value in change.headers.items():
        flow.request.headers[name] = value
    if change.cookies:
        flow.request.headers["cookie"] = with_cookies(cookies, change.cookies)
    for name in _DICTIONARIES:
        flow.request.headers.pop(name, None)
