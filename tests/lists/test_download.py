"""Lists arrive whole, come again only when they changed, and a bad day at the publisher's costs the school nothing."""

import gzip
import hashlib
import os
import random
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from pretend.publisher import Page, Publisher, begin
from pretend.school import free_port
from schoolgate.lists.publishers.checksum import read_checksums
from schoolgate.lists.publishers.copies import AlreadyUpdating, Copies, Copy
from schoolgate.lists.publishers.publisher import Terms
from schoolgate.lists.publishers.remote import Remote
from schoolgate.lists.publishers.since import read_since, write_since
from schoolgate.lists.publishers.update import Outcome, Progress, Result, is_due, update

QUICK = Terms(connect=2, read=1, overall=10, lowest_rate=100, window=0.5, pause=0.01, longest_pause=1)
DAY = timedelta(days=1)


class Clock:
    """A clock that a test sets by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


def lines(number: int, word: str = "site") -> bytes:
    """A list of so many domains."""
    return b"".join(b"%s%d.example\n" % (word.encode(), n) for n in range(number))


def read_names(_: Remote, path: Path) -> Iterable[str]:
    return path.read_text().split()


def count(_: Remote, path: Path) -> int:
    text = path.read_text()
    if "\0" in text:
        raise ValueError("zero bytes in a text")
    return len(text.split())


class Gate:
    """A gateway's folder of copies, with one list of one publisher."""

    def __init__(self, folder: Path, publisher: Publisher) -> None:
        self.copies, self.publisher, self.clock, self.terms = Copies(folder / "lists"), publisher, Clock(), QUICK
        self.bars: list[Progress] = []

    def remote(self, path: str = "/adult.txt", name: str = "ut1-adult", **facts: object) -> Remote:
        remote = Remote(name, self.publisher.url(path), "domains", DAY)
        return replace(remote, **facts)  # type: ignore[arg-type]

    def update(self, *remotes: Remote, force: bool = True) -> list[Outcome]:
        asked = remotes or (self.remote(),)
        return update(
            asked, self.copies, count, self.clock, self.bars.append, force, names=read_names, terms=self.terms
        )

    def one(self, remote: Remote | None = None) -> Outcome:
        [outcome] = self.update(remote or self.remote())
        return outcome

    @property
    def copy(self) -> Copy:
        copy = self.copies.get("ut1-adult", verify=True)
        assert copy is not None
        return copy

    @property
    def body(self) -> bytes:
        return self.copy.path.read_bytes()

    @property
    def partial(self) -> Path:
        return self.copies.folder / "ut1-adult" / "partial"


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    publisher = Publisher().start()
    yield publisher
    publisher.stop()


@pytest.fixture
def gate(tmp_path: Path, publisher: Publisher) -> Gate:
    return Gate(tmp_path, publisher)


@pytest.fixture
def page(publisher: Publisher) -> Page:
    page = Page(lines(1000), etag='"one"', modified=1_790_000_000)
    publisher.pages["/adult.txt"] = page
    return page


# --- a good day


def test_a_list_is_fetched_and_everything_about_it_is_known(gate: Gate, page: Page) -> None:
    outcome = gate.one()
    assert (outcome.result, outcome.words) == (Result.TAKEN, "ut1-adult: 1,000 entries, the first copy")
    copy = gate.copy
    assert (copy.path.read_bytes(), copy.size, copy.entries) == (page.body, len(page.body), 1000)
    assert copy.sha256 == hashlib.sha256(page.body).hexdigest()
    assert (copy.first, copy.fetched, copy.checked) == (gate.clock.time,) * 3
    assert (copy.etag, copy.failure, copy.held) == ('"one"', "", None)
    assert gate.copies.all() == [copy]
    assert gate.bars[-1] == Progress("ut1-adult", len(page.body), len(page.body))
    assert not gate.partial.exists()


def test_what_did_not_change_is_not_sent_again(gate: Gate, page: Page, publisher: Publisher) -> None:
    gate.one()
    gate.clock.time += DAY
    assert gate.one().result is Result.UNCHANGED
    assert publisher.requests("/adult.txt")[1]["if-none-match"] == '"one"'
    assert "if-modified-since" in publisher.requests("/adult.txt")[1]
    assert (gate.copy.fetched, gate.copy.checked) == (gate.clock.time - DAY, gate.clock.time)
    assert gate.copy.age(gate.clock.time + DAY * 2) == "taken 3 days ago, confirmed 2 days ago"


def test_a_date_alone_is_enough_to_ask_whether_it_changed(gate: Gate, page: Page) -> None:
    page.etag = None
    gate.one()
    assert gate.one().result is Result.UNCHANGED
    page.modified, page.body = 1_790_000_100, lines(1100)
    assert gate.one().words == "ut1-adult: 1,100 entries, 100 more than before"


def test_a_changed_list_takes_the_place_of_the_old_one(gate: Gate, page: Page) -> None:
    gate.one()
    old = gate.copy.path
    page.body, page.etag = lines(900), '"two"'
    assert gate.one().words == "ut1-adult: 900 entries, 100 fewer than before"
    assert gate.body == page.body
    assert old.exists()  # who reads it now may finish
    gate.one()
    assert not old.exists()


def test_the_same_content_under_a_new_etag_is_no_new_copy(gate: Gate, page: Page, publisher: Publisher) -> None:
    gate.one()
    first = gate.clock.time
    gate.clock.time += DAY
    page.etag, page.modified = '"two"', 1_790_000_100
    assert gate.one().result is Result.UNCHANGED
    assert (gate.copy.etag, gate.copy.fetched, gate.copy.checked) == ('"two"', first, gate.clock.time)


def test_a_new_address_is_asked_at_once_and_without_the_old_one_s_words(
    gate: Gate, page: Page, publisher: Publisher
) -> None:
    gate.one()
    publisher.pages["/moved.txt"] = Page(lines(1001), etag='"one"')
    moved = gate.remote("/moved.txt")
    assert is_due(moved, gate.copy, gate.clock())
    assert gate.one(moved).entries == 1001
    assert "if-none-match" not in publisher.requests("/moved.txt")[0]


def test_nothing_is_asked_before_its_time(gate: Gate, page: Page, publisher: Publisher) -> None:
    gate.update(force=False)
    gate.clock.time += DAY - timedelta(seconds=1)
    assert [o.result for o in gate.update(force=False)] == [Result.NOT_DUE]
    gate.clock.time += timedelta(seconds=1)
    assert [o.result for o in gate.update(force=False)] == [Result.UNCHANGED]
    gate.clock.time -= 30 * DAY  # a clock that was wrong and is put right
    assert [o.result for o in gate.update(force=False)] == [Result.UNCHANGED]
    assert len(publisher.asked) == 3


def test_nothing_of_the_school_is_given_away(
    gate: Gate, page: Page, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    publisher.pages["/go"] = Page(status=302, headers={"Location": "/adult.txt", "Set-Cookie": "id=7"})
    page.headers = {"Set-Cookie": "school=st-benedicts"}
    assert gate.one(gate.remote("/go")).result is Result.TAKEN
    gate.one(gate.remote("/go"))
    for asked in publisher.asked:
        assert not {"cookie", "referer", "authorization"} & set(asked.headers)
        assert asked.headers["user-agent"].startswith("schoolgate/")
        assert asked.headers["user-agent"].endswith(" (+school web filter list update)")


def test_https_is_checked_against_the_authorities_and_the_school_s_own(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path).start()
    publisher.pages["/adult.txt"] = Page(lines(10))
    gate = Gate(tmp_path, publisher)
    assert "certificate is not to be trusted" in gate.one().words
    gate.terms = replace(QUICK, extra_ca=publisher.ca)
    assert gate.one().result is Result.TAKEN
    publisher.stop()


# --- downloads that break


def test_a_download_that_breaks_off_goes_on_where_it_was(gate: Gate, page: Page, publisher: Publisher) -> None:
    page.body, page.cuts = lines(100_000), [700_000, 300_000]
    assert gate.one().result is Result.TAKEN
    assert gate.body == page.body
    first, second, third = publisher.requests("/adult.txt")
    assert "range" not in first
    assert (second["range"], second["if-range"]) == ("bytes=700000-", '"one"')
    assert third["range"] == "bytes=1000000-"


def test_a_download_that_gave_up_goes_on_at_the_next_update(gate: Gate, page: Page, publisher: Publisher) -> None:
    page.body, page.cuts = lines(100_000), [500_000, 0, 0, 0]
    outcome = gate.one()
    assert outcome.result is Result.FAILED
    assert "broke off after 500.0 kB of 1.8 MB" in outcome.words
    assert "nothing has been downloaded of it yet" in outcome.words
    assert gate.one().result is Result.TAKEN
    assert publisher.requests("/adult.txt")[-1]["range"] == "bytes=500000-"
    assert gate.body == page.body


def test_a_date_will_do_to_go_on_and_a_weak_etag_will_not(gate: Gate, page: Page, publisher: Publisher) -> None:
    page.etag, page.body, page.cuts = None, lines(100_000), [700_000]
    gate.one()
    assert publisher.requests("/adult.txt")[1]["if-range"].endswith("GMT")
    page.etag, page.cuts = 'W/"weak"', [700_000]
    page.body, page.modified = page.body + b"more.example\n", 1_790_000_100
    assert gate.one().result is Result.TAKEN
    assert "range" not in publisher.requests("/adult.txt")[-1]
    assert gate.body == page.body


def test_a_publisher_that_knows_no_ranges_sends_all_again(gate: Gate, page: Page, publisher: Publisher) -> None:
    page.body, page.cuts, page.ranges = lines(100_000), [700_000], False
    gate.one()
    assert publisher.requests("/adult.txt")[1]["range"] == "bytes=700000-"
    assert gate.body == page.body


def test_a_list_that_changed_in_between_is_not_sewn_together(gate: Gate, page: Page, publisher: Publisher) -> None:
    page.body, page.cuts = lines(100_000), [700_000, 0, 0, 0]
    gate.one()
    page.body, page.etag = lines(90_000, "new"), '"two"'
    assert gate.one().result is Result.TAKEN
    assert gate.body == page.body


def test_a_part_of_another_version_is_thrown_away(gate: Gate, page: Page, publisher: Publisher) -> None:
    """A publisher that pays no heed to If-Range."""
    page.body, page.cuts = lines(100_000), [700_000, 0, 0, 0]
    gate.one()
    new = Page(lines(100_000, "next"), etag='"two"')

    def heedless(handler: BaseHTTPRequestHandler) -> None:
        del handler.headers["If-Range"]
        new.answer(handler)

    publisher.pages["/adult.txt"] = heedless
    assert gate.one().result is Result.TAKEN
    assert gate.body == new.body
    assert "range" in publisher.requests("/adult.txt")[-2]
    assert "range" not in publisher.requests("/adult.txt")[-1]


def test_what_was_written_before_the_power_failed_is_not_trusted(gate: Gate, page: Page, publisher: Publisher) -> None:
    page.body, page.cuts = lines(100_000), [700_000, 0, 0, 0]
    gate.one()
    facts = gate.partial.with_name("partial.json")
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    facts.write_text(facts.read_text().replace(boot, "another-boot"))
    gate.one()
    assert "range" not in publisher.requests("/adult.txt")[-1]
    assert gate.body == page.body


def test_an_unfinished_download_that_is_as_long_as_the_list_is_checked(
    gate: Gate, page: Page, publisher: Publisher
) -> None:
    page.cuts = [5_000, 0, 0, 0]
    gate.one()
    gate.partial.write_bytes(page.body)
    gate.one()
    assert publisher.requests("/adult.txt")[-1]["range"] == f"bytes={len(page.body) - 1}-"
    assert gate.body == page.body


# --- publishers that misbehave


def fails(gate: Gate, words: str, remote: Remote | None = None) -> None:
    """The update fails with these words and leaves the copy in force as it was."""
    before = gate.copies.get("ut1-adult", verify=True)
    outcome = gate.one(remote)
    assert outcome.result is Result.FAILED
    assert words in outcome.words
    after = gate.copies.get("ut1-adult", verify=True)
    assert (after and after.path, after and after.fetched) == (before and before.path, before and before.fetched)
    failure = gate.copies.failure("ut1-adult")
    assert failure is not None
    assert words in failure.words


def test_a_publisher_that_sends_a_byte_now_and_then_holds_nothing_up(
    gate: Gate, page: Page, publisher: Publisher
) -> None:
    gate.one()
    page.etag, page.modified, page.pace = '"two"', None, (1, 0.05)
    publisher.pages["/quick.txt"] = Page(lines(7))
    begun = time.monotonic()
    slow, quick = gate.update(gate.remote(), gate.remote("/quick.txt", "quick"))
    assert time.monotonic() - begun < 3
    assert "bytes a second" in slow.words
    assert quick.result is Result.TAKEN


def test_a_publisher_that_sends_its_headers_a_byte_now_and_then(gate: Gate, publisher: Publisher) -> None:
    def dribble(handler: BaseHTTPRequestHandler) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 200:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.1)

    publisher.pages["/adult.txt"] = dribble
    gate.terms = replace(QUICK, connect=0.5, read=0.5, tries=1)
    fails(gate, "did not answer within 1 seconds")


def test_silence_and_a_limit_for_the_whole(gate: Gate, page: Page) -> None:
    page.pace = (5_000, 60)
    gate.terms = replace(QUICK, read=0.2, tries=2)
    fails(gate, "fell silent for 0.2 seconds")
    page.pace = (1_000, 0.2)
    gate.terms = replace(QUICK, overall=0.5)
    fails(gate, "not finished within 0.5 seconds")


@pytest.mark.parametrize("said", [True, False], ids=["said", "not said"])
def test_a_list_that_is_too_large_is_not_taken(gate: Gate, page: Page, publisher: Publisher, said: bool) -> None:
    page.body = lines(100_000)

    def endless(handler: BaseHTTPRequestHandler) -> None:
        begin(handler, 200, {"Connection": "close"})
        while True:
            handler.wfile.write(lines(1000))

    if not said:
        publisher.pages["/adult.txt"] = endless
    fails(gate, "200.0 kB", gate.remote(largest=200_000))
    assert not gate.partial.exists()
    assert len(publisher.asked) == 1


def test_a_publisher_that_sends_less_than_it_promised(gate: Gate, page: Page) -> None:
    page.promise, page.ranges = len(page.body) + 1000, False
    fails(gate, "broke off after")


def test_a_publisher_that_sends_more_than_it_promised(gate: Gate, page: Page) -> None:
    page.body = lines(100_000)
    page.promise = len(page.body) // 2
    fails(gate, "more than it promised")


def test_a_length_that_does_not_fit_the_chunks(gate: Gate, publisher: Publisher) -> None:
    def both(handler: BaseHTTPRequestHandler) -> None:
        begin(handler, 200, {"Transfer-Encoding": "chunked", "Content-Length": "5"})
        handler.wfile.write(b"A\r\nab.example\r\n0\r\n\r\n")

    publisher.pages["/adult.txt"] = both
    assert gate.one().result is Result.FAILED


def test_a_bomb_is_put_out_before_it_is_large(gate: Gate, page: Page) -> None:
    bomb = gzip.compress(bytes(300_000_000))
    page.body, page.headers = bomb, {"Content-Encoding": "gzip"}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fails(gate, "larger than 5.0 MB", gate.remote(largest=5_000_000))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # kB
    assert not gate.partial.exists()


def test_a_list_that_is_packed_for_the_way_is_unpacked_and_an_archive_is_not(
    gate: Gate, page: Page, publisher: Publisher
) -> None:
    plain = page.body
    page.body, page.headers = gzip.compress(plain), {"Content-Encoding": "gzip"}
    gate.one()
    assert gate.body == plain
    publisher.pages["/adult.txt.gz"] = Page(page.body, headers={"Content-Encoding": "x-gzip"})
    remote = gate.remote("/adult.txt.gz", "packed")
    update([remote], gate.copies, lambda _, path: len(gzip.decompress(path.read_bytes())), gate.clock, terms=QUICK)
    packed = gate.copies.get("packed")
    assert packed is not None
    assert packed.path.read_bytes() == page.body
    page.headers, page.etag, page.modified = {"Content-Encoding": "zstd"}, None, None
    fails(gate, "packed the list in a way that was not asked for (zstd)")

    def endless(handler: BaseHTTPRequestHandler) -> None:
        begin(handler, 200, {"Content-Encoding": "gzip"})
        handler.wfile.write(page.body[:-50])

    publisher.pages["/adult.txt"] = endless
    fails(gate, "does not say where it ends")


def test_a_list_that_is_gone(gate: Gate, publisher: Publisher) -> None:
    fails(gate, "answered 404 Not Found: the list is not there any more; look for its new address")
    assert len(publisher.asked) == 1


def test_a_server_error_is_tried_again(gate: Gate, page: Page, publisher: Publisher) -> None:
    page.status = 500
    fails(gate, "answered 500")
    assert len(publisher.asked) == QUICK.tries


def test_a_publisher_is_given_the_time_it_asks_for(gate: Gate, page: Page, publisher: Publisher) -> None:
    answers = iter([Page(status=503, headers={"Retry-After": "1"}), page])
    publisher.pages["/adult.txt"] = lambda handler: next(answers).answer(handler)
    assert gate.one().result is Result.TAKEN
    assert publisher.asked[1].at - publisher.asked[0].at >= 1


def test_a_publisher_that_asks_for_hours_gets_them(gate: Gate, page: Page, publisher: Publisher) -> None:
    page.status, page.headers = 503, {"Retry-After": "18000"}
    fails(gate, "asks to come back in 18000 seconds")
    assert len(publisher.asked) == 1
    failure = gate.copies.failure("ut1-adult")
    assert failure is not None
    assert failure.again - failure.at == timedelta(hours=5)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("/adult.txt", "more than 5 times"),
        ("file:///etc/passwd", "not fetched from"),
        ("ftp://127.0.0.1/adult.txt", "not fetched from"),
        ("http://user:word@127.0.0.1/adult.txt", "no name and password"),
    ],
)
def test_redirects_that_are_not_followed(
    gate: Gate, page: Page, publisher: Publisher, location: str, words: str
) -> None:
    page.status, page.headers = 302, {"Location": location}
    fails(gate, words)
    assert len(publisher.asked) <= 6


def test_no_redirect_leads_from_https_to_http(tmp_path: Path, gate: Gate, page: Page, publisher: Publisher) -> None:
    safe = Publisher(tmp_path).start()
    safe.pages["/adult.txt"] = Page(status=301, headers={"Location": publisher.url("/adult.txt")})
    gate.terms = replace(QUICK, extra_ca=safe.ca)
    fails(gate, "from https to http", gate.remote(url=safe.url("/adult.txt")))
    assert publisher.asked == []
    publisher.pages["/up"] = Page(status=301, headers={"Location": safe.url("/list.txt")})
    safe.pages["/list.txt"] = Page(lines(5))
    assert gate.one(gate.remote("/up")).result is Result.TAKEN
    safe.stop()


@pytest.mark.parametrize("start", ["<!DOCTYPE html><html>", "\n  <html lang=en>", "\ufeff<!doctype HTML>"])
def test_a_web_page_is_no_list(gate: Gate, page: Page, start: str) -> None:
    gate.one()
    page.etag, page.modified = '"login"', None
    page.body = f"{start}<title>Please log in</title>{'site.example ' * 2000}".encode()
    fails(gate, "sent a web page instead of the list")
    assert not gate.partial.exists()


def test_what_the_reader_of_the_format_refuses_is_not_taken(gate: Gate, page: Page) -> None:
    gate.one()
    page.etag, page.modified, page.body = '"two"', None, bytes(5000)
    fails(gate, "not a list of this format (zero bytes in a text)")


# --- lists that shrink


def test_a_list_that_lost_most_of_its_entries_is_held_back_until_it_is_accepted(
    gate: Gate, page: Page, publisher: Publisher
) -> None:
    gate.one()
    old = page.body
    gate.clock.time += DAY
    page.body, page.etag, page.modified = lines(499), '"two"', None
    outcome = gate.one()
    assert outcome.result is Result.HELD
    assert outcome.words == (
        "ut1-adult: the new copy has 499 entries where the old one had 1,000; it is held back. "
        "If that is right, run: schoolgate lists update --accept ut1-adult"
    )
    assert gate.body == old
    assert gate.copy.held is not None
    assert gate.copy.held.path.read_bytes() == page.body
    assert gate.one().result is Result.HELD  # still, and not downloaded again
    assert publisher.requests("/adult.txt")[-1]["if-none-match"] == '"one", "two"'
    gate.clock.time += DAY
    accepted = gate.copies.accept("ut1-adult", gate.clock())
    assert (accepted, gate.body, accepted.entries) == (gate.copy, page.body, 499)
    assert gate.copy.held is None
    assert gate.one().result is Result.UNCHANGED
    with pytest.raises(ValueError, match="nothing to accept"):
        gate.copies.accept("ut1-adult", gate.clock())


def test_half_of_the_entries_may_go(gate: Gate, page: Page) -> None:
    gate.one()
    page.body, page.etag = lines(500), '"two"'
    assert gate.one().result is Result.TAKEN


def test_a_list_that_is_whole_again_needs_nobody_s_word(gate: Gate, page: Page) -> None:
    gate.one()
    page.body, page.etag, page.modified = lines(3), '"two"', None
    gate.one()
    page.body, page.etag = lines(1001), '"three"'
    assert gate.one().result is Result.TAKEN
    assert (gate.copy.held, gate.copy.entries) == (None, 1001)
    page.body, page.etag = lines(3), '"two"'
    assert gate.one().result is Result.HELD
    page.body, page.etag = lines(1001), '"three"'  # the very copy that is in force
    assert gate.one().result is Result.UNCHANGED
    assert gate.copy.held is None


@pytest.mark.parametrize("body", [b"", b"\n\n"])
def test_an_empty_list_is_never_taken(gate: Gate, page: Page, body: bytes) -> None:
    good = page.body
    page.body = body
    fails(gate, "no entries at all")
    page.body = good
    gate.one()
    page.body, page.etag, page.modified = body, '"two"', None
    fails(gate, "no entries at all")


# --- checksums


def test_a_list_must_be_what_its_checksum_says(gate: Gate, page: Page, publisher: Publisher) -> None:
    digest, other = hashlib.sha256(page.body).hexdigest(), "0" * 64
    assert gate.one(gate.remote(sha256=digest.upper())).result is Result.TAKEN
    page.etag, page.modified = None, None
    sums = Page()
    publisher.pages["/SUMS"] = sums
    remote = gate.remote(sha256=publisher.url("/SUMS"))
    for text in (
        f"{digest}  adult.txt\n{other}  other.txt\n",
        f"{hashlib.md5(page.body, usedforsecurity=False).hexdigest()} *./adult.txt\n",
        f"SHA256 (adult.txt) = {digest}\n",
        f"{digest}\n",
    ):
        sums.body = text.encode()
        assert gate.one(remote).result is Result.UNCHANGED
    sums.body = f"{other}  adult.txt\n".encode()
    fails(gate, "not what its checksum says", remote)
    sums.body = f"{other}  other.txt\n".encode()
    fails(gate, "does not name adult.txt", remote)
    sums.status = 404
    fails(gate, "its checksum file could not be had: the publisher answered 404", remote)
    fails(gate, "not what its checksum says", gate.remote(sha256=other))


def test_a_list_and_its_checksum_that_change_while_they_are_fetched(
    gate: Gate, page: Page, publisher: Publisher
) -> None:
    new = Page(lines(1200), etag='"two"')
    publisher.pages["/SUMS"] = Page(hashlib.sha256(new.body).hexdigest().encode() + b"  adult.txt\n")
    answers = iter([page, new])
    publisher.pages["/adult.txt"] = lambda handler: next(answers).answer(handler)
    assert gate.one(gate.remote(sha256=publisher.url("/SUMS"))).entries == 1200


def test_the_lines_of_checksum_files() -> None:
    a, b = "a" * 64, "b" * 32
    assert read_checksums(f"# sums\n{a}  x.tar.gz\r\n\n{b} *dir/y z.txt\nMD5 (w) = {b}\nnonsense\n") == {
        "x.tar.gz": a,
        "y z.txt": b,
        "w": b,
    }


# --- what can happen on the school's side


def test_a_damaged_copy_is_noticed_and_fetched_anew(gate: Gate, page: Page, publisher: Publisher) -> None:
    gate.one()
    path = gate.copy.path
    path.write_bytes(page.body[:-100] + bytes(100))
    assert gate.copies.get("ut1-adult") is not None  # a reader without a wish to check
    assert gate.copies.get("ut1-adult", verify=True) is None
    [outcome] = gate.update(force=False)
    assert outcome.result is Result.UNCHANGED
    assert "if-none-match" not in publisher.requests("/adult.txt")[-1]
    assert gate.body == page.body


@pytest.mark.parametrize("state", ["", "{", "[]", '{"first": 3}', "\0" * 100])
def test_a_damaged_state_is_made_anew(gate: Gate, page: Page, state: str) -> None:
    gate.one()
    (gate.copies.folder / "ut1-adult" / "state.json").write_text(state)
    assert gate.copies.get("ut1-adult") is None
    [outcome] = gate.update(force=False)
    assert outcome.result is Result.TAKEN
    assert gate.body == page.body


CHILD = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from schoolgate.lists.publishers.copies import Copies
from schoolgate.lists.publishers.remote import Remote
from schoolgate.lists.publishers.update import update
remote = Remote("ut1-adult", sys.argv[2], "domains", timedelta(days=1))
names = lambda _, path: path.read_text().split()
while True:
    update([remote], Copies(Path(sys.argv[1])), lambda _, path: len(names(_, path)), lambda: datetime.now(UTC),
           force=True, names=names)
"""


def child(gate: Gate) -> subprocess.Popen[bytes]:
    """A process that updates the list again and again."""
    return subprocess.Popen([sys.executable, "-c", CHILD, gate.copies.folder, gate.remote().url])


def test_a_download_whose_process_is_killed_goes_on_in_the_next(gate: Gate, page: Page, publisher: Publisher) -> None:
    gate.one()
    old = page.body
    page.body, page.etag, page.modified, page.pace = lines(100_000), '"two"', None, (1_000_000, 60)
    process = child(gate)
    until(lambda: gate.partial.exists() and gate.partial.stat().st_size == 1_000_000)
    process.kill()
    process.wait()
    assert gate.body == old
    page.let_go.set()
    assert gate.one().result is Result.TAKEN
    assert publisher.requests("/adult.txt")[-1]["range"] == "bytes=1000000-"
    assert gate.body == page.body


def test_a_process_that_is_killed_at_any_moment_leaves_a_whole_copy(gate: Gate, publisher: Publisher) -> None:
    versions = [lines(20_000), lines(20_000, "other")]
    turn = iter(range(1_000_000))
    publisher.pages["/adult.txt"] = lambda handler: Page(versions[next(turn) % 2]).answer(handler)
    gate.one()
    chance = random.Random(7)
    for _ in range(6):
        asked = len(publisher.asked)
        process = child(gate)
        until(lambda asked=asked: len(publisher.asked) > asked + 1)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        process.wait()
        assert gate.body in versions
    assert gate.one().result in (Result.TAKEN, Result.UNCHANGED)
    place = gate.copies.folder / "ut1-adult"
    gate.one()
    assert not [path for path in place.iterdir() if path.name.startswith((".", "partial"))]


def until(come: object) -> None:
    end = time.monotonic() + 15
    while not come():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("mounting a small file system needs root")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("this machine allows no mount")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("said", [True, False], ids=["length known", "length not known"])
def test_a_full_disk_costs_the_new_copy_only(small_disk: Path, publisher: Publisher, page: Page, said: bool) -> None:
    gate = Gate(small_disk, publisher)
    gate.one()
    page.body, page.etag, page.modified = lines(100_000), '"two"', None
    if said:
        fails(gate, "the disk has ")
    else:
        body = page.body

        def until_closed(handler: BaseHTTPRequestHandler) -> None:
            begin(handler, 200, {"ETag": '"two"'})
            handler.wfile.write(body)

        publisher.pages["/adult.txt"] = until_closed
        fails(gate, "the disk is full; make room on it")
    assert gate.copy.entries == 1000
    assert not gate.partial.exists()
    assert shutil.disk_usage(small_disk).free > 900_000  # the rest of the school has its room back


def test_a_disk_without_room_for_a_word_keeps_the_old_copy(small_disk: Path, publisher: Publisher, page: Page) -> None:
    gate = Gate(small_disk, publisher)
    gate.one()
    state = (gate.copies.folder / "ut1-adult" / "state.json").read_bytes()
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    page.etag, page.body = '"two"', lines(1100)
    outcome = gate.one()
    assert outcome.result is Result.FAILED
    assert (gate.copies.folder / "ut1-adult" / "state.json").read_bytes() == state
    assert gate.copy.entries == 1000
    filler.unlink()
    assert gate.one().entries == 1100


def test_two_updates_at_once(gate: Gate, page: Page) -> None:
    page.pace = (5_000, 60)
    first = threading.Thread(target=gate.update)
    first.start()
    until(gate.partial.exists)
    with pytest.raises(AlreadyUpdating, match=f"already, by process {os.getpid()}"):
        gate.update()
    with pytest.raises(AlreadyUpdating):
        gate.copies.accept("ut1-adult", gate.clock())
    page.let_go.set()
    first.join()
    assert gate.copy.entries == 1000
    assert gate.one().result is Result.UNCHANGED


def test_three_weeks_without_the_internet(gate: Gate, page: Page, publisher: Publisher) -> None:
    gate.one()
    begun = gate.clock.time
    there, away = gate.remote(), gate.remote(url=f"http://127.0.0.1:{free_port()}/adult.txt")
    # the publisher is away from its own address: what fails is the address that the copy came from
    state = gate.copies.folder / "ut1-adult" / "state.json"
    state.write_text(state.read_text().replace(there.url, away.url))
    gate.terms = replace(QUICK, tries=1)
    tries = []
    while gate.clock.time < begun + timedelta(weeks=3):
        gate.clock.time += timedelta(hours=1)
        [outcome] = gate.update(away, force=False)
        if outcome.result is Result.FAILED:
            tries.append(gate.clock.time)
        assert gate.copies.get("ut1-adult") is not None
    pauses = [(b - a) / timedelta(hours=1) for a, b in zip(tries, tries[1:], strict=False)]
    assert pauses[:7] == [1, 2, 4, 8, 16, 24, 24]
    assert set(pauses[7:]) == {24}
    assert "the publisher could not be reached: " in outcome.words or outcome.result is Result.NOT_DUE
    copy = gate.copy
    assert copy.failure.startswith("the publisher could not be reached")
    assert copy.age(gate.clock.time) == "taken 3 weeks ago"
    assert copy.failed == tries[-1]
    assert gate.one(there).result is Result.UNCHANGED
    assert (gate.copy.failure, gate.copy.failed, gate.copy.checked) == ("", None, gate.clock.time)


def test_a_list_that_never_came_is_asked_for_with_pauses_too(gate: Gate, publisher: Publisher) -> None:
    for _ in range(3):
        gate.update(force=False)
    assert len(publisher.asked) == 1
    gate.clock.time += timedelta(hours=1)
    gate.update(force=False)
    assert len(publisher.asked) == 2


def test_one_list_that_fails_keeps_none_from_being_updated(gate: Gate, page: Page, publisher: Publisher) -> None:
    def broken(remote: Remote, path: Path) -> int:
        if remote.name == "third":
            raise RecursionError("a bug in a reader")
        return count(remote, path)

    publisher.pages["/two.txt"] = Page(lines(2))
    remotes = [
        gate.remote("/none.txt", "first"),
        gate.remote(),
        gate.remote("/two.txt", "third"),
        gate.remote("/two.txt", "fourth"),
    ]
    outcomes = update(remotes, gate.copies, broken, gate.clock, terms=QUICK)
    assert [o.result for o in outcomes] == [Result.FAILED, Result.TAKEN, Result.FAILED, Result.TAKEN]
    assert "a bug in a reader" in outcomes[2].words
    assert [copy.name for copy in gate.copies.all()] == ["fourth", "ut1-adult"]


def test_hosts_are_asked_side_by_side_and_one_host_politely(tmp_path: Path, gate: Gate, publisher: Publisher) -> None:
    other = Publisher().start()
    remotes = []
    for number in range(4):
        for each, host in ((publisher, "127.0.0.1"), (other, "localhost")):
            each.pages[f"/{number}"] = Page(lines(20), pace=(100, 0.05))
            remotes.append(Remote(f"{host.replace('.', '-')}-{number}", each.url(f"/{number}", host), "domains", DAY))
    outcomes = gate.update(*remotes)
    assert [o.result for o in outcomes] == [Result.TAKEN] * 8
    assert (publisher.busiest, other.busiest) == (1, 1)
    assert other.asked[0].at < publisher.asked[-1].at
    other.stop()


# --- since when


def test_it_is_known_since_when_a_name_is_listed(gate: Gate, page: Page, publisher: Publisher) -> None:
    page.etag = page.modified = None
    days = [gate.clock.time + DAY * n for n in range(5)]
    for day, body in zip(
        days,
        [
            b"a.example b.example",
            b"a.example b.example c.example",
            b"b.example a.example c.example d.example",
            b"d.example a.example b.example",
            b"a.example b.example c.example d.example",
        ],
        strict=True,
    ):
        gate.clock.time, page.body = day, body
        assert gate.one().result is Result.TAKEN
        gate.copies.sweep("ut1-adult")
    assert gate.copy.first == days[0]
    since = {name: gate.copies.since("ut1-adult", f"{name}.example") for name in "abcdx"}
    assert since == {"a": None, "b": None, "c": days[4], "d": days[2], "x": None}


def test_an_accepted_copy_notes_it_too(gate: Gate, page: Page) -> None:
    gate.one()
    page.body, page.etag, page.modified = b"new.example site1.example", '"two"', None
    gate.one()
    gate.clock.time += DAY
    gate.copies.accept("ut1-adult", gate.clock(), lambda path: path.read_text().split())
    assert gate.copies.since("ut1-adult", "new.example") == gate.clock.time
    assert gate.copies.since("ut1-adult", "site1.example") is None


def test_a_damaged_old_copy_makes_nothing_new(gate: Gate, page: Page) -> None:
    page.etag = page.modified = None
    gate.one()
    page.body += b"more.example\n"
    gate.clock.time += DAY
    gate.one()
    gate.copy.path.write_bytes(b"rubbish")
    added, page.body = gate.clock.time, page.body + b"most.example\n"
    gate.clock.time += DAY
    assert gate.one().result is Result.TAKEN
    assert gate.copies.since("ut1-adult", "more.example") == added
    assert gate.copies.since("ut1-adult", "most.example") is None


def test_dates_of_many_names_are_found(tmp_path: Path) -> None:
    path, at = tmp_path / "since", datetime(2026, 11, 20, tzinfo=UTC)
    chance = random.Random(3)
    old = [f"site{n}.example" for n in range(5_000)]
    new = [*old[::2], *(f"new{n}.example/ü{n}" for n in range(3_000)), "new1.example/ü1", "bad\tone", "a.example"]
    chance.shuffle(new)
    assert write_since(path, new, old, None, at) == 3_001
    text = path.read_bytes().splitlines()
    assert text == sorted(text)
    assert all(read_since(path, f"new{n}.example/ü{n}") == at for n in range(3_000))
    assert read_since(path, "a.example") == at
    for absent in ("site0.example", "new1.example", "new1.example/ü", "", "zzz", "\0"):
        assert read_since(path, absent) is None


# --- names and addresses that cannot be


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".", "..", "UT1", "-a", "a" * 65, "a\n", "lock\0", "ä"])
def test_a_name_that_could_leave_the_folder_is_refused(gate: Gate, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a list"):
        gate.remote(name=name)
    with pytest.raises(ValueError, match="cannot name a list"):
        gate.copies.get(name)
    with pytest.raises(ValueError, match="cannot name a list"):
        gate.copies.accept(name, gate.clock())


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.example/x", "a.example/x", "", "http://", "https://me:pw@a.example/"]
)
def test_an_address_that_is_not_fetched_from_is_refused(gate: Gate, url: str) -> None:
    with pytest.raises(ValueError):
        gate.remote(url=url)
    with pytest.raises(ValueError):
        gate.remote(sha256=url or "0" * 63)


def test_two_lists_of_one_name_are_refused(gate: Gate, page: Page) -> None:
    with pytest.raises(ValueError, match="two lists are called ut1-adult"):
        gate.update(gate.remote(), gate.remote("/b.txt"))


def test_a_state_cannot_name_a_file_elsewhere(gate: Gate, page: Page) -> None:
    gate.one()
    state = gate.copies.folder / "ut1-adult" / "state.json"
    state.write_text(state.read_text().replace(gate.copy.sha256, "../../../../etc/passwd"))
    assert gate.copies.get("ut1-adult") is None
