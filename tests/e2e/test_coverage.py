"""The coverage ledger counts what really became of each connection, and names nobody."""

import json
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

import pytest
from pretend.forms import OPENED
from pretend.gateway import Gateway, schoolgate
from pretend.sites import Sites

PUPIL, STAFF, GUEST, SERVER = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"


def _rows(gateway: Gateway) -> dict[str, dict[str, Any]]:
    said = schoolgate("coverage", "--config", str(gateway.school.config), "--since", "1h", "--json")
    assert said.returncode == 0, said.stderr
    return {row["group"]: row for row in map(json.loads, said.stdout.splitlines())}


def _when(gateway: Gateway, group: str, number: int) -> dict[str, Any]:
    """The row of a group once so many connections are counted."""
    end = time.monotonic() + 40
    while (row := _rows(gateway)[group])["connections"] < number and time.monotonic() < end:
        time.sleep(0.3)
    return row


def _leave_off(gateway: Gateway, port: int) -> None:
    """As browsers do with a connection that they no longer need: no alert, and no certificate refused."""
    hello, answer = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(answer, hello, server_hostname="news.example")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    with socket.create_connection(("127.0.0.1", gateway.school.proxy_port), 20, (PUPIL, 0)) as asking:
        asking.sendall(f"CONNECT news.example:{port} HTTP/1.1\r\nHost: news.example:{port}\r\n\r\n".encode())
        assert b" 200 " in asking.recv(1000)
        asking.sendall(hello.read())
        assert asking.recv(16)


@pytest.fixture(scope="module")
def gateway(start: Callable[..., Gateway]) -> Gateway:
    return start(names="ignored", gateway="pass_through: {hosts: [www.allowed.example]}\n")


def test_every_fate_is_counted_once_a_connection(gateway: Gateway, sites: Sites) -> None:
    own, tls = ("--cacert", str(sites.ca)), sites.tls_port
    news = f"https://news.example:{tls}/"
    for _ in range(2):
        assert gateway.curl(news, f"https://news.example:{tls}/more", client=PUPIL).status == 200
    assert gateway.curl(f"http://news.example:{sites.port}/", client=PUPIL).status == 200
    assert gateway.curl(f"https://pornhub.com:{tls}/", *OPENED, client=PUPIL).status == 403
    assert gateway.curl(news, *own, client=PUPIL).status == 0
    assert gateway.curl(news, *own, client=GUEST).status == 200
    assert gateway.curl(f"https://pornhub.com:{tls}/", *own, client=GUEST).status == 0
    assert gateway.curl(news, *own, client=SERVER).status == 200
    assert gateway.curl(f"https://www.nhs.uk:{tls}/", *own, *OPENED, client=STAFF).status == 200
    assert gateway.curl(f"https://www.allowed.example:{tls}/", *own, client=PUPIL).status == 200
    assert gateway.curl(news, *own, "--connect-to", "::news.example:1194", client=PUPIL).status
    assert gateway.curl("http://schoolgate.local/proxy.pac", client=PUPIL).status == 200
    assert gateway.curl(f"{gateway.address}/proxy.pac", "--noproxy", "*", client=PUPIL).status == 200
    _leave_off(gateway, tls)
    pupils = _when(gateway, "pupils", 7)
    told = {fate: pupils[fate] for fate in ("decrypted", "plain", "broken", "passed", "refused", "name")}
    assert told == {"decrypted": 3, "plain": 1, "broken": 1, "passed": 1, "refused": 1, "name": 0}
    assert (pupils["connections"], pupils["apps"]) == (7, {"allowed.example": 1})
    guests = _when(gateway, "guests", 2)
    assert (guests["name"], guests["refused"], guests["connections"]) == (1, 1, 2)
    assert _when(gateway, "servers", 1)["passed"] == 1
    staff = _when(gateway, "staff", 1)
    assert (staff["passed"], staff["apps"]) == (1, {})  # what is nobody's business has no name here either


def test_it_is_told_in_words_and_a_wrong_time_is_explained(gateway: Gateway, sites: Sites) -> None:
    gateway.curl(f"http://news.example:{sites.port}/", client=PUPIL)
    _when(gateway, "pupils", 1)
    config = ("--config", str(gateway.school.config))
    assert "Pupil devices: " in schoolgate("coverage", *config).stdout
    wrong = schoolgate("coverage", *config, "--since", "yesterday")
    assert wrong.returncode == 2
    assert "--since" in wrong.stderr
    report = schoolgate("report", "week_technician", *config)
    assert "HOW MUCH THE FILTER CAN SEE" in report.stdout.upper(), report.stderr
    assert "Unencrypted" in report.stdout
