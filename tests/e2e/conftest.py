"""What tests with real clients share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pretend.chromium import CHROMIUM, QUIET


@pytest.fixture
def browse() -> Iterator[Callable[..., Any]]:
    """Opens pages in a real Chromium, each in a context of its own, without JavaScript unless it is asked for."""
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield lambda **options: browser.new_context(**{"java_script_enabled": False} | options).new_page()
        browser.close()
