"""School devices that are elsewhere: a real WireGuard client, by wireguard-go, in a network of its own."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pretend.gateway import Gateway
from pretend.network import Network
from pretend.school import School

PEOPLE = """
groups:
  pupils: {title: Pupil devices, networks: ["10.20.0.0/16"], inspect: full}
  staff: {title: Staff, networks: ["10.30.0.0/16"], inspect: full}
  guests: {title: Guest Wi-Fi, networks: ["10.40.0.0/16"], inspect: names}
  servers: {title: Servers, inspect: none}
unknown: pupils
people:
  a.teacher: {name: A Teacher, group: staff}
"""
HOME = "admin"  # the host of the pretend network that stands for a home; nothing is redirected from it
PORT = 51820
SOCKETS = Path("/var/run/wireguard")


@dataclass
class Tunnel:
    """A device at home with a configuration of ``schoolgate devices add``."""

    network: Network
    folder: Path
    lines: dict[str, str]
    device: str = field(default_factory=lambda: f"wg{os.getpid() % 100000}")
    process: subprocess.Popen[Any] | None = None

    @property
    def address(self) -> str:
        """The device's own."""
        return self.lines["Address"].partition("/")[0]

    def up(self, address: str | None = None) -> "Tunnel":
        environment = {**os.environ, "WG_PROCESS_FOREGROUND": "1", "LOG_LEVEL": "error"}
        command = [*self.network.within(HOME), "wireguard-go", "-f", self.device]
        (SOCKETS / f"{self.device}.sock").unlink(missing_ok=True)  # else wg takes the next one's away for a dead one
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        wait(lambda: self._do("ip", "link", "show", self.device).returncode == 0)
        setting = self.folder / "wg.conf"
        endpoint = self.lines["Endpoint"].replace("filter.example", "10.99.0.1")
        setting.write_text(
            f"[Interface]\nPrivateKey = {self.lines['PrivateKey']}\n[Peer]\nPublicKey = {self.lines['PublicKey']}\n"
            f"AllowedIPs = {self.lines['AllowedIPs']}\nEndpoint = {endpoint}\n"
        )
        wait(lambda: self._do("wg", "setconf", self.device, str(setting)).returncode == 0)
        for mine in [address] if address else self.lines["Address"].split(", "):
            self._do("ip", "address", "add", mine, "dev", self.device, *(["nodad"] if ":" in mine else []), check=True)
        self._do("ip", "link", "set", self.device, "up", check=True)
        for half in ("0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"):  # narrower than the way that was there
            self._do(
                "ip", "-6" if ":" in half else "-4", "route", "add", half, "dev", self.device, check=":" not in half
            )
        return self

    def down(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None
            (SOCKETS / f"{self.device}.sock").unlink(missing_ok=True)
        wait(lambda: self._do("ip", "link", "show", self.device).returncode != 0)

    def curl(self, url: str, *options: str, ca: Path | None = None) -> subprocess.CompletedProcess[str]:
        """A curl at home, whose names are asked for inside the tunnel."""
        (self.folder / "resolv.conf").write_text(f"nameserver {self.lines['DNS']}\noptions timeout:2 attempts:4\n")
        command = ["curl", "--silent", "--show-error", "--max-time", "20", "--write-out", "\\n%{http_code}"]
        bind = f"mount --bind {self.folder / 'resolv.conf'} /etc/resolv.conf"
        line = ["sh", "-c", f'{bind} && exec "$@"', "sh", *command, *(["--cacert", str(ca)] if ca else []), *options]
        return subprocess.run([*self.network.within(HOME), *line, url], capture_output=True, text=True, timeout=60)

    def _do(self, *command: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([*self.network.within(HOME), *command], capture_output=True, text=True, timeout=30)
        assert not check or done.returncode == 0, done.stderr
        return done


def lines_of(configuration: str) -> dict[str, str]:
    pairs = (line.partition(" = ") for line in configuration.splitlines())
    return {key: value for key, sign, value in pairs if sign}


def wait(holds: Callable[[], object], within: float = 60.0) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def network(network: Network) -> Network:
    """The network, where it can have tunnels."""
    for tool, package in (("wireguard-go", "wireguard-go"), ("wg", "wireguard-tools")):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (apt-get install {package})")
    if not Path("/dev/net/tun").exists():
        pytest.skip("this machine has no /dev/net/tun, which a WireGuard client needs")
    return network


@pytest.fixture(scope="module")
def gate(network: Network, index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    school = School(tmp_path_factory.mktemp("school"), people=PEOPLE)
    school.upstream_ca = network.folder / "pretend-ca.pem"
    school.gateway = f"away: {{endpoint: filter.example, port: {PORT}}}\n"
    gateway = Gateway(school, 1, index, within=network.within("gate"), mounts={"/etc/resolv.conf": network.resolver})
    yield gateway.start()
    gateway.stop()


Devices = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def devices(network: Network, gate: Gateway) -> Devices:
    """``schoolgate devices`` at the gate."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "schoolgate", "devices", *words, "--config", str(gate.school.config)]
        return network.run("gate", *command)

    return run


@pytest.fixture
def tunnel(network: Network, gate: Gateway, devices: Devices, tmp_path: Path) -> Iterator[Callable[..., Tunnel]]:
    """Adds a device and brings its tunnel up; the device is removed at the end."""
    made: list[tuple[str, Tunnel]] = []

    def begin(name: str, *options: str, address: str | None = None) -> Tunnel:
        known = gate.log.count("New settings are in force")
        done = devices("add", name, *options)
        assert done.returncode == 0, done.stderr
        built = Tunnel(network, tmp_path, lines_of(done.stdout))
        made.append((name, built))
        wait(lambda: gate.log.count("New settings are in force") > known)
        built.up(address)
        wait(lambda: built.curl("http://allowed.example/", "--max-time", "5").stdout.endswith("\n200"))
        return built

    yield begin
    for name, built in made:
        built.down()
        devices("remove", name)


@pytest.mark.parametrize("family", ["-4", "-6"])
def test_a_pupils_device_at_home_has_the_policy_of_the_school(
    network: Network, gate: Gateway, tunnel: Callable[..., Tunnel], family: str
) -> None:
    ipad = tunnel("ipad-07", "--group", "pupils")
    for scheme in ("https", "http"):
        shown = ipad.curl(f"{scheme}://allowed.example/", family, ca=gate.school.ca)
        assert shown.stdout.endswith("\n200"), shown.stderr
        refused = ipad.curl(f"{scheme}://www.pornhub.com/{family}", family, ca=gate.school.ca)
        assert refused.stdout.endswith("\n403"), refused.stderr
    assert not network.asked("www.pornhub.com")
    found = [e for e in gate.events() if e["path"] == f"/{family}"]
    assert {(e["client"], e["group"]) for e in found} == {(ipad.address, "pupils")}
    assert {e["stage"] for e in gate.events() if e["client"] == ipad.address} == {"dns", "request"}


def test_a_device_of_a_person_is_that_persons_whatever_address_it_claims(
    network: Network, gate: Gateway, devices: Devices, tunnel: Callable[..., Tunnel]
) -> None:
    other = Tunnel(network, Path(), lines_of(devices("add", "ipad-08", "--group", "pupils").stdout)).address
    laptop = tunnel("laptop", "--group", "staff", "--user", "A.Teacher", address=f"{other}/32")
    refused = laptop.curl("http://www.pornhub.com/claimed", ca=gate.school.ca)
    assert refused.stdout.endswith("\n403"), refused.stderr
    [event] = [e for e in gate.events() if e["path"] == "/claimed"]
    assert (event["client"], event["group"]) == (laptop.address, "staff")
    assert event["identity_confidence"] == "device"
    for address in (other, laptop.address):  # taken by somebody at school, who comes by no tunnel
        network.run("gate", "ip", "address", "add", f"{address}/32", "dev", "lo", check=True)
        proxy = f"http://127.0.0.1:{gate.school.proxy_port}"
        taken = network.curl("gate", f"http://www.pornhub.com/{address}", "--proxy", proxy, "--interface", address)
        assert taken.stdout.endswith("\n403"), taken.stderr
        network.run("gate", "ip", "address", "del", f"{address}/32", "dev", "lo", check=True)
        [event] = [e for e in gate.events() if e["path"] == f"/{address}"]
        assert (event["client"], event["identity_confidence"]) == (address, "unknown")
    devices("remove", "ipad-08")


def test_nothing_but_the_web_and_names_leads_out_of_a_tunnel(
    network: Network, gate: Gateway, tunnel: Callable[..., Tunnel]
) -> None:
    ipad = tunnel("ipad-09", "--group", "pupils")
    assert ipad.curl("http://allowed.example/", ca=gate.school.ca).stdout.endswith("\n200")
    to = ["--resolve", "allowed.example:22:203.0.113.10"]
    assert ipad.curl("http://allowed.example:22/", *to).stdout.endswith("\n000")
    words = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
s.connect(("203.0.113.10", 123))
s.send(b"x"); s.recv(1)
"""
    done = subprocess.run([*network.within(HOME), sys.executable, "-c", words], capture_output=True, text=True)
    assert "TimeoutError" in done.stderr


def test_adding_and_removing_a_device_harms_no_other_and_takes_effect_at_once(
    network: Network, gate: Gateway, devices: Devices, tunnel: Callable[..., Tunnel]
) -> None:
    ipad = tunnel("ipad-10", "--group", "pupils")
    assert ipad.curl("http://allowed.example/").stdout.endswith("\n200")
    for words in (("add", "ipad-11", "--group", "pupils"), ("remove", "ipad-11")):
        known = gate.log.count("New settings are in force")
        assert devices(*words).returncode == 0
        began = time.monotonic()
        while gate.log.count("New settings are in force") == known:
            assert ipad.curl("http://allowed.example/", "--max-time", "8").stdout.endswith("\n200")  # a new tunnel: 10
            assert time.monotonic() - began < 60
    assert devices("remove", "ipad-10").returncode == 0
    gone = time.monotonic()
    wait(lambda: ipad.curl("http://allowed.example/", "--max-time", "1").stdout.endswith("\n000"))
    assert time.monotonic() - gone < 10  # 2 where nothing else runs, of which one is curl's patience


def test_a_tunnel_comes_back_after_its_worker_was_replaced(
    network: Network, gate: Gateway, tunnel: Callable[..., Tunnel]
) -> None:
    ipad = tunnel("ipad-12", "--group", "pupils")
    assert ipad.curl("http://allowed.example/").stdout.endswith("\n200")
    done = network.run("gate", sys.executable, "-m", "schoolgate", "restart", "--config", str(gate.school.config))
    assert done.returncode == 0, done.stderr
    began = time.monotonic()
    wait(lambda: ipad.curl("http://allowed.example/", "--max-time", "2").stdout.endswith("\n200"))
    print("back after", time.monotonic() - began)
    assert time.monotonic() - began < 30


def test_what_cannot_be_is_told_in_a_line(gate: Gateway, devices: Devices) -> None:
    for words, told in (
        (("add", "x", "--group", "pupil"), "--group pupil: config/people.yaml has: pupils, staff"),
        (("add", "x", "--group", "pupils", "--user", "a.teacher"), "has them in group 'staff'"),
        (("add", "x", "--group", "pupils", "--user", "nobody"), "no such person"),
        (("remove", "x"), "there is no device 'x'"),
    ):
        done = devices(*words)
        assert (done.returncode, told in done.stderr) == (2, True), done.stderr


def test_keys_are_for_the_gateway_only_and_the_devices_own_is_kept_nowhere(
    gate: Gateway, devices: Devices, tmp_path: Path
) -> None:
    done = devices("add", "ipad-13", "--group", "pupils", "--qr", str(tmp_path / "ipad.png"))
    assert done.returncode == 0, done.stderr
    lines = lines_of(done.stdout)
    private, number = lines["PrivateKey"], int(lines["Address"].partition("/")[0].rpartition(".")[2])
    kept = gate.school.data / "devices.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    for path in gate.school.data.rglob("*"):
        assert not path.is_file() or private.encode() not in path.read_bytes()
    assert (tmp_path / "ipad.png").read_bytes().startswith(b"\x89PNG")
    [row] = [json.loads(line) for line in devices("list", "--json").stdout.splitlines()]
    assert (row["name"], row["group"]) == ("ipad-13", "pupils")
    assert (row["address"], row["port"]) == (f"10.90.0.{number}", PORT + number - 1)
    assert devices("remove", "ipad-13").returncode == 0
    assert devices("list").stdout.startswith("No device comes from elsewhere")
