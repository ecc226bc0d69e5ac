"""Whichever hook of whichever duty raises: what a pupil may not see stays unseen, and the technician reads which it was."""

import inspect
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mitmproxy.hooks import all_hooks
from pretend.faulted import Watched
from pretend.gateway import Gateway
from pretend.raw import get
from pretend.sites import Served
from schoolgate.proxy import chain

TRIPPING = Path(__file__).parents[1] / "pretend" / "tripping"
HARM = b"""<!doctype html><title>Lucky Spin online casino</title><h1>Best online casino bonus</h1>
<p>Claim 200 free spins on your first deposit. Play slots, roulette and blackjack for real money.</p>
<p>No deposit bonus, live dealer, jackpot slots. Place your bets now. Wagering requirements apply.</p>"""
HOOKS = sorted(
    f"{kind.__name__}.{name}"
    for kind in {each for each in vars(chain).values() if inspect.isclass(each)}
    if kind.__module__.startswith("schoolgate.proxy") and kind.__name__ != "Tls"
    for name in all_hooks
    if name in vars(kind) and name not in ("running", "done")
)
THEIRS = (
    "NextLayer.next_layer",
    "Proxyserver.server_connect",
    "DisableH2C.request",
    "Tls.tls_clienthello",
    "Tls.tls_start_client",
    "Tls.tls_start_server",
    "Tls.server_disconnected",
)
"""Hooks of mitmproxy's own addons, and of what is made of one: mitmproxy goes on after them as if nothing were."""
MEANT = "Accept: */*\r\n"
"""A header that may mean something, with which a CONNECT is a matter for all duties."""
ASKED = (".requestheaders", ".request", ".responseheaders", ".response", ".http_connect", ".tls_clienthello")
"""What every page over TLS comes through; others (DNS, WebSockets, a pinned app's end) have tests of their own."""


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trip") / "trip"
    path.write_text("")
    return path


@pytest.fixture(scope="module")
def school(start: Callable[..., Gateway], watch: Callable[[Gateway], Watched], trip: Path) -> Iterator[Watched]:
    school = watch(start(environment={"PYTHONPATH": str(TRIPPING), "SCHOOLGATE_TEST_TRIP": str(trip)}))
    html = {"Content-Type": "text/html; charset=utf-8"}
    school.sites.pages["news.example/harm"] = Served((HARM,), html)
    yield school
    trip.write_text("")
    school.is_well()


def test_there_are_many_hooks() -> None:
    assert len(HOOKS) >= 45, HOOKS


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_that_raises_shows_nothing_that_is_blocked(school: Watched, trip: Path, hook: str) -> None:
    trip.write_text(hook)
    try:
        school.blocked(tls=True)
        school.blocked(tls=True, more=MEANT)
        if hook.endswith((".http_connect", ".tls_clienthello")):
            school.blocked()
        for scheme, port in (("https", school.sites.tls_port), ("http", school.sites.port)):
            said = get(school.gateway, f"{scheme}://news.example:{port}/harm")
            assert said.status in (0, 403, 502, 503), said
            assert b"free spins" not in said.body
    finally:
        trip.write_text("")


@pytest.mark.parametrize("hook", THEIRS)
def test_a_hook_of_mitmproxys_own_that_raises_opens_nothing_and_is_told(school: Watched, trip: Path, hook: str) -> None:
    trip.write_text(hook)
    try:
        before, waits = len(school.sites.seen("pornhub.com")), 2 if hook.startswith("NextLayer") else 20
        for host, scheme in itertools.product(("pornhub.com/", "news.example/harm"), ("http", "https")):
            port = school.sites.tls_port if scheme == "https" else school.sites.port
            said = get(school.gateway, f"{scheme}://{host.replace('/', f':{port}/')}", timeout=waits)
            assert said.status in (0, 403, 502, 503), said
            assert b"free spins" not in said.body
            school.seen += [said.ref] if said.ref else []
        assert len(school.sites.seen("pornhub.com")) == before
    finally:
        trip.write_text("")
    school.is_well()
    school.told(f"planted in {hook}")


def test_a_fault_on_the_doorstep_ends_the_connection_and_is_told(school: Watched, trip: Path) -> None:
    trip.write_text("Tunnels.opens")
    try:
        before = school.sites.connections
        assert school.blocked(tls=True).status == 0
        assert school.blocked(tls=True, more=MEANT).status == 403
        assert school.sites.connections == before
    finally:
        trip.write_text("")
    school.is_well()
    school.told("planted in Tunnels.opens")


@pytest.mark.parametrize("place", ["decide_for", "Pages._answer", "Journal.append"])
def test_a_fault_while_deciding_and_one_within_it_reach_no_site(school: Watched, trip: Path, place: str) -> None:
    """A fault's own page and its record may fail, too."""
    trip.write_text(place)
    try:
        before = school.sites.connections
        for client in ("127.0.0.2", "127.0.0.3"):
            for tls in (False, True):
                said = school.blocked(client=client, tls=tls)
                assert said.status == 503
                assert "could not be checked" in said.body.decode() or place != "decide_for"
        if place == "decide_for":
            assert school.allowed().status == 503
        assert school.sites.connections == before
    finally:
        trip.write_text("")


def test_what_was_tripped_is_told(school: Watched, trip: Path) -> None:
    tripped = set(trip.with_name("tripped").read_text().split())
    reached = {hook for hook in HOOKS if hook.endswith(ASKED)}
    assert len(tripped & reached) > 30, sorted(reached - tripped)
    school.is_well()
    told = " ".join(event["why"] for event in school.gateway.events("--action", "fault"))
    assert [hook for hook in sorted(tripped - {"Journal.append"}) if f"planted in {hook}" not in told] == []
