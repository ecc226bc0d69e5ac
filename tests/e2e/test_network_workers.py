"""Several workers behind a network: nftables sends every device to one of them, redirected or to the proxy."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pretend.gateway import Gateway
from pretend.network import Network, inside
from pretend.school import School

PEOPLE = """
groups:
  pupils: {title: Pupil devices, networks: ["10.20.0.0/16", "fd00:20::/32"], inspect: full}
  staff: {title: Staff, networks: ["10.30.0.0/16"], inspect: full}
  guests: {title: Guest Wi-Fi, networks: ["10.40.0.0/16"], inspect: names}
  servers: {title: Servers, inspect: none}
unknown: pupils
"""
PORT, DNS = 8480, 5353
V4 = [f"10.20.0.{n}" for n in range(2, 10)]
V6 = [f"fd00:20::{n}" for n in range(2, 10)]
ASKER = """
import socket, sys, time
packet = bytes.fromhex("123401000001000000000000") + b"\\x07allowed\\x07example\\x00\\x00\\x01\\x00\\x01"
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.connect(("8.8.8.8", 53)); line.settimeout(0.1)
last, longest, answers = time.monotonic(), 0.0, 0
end = last + float(sys.argv[1])
while time.monotonic() < end:
    try:
        line.send(packet); line.recv(4096)
    except OSError:
        time.sleep(0.01)
        continue
    now = time.monotonic()
    longest, last, answers = max(longest, now - last), now, answers + 1
    time.sleep(0.01)
print(longest, answers)
"""


@pytest.fixture(scope="module")
def network(network: Network) -> Network:
    """The network, with several pupils at one machine."""
    for address in V4[1:]:
        network.run("pupil", "ip", "address", "add", f"{address}/24", "dev", "eth0", check=True)
    for address in V6[1:]:
        network.run("pupil", "ip", "address", "add", f"{address}/64", "dev", "eth0", "nodad", check=True)
    return network


@pytest.fixture(scope="module")
def gate(network: Network, index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    school = School(tmp_path_factory.mktemp("school"), people=PEOPLE)
    school.upstream_ca, school.transparent, school.dns = network.folder / "pretend-ca.pem", PORT, DNS
    school.host = "0.0.0.0"
    school.gateway = f"gateway: {{inside: [{inside('pupil')}]}}\n"
    gateway = Gateway(school, 2, index, within=network.within("gate"), mounts={"/etc/resolv.conf": network.resolver})
    gateway.start()
    shown = schoolgate(network, "gateway", "show", "--workers", "2", "--config", str(school.config))
    table = shown.stdout.partition("redirect.nft\n")[2].partition("\n# /")[0]
    (network.folder / "redirect.nft").write_text(table)
    network.run("gate", "nft", "-f", str(network.folder / "redirect.nft"), check=True)
    yield gateway
    gateway.stop()


def schoolgate(network: Network, *words: str) -> subprocess.CompletedProcess[str]:
    return network.run("gate", sys.executable, "-m", "schoolgate", *words)


def counted(network: Network, gate: Gateway) -> dict[str, float]:
    """Requests by worker, as /metrics says; what is let through is gathered for a moment before it is counted."""
    time.sleep(1.0)
    text = network.run("gate", "curl", "-s", f"http://127.0.0.1:{gate.school.metrics_port}/metrics", check=True).stdout
    counts = {"worker1": 0.0, "worker2": 0.0}
    for worker, number in re.findall(
        r'^schoolgate_requests_total\{action="allow".*worker="(\w+)"\} (\S+)$', text, re.M
    ):
        counts[worker] += float(number)
    return counts


@pytest.mark.parametrize("addresses", [V4, V6], ids=["v4", "v6"])
def test_a_device_comes_to_one_worker_by_whatever_way(network: Network, gate: Gateway, addresses: list[str]) -> None:
    proxy = f"http://10.20.0.1:{gate.school.proxy_port}"
    came_to = set[str]()
    for address in addresses:
        before = counted(network, gate)
        ways = [[], ["--proxy", proxy]] if addresses is V4 else [[], []]
        for way in ways:
            to = ["--resolve", f"allowed.example:80:{'203.0.113.10' if addresses is V4 else '[2001:db8:113::10]'}"]
            shown = network.curl("pupil", "http://allowed.example/", "--interface", address, *way, *([] if way else to))
            assert shown.stdout.endswith("\n200"), shown.stderr
        after = counted(network, gate)
        grown = {worker: after[worker] - before[worker] for worker in after if after[worker] != before[worker]}
        assert list(grown.values()) == [2], grown
        came_to.update(grown)
    assert came_to == {"worker1", "worker2"}


@pytest.mark.parametrize("port", [PORT, PORT + 1, PORT + 2, PORT + 65, PORT + 66])
@pytest.mark.parametrize("to", ["10.20.0.1", "[fd00:20::1]"])
def test_nobody_speaks_to_the_workers_own_ports(network: Network, gate: Gateway, port: int, to: str) -> None:
    done = network.curl("pupil", f"http://{to}:{port}/")
    assert done.returncode == 7, done.stderr


def test_names_are_answered_while_every_process_is_replaced(network: Network, gate: Gateway) -> None:
    asker = subprocess.Popen(
        [*network.within("pupil"), sys.executable, "-c", ASKER, "40"], stdout=subprocess.PIPE, text=True
    )
    time.sleep(1)
    done = schoolgate(network, "restart", "--config", str(gate.school.config))
    assert done.returncode == 0, done.stderr
    longest, answers = asker.communicate(timeout=60)[0].split()
    assert int(answers) > 100
    assert float(longest) < 1, longest
    print("longest time without an answer", longest)
