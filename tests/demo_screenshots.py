"""Makes the pictures of the README from the demonstration: ``.ci/uv run python tests/demo_screenshots.py [DIR]``.

Without DIR it writes the pictures of ``CHOSEN`` to docs/pictures/. With DIR it writes every screen of the console that
each login may open, and every page that people of the demonstration saw, into that folder, to be looked at.
"""

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from pretend.chromium import QUIET
from pretend.demo import Shown, begin
from pretend.school import free_port
from schoolgate.console.app import SCREENS
from schoolgate.demo.school import SHOWN

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
CHOSEN = {
    "today": ("head", "/"),
    "cases": ("head", "/cases"),
    "log": ("technician", "/log"),
    "help-first": ("", "A worrying search: help comes first"),
}
"""By the name of the picture: who looks at which screen of the console, or whose page of the guide."""
MOST_BYTES = 150_000
_WIDTH, _HEIGHT = 1100, 800


@contextmanager
def _browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


def _page_of(browser: Any, demo: Shown, login: str) -> Any:
    """A page of somebody who is logged in at the console, or of nobody who looks at the guide."""
    context = browser.new_context(locale="en-GB", viewport={"width": _WIDTH, "height": _HEIGHT})
    page = context.new_page()
    if login:
        page.goto(demo.address("Console"))
        page.get_by_label("Login").fill(login)
        page.get_by_label("Password").fill(demo.passwords()[login])
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name="Log out").wait_for()
    return page


def _seen(demo: Shown) -> dict[str, str]:
    """The addresses in the guide of what people saw, by what it was."""
    found = re.findall(r'<li><a href="/(screens/\d+)">([^<]*)</a>', demo.page(""))
    return {what: demo.address("Guide") + path for path, what in found}


def choose(browser: Any, demo: Shown) -> None:
    """The pictures of the README. Raises ValueError where one is too large for the repository."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, (login, what) in CHOSEN.items():
        page, path = _page_of(browser, demo, login), PICTURES / f"{name}.png"
        page.goto(demo.address("Console").rstrip("/") + what if login else _seen(demo)[what])
        page.screenshot(path=path)
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"{path} has {path.stat().st_size:,} bytes, more than {MOST_BYTES:,}")
        print(path, f"{path.stat().st_size:,} bytes")


def show_all(browser: Any, demo: Shown, folder: Path) -> None:
    """Everything that there is to see, a picture each."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = sorted({path for method, path, _, _ in SCREENS if method == "GET" and "{" not in path})
    for login in SHOWN:
        page = _page_of(browser, demo, login)
        for path in paths:
            answer = page.goto(demo.address("Console").rstrip("/") + path)
            if answer.status == 200:
                page.screenshot(path=folder / f"{login}{path.replace('/', '-')}.png", full_page=True)
    page = _page_of(browser, demo, "")
    for number, (what, address) in enumerate({"The guide": demo.address("Guide"), **_seen(demo)}.items()):
        page.goto(address)
        page.screenshot(path=folder / f"seen-{number:02}-{re.sub(r'[^a-z]+', '-', what.lower())}.png", full_page=True)


def main() -> None:
    """Play the demonstration, and look at it."""
    with tempfile.TemporaryDirectory() as folder:
        demo = begin(Path(folder), "--port", str(free_port()))
        try:
            with _browser() as browser:
                show_all(browser, demo, Path(sys.argv[1])) if len(sys.argv) > 1 else choose(browser, demo)
        finally:
            demo.stop()


if __name__ == "__main__":
    main()
