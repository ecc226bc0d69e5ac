"""Which type a browser takes of those that a site sends, and what it shows as a page."""

import pytest
from schoolgate.content.media_types import type_in_force
from schoolgate.proxy.documents import is_document


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ("text/html", "text/html"),
        ("text/plain, text/html; charset=utf-8", "text/html; charset=utf-8"),
        ("text/html, nonsense", "text/html"),
        ("text/html, */*", "text/html"),
        ('text/html; x="a, image/png"', 'text/html; x="a, image/png"'),
        ("html", ""),
        ("*/*", ""),
        ("unknown/unknown", ""),
        ("", ""),
    ],
)
def test_the_last_type_that_is_one_counts(sent: str, taken: str) -> None:
    assert type_in_force(sent) == taken


NAVIGATION = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ANY = {"accept": "*/*"}


@pytest.mark.parametrize(
    ("headers", "kind", "held"),
    [
        (ANY, "image/png, text/html", True),
        (ANY, "html", True),
        (ANY, "unknown/unknown", True),
        (ANY, "*/*", True),
        (ANY, "application/rss+xml", True),
        (ANY, "application/atom+xml", True),
        (ANY, "text/xml", True),
        (ANY, "image/svg+xml", True),
        (ANY, "multipart/x-mixed-replace; boundary=x", True),
        (ANY, "application/json", False),
        (ANY, "text/plain", False),
        (ANY, "text/css", False),
        (ANY, "image/png", False),
        (NAVIGATION, "text/plain", True),
        (NAVIGATION, "text/css", True),
        (NAVIGATION, "application/javascript", True),
        (NAVIGATION, "application/problem+json", True),
        (NAVIGATION, "text/event-stream", False),
        (NAVIGATION, "image/png", False),
        ({"sec-fetch-dest": "document"}, "application/rss+xml", True),
        ({"sec-fetch-dest": "document"}, "application/x-javascript", True),
        ({"sec-fetch-dest": "empty"}, "text/html", False),
        ({"sec-fetch-dest": "image"}, "image/svg+xml", False),
        (ANY | {"x-requested-with": "XMLHttpRequest"}, "text/html", False),
    ],
)
def test_what_a_browser_shows_as_a_page_is_held(headers: dict[str, str], kind: str, held: bool) -> None:
    assert is_document(headers, kind) is held
