"""What a reader sees of a page is what is judged: no more, no less."""

import time

import pytest
from schoolgate.content.charset import charset_of, decode
from schoolgate.content.page import read_html, read_json, read_page


def words(html: str) -> str:
    return " ".join(" ".join(read_html(html).parts).split())


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<p>ca<b>si</b><span>no</span></p>", "casino"),  # mark-up inside a word
        ("<td>free</td><td>spins</td>", "free spins"),
        ("<li>one<li>two", "one two"),
        ("a<br>b", "a b"),
        ("<title>T</title><body>b", "T b"),
        ("<meta name=description content='about it'>x", "about it x"),
        ("<meta property='og:title' content='shared as'>x", "shared as x"),
        ("<img alt='a picture'>", "a picture"),
        ("<a href='/free-spins/casino?x=1'>go</a>", "go free spins casino"),
        ("<button>Bet now</button><input type=submit value='Sign up'>", "Bet now Sign up"),
        ("<textarea placeholder='say'>said</textarea>", "said say"),
        ("x<script>bad()</script><style>.bad{}</style><!-- bad -->", "x"),
        ("x<div style='display: none'>bad</div><p hidden>bad</p>", "x"),
        ("x<noscript>bad</noscript><template>bad</template>", "x"),
        ('<script type=\'application/ld+json\'>{"name": "Big Casino"}</script>x', "Big Casino x"),
        ("&lt;b&gt; &amp; caf&eacute;", "<b> & café"),
        ("not html at all", "not html at all"),
        ("", ""),
        ("<title>x</title><frameset><frame src=a></frameset>", "x"),
    ],
)
def test_visible_words(html: str, seen: str) -> None:
    assert words(html) == seen


def test_json_is_read_by_its_words() -> None:
    text = '{"id": "0123456789012345678901234567890123456789", "u": "https://x.example/", "a": ["said <b>so</b>", {"m": "more"}]}'
    assert " ".join(read_json(text).body.split()) == "said so more"
    assert read_json('{"cut off": "some wo').body == '{"cut off": "some wo'
    assert read_page("[" * 100_000, "application/json").body.startswith("[")


@pytest.mark.parametrize(
    "hostile",
    [
        "<div>" * 200_000,
        "<" * 1_000_000,
        "<table>" * 100_000 + "<b>" * 100_000,
        "&" * 1_000_000,
        "<p" * 500_000,
        "\0" * 1_000_000,
    ],
)
def test_a_hostile_page_takes_no_long_time(hostile: str) -> None:
    started = time.process_time()
    read_html(hostile)
    assert time.process_time() - started < 20  # 65 s without the guard; usually well below 1


@pytest.mark.parametrize(
    ("body", "header", "codec"),
    [
        (b"\xef\xbb\xbfx", "text/html; charset=latin-1", "utf-8"),
        (b"\xff\xfea\0", "", "utf-16-le"),
        (b"x", "text/html; charset=ISO-8859-1", "cp1252"),
        (b"x", 'text/html;charset="GB2312"', "gb18030"),
        (b'<meta charset="windows-1251">', "text/html", "cp1251"),
        (b'<meta http-equiv=x content="text/html; charset=Shift_JIS">', "", "cp932"),
        (b'<?xml version="1.0" encoding="koi8-r"?>', "", "koi8-r"),
        (b"<meta charset=utf-16>", "", "utf-8"),
        (b"caf\xe9 au lait", "", "cp1252"),
        ("é".encode(), "", "utf-8"),
        (b"x", "text/html; charset=utf-7", "utf-8"),
        (b"x", "text/html; charset=hex", "utf-8"),
        (b"x", "text/html; charset=nonsense", "utf-8"),
    ],
)
def test_the_charset_is_found_as_browsers_find_it(body: bytes, header: str, codec: str) -> None:
    assert charset_of(body, header) == codec
    decode(body, header)
