"""Turns mitmproxy's flow into the one ``WebRequest`` that policy judges."""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote_from_bytes

import can_ada
from mitmproxy.http import HTTPFlow

from schoolgate.policy.request import (
    BadAddress,
    WebRequest,
    canonical_host,
    host_address,
    match_target,
    shown_path,
    split_authority,
)
from schoolgate.policy.signs import of_request, opens_a_page
from schoolgate.proxy.live import Tunnel

_GOES_ON = re.compile(rb"[\n\r\0]")
_KEEP = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "#")
_KEPT = _KEEP.encode()


def translate(
    flow: HTTPFlow,
    tunnel: Tunnel | None,
    user: str | None,
    at: datetime,
    headers: Mapping[str, str] | None = None,
) -> WebRequest:
    """Every name that the request carries, and its path as a browser reads it. Raises BadAddress.

    With its ``headers`` (by lower-case names) it is told what they show besides: signs, and whether a page is opened.
    """
    request = flow.request
    if _GOES_ON.search(b"".join([value for _, value in request.headers.fields])):
        # a site may read what follows as a header of its own; mitmproxy passes folded lines on (RFC 9112, 5.2)
        raise BadAddress("a header of the request goes on over more than one line")
    try:
        parsed = can_ada.parse("http://host" + path_of(flow))
    except (ValueError, TypeError) as error:
        raise BadAddress("the path of the address cannot be read") from error
    peer, names, path, query = flow.client_conn.peername, _names(flow, tunnel), parsed.pathname, parsed.search
    return WebRequest(
        at=at,
        client=str(peer[0]) if peer else None,
        user=user,
        method=request.method,
        scheme=request.scheme,
        names=names,
        port=request.port,
        path=shown_path(path),
        target=match_target(path, query),
        query=query.removeprefix("?"),
        asked=path + query,
        signs=of_request(request.method, names[0], path + query, headers) if headers is not None else (),
        opened=headers is not None and opens_a_page(headers),
    )


def path_of(flow: HTTPFlow) -> str:
    """Path and query as they were asked for, with whatever is no plain ASCII percent-encoded."""
    path = flow.request.data.path
    raw = quote_from_bytes(path, safe=_KEEP) if path.translate(None, _KEPT) else path.decode("ascii")
    if not raw.startswith("/"):
        raw = "/" if raw == "*" else "/" + raw
    return raw


def _names(flow: HTTPFlow, tunnel: Tunnel | None) -> tuple[str, ...]:
    """The host that would be contacted, then every other name: Host or :authority, CONNECT target, SNI."""
    request = flow.request
    names = [canonical_host(request.host)]
    hosts = [value for name, value in request.headers.fields if len(name) == 4 and name.lower() == b"host"]
    if len(hosts) > 1:
        raise BadAddress("the request names its host twice")
    for authority in (*[host.decode("utf-8", "surrogateescape") for host in hosts], request.authority):
        if authority:
            if "@" in authority:
                raise BadAddress("the request hides a login in its host name")
            names.append(split_authority(authority)[0])
    if tunnel is not None:
        names.append(tunnel.host)
    if flow.client_conn.sni:
        names.append(canonical_host(flow.client_conn.sni))
    return tuple(dict.fromkeys(names))


def names_disagree(request: WebRequest, sni: str | None) -> bool:
    """Whether one request names several sites: the one that is shown could then differ from the one that is judged.

    An address as CONNECT target beside one name is no disagreement where that name is the SNI: the site's certificate
    then has to prove the name.
    """
    others = set(request.names)
    if sni and len(others) == 2 and host_address(request.host) is not None:
        others.discard(request.host)
    return len(others) > 1
