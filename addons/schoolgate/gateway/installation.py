"""Puts the gateway's files on the machine, and takes just these away again."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from schoolgate.gateway import nftables
from schoolgate.gateway.own_user import make_user, of_user, try_as_user
from schoolgate.gateway.redirect import mark_of, table
from schoolgate.gateway.system import WITHIN, CannotInstall, systemctl, systemd_runs
from schoolgate.gateway.units import FILTER, LOOKS, NFT_FILE, REDIRECT, UNITS, Place, files, workers_of
from schoolgate.settings.load import Settings
from schoolgate.whole_file import whole

_FORWARDING = ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding")


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

    Nothing is redirected before it is sure that the filter's own user can run it. One that runs is started anew, as
    the ports that it has open and its workers may be others now. Raises CannotInstall, NoNftables and OSError; a file
    is there whole or as it was.
    """
    texts = planned(settings, workers)
    here = root == Path("/")
    if here and os.geteuid() != 0:
        raise CannotInstall("installing a gateway needs root; run it with sudo")
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        with whole(root / path) as file:
            file.write(text.encode())
        (root / path).chmod(0o644)
        yield f"written  {root / path}"
    if here:
        yield from _put_in_force(settings, texts[NFT_FILE])


def missing_interfaces(names: Iterable[str]) -> Iterator[Finding]:
    """Those that this machine does not have: the devices behind them would go past the filter."""
    for name in names:
        if not (Path("/sys/class/net") / name).exists():
            words = f"{name} is no interface of this machine (ip -brief link): gateway: inside: needs its real name."
            yield Finding(False, words)


def _put_in_force(settings: Settings, table_text: str) -> Iterator[str]:
    yield from make_user(settings)
    if systemd_runs():
        try_as_user(Path(sys.executable), settings.folders.config, *of_user())
    nftables.load(table_text)
    yield "in force the nftables table inet schoolgate"
    if not systemd_runs():
        yield "systemd does not run here: start the filter yourself with 'schoolgate run'"
        return
    systemctl("daemon-reload")
    systemctl("enable", "--now", REDIRECT, LOOKS)
    systemctl("enable", FILTER)
    systemctl("restart", FILTER)
    yield f"running  {REDIRECT}, {FILTER}"


def remove(root: Path) -> Iterator[str]:
    """Stop the units and take away what ``install`` wrote, but never the school's record. Tells what was done."""
    here = root == Path("/")
    if here and os.geteuid() != 0:
        raise CannotInstall("removing a gateway needs root; run it with sudo")
    present = [root / path for path in files(Place(Path(), Path(), (), 1, False), "") if (root / path).exists()]
    if here and systemd_runs() and any(path.suffix == ".service" for path in present):
        there = {path.name for path in present}
        systemctl("disable", "--now", *(unit for unit in (FILTER, LOOKS, REDIRECT) if unit in there))
    for path in present:
        path.unlink()
        yield f"removed  {path}"
    if here:
        if nftables.remove():
            yield "removed  the nftables table inet schoolgate"
        if systemd_runs():
            systemctl("daemon-reload")
    folder = root / NFT_FILE.parent
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def status(settings: Settings, workers: int | None) -> Iterator[Finding]:
    """What of the installation is in force, and whether it is as the settings say now, for as many workers.

    None: for as many as it was installed with.
    """
    filter_unit = Path("/") / UNITS / FILTER
    texts = planned(settings, workers or workers_of(filter_unit.read_text() if filter_unit.exists() else ""))
    mark = nftables.loaded()
    if mark is None:
        yield Finding(False, "The nftables table is not in force: devices go past the filter or nowhere.")
    elif mark != mark_of(texts[NFT_FILE]):
        yield Finding(False, "The nftables table is of older settings; run 'schoolgate gateway install' again.")
    else:
        yield Finding(True, "The nftables table is in force as the settings say.")
    yield from missing_interfaces(settings.school.gateway.inside)
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
    if systemd_runs():
        for unit in (REDIRECT, LOOKS, FILTER):
            runs = subprocess.run(["systemctl", "is-active", "--quiet", unit], timeout=WITHIN).returncode == 0
            yield Finding(runs, f"{unit} {'runs' if runs else f'does not run; see: journalctl -u {unit}'}.")
