"""How cost grows with clients and with workers: a whole gateway under load, everything on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import bench_peers
import peers
from growth_table import Table, progress

KINDS = {"keep": "TLS, kept open", "new": "TLS, a new connection each"}
CLIENTS = 32
"""That ask so many workers."""
_FIGURES = [
    ("requests", "{:,.0f}/s"), ("CPU each", "{:,.2f} ms"), ("p50", "{:,.1f} ms"), ("p99", "{:,.1f} ms"),
    ("memory", "{:,.0f} MB"), ("failed", "{:,.0f}"),
]  # fmt: skip


@contextmanager
def _site(folder: Path) -> Iterator[tuple[Path, Callable[[int], peers.Peer]]]:
    """The load tool, and what starts a gateway with so many workers."""
    made_by = peers.authority(folder, "origin-ca")
    server = peers.site(folder, made_by)
    try:
        yield bench_peers.build(folder), lambda workers: peers.schoolgate(folder, made_by, workers)
    finally:
        server.terminate()
        server.wait()


def _best(tool: Path, peer: peers.Peer, kind: str, clients: int, seconds: float, rounds: int) -> dict[str, float]:
    long_enough = max(seconds, clients / 50)  # for each to be served more than once
    asked = (peers.load(tool, peer, kind, clients, long_enough) for _ in range(rounds))
    return max(asked, key=lambda each: each["rate"])


def clients(sizes: Sequence[int], folder: Path, seconds: float, rounds: int) -> None:
    """A table for each kind of connection: one worker, asked by more and more clients."""
    with _site(folder) as (tool, start):
        peer = start(1)
        try:
            for kind, words in KINDS.items():
                table = Table(f"Clients of one worker; {words}", "clients", _FIGURES)
                peers.load(tool, peer, kind, 2, 1)
                for size in sizes:
                    progress(f"{size:,} clients, {kind}")
                    table.add(size, *_figures(_best(tool, peer, kind, size, seconds, rounds), peer.memory()))
                table.show()
        finally:
            peer.stop()


def _figures(found: dict[str, float], memory: float) -> tuple[float, ...]:
    return found["rate"], found["cpu"], found["p50"] * 1000, found["p99"] * 1000, memory, found["failed"]


def workers(sizes: Sequence[int], folder: Path, seconds: float, rounds: int) -> None:
    """A table for each kind of connection: more and more workers, asked by the same clients."""
    tables = {kind: Table(f"Workers, {CLIENTS} clients; {words}", "workers", _FIGURES) for kind, words in KINDS.items()}
    with _site(folder) as (tool, start):
        for size in sizes:
            peer = start(size)
            try:
                for kind, table in tables.items():
                    progress(f"{size} workers, {kind}")
                    peers.load(tool, peer, kind, 8, 1)
                    table.add(size, *_figures(_best(tool, peer, kind, CLIENTS, seconds, rounds), peer.memory() / size))
            finally:
                peer.stop()
    for table in tables.values():
        table.show()
