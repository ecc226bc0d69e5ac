"""Prometheus metrics: what each worker counts, and one address that shows them all with the state of the store."""

import asyncio
import hashlib
import os
import shutil
import time
from bisect import bisect_left
from collections import Counter as CountedBy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # must be in the environment before prometheus_client is imported
_BUCKETS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0)
_GATHERED = 0.2  # seconds
_LOADED = "schoolgate_snapshot_loaded_timestamp_seconds"


class WorkerMetrics:
    """What one worker counts. Nothing here names a person or a site."""

    def __init__(self, worker: str) -> None:
        registry = CollectorRegistry()
        self._worker = worker
        self._version = ""
        self._judged = CountedBy[tuple[str, str]]()
        self._verdicts, self._pages = list[float](), list[float]()
        self._flushing = False
        self._requests = Counter(
            "schoolgate_requests", "Requests judged", ["worker", "group", "action"], registry=registry
        )
        self._blocks = Counter("schoolgate_blocks", "Requests blocked", ["worker", "category"], registry=registry)
        self._faults = Counter("schoolgate_faults", "Faults of the gateway", ["worker", "where"], registry=registry)
        self._challenges = Counter(
            "schoolgate_challenges", "Bot walls that took us for a robot", ["worker", "wall"], registry=registry
        )
        self._verdict = Histogram(
            "schoolgate_verdict_seconds",
            "Time to reach a verdict",
            ["worker"],
            buckets=_BUCKETS,
            registry=registry,
        ).labels(worker)
        self._page = Histogram(
            "schoolgate_page_seconds",
            "Time to judge the words of a page, waiting included",
            ["worker"],
            buckets=_BUCKETS,
            registry=registry,
        ).labels(worker)
        self._journal = Histogram(
            "schoolgate_journal_write_seconds",
            "Time to put an event into the journal",
            ["worker"],
            buckets=_BUCKETS,
            registry=registry,
        ).labels(worker)
        self._info = Gauge(
            "schoolgate_snapshot_info",
            "Version of the settings in force",
            ["worker", "version"],
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self._loaded = Gauge(
            _LOADED,
            "When the settings in force were taken up",
            ["worker"],
            registry=registry,
            multiprocess_mode="livemostrecent",
        ).labels(worker)

    def request(self, group: str, action: str, category: str) -> None:
        """One verdict; a block is counted at once, so that no death of a process takes it away."""
        if action == "block":
            self._requests.labels(self._worker, group, action).inc()
            self._blocks.labels(self._worker, category or "none").inc()
            return
        self._judged[group, action] += 1
        self._flush_soon()

    def fault(self, where: str) -> None:
        """One fault."""
        self._faults.labels(self._worker, where).inc()

    def challenge(self, wall: str) -> None:
        """A site's bot wall took the gateway for a robot."""
        self._challenges.labels(self._worker, wall).inc()

    def verdict_took(self, seconds: float) -> None:
        """How long a verdict took."""
        self._verdicts.append(seconds)
        self._flush_soon()

    def page_took(self, seconds: float) -> None:
        """How long the judgement of a page took."""
        self._pages.append(seconds)
        self._flush_soon()

    def _flush_soon(self) -> None:
        """What comes with every request is gathered first: a count in the shared file costs as much as a verdict."""
        if self._flushing:
            return
        try:
            asyncio.get_running_loop().call_later(_GATHERED, self.flush)
            self._flushing = True
        except RuntimeError:  # nothing runs that could come back to it
            self.flush()

    def flush(self) -> None:
        """Count what was gathered."""
        self._flushing = False
        judged, self._judged = self._judged, CountedBy()
        for (group, action), number in judged.items():
            self._requests.labels(self._worker, group, action).inc(number)
        verdicts, self._verdicts = self._verdicts, []
        pages, self._pages = self._pages, []
        _observe_all(self._verdict, verdicts)
        _observe_all(self._page, pages)

    @contextmanager
    def journal_write(self) -> Iterator[None]:
        """Time a write to the journal."""
        started = time.perf_counter()
        yield
        self._journal.observe(time.perf_counter() - started)

    def snapshot_loaded(self, version: str) -> None:
        """A version of the settings was taken up."""
        if self._version and self._version != version:
            self._info.labels(self._worker, self._version).set(0)
        self._version = version
        self._info.labels(self._worker, version).set(1)
        self._loaded.set(time.time())


def _observe_all(histogram: Histogram, seconds: list[float]) -> None:
    """As if each was observed, with one count a bucket."""
    if seconds:
        histogram._sum.inc(sum(seconds))
        bounds = histogram._upper_bounds
        for place, number in CountedBy(bisect_left(bounds, each) for each in seconds).items():
            histogram._buckets[place].inc(number)


class _Ages(Collector):
    """Every worker's metrics, and the age of its settings."""

    def __init__(self) -> None:
        self._workers = MultiProcessCollector(None)

    def collect(self) -> Iterable[Metric]:
        age = GaugeMetricFamily("schoolgate_snapshot_age_seconds", "Age of the settings in force", labels=["worker"])
        for metric in self._workers.collect():
            if metric.name == _LOADED:
                for sample in metric.samples:
                    age.add_metric([sample.labels["worker"]], time.time() - sample.value)
            yield metric
        yield age


class _Store(Collector):
    """The state of the record and the outbox, read when somebody asks."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def collect(self) -> Iterable[Metric]:
        from schoolgate.store.figures import store_figures  # which no worker needs, and costs it memory

        figures = store_figures(self._data)
        for name, words, value in (
            ("schoolgate_store_queue_bytes", "Journal bytes not yet in the record", figures.queue_bytes),
            ("schoolgate_store_queue_depth", "Journal entries not yet in the record", figures.queue_entries),
            ("schoolgate_alerts_waiting", "Mails that wait to be sent", figures.mails_waiting),
        ):
            yield GaugeMetricFamily(name, words, value=value)
        yield SummaryMetricFamily(
            "schoolgate_store_write_seconds",
            "Time to write a batch of events to the record",
            count_value=figures.writes,
            sum_value=figures.write_seconds,
        )
        for name, words, value in (
            ("schoolgate_store_damaged_lines", "Journal lines that could not be read", figures.damaged),
            ("schoolgate_alerts_sent", "Mails sent", figures.mails_sent),
        ):
            yield CounterMetricFamily(name, words, value=value)


def prepare_metrics(data: Path) -> None:
    """Empty the folder that workers share their counts in, and name it to this process and its children."""
    folder = _metrics_folder(data)
    for old in folder.glob("*.db"):
        old.unlink()
    os.environ[_FOLDER] = str(folder)


def _metrics_folder(data: Path) -> Path:
    """In shared memory where there is any: a full disk under a mapped file would kill the worker that counts."""
    name = f"schoolgate-{os.getuid()}-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"
    for folder in (Path("/dev/shm") / name, data / "metrics"):  # noqa: S108
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.stat().st_uid == os.getuid() and not folder.is_symlink() and os.access(folder, os.W_OK):
                return folder
        except OSError:
            continue
    raise OSError(f"no folder for metrics can be written below {data}")


def worker_ended(pid: int) -> None:
    """What only living workers say (their settings' version) is forgotten; what they counted stays."""
    mark_process_dead(pid)


def remove_metrics() -> None:
    """The gateway stops: the shared counts go."""
    shutil.rmtree(os.environ.get(_FOLDER, ""), ignore_errors=True)


def serve_metrics(address: tuple[str, int], data: Path) -> None:
    """Serve /metrics from a thread of this process. Raises OSError when the address cannot be opened."""
    registry = CollectorRegistry()
    registry.register(_Ages())
    registry.register(_Store(data))
    start_http_server(address[1], addr=address[0], registry=registry)
