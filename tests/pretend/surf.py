"""A real Chromium at a device of a network, which trusts one authority: ``python -m pretend.surf CA OPTIONS... -- URL...``.

Prints a JSON line for each page: its status, title and text, or the browser's own error.
"""

import base64
import hashlib
import json
import sys

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Error, sync_playwright

from pretend.chromium import CHROMIUM, QUIET


def pin(path: str) -> str:
    """How Chromium is told to trust the authority in this file."""
    with open(path, "rb") as file:  # noqa: PTH123
        key = x509.load_pem_x509_certificate(file.read()).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"--ignore-certificate-errors-spki-list={base64.b64encode(hashlib.sha256(der).digest()).decode()}"


def main() -> None:
    """Open each page in a context of its own."""
    ca, *rest = sys.argv[1:]
    cut = rest.index("--")
    options, urls = rest[:cut], rest[cut + 1 :]
    quiet = [option for option in QUIET if option != "--disable-quic"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*quiet, pin(ca), *options])
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
