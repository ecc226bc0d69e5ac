"""Delay, memory and what a block costs, each beside its bar: ``python tests/bench/bench_limits.py``.

Parts (``--parts``): ``delay`` is what one client waits longer than without a proxy; ``blocked`` is how fast a block page
comes, and that no site was contacted for it; ``idle`` is what a thousand connections that nobody uses hold; ``bodies``
is what a worker takes on over bodies of 2 GB, either way; ``memory`` is a worker at its start and after 100,000
requests, and with ``--minutes`` through mixed load. Everything is on; load, site and gateway share the machine's cores.
It runs in a network of its own (needs root) and reaches nobody. Memory is told as RSS (all that the process sees), PSS
(what it shares with others counted by its share) and as private (what would be free again without it).
"""

import argparse
import os
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

# ruff: noqa: E402 (found by the line above)
import bench_peers
import peers

FAR, BODIES = "127.0.0.9", f"bodies.{peers.MANY}"  # where no page is: a site that counts, and takes and makes bodies
HOSTS = (
    f"127.0.0.1 localhost {peers.SITE}\n{FAR} {peers.BLOCKED} {BODIES}\n"
    + "".join(f"127.0.0.1 s{number}.{peers.MANY}\n" for number in range(500))
)  # fmt: skip
CLIENT = "127.0.2.1"
PARTS = ("delay", "blocked", "idle", "bodies", "memory")
FETCHED = "/10k.html,/data.json,/app.js,/10k.html,/picture.png,/fresh.html"
MIXED = (("r10", f"s#.{peers.MANY}", FETCHED), ("keep", peers.SITE, FETCHED), ("new", f"s#.{peers.MANY}", "/10k.html"),
         ("plain", f"s#.{peers.MANY}", FETCHED), ("r10", peers.BLOCKED, "/"), ("plain new", peers.BLOCKED, "/"))  # fmt: skip
"""Kinds of load, one after the other: how, from where, and what."""
_SLICE = 5.0  # seconds that each of them takes


class Memory:
    """What a process holds, in MB."""

    def __init__(self, pid: int) -> None:
        found = dict.fromkeys(("Rss:", "Pss:", "Private_Clean:", "Private_Dirty:"), 0)
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, size, _ = line.split()
            if name in found:
                found[name] = int(size)
        self.rss, self.pss = found["Rss:"] / 1024, found["Pss:"] / 1024
        self.private = (found["Private_Clean:"] + found["Private_Dirty:"]) / 1024

    def __str__(self) -> str:
        return f"RSS {self.rss:.0f} MB, PSS {self.pss:.0f} MB, private {self.private:.0f} MB"


def peak(pid: int, anew: bool = False) -> float:
    """The most memory that a process held since this was asked ``anew``, in MB (VmHWM)."""
    if anew:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def told(what: str, figure: str, bar: str = "", met: bool | None = None) -> None:
    """One line: what was measured, its figure, and the bar."""
    verdict = {None: "", True: "  met", False: "  MISSED"}[met]
    print(f"{what:52s} {figure:58s} {f'bar {bar}' if bar else ''}{verdict}", flush=True)


class Bench:
    """What all parts have at hand."""

    def __init__(self, folder: Path, asked: argparse.Namespace) -> None:
        self.asked, self.folder = asked, folder
        self.authority = peers.authority(folder, "origin-ca")
        self.tool = bench_peers.build(folder)
        self.crt, self.key = peers.leaf(self.authority, folder, BODIES)

    @contextmanager
    def gateway(self, closed: bool = False) -> Iterator[peers.Peer]:
        """A gateway of one worker, quiet after its start."""
        peer = peers.schoolgate(self.folder, self.authority, 1, closed)
        try:
            time.sleep(4)
            yield peer
        finally:
            peer.stop()
            shutil.rmtree(self.folder / peer.name, ignore_errors=True)

    def ask(self, peer: peers.Peer | None, kind: str, clients: int, seconds: float, **what: str) -> dict[str, float]:
        """Figures of a load."""
        return peers.load(self.tool, peer, kind, clients, seconds, **what)


def worker(peer: peers.Peer) -> int:
    """The process id of the one worker; those that read pages for it stand behind it."""
    return peer.pids()[0]


def delay(bench: Bench) -> None:
    """What one client waits longer than without a proxy, in turns."""
    bars = {"keep": ("p50", 3.0), "plain": ("p50", 3.0)}
    with bench.gateway() as peer:
        for kind in ("keep", "plain", "new", "plain new"):
            for path in ("/10k.html", "/fresh.html"):
                bench.ask(peer, kind, 1, 1.0, path=path)
                direct, through = [], []
                for _ in range(bench.asked.rounds):
                    direct.append(bench.ask(None, kind, 1, bench.asked.seconds, path=path))
                    through.append(bench.ask(peer, kind, 1, bench.asked.seconds, path=path))
                for name in ("p50", "p99"):
                    before, after = (_middle([each[name] * 1000 for each in found]) for found in (direct, through))
                    most = bars.get(kind, ("", 0.0))[1] if name == "p50" else 15.0
                    figure = f"{after - before:6.2f} ms added ({before:.2f} to {after:.2f})"
                    bar = f"under {most:.0f} ms" if most else ""
                    told(
                        f"delay, {kind}, {path}, 1 client, {name}", figure, bar, after - before < most if most else None
                    )


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def accepted() -> int:
    """How many connections the far site has taken by now, but for those of this question."""
    with socket.create_connection((FAR, 80)) as connection:
        connection.sendall(b"GET /accepted HTTP/1.1\r\nHost: counted\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer or not answer.partition(b"\r\n\r\n")[2]:
            answer += connection.recv(4096)
    number = int(answer.partition(b"\r\n\r\n")[2])
    accepted.asked += 1  # type: ignore[attr-defined]
    return number - accepted.asked + 1  # type: ignore[attr-defined,no-any-return]


accepted.asked = 0  # type: ignore[attr-defined]


def blocked(bench: Bench) -> None:
    """How soon a block page comes, and whether anybody was asked for it."""
    with bench.gateway() as peer:
        for kind in ("keep", "plain", "new"):
            bench.ask(peer, kind, 1, 1.0, host=peers.BLOCKED, path="/")
            before = accepted()
            found = bench.ask(peer, kind, 1, bench.asked.seconds, host=peers.BLOCKED, path="/")
            reached = accepted() - before
            assert found["refused"] == found["done"] > 0, found
            p50, p99 = found["p50"] * 1000, found["p99"] * 1000
            held = p50 < 2.0 if kind != "new" else None
            told(
                f"blocked, {kind}, 1 client",
                f"p50 {p50:.2f} ms, p99 {p99:.2f} ms",
                "p50 under 2 ms" if held is not None else "",
                held,
            )
            told(f"  sites contacted for {found['done']:.0f} of them", str(reached), "0", reached == 0)
        before = accepted()
        fetch(peer, f"http://{BODIES}", b"GET", "/1")
        told(
            "  contacted for one that is allowed (the counter)", str(accepted() - before), "1", accepted() - before == 1
        )


def tunnel(peer: peers.Peer, host: str, secure: bool, ca: Path | None) -> socket.socket:
    """A connection to a site by CONNECT, with TLS inside; believed is only the CA that is named."""
    connection = socket.create_connection(("127.0.0.1", peer.port), 60, source_address=(CLIENT, 0))
    if secure:
        connection.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        assert b" 200 " in _head(connection), host
        context = ssl.create_default_context(cafile=str(ca))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        connection = context.wrap_socket(connection, server_hostname=host)
    return connection


def _head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte, head
        head += byte
    return head


def idle(bench: Bench) -> None:
    """A thousand connections that asked for one page each and wait."""
    number = bench.asked.idle
    for closed in (True, False):
        with bench.gateway(closed) as peer:
            ca = bench.authority.pem if closed else peer.ca
            for connection in [_asked(peer, ca) for _ in range(100)]:
                connection.close()
            time.sleep(3)
            before = Memory(worker(peer))
            held = [_asked(peer, ca) for _ in range(number)]
            time.sleep(3)
            after = Memory(worker(peer))
            for connection in held:
                connection.close()
            time.sleep(65)  # a worker tidies up once a minute
            what, grown = "passed through" if closed else "looked into", after.private - before.private
            figure = f"{grown:.1f} MB more private, {after.rss - before.rss:.1f} MB RSS ({after})"
            bar, held = ("under 100 MB", grown < 100) if closed else ("", None)
            told(f"{number} idle connections, {what}", figure, bar, held)
            told("  after they have gone", str(Memory(worker(peer))))


def _asked(peer: peers.Peer, ca: Path | None) -> socket.socket:
    connection = tunnel(peer, peers.SITE, True, ca)
    connection.sendall(f"GET /take HTTP/1.1\r\nHost: {peers.SITE}\r\n\r\n".encode())
    assert b" 204 " in _head(connection)
    return connection


def fetch(peer: peers.Peer, to: str, method: bytes, path: str, size: int = 0, ca: Path | None = None) -> int:
    """Send so many bytes and take in all that is answered; how many bytes that was."""
    secure, host = to.startswith("https:"), to.partition("//")[2]
    with tunnel(peer, host, secure, ca) as connection:
        where = path if secure else f"http://{host}{path}"
        length = f"Content-Length: {size}\r\nContent-Type: application/octet-stream\r\n" if size else ""
        connection.sendall(method + f" {where} HTTP/1.1\r\nHost: {host}\r\n{length}\r\n".encode())
        piece, buffer, got = bytes(1 << 18), bytearray(1 << 18), 0
        for start in range(0, size, len(piece)):
            connection.sendall(piece[: size - start])
        head = _head(connection)
        assert b" 200 " in head, head
        left = int(head.lower().partition(b"content-length:")[2].split()[0])
        while got < left:
            came = connection.recv_into(buffer)
            assert came, f"it ended after {got} of {left} bytes"
            got += came
    return got


def bodies(bench: Bench) -> None:
    """Bodies of many bytes either way: what the worker's memory grows by meanwhile."""
    size = int(bench.asked.gb * 1024**3)
    for closed, to in ((False, "https"), (False, "http"), (True, "https")):
        with bench.gateway(closed) as peer:
            ca, pid = bench.authority.pem if closed else peer.ca, worker(peer)
            for way in ("download", "upload"):
                kind = "passed through" if closed else {"https": "TLS, looked into", "http": "plain"}[to]
                wanted = (b"GET", f"/{size}", 0) if way == "download" else (b"POST", "/take", size)
                fetch(
                    peer,
                    f"{to}://{BODIES}",
                    wanted[0],
                    "/1000000" if way == "download" else "/take",
                    wanted[2] and 1_000_000,
                    ca,
                )
                before, began = peak(pid, anew=True), time.monotonic()
                fetch(peer, f"{to}://{BODIES}", *wanted, ca)
                took, grown = time.monotonic() - began, peak(pid) - before
                figure = f"{grown:5.1f} MB more at its peak, {size / took / 1e6:,.0f} MB/s"
                told(f"{way} of {size / 1024**3:.1f} GB, {kind}", figure, "flat (under 10 MB)", grown < 10)


def memory(bench: Bench) -> None:
    """A worker at its start, after so many requests, and through mixed load."""
    with bench.gateway() as peer:
        time.sleep(4)
        pid, done = worker(peer), 0.0
        told("a worker at its start", str(Memory(pid)))
        for step in range(1, 6):
            while done < bench.asked.requests * step / 5:
                done += bench.ask(peer, "keep", 32, 3)["done"]
            now = Memory(pid)
            last = step == 5
            told(
                f"  after {done:,.0f} requests",
                str(now),
                "PSS under 150 MB" if last else "",
                now.pss < 150 if last else None,
            )
        told("  what reads pages for it, each", ", ".join(str(Memory(each)) for each in peer.pids()[1:] if alive(each)))
        told("  all processes of the gateway, PSS", f"{whole(peer):.0f} MB")
        if bench.asked.minutes:
            _mixed(bench, peer, pid)


def alive(pid: int) -> bool:
    """Whether there is such a process."""
    return Path(f"/proc/{pid}/smaps_rollup").exists()


def whole(peer: peers.Peer) -> float:
    """MB of all processes together, what they share counted once."""
    assert peer.process is not None
    return sum(Memory(pid).pss for pid in (peer.process.pid, *peers.below(peer.process.pid)) if alive(pid))


def _mixed(bench: Bench, peer: peers.Peer, pid: int) -> None:
    """The curve, a line each minute: two kinds of load at a time, all kinds again and again."""
    end, done, turn = time.monotonic() + bench.asked.minutes * 60, 0.0, 0
    curve: list[Memory] = []
    while time.monotonic() < end:
        minute = time.monotonic() + 60
        while time.monotonic() < minute:
            done += sum(_together(bench, peer, (MIXED[turn % len(MIXED)], MIXED[(turn + 1) % len(MIXED)])))
            turn += 1
        curve.append(Memory(pid))
        told(f"  mixed load, minute {len(curve)}, {done:,.0f} requests", str(curve[-1]))
    middle, last = curve[len(curve) // 2], curve[-1]
    told("  from the middle to the end", f"{last.pss - middle.pss:+.1f} MB PSS, {last.rss - middle.rss:+.1f} MB RSS")
    told("  at the end", str(last), "PSS under 150 MB", last.pss < 150)


def _together(bench: Bench, peer: peers.Peer, kinds: tuple[tuple[str, str, str], ...]) -> list[float]:
    done = [0.0] * len(kinds)

    def ask(place: int, kind: str, host: str, path: str) -> None:
        done[place] = bench.ask(peer, kind, 8, _SLICE, host=host, path=path)["done"]

    threads = [threading.Thread(target=ask, args=(place, *kind)) for place, kind in enumerate(kinds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each load of one client")
    parser.add_argument("--rounds", type=int, default=3, help="with and without proxy in turn; the middle is told")
    parser.add_argument("--idle", type=int, default=1000, help="connections that wait")
    parser.add_argument("--gb", type=float, default=2.0, help="size of the large bodies")
    parser.add_argument("--requests", type=int, default=100_000, help="after which memory is told")
    parser.add_argument("--minutes", type=float, default=0.0, help="of mixed load after these")
    asked = parser.parse_args()
    if not os.environ.get(bench_peers.INSIDE):
        return bench_peers.inside(__file__, sys.argv[1:], HOSTS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, max(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    folder = Path(tempfile.mkdtemp(prefix="schoolgate-bench-"))
    folder.chmod(0o755)
    print(f"{bench_peers.versions()}; {os.cpu_count()} processors, which {os.getloadavg()[0]:.1f} others wanted")
    bench = Bench(folder, asked)
    near = peers.site(folder, bench.authority)
    far = subprocess.Popen([sys.executable, str(HERE / "bodies.py"), FAR, str(bench.crt), str(bench.key)])
    parts: dict[str, Callable[[Bench], None]] = {
        "delay": delay, "blocked": blocked, "idle": idle, "bodies": bodies, "memory": memory,
    }  # fmt: skip
    try:
        for name in asked.parts.split(","):
            parts[name](bench)
    finally:
        for process in (near, far):
            process.terminate()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
