"""How cost grows with the record: what is asked of it, what keeps it in order, and what is written to it."""

import random
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import bench_console
from growth_cost import Cost, command, cost_of
from growth_table import Table, progress
from record_data import BATCH, NOW, fill, told, write_school
from schoolgate.policy.rules import Action
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings
from schoolgate.store import retention
from schoolgate.store.copies import copy_of_night, nights
from schoolgate.store.event import NAMES, new_reference, stamp
from schoolgate.store.journal import Journal
from schoolgate.store.pseudonym import open_pseudonyms
from schoolgate.store.recorder import Recorder
from schoolgate.store.schema import FILE
from schoolgate.store.writer import RecordWriter

DAYS = 365
DAY = "2026-11-18"
WRITTEN = 20_000
SCREENS = {
    "start": ("h.head", "/"), "log": ("h.head", "/log"), "log, a rare site": ("h.head", "/log?host=no-such-site"),
    "people, a week": ("h.head", "/people?period=week"), "cases": ("h.head", "/cases"),
    "contests": ("h.head", "/contests"), "mine": ("a.jones", "/mine"), "mine, all": ("a.jones", "/mine?period=all"),
}  # fmt: skip
"""The screens that have a column of their own; all are measured, and the slowest of them is told."""
COMMANDS = {
    "events of an hour": ("events", "--since", f"{DAY}T10:00", "--until", f"{DAY}T11:00", "--json"),
    "events, a reference": ("events", "--ref", "0000-002A"),
    "retention": ("retention",),
    "digest, a day": ("digest", "--period", "day", "--at", DAY),
    "digest, a week": ("digest", "--period", "week", "--at", DAY),
    "technician's week": ("report", "week_technician", "--at", DAY),
    "governors' term": ("report", "term_governors", "--at", DAY),
    "review of a year": ("report", "year_review", "--at", DAY),
}


def curve(sizes: Sequence[int], folder: Path, parts: Sequence[str]) -> None:
    """Tables of screens, commands, upkeep and writing; records that lie in ``folder`` already are used again."""
    shown = "{:,.0f} ms"
    tables = {
        "screens": Table(
            "Console, processor time of a screen (median)", "events",
            [*((name, shown) for name in SCREENS), ("the slowest", shown)],
        ),
        "commands": Table("Commands, processor time", "events", [(name, "{:,.2f} s") for name in COMMANDS]),
        "memory": Table("Commands, the most memory", "events", [(name, "{:,.0f} MB") for name in COMMANDS]),
        "upkeep": Table(
            "Upkeep (wall time for the copy, else processor time)", "events",
            [("record", "{:,.0f} MB"), ("verify", "{:,.1f} s"), ("memory", "{:,.0f} MB"),
             ("retention, nothing due", "{:,.2f} s"), ("a day due", "{:,.1f} s"), ("memory", "{:,.0f} MB"),
             ("nightly copy", "{:,.1f} s"), ("memory", "{:,.0f} MB"), ("recorder begins", "{:,.2f} s")],
        ),
        "writing": Table(
            f"Writing {WRITTEN:,} more events", "events",
            [("into a journal", "{:,.0f}/s"), ("carried over", "{:,.0f}/s"), ("a second of CPU", "{:,.0f}/s"),
             ("recorder's memory", "{:,.0f} MB")],
        ),
    }  # fmt: skip
    for size in sizes:
        config = made(size, folder)
        for part in parts:
            progress(f"{size:,} events: {part}")
            _PARTS[part](size, config, tables)
    for name, table in tables.items():
        if name in parts or (name == "memory" and "commands" in parts):
            table.show()


def made(size: int, folder: Path) -> Path:
    """The config folder of a school with a record of so many events."""
    place, done = folder / f"record{size}", folder / f"record{size}" / "made"
    if done.exists():
        return place / "config"
    shutil.rmtree(place, ignore_errors=True)
    cost_of(_make, size, place)
    done.touch()
    return place / "config"


def _make(size: int, place: Path) -> None:
    settings = write_school(place)
    every = max(1, size // BATCH // 10)

    def tell(number: int) -> None:
        if number % every == 0:
            progress(f"{size:,} events: {min(1, number * BATCH / size):.0%} written")

    fill(settings.data, told(size, DAYS, open_pseudonyms(settings.data)), tell)


def _screens(size: int, config: Path, tables: dict[str, Table]) -> None:
    found = cost_of(_look, config).result
    times = {(each.login, each.path): each.busy for each in found}
    slowest = max(found, key=lambda each: each.busy)
    progress(f"{size:,} events: the slowest screen is {slowest.path} of {slowest.login}, {slowest.busy:.0f} ms")
    tables["screens"].add(size, *(times[place] for place in SCREENS.values()), slowest.busy)


def _look(config: Path) -> list[bench_console.Screen]:
    return list(bench_console.screens(load_settings(find_folders(config)), times=5))


def _commands(size: int, config: Path, tables: dict[str, Table]) -> None:
    costs = list[Cost]()
    for name, words in COMMANDS.items():
        costs.append(cost_of(command, *words, "--config", str(config)))
        progress(f"{size:,} events: {name} {costs[-1].cpu:.2f} s, {costs[-1].memory:,.0f} MB")
    tables["commands"].add(size, *(each.cpu for each in costs))
    tables["memory"].add(size, *(each.memory for each in costs))


def _upkeep(size: int, config: Path, tables: dict[str, Table]) -> None:
    data = config.parent / "var"
    record = (data / FILE).stat().st_size / 1e6
    check = cost_of(command, "verify", "--config", str(config))
    nothing = cost_of(_forget, data, timedelta(days=10 * DAYS))
    day = cost_of(_forget, data, NOW - _second_day(data))
    copy = cost_of(copy_of_night, data, FILE, 1, NOW.timestamp())
    for _, path in nights(data, FILE):
        path.unlink()
    begin = cost_of(_begin, data)
    costs = (check.cpu, check.memory, nothing.result, day.result, day.memory, copy.wall, copy.memory, begin.cpu)
    tables["upkeep"].add(size, record, *costs)


def _second_day(data: Path) -> datetime:
    """When the second day of a record begins: what was before is due."""
    with closing(sqlite3.connect(f"{(data / FILE).as_uri()}?mode=ro", uri=True)) as connection:
        (first,) = connection.execute("select min(at) from event where action <> 'deed'").fetchone()
    return datetime.fromisoformat(first).replace(hour=0, minute=0) + timedelta(days=1)


def _forget(data: Path, span: timedelta) -> float:
    """A run of retention; its seconds of processor time, without those that the record takes to be opened."""
    record = RecordWriter(data)
    try:
        busy = time.process_time()
        retention.forget(record, dict.fromkeys((*Action, "fault"), span), NOW, "v1", retention.Seen())
        return time.process_time() - busy
    finally:
        record.close()


def _begin(data: Path) -> None:
    """A recorder starts, and ends."""
    recorder = Recorder(data, {})
    recorder.round()
    recorder.close()


def _writing(size: int, config: Path, tables: dict[str, Table]) -> None:
    data = config.parent / "var"
    noted = cost_of(_note, data)
    carried = cost_of(_carry, data)
    wall, busy = carried.result
    tables["writing"].add(size, WRITTEN / noted.result, WRITTEN / wall, WRITTEN / busy, carried.memory)


def _news() -> Iterator[dict[str, Any]]:
    chance = random.Random()  # each time other ids
    for number in range(WRITTEN):
        at = NOW + timedelta(milliseconds=number)
        yield dict.fromkeys(NAMES, "") | {
            "t": "event", "id": f"{int(at.timestamp() * 1000):012x}{chance.randbytes(8).hex()}",
            "ref": new_reference(), "at": stamp(at), "person": f"d-{chance.randrange(2000):012x}", "group": "pupils",
            "client": "10.0.1.1", "action": "block", "kind": "visit", "category": "games", "search": None,
            "host": f"site{chance.randrange(3000)}.example", "path": f"/{number}", "rule": "pupils-distraction",
        }  # fmt: skip


def _note(data: Path) -> float:
    """Append to a journal as a worker does; seconds."""
    journal, news = Journal(data, "worker-1"), list(_news())
    began = time.perf_counter()
    for entry in news:
        journal.append(entry)
    took = time.perf_counter() - began
    journal.close()
    return took


def _carry(data: Path) -> tuple[float, float]:
    """Seconds of wall and of processor time that the recorder takes for what waits."""
    recorder = Recorder(data, {})
    began, busy = time.perf_counter(), time.process_time()
    recorder.round()
    took = time.perf_counter() - began, time.process_time() - busy
    recorder.close()
    return took


_PARTS = {"screens": _screens, "commands": _commands, "upkeep": _upkeep, "writing": _writing}
PARTS = tuple(_PARTS)
