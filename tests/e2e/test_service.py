"""The running service: metrics, several workers, and files that only their owner may read."""

import hashlib
import socket
import stat
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from pretend.gateway import Gateway
from pretend.school import PEOPLE
from pretend.sites import Sites


def test_metrics_tell_of_every_worker(start: Callable[..., Gateway], sites: Sites) -> None:
    gateway = start(workers=2)
    for number in range(24):
        device = f"127.0.2.{number + 1}"  # each device stays with one worker
        assert gateway.curl(f"http://pornhub.com:{sites.port}/{number}", client=device).status == 403
    assert gateway.curl(f"http://allowed.example:{sites.port}/").status == 200
    address = f"http://127.0.0.1:{gateway.school.metrics_port}/metrics"
    with urllib.request.urlopen(address) as answer:
        text = answer.read().decode()
    blocked = [line for line in text.splitlines() if line.startswith("schoolgate_blocks_total")]
    assert sum(float(line.split()[-1]) for line in blocked) == 24
    assert all('category="adult"' in line for line in blocked)
    assert {line.split('worker="')[1].split('"')[0] for line in blocked} == {"worker1", "worker2"}
    for name in (
        "schoolgate_requests_total",
        "schoolgate_verdict_seconds_bucket",
        "schoolgate_journal_write_seconds_count",
        "schoolgate_snapshot_info",
        "schoolgate_snapshot_age_seconds",
        "schoolgate_store_queue_depth",
        "schoolgate_store_write_seconds_count",
        "schoolgate_alerts_sent_total",
        "schoolgate_alerts_waiting",
    ):
        assert f"\n{name}" in text, name
    assert "pornhub" not in text


def test_ipv6_devices_are_known_by_their_network(start: Callable[..., Gateway], sites: Sites) -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("this machine has no IPv6 on loopback")
    gateway = start(
        host="::1",
        people=PEOPLE.replace('networks: ["127.0.0.3/32"]', 'networks: ["::1/128"]'),
    )
    address = f"http://[::1]:{gateway.school.proxy_port}"
    page = ["--header", "Sec-Fetch-Dest: document"]
    assert gateway.curl(f"https://x.com:{sites.tls_port}/", *page, client="::1", proxy=address).status == 200
    assert gateway.curl(f"https://pornhub.com:{sites.tls_port}/", *page, client="::1", proxy=address).status == 403
    assert [(e["client"], e["group"], e["action"]) for e in gateway.events()] == [
        ("::1", "staff", "log"),
        ("::1", "staff", "block"),
    ]


def test_nothing_is_left_in_shared_memory(start: Callable[..., Gateway]) -> None:
    gateway = start()
    name = hashlib.sha256(str(gateway.school.data).encode()).hexdigest()[:12]
    [folder] = Path("/dev/shm").glob(f"schoolgate-*-{name}")
    gateway.stop()
    assert not folder.exists()


def test_secrets_are_for_their_owner_only(start: Callable[..., Gateway]) -> None:
    gateway = start(fresh=True)
    data = gateway.school.data
    for path in (data / "ca" / "mitmproxy-ca.pem", data / "ca" / "mitmproxy-ca.p12", data / "keys" / "pseudonym.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "record.db").stat().st_mode) == 0o600
    assert b"PRIVATE" not in (data / "schoolgate-ca.crt").read_bytes()


def test_the_terminal_says_what_to_do_next(start: Callable[..., Gateway]) -> None:
    gateway = start()
    for words in ("Proxy", "CA", "fingerprint", "Metrics", "Office", "Ctrl-C", "NOT COMPLIANT", "check"):
        assert words in gateway.log


def test_the_ca_stays_the_same_after_a_restart(start: Callable[..., Gateway]) -> None:
    gateway = start()
    before = gateway.school.ca.read_bytes()
    gateway.stop()
    gateway.start()
    assert gateway.school.ca.read_bytes() == before
