"""What is outside of the gateway fails or lies: sites, the resolver, the mail server, the clock; pupils stay protected."""

import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from pretend.clock import Clock, last_tuesday
from pretend.faulted import Watched
from pretend.gateway import SITES, Gateway
from pretend.liar import ENDLESS, SAID, TALKS, Liar
from pretend.mailbox import Mailbox
from pretend.raw import Raw, get
from pretend.school import NO_DIGEST, School
from pretend.sites import Sites

RESOLVER = "127.0.0.253"


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock"), last_tuesday(), "10:00")


@pytest.fixture(scope="module")
def school(
    watch: Callable[[Gateway], Watched],
    start: object,
    gateways: list[Gateway],
    sites: Sites,
    index: Path,
    clock: Clock,
    tmp_path_factory: pytest.TempPathFactory,
) -> Watched:
    """A gateway with a resolver that never answers, beside names that are known."""
    root = tmp_path_factory.mktemp("gateway")
    hosts, resolver = root / "known", root / "resolver"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"127.0.0.1 {name}\n" for name in SITES.split()))
    resolver.write_text(f"nameserver {RESOLVER}\noptions timeout:2 attempts:2\n")
    mounts = {"/etc/hosts": hosts, "/etc/resolv.conf": resolver}
    school = School(root, upstream_ca=sites.ca, digest=NO_DIGEST)
    gateways.append(Gateway(school, 1, index, clock.environment, mounts=mounts))
    watched = watch(gateways[-1].start())
    watched.is_well()
    return watched


@pytest.fixture(scope="module")
def liar() -> Iterator[Liar]:
    site = Liar()
    yield site
    site.stop()


def _is_quick(school: Watched) -> None:
    started = time.monotonic()
    assert school.blocked().status == 403
    assert school.allowed().status == 200
    assert time.monotonic() - started < 10, "others were kept waiting"


@pytest.mark.parametrize("lie", [*SAID, "reset"])
def test_a_site_that_lies_shows_nothing_that_is_blocked(school: Watched, liar: Liar, lie: str) -> None:
    said = get(school.gateway, f"http://allowed.example:{liar.port}/{quote(lie)}")
    assert b"free spins" not in said.body + _unpacked(said.body)
    assert b"\nset-cookie: a=b" not in said.head.lower()
    assert b"HTTP/1." not in said.body
    school.seen += [said.ref] if said.ref else []
    _is_quick(school)


def _unpacked(body: bytes) -> bytes:
    """What a device could make of it that unpacks whatever it gets."""
    found = b""
    while (start := body.find(b"\x1f\x8b")) >= 0:
        try:
            body = zlib.decompressobj(31).decompress(body[start:], 1_000_000)
        except zlib.error:
            return found
        found += body
    return found


@pytest.mark.parametrize("path", ["trailed", "early"])
def test_trailers_and_hints_before_the_answer_cost_no_page(school: Watched, liar: Liar, path: str) -> None:
    for _ in range(2):
        said = get(school.gateway, f"http://allowed.example:{liar.port}/{path}")
        assert (said.status, b"<p>hello" in said.body) == (200, True)


@pytest.mark.parametrize("what", ENDLESS)
def test_what_a_site_never_ends_takes_no_memory(school: Watched, liar: Liar, what: str) -> None:
    """For such an answer a worker once stood still, and was ended."""
    worker, before = school.gateway.children()["worker1"], school.memory()
    said = get(school.gateway, f"http://allowed.example:{liar.port}/{quote('endless/' + what)}")
    assert said.status in (200, 502)
    assert b"aaaaaaaaaa" not in said.body
    _is_quick(school)
    assert school.gateway.children()["worker1"] == worker
    assert school.memory() - before < 60_000_000


@pytest.mark.parametrize("talk", TALKS)
def test_a_websocket_that_breaks_the_rules_says_nothing_unjudged(school: Watched, liar: Liar, talk: str) -> None:
    place, before = f"allowed.example:{liar.port}", school.memory()
    ask = f"GET http://{place}/{quote('talk/' + talk)} HTTP/1.1\r\nHost: {place}\r\nUpgrade: websocket\r\n"
    ask += "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    got = b""
    with Raw(school.gateway) as raw:
        raw.send(ask.encode())
        raw.line.settimeout(2)
        try:
            while more := raw.line.recv(65536):
                got += more
        except OSError:
            pass
    assert got.startswith(b"HTTP/1.1 101")
    assert b"free spins" not in got
    assert len(got) < 5000
    _is_quick(school)
    assert school.memory() - before < 60_000_000


def test_an_error_is_told_in_words_for_people(school: Watched, liar: Liar) -> None:
    said = get(school.gateway, f"http://allowed.example:{liar.port}/garbage")
    assert said.status == 502
    assert b"This site could not be opened" in said.body
    assert b"Check the address" in said.body
    assert b"no HTTP at all" not in said.body  # what it sent is quoted nowhere
    with Raw(school.gateway) as raw:
        said = raw.send(b"GET http://pornhub.com/\r\n\r\n").answer()
    assert said.status == 400
    assert b"This request could not be understood" in said.body
    assert b"pornhub" not in said.body


def test_sites_that_are_silent_or_slow_keep_nobody_waiting(school: Watched, liar: Liar) -> None:
    lines = [Raw(school.gateway, f"127.0.2.{number + 1}") for number in range(40)]
    for number, raw in enumerate(lines):
        path = "slow" if number % 2 else "silent"
        place = f"allowed.example:{liar.port}"
        raw.send(f"GET http://{place}/{path} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
    time.sleep(1)
    _is_quick(school)
    for raw in lines:
        raw.line.close()


def test_a_site_that_is_dead_is_told_to_the_client(school: Watched) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        said = get(school.gateway, f"http://allowed.example:{nobody.getsockname()[1]}/")
    assert said.status == 502
    _is_quick(school)


@pytest.mark.parametrize("is_silent", [False, True])
def test_a_resolver_that_is_dead_or_silent_keeps_known_names_open(school: Watched, is_silent: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        if is_silent:
            silent.bind((RESOLVER, 53))
        lines = [Raw(school.gateway, f"127.0.2.{number + 1}") for number in range(40)]
        for number, raw in enumerate(lines):
            raw.send(
                f"GET http://n{number}.unknown.example/ HTTP/1.1\r\nHost: n{number}.unknown.example\r\n\r\n".encode()
            )
        time.sleep(0.5)
        _is_quick(school)
        assert lines[0].answer().status == 502
        for raw in lines:
            raw.line.close()


def test_a_mail_server_that_never_answers_keeps_no_page_waiting_and_loses_no_mail(
    school: Watched, mailbox: Callable[[int], Mailbox]
) -> None:
    port = school.gateway.school.mail_port
    with socket.create_server(("127.0.0.1", port)) as silent:
        held: list[socket.socket] = []
        threading.Thread(target=lambda: held.append(silent.accept()[0]), daemon=True).start()
        school.blocked("mailed")
        end = time.monotonic() + 40
        while not held and time.monotonic() < end:
            time.sleep(0.1)
        assert held, "nothing was sent"
        _is_quick(school)
        silent.close()
        held[0].close()
    box = mailbox(port)
    assert box.wait(1, 60) != []


def test_a_mail_server_that_refuses_for_an_hour_loses_nothing_and_the_technician_is_told(
    school: Watched, clock: Clock, mailbox: Callable[[int], Mailbox]
) -> None:
    box = mailbox(school.gateway.school.mail_port)
    box.refuse = {"head@school.example", "dsl@school.example", "it@school.example"}
    for hour in ("10:10", "11:15"):
        school.blocked("refused", client="127.0.2.7")
        time.sleep(1.5)
        clock.stands_at(hour)
    time.sleep(3)
    assert box.delivered == []
    assert "could not be sent" in school.gateway.log
    box.refuse = set()
    clock.stands_at("11:20")
    end = time.monotonic() + 60
    told = dict[str, tuple[str, ...]]()
    while len(told) < 2:
        assert time.monotonic() < end, [(mail.to, mail.message["subject"]) for mail in box.delivered]
        time.sleep(0.2)
        for mail in box.delivered:
            if "127.0.2.7" in mail.message["subject"]:
                told["alert"] = mail.to
                assert "twice" in mail.message["subject"]
            elif "could not be sent for half an hour" in mail.text:
                told["stuck"] = mail.to
                assert "correct mail: in school.yaml" in mail.text
    assert told["stuck"] == ("it@school.example",)
    assert "dsl@school.example" in told["alert"]


def test_a_clock_that_jumps_both_ways_opens_nothing_and_is_told(school: Watched, clock: Clock) -> None:
    for hour, way in (("16:30", "forward"), ("03:00", "back"), ("10:00", "forward")):
        clock.stands_at(hour)
        _is_quick(school)
        assert school.blocked(tls=True).status == 403
        school.told(f"was set {way} by")
    assert school.lost() == set()
