"""A school's network in namespaces: devices in networks of their own, the gateway between them and a pretend internet.

::

    pupil  10.20.0.2 --+
    staff  10.30.0.2 --+-- gate (nftables, schoolgate) 203.0.113.2 --- 203.0.113.10 world (every site, DNS)
    guest  10.40.0.2 --+
    admin  10.99.0.2 --+

Every device has an IPv6 address beside it, ``fd00:<net>::2``. Needs root, ``ip`` and ``nft``; all of it is gone after ``stop``.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pretend.world import SAFE_V4, V4

DEVICES = {"pupil": 20, "staff": 30, "guest": 40, "admin": 99}
_RESOLVER = f"nameserver {V4}\n"


def missing() -> str:
    """Why this machine cannot make such a network, "" where it can."""
    if os.geteuid() != 0:
        return "namespaces with networks of their own need root"
    for tool, package in (("ip", "iproute2"), ("nft", "nftables")):
        if shutil.which(tool) is None:
            return f"{tool} is not installed (apt-get install {package})"
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode:
        return "this machine allows no network namespaces"
    return ""


@dataclass
class Network:
    """Made by ``start``; ``folder`` takes the world's certificates and what it was asked."""

    folder: Path
    _began: list[subprocess.Popen[Any]] = field(default_factory=list[subprocess.Popen[Any]])

    def name(self, host: str) -> str:
        """The namespace of a device, of the ``gate`` or of the ``world``."""
        return f"sg{os.getpid()}-{host}"

    def start(self) -> "Network":
        self.folder.mkdir(parents=True, exist_ok=True)
        for host in ("gate", "world", *DEVICES):
            _do("ip", "netns", "add", self.name(host))
            self._ip(host, "link", "set", "lo", "up")
        for number, host in enumerate(("world", *DEVICES)):
            here, there = f"g{os.getpid() % 100000}n{number}", "eth0"
            _do(
                "ip",
                "link",
                "add",
                here,
                "netns",
                self.name("gate"),
                "type",
                "veth",
                "peer",
                there,
                "netns",
                self.name(host),
            )
            self._ip("gate", "link", "set", here, "name", inside(host))
            for namespace, device in (("gate", inside(host)), (host, there)):
                self._ip(namespace, "link", "set", device, "up")
            v4, v6 = (
                ("203.0.113", "2001:db8:113:")
                if host == "world"
                else (f"10.{DEVICES[host]}.0", f"fd00:{DEVICES[host]}:")
            )
            ours, theirs = ("2", "10") if host == "world" else ("1", "2")
            for namespace, device, last in (("gate", inside(host), ours), (host, there, theirs)):
                self._ip(namespace, "address", "add", f"{v4}.{last}/24", "dev", device)
                self._ip(namespace, "address", "add", f"{v6}:{last}/64", "dev", device, "nodad")
            self._ip(host, "route", "add", "default", "via", f"{v4}.{ours}")
            self._ip(host, "-6", "route", "add", "default", "via", f"{v6}:{ours}")
        self._ip("world", "address", "add", f"{SAFE_V4}/24", "dev", "eth0")
        for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            self.run("gate", "sysctl", "-qw", f"{key}=1", check=True)
        self._began.append(self.spawn("world", sys.executable, "-m", "pretend.world", str(self.folder)))
        end = time.monotonic() + 60
        while not (self.folder / "ready").exists():
            assert self._began[0].poll() is None, "the world did not start"
            assert time.monotonic() < end, "the world is not ready"
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        for process in self._began:
            process.kill()
            process.wait(30)
        for host in ("gate", "world", *DEVICES):
            subprocess.run(["ip", "netns", "delete", self.name(host)], capture_output=True)

    @property
    def resolver(self) -> Path:
        """A resolv.conf that asks the world."""
        path = self.folder / "resolv.conf"
        path.write_text(_RESOLVER)
        return path

    def within(self, host: str) -> list[str]:
        """The command that runs another at a host."""
        return ["ip", "netns", "exec", self.name(host)]

    def run(self, host: str, *command: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command at a host to its end, with the world's names."""
        line = ["sh", "-c", f'mount --bind {self.resolver} /etc/resolv.conf && exec "$@"', "sh", *command]
        done = subprocess.run([*self.within(host), *line], capture_output=True, text=True, timeout=120)
        assert not check or done.returncode == 0, done.stderr
        return done

    def spawn(self, host: str, *command: str) -> subprocess.Popen[Any]:
        """Start a command at a host; it ends with the network."""
        path = {"PYTHONPATH": str(Path(__file__).parents[1])}
        process = subprocess.Popen([*self.within(host), *command], env={**os.environ, **path})
        self._began.append(process)
        return process

    def curl(self, host: str, url: str, *options: str, ca: Path | None = None) -> subprocess.CompletedProcess[str]:
        """A real curl at a device that knows of no proxy: body, then a last line with the status (000 for none)."""
        command = ["curl", "--silent", "--show-error", "--max-time", "20", "--write-out", "\\n%{http_code}"]
        return self.run(host, *command, *(["--cacert", str(ca)] if ca else []), *options, url)

    def asked(self, host: str) -> list[dict[str, str]]:
        """What reached a site of the world."""
        time.sleep(0.3)
        lines = (self.folder / "asked").read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["host"].partition(":")[0] == host]

    def _ip(self, host: str, *arguments: str) -> None:
        _do("ip", "-n", self.name(host), *arguments)


def inside(host: str) -> str:
    """The gate's interface towards a host."""
    return "wan" if host == "world" else f"lan-{host}"


def _do(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
