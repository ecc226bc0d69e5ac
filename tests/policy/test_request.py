"""One address has one spelling, however it was written."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schoolgate.policy.request import (
    BadAddress,
    canonical_host,
    match_target,
    request_from_url,
    shown_path,
    split_authority,
)

NOW = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("EXAMPLE.com", "example.com"),
        ("example.com.", "example.com"),
        ("example.com..", "example.com"),
        ("ex%61mple.com", "example.com"),
        ("ｅｘａｍｐｌｅ.com", "example.com"),
        ("example。com", "example.com"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("exam\u00adple.com", "example.com"),
        ("exa_mple.com", "exa_mple.com"),
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("[::ffff:127.0.0.1]", "127.0.0.1"),
        ("[::ffff:7f00:1]", "127.0.0.1"),
        ("[64:ff9b::7f00:1]", "127.0.0.1"),
        ("[2002:7f00:1::]", "127.0.0.1"),
        ("[::127.0.0.1]", "127.0.0.1"),
        ("[0:0:0:0:0:0:0:1]", "::1"),
        ("::1", "::1"),
        ("[2001:DB8::1]", "2001:db8::1"),
    ],
)
def test_a_host_has_one_spelling(written: str, host: str) -> None:
    assert canonical_host(written) == host


@pytest.mark.parametrize("written", ["", ".", "a b", "a/b", "a@b", "a?b", "a#b", "exa\nmple.com", "xn--a", "a" * 2000])
def test_what_is_no_host_is_refused(written: str) -> None:
    with pytest.raises(BadAddress):
        canonical_host(written)


@given(st.text(max_size=60))
def test_any_text_is_a_host_or_refused_and_its_spelling_is_final(text: str) -> None:
    try:
        host = canonical_host(text)
    except BadAddress:
        return
    assert canonical_host(host) == host


@given(st.text(max_size=200))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        request = request_from_url(text, at=NOW)
    except BadAddress:
        return
    assert request.scheme in ("http", "https")
    assert "?" not in request.path


@pytest.mark.parametrize(
    ("path", "query", "target"),
    [
        ("/", "", "/"),
        ("", "", "/"),
        ("/A/b", "", "/a/b"),
        ("/a/../b", "", "/b"),
        ("/a/%2e%2E/b", "", "/b"),
        ("/a/..%2fb", "", "/b"),
        ("//a///b", "", "/a/b"),
        ("/a%5cb", "", "/a/b"),
        ("/a\\b", "", "/a/b"),
        ("/a/", "", "/a/"),
        ("/watch", "v=Abc", "/watch?v=abc"),
        ("/%7Euser", "?x=%41", "/~user?x=a"),
        ("/../..", "", "/"),
    ],
)
def test_a_path_has_one_spelling(path: str, query: str, target: str) -> None:
    assert match_target(path, query) == target


def test_nothing_secret_is_shown() -> None:
    request = request_from_url("https://user:password@example.com:8443/a;session=1?token=2#f", at=NOW)
    assert request.url == "https://example.com:8443/a"
    assert len(shown_path("/" + "a" * 5000)) == 512


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("example.com", "https://example.com/"),
        ("example.com:8443/x", "https://example.com:8443/x"),
        ("//example.com", "https://example.com/"),
        ("HTTP://Example.Com.:80/", "http://example.com/"),
        ("https://[::1]:444/", "https://[::1]:444/"),
    ],
)
def test_an_address_is_read_as_an_address_bar_would(written: str, url: str) -> None:
    assert request_from_url(written, at=NOW).url == url


@pytest.mark.parametrize("written", ["ftp://example.com", "mailto://x", "http://", "http://a b/", "http://x:99999/"])
def test_what_is_no_web_address_is_refused_in_words(written: str) -> None:
    with pytest.raises(BadAddress, match="web address"):
        request_from_url(written, at=NOW)


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [("example.com", "example.com", None), ("EXAMPLE.com:80", "example.com", 80), ("[::1]:443", "::1", 443)],
)
def test_an_authority_is_split(written: str, host: str, port: int | None) -> None:
    assert split_authority(written) == (host, port)


@pytest.mark.parametrize("written", ["a:b", "a:99999", "[::1", "[::1]x", ":80"])
def test_a_crooked_authority_is_refused(written: str) -> None:
    with pytest.raises(BadAddress):
        split_authority(written)
