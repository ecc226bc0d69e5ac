"""How cost grows: clients, lists, rules, events on record, workers. ``python tests/bench/bench_growth.py``.

One table for each curve; behind each figure stands its ratio to the first line of its table, which is what can be
compared with other machines. Clients and workers are asked over a network of its own (needs root, nginx and gcc, as
``bench_peers.py`` does). The store's largest record takes 8 GB of disk and a quarter of an hour to be written; with
``--keep`` it is used again. ``--sizes`` names fewer or other sizes of one curve.
"""

import argparse
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

# ruff: noqa: E402 (found by the line above)
import bench_peers
import growth_lists
import growth_load
import growth_rules
import growth_store

CURVES = {
    "clients": (1, 10, 32, 100, 256, 1_000),
    "lists": (10_000, 100_000, 1_000_000, 10_000_000),
    "rules": (10, 100, 1_000),
    "store": (10_000, 100_000, 1_000_000, 10_000_000),
    "workers": (1, 2, 3, 4),
}
"""The curves, and the sizes of each."""


def options() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("curves", nargs="*", metavar="CURVE", help=f"{', '.join(CURVES)}  [default: all]")
    parser.add_argument("--sizes", help="sizes of the one curve that is named, with commas, like 10000,100000")
    parser.add_argument("--seconds", type=float, default=5.0, help="of load for each figure  [default: 5]")
    parser.add_argument("--rounds", type=int, default=1, help="of load; the best is told  [default: 1]")
    parser.add_argument("--parts", default=",".join(growth_store.PARTS), help="of the store's curve  [default: all]")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write into DIR, leave it there, and use it again")
    asked = parser.parse_args()
    asked.curves = asked.curves or list(CURVES)
    asked.parts = asked.parts.split(",")
    if unknown := {*asked.curves} - {*CURVES} | {*asked.parts} - {*growth_store.PARTS}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if asked.sizes and len(asked.curves) != 1:
        parser.error("--sizes goes with one curve")
    return asked


def main() -> int:
    """Draw the curves that were asked for."""
    asked = options()
    inside = bool(os.environ.get(bench_peers.INSIDE))
    if not inside:
        print(
            f"schoolgate {version('schoolgate')}, mitmproxy {version('mitmproxy')}, Python {platform.python_version()}, "
            f"SQLite {sqlite3.sqlite_version}; {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
            f"load {os.getloadavg()[0]:.1f} at the start",
            flush=True,
        )
    folder = asked.keep.resolve() if asked.keep else Path(tempfile.mkdtemp(prefix="schoolgate-growth-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    try:
        for curve in asked.curves:
            sizes = [int(size) for size in asked.sizes.split(",")] if asked.sizes else CURVES[curve]
            if curve in ("clients", "workers") and not inside:
                words = [curve, "--sizes", ",".join(map(str, sizes)), "--seconds", str(asked.seconds)]
                bench_peers.inside(__file__, [*words, "--rounds", str(asked.rounds)])
            else:
                _drawn(asked, folder)[curve](sizes)
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def _drawn(asked: argparse.Namespace, folder: Path) -> dict[str, Callable[[Sequence[int]], None]]:
    return {
        "clients": lambda sizes: growth_load.clients(sizes, folder, asked.seconds, asked.rounds),
        "lists": lambda sizes: growth_lists.curve(sizes, folder),
        "rules": lambda sizes: growth_rules.curve(sizes, folder),
        "store": lambda sizes: growth_store.curve(sizes, folder, asked.parts),
        "workers": lambda sizes: growth_load.workers(sizes, folder, asked.seconds, asked.rounds),
    }


if __name__ == "__main__":
    raise SystemExit(main())
