"""Passes through what may stay closed, and learns which apps break because they accept no certificate but their own.

A connection passes by its name alone: the device must have said it (SNI), the gateway must be the one who looks up
where it leads, and every rule must still let the name pass. What nobody has judged is never learned, whatever devices
do to bring it about.
"""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime

from mitmproxy.connection import Client
from mitmproxy.http import HTTPFlow
from mitmproxy.tls import ClientHelloData, TlsData

from schoolgate.content.safe_names import safe_name
from schoolgate.content.safe_search import Level
from schoolgate.policy.decision import decide_for
from schoolgate.policy.identity import Identity, Inspect
from schoolgate.policy.passing import Ground, ground_at_once, held_back, service_of
from schoolgate.policy.request import BadAddress, WebRequest, canonical_host, host_address
from schoolgate.policy.rules import Action, Stage
from schoolgate.policy.snapshot import Snapshot
from schoolgate.policy.verdict import Verdict
from schoolgate.proxy.act import Act
from schoolgate.proxy.attached import Attached
from schoolgate.proxy.captive import wants_login
from schoolgate.proxy.device_class import device_class
from schoolgate.proxy.live import Live, Tunnel
from schoolgate.proxy.overlooked import tunnel_passed
from schoolgate.proxy.refusals import Lesson, Refusals, Sign, sign_of
from schoolgate.store.event import fault_event
from schoolgate.store.passes import Learned, Passes

_AT_ONCE = 5.0  # seconds after the handshake in which an app that dislikes a certificate closes
_MOST_TOLD = 1000  # that one worker writes down on a day as not passed or not trusting: nobody fills the disk


@dataclass(slots=True)
class Opened:
    """A connection that is looked into, until something is asked for over it."""

    device: str
    group: str
    host: str
    program: str
    since: float = 0.0  # when its handshake ended; 0.0 before


class Pinned:
    """Stands after the gate, which leaves alone whoever is looked into. Whatever goes wrong here passes nothing."""

    def __init__(self, live: Live, act: Act) -> None:
        self._live, self._act = live, act
        self.passes = Passes(live.settings.data)
        self._refusals = Refusals()
        self._opened = Attached[Client, Opened]()
        self._told: tuple[date, set[str]] = (date.min, set())  # what was written down on a day
        self._is_damaged = False

    def tls_clienthello(self, data: ClientHelloData) -> None:
        """Pass through, or look into it and see what comes of that."""
        client, tunnel = data.context.client, self._live.tunnels.get(data.context.client)
        if tunnel is None or data.ignore_connection or tunnel.is_refused or client in self._live.probes:
            return
        try:
            tunnel.device_class = device_class(data.client_hello)
            address = str(client.peername[0]) if client.peername else ""
            if wants_login(self._live, client):
                return
            identity = self._live.identify(client)
            if identity.group.inspect is not Inspect.FULL or not _is_named(tunnel, data.client_hello.sni):
                return
            ground = self._ground(identity, tunnel)
            verdict = self._verdict(identity, tunnel, address) if ground else None
            if ground and verdict is not None and verdict.action in (Action.ALLOW, Action.LOG):
                self._pass(data, tunnel, ground, verdict)
            else:
                self._opened[client] = Opened(address, identity.group.id, tunnel.host, tunnel.device_class)
        except Exception as error:
            self._act.note_fault("pass-through", error)

    def tls_established_client(self, data: TlsData) -> None:
        """The handshake went well, which some apps end with all the same."""
        if (opened := self._opened.get(data.context.client)) is not None:
            opened.since = time.monotonic()

    def tls_failed_client(self, data: TlsData) -> None:
        """The device refused, or something else went wrong."""
        opened, sign = self._opened.pop(data.context.client, None), sign_of(data.conn.error or "")
        if opened is not None and sign is not None:
            self._refused(opened, sign)

    def requestheaders(self, flow: HTTPFlow) -> None:
        """Something is asked for: the program trusts the school's certificate."""
        if (opened := self._opened.pop(flow.client_conn, None)) is not None:
            self._refusals.accepted(opened.device, opened.program, opened.host, time.monotonic())

    def client_disconnected(self, client: Client) -> None:
        """A connection that ends right after its handshake, and for which nothing was ever asked."""
        opened = self._opened.pop(client, None)
        if opened is not None and opened.since and time.monotonic() - opened.since <= _AT_ONCE:
            self._refused(opened, Sign.SILENT)

    def learn(self, group: str, host: str, program: str, how: str) -> bool:
        """Pass a host through from now on for programs of this kind, if it may be; whether it may."""
        snapshot, now = self._live.snapshot, datetime.now(UTC)
        held = held_back(snapshot, group, host, self._live.engines.knows(host))
        if held is None:
            self.passes.learn(host, program, how, service_of(snapshot, host), now)
        elif not _is_secret(snapshot, host) and self._is_news(f"{host} {held}", now.date()):
            self.passes.stop(host, held.value, now)
        return held is None

    def _ground(self, identity: Identity, tunnel: Tunnel) -> Ground | None:
        """On what ground a connection to this name may pass, if its rules let it."""
        snapshot, host = self._live.snapshot, tunnel.host
        is_searched = self._live.engines.knows(host)
        if (at_once := ground_at_once(snapshot, host, is_searched)) is not None:
            return at_once[0]
        known = self._learned().passes.get(host)
        if known is None or not known.holds_for(tunnel.device_class, datetime.now(UTC)):
            return None
        return None if held_back(snapshot, identity.group.id, host, is_searched) else Ground.LEARNED

    def _learned(self) -> Learned:
        """What is learned; nothing where it cannot be read, which the technician is told once."""
        try:
            learned = self.passes.now()
        except (OSError, ValueError) as error:
            if not self._is_damaged:
                self._is_damaged = True
                self._act.note_fault("pass-through", error)
            return Learned()
        self._is_damaged = False
        return learned

    def _verdict(self, identity: Identity, tunnel: Tunnel, address: str) -> Verdict:
        now, live = datetime.now(UTC), self._live
        request = WebRequest(now, address, None, "CONNECT", "https", (tunnel.host,), tunnel.port, "", "")
        return decide_for(identity, request, live.snapshot, Stage.HELLO, live.standings.now)

    def _pass(self, data: ClientHelloData, tunnel: Tunnel, ground: Ground, verdict: Verdict) -> None:
        """Of a never-log topic only that there was a connection of the group is counted.

        A search engine that the technician has given leads to its safe name, as nothing else keeps it safe here.
        """
        live, identity = self._live, verdict.identity
        safe = safe_name(tunnel.host, Level(identity.group.safe_search))
        if safe is not None:
            data.context.server.address = (safe, tunnel.port)
        if ground is Ground.TOPIC:
            live.count(tunnel_passed(identity, live.snapshot))
        else:
            live.count(verdict, live.footing(identity, datetime.now(UTC)))
        tunnel.passed = ground
        data.ignore_connection = True

    def _refused(self, opened: Opened, sign: Sign) -> None:
        try:
            known, now = bool(service_of(self._live.snapshot, opened.host)), time.monotonic()
            lesson = self._refusals.refused(opened.device, opened.program, opened.host, sign, now, known)
            if lesson is Lesson.PINNED:
                self.learn(opened.group, opened.host, opened.program, sign.value)
            elif lesson is Lesson.UNTRUSTING:
                self._distrust(opened)
        except Exception as error:
            self._act.note_fault("pass-through", error)

    def _distrust(self, opened: Opened) -> None:
        """Tell the technician, once a day for each device."""
        now = datetime.now(UTC)
        if self._is_news(opened.device, now.date()) and self.passes.distrust(opened.device, now):
            words = (
                f"The device {opened.device} does not trust the school's certificate, or a program on it does not: it "
                "refuses it at every site, so nothing opens there. Install the certificate (docs/trusting-the-ca.md)."
            )
            version = self._live.snapshot.version
            event = fault_event(now, "certificate", words, version, opened.device, opened.group)
            self._live.record(event)

    def _is_news(self, what: str, today: date) -> bool:
        """Whether it was not written down today, and there is room for more."""
        day, told = self._told
        if day != today:
            told = set()
            self._told = today, told
        if what in told or len(told) >= _MOST_TOLD:
            return False
        told.add(what)
        return True


def _is_secret(snapshot: Snapshot, host: str) -> bool:
    """Whether a name is written down nowhere: sealed material is known there, or it is of a never-log topic."""
    return snapshot.sealed.knows(host) or bool(snapshot.purposes.topic(host))


def _is_named(tunnel: Tunnel, sni: str | None) -> bool:
    """Whether the connection says one name, and leads where that leads."""
    try:
        return bool(sni) and canonical_host(sni or "") == tunnel.host and host_address(tunnel.host) is None
    except BadAddress:
        return False
