"""An address inside an address: it is found however it is written, and judged as if it had been asked for itself."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from schoolgate.policy.calendar import Calendar, Window
from schoolgate.policy.decision import decide
from schoolgate.policy.identity import Addresses, Group, Inspect, People
from schoolgate.policy.request import WebRequest, request_from_url
from schoolgate.policy.rules import Action, Alert, Category, Hit, Listing, Rule, Stage
from schoolgate.policy.said import text_limit
from schoolgate.policy.signs import is_public_address, of_request, opens_a_page
from schoolgate.policy.snapshot import Snapshot
from schoolgate.policy.within_names import within_name
from schoolgate.policy.wrapped import shown, wrapped_in
from schoolgate.policy.wrappers import WRAPPERS

LONDON = ZoneInfo("Europe/London")
HOURS = {"staff": ((Window(495, 735), Window(780, 960)),) * 7}
AT = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)


class Book:
    """Lists in memory."""

    pages = {
        "porn.example": Listing((Hit("adult", "list", "porn.example"),)),
        "shop.example": Listing((Hit("shopping", "list", "shop.example"),)),
        "translate.google.com": Listing((), (Action.ALLOW, Hit("local", "local/allow", "google.com"))),
        "trusted.example": Listing((), (Action.ALLOW, Hit("local", "local/allow", "trusted.example"))),
    }

    def look_up(self, host: str, target: str) -> Listing:
        return self.pages.get(host, Listing())

    def is_protected(self, host: str) -> bool:
        return host == "github.com"


def _rule(name: str, group: str, category: str, action: Action) -> Rule:
    return Rule(name, frozenset([group]), (category,), "always", action, Alert.NONE, "why", "basis")


def _group(name: str, network: str, inspect: Inspect = Inspect.FULL, addresses: Addresses | None = None) -> Group:
    return Group(name, name, inspect, (ip_network(network),), addresses=addresses)


SNAPSHOT = Snapshot(
    "v1",
    People(
        (
            _group("pupils", "10.1.0.0/16"),
            _group("staff", "10.2.0.0/16"),
            _group("guests", "10.3.0.0/16", Inspect.NAMES),
            _group("infants", "10.4.0.0/16", addresses=Addresses.BLOCK),
            _group("sixth_form", "10.5.0.0/16", addresses=Addresses.WARN),
            _group("lab", "81.2.69.0/24", addresses=Addresses.JUDGED),
        ),
        "pupils",
    ),
    Calendar(LONDON, HOURS),
    {name: Category(name, name, "content", "why") for name in ("adult", "shopping", "circumvention")},
    (
        _rule("pupils-adult", "pupils", "adult", Action.BLOCK),
        _rule("pupils-round", "pupils", "circumvention", Action.BLOCK),
        _rule("guests-adult", "guests", "adult", Action.BLOCK),
        _rule("staff-log", "staff", "shopping", Action.LOG),
    ),
    Book(),  # type: ignore[arg-type]
)


def _asked(url: str, client: str = "10.1.0.1", **headers: str) -> WebRequest:
    request = request_from_url(url, at=AT, client=client)
    signs = of_request("GET", request.host, request.asked, headers)
    return replace(request, signs=signs, opened=opens_a_page(headers))


@pytest.mark.parametrize(
    ("url", "inner"),
    [
        ("https://my--site-co-uk.translate.goog/a/b?c=d", "https://my-site.co.uk/a/b"),
        ("https://translate.google.com/translate?u=porn.example/x", "https://porn.example/x"),
        ("https://translate.google.com/translate?u=https%253A%252F%252Fporn.example%252Fx", "https://porn.example/x"),
        ("https://web.archive.org/web/2020/porn.example/x", "https://porn.example/x"),
        ("https://corsproxy.io/?aHR0cHM6Ly9wb3JuLmV4YW1wbGUveA", "https://porn.example/x"),
        ("https://any.example/a/hvtrs8%2F-pmrl.gxcmrlg%2F", "https://porn.example/"),
        ("https://any.example/a/https://porn.example/x", "https://porn.example/x"),
    ],
)
def test_the_address_behind_another_is_found(url: str, inner: str) -> None:
    assert [each.request.url for each in wrapped_in(request_from_url(url, at=AT))] == [inner]


@pytest.mark.parametrize(
    "url",
    [
        "https://www.google.com/search?q=https://porn.example/",
        "https://any.example/?next=https://porn.example/",
        "https://web.archive.org/web/index.html",
        "https://archive.org/details/porn.example",
        "https://www.bbc.co.uk/",
    ],
)
def test_nothing_is_found_where_nothing_is_shown(url: str) -> None:
    assert wrapped_in(request_from_url(url, at=AT)) == ()


def test_the_page_behind_is_judged_and_named() -> None:
    verdict = decide(_asked("https://translate.google.com/translate?u=porn.example"), SNAPSHOT)
    assert (verdict.action, verdict.category, verdict.host) == (Action.BLOCK, "adult", "porn.example")
    assert "through translate.google.com" in verdict.why


def test_what_is_known_by_its_name_alone_is_judged_at_the_hello() -> None:
    names = replace(_asked("https://porn-example.translate.goog/", "10.3.0.1"), path="", target="", asked="")
    assert decide(names, SNAPSHOT, Stage.HELLO).action is Action.BLOCK


def test_nothing_behind_another_address_is_written_down_against_anybody() -> None:
    verdict = decide(_asked("https://web.archive.org/web/2020/https://shop.example/", "10.2.0.1"), SNAPSHOT)
    assert verdict.action is Action.ALLOW


def test_the_words_of_a_page_behind_another_are_judged_like_the_page() -> None:
    request = _asked("https://translate.google.com/translate?u=unknown.example")
    identity = SNAPSHOT.people.identify("10.1.0.1", None)
    assert shown(request).host == "unknown.example"
    assert text_limit(identity, request, SNAPSHOT) == 100


def test_addresses_in_addresses_without_end_are_read_to_an_end() -> None:
    url = "https://r.jina.ai/" * 200 + "https://porn.example/"
    assert 0 < len(wrapped_in(request_from_url(url, at=AT))) < 20


def _behind(times: int) -> str:
    url = "https://porn.example/"
    for _ in range(times):
        url = "https://translate.google.com/translate?u=" + quote(url, safe="")
    return url


@pytest.mark.parametrize(
    "query",
    [
        "x=" + "A" * 5_000 + "&u=https://porn.example/",
        "x=" + "A" * 70_000 + "&u=https://porn.example/",
        "&".join(f"u=https://harmless{n}.example/" for n in range(14)) + "&u=https://porn.example/",
        "&".join(f"u=https://harmless{n}.example/" for n in range(90)) + "&u=https://porn.example/",
        _behind(4).partition("?")[2],
        _behind(9).partition("?")[2],
    ],
    ids=["padded", "padded beyond all", "14 decoys", "90 decoys", "4 deep", "9 deep"],
)
def test_nothing_hides_a_page_behind_a_site_that_shows_pages(query: str) -> None:
    verdict = decide(_asked(f"https://translate.google.com/translate?{query}"), SNAPSHOT)
    assert (verdict.action, verdict.category in ("adult", "circumvention")) == (Action.BLOCK, True)


def test_long_addresses_and_many_links_alone_are_no_way_round() -> None:
    for query in ("state=" + "A" * 70_000, "&".join(f"url=https://harmless{n}.example/" for n in range(90))):
        assert decide(_asked(f"https://reader.example/page?{query}"), SNAPSHOT).action is Action.ALLOW


@pytest.mark.parametrize(
    ("url", "client", "action"),
    [
        ("https://93.184.216.34/", "10.1.0.1", Action.BLOCK),
        ("https://93.184.216.34/", "10.2.0.1", Action.ALLOW),
        ("https://93.184.216.34/", "10.3.0.1", Action.BLOCK),
        ("https://93.184.216.34/", "10.4.0.1", Action.BLOCK),
        ("https://93.184.216.34/", "10.5.0.1", Action.WARN),
        ("https://93.184.216.34/", "81.2.69.1", Action.ALLOW),
        ("https://81.2.69.5/", "10.4.0.1", Action.ALLOW),
        ("https://10.9.9.9/", "10.4.0.1", Action.ALLOW),
        ("https://[fd00::1]/", "10.4.0.1", Action.ALLOW),
        ("https://[2a00:1450::1]/", "10.4.0.1", Action.BLOCK),
        ("https://translate.google.com/translate?u=http://93.184.216.34/", "10.4.0.1", Action.BLOCK),
    ],
)
def test_a_bare_address_means_what_the_group_says(url: str, client: str, action: Action) -> None:
    verdict = decide(_asked(url, client), SNAPSHOT)
    assert (verdict.action, verdict.rule) == (action, "" if action is Action.ALLOW else "bare-address")


@pytest.mark.parametrize(
    ("url", "headers", "action"),
    [
        ("https://any.example/browse.php?u=x&b=4", {}, Action.BLOCK),
        ("https://trusted.example/browse.php?u=x&b=4", {}, Action.ALLOW),
        ("https://github.com/proxy/https://any.example/", {}, Action.ALLOW),
        ("https://github.com/", {"accept": "application/dns-message"}, Action.BLOCK),
        ("https://any.example/proxy/https://cdn.example/", {"sec-fetch-dest": "image"}, Action.ALLOW),
        ("https://any.example/proxy/https://cdn.example/", {"sec-fetch-dest": "document"}, Action.BLOCK),
    ],
)
def test_a_sign_counts_unless_the_school_trusts_the_site_or_needs_it_and_is_not_sure(
    url: str, headers: dict[str, str], action: Action
) -> None:
    assert decide(_asked(url, **headers), SNAPSHOT).action is action


@pytest.mark.parametrize(
    ("url", "headers", "action"),
    [
        ("https://any.example/?url=https://porn.example/", {}, Action.BLOCK),
        ("https://any.example/?url=porn.example", {}, Action.BLOCK),
        ("https://any.example/go?x=aHR0cHM6Ly9wb3JuLmV4YW1wbGUv", {}, Action.BLOCK),
        ("https://any.example/go/68747470733a2f2f706f726e2e6578616d706c65", {}, Action.BLOCK),
        ("https://any.example/main/https/porn.example/x", {}, Action.BLOCK),
        ("https://any.example/?url=ht%0Atps://porn.exa%09mple/", {}, Action.BLOCK),
        ("https://any.example/?url=https://porn.example/", {"sec-fetch-dest": "iframe"}, Action.BLOCK),
        ("https://any.example/?url=https://porn.example/", {"sec-fetch-dest": "image"}, Action.ALLOW),
        ("https://any.example/?url=https://porn.example/", {"sec-fetch-dest": "empty"}, Action.ALLOW),
        ("https://any.example/t?url=https://porn.example/", {"accept": "image/png", "referer": "x"}, Action.ALLOW),
        ("https://any.example/?next=https://porn.example/", {}, Action.ALLOW),
        ("https://any.example/share?url=https://porn.example/", {}, Action.ALLOW),
        ("https://github.com/?url=https://porn.example/", {}, Action.ALLOW),
        ("https://trusted.example/?url=https://porn.example/", {}, Action.ALLOW),
    ],
)
def test_a_site_that_nobody_knows_may_show_the_address_that_a_page_of_it_is_asked_for(
    url: str, headers: dict[str, str], action: Action
) -> None:
    assert decide(_asked(url, **headers), SNAPSHOT).action is action


@pytest.mark.parametrize(
    ("host", "inner"),
    [
        ("www.porn.com.mirror.example", ["www.porn.com"]),
        ("broker.tor.net.global.prod.example.net", ["broker.tor.net"]),
        ("www-porn-com.ezproxy.lib.example", ["www.porn.com"]),
        ("my--site-org.webproxy.example", ["my-site.org"]),
        ("x.com.au.cdn.example.net", ["x.com.au"]),
        ("amazon.com.au", []),
        ("www.google.com.hk", []),
        ("4.3.2.1.com.in-addr.arpa", []),
        ("my-site-com.example", []),
    ],
)
def test_a_host_in_another_hosts_name_is_read(host: str, inner: list[str]) -> None:
    assert list(within_name(host, "")) == inner


def test_names_in_names_are_left_alone_where_only_names_are_looked_up() -> None:
    request = replace(_asked("https://porn.com.list.example/"), method="DNS", asked="")
    assert wrapped_in(request) == ()
    assert wrapped_in(replace(request, method="CONNECT"))


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("ec2-93-184-216-34.eu-west-2.compute.amazonaws.com", True),
        ("34.216.184.93.bc.googleusercontent.com", True),
        ("static.34.216.184.93.clients.your-server.de", True),
        ("a23-45-67-89.deploy.static.akamaitechnologies.com", False),
        ("bucket.s3.eu-west-2.amazonaws.com", False),
    ],
)
def test_a_machines_own_name_says_no_more_than_its_address(host: str, named: bool) -> None:
    assert is_public_address(host) is named


@pytest.mark.parametrize(
    ("url", "certain"),
    [
        ("https://apps.apple.com/gb/app/nordvpn-vpn-fast-secure/id905953485?cisco", True),
        ("https://play.google.com/store/apps/details?id=com.expressvpn.vpn&x=cisco", True),
        ("https://apps.apple.com/gb/app/forticlient-vpn/id1475674905", False),
        ("https://apps.apple.com/gb/app/microsoft-teams/id1113153706", False),
        ("https://any.example/app/vpn", False),
    ],
)
def test_a_vpn_in_a_store_is_known_and_one_for_work_is_left_alone(url: str, certain: bool) -> None:
    assert [hit.certain for hit in _asked(url).signs] == ([True] if certain else [])


def test_every_line_of_the_table_says_where_the_address_stands() -> None:
    for lines in WRAPPERS.values():
        for each in lines:
            assert each.names or each.whole_query or each.in_path, each
            assert each.path.startswith("/")
