"""What tests with real clients share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pretend.chromium import CHROMIUM, QUIET
from pretend.network import Network, missing


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A real Chromium; each test opens a context of its own in it."""
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens pages, each in a context of its own, without JavaScript unless it is asked for."""
    yield lambda **options: chromium.new_context(**{"java_script_enabled": False} | options).new_page()
    for context in chromium.contexts:
        context.close()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A school's network in namespaces, which ends with the module."""
    if why := missing():
        pytest.skip(why)
    made = Network(tmp_path_factory.mktemp("world"))
    try:
        yield made.start()
    finally:
        made.stop()
