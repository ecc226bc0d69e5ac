"""How cost grows with the lists: names like those of real lists, compiled and asked as a gateway does."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench_lists import SHARED, open_new, schoolgate, write_list
from growth_cost import cost_of
from growth_table import Table, progress
from lists_data import Asked, make_domains, make_urls
from schoolgate.policy.decision import decide
from schoolgate.policy.request import request_from_url
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings

URLS = 50_000


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Microseconds of processor time of a look-up and of a verdict, seconds of reading settings again, and mistakes."""

    look_up: float
    verdict: float
    again: float
    wrong: int


def curve(sizes: Sequence[int], folder: Path) -> None:
    """A table with a line for each number of domains."""
    table = Table(
        "Domains on a list", "domains",
        [("building, CPU", "{:,.1f} s"), ("memory then", "{:,.0f} MB"), ("index", "{:,.1f} MB"),
         ("look-up", "{:,.2f} µs"), ("verdict", "{:,.2f} µs"), ("memory of one that asks", "{:,.0f} MB"),
         ("opening a new index", "{:,.2f} ms"), ("settings read again", "{:,.2f} s"), ("wrong", "{:,.0f}")],
    )  # fmt: skip
    for size in sizes:
        progress(f"making {size:,} domains")
        domains, _ = make_domains(size, SHARED)
        asked = make_urls(URLS, domains, SHARED)
        place = folder / f"lists{size}"
        path = write_list(domains, place)
        del domains
        progress(f"compiling {size:,} domains")
        program, index = schoolgate(place / "school", path)
        cost = cost_of(_verdicts, place / "school" / "config", asked)
        found: Verdicts = cost.result
        built = (program.build_cpu, program.build_memory, program.file_bytes / 1e6)
        rest = (found.look_up, found.verdict, cost.memory, open_new(index) * 1000, found.again, found.wrong)
        table.add(size, *built, *rest)
        path.unlink()
    table.show()


def _verdicts(config: Path, asked: Sequence[Asked]) -> Verdicts:
    folders, at = find_folders(config), datetime.now(UTC)
    load_settings(folders)
    began = time.process_time()
    snapshot = load_settings(folders).snapshot
    again = time.process_time() - began
    requests = [request_from_url(each.url, at=at, client="10.20.0.7") for each in asked]
    random.Random(4).shuffle(requests)
    decide(requests[0], snapshot)
    began = time.process_time()
    for request in requests:
        snapshot.lists.look_up(request.host, request.target)
    looked = time.process_time()
    for request in requests:
        decide(request, snapshot)
    decided, number = time.process_time(), len(requests)
    known = {each.host: each.listed for each in asked}
    found = ((request.host, bool(snapshot.lists.look_up(request.host, request.target).hits)) for request in requests)
    wrong = sum(listed != known[host] for host, listed in found if host in known)
    return Verdicts((looked - began) / number * 1e6, (decided - looked) / number * 1e6, again, wrong)
