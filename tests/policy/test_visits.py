"""Whether a person did this, or a page did: what browsers, apps and pages send, and 140 real page loads."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from models.evaluate_visits import SAMPLE, STRIPS, TOP, is_developed, loads_of, reached_proxy, score, seen_of
from schoolgate.policy.visits import COUNTS_FROM, Kind, Origin, Seen, Visits, classify

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36"
)
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
OLD = {"user-agent": CHROME, "accept": HTML, "upgrade-insecure-requests": "1"}
START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
EARLIEST, LATEST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (1971, 2900))


def dest(what: str, user: bool = False, site: str = "same-origin", **more: str) -> dict[str, str]:
    """Headers of a browser that says what a request is for."""
    told = {"user-agent": CHROME, "sec-fetch-dest": what, "sec-fetch-site": site}
    told["sec-fetch-mode"] = "navigate" if what in ("document", "iframe", "object") else "cors"
    return (
        told
        | ({"sec-fetch-user": "?1"} if user else {})
        | {name.replace("_", "-"): text for name, text in more.items()}
    )


TYPED = dest("document", user=True, site="none")


class Person:
    """Somebody at a device; ``does`` tells the ledger one request and returns what it was."""

    def __init__(self, client: str = "10.30.0.7", ledger: Visits | None = None) -> None:
        self.ledger = ledger or Visits()
        self.client, self.now = client, START

    def does(
        self, url: str, headers: Mapping[str, str], after: float = 0.1, method: str = "GET", **more: Any
    ) -> Origin:
        self.now += timedelta(seconds=after)
        return self.ledger.judge(Seen(self.now, self.client, method, url, headers, **{"status": 200, **more}))


def counts(origin: Origin) -> bool:
    return origin.kind is Kind.VISIT and origin.confidence >= COUNTS_FROM


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"sec-fetch-dest": "document"}, 200, Kind.VISIT),
        ({"sec-fetch-dest": "document"}, None, Kind.VISIT),
        ({"sec-fetch-dest": "document"}, 302, Kind.REDIRECT),
        ({"sec-fetch-dest": "document"}, 304, Kind.VISIT),
        ({"sec-fetch-dest": "document", "sec-purpose": "prefetch"}, 200, Kind.PREFETCH),
        ({"sec-fetch-dest": "document", "purpose": "prefetch"}, 200, Kind.PREFETCH),
        ({"x-purpose": "preview", "accept": HTML}, 200, Kind.PREFETCH),
        ({"sec-fetch-dest": "iframe", "sec-fetch-user": "?1"}, 200, Kind.EMBEDDED),
        ({"sec-fetch-dest": "image"}, 200, Kind.EMBEDDED),
        ({"sec-fetch-dest": "empty"}, 200, Kind.EMBEDDED),
        ({"sec-fetch-dest": "serviceworker"}, 200, Kind.BACKGROUND),
        ({"accept": "text/html"}, 200, Kind.UNKNOWN),
        ({"accept": "*/*"}, 200, Kind.UNKNOWN),
        ({"accept": "image/avif,image/webp,*/*;q=0.8"}, 200, Kind.EMBEDDED),
        ({"accept": "text/css,*/*;q=0.1"}, 200, Kind.EMBEDDED),
        ({"accept": "*/*", "referer": "http://x.example/"}, 200, Kind.EMBEDDED),
        ({}, None, Kind.UNKNOWN),
    ],
)
def test_the_browser_says_what_a_request_is_for(headers: dict[str, str], status: int | None, kind: Kind) -> None:
    for origin in (classify(headers, status), Person().does("https://a.example/x", headers, status=status)):
        assert origin.kind is kind
        assert origin.reason
        assert 0 < origin.confidence <= 1


@pytest.mark.parametrize(
    ("method", "url", "headers", "kind"),
    [
        ("CONNECT", "https://facebook.com:443", TYPED, Kind.UNKNOWN),
        ("CONNECT", "facebook.com:443", {}, Kind.UNKNOWN),
        ("HEAD", "https://a.example/", TYPED, Kind.BACKGROUND),
        ("HEAD", "https://a.example/", OLD, Kind.BACKGROUND),
        ("OPTIONS", "https://a.example/", {"origin": "https://b.example", "accept": "*/*"}, Kind.EMBEDDED),
        ("POST", "https://a.example/b", dest("empty", sec_fetch_mode="no-cors"), Kind.BACKGROUND),
        ("GET", "https://a.example/x", dest("empty", site="none"), Kind.BACKGROUND),
        ("GET", "https://a.example/x", dest("sharedworker"), Kind.BACKGROUND),
        ("GET", "http://captive.apple.com/hotspot-detect.html", OLD, Kind.BACKGROUND),
        ("GET", "http://www.msftconnecttest.com/connecttest.txt", {"user-agent": "Microsoft NCSI"}, Kind.BACKGROUND),
        ("GET", "http://www.gstatic.com/generate_204", {"user-agent": CHROME}, Kind.BACKGROUND),
        ("GET", "http://ocsp.digicert.com/abc", {"user-agent": CHROME}, Kind.BACKGROUND),
        ("GET", "http://x.example/ca.crl", {"user-agent": "Microsoft-CryptoAPI/10.0"}, Kind.BACKGROUND),
        ("GET", "https://facebook.com/", {"user-agent": "okhttp/4.9", "accept": "text/html"}, Kind.BACKGROUND),
        ("GET", "https://facebook.com/", {"user-agent": "Facebook/1 CFNetwork/1490 Darwin/23"}, Kind.BACKGROUND),
        ("GET", "https://facebook.com/", {"user-agent": "python-requests/2.32", "accept": "*/*"}, Kind.BACKGROUND),
        ("GET", "https://facebook.com/", {"user-agent": "curl/8.5", "accept": HTML}, Kind.BACKGROUND),
        ("GET", "https://facebook.com/", {"user-agent": "curl/8.5", "sec-fetch-dest": "document"}, Kind.VISIT),
        ("GET", "https://facebook.com/", {"user-agent": "curl/8.5", "sec-fetch-dest": "image"}, Kind.EMBEDDED),
        ("GET", "https://facebook.com/", {"user-agent": "Dalvik/2.1.0 (Linux; U; Android 14)"}, Kind.BACKGROUND),
        ("GET", "https://a.example/", {"user-agent": "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"}, Kind.BACKGROUND),
        ("GET", "https://a.example/", {"user-agent": "Mozilla/5.0 Gecko/20100101 Thunderbird/115.3", "accept": HTML}, Kind.BACKGROUND),
        ("GET", "https://a.example/", {"user-agent": "Mozilla/5.0 Safari/605.1 (Applebot/0.1; +http://www.apple.com/go/applebot)", "accept": HTML}, Kind.BACKGROUND),
        ("GET", "https://a.example/", {"user-agent": "Mozilla/5.0", "accept": HTML}, Kind.BACKGROUND),
        ("GET", "https://www.pool.ntp.org/", TYPED, Kind.VISIT),
        ("GET", "https://crl.example/", OLD, Kind.VISIT),
        ("GET", "https://a.example/", {"user-agent": "Lynx/2.8", "accept": HTML}, Kind.UNKNOWN),
        ("GET", "https://a.example/", {**OLD, "x-requested-with": "XMLHttpRequest"}, Kind.EMBEDDED),
        ("GET", "https://a.example/", {"user-agent": CHROME, "accept": "text/html, */*; q=0.01"}, Kind.UNKNOWN),
        ("GET", "https://a.example/", {"user-agent": CHROME, "upgrade-insecure-requests": "1"}, Kind.VISIT),
        ("GET", "http://a.example/", {"user-agent": "Mozilla/5.0 (Macintosh) Safari/85", "accept": "text/html"}, Kind.VISIT),
        ("GET", "http://a.example/", {"user-agent": "Mozilla/5.0 Gecko Firefox/3.6", "accept": HTML}, Kind.VISIT),
        ("GET", "not an address", TYPED, Kind.UNKNOWN),
        ("GET", "https://[::1", TYPED, Kind.UNKNOWN),
        ("GET", "", TYPED, Kind.UNKNOWN),
    ],
)  # fmt: skip
def test_a_request_by_itself(method: str, url: str, headers: dict[str, str], kind: Kind) -> None:
    origin = Person().does(url, headers, method=method)
    assert (origin.kind, bool(origin.reason)) == (kind, True)


def test_pages_that_embed_facebook_are_no_visit_to_it_but_a_click_is() -> None:
    person = Person()
    assert counts(person.does("https://news.example/", TYPED))
    for what in ("iframe", "image", "script", "empty", "object"):
        headers = dest(what, user=what == "iframe", site="cross-site", referer="https://news.example/")
        assert person.does("https://www.facebook.com/plugins/like.php", headers).kind is Kind.EMBEDDED
    assert counts(person.does("https://www.facebook.com/us", dest("document", user=True, site="cross-site"), after=9))


def test_where_a_page_sends_the_browser_by_itself_is_left_out() -> None:
    person = Person()
    person.does("https://news.example/", TYPED)
    headers = dest("document", site="cross-site", referer="https://news.example/")
    origin = person.does("https://www.facebook.com/", headers, after=1)
    assert (origin.kind, counts(origin)) == (Kind.VISIT, False)
    assert "by itself" in origin.reason


def test_safari_never_tells_a_click_so_only_haste_speaks_against_one() -> None:
    person, safari = Person(), {"user-agent": SAFARI}
    assert counts(person.does("https://news.example/", {**dest("document", site="none"), **safari}))
    hasty = {**dest("document", site="cross-site", referer="https://news.example/"), **safari}
    assert not counts(person.does("https://a.example/", hasty, after=1))
    assert counts(person.does("https://b.example/", hasty, after=30))


def test_a_challenge_that_lets_the_browser_in_leads_to_a_visit_that_is_left_out() -> None:
    person = Person()
    person.does("https://shop.example/", TYPED, status=403)
    again = dest("document", referer="https://shop.example/", cache_control="max-age=0")
    origin = person.does("https://shop.example/", again, after=3)
    assert (origin.kind, counts(origin)) == (Kind.VISIT, False)
    assert person.does("https://shop.example/", again, after=30).kind is Kind.BACKGROUND


def test_back_in_a_tab_is_a_visit_though_the_browser_tells_no_click() -> None:
    person = Person()
    person.does("https://news.example/", TYPED)
    to_story = dest("document", user=True, referer="https://news.example/")
    person.does("https://news.example/story", to_story, after=20)
    person.does(
        "https://news.example/more", dest("document", user=True, referer="https://news.example/story"), after=20
    )
    gone_back = dest("document", referer="https://news.example/")
    assert counts(person.does("https://news.example/story", gone_back, after=20))


@pytest.mark.parametrize(
    ("more", "kind", "words"),
    [
        ({"answer": {"content-disposition": 'attachment; filename="a.pdf"'}}, Kind.VISIT, "a file"),
        ({"type": "application/zip"}, Kind.VISIT, "a file"),
        ({"type": "application/pdf"}, Kind.VISIT, "a person"),
        ({"status": 204}, Kind.BACKGROUND, "nothing to show"),
        ({"status": 404}, Kind.VISIT, "a person"),
        ({"status": None}, Kind.VISIT, "a person"),
        ({"status": 304}, Kind.VISIT, "a person"),
        ({"status": 308, "location": "/there"}, Kind.REDIRECT, "sent the browser on"),
    ],
)
def test_what_came_back_for_a_page(more: dict[str, Any], kind: Kind, words: str) -> None:
    origin = Person().does("https://a.example/x", TYPED, **more)
    assert (origin.kind, words in origin.reason) == (kind, True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_chain_of_redirects_stays_what_it_began_as(status: int) -> None:
    person = Person()
    assert person.does("http://a.example/", OLD, status=status, location="/next#top").kind is Kind.REDIRECT
    assert person.does("http://a.example/next", OLD, status=status, location="//b.example").kind is Kind.REDIRECT
    assert counts(person.does("http://b.example/", OLD))
    framed = {**OLD, "referer": "http://b.example/"}
    moved = {"status": status, "location": "http://ads.example/show?x=1"}
    assert person.does("http://x.example/embed", framed, after=1, **moved).kind is Kind.EMBEDDED
    assert person.does("http://ads.example/show?x=1", framed, after=9).kind is Kind.EMBEDDED


def test_without_sec_fetch_frames_come_while_a_page_is_loading_and_clicks_when_it_rests() -> None:
    person, here = Person(), {**OLD, "referer": "http://news.example/"}
    assert counts(person.does("http://news.example/", OLD))
    assert person.does("http://news.example/s.css", {"accept": "text/css,*/*;q=0.1", **here}).kind is Kind.EMBEDDED
    assert person.does("http://shop.example/offer", here, after=0.5).kind is Kind.EMBEDDED
    nested = {**OLD, "referer": "http://shop.example/"}
    assert person.does("http://bet.example/x", nested, after=0.3).kind is Kind.EMBEDDED
    clicked = person.does("http://shop.example/", here, after=20)
    assert (clicked.kind, counts(clicked)) == (Kind.VISIT, False)  # a page may add a frame late, too


@pytest.mark.parametrize(
    ("answer", "sure"),
    [
        ({"x-frame-options": "DENY"}, True),
        ({"x-frame-options": "sameorigin"}, True),
        ({"content-security-policy": "default-src 'self'; frame-ancestors 'none'"}, True),
        ({"content-security-policy": "frame-ancestors 'self' https://news.example"}, False),
        ({"content-security-policy": "default-src 'self'"}, False),
        ({}, False),
    ],
)
def test_without_sec_fetch_a_click_counts_where_the_answer_forbids_frames(answer: dict[str, str], sure: bool) -> None:
    person = Person()
    person.does("http://news.example/", OLD)
    clicked = person.does("http://shop.example/", {**OLD, "referer": "http://news.example/"}, after=20, answer=answer)
    assert (clicked.kind, counts(clicked)) == (Kind.VISIT, sure)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://www.googletagmanager.com/static/service_worker/5840/sw_iframe.html", Kind.EMBEDDED),
        ("https://challenges.cloudflare.com/cdn-cgi/challenge-platform/h/b/turnstile/if", Kind.EMBEDDED),
        ("https://a.example/x?of=https%3A%2F%2Fnews.example%2F", Kind.EMBEDDED),
        ("https://a.example/some/page", Kind.UNKNOWN),
        ("https://a.example/", Kind.VISIT),
    ],
)
def test_without_sec_fetch_and_referer_beside_a_page_that_loads(url: str, kind: Kind) -> None:
    person = Person()
    person.does("https://www.news.example/", OLD)
    assert person.does(url, OLD, after=1).kind is kind
    assert counts(Person().does(url, OLD))  # with no page open, somebody typed it


def test_a_page_kept_open_that_loads_itself_anew_is_no_visit_with_and_without_sec_fetch() -> None:
    for first, again in (
        (TYPED, dest("document", referer="https://board.example/")),
        (OLD, {**OLD, "referer": "https://board.example/"}),
    ):
        person = Person()
        assert counts(person.does("https://board.example/", first))
        for _ in range(5):
            assert person.does("https://board.example/", again, after=60).kind is Kind.BACKGROUND


def test_somebody_who_looks_in_every_morning_is_no_page_that_loads_itself_anew() -> None:
    person = Person()
    for _ in range(4):
        assert counts(person.does("https://news.example/", OLD, after=24 * 3600))
        assert counts(Person().does("https://news.example/", OLD))


def test_a_page_that_safari_loads_anew_is_left_out_from_the_first_time_on() -> None:
    person, safari = Person(), {"user-agent": SAFARI}
    assert counts(person.does("https://board.example/", {**dest("document", site="none"), **safari}))
    for _ in range(5):
        again = {**dest("document", referer="https://board.example/"), **safari}
        assert not counts(person.does("https://board.example/", again, after=60))
    form = {**dest("document", referer="https://board.example/"), **safari, "content-type": "text/plain"}
    assert counts(person.does("https://board.example/", form, after=60, method="POST"))


def test_a_page_that_lets_the_browser_in_with_status_200_leads_to_a_visit_that_is_left_out() -> None:
    person = Person()
    person.does("https://shop.example/", TYPED)
    again = dest("document", referer="https://shop.example/")
    origin = person.does("https://shop.example/", again, after=4)
    assert (origin.kind, counts(origin)) == (Kind.VISIT, False)
    assert person.does("https://shop.example/", again, after=4).kind is Kind.BACKGROUND


def test_without_sec_fetch_frames_of_a_page_that_hides_its_referer_are_no_visits() -> None:
    person = Person()
    assert counts(person.does("https://news.example/", OLD))
    for second in range(3):
        person.does(f"https://cdn.example/{second}.js", {"user-agent": CHROME, "accept": "*/*"}, after=2)
    assert person.does("https://shop.example/offer", OLD, after=1).kind is Kind.UNKNOWN


def test_without_sec_fetch_what_asks_without_a_referer_hides_no_click_on_a_page_long_open() -> None:
    person = Person()
    person.does("https://news.example/", OLD)
    for _ in range(20):
        person.does("https://extension.example/poll", {"user-agent": CHROME, "accept": "*/*"}, after=2)
    assert person.does("https://news.example/story", {**OLD, "referer": "https://news.example/"}).kind is Kind.VISIT


def test_a_form_that_an_empty_page_sends_to_another_site_at_once_leads_to_what_is_left_out() -> None:
    person, sent = Person(), {**OLD, "content-type": "application/x-www-form-urlencoded"}
    person.does("https://login.example/", OLD)
    person.does("https://login.example/", {**sent, "referer": "https://login.example/"}, after=20, method="POST")
    came_back = {**sent, "referer": "https://login.example/"}
    hop = person.does("https://app.example/in", came_back, method="POST", status=302, location="/")
    landed = person.does("https://app.example/", {**OLD, "referer": "https://login.example/"})
    assert (hop.kind, landed.kind, counts(landed)) == (Kind.REDIRECT, Kind.VISIT, False)


def test_what_asks_again_and_again_is_background() -> None:
    person = Person()
    person.does("https://chat.example/", TYPED)
    kinds = [person.does(f"https://chat.example/poll?t={n}", dest("empty"), after=10).kind for n in range(6)]
    assert kinds[-1] is Kind.BACKGROUND


def test_devices_do_not_mix_and_the_one_silent_longest_is_forgotten() -> None:
    ledger = Visits(clients=3)
    people = [Person(f"10.0.0.{number}", ledger) for number in range(5)]
    for person in people:
        person.does("http://news.example/", OLD)
    framed = {**OLD, "referer": "http://news.example/"}
    assert people[-1].does("http://a.example/x", framed, after=1).kind is Kind.EMBEDDED
    forgotten = people[0].does("http://a.example/x", framed, after=1)
    assert (forgotten.kind, counts(forgotten)) == (Kind.VISIT, False)


def test_memory_is_bounded() -> None:
    person = Person()
    for number in range(2000):
        url = f"http://a.example/{number}?{'x' * 5000}"
        person.does(url, {**OLD, "referer": url} if number % 2 else OLD, after=5)
        person.does(url, OLD, status=302, location=f"/{number}to{'y' * 5000}")
        person.does(f"http://a.example/{number}.js", {"accept": "*/*", "referer": url})
    [device] = person.ledger._devices.values()
    kept = (device.pages, device.frames, device.hops, device.workers, device.polls)
    assert all(len(each) <= 48 for each in kept)
    assert all(len(key) < 500 for key in device.pages)


words = st.text(max_size=40) | st.sampled_from(
    ["document", "iframe", "empty", "?1", "prefetch", HTML, "a\x00b", "\ud800", "9" * 5000]
)
names = st.sampled_from(
    ["sec-fetch-dest", "sec-fetch-user", "sec-fetch-mode", "sec-fetch-site", "referer", "accept", "user-agent", "origin",
     "upgrade-insecure-requests", "cache-control", "content-type", "purpose", "service-worker"]
)  # fmt: skip
urls = (
    st.sampled_from(
        ["http://a.example/", "https://a.example/x?y", "//", "http://[", "http://a:b/", "ftp://x", "blob:https://a"]
    )
    | words
)


@given(
    st.lists(
        st.builds(
            Seen,
            st.datetimes(EARLIEST, LATEST).map(lambda at: at.replace(tzinfo=UTC)),
            st.sampled_from(["a", "b", ""]),
            st.sampled_from(["GET", "POST", "HEAD", "connect", "", "\x00"]),
            urls,
            st.dictionaries(names, words | urls),
            st.none() | st.integers(-5, 1000),
            words,
            urls,
            st.dictionaries(
                st.sampled_from(["x-frame-options", "content-security-policy", "content-disposition"]), words
            ),
        ),
        max_size=12,
    )
)
def test_nothing_that_is_sent_breaks_the_ledger(rows: list[Seen]) -> None:
    ledger = Visits()
    for seen in rows:
        origin = ledger.judge(seen)
        assert origin.reason
        assert 0 <= origin.confidence <= 1


needs_sample = pytest.mark.skipif(not SAMPLE.exists(), reason="the traffic sample is not on this machine")


@pytest.fixture(scope="module")
def loads() -> dict[str, list[dict[str, Any]]]:
    return loads_of(SAMPLE)


@needs_sample
@pytest.mark.parametrize("client", [str, lambda site: "one device"], ids=["a device each", "one device"])
@pytest.mark.parametrize(
    ("strip", "precision", "recall"),
    [("as sent", 1.0, 0.995), ("no Sec-Fetch", 0.97, 0.92), ("no Sec-Fetch, no Priority", 0.97, 0.92)],
)
def test_the_bars_hold_on_page_loads_that_were_not_developed_on(
    loads: dict[str, list[dict[str, Any]]], strip: str, precision: float, recall: float, client: Any
) -> None:
    for developed in (False, True):
        part = {site: rows for site, rows in loads.items() if is_developed(site) is developed}
        found = score(part, STRIPS[strip], client)
        assert found.precision >= precision, found.false
        assert found.recall >= recall, found.missed
        assert found.counted_false == 0
        assert found.landed / found.loads >= 0.99


@needs_sample
def test_of_real_page_loads_nothing_but_visits_counts_and_forwards_are_left_out(
    loads: dict[str, list[dict[str, Any]]],
) -> None:
    forwards = 0
    for rows in loads.values():
        ledger = Visits()
        for row in filter(reached_proxy, rows):
            origin = ledger.judge(seen_of(row, STRIPS["as sent"], "a"))
            assert not counts(origin) or row["truth"] in TOP
            if row["truth"] == "later_toplevel" and row["status"] == 200:
                forwards += 1
                assert (origin.kind, counts(origin)) == (Kind.VISIT, False)
    assert forwards == 5
