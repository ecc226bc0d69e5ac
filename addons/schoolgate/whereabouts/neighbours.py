"""Which MAC stands behind an address on the wire, as this machine's kernel has seen it (ARP for IPv4, NDP for IPv6)."""

import json
import shutil
import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from schoolgate.policy.whereabouts import Address, mac_address

_ARP = Path("/proc/net/arp")
_COMPLETE = 0x2  # ATF_COM of linux/if_arp.h
_NO_USE = frozenset({"FAILED", "INCOMPLETE", "NOARP", "NONE"})
_WITHIN = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One address on the wire; ``state`` is the kernel's word, such as REACHABLE or STALE."""

    address: Address
    mac: str
    state: str


def read_neighbours(inside: Collection[str] = ()) -> tuple[Neighbour, ...]:
    """Every neighbour, behind the interfaces ``inside`` where there are any. Raises OSError.

    IPv6 neighbours are told by ``ip`` alone; without it there are those of IPv4.
    """
    program = shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin")
    return tuple(_by_ip(program, inside) if program else read_arp(_ARP.read_text(), inside))


def read_arp(text: str, inside: Collection[str] = ()) -> Iterator[Neighbour]:
    """The lines of ``/proc/net/arp``; what cannot be read is passed over."""
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) != 6 or (inside and words[5] not in inside):
            continue
        try:
            complete = int(words[2], 16) & _COMPLETE
        except ValueError:
            continue
        yield from _neighbour(words[0], words[3], "REACHABLE" if complete else "FAILED")


def read_ip(text: str, inside: Collection[str] = ()) -> Iterator[Neighbour]:
    """What ``ip -j neigh`` says. Raises ValueError where that is no JSON."""
    for entry in json.loads(text or "[]"):
        if inside and entry.get("dev") not in inside:
            continue
        yield from _neighbour(str(entry.get("dst")), str(entry.get("lladdr", "")), " ".join(entry.get("state", ())))


def _by_ip(program: str, inside: Collection[str]) -> Iterator[Neighbour]:
    try:
        done = subprocess.run([program, "-j", "neigh", "show"], capture_output=True, text=True, timeout=_WITHIN)
        if done.returncode:
            raise OSError(f"'ip -j neigh' failed: {done.stderr.strip()}")
        yield from read_ip(done.stdout, inside)
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise OSError(f"'ip -j neigh' cannot be read: {error}") from error


def _neighbour(address: str, mac: str, state: str) -> Iterator[Neighbour]:
    known = mac_address(mac) if len(mac) == len("02:00:00:00:00:0a") else None
    if known is None or set(state.split()) & _NO_USE:
        return
    try:
        yield Neighbour(ip_address(address.partition("%")[0]), known, state)
    except ValueError:
        return
