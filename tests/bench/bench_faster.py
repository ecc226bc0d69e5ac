"""What each change in ``proxy/insides/faster.py`` is worth: ``python tests/bench/bench_faster.py``.

A worker with everything on and all changes serves in turn with one that does without any, and then without each; what
is told is the ratio of what a request costs of their processes' CPU. It runs in a network of its own (needs root), as
``bench_peers.py`` does.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

# ruff: noqa: E402 (found by the line above)
import bench_peers
import peers
from pretend.school import School
from schoolgate.proxy.doors import Doors
from schoolgate.proxy.insides import faster
from schoolgate.service import Supervisor
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import Settings

_LEFT_OUT = "SCHOOLGATE_BENCH_LEFT_OUT"  # names of changes, with commas


def work(number: int, doors: Doors, settings: Settings, channel: Connection) -> None:
    """A worker's main function, with some changes left out."""
    from schoolgate.proxy.worker import run_worker

    left_out = os.environ[_LEFT_OUT].split(",")
    kept = tuple(change for change in faster.CHANGES if str(change) not in left_out)
    faster.switch_on.__defaults__ = (kept,)
    run_worker(number, doors, settings, channel)


def serve(config: str) -> None:
    """Run a gateway until it is told to stop."""
    import bench_faster  # by its name, so that its processes find the worker's function

    Supervisor(find_folders(Path(config)), 1, lambda words: print(words, flush=True), bench_faster.work).run()


@contextmanager
def serving(left_out: list[str], folder: Path, ca: Path) -> Iterator[peers.Peer]:
    """A gateway whose one worker does without some changes; its CPU is the worker's own."""
    school = School(folder / f"school{time.monotonic_ns()}", upstream_ca=ca).write()
    said = school.root / "said"
    environment = {**os.environ, _LEFT_OUT: ",".join(left_out), "PYTHONPATH": f"{HERE}:{HERE.parent}"}
    with said.open("w") as out:
        command = [sys.executable, __file__, "--serve", str(school.config)]
        gateway = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
    try:
        while "is running for" not in said.read_text():
            if gateway.poll() is not None:
                raise SystemExit(said.read_text())
            time.sleep(0.1)
        names = ["ps", "--ppid", str(gateway.pid), "-o", "pid=", "-o", "comm="]
        listed = subprocess.run(names, capture_output=True, text=True, check=True).stdout.splitlines()
        worker = next(int(line.split()[0]) for line in listed if "worker" in line)
        yield peers.Peer("", school.proxy_port, gateway, lambda: [worker], lambda: None)
    finally:
        gateway.terminate()
        gateway.wait(30)


def costs(sides: list[peers.Peer], tool: Path, asked: argparse.Namespace) -> list[list[float]]:
    """Milliseconds of each worker's CPU for a request, asked in turn: other users of the machine meet all alike."""
    for side in sides:
        peers.load(tool, side, asked.kind, 4, 1)
    rounds = range(asked.rounds)
    return [[peers.load(tool, side, asked.kind, 16, asked.seconds)["cpu"] for side in sides] for _ in rounds]


def main() -> int:
    """Measure all, none, and all but one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", default="plain", choices=bench_peers.KINDS)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3, help="the middle ratio of so many is told")
    parser.add_argument("--only", default="", help="names of changes, with commas; all, if none are named")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve)
        return 0
    if not os.environ.get(bench_peers.INSIDE):
        return bench_peers.inside(__file__, sys.argv[1:])
    with peers.ground() as (folder, made_by):
        tool, names = bench_peers.build(folder), [str(change) for change in faster.CHANGES]
        sought = [name for name in asked.only.split(",") if name]
        if unknown := set(sought) - set(names):
            raise SystemExit(f"no such change: {', '.join(sorted(unknown))}")
        with serving([], folder, made_by.pem) as best:
            for told, left_out in [
                ("nothing", list[str]()),
                ("any", names),
                *((name, [name]) for name in sought or names),
            ]:
                with serving(left_out, folder, made_by.pem) as other:
                    ratios = [theirs / ours for ours, theirs in costs([best, other], tool, asked)]
                print(f"{median(ratios):5.2f} x  ({min(ratios):.2f} to {max(ratios):.2f})  without {told}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
