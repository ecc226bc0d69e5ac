"""The product as one ordered list: every duty that a request meets, in the order in which it meets them."""

from pathlib import Path
from typing import Any

from mitmproxy.addons.core import Core
from mitmproxy.addons.disable_h2c import DisableH2C
from mitmproxy.addons.dns_resolver import DnsResolver
from mitmproxy.addons.next_layer import NextLayer
from mitmproxy.addons.proxyserver import Proxyserver

from schoolgate.content.pictures import PictureJudge
from schoolgate.lists.catalogue import Catalogue
from schoolgate.lists.model_file import BadModel
from schoolgate.proxy.act import Act
from schoolgate.proxy.answers import Answers
from schoolgate.proxy.asking import Asking
from schoolgate.proxy.captive import Captive
from schoolgate.proxy.challenges import Challenges
from schoolgate.proxy.coverage import Coverage
from schoolgate.proxy.documents import Documents
from schoolgate.proxy.files import Files
from schoolgate.proxy.framing import Framing
from schoolgate.proxy.gate import Gate
from schoolgate.proxy.handles import Handles
from schoolgate.proxy.kept_out import KeptOut
from schoolgate.proxy.live import Live
from schoolgate.proxy.login import Login
from schoolgate.proxy.metrics import WorkerMetrics
from schoolgate.proxy.names import Names
from schoolgate.proxy.odd_ports import OddPorts
from schoolgate.proxy.overheard import Overheard
from schoolgate.proxy.pages import open_pages
from schoolgate.proxy.pictures import Pictures
from schoolgate.proxy.pinned import Pinned
from schoolgate.proxy.portal import Portal
from schoolgate.proxy.posted import Posted
from schoolgate.proxy.probes import Probes, Unsent
from schoolgate.proxy.proof import Proofs
from schoolgate.proxy.recording import Recording
from schoolgate.proxy.redirected import Redirected
from schoolgate.proxy.replies import Replies
from schoolgate.proxy.safe_search import SafeSearch
from schoolgate.proxy.scanner import Scanner
from schoolgate.proxy.shut import shut_on_fault
from schoolgate.proxy.standing import Standings
from schoolgate.proxy.streaming import Streaming
from schoolgate.proxy.tls import Tls
from schoolgate.proxy.tokens import open_tokens
from schoolgate.proxy.tunnels import Tunnels
from schoolgate.settings.faults import Fault, SettingsError
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import Settings, load_settings
from schoolgate.store.journal import Journal
from schoolgate.store.pseudonym import open_pseudonyms


def make_ready(settings: Settings) -> None:
    """Open all that verdicts need now, and not when somebody waits for one. Raises SettingsError."""
    try:
        settings.judge.make_ready()
        if isinstance(settings.snapshot.lists, Catalogue):
            settings.snapshot.lists.make_ready()
    except BadModel as error:
        raise SettingsError([Fault("a model", 0, str(error))]) from None


def open_live(settings: Settings, worker: str) -> Live:
    """What the duties share, with a journal of this process's own."""
    data = settings.data
    make_ready(settings)
    live = Live(
        settings,
        open_pages(settings),
        Journal(data, worker),
        open_pseudonyms(data),
        WorkerMetrics(worker),
        Standings(data),
        open_tokens(data),
    )
    live.take_up(settings, live.pages)
    return live


def duties(live: Live) -> list[Any]:
    """schoolgate's own duties; the gate stands after the login and before everything that acts on its verdict."""
    act, scanner = Act(live), Scanner()
    pinned = Pinned(live, act)
    live.standings.read(lambda error: act.note_fault("standing", error))
    live.presence.tell(lambda error: act.note_fault("whereabouts", error))
    proofs = Proofs(live, lambda error: act.note_fault("directory", error))
    listed = [
        live.standings,
        live.presence,
        Handles(act),
        Overheard(act),
        Framing(live),
        Probes(live),
        Redirected(live),
        Names(live, act),
        Captive(live, act, proofs),
        Portal(live, act),
        Login(live, proofs),
        Replies(live, act),
        OddPorts(live, act),
        Gate(live, act),
        KeptOut(lambda: live.settings.school),
        pinned,
        Challenges(live, act, pinned),
        SafeSearch(live, act),
        Unsent(live),
        Posted(live, act),
        Asking(live, act),
        Recording(live, act),
        Documents(live, act, scanner),
        Answers(live, act),
        Files(live, act, lambda: live.snapshot.files),
        Pictures(live, act, PictureJudge()),
        Coverage(live),
        Streaming(live),
        Tunnels(live),
    ]
    return shut_on_fault(listed, act)


def chain(live: Live) -> list[Any]:
    """The few addons of mitmproxy that a filter needs, then the duties."""
    return [
        Core(),
        DisableH2C(),
        Proxyserver(),
        NextLayer(),
        Tls(),
        *duties(live),
        DnsResolver(),
    ]


def bench(config: Path | None = None) -> list[Any]:
    """The duties for ``mitmdump -s addons/gateway.py``: for trying things out, never for a school's gateway."""
    return duties(open_live(load_settings(find_folders(config)), "bench"))
