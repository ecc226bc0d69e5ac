"""A school's folder in the formats of the real one, with ports of its own."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from schoolgate.settings.folders import shipped

PEOPLE = """
groups:
  pupils: {title: Pupil devices, networks: ["127.0.0.2/32", "127.0.2.0/24"], inspect: full}
  staff:  {title: Staff, networks: ["127.0.0.3/32"], users: ["j.smith"], inspect: full}
  guests: {title: Guest Wi-Fi, networks: ["127.0.0.4/32"], inspect: names}
  servers: {title: Servers, networks: ["127.0.0.5/32"], inspect: none}
unknown: pupils
"""
ALWAYS_WORKING = 'working_hours: {staff: {mon-sun: ["00:00-24:00"]}}\nbank_holidays: none\n'
NEVER_WORKING = "working_hours: {staff: {}}\nbank_holidays: none\n"
RULES = """
rules:
  - {id: pupils-harm, groups: [pupils, guests, servers], categories: [adult, extremism, gambling, circumvention],
     action: block, alert: immediate, why: Pupils must not be exposed to harmful material., basis: policy 7.3}
  - {id: pupils-chat, groups: [pupils], categories: [webmail], action: warn, why: Mail is for after school.}
  - {id: staff-adult, groups: [staff], categories: [adult, extremism], action: block, alert: immediate,
     why: School equipment is never used for explicit or extremist material.}
  - {id: staff-personal-use, groups: [staff], categories: [social_media, shopping], when: working_hours, action: log,
     alert: digest, why: Staff give the whole of their time to their duties in working hours.}
"""
NO_DIGEST = "digest: {day: null, week: null}\n"
"""For gateways on the machine's own clock, to which a digest may be due at any moment."""
ROLES = """roles:
  headteacher: {name: Head, email: head@school.example, deputy: dsl}
  dsl: {name: DSL, email: dsl@school.example}
  technician: {name: IT, email: it@school.example}
"""


def free_port() -> int:
    """A port that nobody listens on, that was not given before, and that no outgoing connection takes meanwhile."""
    while True:
        port = next(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def _ports() -> Iterator[int]:
    """Below the ports of outgoing connections, a part of them for each process that runs tests side by side."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    mine = range(10_000 + number * 2_500, 12_500 + number * 2_500)
    first = os.getpid() % len(mine)
    while True:
        yield from mine[first:]
        yield from mine[:first]


_PORTS = _ports()


@dataclass
class School:
    """Writes config/ below ``root``; attributes can be changed before ``write``."""

    root: Path
    people: str = PEOPLE
    calendar: str = ALWAYS_WORKING
    rules: str = RULES
    roles: str = ROLES
    alerts: str = ""
    digest: str = ""  # alerts.yaml's digest:, where ``alerts`` says nothing of it
    reports: str = "reports: []\n"  # none goes out by itself, so that no test depends on the day it runs
    monitoring: str = "notice: {required: false}\n"  # the notice has tests of its own
    blocklists: dict[str, str] = field(default_factory=dict)
    upstream_ca: Path | None = None
    doctor: str = "null"  # how often the gateway probes itself; its tests ask for it
    update: str = "null"  # tests reach no publisher of lists but their own
    names: str = "judged"
    host: str = "127.0.0.1"
    transparent: int | None = None  # the port that a network redirects to
    dns: int | None = None  # the port of the network's resolver
    gateway: str = ""  # config/school.yaml's gateway:
    proxy_port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)
    console_port: int | None = None  # no console
    mail_port: int = field(default_factory=free_port)

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def data(self) -> Path:
        return self.root / "var"

    @property
    def ca(self) -> Path:
        return self.data / "schoolgate-ca.crt"

    def without_publishers(self) -> "School":
        """Every shipped category without its lists of others, so that nobody outside is ever asked for one."""
        for path in sorted((shipped() / "blocklists").glob("*.yaml")):
            if path.name not in ("protected.yaml", *self.blocklists):
                self.blocklists[path.name] = path.read_text().partition("\nsources:")[0] + "\n"
        return self

    def write(self) -> "School":
        self.config.mkdir(parents=True, exist_ok=True)
        (self.root / "blocklists" / "local").mkdir(parents=True, exist_ok=True)
        host = f"[{self.host}]" if ":" in self.host else self.host
        console = f'"127.0.0.1:{self.console_port}"' if self.console_port else "null"
        upstream = f"upstream_ca: {self.upstream_ca}\n" if self.upstream_ca else ""
        (self.config / "school.yaml").write_text(
            "name: St Test's School\n"
            f"{self.roles}"
            f'listen: {{proxy: "{host}:{self.proxy_port}", console: {console}, metrics: "127.0.0.1:{self.metrics_port}",'
            f" transparent: {self.transparent or 'null'}, dns: {self.dns or 'null'}}}\n{self.gateway}"
            f"mail: {{host: 127.0.0.1, port: {self.mail_port}, from: schoolgate@school.example}}\n"
            f"lists: {{update: {self.update}, names: {self.names}}}\n{upstream}"
            f"doctor: {{every: {self.doctor}}}\n"
        )
        for name in ("people", "calendar", "rules", "alerts", "monitoring"):
            text = getattr(self, name)
            if name == "alerts":
                text += self.reports + (self.digest if "digest:" not in text else "")
            if text:
                (self.config / f"{name}.yaml").write_text(text)
        for name, text in self.blocklists.items():
            (self.root / "blocklists" / name).write_text(text)
        return self
