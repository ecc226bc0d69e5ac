"""A real ``schoolgate run`` in a mount namespace of its own, where /etc/hosts sends every test site to loopback."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from pretend.school import School

SITES = """allowed.example www.allowed.example news.example facebook.com www.facebook.com x.com amazon.co.uk
www.amazon.co.uk mail.yahoo.com bbc.co.uk www.bbc.co.uk pornhub.com www.pornhub.com bet365.com bücher.example
xn--bcher-kva.example slow.example stormfront.org www.google.com www.google.co.uk www.youtube.com www.bing.com
duckduckgo.com html.duckduckgo.com chat.example www.nhs.uk nhs.uk neu.org.uk www.linkedin.com"""
BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
"""What a browser calls itself: by curl's own name the gateway knows that no person asked."""


@cache
def namespace() -> list[str]:
    """The command that gives a process a file system view of its own, or [] where this machine allows none.

    It is tried once: were a second answer another one, what a test mounts would hide the machine's own files.
    """
    for command in (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"]):
        try:
            if subprocess.run([*command, "true"], capture_output=True, timeout=10).returncode == 0:
                return command
        except (OSError, subprocess.TimeoutExpired):
            continue
    return []


def schoolgate(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command of schoolgate to its end."""
    command = [sys.executable, "-m", "schoolgate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


@dataclass
class Gateway:
    """Start, stop and ask a gateway. ``index`` is a folder of compiled lists to start with."""

    school: School
    workers: int = 1
    index: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    within: list[str] = field(default_factory=namespace)  # the command that starts it in a world of its own
    mounts: dict[str, Path] = field(default_factory=dict)  # files that it sees in place of the machine's
    process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.school.proxy_port}"

    @property
    def log(self) -> str:
        return (self.school.root / "log").read_text()

    def start(self) -> "Gateway":
        self.school.write()
        if self.index and not (self.school.data / "index").exists():
            shutil.copytree(self.index, self.school.data / "index")
        hosts = self.school.root / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" + "".join(f"127.0.0.1 {name}\n" for name in SITES.split()))
        seen = self.mounts or {"/etc/hosts": hosts}
        command = "".join(f"mount --bind {path} {place} && " for place, path in seen.items())
        command += f"exec {sys.executable} -m schoolgate run --config {self.school.config} --workers {self.workers}"
        with (self.school.root / "log").open("a") as log:
            self.process = subprocess.Popen(
                [*self.within, "sh", "-c", command],
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment},
            )
        end = time.monotonic() + 120
        shown = self.log.count("is running for")
        while self.log.count("is running for") == shown:
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the gateway did not start:\n{self.log}")
            time.sleep(0.05)
        return self

    def stop(self) -> float:
        """SIGTERM; returns the seconds until it had ended."""
        assert self.process is not None
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
        return time.monotonic() - started

    def children(self) -> dict[str, int]:
        """Process ids of the gateway's children, by what they are."""
        assert self.process is not None
        command = ["ps", "--ppid", str(self.process.pid), "-o", "pid=", "-o", "comm="]
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return {line.split()[1].removeprefix("sg-"): int(line.split()[0]) for line in listing.splitlines()}

    def curl(self, url: str, *options: str, client: str = "127.0.0.2", proxy: str | None = None) -> "Answer":
        """A real curl as the device with that address."""
        head, body = self.school.root / "head", self.school.root / "body"
        for path in (head, body):
            path.unlink(missing_ok=True)
        command = ["curl", "--silent", "--show-error", "--max-time", "20", "--interface", client]
        command += ["--proxy", proxy or self.address, "--cacert", str(self.school.ca), "--user-agent", BROWSER]
        command += ["--dump-header", str(head), "--output", str(body), "--write-out", "%{http_code} %{http_connect}"]
        done = subprocess.run([*command, *options, url], capture_output=True, text=True, timeout=60)
        status = done.stdout.split() or ["0", "0"]
        return Answer(
            int(status[0]) or (int(status[1]) if status[1] != "200" else 0),
            body.read_bytes() if body.exists() else b"",
            head.read_text(errors="replace") if head.exists() else "",
            done.stderr,
        )

    def events(self, *options: str) -> list[dict[str, Any]]:
        """What ``schoolgate events --json`` says; in this process, since tests ask it over and over."""
        from schoolgate.cli import main

        done = CliRunner().invoke(main, ["events", "--config", str(self.school.config), "--json", *options])
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()]


@dataclass(frozen=True)
class Answer:
    """What curl got: the last status, the body, all header lines, and curl's own complaint."""

    status: int
    body: bytes
    head: str
    error: str

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")
