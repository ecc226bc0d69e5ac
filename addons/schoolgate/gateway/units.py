"""The systemd units: one puts the table in force before any network is up, one runs the filter, shut in.

The filter may not ask nftables anything. So a third writes down every few minutes what is in force, for its doctor.
"""

import re
from dataclasses import dataclass
from pathlib import Path

USER = "schoolgate"
REDIRECT, FILTER = "schoolgate-redirect.service", "schoolgate.service"
LOOK, LOOKS = "schoolgate-look.service", "schoolgate-look.timer"
LISTED = Path("run/schoolgate/table.nft")
"""What nft listed of the table when it was looked at last; empty where there was none."""
NFT_FILE = Path("etc/schoolgate/redirect.nft")
UNITS = Path("etc/systemd/system")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a school's gateway lies: its Python, its config folder, what it writes, and how many workers it runs.

    ``low_ports``: whether one of its ports needs a right of root's (below 1024).
    """

    python: Path
    config: Path
    written: tuple[Path, ...]
    workers: int
    low_ports: bool


def files(place: Place, table: str) -> dict[Path, str]:
    """Every file of an installation, by its path below the root of the machine."""
    return {
        NFT_FILE: table,
        Path("etc/sysusers.d/schoolgate.conf"): f'u {USER} - "The school\'s filter" - -\n',
        UNITS / REDIRECT: _redirect(),
        UNITS / FILTER: _filter(place),
        UNITS / LOOK: _look(),
        UNITS / LOOKS: _looks(),
    }


def workers_of(unit: str) -> int:
    """How many workers the filter's unit runs; one where it does not say."""
    found = re.search(r"^ExecStart=.* --workers (\d+)$", unit, re.MULTILINE)
    return int(found[1]) if found else 1


def _redirect() -> str:
    return f"""[Unit]
Description=What brings the school's web traffic to the filter
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=local-fs.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /{NFT_FILE}
ExecStop=/usr/sbin/nft delete table inet schoolgate
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes

[Install]
WantedBy=multi-user.target
"""


def _look() -> str:
    return f"""[Unit]
Description=What of the school's nftables table is in force, written down for the filter's doctor
After={REDIRECT}

[Service]
Type=oneshot
RuntimeDirectory={LISTED.parent.name}
RuntimeDirectoryPreserve=yes
UMask=0022
ExecStart=/bin/sh -c '/usr/sbin/nft list table inet schoolgate >/{LISTED}.new || : >/{LISTED}.new'
ExecStart=/bin/mv /{LISTED}.new /{LISTED}
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
"""


def _looks() -> str:
    return f"""[Unit]
Description=Looks at the school's nftables table every few minutes

[Timer]
OnActiveSec=10s
OnUnitActiveSec=5min
AccuracySec=30s
Unit={LOOK}

[Install]
WantedBy=timers.target
"""


def _filter(place: Place) -> str:
    capability = "CAP_NET_BIND_SERVICE" if place.low_ports else ""
    written = " ".join(_quoted(path) for path in place.written)
    program, config = f"{_quoted(place.python)} -m schoolgate", f"--config {_quoted(place.config)}"
    run = f"{program} run {config} --workers {place.workers}"
    return f"""[Unit]
Description=The school's filter and monitor
After=network-online.target {REDIRECT}
Wants=network-online.target {REDIRECT}
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={run}
ExecReload={program} restart {config}
User={USER}
Group={USER}
Restart=always
RestartSec=1
WatchdogSec=60
TimeoutStartSec=900
TimeoutStopSec=60
LimitNOFILE=65536
OOMScoreAdjust=-500
UMask=0077
AmbientCapabilities={capability}
CapabilityBoundingSet={capability}
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths={written}
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def _quoted(path: Path) -> str:
    """A path as one word of a unit file, where % and $ mean something else."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"'
