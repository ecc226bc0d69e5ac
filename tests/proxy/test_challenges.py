"""Which answers are a bot wall's, and which are ordinary refusals."""

import gzip

import pytest
from schoolgate.proxy.challenges import has_puzzle, wall_of


@pytest.mark.parametrize(
    ("status", "headers", "wall"),
    [
        (403, {"cf-mitigated": "challenge"}, "cloudflare"),
        (202, {"x-amzn-waf-action": "challenge"}, "aws"),
        (405, {"x-amzn-waf-action": "captcha"}, "aws"),
        (429, {"x-vercel-mitigated": "challenge"}, "vercel"),
        (403, {"x-datadome": "protected"}, "datadome"),
        (403, {"set-cookie": "_pxhd=1; path=/"}, "perimeterx"),
        (403, {"x-iinfo": "1-2-3"}, "imperva"),
        (429, {"x-kpsdk-ct": "1"}, "kasada"),
        (403, {"server": "AkamaiGHost"}, "akamai"),
        (200, {"x-datadome": "protected"}, ""),
        (401, {"x-datadome": "protected"}, ""),
        (503, {"server": "AkamaiGHost"}, ""),
        (403, {"server": "cloudflare"}, ""),
        (404, {}, ""),
    ],
)
def test_a_bot_wall_is_told_by_its_headers(status: int, headers: dict[str, str], wall: str) -> None:
    assert wall_of(status, headers) == wall


def test_a_puzzle_is_told_by_what_the_page_carries() -> None:
    puzzle = b"<title>Wait</title><div class='G-ReCaptcha'></div>"
    assert has_puzzle(puzzle, "")
    assert has_puzzle(gzip.compress(puzzle), "gzip")
    assert not has_puzzle(puzzle, "gzip")
    assert not has_puzzle(b"<h1>403 Forbidden</h1>", "")
