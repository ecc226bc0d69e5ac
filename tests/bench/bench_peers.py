"""How fast schoolgate is beside other filters on this machine, in one run: ``python tests/bench/bench_peers.py``.

Everything is on in schoolgate: lists, phrases, the text model, the record. The load, the site and the filters share the
machine's cores, so only ratios between lines of one run can be quoted. It runs in a network of its own (needs root) and
reaches nobody. ``--filters`` and ``--kinds`` choose, ``--help`` tells all; ``peers.py`` says what each filter needs.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import peers  # noqa: E402 (found by the line above)

KINDS = ("new", "r10", "keep", "plain")
DEVICES = "".join(f"127.0.2.{number} device{number}\n" for number in range(1, 201))  # squid looks up who asks
SITES = f"127.0.0.1 localhost\n127.0.0.1 {peers.SITE} {peers.BLOCKED}\n"
INSIDE = "SCHOOLGATE_BENCH_INSIDE"
UNNAMED = """no device has a name, and nobody answers who asks for one, as on a machine with no network; squid asks for
the name of each device that squidGuard is told of"""
type Rates = dict[str, float]
"""Requests a second by what was measured (``r10 x32``)."""


def filters(folder: Path, made_by: peers.Authority, domains: int) -> dict[str, Callable[[], peers.Peer | None]]:
    """How each is started, by the name that the command line knows it by."""
    return {
        "none": lambda: None,
        "mitmdump": lambda: peers.mitmdump(folder, made_by),
        "squid": lambda: peers.squid_bump(folder, made_by),
        "splice": lambda: peers.squid_splice(folder, made_by),
        "squidguard": lambda: peers.squid_guard(folder, made_by, domains),
        "categories": lambda: peers.squid_guard(folder, made_by, domains, categories=True),
        "e2guardian": lambda: peers.e2guardian(folder, made_by),
        "schoolgate1": lambda: peers.schoolgate(folder, made_by, 1),
        "schoolgate2": lambda: peers.schoolgate(folder, made_by, 2),
        "closed1": lambda: peers.schoolgate(folder, made_by, 1, closed=True),
        "closed2": lambda: peers.schoolgate(folder, made_by, 2, closed=True),
    }


def inside(script: str, arguments: list[str], names: str = SITES + DEVICES) -> int:
    """Run a script again in a network and with a hosts file (``names``) of its own; its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        hosts = Path(folder) / "hosts"
        hosts.write_text(names)
        begin = f'ip link set lo up && mount --bind {hosts} /etc/hosts && exec "$@"'
        command = ["unshare", "--mount", "--net", "sh", "-c", begin, "sh", sys.executable, script, *arguments]
        return subprocess.run(command, env={**os.environ, INSIDE: "1"}, check=False).returncode


def build(folder: Path) -> Path:
    """The load tool, compiled."""
    tool = folder / "load"
    source = str(HERE / "load.c")
    subprocess.run(["cc", "-O2", "-o", str(tool), source, "-lssl", "-lcrypto", "-lpthread"], check=True)
    return tool


def versions() -> str:
    """What is measured."""
    said = []
    for command in (["squid", "-v"], ["e2guardian", "-v"], ["squidGuard", "-v"], ["nginx", "-v"]):
        if shutil.which(command[0]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            said.append((done.stdout + done.stderr).strip().splitlines()[0])
    from importlib.metadata import version

    return "; ".join([f"mitmproxy {version('mitmproxy')}", f"Python {sys.version.split()[0]}", *said])


def measure(name: str, peer: peers.Peer | None, kinds: list[str], tool: Path, asked: argparse.Namespace) -> Rates:
    """Print a line for each kind of load and number of clients; the rates."""
    rates = {}
    for kind in kinds:
        peers.load(tool, peer, kind, 2, 0.5, path=asked.path)
        for clients in map(int, asked.clients.split(",")):
            best = max(
                (peers.load(tool, peer, kind, clients, asked.seconds, path=asked.path) for _ in range(asked.rounds)),
                key=lambda each: each["rate"],
            )
            rates[f"{kind} x{clients}"] = best["rate"]
            times = f"p50 {best['p50'] * 1000:7.2f} ms, p99 {best['p99'] * 1000:7.2f} ms"
            troubles = f", {best['failed']:.0f} failed, {best['refused']:.0f} refused" if best["failed"] else ""
            figures = f"{best['rate']:9,.0f}/s  {best['cpu']:6.2f} ms CPU each  {times}{troubles}"
            print(f"{name:12s} {kind:6s} {clients:4d} clients  {figures}", flush=True)
    return rates


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--filters", default="none,mitmdump,squid,squidguard,categories,e2guardian,schoolgate1,schoolgate2"
    )
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--clients", default="32", help="numbers of clients, with commas")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=1, help="the best of so many is told")
    parser.add_argument("--domains", type=int, default=1_000_000, help="that squidGuard is given")
    parser.add_argument("--path", default="/10k.html", help="/fresh.html is another page each time")
    parser.add_argument("--afresh", action="store_true", help="each filter begins anew for each kind of load")
    parser.add_argument("--unnamed", action="store_true", help=UNNAMED)
    asked = parser.parse_args()
    if not os.environ.get(INSIDE):
        return inside(__file__, sys.argv[1:], SITES if asked.unnamed else SITES + DEVICES)
    print(versions())
    found: dict[str, Rates] = {}
    kinds = asked.kinds.split(",")
    with peers.ground() as (folder, made_by):
        tool = build(folder)
        for name in asked.filters.split(","):
            found[name] = {}
            for number, some in enumerate([[kind] for kind in kinds] if asked.afresh else [kinds]):
                place = folder / f"{name}-{number}"
                place.mkdir()
                place.chmod(0o755)  # squid's user looks into it, whatever the umask says
                peer = filters(place, made_by, asked.domains)[name]()
                try:
                    found[name] |= measure(name, peer, some, tool, asked)
                    if peer is not None:
                        print(f"{name:12s} memory {peer.memory():.0f} MB")
                finally:
                    if peer is not None:
                        peer.stop()
    compare(found)
    return 0


def compare(found: dict[str, Rates]) -> None:
    """The ratios that are held to be bars."""
    for ours, theirs in (("schoolgate1", "mitmdump"), ("schoolgate2", "squid"), ("schoolgate2", "squidguard"),
                         ("schoolgate2", "categories"), ("schoolgate2", "e2guardian"), ("schoolgate1", "squidguard"),
                         ("closed1", "splice"), ("closed2", "splice"), ("closed1", "mitmdump")):  # fmt: skip
        if ours in found and theirs in found:
            told = ", ".join(f"{kind} {rate / found[theirs][kind]:.2f}" for kind, rate in found[ours].items())
            print(f"{ours} / {theirs}: {told}")


if __name__ == "__main__":
    raise SystemExit(main())
