"""A pupil's real curl and pages that say harmful things: what is shown, what is not, and that nothing slips by."""

import gzip
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable

import brotli
import pytest
import zstandard
from pretend.gateway import Gateway
from pretend.sites import Served, Sites

PUPIL, STAFF, GUEST, SERVER = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"
HARM = """<!doctype html><title>Lucky Spin online casino</title><h1>Best online casino bonus</h1>
<p>Claim 200 free spins on your first deposit. Play slots, roulette and blackjack for real money.</p>
<p>No deposit bonus, live dealer, jackpot slots. Place your bets now. Wagering requirements apply.</p>"""
GOOD = "<!doctype html><title>Phonics</title><p>Today we learn the sounds of sh and ch with a song about fish and chips.</p>"
MORE = b"<p>and more words</p>" * 5000
NOISE = "".join(f"<p>line {secrets.token_hex(500)}</p>" for _ in range(5000))  # which no packing makes small
HTML = {"Content-Type": "text/html; charset=utf-8"}


def pieces(data: bytes) -> tuple[bytes, ...]:
    """As a site sends them."""
    return tuple(data[start : start + 50_000] for start in range(0, len(data), 50_000))


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway], sites: Sites) -> Gateway:
    zipped = {
        "gzip": gzip.compress,
        "br": brotli.compress,
        "zstd": zstandard.compress,
        "gzip, br": lambda b: brotli.compress(gzip.compress(b)),
    }
    for name, pack in zipped.items():
        sites.pages[f"news.example/{name.replace(', ', '-')}"] = Served(
            (pack(HARM.encode()),), HTML | {"Content-Encoding": name}
        )
    unpacked = HTML | {"Content-Encoding": "UTF-8"}
    sites.pages |= {
        "news.example/no-coding-harm": Served((HARM.encode(),), unpacked),
        "news.example/no-coding-good": Served((GOOD.encode(),), unpacked),
        "news.example/harm": HARM.encode(),
        "news.example/good": GOOD.encode(),
        **{f"news.example/unread{n}": GOOD.encode() + b"<p>Page %d was not judged before.</p>" % n for n in range(2)},
        "www.bbc.co.uk/harm": HARM.encode(),
        "news.example/error": Served((HARM.encode(),), HTML, status=404),
        "news.example/slow": Served(
            tuple(HARM.encode()[i : i + 40] for i in range(0, len(HARM), 40)), HTML, pause=0.02
        ),
        "news.example/untyped": Served((HARM.encode(),)),
        "news.example/script": Served((HARM.encode(),), {"Content-Type": "text/javascript"}),
        "news.example/plain": Served((HARM.encode(),), {"Content-Type": "text/plain"}),
        "news.example/json": Served(
            (b'{"page": "' + HARM.replace("\n", " ").encode() + b'"}',), {"Content-Type": "application/json"}
        ),
        "news.example/utf16": Served((HARM.encode("utf-16"),), {"Content-Type": "text/html"}),
        "news.example/disguised": HARM.replace("casino", "c\u0430s1n\u043e").replace("spins", "s\u200bpins").encode(),
        "news.example/bomb": Served(
            (gzip.compress(HARM.encode() + b" " * 200_000_000),), HTML | {"Content-Encoding": "gzip"}
        ),
        "news.example/broken": Served((b"\x1f\x8b" + os.urandom(500),), HTML | {"Content-Encoding": "gzip"}),
        "news.example/long": Served((HARM.encode(), *[b"<p>and more words</p>" * 5000] * 60), HTML),
        "news.example/endless": Served((HARM.encode(),), HTML, pause=0.5, endless=True),
        "news.example/late": Served((GOOD.encode(), *[MORE] * 30, HARM.encode(), *[MORE] * 5), HTML),
        "news.example/late-gzip": Served(
            pieces(gzip.compress(GOOD.encode() + NOISE.encode() + HARM.encode() + NOISE.encode()[:300_000])),
            HTML | {"Content-Encoding": "gzip"},
        ),
        "news.example/commented": Served(
            (gzip.compress(b"<!--" + b"x" * (2 << 20) + b"-->" + HARM.encode()),), HTML | {"Content-Encoding": "gzip"}
        ),
        "news.example/good-bomb": Served(
            (gzip.compress(GOOD.encode() + b" " * 50_000_000),), HTML | {"Content-Encoding": "gzip"}
        ),
        "news.example/long-good": Served((GOOD.encode(), *[b"<p>and more words</p>" * 5000] * 60), HTML),
    }
    return start()


@pytest.mark.parametrize(
    "path", ["harm", "gzip", "br", "zstd", "gzip-br", "error", "slow", "untyped", "utf16", "disguised", "bomb", "long"]
)
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_page_that_says_harm_is_a_403_page(gateway: Gateway, sites: Sites, path: str, version: str) -> None:
    answer = gateway.curl(
        f"https://news.example:{sites.tls_port}/{path}",
        version,
        "--compressed",
        "-H",
        "Accept-Encoding: gzip, br, zstd",
    )
    assert answer.status == 403, (answer.head, answer.text[:300])
    assert "Gambling" in answer.text
    assert "free spins" not in answer.text


def test_the_event_says_what_weighed_and_keeps_no_words_of_the_page(gateway: Gateway, sites: Sites) -> None:
    answer = gateway.curl(f"https://news.example:{sites.tls_port}/harm?token=secret")
    ref = answer.text.split("<code>")[1].split("</code>")[0]
    [event] = gateway.events("--ref", ref)
    assert (event["stage"], event["list"], event["category"], event["action"]) == (
        "response",
        "text",
        "gambling",
        "block",
    )
    assert "points)" in event["entry"]
    assert "%" in event["entry"]
    assert "Wagering requirements apply" not in str(event)
    assert "secret" not in str(event)


@pytest.mark.parametrize("dest", ["document", "iframe"])
@pytest.mark.parametrize("path", ["plain", "json", "harm"])
def test_whatever_text_is_opened_as_a_page_is_judged(gateway: Gateway, sites: Sites, path: str, dest: str) -> None:
    assert gateway.curl(f"http://news.example:{sites.port}/{path}", "-H", f"Sec-Fetch-Dest: {dest}").status == 403


def test_an_innocent_page_arrives_byte_for_byte(gateway: Gateway, sites: Sites) -> None:
    answer = gateway.curl(f"https://news.example:{sites.tls_port}/good")
    assert (answer.status, answer.text) == (200, GOOD)
    assert gateway.curl(f"https://news.example:{sites.tls_port}/script").status == 200


def test_a_page_with_a_word_where_a_coding_should_stand_is_judged_as_browsers_show_it(
    gateway: Gateway, sites: Sites
) -> None:
    good = gateway.curl(f"https://news.example:{sites.tls_port}/no-coding-good")
    assert (good.status, good.text) == (200, GOOD)
    assert gateway.curl(f"https://news.example:{sites.tls_port}/no-coding-harm").status == 403


def test_a_long_innocent_page_arrives_whole_though_only_its_beginning_waits(gateway: Gateway, sites: Sites) -> None:
    answer = gateway.curl(f"http://news.example:{sites.port}/long-good")
    assert answer.status == 200
    assert len(answer.body) == len(GOOD) + 60 * 5000 * len(b"<p>and more words</p>")


@pytest.mark.parametrize("path", ["late", "late-gzip"])
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_harm_behind_the_part_that_waited_is_cut_out_in_passing(
    gateway: Gateway, sites: Sites, path: str, version: str
) -> None:
    answer = gateway.curl(f"https://news.example:{sites.tls_port}/{path}", version, "-H", "Accept-Encoding: gzip")
    assert answer.status == 200
    assert answer.text.startswith(GOOD)
    assert "The school's filter has stopped this here" in answer.text
    assert "free spins" not in answer.text


def test_harm_behind_a_long_comment_is_found(gateway: Gateway, sites: Sites) -> None:
    assert gateway.curl(f"http://news.example:{sites.port}/commented", "--compressed").status == 403


def test_a_page_that_unpacks_to_more_than_can_be_read_is_not_shown(gateway: Gateway, sites: Sites) -> None:
    assert gateway.curl(f"http://news.example:{sites.port}/good-bomb", "--compressed").status == 503


@pytest.mark.parametrize(
    "kind", ["text/plain, text/html", "html", "unknown/unknown", "*/*", "application/rss+xml", "text/xml"]
)
def test_whatever_a_browser_would_show_as_a_page_is_judged(gateway: Gateway, sites: Sites, kind: str) -> None:
    sites.pages["news.example/kind"] = Served((HARM.encode(),), {"Content-Type": kind})
    assert gateway.curl(f"http://news.example:{sites.port}/kind").status == 403


def test_a_page_that_the_browser_has_kept_is_asked_for_anew(gateway: Gateway, sites: Sites) -> None:
    kept = (
        "-H",
        'If-None-Match: "x"',
        "-H",
        "If-Modified-Since: Mon, 05 Jan 2026 09:00:00 GMT",
        "-H",
        "Range: bytes=5-",
    )
    gateway.curl(f"http://news.example:{sites.port}/good", *kept, "-H", "Accept: text/html")
    assert not {"if-none-match", "if-modified-since", "range"} & sites.seen("news.example")[-1].headers.keys()
    gateway.curl(f"http://news.example:{sites.port}/script", *kept, "-H", "Sec-Fetch-Dest: script")
    assert {"if-none-match", "if-modified-since", "range"} <= sites.seen("news.example")[-1].headers.keys()


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_page_that_never_ends_is_judged_by_what_has_come(gateway: Gateway, sites: Sites, version: str) -> None:
    started = time.monotonic()
    answer = gateway.curl(f"https://news.example:{sites.tls_port}/endless", version, "--max-time", "40")
    assert answer.status == 403
    assert "Gambling" in answer.text
    assert not answer.error
    assert time.monotonic() - started < 35


def test_groups_that_no_rule_protects_see_the_page(gateway: Gateway, sites: Sites) -> None:
    for client in (STAFF, SERVER):
        assert gateway.curl(f"http://news.example:{sites.port}/harm", client=client).status == 200


def test_a_page_that_cannot_be_unpacked_is_not_shown(gateway: Gateway, sites: Sites) -> None:
    assert gateway.curl(f"http://news.example:{sites.port}/broken").status == 503


def scanning(gateway: Gateway) -> list[int]:
    found = subprocess.run(
        ["pgrep", "-f", "schoolgate.content.scanning"], capture_output=True, text=True, check=False
    ).stdout
    parents = {int(pid) for pid in gateway.children().values()}
    return [pid for pid in map(int, found.split()) if parent_of(pid) in parents]


def parent_of(pid: int) -> int:
    return int(
        subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout or 0
    )


def test_scanning_processes_that_are_killed_are_replaced_and_nothing_slips_by(gateway: Gateway, sites: Sites) -> None:
    for _ in range(3):
        for pid in scanning(gateway):
            os.kill(pid, signal.SIGKILL)
        assert gateway.curl(f"http://news.example:{sites.port}/harm").status in (403, 503)
    assert gateway.curl(f"http://news.example:{sites.port}/harm").status == 403
    assert gateway.curl(f"http://news.example:{sites.port}/good").status == 200


def test_a_scanning_process_that_hangs_is_given_up_and_the_page_not_shown(gateway: Gateway, sites: Sites) -> None:
    gateway.curl(f"http://news.example:{sites.port}/unread0")
    stopped = scanning(gateway)
    assert stopped
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    answer = gateway.curl(f"http://news.example:{sites.port}/unread")
    assert answer.status == 503
    for pid in scanning(gateway):
        os.kill(pid, signal.SIGCONT)
    end = time.monotonic() + 30
    while gateway.curl(f"http://news.example:{sites.port}/unread1").status != 200:
        assert time.monotonic() < end
