"""Several workers are one gateway: devices stay with one, and what happens to one harms nobody of another."""

import os
import re
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from pretend.gateway import Answer, Gateway, schoolgate
from pretend.sites import Served, Sites
from schoolgate.proxy.doors import worker_of

WORKERS = 2
CLIENTS = [f"127.0.0.{n}" for n in range(20, 60)]  # pupils, as whoever is not known


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway]) -> Gateway:
    return start(workers=WORKERS)


def of(number: int) -> list[str]:
    """Devices that come to a worker."""
    return [client for client in CLIENTS if worker_of(client, WORKERS) == number]


def counted(gateway: Gateway) -> dict[str, float]:
    """Blocked requests by worker, as /metrics says."""
    url = f"http://127.0.0.1:{gateway.school.metrics_port}/metrics"
    text = urllib.request.urlopen(url, timeout=20).read().decode()
    found = re.findall(r'^schoolgate_requests_total\{action="block".*worker="(\w+)"\} (\S+)$', text, re.M)
    counts: dict[str, float] = {}
    for worker, number in found:
        counts[worker] = counts.get(worker, 0) + float(number)
    return counts


class Surfer(threading.Thread):
    """A device that opens connections all the time, or keeps one; notes what it saw."""

    def __init__(self, gateway: Gateway, client: str, port: int, keeps: bool) -> None:
        super().__init__(daemon=True)
        self._at, self._client, self._port, self._keeps = gateway.school.proxy_port, client, port, keeps
        self.refs, self.failures, self.longest, self.ending = list[str](), list[str](), 0.0, threading.Event()

    def run(self) -> None:
        while not self.ending.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self._at), 20, (self._client, 0)) as connection:
                    while self._ask(connection) and self._keeps and not self.ending.is_set():
                        pass
            except (OSError, ValueError) as error:
                self.failures.append(repr(error))

    def _ask(self, connection: socket.socket) -> bool:
        """Whether the connection may be kept."""
        began = time.monotonic()
        words = f"GET http://pornhub.com:{self._port}/ HTTP/1.1\r\nHost: pornhub.com:{self._port}\r\n\r\n"
        connection.sendall(words.encode())
        file = connection.makefile("rb")
        status, length, may_stay = file.readline(), 0, True
        while (line := file.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
            may_stay = may_stay and line.lower() != b"connection: close"
        body = file.read(length)
        found = re.search(rb"<code>([0-9A-Z-]+)</code>", body)
        if not status.startswith(b"HTTP/1.1 403") or not found or len(body) < length:
            raise ValueError(f"no whole answer: {status!r}")
        self.refs.append(found[1].decode())
        self.longest = max(self.longest, time.monotonic() - began)
        time.sleep(0.01)
        return may_stay

    def end(self) -> None:
        self.ending.set()
        self.join(30)


def surfing(gateway: Gateway, sites: Sites, clients: list[str], keeps: bool) -> list[Surfer]:
    """Devices that have begun, and were answered each."""
    begun = [Surfer(gateway, client, sites.port, keeps) for client in clients]
    for surfer in begun:
        surfer.start()
    wait(lambda: all(surfer.refs for surfer in begun))
    return begun


def ready_spare(gateway: Gateway) -> None:
    """Wait until a process stands by with everything read: it then uses no processor time."""
    wait(lambda: "spare" in gateway.children())
    used = -1
    while used != (used := spent(gateway.children()["spare"])) or used < 50:
        time.sleep(1)


def spent(pid: int) -> int:
    """The processor time that a process has used, in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def wait(holds: Callable[[], object], within: float = 60.0) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_lists_stand_in_memory_once(gateway: Gateway) -> None:
    """By what the kernel says of the pages of each worker: none of the index is a worker's own."""
    children = gateway.children()
    for name in ("worker1", "worker2"):
        own = shared = 0
        wanted = False
        for line in Path(f"/proc/{children[name]}/smaps").read_text().splitlines():
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                wanted = line.endswith(".index")
            elif wanted and line.startswith("Private_"):
                own += int(line.split()[1])
            elif wanted and line.startswith("Shared_"):
                shared += int(line.split()[1])
        assert own == 0
        assert shared > 1000  # KB


def test_the_record_has_one_writer(gateway: Gateway) -> None:
    writing = set()
    for name, pid in gateway.children().items():
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            try:
                if handle.readlink().name == "record.db":
                    flags = re.search(r"^flags:\s+(\d+)", Path(f"/proc/{pid}/fdinfo/{handle.name}").read_text(), re.M)
                    if flags and int(flags[1], 8) & os.O_ACCMODE != os.O_RDONLY:
                        writing.add(name)
            except OSError:
                continue
    assert writing == {"recorder"}


def test_every_device_stays_with_its_worker_and_metrics_know_both(gateway: Gateway, sites: Sites) -> None:
    before = counted(gateway)
    for _ in range(3):
        for client in (*of(1)[:3], *of(2)[:2]):
            assert gateway.curl(f"http://pornhub.com:{sites.port}/", client=client).status == 403
    after = counted(gateway)
    assert {name: after[name] - before.get(name, 0) for name in after} == {"worker1": 9, "worker2": 6}


def test_a_worker_that_dies_is_replaced_at_once_and_harms_nobody_of_another(gateway: Gateway, sites: Sites) -> None:
    ready_spare(gateway)
    before = sum(counted(gateway).values())
    theirs, others = surfing(gateway, sites, of(1)[:2], False), surfing(gateway, sites, of(2)[:3], True)
    time.sleep(1)
    seen = len(theirs[0].refs)
    os.kill(gateway.children()["worker1"], signal.SIGKILL)
    died = time.monotonic()
    wait(lambda: len(theirs[0].refs) > seen + 2)
    took = time.monotonic() - died
    time.sleep(1)
    for surfer in (*theirs, *others):
        surfer.end()
    assert took < 10  # 0.5 s where nothing else runs: the spare has only to listen
    assert [surfer.failures for surfer in others] == [[], [], []]
    assert all(len(surfer.failures) <= 1 for surfer in theirs)  # what was under way is lost with its worker
    refs = {ref for surfer in (*theirs, *others) for ref in surfer.refs}
    assert refs <= {event["ref"] for event in gateway.events("--action", "block")}
    assert sum(counted(gateway).values()) - before >= len(refs)
    print(f"replaced in {took:.2f} s")


def test_a_rolling_restart_refuses_and_harms_nobody(gateway: Gateway, sites: Sites) -> None:
    before = gateway.children()
    surfers = surfing(gateway, sites, [of(1)[0], of(2)[0]], False) + surfing(gateway, sites, [of(1)[1], of(2)[1]], True)
    done = schoolgate("restart", "--config", str(gateway.school.config))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Every process of the gateway has been replaced.\n"
    time.sleep(3)
    for surfer in surfers:
        surfer.end()
    assert [surfer.failures for surfer in surfers] == [[], [], [], []]
    print("longest answer", max(surfer.longest for surfer in surfers))
    names = ("worker1", "worker2", "recorder", "office")
    wait(lambda: all(gateway.children().get(name, before[name]) != before[name] for name in names))
    refs = {ref for surfer in surfers for ref in surfer.refs}
    wait(lambda: refs <= {event["ref"] for event in gateway.events("--action", "block")})


def test_what_is_under_way_comes_to_its_end_while_its_worker_is_replaced(gateway: Gateway, sites: Sites) -> None:
    piece = b"x" * 10_000
    kind = {"Content-Type": "application/octet-stream"}
    sites.pages["allowed.example/long"] = Served((piece,) * 60, kind, pause=0.5)
    answers = list[Answer]()
    url = f"http://allowed.example:{sites.port}/long"
    going = threading.Thread(
        target=lambda: answers.append(gateway.curl(url, "--max-time", "60", client=of(1)[0])), daemon=True
    )
    going.start()
    time.sleep(1)
    before = gateway.children()["worker1"]
    asked = threading.Thread(target=schoolgate, args=("restart", "--config", str(gateway.school.config)), daemon=True)
    asked.start()
    wait(lambda: gateway.children().get("worker1", before) != before)
    assert going.is_alive()
    going.join(60)
    asked.join(60)
    assert (answers[0].status, answers[0].body) == (200, piece * 60)


def test_the_spare_knows_the_settings_of_now(gateway: Gateway, sites: Sites) -> None:
    ready_spare(gateway)
    (gateway.school.root / "blocklists" / "local" / "block.yaml").write_text("domains: [news.example]\n")
    url = f"http://news.example:{sites.port}/"
    wait(lambda: gateway.curl(url, client=of(2)[0]).status == 403)
    old = gateway.children()["worker2"]
    os.kill(old, signal.SIGKILL)
    wait(lambda: gateway.children().get("worker2", old) != old)
    assert [gateway.curl(url, client=of(2)[0]).status for _ in range(3)] == [403, 403, 403]


def test_a_restart_where_nothing_runs_is_told_plainly(tmp_path: Path) -> None:
    from pretend.school import School

    done = schoolgate("restart", "--config", str(School(tmp_path).write().config))
    assert done.returncode == 2
    assert "no gateway is running" in done.stderr
