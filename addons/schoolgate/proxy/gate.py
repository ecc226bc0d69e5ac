"""The one duty that decides, and that fails closed: whatever goes wrong in here, the page is not shown.

mitmproxy logs an exception in a hook and serves the page all the same. So every hook catches everything, what no hook
has judged is stopped in ``request`` before it can reach a site, and ``streaming`` opens no way for it either.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from mitmproxy.http import HTTPFlow, Response
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.tls import ClientHelloData

from schoolgate.policy.decision import BAD_ADDRESS, NAMES_DISAGREE, Verdict, decide, decide_for, heard, refuse
from schoolgate.policy.identity import Inspect
from schoolgate.policy.request import BadAddress, WebRequest, canonical_host, host_address
from schoolgate.policy.rules import Action, Stage
from schoolgate.policy.visits import Kind, classify
from schoolgate.proxy.live import Live, Passage, Tunnel
from schoolgate.proxy.pages import wanted
from schoolgate.proxy.translate import names_disagree, translate
from schoolgate.store.event import Event, event_of, fault_event

log = logging.getLogger("schoolgate")

_SMALL_BODY = 16 * 1024 * 1024  # a blocked upload larger than this is cut off instead of read to its end for an answer
_WARNED_FOR = 30 * 60.0  # seconds that a warning once shown lets the same person pass
_MOST_WARNED = 10_000


class Gate:
    """Decides on tunnels, ClientHellos and requests."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._warned: dict[tuple[str, str], float] = {}

    def http_connect(self, flow: HTTPFlow) -> None:
        """A tunnel is opened to be looked into; only what is no address at all is refused here."""
        if flow.response or flow.error:
            return
        try:
            host = canonical_host(flow.request.host)
            self._live.tunnels[flow.client_conn] = Tunnel(host, flow.request.port)
        except BadAddress as error:
            self._refuse_unreadable(flow, str(error))
        except Exception as error:
            self._fault(flow, "connect", error)

    def tls_clienthello(self, data: ClientHelloData) -> None:
        """Groups whose TLS stays closed are judged by name here; a refused name is opened to show the block page."""
        client = data.context.client
        try:
            tunnel = self._live.tunnels.get(client)
            if tunnel is None:
                return
            peer = client.peername
            address = str(peer[0]) if peer else None
            identity = self._live.snapshot.people.identify(address, self._live.users.get(client))
            if identity.group.inspect is Inspect.FULL:
                return
            sni = data.client_hello.sni
            names = dict.fromkeys([tunnel.host, *([canonical_host(sni)] if sni else [])])
            now = datetime.now(UTC)
            request = WebRequest(now, address, None, "CONNECT", "https", tuple(names), tunnel.port, "", "")
            verdict = decide_for(identity, request, self._live.snapshot, Stage.HELLO)
            if identity.group.inspect is Inspect.NONE:
                data.ignore_connection = True
            elif verdict.action is Action.BLOCK:
                event = event_of(request, verdict, Kind.UNKNOWN, self._live.pseudonyms)
                self._live.record(event)
                tunnel.refused = (verdict, event)
            elif len(request.names) == 1 and host_address(request.host) is None:
                data.ignore_connection = True  # anything else could hide another site, so it is opened and judged
            self._live.count(verdict)
        except Exception as error:
            # not passed through: the connection is opened, and each request in it is judged or stopped
            self._note_fault("hello", error)

    def requestheaders(self, flow: HTTPFlow) -> None:
        """The verdict on a request, before any of it has gone to a site."""
        if flow.error:
            return
        try:
            if flow.response:
                self._live.judged[flow] = None
            else:
                self._judge(flow)
        except BadAddress as error:
            self._refuse_unreadable(flow, str(error))
        except Exception as error:
            self._fault(flow, "request", error)
        if flow.response is not None and _is_large(flow):
            flow.kill()

    def request(self, flow: HTTPFlow) -> None:
        """What came here unjudged goes no further."""
        if flow not in self._live.judged and flow.response is None and not flow.error:
            self._fault(flow, "unjudged", RuntimeError("the request was never judged"))

    async def server_connect(self, data: ServerConnectionHookData) -> None:
        """Nobody reaches the gateway's own services through the gateway, by whatever name."""
        try:
            address, listen = data.server.address, self._live.settings.school.listen
            if address and address[1] in {own[1] for own in (listen.metrics, listen.console) if own}:
                found = await asyncio.get_running_loop().getaddrinfo(address[0], address[1])
                literals = [host_address(str(entry[4][0])) for entry in found]
                if any(literal is None or literal.is_loopback or literal.is_unspecified for literal in literals):
                    data.server.error = "This address belongs to the school's filter itself."
        except OSError:
            pass  # a name that does not resolve leads nowhere, and mitmproxy says so
        except Exception as error:
            data.server.error = "The filter could not check where this address leads."
            self._note_fault("server_connect", error)

    def _judge(self, flow: HTTPFlow) -> None:
        live, headers = self._live, _lower(flow)
        if flow.request.headers.get("upgrade", "").lower() not in ("", "websocket"):
            flow.request.headers.pop("upgrade", None)  # h2c would carry requests past this gate
        tunnel = live.tunnels.get(flow.client_conn)
        if tunnel is not None and tunnel.refused is not None:
            verdict, event = tunnel.refused
            request = translate(flow, tunnel, None, datetime.now(UTC))
            flow.response = live.pages.block(request, verdict, event.ref, headers)
            live.judged[flow] = None
            return
        request = translate(flow, tunnel, live.users.get(flow.client_conn), datetime.now(UTC))
        started = time.perf_counter()
        snapshot = live.snapshot
        verdict = decide(request, snapshot)
        identity = verdict.identity
        disagree = names_disagree(request, flow.client_conn.sni) and identity.group.inspect is not Inspect.NONE
        if disagree and verdict.action is not Action.BLOCK:
            why = "The request names different sites at once: " + ", ".join(request.names)
            verdict = refuse(identity, request, snapshot, NAMES_DISAGREE, why)
        live.metrics.verdict_took(time.perf_counter() - started)
        live.judged[flow] = Passage(request, verdict)
        live.count(verdict)
        if verdict.action is Action.BLOCK:
            event = self._record(request, verdict, classify(headers).kind)
            if verdict.rule == NAMES_DISAGREE:
                flow.response = live.pages.refused(421, verdict.why, event.ref, headers, request.method, request.path)
            else:
                flow.response = live.pages.block(request, verdict, event.ref, headers)
        elif verdict.action is Action.WARN and wanted(headers, request.method, request.path) == "page":
            self._warn(flow, request, verdict)

    def _warn(self, flow: HTTPFlow, request: WebRequest, verdict: Verdict) -> None:
        """Show the warning once; the same address asked for again passes."""
        key = (request.user or request.client or "", request.host)
        now = time.monotonic()
        if self._warned.get(key, 0.0) > now:
            return
        event = self._record(request, verdict, classify(_lower(flow)).kind)
        if len(self._warned) >= _MOST_WARNED:
            self._warned = {known: until for known, until in self._warned.items() if until > now}
        self._warned[key] = now + _WARNED_FOR
        flow.response = self._live.pages.warn(request, verdict, event.ref)
        self._live.judged[flow] = None

    def _record(self, request: WebRequest, verdict: Verdict, kind: Kind) -> Event:
        """Into the journal before the answer: a client sees no block that is not on record."""
        event = event_of(request, replace(verdict, alert=heard(verdict, kind)), kind, self._live.pseudonyms)
        self._live.record(event)
        return event

    def _refuse_unreadable(self, flow: HTTPFlow, why: str) -> None:
        """An address that cannot be read cannot be judged, so it goes nowhere."""
        try:
            live = self._live
            peer = flow.client_conn.peername
            client = str(peer[0]) if peer else None
            now = datetime.now(UTC)
            request = WebRequest(now, client, None, flow.request.method, "http", ("unreadable",), 0, "", "")
            identity = live.snapshot.people.identify(client, None)
            verdict = refuse(identity, request, live.snapshot, BAD_ADDRESS, f"The address cannot be read: {why}.")
            live.count(verdict)
            event = self._record(request, verdict, Kind.UNKNOWN)
            live.judged[flow] = None
            flow.response = live.pages.refused(400, verdict.why, event.ref, _lower(flow), flow.request.method, "/")
        except Exception as error:
            self._fault(flow, "unreadable", error)

    def _fault(self, flow: HTTPFlow, where: str, error: Exception) -> None:
        """503 first, whatever else fails; then the fault on record and a kinder page, if they can be had."""
        flow.response = Response.make(503, b"", {"Cache-Control": "no-store"})
        ref = self._note_fault(where, error)
        try:
            flow.response = self._live.pages.fault(ref, _lower(flow), flow.request.method, flow.request.path)
        except Exception as second:
            log.error("The page for a fault could not be made: %r", second)

    def _note_fault(self, where: str, error: Exception) -> str:
        """Tell the technician; never raises."""
        try:
            why = f"The gateway could not decide ({where}): {type(error).__name__}: {error}"
            log.error("%s", why, exc_info=error)
            event = fault_event(datetime.now(UTC), f"gate-{where}", why, self._live.snapshot.version)
            self._live.metrics.fault(where)
            self._live.record(event)
        except Exception as second:
            log.error("The fault could not be recorded either: %r", second)
            return "-"
        return event.ref


def _lower(flow: HTTPFlow) -> Mapping[str, str]:
    return {name.lower(): value for name, value in flow.request.headers.items()}


def _is_large(flow: HTTPFlow) -> bool:
    """Whether answering would mean to take in a large body first."""
    headers = flow.request.headers
    if "transfer-encoding" in headers:
        return True
    length = headers.get("content-length", "")
    if length:
        return not length.isdigit() or int(length) > _SMALL_BODY
    return flow.request.http_version == "HTTP/2.0" and flow.request.method in ("POST", "PUT", "PATCH")
