"""Who stands behind an address on a network: a real dnsmasq, the neighbours on the wire, the page where devices log in."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pretend.chromium import CHROMIUM
from pretend.gateway import BROWSER, Gateway, schoolgate
from pretend.network import Network, inside
from pretend.school import RULES, School
from schoolgate.passwords import hashed, set_password

PEOPLE = """
groups:
  pupils: {title: Pupil devices, networks: ["10.20.0.0/16", "fd00:20::/32"]}
  staff: {title: Staff, networks: ["10.30.0.0/16", "fd00:30::/32"]}
  guests: {title: Guest Wi-Fi, networks: ["10.40.0.0/16", "fd00:40::/32"], inspect: names}
  servers: {title: Servers, inspect: none}
unknown: pupils
logins: {file: logins.htpasswd}
people:
  m.jones: {name: Ms Jones, group: staff, macs: ["02:00:00:00:20:01"]}
  a.guest: {name: A Guest, group: guests}
"""
PORT, DNS = 8480, 5353
MAC = {"ann": "02:00:00:00:20:01", "bob": "02:00:00:00:20:02"}
PASSWORD = "three words together"


@pytest.fixture(scope="module")
def network(network: Network) -> Network:
    """The network, where it can have leases."""
    if shutil.which("dnsmasq", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("dnsmasq is not installed (apt-get install dnsmasq-base)")
    return network


@pytest.fixture(scope="module")
def gate(network: Network, index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    school = School(tmp_path_factory.mktemp("school"), people=PEOPLE, rules=RULES)
    school.upstream_ca, school.transparent, school.dns = network.folder / "pretend-ca.pem", PORT, DNS
    school.host = "0.0.0.0"
    school.config.mkdir(parents=True)
    set_password(school.config / "logins.htpasswd", "a.guest", hashed(PASSWORD))
    lan = ", ".join(inside(host) for host in ("pupil", "staff", "guest", "admin"))
    leases = network.folder / "dnsmasq.leases"
    leases.touch()
    school.gateway = (
        f"gateway: {{inside: [{lan}]}}\n"
        f"identity: {{leases: [{{file: {leases}, kind: dnsmasq}}], neighbours: on, login_page: {{groups: [guests]}}}}\n"
    )
    gateway = Gateway(school, 2, index, within=network.within("gate"), mounts={"/etc/resolv.conf": network.resolver})
    yield gateway.start()
    gateway.stop()


@pytest.fixture(scope="module")
def redirected(network: Network, gate: Gateway) -> None:
    from schoolgate.gateway.redirect import table
    from schoolgate.settings.folders import find_folders
    from schoolgate.settings.load import load_settings

    text = table(load_settings(find_folders(gate.school.config)).school, 2)
    (network.folder / "table.nft").write_text(text)
    network.run("gate", "nft", "-f", str(network.folder / "table.nft"), check=True)


def until(holds: Callable[[], Any]) -> Any:
    end = time.monotonic() + 45
    while not (found := holds()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.3)
    return found


def asked_as(network: Network, gate: Gateway, host: str, path: str, *options: str) -> dict[str, Any]:
    """Ask for a blocked page at a device; the event of it."""
    network.curl(host, f"http://www.pornhub.com/{path}", *options)
    found: list[dict[str, Any]] = until(lambda: [e for e in gate.events() if e["path"] == f"/{path}"])
    return found[-1]


def seen(gate: Gateway) -> dict[str, str]:
    """The MAC of each address, as the watcher has written it."""
    rows = json.loads((gate.school.data / "whereabouts" / "seen.json").read_text())["holds"]
    return {row["address"]: row["mac"] for row in rows}


def become(network: Network, host: str, mac: str) -> None:
    """Another device takes the place of the one that was there."""
    for command in (("down",), ("address", mac), ("up",)):
        network.run(host, "ip", "link", "set", "eth0", *command, check=True)
    network.run(host, "ip", "-6", "address", "add", "fd00:20::2/64", "dev", "eth0", "nodad")
    network.run(host, "ip", "route", "replace", "default", "via", "10.20.0.1", check=True)
    network.run(host, "ip", "-6", "route", "replace", "default", "via", "fd00:20::1", check=True)


def test_a_real_dnsmasq_gives_an_address_to_one_device_and_then_to_another(
    network: Network, gate: Gateway, redirected: None
) -> None:
    leases = network.folder / "dnsmasq.leases"
    network.spawn(
        "gate", "dnsmasq", "--keep-in-foreground", "--port=0", f"--interface={inside('pupil')}", "--bind-interfaces",
        "--dhcp-range=10.20.0.50,10.20.0.50,2m", f"--dhcp-leasefile={leases}", "--user=root", "--dhcp-authoritative",
        "--conf-file=/dev/null", "--log-facility=-",
    )  # fmt: skip
    lease = Path(__file__).parents[1] / "pretend" / "lease.py"
    for name in ("ann", "bob"):
        become(network, "pupil", MAC[name])
        done = until(lambda: _leased(network, str(lease), "take"))
        assert done == "10.20.0.50"
        until(lambda name=name: seen(gate).get("10.20.0.50") == MAC[name])
        network.run("pupil", "ip", "address", "add", "10.20.0.50/24", "dev", "eth0", check=True)
        if name == "ann":
            words = ("check", "https://x.com/", "--client", "10.20.0.50", "--config", str(gate.school.config))
            told = schoolgate(*words).stdout
            assert "staff: 02:00:00:00:20:01 is the device of m.jones (mac, known for 0 min)" in told
        time.sleep(1.2)  # the workers look twice a second
        event = asked_as(network, gate, "pupil", f"as-{name}", "--interface", "10.20.0.50")
        if name == "ann":
            assert (event["identity_confidence"], event["group"]) == ("mac", "staff")
            assert "" < event["identity_since"] < event["at"]
            first = event
        else:
            assert (event["identity_confidence"], event["group"]) == ("network", "pupils")
            assert event["person"] != first["person"]
            assert event["device"] != first["device"]
        network.run("pupil", "ip", "address", "del", "10.20.0.50/24", "dev", "eth0", check=True)
        _leased(network, str(lease), "release")


def _leased(network: Network, program: str, word: str) -> str:
    return network.run("pupil", sys.executable, program, word).stdout.strip()


def test_all_addresses_of_a_device_are_one_device_also_temporary_ones(
    network: Network, gate: Gateway, redirected: None
) -> None:
    become(network, "pupil", MAC["ann"])
    network.run("pupil", "ip", "-6", "address", "add", "fd00:20::dead:beef/64", "dev", "eth0", "nodad", check=True)
    events = []
    for number, source in enumerate(("10.20.0.2", "fd00:20::2", "fd00:20::dead:beef")):
        network.curl("pupil", "http://allowed.example/", "--interface", source)
        until(lambda source=source: seen(gate).get(source) == MAC["ann"])
        time.sleep(1.2)
        events.append(asked_as(network, gate, "pupil", f"address-{number}", "--interface", source))
    assert {e["client"] for e in events} == {"10.20.0.2", "fd00:20::2", "fd00:20::dead:beef"}
    assert len({e["device"] for e in events}) == 1
    assert {(e["identity_confidence"], e["group"]) for e in events} == {("mac", "staff")}


def page(network: Network, gate: Gateway, url: str, *options: str) -> tuple[int, str, str]:
    """What a guest's curl gets: status, where it is sent, body."""
    wanted = ["--user-agent", BROWSER, "--header", "Accept: text/html", "--dump-header", "-"]
    text = network.curl("guest", url, *wanted, *options, ca=gate.school.ca).stdout
    where = re.search(r"^location: (.*?)\r?$", text, re.MULTILINE | re.IGNORECASE)
    return int(text.rsplit("\n", 1)[1]), where[1] if where else "", text


def form(text: str) -> dict[str, str]:
    return dict(re.findall(r'name="(token|to)" value="([^"]*)"', text))


def log_in(network: Network, gate: Gateway, password: str, *options: str) -> tuple[int, str, str]:
    shown = page(network, gate, "https://schoolgate.local/login?to=http%3A%2F%2Fallowed.example%2F")[2]
    given = form(shown) | {"user": "a.guest", "password": password}
    fields = [part for name, value in given.items() for part in ("--data-urlencode", f"{name}={value}")]
    return page(network, gate, "https://schoolgate.local/login", *fields, *options)


def test_a_device_that_has_not_logged_in_gets_nothing_but_the_page(
    network: Network, gate: Gateway, redirected: None
) -> None:
    for url in ("http://allowed.example/a?b=c", "https://allowed.example/a?b=c"):
        status, where, _ = page(network, gate, url)
        assert status == 303
        assert where.startswith("https://schoolgate.local/login?to=http")
    status, where, _ = page(network, gate, "http://schoolgate.local/login")
    assert (status, where) == (303, "https://schoolgate.local/login")
    silent = network.curl("guest", "http://allowed.example/x.js", "--header", "Sec-Fetch-Dest: script")
    assert silent.stdout.endswith("\n511")
    assert not network.asked("allowed.example") or all(e.get("path") != "/a" for e in network.asked("allowed.example"))


def test_a_login_holds_for_the_device_until_it_logs_out(network: Network, gate: Gateway, redirected: None) -> None:
    assert log_in(network, gate, "wrong")[0] == 403
    assert log_in(network, gate, PASSWORD, "--header", "Origin: https://evil.example")[0] == 403
    assert page(network, gate, "http://allowed.example/")[0] == 303
    status, where, _ = log_in(network, gate, PASSWORD)
    assert (status, where) == (303, "http://allowed.example/")
    assert page(network, gate, "http://allowed.example/")[0] == 200
    event = asked_as(network, gate, "guest", "as-guest")
    assert (event["identity_confidence"], event["group"]) == ("portal", "guests")
    assert event["person"].startswith("u-")
    assert "" < event["identity_since"] < event["at"]
    assert page(network, gate, "http://allowed.example/", "-6")[0] == 200  # an address that was not seen before
    six = asked_as(network, gate, "guest", "as-guest-6", "-6")  # the same device, by its MAC
    assert (six["person"], six["device"]) == (event["person"], event["device"])
    shown = page(network, gate, "https://schoolgate.local/login")[2]
    assert "a.guest" in shown
    done = page(network, gate, "https://schoolgate.local/logout", "--data-urlencode", f"token={form(shown)['token']}")
    assert done[0] == 303
    assert page(network, gate, "http://allowed.example/")[0] == 303
    assert PASSWORD not in gate.log
    kept = subprocess.run(["grep", "-rlF", "-e", PASSWORD, "-e", "three+words", str(gate.school.data)], check=False)
    assert kept.returncode == 1  # found nowhere


def test_another_device_at_the_address_of_one_that_logged_in_is_nobody(
    network: Network, gate: Gateway, redirected: None
) -> None:
    assert log_in(network, gate, PASSWORD)[0] == 303
    assert page(network, gate, "http://allowed.example/")[0] == 200
    for command in (("down",), ("address", "02:00:00:00:40:99"), ("up",)):
        network.run("guest", "ip", "link", "set", "eth0", *command, check=True)
    network.run("guest", "ip", "route", "replace", "default", "via", "10.40.0.1", check=True)
    assert page(network, gate, "http://allowed.example/")[0] == 303  # at once, before the watcher has seen it
    until(lambda: seen(gate).get("10.40.0.2") == "02:00:00:00:40:99")
    time.sleep(1.2)
    assert page(network, gate, "http://allowed.example/")[0] == 303


def test_a_chromium_is_sent_to_the_page_and_on_to_the_site_after_the_login(
    network: Network, gate: Gateway, redirected: None
) -> None:
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed (apt-get install chromium)")
    path, url = f"PYTHONPATH={Path(__file__).parents[1]}", "http://allowed.example/"
    words = [str(gate.school.ca), url, "a.guest", PASSWORD]
    done = network.run("guest", "env", path, sys.executable, "-m", "pretend.sign_in", *words)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["sent"].startswith("https://schoolgate.local/login?to=")
    assert told["shown"] == "Welcome to allowed.example"


def test_a_watcher_that_dies_is_started_again_and_the_technician_is_told(network: Network, gate: Gateway) -> None:
    subprocess.run(["kill", "-9", str(gate.children()["whereabouts"])], check=True)
    until(lambda: "whereabouts ended by itself" in gate.log)
    until(lambda: [e for e in gate.events("--action", "fault") if e["rule"] == "whereabouts"])
    until(lambda: "whereabouts" in gate.children())
