"""Answers the gateway's own pages as a browser without JavaScript would: the hidden fields of the form, and a button."""

import html
import re

from pretend.gateway import Answer, Gateway

OPENED = ["--header", "Sec-Fetch-Dest: document", "--header", "Sec-Fetch-Mode: navigate"]
"""What a browser says when a person opens a page."""


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields of the form on a page."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


def action_of(page: str) -> str:
    """Where the form sends its answer."""
    found = re.search(r'<form method="post" action="([^"]+)">', page)
    assert found, page
    return found[1]


def answer(gateway: Gateway, site: str, page: str, *options: str, client: str, **fields: str) -> Answer:
    """Send the form of a page that was shown at ``site`` (scheme, host and port), with these fields besides."""
    given = hidden_fields(page) | fields
    data = [part for name, value in given.items() for part in ("--data-urlencode", f"{name}={value}")]
    browser = [*OPENED, "--header", "Sec-Fetch-Site: same-origin", "--header", f"Origin: {site}"]
    return gateway.curl(f"{site}{action_of(page)}", *data, *(options or browser), client=client)
