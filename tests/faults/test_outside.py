"""What is outside of the gateway fails or lies: sites, the resolver, the mail server, the clock; pupils stay protected."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pretend.clock import Clock, last_tuesday
from pretend.faulted import Watched
from pretend.gateway import SITES, Gateway
from pretend.liar import SAID, Liar
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
    said = get(school.gateway, f"http://allowed.example:{liar.port}/{lie}")
    assert b"free spins" not in said.body
    assert b"\nset-cookie: a=b" not in said.head.lower()
    _is_quick(school)


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


def test_a_clock_that_jumps_both_ways_opens_nothing_and_is_told(school: Watched, clock: Clock) -> None:
    for hour, way in (("16:30", "forward"), ("03:00", "back"), ("10:00", "forward")):
        clock.stands_at(hour)
        _is_quick(school)
        assert school.blocked(tls=True).status == 403
        school.told(f"was set {way} by")
    assert school.lost() == set()
