"""What the gate has let through reaches engines and logins in the form that the school wants, or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mitmproxy.connection import Client
from mitmproxy.http import Headers, HTTPFlow, Request
from mitmproxy.test import tflow
from pretend.school import PEOPLE, School
from schoolgate.proxy.act import Act
from schoolgate.proxy.chain import open_live
from schoolgate.proxy.gate import Gate
from schoolgate.proxy.live import Live
from schoolgate.proxy.safe_search import SafeSearch
from schoolgate.settings.load import Settings

LEVELS = PEOPLE.replace("title: Staff,", "title: Staff, safe_search: moderate,").replace(
    "title: Guest Wi-Fi,", "title: Guest Wi-Fi, safe_search: off,"
)
TENANTS = """
tenants: {google: [school.example], microsoft: [school.example], microsoft_context: id-7, personal_microsoft: false}
"""
PUPIL, STAFF, GUEST, SERVER = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"


class _School(School):
    def write(self) -> "_School":
        super().write()
        path = self.config / "school.yaml"
        path.write_text(path.read_text() + TENANTS)
        return self


@pytest.fixture(scope="module")
def live(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Live:
    from schoolgate.settings.folders import find_folders
    from schoolgate.settings.load import load_settings

    school = _School(tmp_path_factory.mktemp("safe"), people=LEVELS).write()
    settings: Settings = load_settings(find_folders(school.config), index)
    return open_live(settings, "test")


@pytest.fixture
def send(live: Live) -> Callable[..., HTTPFlow]:
    """A request as it would leave for the site."""

    def through(
        url: str, client: str = PUPIL, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> HTTPFlow:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        flow = tflow.tflow(req=Request.make(method, url, body or b"", given))
        flow.client_conn = Client(peername=(client, 50000), sockname=("127.0.0.1", 8080), timestamp_start=1.0)
        flow.response = None
        Gate(live, Act(live)).requestheaders(flow)
        duty = SafeSearch(live, Act(live))
        duty.requestheaders(flow)
        duty.request(flow)
        return flow

    return through


Send = Callable[..., HTTPFlow]


def test_a_pupils_search_is_made_strict(send: Send) -> None:
    flow = send("https://www.google.com/search?q=cat&safe=off&%73afe=off")
    assert flow.response is None
    assert flow.request.path == "/search?safe=active&ssui=on&q=cat"


def test_levels_follow_the_group(send: Send) -> None:
    url = "https://www.bing.com/search?q=cat"
    assert send(url, PUPIL).request.path == "/search?adlt=strict&q=cat"
    assert send(url, STAFF).request.path == "/search?adlt=moderate&q=cat"
    assert send(url, GUEST).request.path == "/search?q=cat"
    assert send(url, SERVER).request.path == "/search?q=cat"


def test_a_clients_own_header_never_wins(send: Send) -> None:
    flow = send("https://www.youtube.com/results?search_query=x", youtube_restrict="Moderate")
    assert flow.request.headers.get_all("YouTube-Restrict") == ["Strict"]
    assert send("https://www.youtube.com/", STAFF).request.headers["youtube-restrict"] == "Moderate"


def test_cookies_are_joined_and_made_safe(send: Send) -> None:
    flow = send("https://duckduckgo.com/?q=cat", cookie="kl=uk-en; p=-2")
    assert flow.request.headers.get_all("cookie") == ["p=1; kl=uk-en"]
    assert flow.request.path == "/?kp=1&q=cat"


def test_cookies_that_http2_sends_apart_are_all_seen(send: Send, live: Live) -> None:
    flow = send("https://www.example.org/")
    flow.request = Request.make("GET", "https://duckduckgo.com/?q=x")
    flow.request.headers = Headers([(b"cookie", b"p=-2"), (b"cookie", b"a=b"), (b"cookie", b"p=-2")])
    Gate(live, Act(live)).requestheaders(flow)
    SafeSearch(live, Act(live)).requestheaders(flow)
    assert flow.request.headers.get_all("cookie") == ["p=1; a=b"]


def test_raw_bytes_and_fragments_do_not_get_past(send: Send, live: Live) -> None:
    flow = send("https://www.google.com/search?q=x")
    flow.request.data.path = b"/search#?q=caf\xe9&safe=off"
    SafeSearch(live, Act(live)).requestheaders(flow)
    assert flow.request.data.path == b"/search?safe=active&ssui=on"
    flow.request.data.path = b"/search?q=caf\xe9&safe=off#&safe=off"
    SafeSearch(live, Act(live)).requestheaders(flow)
    assert flow.request.data.path == b"/search?safe=active&ssui=on&q=caf\xe9"
    flow.request.data.path = b"/search?safe=active&ssui=on&q=x#&safe=off"
    SafeSearch(live, Act(live)).requestheaders(flow)
    assert flow.request.data.path == b"/search?safe=active&ssui=on&q=x#"


def test_other_sites_are_sent_on_byte_for_byte(send: Send) -> None:
    flow = send("https://www.example.org/search?safe=off&q=%7E#x", cookie="p=-2", accept_encoding="gzip, br")
    assert flow.request.path == "/search?safe=off&q=%7E#x"
    assert flow.request.headers["cookie"] == "p=-2"


def test_no_answer_is_made_from_an_older_one_that_only_the_browser_has(send: Send) -> None:
    flow = send("https://www.google.com/search?q=x", available_dictionary=":pZGm1A:", if_none_match='"a"')
    assert "available-dictionary" not in flow.request.headers
    assert flow.request.headers["if-none-match"] == '"a"'


def test_a_posted_search_is_made_safe_in_its_body_too(send: Send) -> None:
    form = {"content_type": "application/x-www-form-urlencoded"}
    flow = send("https://html.duckduckgo.com/html/", method="POST", body=b"q=cat&kp=-2", **form)
    assert flow.request.raw_content == b"kp=1&q=cat"
    assert flow.request.headers["content-length"] == "10"
    assert flow.request.path == "/html/?kp=1"


def test_logins_are_kept_to_the_schools_accounts_for_every_group(send: Send) -> None:
    for client in (PUPIL, STAFF, GUEST):
        headers = send("https://accounts.google.com/", client, x_googapps_allowed_domains="gmail.com").request.headers
        assert headers.get_all("x-googapps-allowed-domains") == ["school.example"]
    headers = send("https://login.microsoftonline.com/common/oauth2").request.headers
    assert (headers["restrict-access-to-tenants"], headers["restrict-access-context"]) == ("school.example", "id-7")
    assert send("https://login.live.com/").request.headers["sec-restrict-tenant-access-policy"] == "restrict-msa"


def test_what_the_gate_refused_or_never_judged_is_not_touched(send: Send, live: Live) -> None:
    flow = send("https://www.pornhub.com/search?q=x")
    assert flow.response is not None
    unjudged = tflow.tflow(req=Request.make("GET", "https://www.google.com/search?q=x"))
    unjudged.response = None
    SafeSearch(live, Act(live)).requestheaders(unjudged)
    assert unjudged.request.path == "/search?q=x"


def test_a_fault_stops_the_request_and_is_recorded(send: Send, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("nobody knows")

    monkeypatch.setattr("schoolgate.proxy.safe_search.safe_change", broken)
    flow = send("https://www.google.com/search?q=x")
    assert flow.response is not None
    assert flow.response.status_code == 503
    written = b"".join(path.read_bytes() for path in live.settings.data.rglob("*") if path.is_file())
    assert b"safe-search" in written


def test_an_engine_without_a_safe_mode_is_its_own_category(live: Live) -> None:
    for host in ("www.dogpile.com", "searx.be", "yacy.net"):
        assert "unsafe_search" in {hit.category for hit in live.snapshot.lists.look_up(host, "/").hits}, host
    for host in (
        "www.google.com",
        "www.bing.com",
        "duckduckgo.com",
        "www.ecosia.org",
        "swisscows.com",
        "www.kiddle.co",
    ):
        assert "unsafe_search" not in {hit.category for hit in live.snapshot.lists.look_up(host, "/").hits}, host
