"""The gateway's own site, ``http://schoolgate.local/``: the certificate and the proxy settings for a device.

It answers under that name and under ``mitm.it``, which technicians know, to devices that use the proxy and to those
that are redirected; at the proxy's own address to devices that know nothing yet; and ``wpad.*`` asks it for proxy
settings. Nobody has to log in for it, and nobody's visit to it is recorded.
"""

import socket
from collections.abc import Callable
from contextlib import closing
from ipaddress import IPv4Address, IPv6Address, ip_address

from mitmproxy.http import HTTPFlow, Response

from schoolgate.policy.request import BadAddress, canonical_host, host_address
from schoolgate.proxy.act import Act
from schoolgate.proxy.certificates import authority_of
from schoolgate.proxy.handouts import as_der, as_profile, pac
from schoolgate.proxy.live import Live
from schoolgate.proxy.names import OWN_NAMES, is_wpad
from schoolgate.proxy.own import is_own

_PEM, _DER, _PROFILE = "/schoolgate-ca.crt", "/schoolgate-ca.cer", "/schoolgate-ca.mobileconfig"
_PAC = ("/proxy.pac", "/wpad.dat")
_CERTIFICATE = "application/x-x509-ca-cert"


class Portal:
    """Answers for the gateway itself, before anybody is asked who they are."""

    def __init__(self, live: Live, act: Act) -> None:
        self._live, self._act = live, act
        self._at: dict[str, Callable[[HTTPFlow], Response]] = {
            "/": self._page,
            _PEM: lambda _: _file(self._pem(), _CERTIFICATE, _PEM),
            _DER: lambda _: _file(as_der(self._pem()), _CERTIFICATE, _DER),
            _PROFILE: lambda _: _file(self._profile(), "application/x-apple-aspen-config", _PROFILE),
            **dict.fromkeys(_PAC, self._pac),
        }

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Whatever is asked of the gateway's own names is answered here, and goes nowhere."""
        try:
            if flow.response or flow.error or flow in self._live.asked or not self._is_asked(flow):
                return
            path = flow.request.path.partition("?")[0]
            answer = self._at.get(path)
            if flow.request.method not in ("GET", "HEAD"):
                flow.response = _words(405, "This page can only be read.\n")
            elif answer is None:
                flow.response = _words(404, "There is no such page here. Open http://schoolgate.local/ instead.\n")
            else:
                flow.response = answer(flow)
        except Exception as error:
            self._act.fail(flow, "portal", error)

    def _is_asked(self, flow: HTTPFlow) -> bool:
        try:
            host = canonical_host(flow.request.host)
        except BadAddress:
            return False  # the gate refuses it
        if host in OWN_NAMES or is_wpad(host):
            return True
        own = {port for _, port in self._live.settings.school.listen.proxy}
        return flow.request.port in own and host_address(host) is not None and is_own(host)

    def _page(self, flow: HTTPFlow) -> Response:
        fingerprint = authority_of(self._live.settings.data).fingerprint
        proxies = [f"{f'[{host}]' if ':' in host else host}:{port}" for host, port in self._proxies(flow)]
        return self._live.pages.portal(fingerprint, proxies)

    def _pac(self, flow: HTTPFlow) -> Response:
        proxies = self._proxies(flow)
        if not proxies:
            return _words(404, "No proxy listens for devices that ask by this kind of address (IPv4 or IPv6).\n")
        text = pac(proxies, self._live.settings.school.gateway.direct)
        return _file(text.encode(), "application/x-ns-proxy-autoconfig")

    def _proxies(self, flow: HTTPFlow) -> list[tuple[str, int]]:
        """Where this device reaches the proxies; one that is open everywhere is told by the address that faces it."""
        facing, found = _facing(flow), list[tuple[str, int]]()
        for host, port in self._live.settings.school.listen.proxy:
            address = host_address(host)
            is_here = host == "localhost" or (address is not None and address.is_loopback)
            if is_here and not facing.is_loopback:
                continue  # there the device would find itself
            if address is None or not address.is_unspecified:
                found.append((host, port))
            elif address.version == facing.version:
                found.append((str(facing), port))
        return list(dict.fromkeys(found))

    def _pem(self) -> bytes:
        return authority_of(self._live.settings.data).certificate.read_bytes()

    def _profile(self) -> bytes:
        return as_profile(self._pem(), self._live.settings.school.name)


def _facing(flow: HTTPFlow) -> IPv4Address | IPv6Address:
    """The address of this machine from which a packet to the device would go."""
    peer = host_address(str(flow.client_conn.peername[0])) if flow.client_conn.peername else None
    if peer is None:
        return IPv4Address("127.0.0.1")
    with closing(socket.socket(socket.AF_INET if peer.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect((str(peer), 9))  # UDP: nothing is sent
        except OSError:
            return IPv4Address("127.0.0.1")  # a device in a tunnel, to which no other way leads
        return ip_address(probe.getsockname()[0])


def _file(content: bytes, kind: str, name: str = "") -> Response:
    headers = {"Content-Type": kind, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name.removeprefix("/")}"'
    return Response.make(200, content, headers)


def _words(status: int, words: str) -> Response:
    return Response.make(status, words, {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"})
