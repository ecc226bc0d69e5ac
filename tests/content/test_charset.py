"""Bytes are read as browsers read them, whatever the page or the header claims."""

import codecs

import pytest
from schoolgate.content.charset import charset_of, decode
from schoolgate.content.charset_labels import CODECS


@pytest.mark.parametrize(
    "name", ["cp037", "utf-32", "u16", "undefined", "utf-7", "hex", "rot13", "idna", "mbcs", "zip"]
)
def test_names_that_no_browser_knows_count_as_not_given(name: str) -> None:
    page = f'<meta charset="{name}"><p>casino'.encode()
    assert "casino" in decode(page, f"text/html; charset={name}")
    assert "casino" in decode(page, "text/html")


@pytest.mark.parametrize(
    ("header", "codec"),
    [
        ("text/html; xcharset=utf-16le; charset=utf-8", "utf-8"),
        ("text/html; xcharset=utf-16le", "utf-8"),
        ("text/html; charset=koi8-r; charset=utf-16le", "koi8-r"),
        ("text/html; charset=; charset=koi8-r", "koi8-r"),
        ('text/html; a="; charset=utf-16le"; CHARSET="koi8-r"', "koi8-r"),
        ("text/html; a=charset=utf-16le", "utf-8"),
        ("text/html;charset=utf-16le, text/html;charset=koi8-r", "koi8-r"),
        ("text/html;charset=koi8-r, text/html", "koi8-r"),
        ("charset=utf-16le", "utf-8"),
        ('text/html; charset="', "utf-8"),
        ('"' * 2000, "utf-8"),
    ],
)
def test_the_first_charset_parameter_counts(header: str, codec: str) -> None:
    assert charset_of(b"casino", header) == codec


@pytest.mark.parametrize(
    ("body", "codec"),
    [
        (b"<!-- <meta charset=koi8-r> -->", "utf-8"),
        (b"<meta xcharset=koi8-r>", "utf-8"),
        (b"<meta name=a charset = 'koi8-r'>", "koi8-r"),
        ("<?xml version='1.0'?>".encode("utf-16-le"), "utf-16-le"),
    ],
)
def test_what_a_page_says_of_itself(body: bytes, codec: str) -> None:
    assert charset_of(body, "text/html") == codec


@pytest.mark.parametrize("name", sorted(CODECS))
def test_each_known_name_has_a_codec_that_never_raises(name: str) -> None:
    codecs.lookup(CODECS[name])
    decode(bytes(range(256)) * 3 + b"\xff\xfe\x1b", f"text/html; charset={name}")
