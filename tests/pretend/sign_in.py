"""A real Chromium that is sent to the login page: ``python -m pretend.sign_in CA URL USER PASSWORD``.

Prints where it was sent, and what it shows after the login, as JSON.
"""

import json
import sys

from playwright.sync_api import sync_playwright

from pretend.chromium import CHROMIUM, QUIET
from pretend.surf import trust


def main() -> None:
    """Open the page, type, and see what comes."""
    ca, url, user, password = sys.argv[1:]
    trust(ca)
    quiet = [option for option in QUIET if option != "--disable-quic"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)
        page = browser.new_context().new_page()
        page.goto(url, timeout=40_000)
        sent = page.url
        page.get_by_label("User name").fill(user)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click(timeout=40_000)
        page.wait_for_url(url, timeout=40_000)
        print(json.dumps({"sent": sent, "shown": page.inner_text("body")}))
        browser.close()


if __name__ == "__main__":
    main()
