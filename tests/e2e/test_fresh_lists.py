"""Lists come fresh from their publishers into a running gateway, by command and by themselves, and nobody notices."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pretend.gateway import Gateway, schoolgate
from pretend.publisher import Page, Publisher
from pretend.school import School
from pretend.sites import Sites

CATEGORY = """
category: gambling
title: Gambling
theme: commerce
why: w
domains: [bet365.com]
sources:
  - {{name: fresh, url: "{url}", format: domains}}
"""
NAMES = "".join(f"site{number}.example\n" for number in range(20_000))
PAGE = "GET http://news.example:{port}/{number} HTTP/1.1\r\nHost: news.example:{port}\r\n\r\n"


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    world = Publisher().start()
    yield world
    world.stop()


def _until(condition: Callable[[], bool], seconds: float = 40) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


def _is_blocked(gateway: Gateway, sites: Sites) -> bool:
    return gateway.curl(f"http://allowed.example:{sites.port}/").status == 403


class Readers:
    """A hundred clients that keep asking over their own connections; every answer but 200 is a failure."""

    def __init__(self, gateway: Gateway, port: int) -> None:
        self.answers, self.failures = 0, list[str]()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(gateway, port, n), daemon=True) for n in range(100)]
        for thread in self._threads:
            thread.start()

    def _read(self, gateway: Gateway, port: int, name: int) -> None:
        try:
            with socket.create_connection(("127.0.0.1", gateway.school.proxy_port), 30) as connection:
                file = connection.makefile("rb")
                while not self._stop.is_set():
                    connection.sendall(PAGE.format(port=port, number=name).encode())
                    status, length = file.readline(), 0
                    while (line := file.readline().strip()) != b"":
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.partition(b":")[2])
                    file.read(length)
                    if b" 200 " not in status:
                        self.failures.append(status.decode(errors="replace"))
                    self.answers += 1
        except OSError as error:
            self.failures.append(repr(error))

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)


@pytest.fixture
def begin(start: Callable[..., Gateway], publisher: Publisher, tmp_path: Path) -> Callable[..., Gateway]:
    """Starts a gateway that knows of no publisher but the pretended one."""

    def begin(workers: int = 1, more: str = "", path: str = "/list", **changes: object) -> Gateway:
        category = CATEGORY.format(url=publisher.url(path)).replace("format: domains", f"format: domains{more}")
        school = School(tmp_path, blocklists={"gambling.yaml": category}).without_publishers()
        return start(workers, fresh=True, blocklists=school.blocklists, **changes)

    return begin


def test_a_running_gateway_takes_up_an_update_while_a_hundred_requests_are_under_way(
    begin: Callable[..., Gateway], sites: Sites, publisher: Publisher
) -> None:
    publisher.pages["/list"] = Page(NAMES.encode(), etag='"1"')
    gateway = begin(2)
    config = str(gateway.school.config)
    assert not publisher.asked, "with update: null nothing is fetched by itself"
    first = schoolgate("lists", "update", "--config", config)
    assert first.returncode == 0, first.stderr
    assert "TAKEN      fresh: 20,000 entries" in first.stdout
    assert _until(lambda: gateway.log.count("New settings are in force") == 1)
    assert not _is_blocked(gateway, sites)
    readers = Readers(gateway, sites.port)
    try:
        publisher.pages["/list"] = Page(f"allowed.example\n{NAMES}".encode(), etag='"2"')
        second = schoolgate("lists", "update", "--force", "--config", config)
        assert second.returncode == 0, second.stderr
        assert _until(lambda: _is_blocked(gateway, sites)), gateway.log
        time.sleep(1)
    finally:
        readers.stop()
    assert readers.answers > 100
    assert readers.failures == []
    [event, *_] = gateway.events("--action", "block")
    assert (event["list"], event["entry"], event["category"]) == ("fresh", "allowed.example", "gambling")


def test_lists_are_fetched_by_themselves_in_the_schools_hours_and_held_back_when_they_shrink(
    begin: Callable[..., Gateway], sites: Sites, publisher: Publisher
) -> None:
    publisher.pages["/list"] = Page(f"allowed.example\n{NAMES}".encode(), etag='"1"')
    gateway = begin(more=", refresh: 1s", update='"00:00-24:00"')
    assert _until(lambda: _is_blocked(gateway, sites)), gateway.log
    publisher.pages["/list"] = Page(b"other.example\n", etag='"2"')
    held = schoolgate("lists", "update", "--force", "--config", str(gateway.school.config))
    assert held.returncode == 1
    assert "HELD" in held.stdout
    assert "--accept fresh" in held.stdout
    assert _is_blocked(gateway, sites)
    taken = schoolgate("lists", "update", "--accept", "fresh", "--config", str(gateway.school.config))
    assert taken.returncode == 0, taken.stderr
    assert _until(lambda: not _is_blocked(gateway, sites)), gateway.log


def test_a_school_whose_publisher_is_gone_filters_by_what_it_has(
    begin: Callable[..., Gateway], sites: Sites, publisher: Publisher
) -> None:
    gateway = begin(path="/gone", update='"00:00-24:00"')
    assert _until(lambda: bool(publisher.requests("/gone")))
    assert gateway.curl(f"http://bet365.com:{sites.port}/").status == 403
    failed = schoolgate("lists", "update", "--force", "--config", str(gateway.school.config))
    assert failed.returncode == 1
    assert "FAILED" in failed.stdout
    assert "404" in failed.stdout
    assert gateway.curl(f"http://bet365.com:{sites.port}/").status == 403


def test_the_schools_own_word_is_in_force_within_seconds(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start()
    local = gateway.school.root / "blocklists" / "local" / "block.yaml"
    local.write_text("domains: [allowed.example]\n")
    assert _until(lambda: _is_blocked(gateway, sites), 10), gateway.log
    local.write_text("domains: []\n")
    assert _until(lambda: not _is_blocked(gateway, sites), 10), gateway.log
