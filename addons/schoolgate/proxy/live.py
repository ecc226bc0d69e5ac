"""What the duties of one worker share: the settings in force, the journal, and what is known of each connection."""

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from weakref import WeakSet

from mitmproxy.connection import Client
from mitmproxy.http import HTTPFlow

from schoolgate.content.searches import SearchEngines, open_engines
from schoolgate.policy.identity import Confidence, Identity
from schoolgate.policy.passing import Ground
from schoolgate.policy.request import WebRequest
from schoolgate.policy.rules import Action
from schoolgate.policy.snapshot import Snapshot
from schoolgate.policy.verdict import Verdict
from schoolgate.proxy.attached import Attached, Marks
from schoolgate.proxy.away import is_elsewhere
from schoolgate.proxy.footing import NOBODY, Footing, Footings, State
from schoolgate.proxy.ledger import Ledger
from schoolgate.proxy.metrics import WorkerMetrics
from schoolgate.proxy.pages import Pages
from schoolgate.proxy.presence import Presence
from schoolgate.proxy.standing import Standings
from schoolgate.proxy.tokens import Tokens
from schoolgate.settings.load import Settings
from schoolgate.store.event import Event
from schoolgate.store.journal import Journal
from schoolgate.store.pseudonym import Pseudonyms


@dataclass(slots=True)
class Tunnel:
    """A tunnel: the host and port that were asked for, and whether it was refused by its name alone.

    ``passed`` is why it stays closed although its group is looked into; ``device_class`` the kind of program.
    """

    host: str
    port: int
    is_refused: bool = False
    passed: Ground | None = None
    device_class: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A request that was judged, with its verdict, and where the person who made it stands with being monitored."""

    request: WebRequest
    verdict: Verdict
    footing: Footing = NOBODY


@dataclass(slots=True)
class Probe:
    """A connection of the gateway's own: the group that it asks as, and what it was answered last."""

    group: str
    verdict: Verdict | None = None


@lru_cache(maxsize=4)
def _hour(number: int) -> str:
    """The hour of that number since 1970, as it is counted by."""
    return datetime.fromtimestamp(number * 3600, UTC).strftime("%Y-%m-%dT%H:00:00.000Z")


def _tallies() -> Counter[tuple[str, str, str, str]]:
    return Counter()


def _coverage() -> Counter[tuple[str, str, str, str]]:
    return Counter()


def _activities() -> Counter[tuple[str, str, str, str, str]]:
    return Counter()


@dataclass(slots=True)
class Live:
    """One a worker. ``settings`` is replaced as a whole when a new version is sound."""

    settings: Settings
    pages: Pages
    journal: Journal
    pseudonyms: Pseudonyms
    metrics: WorkerMetrics
    standings: Standings
    tokens: Tokens
    tunnels: Attached[Client, Tunnel] = field(default_factory=Attached[Client, Tunnel])
    probes: Attached[Client, Probe] = field(default_factory=Attached[Client, Probe])
    users: Attached[Client, str] = field(default_factory=Attached[Client, str])
    judged: Attached[HTTPFlow, Passage | None] = field(default_factory=Attached[HTTPFlow, Passage | None])
    flows: WeakSet[HTTPFlow] = field(default_factory=WeakSet[HTTPFlow])  # that the gate has seen, as long as they are
    engines: SearchEngines = field(default_factory=open_engines)
    held: Marks[HTTPFlow] = field(default_factory=Marks[HTTPFlow])  # whose body a duty keeps until it is judged
    asked: Marks[HTTPFlow] = field(default_factory=Marks[HTTPFlow])  # of the gateway itself, not of a site
    ledger: Ledger = field(default_factory=Ledger)
    tallies: Counter[tuple[str, str, str, str]] = field(default_factory=_tallies)
    activities: Counter[tuple[str, str, str, str, str]] = field(default_factory=_activities)
    coverage: Counter[tuple[str, str, str, str]] = field(default_factory=_coverage)
    footings: Footings = field(init=False)
    presence: Presence = field(init=False)

    def __post_init__(self) -> None:
        self.footings = Footings(self.settings, self.pseudonyms)
        self.presence = Presence(self.settings.data, lambda: self.settings.school.identity)

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot in force."""
        return self.settings.snapshot

    def identify(self, client: Client) -> Identity:
        """Who is behind a connection. Raises KeyError where a probe's group is no more: what it asks then fails."""
        if (probe := self.probes.get(client)) is not None:
            return self.snapshot.people.probe(probe.group)
        peer = client.peername
        address = str(peer[0]) if peer else None
        if address is not None and is_elsewhere(self.settings.school.away, client, address):
            return replace(self.snapshot.people.identify(None, self.users.get(client)), client=address)
        return self.snapshot.people.identify(address, self.users.get(client), self.presence.at(client))

    def take_up(self, settings: Settings, pages: Pages) -> None:
        """One reference changes hands; requests under way end under the version they began with."""
        self.settings, self.pages = settings, pages
        self.footings = Footings(settings, self.pseudonyms)
        self.metrics.snapshot_loaded(settings.snapshot.version)

    def record(self, event: Event) -> None:
        """Put an event where no death of a process can lose it. Raises OSError when that cannot be done."""
        with self.metrics.journal_write():
            self.journal.append({"t": "event", **event.row()})

    def footing(self, identity: Identity, at: datetime) -> Footing:
        """Where somebody stands with being monitored at the aware time ``at``; a probe is nobody."""
        if identity.confidence is Confidence.PROBE:
            return NOBODY
        return self.footings.of(identity, at, self.standings.now)

    def count(self, verdict: Verdict, footing: Footing = NOBODY) -> None:
        """Count a verdict; counts reach the journal with the next ``flush``.

        Of what is permitted to staff while nothing of it may be kept, neither the kind of site is counted nor what a
        rule would have done. A probe is not counted.
        """
        if verdict.identity.confidence is Confidence.PROBE:
            return
        group, action, category = verdict.identity.group.id, verdict.action, verdict.category
        if footing.keeps_nothing and action is not Action.BLOCK:
            action, category = Action.ALLOW, ""
        elif footing.state is State.FREE and action is Action.ALLOW:
            category = ""
        self.metrics.request(group, action, category)
        self.tallies[_hour(int(time.time()) // 3600), group, action, category] += 1

    def count_activity(self, passage: Passage, category: str, kind: str) -> None:
        """Count a request of a member of staff by the school's day and the kind of site, without its address."""
        day = passage.request.at.astimezone(self.settings.school.timezone).date().isoformat()
        group = passage.verdict.identity.group.id
        self.activities[day, passage.footing.person, group, category, kind] += 1

    def count_connection(self, group: str, fate: str, app: str) -> None:
        """Count a connection of a group by what became of it, and by the app where one is passed through."""
        self.coverage[_hour(int(time.time()) // 3600), group, fate, app] += 1

    def flush(self) -> None:
        """Write the counts to the journal; what cannot be written now is kept for the next time."""
        self.metrics.flush()
        for key, number in list(self.tallies.items()):
            hour, group, action, category = key
            entry = {"hour": hour, "group": group, "action": action, "category": category, "requests": number}
            self.journal.append({"t": "tally", **entry})
            del self.tallies[key]
        for done, number in list(self.activities.items()):
            day, person, group, category, kind = done
            row = {"day": day, "person": person, "group": group, "category": category, "kind": kind}
            self.journal.append({"t": "activity", **row, "requests": number})
            del self.activities[done]
        for seen, number in list(self.coverage.items()):
            hour, group, fate, app = seen
            where = {"hour": hour, "group": group, "fate": fate, "app": app}
            self.journal.append({"t": "coverage", **where, "connections": number})
            del self.coverage[seen]
