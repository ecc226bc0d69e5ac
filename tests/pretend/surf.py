"""A real Chromium at a device of a network, which trusts one authority: ``python -m pretend.surf CA OPTIONS... -- URL...``.

Prints a JSON line for each page: its status, title and text, or the browser's own error.
"""

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import Error, sync_playwright

from pretend.chromium import CHROMIUM, QUIET


def trust(path: str) -> None:
    """Have Chromium's policies in this mount namespace say that the authority in this file is trusted."""
    with open(path, "rb") as file:  # noqa: PTH123
        der = x509.load_pem_x509_certificate(file.read()).public_bytes(Encoding.DER)
    folder = Path(tempfile.mkdtemp())
    (folder / "policies" / "managed").mkdir(parents=True)
    policy = {"CACertificates": [base64.b64encode(der).decode()]}
    (folder / "policies" / "managed" / "trust.json").write_text(json.dumps(policy))
    subprocess.run(["mount", "--bind", str(folder), "/etc/chromium"], check=True)


def main() -> None:
    """Open each page in a context of its own."""
    ca, *rest = sys.argv[1:]
    trust(ca)
    cut = rest.index("--")
    options, urls = rest[:cut], rest[cut + 1 :]
    quiet = [option for option in QUIET if option != "--disable-quic"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*quiet, *options])
        for url in urls:
            page = browser.new_context().new_page()
            try:
                answer = page.goto(url, timeout=40_000)
                told = {
                    "status": answer.status if answer else 0,
                    "title": page.title(),
                    "text": page.inner_text("body"),
                }
            except Error as error:
                told = {"error": str(error).splitlines()[0]}
            print(json.dumps({"url": url} | told), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
