"""Feeds of illegal material: every form in which they come, every way of writing an address, and what stays when they go."""

import gzip
import hashlib
import json
import os
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from schoolgate.lists.sealed.compliance import is_old, missing, not_compliant, told
from schoolgate.lists.sealed.taking import Taken, take_up, watched
from schoolgate.policy.request import request_from_url
from schoolgate.policy.sealed import Sealed
from schoolgate.settings.sealed import sealed_key

KEY = b"k" * 32
NOW = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)


def take(root: Path, key: bytes = KEY) -> Taken:
    return take_up(root, root / "var", key)


def drop(root: Path, text: str | bytes, feed: str = "iwf", name: str = "list.txt") -> Path:
    path = root / "sealed" / feed / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path


def feed_of(sealed: Sealed, url: str) -> str:
    request = request_from_url(url, at=NOW)
    found = sealed.match(request.names, request.asked)
    return found.feed if found else ""


LIST = """# a comment
http://pages.example/bad/page.html
https://www.pages.example/view.php?id=42&set=7
http://pages.example/folder/
http://pages.example/gallery/*
whole.example
*.starred.example
http://www.only.example/
http://bücher.example/geheim
http://192.0.2.7/x
hxxp://defanged[.]example/y
http://deep.pages.example/Ünder%20Score
"""
NAMED = [
    "http://pages.example/bad/page.html",
    "https://pages.example:8443/bad/page.html#part",
    "http://user:word@pages.example/bad/page.html",
    "http://PAGES.example./BAD/Page.HTML",
    "http://www.pages.example/bad/page.html?utm=1",
    "http://pages.example/bad/%70age.html",
    "http://pages.example/bad/%2570age.html",
    "http://pages.example/./bad//page.html",
    "http://pages.example/x/../bad/page.html",
    "http://pages.example/bad%2Fpage.html",
    "http://pages.example/bad\\page.html",
    "http://pages.example/bad/page.html/",
    "http://pages.example/bad/page.html/more",
    "http://pages.example/bad;jsessionid=5/page.html;v=1",
    "http://pages.example/view.php?id=42&set=7",
    "http://pages.example/view.php?set=7&x=1&id=42",
    "http://pages.example/view.php?SET=%37&id=4%32",
    "http://pages.example/view.php?id=42;set=7",
    "http://pages.example/folder/inside/it.jpg",
    "http://pages.example/folder",
    "http://pages.example/gallery/3",
    "http://whole.example/",
    "http://a.b.whole.example/x?y",
    "http://deep.starred.example/",
    "http://only.example/",
    "http://www.only.example/any",
    "http://xn--bcher-kva.example/geheim",
    "http://BÜCHER.example/geheim",
    "http://3221225991/x",
    "http://[::ffff:192.0.2.7]/x",
    "http://defanged.example/y",
    "http://deep.pages.example/%C3%BCnder%20score",
    "http://deep.pages.example/U%CC%88nder%20Score",
    "http://pages.example/bad/page.html%23part",  # sent along with the request, which nginx leaves out
    "http://pages.example/bad/page.html%3Fx=1",
    "http://pages.example/bad./page.html%20",
    "http://pages.example/bad/page.html%00",
    "http://pages.example/x/..;/bad/page.html",
    "http://pages.example/view.php/more?id=42&set=7",
    "http://pages.example/view.php?+id=42%20&set=7%23part",
]
NOT_NAMED = [
    "http://pages.example/",
    "http://pages.example/bad/",
    "http://pages.example/bad/page.htm",
    "http://pages.example/bad/page.html5",
    "http://pages.example/view.php",
    "http://pages.example/view.php?id=42",
    "http://pages.example/view.php?id=421&set=7",
    "http://pages.example/folders",
    "http://other.pages.example/bad/page.html",
    "http://other.only.example/",
    "http://notwhole.example/",
    "http://example/",
    "http://192.0.2.8/x",
]


def test_an_address_is_found_however_it_is_written(tmp_path: Path) -> None:
    drop(tmp_path, LIST)
    taken = take(tmp_path)
    assert (taken.troubles, taken.states[0].entries, taken.states[0].left_out) == ((), 11, 0)
    assert [url for url in NAMED if feed_of(taken.sealed, url) != "iwf"] == []
    assert [url for url in NOT_NAMED if feed_of(taken.sealed, url)] == []


def test_names_alone_tell_whole_sites_and_never_a_page(tmp_path: Path) -> None:
    drop(tmp_path, LIST)
    sealed = take(tmp_path).sealed
    assert sealed.match(["sub.whole.example"], "") is not None
    assert sealed.match(["pages.example"], "") is None
    assert sealed.knows("pages.example")
    assert sealed.knows("www.pages.example")
    assert sealed.knows("whole.example")
    assert not sealed.knows("fine.example")
    assert feed_of(pickle.loads(pickle.dumps(sealed)), NAMED[0]) == "iwf"


@pytest.mark.parametrize(
    "text",
    [
        "http://pages.example/bad/page.html\n",
        "http://pages.example/bad/page.html,2026-11-01\r\n",
        "﻿http://pages.example/bad/page.html",
        "id,URL,added\n1,http://pages.example/bad/page.html,2026-11-01\n",
        'ID;"Web address";Level\n1;"http://pages.example/bad/page.html";A\n',
        "17\tpages.example/bad/page.html\tB\n",
        'url\n"http://pages.example/bad/page.html"\n',
        "http://pages.example/bad/page.html\n".encode("utf-16"),
        gzip.compress(b"http://pages.example/bad/page.html\n", mtime=0),
        hashlib.md5(b"pages.example/bad/page.html").hexdigest(),
        hashlib.sha1(b"http://pages.example/bad/page.html").hexdigest().upper(),
        "sha256,added\n" + hashlib.sha256(b"pages.example/bad/page.html").hexdigest() + ",2026-11-01\n",
        "URL Hash\n" + hashlib.sha256(b"https://pages.example/bad/page.html").hexdigest(),
    ],
    ids=lambda text: str(text[:24]),
)
def test_a_feed_is_read_in_every_form_it_comes_in(text: str | bytes, tmp_path: Path) -> None:
    drop(tmp_path, text)
    taken = take(tmp_path)
    assert taken.troubles == ()
    assert feed_of(taken.sealed, "http://pages.example/bad/page.html") == "iwf"
    assert feed_of(taken.sealed, "http://pages.example/good.html") == ""


@pytest.mark.parametrize(
    "text",
    [
        "Domain,URL\nbig.example,http://big.example/bad\n",
        "md5,Hostname,Full URL\nd41d8cd98f00b204e9800998ecf8427e,big.example,big.example/bad\n",
        "host;path\nbig.example;/bad\n",
        "The list\nof 26 November 2026, 3 entries\nDomain,URL\nbig.example,http://big.example/bad\n",
        "01.11.2026;http://big.example/bad\n02.11.2026;http://big.example/worse\n",
        "1,d41d8cd98f00b204e9800998ecf8427e,big.example/bad\n",
        "big.example,http://big.example/bad\nimage.jpg,http://big.example/worse\n",
        "http://big.example/bad  # added on Monday\n",
        "http://big.example/bad Category A\n",
    ],
    ids=lambda text: text[:24],
)
def test_a_line_that_names_a_page_blocks_the_page_and_not_the_big_site_that_it_is_on(text: str, tmp_path: Path) -> None:
    drop(tmp_path, text)
    taken = take(tmp_path)
    assert (taken.troubles, taken.states[0].left_out) == ((), 0)
    found = [feed_of(taken.sealed, f"http://big.example/{path}") for path in ("bad", "", "good")]
    assert found == ["iwf", "", ""]
    assert not any(feed_of(taken.sealed, f"http://{host}/") for host in ("1.11.7.234", "image.jpg", "2.11.7.234"))


def test_a_line_whose_address_is_missing_is_read_by_its_site(tmp_path: Path) -> None:
    drop(tmp_path, "Domain,URL\nbig.example,http://big.example/bad\nwhole.example,\nold.example,ftp://old.example/\n")
    taken = take(tmp_path)
    found = [feed_of(taken.sealed, f"http://{name}.example/x") for name in ("big", "whole", "old")]
    assert found == ["", "iwf", ""]
    assert (taken.states[0].entries, taken.states[0].left_out) == (2, 1)


@pytest.mark.parametrize("text", ["http://big.example/#!the-page\n", '["http://big.example/a", "big.example/b"]'])
def test_what_cannot_be_blocked_as_it_is_meant_is_told_and_not_guessed(text: str, tmp_path: Path) -> None:
    """Browsers keep fragments to themselves, so of such an entry only the whole site could be blocked."""
    drop(tmp_path, text)
    assert "no line of it can be read, so NOTHING OF IT IS IN FORCE" in take(tmp_path).troubles[0]


@pytest.mark.parametrize("written", ["pages.example/Bad/page.html", "http://www.pages.example/Bad/page.html"])
@pytest.mark.parametrize(
    "asked",
    [
        "pages.example/Bad/page.html",
        "www.pages.example/Bad/page.html?x=1",
        "pages.example//Bad/./%70age.html",
        "pages.example/Bad%252Fpage.html",
        "pages.example/Bad/page.html;v=1",
    ],
)
def test_a_published_digest_is_found_however_the_address_is_written(written: str, asked: str, tmp_path: Path) -> None:
    drop(tmp_path, hashlib.sha256(written.encode()).hexdigest())
    sealed = take(tmp_path).sealed
    assert feed_of(sealed, f"http://{asked}") == "iwf"
    assert feed_of(sealed, "http://pages.example/Bad/other.html") == ""


def test_names_in_front_hide_no_site_that_a_published_digest_names(tmp_path: Path) -> None:
    drop(tmp_path, hashlib.sha256(b"whole.example/").hexdigest())
    taken = take(tmp_path)
    assert feed_of(taken.sealed, "http://a.b.c.d.e.f.g.whole.example/x") == "iwf"
    assert "with SHA256 digests of addresses" in told(taken.states[0], NOW)


def test_a_published_digest_of_a_site_holds_for_all_of_it(tmp_path: Path) -> None:
    drop(tmp_path, hashlib.sha256(b"whole.example/").hexdigest())
    sealed = take(tmp_path).sealed
    assert feed_of(sealed, "https://a.whole.example/b?c=d") == "iwf"
    assert sealed.match(["whole.example"], "") is not None


def test_a_platform_is_never_blocked_with_a_page_or_a_site_on_it(tmp_path: Path) -> None:
    drop(tmp_path, "http://bad.blogspot.com/\nhttp://blogspot.com/x/\nhttp://github.io/\ncom\nco.uk\nhttp://co.uk/\n")
    taken = take(tmp_path)
    assert [feed_of(taken.sealed, f"http://{host}/") for host in ("bad.blogspot.com", "good.blogspot.com")] == [
        "iwf",
        "",
    ]
    assert [feed_of(taken.sealed, f"http://{host}/") for host in ("good.github.io", "example.co.uk", "x.com")] == [
        ""
    ] * 3


def test_no_file_of_ours_shows_an_address(tmp_path: Path) -> None:
    drop(tmp_path, LIST)
    taken = take(tmp_path)
    kept = next((tmp_path / "var" / "sealed").iterdir())
    assert kept.stat().st_mode & 0o077 == 0
    text = kept.read_text()
    plain = ("example", "page", "whole", "folder", "view", "geheim", hashlib.md5(b"whole.example").hexdigest())
    assert not any(word in text.replace('"pages"', "") for word in plain)
    assert "example" not in repr(taken.states)
    assert "example" not in repr(taken.sealed)
    other = take_up(tmp_path, tmp_path / "elsewhere", b"o" * 32).sealed
    mine = {mark for feed in taken.sealed._feeds for mark in feed.marks}
    assert mine.isdisjoint(mark for feed in other._feeds for mark in feed.marks)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "\n\n",
        "<html>Service unavailable</html>",
        b"\0\1\2" * 40,
        gzip.compress(b"x" * 900, mtime=0)[:20],
        b"PK\3\4zip",
        "one\ntwo\nok.example\n",
    ],
    ids=["empty", "blank", "html", "binary", "cut-off", "zip", "mostly-noise"],
)
def test_a_faulty_feed_leaves_the_last_good_one_in_force(broken: str | bytes, tmp_path: Path) -> None:
    drop(tmp_path, LIST)
    take(tmp_path)
    drop(tmp_path, broken)
    taken = take(tmp_path)
    assert feed_of(taken.sealed, NAMED[0]) == "iwf"
    assert len(taken.troubles) == 1
    assert "the last good copy stays in force" in taken.troubles[0]
    assert "IWF" in taken.troubles[0]
    assert "example" not in taken.troubles[0]
    assert taken.states[0].trouble


def test_a_feed_that_has_vanished_or_shrunk_stays_in_force(tmp_path: Path) -> None:
    path = drop(tmp_path, "".join(f"http://pages.example/{number}\n" for number in range(100)))
    take(tmp_path)
    drop(tmp_path, "http://pages.example/1\n")
    assert "looks cut off" in take(tmp_path).troubles[0]
    path.unlink()
    path.parent.rmdir()
    taken = take(tmp_path)
    assert feed_of(taken.sealed, "http://pages.example/99") == "iwf"
    assert "has vanished" in taken.troubles[0]
    drop(tmp_path, "".join(f"http://pages.example/{number}\n" for number in range(50)))
    taken = take(tmp_path)
    assert taken.troubles == ()
    assert feed_of(taken.sealed, "http://pages.example/99") == ""


def test_the_same_list_that_is_brought_again_is_not_old(tmp_path: Path) -> None:
    path = drop(tmp_path, LIST)
    long_ago = (NOW - timedelta(days=3)).timestamp()
    os.utime(path, (long_ago, long_ago))
    assert is_old(take(tmp_path).states[0], NOW)
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    assert take(tmp_path).states[0].dated == NOW


def test_a_list_that_lies_loose_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "sealed").mkdir()
    (tmp_path / "sealed" / "whole.example.csv").write_text("whole.example\n")
    taken = take(tmp_path)
    assert not taken.states
    [words] = taken.troubles
    assert words.startswith("A file lies loose in ")
    assert "/sealed/iwf/." in words
    assert "whole" not in words
    assert tmp_path / "sealed" in set(watched(tmp_path, tmp_path / "var"))


def test_digests_that_somebody_altered_are_made_anew_or_told_of(tmp_path: Path) -> None:
    path = drop(tmp_path, LIST)
    take(tmp_path)
    kept = next((tmp_path / "var" / "sealed").iterdir())
    kept.write_text(kept.read_text().replace('"marks": [', '"marks": ["00", '))
    taken = take(tmp_path)
    assert taken.troubles == ()
    assert feed_of(taken.sealed, NAMED[0]) == "iwf"
    kept.write_text("nothing")
    path.unlink()
    assert "NOTHING OF IT IS IN FORCE" in take(tmp_path).troubles[0]


def test_several_files_are_one_feed_and_several_feeds_are_told_apart(tmp_path: Path) -> None:
    drop(tmp_path, "one.example\n", name="a.csv")
    drop(tmp_path, "two.example\n", name="b.csv")
    drop(tmp_path, "three.example\n", "CTIRU")
    drop(tmp_path, "four.example\n", "a-licensed-one")
    sealed = take(tmp_path).sealed
    assert [feed_of(sealed, f"http://{name}.example/") for name in ("one", "two", "three", "four")] == [
        "iwf",
        "iwf",
        "ctiru",
        "a-licensed-one",
    ]


def test_files_that_others_could_read_are_closed(tmp_path: Path) -> None:
    path = drop(tmp_path, LIST)
    path.chmod(0o644)
    take(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files that the gateway could not read")
def test_what_a_command_of_root_makes_belongs_to_the_gateway(tmp_path: Path) -> None:
    drop(tmp_path, LIST)
    data = tmp_path / "var"
    data.mkdir()
    os.chown(data, 12345, 12345)
    take_up(tmp_path, data, sealed_key(tmp_path, data))
    made = [path for path in data.rglob("*") if path.name not in ("keys",)]
    assert {path.stat().st_uid for path in made} == {12345}
    assert len(made) == 3


def test_what_is_missing_and_what_is_old_is_said(tmp_path: Path) -> None:
    assert not_compliant(()).startswith("NOT COMPLIANT on 2 points")
    path = drop(tmp_path, LIST)
    three_days_ago = (NOW - timedelta(days=3)).timestamp()
    os.utime(path, (three_days_ago, three_days_ago))
    states = take(tmp_path).states
    assert [each.name for each in missing(states)] == ["ctiru"]
    assert "CTIRU" in not_compliant(states)
    assert "IWF" not in not_compliant(states)
    assert is_old(states[0], NOW)
    assert not is_old(states[0], NOW - timedelta(days=2))
    drop(tmp_path, LIST, "ctiru")
    assert not_compliant(take(tmp_path).states) == ""


def test_a_big_feed_is_looked_up_quickly(tmp_path: Path) -> None:
    """20,000 pages; a look-up costs microseconds, as every request pays for it."""
    drop(tmp_path, "".join(f"http://host{number}.example/a/{number}.html\n" for number in range(20_000)))
    sealed = take(tmp_path).sealed
    assert feed_of(sealed, "http://host19999.example/a/19999.html") == "iwf"
    assert json.loads(next((tmp_path / "var" / "sealed").iterdir()).read_text().splitlines()[1])["entries"] == 20_000
