"""Forms: only those of our own pages are believed, and only as text, and only so large."""

import re
from typing import Any

import pytest
from schoolgate.console.app import SCREENS
from schoolgate.console.entry import Who
from schoolgate.console.forms import BadForm, Form, read_form, read_query

POSTS = [path for method, path, who, _ in SCREENS if method == "POST" and who is not Who.ANYONE]


def _filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "0" * 12, path)


def _deeds(console: Any) -> list[Any]:
    with console.desk.reading() as reader:
        return list(reader.query("select * from deeds where rule <> 'logged-in'"))


@pytest.mark.parametrize("token", ["", "0" * 64, "another's"])
def test_a_form_with_no_token_of_its_own_is_refused(console: Any, token: str) -> None:
    head, other = console.browser("h.head"), console.browser("a.jones")
    for path in POSTS:
        answer = head.post(_filled(path), {"token": other.token if token == "another's" else token})
        assert answer.status_code == 403, path
        assert "othing was done" in answer.text or "not for your login" in answer.text, path
    assert not _deeds(console)
    assert head.get("/mine").status_code == 200  # logged in still


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:8081"},
        {"sec-fetch-site": "none"},
    ],
)
def test_a_form_from_another_site_is_refused_even_with_the_token(console: Any, headers: dict[str, str]) -> None:
    browser = console.browser("a.jones")
    answer = browser.post(
        "/mine/lessons", {"purpose": "x", "sites": "x.com", "until": "2026-11-25T10:00"}, headers=headers
    )
    assert answer.status_code == 403
    assert "another site" in answer.text
    assert not _deeds(console)


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://127.0.0.1:8081", "sec-fetch-site": "same-origin"}, {"origin": "null"}, {}],
)
def test_a_form_of_our_own_page_is_taken(console: Any, headers: dict[str, str]) -> None:
    browser = console.browser("a.jones")
    form = {"purpose": "x", "sites": "x.com", "until": "2026-11-25T10:00"}
    assert browser.post("/mine/lessons", form, headers=headers).status_code == 303


def test_a_login_form_needs_its_token_too(console: Any) -> None:
    browser = console.browser()
    answer = browser.client.post("/login", data={"login": "a.jones", "password": "correct horse"})
    assert answer.status_code == 403
    assert "schoolgate" not in browser.client.cookies


def test_a_huge_form_is_refused(console: Any) -> None:
    browser = console.browser("a.jones")
    assert browser.post("/mine/lessons", {"purpose": "x" * 1_000_000}).status_code == 413
    many = "&".join(f"a{n}=1" for n in range(5000))
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.client.post("/mine/lessons", content=many, headers=kind).status_code == 403
    assert (
        browser.client.post("/mine/lessons", content=b"{}", headers={"content-type": "application/json"}).status_code
        == 403
    )
    assert browser.get("/mine").status_code == 200


def test_a_query_with_too_many_fields_is_refused(console: Any) -> None:
    browser = console.browser("a.jones")
    assert browser.get("/mine?" + "&".join(f"a{n}=1" for n in range(3000))).status_code == 403


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("plain", "plain"),
        ("two\r\nlines", "two\nlines"),
        ("  spaces  ", "spaces"),
        ("\u202egnp.exe", "gnp.exe"),
        ("nul\x00 bell\x07", "nul bell"),
        ("é 漢字 😀", "é 漢字 😀"),
        ("x" * 3000, "x" * 2000),
    ],
)
def test_text_is_cleaned_of_what_is_no_text(written: str, read: str) -> None:
    assert Form({"words": [written]}).text("words") == read


def test_a_line_is_one_line() -> None:
    assert Form({"words": ["two\n  lines"]}).line("words") == "two lines"


def test_what_is_no_form_is_refused() -> None:
    with pytest.raises(BadForm):
        read_form("multipart/form-data; boundary=x", b"")
    assert read_query("a=%ff%fe").line("a")  # bytes that are no text read as something, and do not raise
