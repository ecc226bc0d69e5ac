"""The network's resolver: the same policy as for pages, asked for names alone.

A blocked name leads to an address that is nobody's, which the network redirects here, so that the block page is shown
where it can be; or it does not exist, if config/school.yaml says so. Search engines lead to their safe names. What
would hide other names from the filter (DNS over HTTPS by the browser's own choice, Private Relay) is told by its own
switch-off name that this network filters.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from weakref import WeakKeyDictionary

from mitmproxy.dns import DNSFlow, DNSMessage, Question, ResourceRecord
from mitmproxy.net.dns import classes, op_codes, response_codes, types

from schoolgate.content.safe_names import safe_name
from schoolgate.content.safe_search import Level
from schoolgate.policy.decision import decide_for
from schoolgate.policy.identity import Identity, Inspect
from schoolgate.policy.request import BadAddress, WebRequest, canonical_host
from schoolgate.policy.reserved import is_reserved
from schoolgate.policy.rules import Action, Alert, Stage
from schoolgate.policy.sealed import is_sealed
from schoolgate.policy.verdict import Verdict
from schoolgate.policy.visits import Kind, Origin
from schoolgate.proxy.act import Act
from schoolgate.proxy.bare_records import make_bare, make_fit, tells_resolvers
from schoolgate.proxy.live import Live
from schoolgate.store.event import event_of

PLAIN_NAME = "mitm.it"
"""By this name the gateway's own site is found over IPv6 even where no proxy listens there."""
OWN_NAMES = frozenset({"schoolgate.local", PLAIN_NAME})
"""The names of the gateway's own site (``portal``)."""
PAGE_V4, PAGE_V6 = IPv4Address("198.18.0.1"), IPv6Address("100::53")
"""Addresses that lead nowhere (RFC 2544, RFC 6666): a device sends what is for them to the gateway."""
SWITCHED_OFF = frozenset({"use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com"})
"""Names that must not exist where a network filters, by which Firefox and Apple's Private Relay stand back."""
_PAST_THE_NAME = frozenset({types.CNAME, types.SVCB, types.HTTPS, types.ANY})
"""Records that lead to a site past its safe name."""
_TTL = 10  # seconds: what is opened for a lesson is open at once
_ONCE_IN = 60.0  # seconds in which the same device asking for the same name is one event
_MOST_TOLD = 10_000


class Names:
    """Stands before mitmproxy's resolver, which answers what is answered here with nothing."""

    def __init__(self, live: Live, act: Act) -> None:
        self._live, self._act = live, act
        self._told: dict[tuple[str, str], float] = {}
        self._renamed: WeakKeyDictionary[DNSFlow, Question] = WeakKeyDictionary()

    def dns_request(self, flow: DNSFlow) -> None:
        """Answers what is blocked, changed or the gateway's own; fails closed."""
        try:
            flow.response = self._answer(flow)
        except Exception as error:
            flow.response = flow.request.fail(response_codes.SERVFAIL)
            self._act.note_fault("dns", error)

    def dns_response(self, flow: DNSFlow) -> None:
        """What was asked for under a safe name is answered under the name that the device asked for."""
        if flow.response is None:
            return
        if getattr(flow, "request", None) is None:
            flow.response = None  # an answer to nothing that was asked
            return
        asked = self._renamed.pop(flow, None)
        if asked is not None:
            safe, flow.request.questions = flow.request.questions[0].name, [asked]
            flow.response.questions = [asked]
            flow.response.answers.insert(0, ResourceRecord.CNAME(asked.name, safe, ttl=_TTL))
        make_bare(flow.response)
        flow.response.recursion_available = True
        if flow.client_conn.transport_protocol == "udp":
            flow.response = make_fit(flow.request, flow.response)

    def _answer(self, flow: DNSFlow) -> DNSMessage | None:
        message, question = flow.request, flow.request.question
        if question is None or message.op_code != op_codes.QUERY or question.class_ != classes.IN:
            return message.fail(response_codes.NOTIMP)
        if tells_resolvers(question.name):
            return message.succeed([])
        try:
            host = canonical_host(question.name)
        except BadAddress:
            return None  # no host of a web page: services and mail have names with underscores
        if host in OWN_NAMES or is_wpad(host):
            by_v4 = question.type == types.AAAA and host != PLAIN_NAME and not self._has_v6_proxy()
            return message.succeed([]) if by_v4 else _at_page(message, question)
        identity = self._live.identify(flow.client_conn)
        verdict, request = self._verdict(identity, host)
        if identity.group.inspect is Inspect.NONE and verdict.action is not Action.BLOCK:  # but for what is sealed
            return None
        if host in SWITCHED_OFF:
            return message.fail(response_codes.NXDOMAIN)
        if verdict.action is Action.BLOCK:
            self._record(request, verdict)
            page = self._live.settings.school.dns.blocked == "page"
            return _at_page(message, question) if page else message.fail(response_codes.NXDOMAIN)
        self._live.count(verdict, self._live.footing(identity, request.at))
        if is_reserved(host):
            return _at_page(message, question)
        return self._safely(flow, question, safe_name(host, Level(identity.group.safe_search)))

    def _has_v6_proxy(self) -> bool:
        """Whether a device that fetches its proxy settings over IPv6 could reach a proxy so."""
        return any(":" in host for host, _ in self._live.settings.school.listen.proxy)

    def _verdict(self, identity: Identity, host: str) -> tuple[Verdict, WebRequest]:
        now = datetime.now(UTC)
        request = WebRequest(now, identity.client, None, "DNS", "dns", (host,), 53, "", "")
        return decide_for(identity, request, self._live.snapshot, Stage.DNS, self._live.standings.now), request

    def _safely(self, flow: DNSFlow, question: Question, safe: str | None) -> DNSMessage | None:
        if safe is None:
            return None
        if question.type in _PAST_THE_NAME:
            return flow.request.succeed([])
        if question.type not in (types.A, types.AAAA):
            return None  # where its mail goes, say
        self._renamed[flow] = question
        flow.request.questions = [replace(question, name=safe)]
        return None

    def _record(self, request: WebRequest, verdict: Verdict) -> None:
        """A name was asked for, by a person or by a page; it alone alerts nobody at once."""
        key, now = (request.client or "", request.host), time.monotonic()
        if self._told.get(key, 0.0) > now:
            return
        if len(self._told) >= _MOST_TOLD:
            self._told = {known: until for known, until in self._told.items() if until > now}
        self._told[key] = now + _ONCE_IN
        if verdict.alert is Alert.IMMEDIATE and not is_sealed(verdict.category, verdict.rule):
            verdict = replace(verdict, alert=Alert.DIGEST)
        origin = Origin(Kind.UNKNOWN, "its name was looked up, which pages do by themselves, too")
        self._live.record(event_of(request, verdict, origin, self._live.pseudonyms))
        self._live.count(verdict)


def is_wpad(host: str) -> bool:
    """Whether a device looks for proxy settings under this name (Web Proxy Auto-Discovery)."""
    return host == "wpad" or host.startswith("wpad.")


def _at_page(message: DNSMessage, question: Question) -> DNSMessage:
    """The address that is nobody's; no other record of the name exists."""
    if question.type == types.A:
        return message.succeed([ResourceRecord.A(question.name, PAGE_V4, ttl=_TTL)])
    if question.type == types.AAAA:
        return message.succeed([ResourceRecord.AAAA(question.name, PAGE_V6, ttl=_TTL)])
    return message.succeed([])
