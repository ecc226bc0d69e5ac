"""How well visits are told from what pages load: precision and recall on real page loads, as sent and stripped.

Run ``uv run python tests/models/evaluate_visits.py [SAMPLE]``. Page loads are split by a hash of their site: six in ten
were used to develop the rules (``developed``), the rest only to measure them (``held out``).
"""

import gzip
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from schoolgate.policy.visits import Kind, Seen, Visits

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "traffic_sample" / "requests.jsonl.gz"
TOP = ("visit", "visit_redirect", "later_toplevel")  # the page asked for, where it led, where it went by itself
type Row = dict[str, Any]
type Strip = Callable[[str], bool]

STRIPS: dict[str, Strip] = {
    "as sent": lambda name: False,
    "no Sec-Fetch": lambda name: name.startswith("sec-fetch-"),
    "no Sec-Fetch, no Priority": lambda name: name.startswith("sec-fetch-") or name == "priority",
    "bare": lambda name: name.startswith(("sec-", ":")) or name in ("priority", "upgrade-insecure-requests"),
}


@dataclass
class Score:
    """Counts over the rows of some page loads."""

    right: int = 0
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    counted_false: int = 0
    loads: int = 0
    landed: int = 0

    @property
    def precision(self) -> float:
        """Of what was called a visit (or a hop to one), how much was."""
        return self.right / max(1, self.right + len(self.false))

    @property
    def recall(self) -> float:
        """Of the pages that were opened, how many were found."""
        return self.right / max(1, self.right + len(self.missed))


def is_developed(site: str) -> bool:
    """Whether this page load was used to develop the rules."""
    return int(hashlib.sha256(site.encode()).hexdigest(), 16) % 10 < 6


def reached_proxy(row: Row) -> bool:
    """Rows that the browser answered itself (HSTS), that have no http address, or that failed, never reach a proxy."""
    if row["status"] == 307 and row["mime"] == "x-unknown" and "accept" not in row["req_headers"]:
        return False
    return bool(row["status"] > 0) and str(row["url"]).startswith(("http://", "https://"))


def loads_of(sample: Path) -> dict[str, list[Row]]:
    """The rows of each page load."""
    loads: dict[str, list[Row]] = {}
    with gzip.open(sample, "rt") as lines:
        for row in map(json.loads, lines):
            loads.setdefault(row["site"], []).append(row)
    return loads


def seen_of(row: Row, strip: Strip, client: str) -> Seen:
    """A row as the gateway sees it."""
    headers = {k.lower(): v for k, v in row["req_headers"].items() if not strip(k.lower())}
    status = row["status"] if row["status"] > 0 else None
    return Seen(
        datetime.fromisoformat(row["t"]),
        client,
        row["method"],
        row["url"],
        headers,
        status,
        row["mime"],
        row["redirect"],
    )


def score(
    loads: Mapping[str, list[Row]], strip: Strip, client: Callable[[str], str] = str, failed: bool = True
) -> Score:
    """Judge page loads one after the other, each from the client that ``client`` names for its site.

    ``failed`` also tells rows that never got an answer, as an observer who records all of them would.
    """
    ledger, result = Visits(), Score()
    for site, row in _in_order(loads):
        if not reached_proxy(row) and not (failed and row["status"] <= 0):
            continue
        origin = ledger.judge(seen_of(row, strip, client(site)))
        top = row["truth"] in TOP
        found = origin.kind is Kind.VISIT or (origin.kind is Kind.REDIRECT and top and 300 <= row["status"] < 400)
        told = f"{row['truth']} {row['status']} {origin.kind} {origin.confidence} {row['url'][:100]} ({origin.reason})"
        if top:
            result.right += found
            if not found:
                result.missed.append(told)
        elif origin.kind is Kind.VISIT:
            result.false.append(told)
            result.counted_false += origin.confidence >= 0.8
        if top and row["truth"] != "later_toplevel" and not 300 <= row["status"] < 400:
            result.loads += 1
            result.landed += origin.kind is Kind.VISIT
    return result


def _in_order(loads: Mapping[str, list[Row]]) -> Iterator[tuple[str, Row]]:
    rows = [(site, row) for site, rows in loads.items() for row in rows]
    return iter(sorted(rows, key=lambda each: each[1]["t"]))


def main() -> None:
    """Print the figures of both parts of the split."""
    loads = loads_of(SAMPLE)
    loud = "-v" in sys.argv
    for part, wanted in (("developed", True), ("held out", False)):
        chosen = {site: rows for site, rows in loads.items() if is_developed(site) is wanted}
        for name, strip in STRIPS.items():
            for who, client in (("a device each", str), ("one device", lambda site: "")):
                found = score(chosen, strip, client)
                print(
                    f"{part:9}  {name:25}  {who:13}  precision {found.precision:7.2%}  recall {found.recall:7.2%}"
                    f"  landings {found.landed}/{found.loads}  false {len(found.false)}, counting {found.counted_false}"
                )
                if loud and wanted:
                    print(*(f"    missed {told}" for told in found.missed), sep="\n")
                    print(*(f"    false {told}" for told in found.false), sep="\n")


if __name__ == "__main__":
    main()
