"""Puts the gateway's files on the machine, and takes just these away again."""

import grp
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schoolgate.gateway import nftables
from schoolgate.gateway.redirect import mark_of, table
from schoolgate.gateway.units import FILTER, NFT_FILE, REDIRECT, USER, Place, files
from schoolgate.settings.load import Settings
from schoolgate.whole_file import whole

_WITHIN = 120.0  # seconds that systemd may take for one command
_FORWARDING = ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding")


class CannotInstall(Exception):
    """Something stands in the way; the words say what, and what to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that holds, or does not and says why."""

    good: bool
    words: str


def planned(settings: Settings, workers: int) -> dict[Path, str]:
    """Every file that an installation writes. Raises CannotInstall where the settings name no network."""
    school = settings.school
    if school.listen.transparent is None:
        words = "config/school.yaml: listen: needs a port for what is redirected, such as transparent: 8480"
        raise CannotInstall(words)
    if not school.gateway.inside:
        words = "config/school.yaml: gateway: needs the interfaces behind which devices are, such as inside: [eth1]"
        raise CannotInstall(words)
    folders = settings.folders
    written = (settings.data, folders.root / "blocklists" / "local")
    low = min(school.listen.ports()) < 1024
    return files(Place(Path(sys.executable), folders.config, written, workers, low), table(school, workers))


def install(settings: Settings, workers: int, root: Path) -> Iterator[str]:
    """Write the files below ``root``; on this machine (``/``) put them in force too. Tells what was done.

    Raises CannotInstall, NoNftables and OSError; a file is there whole or as it was.
    """
    texts = planned(settings, workers)
    if root == Path("/") and os.geteuid() != 0:
        raise CannotInstall("installing a gateway needs root; run it with sudo")
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        with whole(root / path) as file:
            file.write(text.encode())
        (root / path).chmod(0o644)
        yield f"written  {root / path}"
    if root != Path("/"):
        return
    nftables.load(texts[NFT_FILE])
    yield "in force the nftables table inet schoolgate"
    yield from _make_user(settings)
    if not _systemd_runs():
        yield "systemd does not run here: start the filter yourself with 'schoolgate run'"
        return
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", REDIRECT, FILTER)
    yield f"running  {REDIRECT}, {FILTER}"


def remove(root: Path) -> Iterator[str]:
    """Stop the units and take away what ``install`` wrote, but never the school's record. Tells what was done."""
    here = root == Path("/")
    if here and os.geteuid() != 0:
        raise CannotInstall("removing a gateway needs root; run it with sudo")
    present = [root / path for path in files(Place(Path(), Path(), (), 1, False), "") if (root / path).exists()]
    if here and _systemd_runs() and any(path.suffix == ".service" for path in present):
        _systemctl("disable", "--now", FILTER, REDIRECT)
    for path in present:
        path.unlink()
        yield f"removed  {path}"
    if here:
        if nftables.remove():
            yield "removed  the nftables table inet schoolgate"
        if _systemd_runs():
            _systemctl("daemon-reload")
    folder = root / NFT_FILE.parent
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def status(settings: Settings, workers: int) -> Iterator[Finding]:
    """What of the installation is in force, and whether it is as the settings say now."""
    texts = planned(settings, workers)
    mark = nftables.loaded()
    if mark is None:
        yield Finding(False, "The nftables table is not in force: devices go past the filter or nowhere.")
    elif mark != mark_of(texts[NFT_FILE]):
        yield Finding(False, "The nftables table is of older settings; run 'schoolgate gateway install' again.")
    else:
        yield Finding(True, "The nftables table is in force as the settings say.")
    for path, text in texts.items():
        written = Path("/") / path
        if not written.exists():
            yield Finding(False, f"{written} is missing: after a restart of the machine it would not be in force.")
        elif written.read_text() != text:
            yield Finding(False, f"{written} is of older settings; run 'schoolgate gateway install' again.")
    for key in _FORWARDING:
        on = (Path("/proc/sys") / key).read_text().strip() != "0" if (Path("/proc/sys") / key).exists() else False
        name = key.replace("/", ".")
        words = f"{name} is {'on' if on else 'off: this machine passes nothing else on, such as mail or printing'}."
        yield Finding(on, words)
    if _systemd_runs():
        for unit in (REDIRECT, FILTER):
            runs = subprocess.run(["systemctl", "is-active", "--quiet", unit], timeout=_WITHIN).returncode == 0
            yield Finding(runs, f"{unit} {'runs' if runs else f'does not run; see: journalctl -u {unit}'}.")


def _make_user(settings: Settings) -> Iterator[str]:
    """A user of the filter's own, who may read the settings and owns what the gateway writes."""
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        command = ["systemd-sysusers"] if shutil.which("systemd-sysusers") else _useradd()
        _run(command)
        user = pwd.getpwnam(USER)
        yield f"made     the user {USER}"
    group = grp.getgrnam(USER).gr_gid
    folders = settings.folders
    for folder in (settings.data, folders.root / "blocklists" / "local"):
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.pw_uid, group, follow_symlinks=False)
    for path in (folders.config, *folders.config.rglob("*")):
        if not path.is_symlink():
            os.chown(path, -1, group)
            path.chmod(path.stat().st_mode | (0o050 if path.is_dir() else 0o040))
    yield f"given    {settings.data} to {USER}, and {folders.config} to read"


def _useradd() -> list[str]:
    return ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "--user-group", USER]


def _systemd_runs() -> bool:
    return Path("/run/systemd/system").is_dir()


def _systemctl(*arguments: str) -> None:
    _run(["systemctl", *arguments])


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_WITHIN)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotInstall(f"{command[0]} could not be run: {error}") from None
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["it did not say why"]
        raise CannotInstall(f"{' '.join(command)} failed: {words[0]}")
