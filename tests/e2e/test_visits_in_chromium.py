"""A real Chromium through the real gateway: what a person does there is a visit, what pages do is none.

Each walk is judged twice: as the browser sent it, and without any Sec-Fetch header, as old browsers and plain http are.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from e2e.test_browser import Relay
from pretend.browsed import Browsed, Reply
from pretend.chromium import CHROMIUM, QUIET
from pretend.gateway import Gateway
from pretend.sites import Sites
from schoolgate.policy.visits import COUNTS_FROM, Origin, Visits

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="Debian's chromium is not installed (apt-get install chromium)"
)
PARTS = "<link rel=stylesheet href=/style.css><img src=/picture.png><script src=/script.js></script>"
MAIN, OTHER, FRAMED = "news.example", "allowed.example", "slow.example"


def page(body: str = "", **more: Any) -> Reply:
    return Reply(f"<!doctype html><link rel=icon href='data:,'><title>page</title>{body}", **more)


def link(name: str, to: str, words: str = "") -> str:
    return f"<p><a id={name} {words} href='{to}'>{name}</a></p>"


@dataclass
class Walk:
    """A browser in a person's hands; ``world`` saw what it sent."""

    world: Browsed
    context: Any
    main: str
    other: str

    def type(self, address: str) -> Any:
        """Open a new tab and type an address."""
        tab = self.context.new_page()
        tab.goto(address)
        self.read()
        return tab

    def read(self) -> None:
        """Wait until the browser has asked for all it wants, then read for half a minute."""
        self.until(lambda: True)
        self.world.think(30 + len(self.world.seen))  # a person keeps no even time

    def click(self, tab: Any, name: str) -> None:
        tab.bring_to_front()
        before = len(self.world.seen)
        tab.locator(f"#{name}").click(force=True, no_wait_after=True)
        self.until(lambda: len(self.world.seen) > before)
        self.read()

    def until(self, done: Callable[[], bool]) -> None:
        """Until ``done`` and nothing more came for a while; at most half a minute."""
        end = time.monotonic() + 30
        quiet = -1
        while (not done() or quiet != len(self.world.seen)) and time.monotonic() < end:
            quiet = len(self.world.seen)
            self.context.pages[-1].wait_for_timeout(400)

    def told(self, strip: bool) -> list[tuple[str, Origin]]:
        """Each path that was asked for, and what the ledger says of it."""
        ledger = Visits()
        told = []
        for seen in self.world.seen:
            if strip:
                seen = replace(seen, headers={k: v for k, v in seen.headers.items() if not k.startswith("sec-fetch-")})
            parts = urlsplit(seen.url)
            place = "" if parts.hostname == MAIN else f"{parts.hostname}"
            told.append((f"{place}{parts.path}", ledger.judge(seen)))
        return told

    def kinds(self, *paths: str, strip: bool = False) -> list[str]:
        """The kinds of these paths in the order in which they were asked for; a ? marks a visit that does not count."""
        return [_shown(origin) for path, origin in self.told(strip) if path in paths]

    def counted(self, strip: bool = False) -> list[str]:
        """The paths that count against a person."""
        return [path for path, origin in self.told(strip) if _shown(origin) == "visit"]


def _shown(origin: Origin) -> str:
    doubtful = origin.kind == "visit" and origin.confidence < COUNTS_FROM
    return f"{origin.kind}{'?' if doubtful else ''}"


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway]) -> Gateway:
    return start()


@pytest.fixture(scope="module")
def browser(gateway: Gateway) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        relay = Relay("127.0.0.2", gateway.school.proxy_port)
        flags = [*QUIET, "--ignore-certificate-errors"]  # else no service worker is let in
        proxy = {"server": f"http://127.0.0.1:{relay.port}"}
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=flags, proxy=proxy)
        yield opened
        opened.close()


@pytest.fixture
def walk(browser: Any, sites: Sites) -> Iterator[Walk]:
    world = Browsed(sites)
    main, other = (f"https://{host}:{world.tls_port}" for host in (MAIN, OTHER))
    world.pages |= {
        f"{MAIN}/": page(PARTS + link("story", "/story") + link("other", f"{other}/there")),
        f"{MAIN}/style.css": Reply("p {}", type="text/css"),
        f"{MAIN}/picture.png": Reply("x", type="image/png"),
        f"{MAIN}/script.js": Reply("fetch('/data.json'); navigator.sendBeacon('/beacon', 'x')", type="text/javascript"),
        f"{MAIN}/data.json": Reply("{}", type="application/json"),
        f"{MAIN}/beacon": Reply(status=204),
        f"{MAIN}/story": page("story"),
        f"{OTHER}/there": page("there", headers={"X-Frame-Options": "SAMEORIGIN"}),
    }
    context = browser.new_context(ignore_https_errors=True)
    yield Walk(world, context, main, other)
    context.close()
    world.stop()


def test_a_typed_address_is_a_visit_and_what_its_page_loads_is_none(walk: Walk) -> None:
    walk.type(f"{walk.main}/")
    for strip in (False, True):
        assert walk.counted(strip) == ["/"]
        assert walk.kinds("/style.css", "/picture.png", "/script.js", "/data.json", strip=strip) == ["embedded"] * 4
    assert walk.kinds("/beacon") == ["background"]


def test_clicks_are_visits_and_without_sec_fetch_they_count_where_no_frame_could_be_meant(walk: Walk) -> None:
    tab = walk.type(f"{walk.main}/")
    walk.click(tab, "story")
    tab = walk.type(f"{walk.main}/")
    walk.click(tab, "other")
    assert walk.counted() == ["/", "/story", "/", "allowed.example/there"]
    assert walk.counted(strip=True) == ["/", "/", "allowed.example/there"]
    assert walk.kinds("/story", strip=True) == ["visit?"]


def test_back_and_forward_and_reload_are_a_persons_doing(walk: Walk) -> None:
    tab = walk.type(f"{walk.main}/")
    walk.click(tab, "story")
    for step in (tab.go_back, tab.go_forward, tab.reload):
        step()
        walk.read()
    assert walk.kinds("/", "/story") == ["visit"] * len(walk.kinds("/", "/story"))
    assert walk.kinds("/story").count("visit") >= 2  # back and forward may come out of the browser's memory
    assert not {"embedded", "background"} & set(walk.kinds("/", "/story", strip=True))


@pytest.mark.parametrize(
    "body",
    [
        "<meta http-equiv=refresh content=1>",
        "<script>setTimeout(() => location.reload(), 900)</script>",
        "<script>setTimeout(() => location.replace(location.href), 900)</script>",
    ],
)
def test_a_page_that_loads_itself_anew_is_visited_once(walk: Walk, body: str) -> None:
    walk.world.pages[f"{MAIN}/board"] = page(body)
    walk.context.new_page().goto(f"{walk.main}/board")
    end = time.monotonic() + 30
    while len(walk.world.seen) < 4 and time.monotonic() < end:
        walk.context.pages[0].wait_for_timeout(200)
    for strip in (False, True):
        first, *others = walk.kinds("/board", strip=strip)
        assert first == "visit"
        assert len(others) >= 3
        assert set(others[1:]) == {"background"}
        assert walk.counted(strip) == ["/board"]  # the first time may be a page that checked the browser


def test_new_tabs_are_visits(walk: Walk) -> None:
    walk.world.pages[f"{MAIN}/tabs"] = page(
        link("blank", f"{walk.other}/blank", "target=_blank")
        + f"<button id=button onclick=\"window.open('{walk.other}/opened')\">open</button>"
    )
    for name in ("blank", "opened"):
        walk.world.pages[f"{OTHER}/{name}"] = page(headers={"Content-Security-Policy": "frame-ancestors 'none'"})
    tab = walk.type(f"{walk.main}/tabs")
    walk.click(tab, "blank")
    walk.click(tab, "button")
    for strip in (False, True):
        assert walk.counted(strip)[1:3] == ["allowed.example/blank", "allowed.example/opened"]


def test_an_app_in_a_page_is_visited_once(walk: Walk) -> None:
    walk.world.pages[f"{MAIN}/app"] = page(
        "<button id=go onclick=\"history.pushState({}, '', '/app/two'); fetch('/data.json')\">go</button>"
    )
    tab = walk.type(f"{walk.main}/app")
    walk.click(tab, "go")
    for strip in (False, True):
        assert walk.counted(strip) == ["/app"]
        assert walk.kinds("/data.json", strip=strip) == ["embedded"]


def test_frames_are_never_visits_however_late_and_deep(walk: Walk) -> None:
    framed = f"https://{FRAMED}:{walk.world.tls_port}"
    late = f"for (const to of ['{framed}/late', '/late', '{framed}/later?of={MAIN}'])"
    walk.world.pages |= {
        f"{MAIN}/frames": page(
            f"{PARTS}<iframe src='{framed}/outer'></iframe><iframe src=/own></iframe><object data='{framed}/object'></object>"
            f"<iframe referrerpolicy=no-referrer src='{framed}/silent'></iframe>"
            f"<script>function more() {{ {late} {{ const f = document.createElement('iframe'); f.src = to;"
            " document.body.append(f) } }</script><button id=more onclick='setTimeout(more, 100)'>more</button>"
        ),
        f"{FRAMED}/outer": page(f"<iframe src='{walk.other}/inner'></iframe>"),
        **{f"{FRAMED}/{name}": page() for name in ("object", "silent", "late", "later")},
        f"{OTHER}/inner": page(),
        f"{MAIN}/own": page(),
        f"{MAIN}/late": page(),
    }
    tab = walk.type(f"{walk.main}/frames")
    walk.click(tab, "more")
    paths = {path for path, _ in walk.told(strip=False)}
    inside = {"/own", "/late", "allowed.example/inner"} | {
        f"{FRAMED}/{name}" for name in ("outer", "object", "silent", "late", "later")
    }
    assert inside <= paths
    assert set(walk.kinds(*inside)) == {"embedded"}
    for strip in (False, True):
        assert walk.counted(strip) == ["/frames"]


def test_what_is_fetched_ahead_is_no_visit(walk: Walk) -> None:
    rules = '{"prerender":[{"source":"list","urls":["/story"],"eagerness":"immediate"}]}'
    walk.world.pages[f"{MAIN}/ahead"] = page(
        f"<link rel=prefetch href=/next><script type=speculationrules>{rules}</script>"
    )
    walk.world.pages[f"{MAIN}/next"] = page()
    walk.type(f"{walk.main}/ahead")
    walk.until(lambda: len(walk.kinds("/next", "/story")) >= 2)
    for strip in (False, True):
        assert set(walk.kinds("/next", "/story", strip=strip)) == {"prefetch"}
        assert walk.counted(strip) == ["/ahead"]


def test_pages_that_a_service_worker_passes_on_are_visits_and_its_own_requests_are_none(walk: Walk) -> None:
    walk.world.pages |= {
        f"{MAIN}/shell": page(
            "<script>navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready)"
            ".then(() => { document.title = 'ready' })</script>"
        ),
        f"{MAIN}/worker.js": Reply(
            "self.addEventListener('activate', e => e.waitUntil(clients.claim()));"
            "self.addEventListener('fetch', e => e.respondWith(fetch(e.request)));"
            "setTimeout(() => fetch('/worker.json'), 300)",
            type="text/javascript",
        ),
        f"{MAIN}/worker.json": Reply("{}", type="application/json"),
    }
    tab = walk.type(f"{walk.main}/shell")
    tab.wait_for_function("document.title == 'ready'")
    walk.until(lambda: bool(walk.kinds("/worker.json")))
    walk.read()
    walk.type(f"{walk.main}/story")
    for strip in (False, True):
        assert walk.counted(strip) == ["/shell", "/story"]
        assert set(walk.kinds("/worker.js", "/worker.json", strip=strip)) == {"background"}


def test_each_hop_of_a_redirect_is_one_and_where_it_lands_is_the_visit(walk: Walk) -> None:
    for number, status in enumerate((301, 302, 303, 307), 1):
        to = {"Location": f"/hop{number + 1}" if number < 4 else f"{walk.other}/landed"}
        walk.world.pages[f"{MAIN}/hop{number}"] = Reply(status=status, headers=to)
    walk.world.pages[f"{OTHER}/landed"] = page()
    walk.type(f"{walk.main}/hop1")
    for strip in (False, True):
        assert walk.kinds("/hop1", "/hop2", "/hop3", "/hop4", strip=strip) == ["redirect"] * 4
        assert walk.counted(strip) == ["allowed.example/landed"]


@pytest.mark.parametrize("how", ["meta", "script"])
def test_where_a_page_sends_the_browser_by_itself_counts_against_nobody(walk: Walk, how: str) -> None:
    to = f"{walk.other}/landed"
    body = f"<meta http-equiv=refresh content='0;url={to}'>" if how == "meta" else f"<script>location = '{to}'</script>"
    walk.world.pages |= {f"{MAIN}/on": page(body), f"{OTHER}/landed": page()}
    walk.type(f"{walk.main}/on")
    walk.until(lambda: bool(walk.kinds("allowed.example/landed")))
    assert walk.kinds("allowed.example/landed") == ["visit?"]
    for strip in (False, True):
        assert walk.counted(strip) == ["/on"]


def test_a_form_that_is_sent_is_a_visit_where_it_leads(walk: Walk) -> None:
    walk.world.pages |= {
        f"{MAIN}/form": page("<form method=post action=/sent><input name=q><input id=send type=submit></form>"),
        f"{MAIN}/sent": Reply(status=303, headers={"Location": "/story"}),
    }
    tab = walk.type(f"{walk.main}/form")
    walk.click(tab, "send")
    assert walk.kinds("/sent", "/story") == ["redirect", "visit"]
    assert walk.kinds("/sent", "/story", strip=True) == ["redirect", "visit?"]


def test_a_file_is_opened_by_a_person_and_pings_by_the_page(walk: Walk) -> None:
    attached = {"Content-Disposition": "attachment; filename=plan.zip"}
    walk.world.pages |= {
        f"{MAIN}/files": page(
            link("file", "/plan.zip") + link("saved", "/saved", "download") + link("pinged", "/story", "ping=/ping")
        ),
        f"{MAIN}/plan.zip": Reply("zip", type="application/zip", headers=attached),
        f"{MAIN}/saved": Reply("text", type="text/plain"),
        f"{MAIN}/ping": Reply(status=204),
    }
    for name in ("file", "saved", "pinged"):
        walk.click(walk.type(f"{walk.main}/files"), name)
    [opened] = [origin for path, origin in walk.told(strip=False) if path == "/plan.zip"]
    assert (_shown(opened), "a file was opened or saved" in opened.reason) == ("visit", True)
    assert walk.kinds("/saved") == ["unknown"]
    assert walk.kinds("/ping") == walk.kinds("/ping", strip=True) == ["background"]


def test_error_pages_were_visited_and_favicons_were_not(walk: Walk) -> None:
    for status in (404, 500):
        walk.world.pages[f"{MAIN}/{status}"] = Reply("<title>no</title>", status)
        walk.type(f"{walk.main}/{status}")
    walk.until(lambda: bool(walk.kinds("/favicon.ico")))
    for strip in (False, True):
        assert walk.counted(strip) == ["/404", "/500"]
        assert walk.kinds("/favicon.ico", strip=strip)[:1] == ["embedded"]


def test_over_plain_http_a_typed_address_is_a_visit_and_parts_are_none(walk: Walk) -> None:
    tab = walk.type(f"http://{MAIN}:{walk.world.port}/")
    walk.click(tab, "story")
    assert walk.counted() == ["/"]
    assert walk.kinds("/story") == ["visit?"]
    assert set(walk.kinds("/style.css", "/picture.png", "/script.js", "/data.json")) == {"embedded"}
