"""Processes that are killed under load, in turn and together, that stop, and that cannot start."""

import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from pretend.faulted import Watched, crowd
from pretend.gateway import Gateway, schoolgate
from pretend.raw import Raw
from pretend.sites import Sites


def load(school: Watched) -> AbstractContextManager[None]:
    """Six pupils ask over connections that they keep, for what is blocked."""

    def ask(number: int, stop: threading.Event) -> None:
        place = f"pornhub.com:{school.sites.port}"
        while not stop.is_set():
            try:
                with Raw(school.gateway, f"127.0.2.{20 + number}", 5) as raw:
                    answer = None
                    while not stop.is_set() and (answer is None or answer.status):
                        answer = raw.send(
                            f"GET http://{place}/{number} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode()
                        ).answer()
                        school.seen += [answer.ref] if answer.ref else []
            except OSError:
                time.sleep(0.05)

    return crowd(6, ask)


@pytest.fixture(scope="module")
def school(start: Callable[..., Gateway], watch: Callable[[Gateway], Watched]) -> Watched:
    """A gateway of two workers."""
    return watch(start(2))


def until(true: Callable[[], bool], within: float = 60) -> None:
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize("victim", ["worker1", "worker2", "recorder", "office"])
def test_no_block_that_a_client_saw_is_lost_by_kill_9(school: Watched, victim: str) -> None:
    with load(school):
        began = len(school.seen)
        until(lambda: len(school.seen) > began + 60)
        killed = school.gateway.children()[victim]
        os.kill(killed, signal.SIGKILL)
        until(lambda: school.gateway.children().get(victim, killed) != killed)
        began = len(school.seen)
        until(lambda: len(school.seen) > began + 60)
    assert school.lost() == set()
    school.told(f"{victim.replace('worker', 'worker ')} ended by itself")


@pytest.mark.parametrize("victim", ["everything", "supervisor"])
def test_no_block_is_lost_where_the_whole_gateway_is_killed(school: Watched, victim: str) -> None:
    gateway = school.gateway
    assert gateway.process is not None
    children = gateway.children()
    with load(school):
        began = len(school.seen)
        until(lambda: len(school.seen) > began + 60)
        for pid in [gateway.process.pid, *(children.values() if victim == "everything" else ())]:
            os.kill(pid, signal.SIGKILL)
        gateway.process.wait()
        time.sleep(0.3)
    assert school.lost() == set()
    if victim == "supervisor":  # what it leaves behind ends by itself
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children.values()), 40)
    gateway.start()
    school.is_well()
    stored = set[str]()

    def is_stored() -> bool:
        with sqlite3.connect(gateway.school.data / "record.db") as db:
            stored.update(row[0] for row in db.execute("select ref from blocks"))
        return set(school.seen) <= stored

    until(is_stored)
    events = gateway.events("--action", "block")
    assert len(events) == len({event["id"] for event in events})


def test_a_killed_gateway_can_be_started_again_at_once(school: Watched) -> None:
    """It waits for what the dead one has left behind."""
    assert school.gateway.process is not None
    school.gateway.process.kill()
    school.gateway.process.wait()
    school.gateway.start()
    school.is_well()


def test_stopping_drains_and_ends_within_ten_seconds(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start()
    for times, number in enumerate((signal.SIGTERM, signal.SIGINT), 1):
        with socket.create_connection(("127.0.0.1", gateway.school.proxy_port)) as idle:
            idle.sendall(b"GET http://allowed.example:%d/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n" % sites.port)
            idle.recv(100)
            gateway.curl(f"http://pornhub.com:{sites.port}/")
            assert gateway.process is not None
            started = time.monotonic()
            gateway.process.send_signal(number)
            assert gateway.process.wait(10) == 0
            assert time.monotonic() - started < 10
        assert gateway.log.count("has stopped") == times
        with sqlite3.connect(gateway.school.data / "record.db") as db:
            assert db.execute("select count(*) from blocks").fetchone() == (times,)
            assert db.execute("select sum(requests) from tallies where action = 'allow'").fetchone() == (times,)
        assert list((gateway.school.data / "journal").glob("*")) == []
        if times == 1:
            gateway.start()


def test_two_gateways_do_not_share_a_record(school: Watched) -> None:
    done = schoolgate("run", "--config", str(school.gateway.school.config))
    assert done.returncode == 2
    assert "another schoolgate is running" in done.stderr


def test_a_port_in_use_is_told_plainly_and_nothing_is_opened(tmp_path: Path) -> None:
    from pretend.school import School

    school = School(tmp_path).write()
    with socket.create_server(("127.0.0.1", school.metrics_port)):
        done = schoolgate("run", "--config", str(school.config))
    assert done.returncode == 2
    assert "config/school.yaml: listen: metrics" in done.stderr
    assert "Traceback" not in done.stderr
