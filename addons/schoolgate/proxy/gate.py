"""The one duty that decides, and that fails closed: whatever goes wrong in here, the page is not shown.

mitmproxy logs an exception in a hook and serves the page all the same. So every hook catches everything, what no hook
has judged is stopped in ``request`` before it can reach a site, and ``streaming`` opens no way for it either.
"""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime

from mitmproxy.http import HTTPFlow
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.tls import ClientHelloData

from schoolgate.content.verdict import on_search
from schoolgate.policy.decision import (
    BAD_ADDRESS,
    NAMES_DISAGREE,
    Verdict,
    decide_for,
    is_judged,
    is_private,
    outweighs,
    refuse,
)
from schoolgate.policy.identity import Identity, Inspect
from schoolgate.policy.request import BadAddress, WebRequest, canonical_host, host_address
from schoolgate.policy.rules import Action, Stage, Subject
from schoolgate.policy.visits import Kind, Origin, classify
from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.footing import State
from schoolgate.proxy.live import Live, Passage, Tunnel
from schoolgate.proxy.pages import wanted
from schoolgate.proxy.translate import names_disagree, translate
from schoolgate.store.event import event_of

_NOT_KEPT = "Nothing of this is looked at or kept."
_SMALL_BODY = 16 * 1024 * 1024  # a blocked upload larger than this is cut off instead of read to its end for an answer


class Gate:
    """Decides on tunnels, ClientHellos and requests."""

    def __init__(self, live: Live, act: Act) -> None:
        self._live, self._act = live, act

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
            self._act.fail(flow, "connect", error)

    def tls_clienthello(self, data: ClientHelloData) -> None:
        """Groups whose TLS stays closed are judged by name here; a refused name is opened to show the block page.

        What is nobody's business stays closed too: of it, only that there was a request of the group is counted.
        """
        client = data.context.client
        try:
            tunnel = self._live.tunnels.get(client)
            if tunnel is None:
                return
            peer = client.peername
            address = str(peer[0]) if peer else None
            identity = self._live.snapshot.people.identify(address, self._live.users.get(client))
            sni = data.client_hello.sni
            if sni and canonical_host(sni) == tunnel.host and self._is_private(identity, (tunnel.host,)):
                data.ignore_connection = True
                self._live.count(Verdict(Action.ALLOW, identity, "", "", Stage.HELLO, self._live.snapshot.version))
                return
            if identity.group.inspect is Inspect.FULL:
                return
            names = dict.fromkeys([tunnel.host, *([canonical_host(sni)] if sni else [])])
            now = datetime.now(UTC)
            request = WebRequest(now, address, None, "CONNECT", "https", tuple(names), tunnel.port, "", "")
            verdict = decide_for(identity, request, self._live.snapshot, Stage.HELLO)
            if identity.group.inspect is Inspect.NONE:
                data.ignore_connection = True
            elif verdict.action is Action.BLOCK:
                event = event_of(
                    request,
                    verdict,
                    Origin(Kind.UNKNOWN, "its TLS stayed closed, so only the name was seen"),
                    self._live.pseudonyms,
                )
                self._live.record(event)
                tunnel.refused = (verdict, event)
            elif len(request.names) == 1 and host_address(request.host) is None:
                data.ignore_connection = True  # anything else could hide another site, so it is opened and judged
            self._live.count(verdict, self._live.footing(identity, now))
        except Exception as error:
            # not passed through: the connection is opened, and each request in it is judged or stopped
            self._act.note_fault("hello", error)

    def requestheaders(self, flow: HTTPFlow) -> None:
        """The verdict on a request, before any of it has gone to a site."""
        if flow.error or (flow in self._live.asked and not flow.response):
            return
        try:
            if flow.response:
                self._live.judged[flow] = None
            else:
                self._judge(flow)
        except BadAddress as error:
            self._refuse_unreadable(flow, str(error))
        except Exception as error:
            self._act.fail(flow, "request", error)
        if flow.response is not None and _is_large(flow):
            flow.kill()

    def request(self, flow: HTTPFlow) -> None:
        """What came here unjudged goes no further."""
        if flow not in self._live.judged and flow.response is None and not flow.error:
            self._act.fail(flow, "unjudged", RuntimeError("the request was never judged"))

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
            self._act.note_fault("server_connect", error)

    def _judge(self, flow: HTTPFlow) -> None:
        live, headers = self._live, lower(flow)
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
        identity = snapshot.people.identify(request.client, request.user)
        footing = live.footing(identity, request.at)
        verdict = decide_for(identity, request, snapshot, Stage.REQUEST, live.standings.now, footing.person)
        if footing.state is not State.OTHER and self._is_private(identity, _proven(request, flow.client_conn.sni)):
            verdict, footing = _unlooked(verdict), replace(footing, state=State.PRIVATE)
        said = self._on_search(request, verdict.identity)
        if said is not None and said.action in (Action.WARN, Action.BLOCK) and outweighs(said, verdict):
            verdict, said = said, None
        disagree = names_disagree(request, flow.client_conn.sni) and identity.group.inspect is not Inspect.NONE
        if disagree and verdict.action is not Action.BLOCK:
            why = "The request names different sites at once: " + ", ".join(request.names)
            verdict = refuse(identity, request, snapshot, NAMES_DISAGREE, why)
        live.metrics.verdict_took(time.perf_counter() - started)
        if footing.state is State.UNREAD and verdict.action is not Action.BLOCK and _watches(verdict, said):
            if self._act.notice(flow, request, verdict, footing):
                return
            verdict, said = _unwatched(verdict), None
        live.judged[flow] = Passage(request, verdict, footing)
        live.count(verdict, footing)
        if verdict.action is Action.BLOCK:
            if verdict.rule == NAMES_DISAGREE:
                event = self._act.record(request, verdict, classify(headers))
                flow.response = live.pages.refused(421, verdict.why, event.ref, headers, request.method, request.path)
            else:
                self._act.block(flow, request, verdict)
        elif verdict.action is Action.WARN:
            page = wanted(headers, request.method, request.path) == "page"
            shown = page and self._act.warn(flow, request, verdict)
            if verdict.stage is Stage.SEARCH and not shown:
                told = replace(verdict, left_out=self._act.said(request, verdict, footing))
                self._act.record(request, told, classify(headers))
        if said is not None:
            self._act.record(request, said, classify(headers))

    def _is_private(self, identity: Identity, names: tuple[str, ...]) -> bool:
        return bool(names and is_private(self._live.snapshot, identity, names))

    def _on_search(self, request: WebRequest, identity: Identity) -> Verdict | None:
        """What is to be held against the words that the address searches for, if it does and anything is."""
        live = self._live
        searches = (live.engines.search_of(name, request.path, request.query) for name in request.names)
        search = next(filter(None, searches), None)
        if search is None or not is_judged(identity, request, live.snapshot, Subject.SEARCHES):
            return None
        said = on_search(search.words, identity, request, live.snapshot, live.settings.judge)
        return said if said.action is not Action.ALLOW else None

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
            event = self._act.record(request, verdict, Origin(Kind.UNKNOWN, "its address cannot be read"))
            live.judged[flow] = None
            flow.response = live.pages.refused(400, verdict.why, event.ref, lower(flow), flow.request.method, "/")
        except Exception as error:
            self._act.fail(flow, "unreadable", error)


def _proven(request: WebRequest, sni: str | None) -> tuple[str, ...]:
    """The names of a request; beside an SNI, the address that the tunnel leads to has a certificate to show for it."""
    named = tuple(name for name in request.names if host_address(name) is None)
    return named if sni and named else request.names


def _unseen(identity: Identity) -> Identity:
    """The same person, whom no duty looks at."""
    return replace(identity, group=replace(identity.group, inspect=Inspect.NONE))


def _unlooked(verdict: Verdict) -> Verdict:
    """The verdict on what is nobody's business: it passes, and no duty looks at it."""
    return replace(_unwatched(verdict), identity=_unseen(verdict.identity))


def _watches(*verdicts: Verdict | None) -> bool:
    """Whether any verdict lets something pass and has it written down."""
    return any(each is not None and each.action in (Action.LOG, Action.WARN) for each in verdicts)


def _unwatched(verdict: Verdict) -> Verdict:
    """What a verdict lets pass, as if no list and no rule spoke of it."""
    return Verdict(
        Action.ALLOW, verdict.identity, verdict.host, verdict.calendar, verdict.stage, verdict.snapshot, why=_NOT_KEPT
    )


def _is_large(flow: HTTPFlow) -> bool:
    """Whether answering would mean to take in a large body first."""
    headers = flow.request.headers
    if "transfer-encoding" in headers:
        return True
    length = headers.get("content-length", "")
    if length:
        return not length.isdigit() or int(length) > _SMALL_BODY
    return flow.request.http_version == "HTTP/2.0" and flow.request.method in ("POST", "PUT", "PATCH")
