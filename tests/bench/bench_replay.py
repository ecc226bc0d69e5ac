"""Measures ``schoolgate replay`` over 100,000 events of two weeks, beside just reading them.

Run by hand: ``.ci/uv run python tests/bench/bench_replay.py [EVENTS]``. Prints seconds, their ratio, and events a second;
ends with 1 when 100,000 events would take 30 seconds or more.
"""

import random
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from pretend.told import named_school
from schoolgate.console.what_if import MOST
from schoolgate.policy.rules import Action
from schoolgate.replay.rejudging import FIELDS
from schoolgate.replay.run import Replay, replay
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import Settings, load_settings
from schoolgate.store.event import NAMES, stamp
from schoolgate.store.journal import Batch
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.record import RecordReader, open_reader
from schoolgate.store.writer import RecordWriter

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
BAR = 30.0  # seconds for 100,000 events
LISTED = ("pornhub.com", "bet365.com", "www.facebook.com", "x.com", "ebay.co.uk", "www.reddit.com", "mail.google.com")
SEARCHES = ("how to make a bomb", "free casino spins", "naked women", "how to kill myself")
PUPILS = {"group": "pupils", "identity_confidence": "network", "client": "127.0.2.9", "action": "block"}
STAFF = {"group": "staff", "identity_confidence": "login", "client": "127.0.3.7", "action": "log"}


def event(number: int, chance: random.Random, hosts: list[str], hers: str) -> dict[str, Any]:
    """A block of a pupil's or a visit of a member of staff, every tenth by what was searched for."""
    at = NOW - timedelta(seconds=chance.random() * 14 * 86400)
    row: dict[str, Any] = dict.fromkeys(NAMES, "") | (PUPILS if number % 3 else STAFF)
    row |= {"t": "event", "id": f"{number:028x}", "ref": f"{number:08X}", "at": stamp(at), "kind": "visit"}
    row |= {"person": f"d-{chance.randrange(400):012x}" if number % 3 else hers, "stage": "request", "method": "GET"}
    row |= {"host": chance.choice(hosts), "path": f"/{chance.randrange(5000)}", "search": None, "rule": "pupils-harm"}
    if number % 10 == 0:
        words = f"{chance.choice(SEARCHES)} {chance.randrange(2000)}"
        row |= {"stage": "search", "host": "www.google.com", "path": "/search", "search": words, "list": "search"}
    return row


def fill(data: Path, events: int, hers: str) -> None:
    """Write the record as the recorder does."""
    chance, writer = random.Random(7), RecordWriter(data)
    hosts = [*LISTED * 60, *(f"www.site{number}.example" for number in range(3000))]
    for start in range(0, events, 5000):
        rows = [event(number, chance, hosts, hers) for number in range(start, min(start + 5000, events))]
        writer.carry(Batch("bench", rows, start + 1, 0))
    writer.close()


def edited(settings: Settings) -> Settings:
    """The first rule warns where it blocked, and the last one is gone."""
    first, *rest, _ = settings.snapshot.rules
    rules = (replace(first, action=Action.WARN), *rest)
    return replace(settings, snapshot=replace(settings.snapshot, rules=rules))


def timed(reader: RecordReader, settings: Settings, hers: str, most: int | None) -> tuple[Replay, float]:
    """The answer, and the seconds that it took."""
    began = time.perf_counter()
    found = replay(reader, settings, edited(settings), NOW - timedelta(days=15), NOW, {hers: "j.smith"}, most=most)
    return found, time.perf_counter() - began


def main() -> int:
    """Measure and print."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(find_folders(named_school(Path(folder)).without_publishers().write().config))
        hers = open_pseudonyms(settings.data).of("user", "j.smith")
        fill(settings.data, events, hers)
        with open_reader(settings.data) as reader:
            began = time.perf_counter()
            columns = ", ".join(f'"{name}"' for name in FIELDS)
            assert sum(1 for _ in reader.query(f"select {columns} from events")) == events  # noqa: S608 our own names
            reading = time.perf_counter() - began
            found, taken = timed(reader, settings, hers, None)
            newest, shown = timed(reader, settings, hers, MOST)
    assert found.events == events
    print(f"{events:,} events: read {reading:.2f} s, judged twice {taken:.2f} s, x{taken / reading:.1f}")
    print(f"{events / taken:,.0f} events a second; {found.changed:,} changed, {found.same:,} did not")
    print(f"the console's first answer, about the newest {newest.events:,}: {shown * 1000:.0f} ms")
    return 1 if taken * 100_000 / events >= BAR else 0


if __name__ == "__main__":
    raise SystemExit(main())
