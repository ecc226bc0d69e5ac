"""What a client can show decides whether it gets a page, JSON or nothing."""

import pytest
from schoolgate.proxy.pages import wanted


@pytest.mark.parametrize(
    ("headers", "method", "path", "form"),
    [
        ({"sec-fetch-dest": "document"}, "GET", "/", "page"),
        ({"sec-fetch-dest": "iframe"}, "GET", "/", "page"),
        ({"sec-fetch-dest": "image", "accept": "text/html"}, "GET", "/", "nothing"),
        ({"sec-fetch-dest": "empty"}, "POST", "/", "json"),
        ({"accept": "text/html,*/*"}, "GET", "/x.js", "page"),
        ({"accept": "*/*"}, "GET", "/", "page"),
        ({}, "GET", "/", "page"),
        ({}, "HEAD", "/", "page"),
        ({"accept": "*/*"}, "GET", "/x.JS", "nothing"),
        ({"accept": "*/*", "referer": "http://a.example/"}, "GET", "/", "nothing"),
        ({"accept": "*/*"}, "POST", "/", "json"),
        ({"accept": "image/webp,*/*"}, "GET", "/", "nothing"),
        ({"accept": "application/json"}, "GET", "/", "json"),
        ({"x-requested-with": "XMLHttpRequest", "accept": "*/*"}, "GET", "/", "json"),
    ],
)
def test_only_what_can_show_a_page_gets_one(headers: dict[str, str], method: str, path: str, form: str) -> None:
    assert wanted(headers, method, path) == form
