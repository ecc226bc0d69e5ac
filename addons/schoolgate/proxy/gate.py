"""The one duty that decides, and that fails closed: whatever goes wrong in here, the page is not shown.

mitmproxy logs an exception in a hook and serves the page all the same. So every hook catches everything, what no hook
has judged is stopped in ``request`` before it can reach a site, and ``streaming`` opens no way for it either.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from mitmproxy.connection import Client
from mitmproxy.http import HTTPFlow
from mitmproxy.tls import ClientHelloData, TlsData
from OpenSSL import SSL

from schoolgate.content.safe_names import safe_name
from schoolgate.content.safe_search import Level
from schoolgate.content.verdict import on_search
from schoolgate.content.wrapped_searches import asks_unsafely, search_behind
from schoolgate.policy.decision import BAD_ADDRESS, NAMES_DISAGREE, WRAPPED_SEARCH, decide_for, refuse
from schoolgate.policy.identity import Confidence, Identity, Inspect
from schoolgate.policy.request import BadAddress, WebRequest, canonical_host, host_address
from schoolgate.policy.rules import Action, Stage, Subject
from schoolgate.policy.said import is_judged
from schoolgate.policy.sealed import is_sealed
from schoolgate.policy.verdict import Verdict, outweighs
from schoolgate.policy.visits import Kind, Origin, classify
from schoolgate.proxy.act import Act, lower
from schoolgate.proxy.captive import wants_login
from schoolgate.proxy.footing import Footing, State
from schoolgate.proxy.live import Live, Passage, Tunnel
from schoolgate.proxy.names import OWN_NAMES
from schoolgate.proxy.overlooked import is_nobodys_business, stays_closed, tunnel_passed, unlooked, unwatched, watches
from schoolgate.proxy.pages import is_opened, wanted
from schoolgate.proxy.translate import names_disagree, translate
from schoolgate.store.event import event_of

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
        """Groups whose TLS stays closed are judged by name here; what is refused by its name ends here.

        What is nobody's business stays closed too: of it, only that there was a request of the group is counted.
        """
        client = data.context.client
        try:
            tunnel = self._live.tunnels.get(client)
            if tunnel is None or tunnel.host in OWN_NAMES or wants_login(self._live, client):
                return
            identity = self._live.identify(client)
            address = identity.client
            sni = data.client_hello.sni
            if stays_closed(self._live.snapshot, identity, tunnel.host, sni):
                data.ignore_connection = True
                self._live.count(tunnel_passed(identity, self._live.snapshot))
                return
            if identity.group.inspect is Inspect.FULL:
                return
            names = dict.fromkeys([tunnel.host, *([canonical_host(sni)] if sni else [])])
            now = datetime.now(UTC)
            request = WebRequest(now, address, None, "CONNECT", "https", tuple(names), tunnel.port, "", "")
            verdict = decide_for(identity, request, self._live.snapshot, Stage.HELLO, self._live.standings.now)
            unsafe = asks_unsafely(request, identity, self._live.engines)
            if unsafe and verdict.action is not Action.BLOCK:
                verdict = refuse(identity, request, self._live.snapshot, WRAPPED_SEARCH, unsafe)
                verdict = replace(verdict, stage=Stage.HELLO)
            if verdict.action is Action.BLOCK:  # of a group that is not inspected: only what is sealed
                event = event_of(
                    request,
                    verdict,
                    Origin(Kind.UNKNOWN, "its TLS stayed closed, so only the name was seen"),
                    self._live.pseudonyms,
                )
                if identity.confidence is not Confidence.PROBE:
                    self._live.record(event)
                tunnel.is_refused = True
            elif identity.group.inspect is Inspect.NONE:
                data.ignore_connection = True
            elif len(request.names) == 1 and host_address(request.host) is None:
                data.ignore_connection = True  # anything else could hide another site, so it is opened and judged
                safe = safe_name(request.host, Level(identity.group.safe_search))
                if safe is not None:
                    data.context.server.address = (safe, tunnel.port)
            self._live.count(verdict, self._live.footing(identity, now))
        except Exception as error:
            # not passed through: the connection is opened, and each request in it is judged or stopped
            self._act.note_fault("hello", error)

    def tls_start_client(self, data: TlsData) -> None:
        """A connection refused by its name ends here: its device would not believe a page of ours."""
        tunnel = self._live.tunnels.get(data.context.client)
        if tunnel is not None and tunnel.is_refused:
            data.ssl_conn = SSL.Connection(SSL.Context(SSL.TLS_SERVER_METHOD))  # has no certificate to agree on
            data.ssl_conn.set_accept_state()

    def requestheaders(self, flow: HTTPFlow) -> None:
        """The verdict on a request, before any of it has gone to a site."""
        if flow.error or (flow in self._live.asked and not flow.response):
            return
        self._live.flows.add(flow)
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

    def _judge(self, flow: HTTPFlow) -> None:
        live, headers = self._live, lower(flow)
        if headers.get("upgrade", "").lower() not in ("", "websocket"):
            flow.request.headers.pop("upgrade", None)  # h2c would carry requests past this gate
        tunnel = live.tunnels.get(flow.client_conn)
        request = translate(flow, tunnel, live.users.get(flow.client_conn), datetime.now(UTC), headers)
        started = time.perf_counter()
        verdict, said, footing = self._reach(request, flow.client_conn)
        opened = is_opened(headers, request.method, request.path)
        if opened and _is_unread(verdict, said, footing) and live.standings.look_again():  # told to another worker
            verdict, said, footing = self._reach(request, flow.client_conn)
        live.metrics.verdict_took(time.perf_counter() - started)
        if _is_unread(verdict, said, footing):
            if self._act.notice(flow, request, verdict, footing):
                return
            verdict, said = unwatched(verdict), None
        passage = live.judged[flow] = Passage(request, verdict, footing)
        if (probe := live.probes.get(flow.client_conn)) is not None:
            probe.verdict = verdict
        live.count(verdict, footing)
        self._carry_out(flow, headers, passage)
        if said is not None:
            self._act.record(request, said, classify(headers))

    def _reach(self, request: WebRequest, client: Client) -> tuple[Verdict, Verdict | None, Footing]:
        """The verdict, what is to be told of a search besides, and where the person stands."""
        live, snapshot, sni = self._live, self._live.snapshot, client.sni
        identity = live.identify(client)
        footing = live.footing(identity, request.at)
        verdict = decide_for(identity, request, snapshot, Stage.REQUEST, live.standings.now, footing.person)
        at_work = footing.state is not State.OTHER and verdict.action is not Action.BLOCK
        if at_work and is_nobodys_business(snapshot, identity, request, sni):
            verdict, footing = unlooked(verdict), replace(footing, state=State.PRIVATE)
        is_kept = not is_sealed(verdict.category, verdict.rule)  # words of a sealed address stand nowhere
        said = self._on_search(request, verdict.identity) if is_kept else None
        if said is not None and said.action in (Action.WARN, Action.BLOCK) and outweighs(said, verdict):
            verdict, said = said, None
        unsafe = asks_unsafely(request, identity, live.engines)
        if unsafe and verdict.action is not Action.BLOCK:
            verdict = refuse(identity, request, snapshot, WRAPPED_SEARCH, unsafe)
        disagree = names_disagree(request, sni) and identity.group.inspect is not Inspect.NONE
        if disagree and verdict.action is not Action.BLOCK:
            why = "The request names different sites at once: " + ", ".join(request.names)
            verdict = refuse(identity, request, snapshot, NAMES_DISAGREE, why)
        return verdict, said, footing

    def _carry_out(self, flow: HTTPFlow, headers: Mapping[str, str], passage: Passage) -> None:
        live, request, verdict = self._live, passage.request, passage.verdict
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
                told = replace(verdict, left_out=self._act.said(request, verdict, passage.footing))
                self._act.record(request, told, classify(headers))

    def _on_search(self, request: WebRequest, identity: Identity) -> Verdict | None:
        """What is to be held against the words that the address searches for, if it does and anything is."""
        live = self._live
        search = search_behind(request, live.engines)
        if search is None or not is_judged(identity, request, live.snapshot, Subject.SEARCHES):
            return None
        said = on_search(search.words, identity, request, live.snapshot, live.settings.judge)
        return said if said.action is not Action.ALLOW else None

    def _refuse_unreadable(self, flow: HTTPFlow, why: str) -> None:
        """An address that cannot be read cannot be judged, so it goes nowhere."""
        try:
            live, now = self._live, datetime.now(UTC)
            identity = live.identify(flow.client_conn)
            request = WebRequest(now, identity.client, None, flow.request.method, "http", ("unreadable",), 0, "", "")
            words = f"The address cannot be read: {_unquoted(why)}."
            verdict = refuse(identity, request, live.snapshot, BAD_ADDRESS, words)
            live.count(verdict)
            event = self._act.record(request, verdict, Origin(Kind.UNKNOWN, "its address cannot be read"))
            live.judged[flow] = None
            flow.response = live.pages.refused(400, verdict.why, event.ref, lower(flow), flow.request.method, "/")
        except Exception as error:
            self._act.fail(flow, "unreadable", error)


def _unquoted(why: str) -> str:
    """What is wrong with an address, without the address: nobody can tell whether it is a sealed one."""
    return re.sub(r"^(['\"]).*\1 ", "it ", why, flags=re.DOTALL)


def _is_unread(verdict: Verdict, said: Verdict | None, footing: Footing) -> bool:
    """Whether something would be put on record of somebody who has not read the notice."""
    return footing.state is State.UNREAD and verdict.action is not Action.BLOCK and watches(verdict, said)


def _is_large(flow: HTTPFlow) -> bool:
    """Whether answering would mean to take in a large body first."""
    headers = flow.request.headers
    if "transfer-encoding" in headers:
        return True
    length = headers.get("content-length", "")
    if length:
        return not length.isdigit() or int(length) > _SMALL_BODY
    return flow.request.http_version == "HTTP/2.0" and flow.request.method in ("POST", "PUT", "PATCH")
