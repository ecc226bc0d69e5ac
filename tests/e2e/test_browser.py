"""A real Chromium through the gateway: the block page as a child sees it, and what a page loads by itself."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from pretend.chromium import CHROMIUM, QUIET
from pretend.gateway import Gateway
from pretend.sites import Sites

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="Debian's chromium is not installed (apt-get install chromium)"
)


class Relay:
    """Gives a browser, which cannot choose its own address, the address of a device."""

    def __init__(self, source: str, port: int) -> None:
        self.source, self.target = source, port
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait(5)

    def _run(self, ready: threading.Event) -> None:
        async def begin() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()

        self.loop.run_until_complete(begin())
        self.loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", self.target, local_addr=(self.source, 0))

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            except OSError:
                pass
            sink.close()

        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway], sites: Sites) -> Gateway:
    button = f"https://www.facebook.com:{sites.tls_port}"
    sites.pages["allowed.example/embeds"] = (
        f"<!doctype html><title>Embeds</title><h1>News</h1><img src='{button}/button.gif'>"
        f"<iframe src='{button}/like' title='like'></iframe><script src='{button}/sdk.js'></script>"
        f"<script>fetch('{button}/beacon', {{mode: 'no-cors'}})</script>"
        f"<a id='out' href='{button}/profile'>our page</a>"
    ).encode()
    sites.pages["allowed.example/bad-image"] = (
        f"<!doctype html><title>Image</title><img id='i' src='https://pornhub.com:{sites.tls_port}/x.gif'"
        " onerror=\"document.title='failed'\">"
    ).encode()
    return start()


@pytest.fixture
def browse(gateway: Gateway) -> Iterator[Callable[[str], "object"]]:
    from playwright.sync_api import Browser, sync_playwright

    opened: list[Browser] = []
    with sync_playwright() as playwright:

        def begin(source: str) -> object:
            relay = Relay(source, gateway.school.proxy_port)
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=QUIET, proxy={"server": f"http://127.0.0.1:{relay.port}"}
            )
            opened.append(browser)
            return browser.new_context(ignore_https_errors=True).new_page()

        yield begin
        for browser in opened:
            browser.close()


def test_a_pupil_sees_the_block_page(gateway: Gateway, sites: Sites, browse: Callable[[str], object]) -> None:
    page = browse("127.0.0.2")
    before = sites.connections
    answer = page.goto(f"https://www.pornhub.com:{sites.tls_port}/")
    assert answer.status == 403
    assert page.get_by_role("heading", name="This page is blocked").is_visible()
    assert page.get_by_role("main").is_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0
    ref = page.locator("code").inner_text()
    [event] = gateway.events("--ref", ref)
    assert (event["kind"], event["category"]) == ("visit", "adult")
    assert sites.connections == before


def test_an_ordinary_page_works_and_a_blocked_image_in_it_alarms_nobody(
    gateway: Gateway, sites: Sites, browse: Callable[[str], object]
) -> None:
    page = browse("127.0.0.2")
    page.goto(f"https://allowed.example:{sites.tls_port}/bad-image")
    page.wait_for_function("document.title == 'failed'")
    [event] = [e for e in gateway.events("--action", "block") if e["path"] == "/x.gif"]
    assert (event["kind"], event["alert"]) == ("embedded", "digest")


def test_a_page_that_embeds_facebook_is_no_facebook_visit_but_a_click_is(
    gateway: Gateway, sites: Sites, browse: Callable[[str], object]
) -> None:
    page = browse("127.0.0.3")
    page.goto(f"https://allowed.example:{sites.tls_port}/embeds", wait_until="networkidle")
    asked = {a.path for a in sites.seen("www.facebook.com")}
    assert {"/button.gif", "/like", "/sdk.js", "/beacon"} <= asked
    assert gateway.events("--group", "staff") == []
    page.click("#out")
    page.wait_for_load_state("networkidle")
    [event] = gateway.events("--group", "staff")
    assert (event["host"], event["path"], event["kind"]) == ("www.facebook.com", "/profile", "visit")


def test_a_warning_has_a_way_on(gateway: Gateway, sites: Sites, browse: Callable[[str], object]) -> None:
    page = browse("127.0.0.2")
    page.goto(f"https://mail.yahoo.com:{sites.tls_port}/")
    page.get_by_role("link", name="go on to mail.yahoo.com").click()
    page.get_by_role("heading", name="Welcome to mail.yahoo.com").wait_for()
