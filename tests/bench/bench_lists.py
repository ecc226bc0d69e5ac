"""How fast and how small the list engine is beside squidGuard, on the same list and the same URLs, in one run.

``python tests/bench/bench_lists.py`` makes 5,000,000 domains and 200,000 URLs (see lists_data.py), lets a plain
Python set say which are listed, and asks both programs through the same kind of pipe. The figures to quote are the
ratios: machines differ and are shared. Decisions are counted twice: *streamed* (lines are sent as fast as they are
taken) and *one at a time* (the next line is sent when the last is answered, which is how Squid asks squidGuard, and
where the machine's own switching between two processes counts most). Nothing is installed: without squidGuard
(Debian: ``apt-get install squidguard``) its half is left out. schoolgate's shipped lists are emptied in the school
that is measured, so both judge by the one list. Linux only: memory and CPU time are read from /proc.

How cost grows with the list is drawn by ``bench_growth.py lists``. Exit code 1 if schoolgate disagreed with the set on any URL, else 0; bars that were missed do not change it.
"""

import argparse
import json
import os
import platform
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.lists_data import Asked, is_listed, make_domains, make_urls
from pretend.school import School
from schoolgate.lists.index import Index
from schoolgate.policy.request import request_from_url
from schoolgate.settings.folders import shipped

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
FULL, FULL_URLS, QUICK, QUICK_URLS = 5_000_000, 200_000, 200_000, 20_000
SOME_URLS, FOUR = 10_000, 4
PATIENCE = 120.0  # seconds without any answer after which a program is given up
CATEGORY = "benchmarked"
CLIENT, SORRY = "10.20.0.7", "http://block.example/"

PEOPLE = 'groups:\n  pupils: {title: Pupils, networks: ["10.20.0.0/16"], inspect: full}\nunknown: pupils\n'
RULES = f"rules:\n  - {{id: all, groups: [pupils], categories: [{CATEGORY}], action: block, why: It is listed.}}\n"
SQUIDGUARD = """dbhome {folder}/db
logdir {folder}
src pupils {{
  ip 10.20.0.0/16
}}
dest listed {{
  domainlist listed/domains
}}
acl {{
  pupils {{
    pass !listed all
    redirect {sorry}
  }}
  default {{
    pass none
    redirect {sorry}
  }}
}}
"""
COMPILE = """
import json, sys, time
from pathlib import Path
from schoolgate.settings.folders import find_folders
from schoolgate.settings.load import load_settings
started = time.perf_counter()
settings = load_settings(find_folders(Path(sys.argv[1])))
seconds, cpu = time.perf_counter() - started, time.process_time()
print(json.dumps({"seconds": seconds, "cpu": cpu, "index": str(settings.index)}))
"""


# ---- processes: what they cost, and questions through a pipe ----


def tree(pid: int) -> list[int]:
    """A process and all below it that live now."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [each for child in task.read_text().split() for each in tree(int(child))]
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time of a process, of all below it, and of those below it that have ended."""
    ticks = 0
    for each in tree(pid):
        with suppress(OSError):
            ticks += sum(map(int, Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _kilobytes(path: str, name: str) -> int:
    with suppress(OSError):
        for line in Path(path).read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return 0


def shared_memory(pid: int) -> float:
    """MB of a process and all below it; what several share is divided among them (PSS)."""
    return sum(_kilobytes(f"/proc/{each}/smaps_rollup", "Pss:") for each in tree(pid)) / 1000


def run_watched(command: Sequence[str]) -> tuple[float, float, str]:
    """Run a command to its end: seconds, the most MB that it and all below it held at once, and what it said."""
    started, peak = time.perf_counter(), 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        while process.poll() is None:
            held = _kilobytes(f"/proc/{process.pid}/status", "VmHWM:") / 1000
            peak = max(peak, held, shared_memory(process.pid) if len(tree(process.pid)) > 1 else 0)
            time.sleep(0.02)
        took = time.perf_counter() - started
        said = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"{' '.join(command)[:200]}\nended with exit code {process.returncode}:\n{said[-2000:]}")
    return took, peak, said


class Asking:
    """A program that answers each line of its input with one line."""

    def __init__(self, command: Sequence[str], first: bytes) -> None:
        started = time.perf_counter()
        self.process = subprocess.Popen(
            command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.command = command
        self.ask([first])
        self.start_seconds = time.perf_counter() - started

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, lines: Sequence[bytes]) -> list[bytes]:
        """Send all lines as fast as they are taken, and read as many answers meanwhile."""
        sender = threading.Thread(target=self._send, args=(b"".join(lines),), daemon=True)
        sender.start()
        answers, number = bytearray(), 0
        assert self.process.stdout
        while number < len(lines):
            if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
                raise SystemExit(f"{self.command[0]} gave {number} of {len(lines)} answers and then none")
            piece = os.read(self.process.stdout.fileno(), 1 << 18)
            if not piece:
                raise SystemExit(f"{' '.join(self.command)} ended after {number} of {len(lines)} answers")
            answers += piece
            number += piece.count(b"\n")
        sender.join()
        return bytes(answers).splitlines()

    def ask_singly(self, lines: Sequence[bytes]) -> None:
        """Send each line when the one before it is answered."""
        assert self.process.stdin
        assert self.process.stdout
        for number, line in enumerate(lines):
            self.process.stdin.write(line)
            answer = b""
            while not answer.endswith(b"\n"):
                if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
                    raise SystemExit(f"{self.command[0]} gave no answer to line {number}, sent alone")
                if not (piece := os.read(self.process.stdout.fileno(), 1 << 16)):
                    raise SystemExit(f"{' '.join(self.command)} ended at line {number}")
                answer += piece

    def _send(self, data: bytes) -> None:
        assert self.process.stdin
        rest = memoryview(data)
        with suppress(BrokenPipeError):
            while rest:
                rest = rest[self.process.stdin.write(rest[: 1 << 18]) or 0 :]


@dataclass
class Judged:
    """What a program did with all URLs, once."""

    rate: float  # decisions a second, through the pipe
    single_rate: float  # the same, when each is asked after the one before is answered
    rate_a_core: float  # decisions a second of CPU time of all its processes
    start_seconds: float
    missed: list[str]  # listed, but not blocked
    overblocked: list[str]  # blocked, but not listed


@dataclass
class Program:
    """One of the two: how to start it, ask it and read its answers; and what was measured."""

    name: str
    command: list[str]
    line: Callable[[str], bytes]
    blocked: Callable[[bytes], bool]
    version: str = ""
    build_seconds: float = 0.0
    build_cpu: float = 0.0  # seconds; of schoolgate only
    build_memory: float = 0.0  # MB
    file_bytes: int = 0
    four_memory: float = 0.0  # MB of four processes
    reload_seconds: float = 0.0
    reload_how: str = ""
    rounds: list[Judged] = field(default_factory=list)

    def start(self) -> Asking:
        return Asking(self.command, self.line("http://first.example/"))

    def judge(self, asked: Sequence[Asked]) -> Judged:
        """Start it, and ask it all URLs."""
        lines = [self.line(each.url) for each in asked]
        with self.start() as program:
            before, started = cpu_seconds(program.process.pid), time.perf_counter()
            answers = program.ask(lines)
            took = time.perf_counter() - started
            busy, start_seconds = cpu_seconds(program.process.pid) - before, program.start_seconds
        with self.start() as program:
            alone = time.perf_counter()
            program.ask_singly(lines[:SOME_URLS])
            single = len(lines[:SOME_URLS]) / (time.perf_counter() - alone)
        said = [self.blocked(answer) for answer in answers]
        missed = [each.url for each, block in zip(asked, said, strict=True) if each.listed and not block]
        over = [each.url for each, block in zip(asked, said, strict=True) if block and not each.listed]
        return Judged(len(asked) / took, single, len(asked) / max(busy, 0.01), start_seconds, missed, over)

    def memory_of_four(self, asked: Sequence[Asked]) -> float:
        """MB (PSS) of four processes that each have answered the same URLs."""
        lines = [self.line(each.url) for each in asked[:SOME_URLS]]
        with ExitStack() as stack:
            programs = [stack.enter_context(self.start()) for _ in range(FOUR)]
            for program in programs:
                program.ask(lines)
            return sum(shared_memory(program.process.pid) for program in programs)

    def mistakes(self) -> int:
        """How many URLs of a round it judged differently from the set."""
        return max(len(each.missed) + len(each.overblocked) for each in self.rounds)

    def middle(self, name: str) -> float:
        """The median over the rounds."""
        return statistics.median(float(getattr(each, name)) for each in self.rounds)


# ---- the two programs ----


def squidguard(folder: Path, domains: Path) -> Program | None:
    """squidGuard with its database built, or None with a word why not."""
    found = shutil.which("squidGuard", path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/sbin:/usr/local/bin")
    if found is None:
        print("squidGuard is not installed (Debian: apt-get install squidguard): its half is left out.")
        return None
    listed, settings = folder / "db" / "listed", folder / "squidGuard.conf"
    listed.mkdir(parents=True)
    (listed / "domains").symlink_to(domains)
    settings.write_text(SQUIDGUARD.format(folder=folder, sorry=SORRY))
    program = Program(
        "squidGuard",
        [found, "-c", str(settings)],
        line=lambda url: f"{url} {CLIENT}/- - GET -\n".encode(),
        blocked=lambda answer: SORRY.encode() in answer,
        version=subprocess.run([found, "-v"], capture_output=True, text=True).stderr.partition(": (")[0],
    )
    progress("squidGuard builds its database")
    program.build_seconds, program.build_memory, _ = run_watched([*program.command, "-C", "all"])
    program.file_bytes = (listed / "domains.db").stat().st_size
    program.reload_seconds, program.reload_how = reload_squidguard(program)
    return program


def reload_squidguard(program: Program) -> tuple[float, str]:
    """Seconds from SIGHUP to the next answer; where that kills it, from a new start to the first answer."""
    with program.start() as running:
        started = time.perf_counter()
        running.process.send_signal(signal.SIGHUP)
        time.sleep(0.001)  # so that it is not asked before the signal is there
        with suppress(SystemExit):
            running.ask([program.line("http://second.example/")])
            return time.perf_counter() - started, "SIGHUP"
    with program.start() as again:
        return again.start_seconds, "restart"


def write_school(folder: Path, domains: Path | None, names: str = "ignored") -> School:
    """A school whose only list is ``domains`` (or none at all): the shipped files are replaced by empty ones."""
    head = "category: {0}\ntitle: {0}\ntheme: content\nwhy: A benchmark.\n"
    source = f'sources: [{{name: list, url: "file:{domains}", format: domains}}]\n' if domains else ""
    lists = {path.name: head.format(path.stem) for path in (shipped() / "blocklists").glob("*.yaml")}
    lists |= {"protected.yaml": "title: Nothing\n", f"{CATEGORY}.yaml": head.format(CATEGORY) + source}
    calendar = "bank_holidays: none\n"
    return School(folder, people=PEOPLE, rules=RULES, calendar=calendar, blocklists=lists, names=names).write()


def schoolgate(folder: Path, domains: Path | None) -> tuple[Program, Path]:
    """schoolgate with its index compiled, and the index file."""
    school = write_school(folder, domains)
    stream = ["-m", "schoolgate", "check", "--stream", "--group", "pupils", "--config", str(school.config)]
    program = Program("schoolgate", [sys.executable, *stream], line=as_question, blocked=is_block)
    program.version = version("schoolgate")
    _, program.build_memory, said = run_watched([sys.executable, "-c", COMPILE, str(school.config)])
    facts = json.loads(said.splitlines()[-1])
    program.build_seconds, program.build_cpu, path = facts["seconds"], facts["cpu"], Path(facts["index"])
    program.file_bytes = path.stat().st_size
    return program, path


def as_question(url: str) -> bytes:
    """A URL as ``check --stream`` reads it."""
    return json.dumps({"url": url}).encode() + b"\n"


def is_block(answer: bytes) -> bool:
    """Whether ``check --stream`` says block, and because of our list."""
    said = json.loads(answer)
    return bool(said.get("action") == "block" and said.get("category") == CATEGORY)


# ---- the index by itself ----


@dataclass
class LookUps:
    """Seconds to open an index, and look-ups a second on one core beside a Python set's."""

    opening: list[float]
    reload_seconds: float
    rates: list[float]
    set_rates: list[float]
    wrong: int

    @property
    def ratio(self) -> float:
        return statistics.median(a / b for a, b in zip(self.rates, self.set_rates, strict=True))


def look_ups(path: Path, asked: Sequence[Asked], domains: set[str], rounds: int) -> LookUps:
    """Ask the index itself and a set in turn about the hosts of all URLs; every round opens the index anew."""
    now = datetime.now(UTC)
    pairs = [(request.host, request.target) for request in (request_from_url(each.url, at=now) for each in asked)]
    result = LookUps([], open_new(path), [], [], 0)
    for _ in range(rounds):
        started = time.perf_counter()
        index = Index(path)
        index.look_up(*pairs[0])
        result.opening.append(time.perf_counter() - started)
        look_up = index.look_up
        started = time.perf_counter()
        for host, target in pairs:
            look_up(host, target)
        result.rates.append(len(pairs) / (time.perf_counter() - started))
        started = time.perf_counter()
        for host, _ in pairs:
            is_listed(host, domains)
        result.set_rates.append(len(pairs) / (time.perf_counter() - started))
    found = (bool(index.look_up(*pair).hits) for pair in pairs)
    result.wrong = sum(said != each.listed for said, each in zip(found, asked, strict=True))
    return result


def open_new(path: Path) -> float:
    """Seconds to open an index file that was never opened before, up to its first answer."""
    copy = path.with_name("copy.index")
    shutil.copyfile(path, copy)
    started = time.perf_counter()
    Index(copy).look_up("www.example.com", "/")
    took = time.perf_counter() - started
    copy.unlink()
    return took


# ---- the tables ----


class Table:
    """Plain columns: a figure, its baseline, their ratio, and the bar it must clear."""

    def __init__(self, title: str, ours: str, theirs: str) -> None:
        print(f"\n{title}")
        self._row("", ours, theirs, "ratio", "bar")

    @staticmethod
    def _row(*cells: str) -> None:
        name, ours, theirs, ratio, bar = cells
        print(f"  {name:44} {ours:>14} {theirs:>14} {ratio:>8}  {bar}".rstrip(), flush=True)

    def add(
        self,
        name: str,
        ours: float,
        theirs: float | None,
        form: str,
        bar: str = "",
        met: bool | None = None,
        ratio: float | None = None,
    ) -> None:
        """One line; ``form`` is how a figure is written, like ``{:,.0f}/s``; ``ratio`` where it is not simply theirs."""
        if ratio is None and theirs:
            ratio = ours / theirs
        told = "" if met is None else f"{bar}: {'met' if met else 'MISSED'}"
        second = "-" if theirs is None else form.format(theirs)
        self._row(name, form.format(ours), second, "-" if ratio is None else f"{ratio:.3g}x", told)


def progress(words: str) -> None:
    """A line for those who wait, apart from the tables."""
    print(f"[{time.strftime('%H:%M:%S')}, load {os.getloadavg()[0]:.1f}] {words} ...", file=sys.stderr, flush=True)


def print_head(number: int, real: int, asked: Sequence[Asked], squid: Program | None) -> None:
    cpu = next((x.partition(": ")[2] for x in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in x), "?")
    print(
        f"schoolgate {version('schoolgate')}, Python {platform.python_version()}, marisa-trie {version('marisa-trie')}"
        f"; {squid.version if squid else 'no squidGuard'}\n"
        f"{os.cpu_count()} x {cpu}, {platform.system()} {platform.release()}; load {os.getloadavg()[0]:.2f} at the start\n"
        f"{number:,} domains, {real:,} of them real; {len(asked):,} URLs at {len({each.host for each in asked}):,} hosts, "
        f"{sum(each.listed for each in asked) / len(asked):.0%} listed"
    )
    if number != FULL:
        print(f"The bars are meant for {FULL:,} domains.")


def ratio_of_rounds(name: str, ours: Program, theirs: Program | None) -> float | None:
    """The median of the rounds' ratios: what the machine did besides touched both of a round."""
    if theirs is None:
        return None
    pairs = zip(ours.rounds, theirs.rounds, strict=True)
    return statistics.median(float(getattr(a, name)) / float(getattr(b, name)) for a, b in pairs)


def print_decisions(ours: Program, theirs: Program | None) -> None:
    """Whole decisions through the pipe: medians, and the median of the rounds' ratios."""
    table = Table("Whole decisions, through a pipe", ours.name, theirs.name if theirs else "-")
    for words, name in (("streamed", "rate"), ("one at a time", "single_rate")):
        ratio = ratio_of_rounds(name, ours, theirs)
        met = None if ratio is None else ratio >= 10
        baseline = theirs.middle(name) if theirs else None
        table.add(
            f"decisions a second, {words}", ours.middle(name), baseline, "{:,.0f}/s", ">= 10x squidGuard", met, ratio
        )
        for program in (ours, theirs):
            if program:
                print(f"    {program.name}: {', '.join(f'{getattr(each, name):,.0f}/s' for each in program.rounds)}")
    core, ratio = ours.middle("rate_a_core"), ratio_of_rounds("rate_a_core", ours, theirs)
    baseline = theirs.middle("rate_a_core") if theirs else None
    words = "decisions a second of CPU time, streamed"
    table.add(words, core, baseline, "{:,.0f}/s", ">= 60,000/s", core >= 60_000, ratio)
    baseline = theirs.middle("start_seconds") if theirs else None
    table.add("from its start to the first answer", ours.middle("start_seconds"), baseline, "{:.3f} s")
    wrong = ours.mistakes()
    table.add(
        "answers that differ from the Python set's",
        wrong,
        theirs.mistakes() if theirs else None,
        "{:,.0f}",
        "0",
        wrong == 0,
    )
    for program in (ours, theirs):
        if program:
            print_mistakes(program)


def print_with_names(folder: Path, path: Path, ours: Program, asked: Sequence[Asked]) -> None:
    """The same with the judgement of names on, as a school has it: it costs most for names like those on the list."""
    write_school(folder, path, "judged")
    judged = ours.judge(asked)
    print(
        f"    with names judged too: {judged.rate:,.0f}/s streamed, {judged.rate_a_core:,.0f} a second of CPU time "
        f"({judged.rate_a_core / ours.middle('rate_a_core'):.2f}x)"
    )


def print_mistakes(program: Program) -> None:
    """How often a program was wrong, in which way, and an example of each."""
    judged = program.rounds[0]
    for words, urls in (("listed but let through", judged.missed), ("blocked but not listed", judged.overblocked)):
        if urls:
            print(f"    {program.name}: {len(urls):,} {words}, like {urls[0]}")


def print_files(ours: Program, theirs: Program | None, empty: float, found: LookUps) -> None:
    """What the lists cost: building, memory, opening."""
    table = Table("The list", ours.name, theirs.name if theirs else "-")
    built, memory, size = ours.build_seconds, ours.build_memory, ours.file_bytes / 1e6
    table.add("building it", built, theirs.build_seconds if theirs else None, "{:,.1f} s", "< 60 s", built < 60)
    table.add(
        "most memory while building",
        memory,
        theirs.build_memory if theirs else None,
        "{:,.0f} MB",
        "< 1,500 MB",
        memory < 1500,
    )
    file_size = theirs.file_bytes / 1e6 if theirs else None
    table.add("file", size, file_size, "{:,.1f} MB", "<= 60 MB", size <= 60)
    beyond = ours.four_memory - empty
    table.add("memory of four processes (PSS)", ours.four_memory, theirs.four_memory if theirs else None, "{:,.1f} MB")
    table.add("  beyond four with an empty list", beyond, None, "{:,.1f} MB", "<= 65 MB", beyond <= 65)
    opening = 1000 * statistics.median(found.opening)
    table.add("opening the file, first look-up included", opening, None, "{:,.2f} ms", "< 100 ms", opening < 100)
    ours.reload_seconds = found.reload_seconds
    again = f"reload: a new file ({theirs.reload_how} there)" if theirs else "reload: a new file"
    ms, squids = 1000 * found.reload_seconds, 1000 * theirs.reload_seconds if theirs else None
    table.add(again, ms, squids, "{:,.2f} ms", "< 100 ms", ms < 100)
    whole = theirs.build_seconds + theirs.reload_seconds if theirs else None
    table.add("a changed list in force (building and reload)", built + found.reload_seconds, whole, "{:,.1f} s")


def print_look_ups(found: LookUps, domains: set[str]) -> None:
    """The index alone beside a Python set, on one core."""
    table = Table("Bare look-ups, one core", "schoolgate", "Python set")
    rate, baseline = statistics.median(found.rates), statistics.median(found.set_rates)
    table.add("look-ups a second", rate, baseline, "{:,.0f}/s", ">= 350,000/s", rate >= 350_000, found.ratio)
    print(f"    {len(found.rates)} rounds from {min(found.rates):,.0f} to {max(found.rates):,.0f}/s; ", end="")
    print(f"the set from {min(found.set_rates):,.0f} to {max(found.set_rates):,.0f}/s")
    table.add("answers that differ from the set's", found.wrong, None, "{:,.0f}", "0", found.wrong == 0)
    held = (sys.getsizeof(domains) + sum(map(sys.getsizeof, domains))) / 1e6
    print(f"    the set holds {held:,.0f} MB in each process")


# ---- the run ----


def write_list(domains: Sequence[str], folder: Path) -> Path:
    """The list as a file of one domain a line."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "domains"
    path.write_text("".join(f"{name}\n" for name in domains))
    return path


@contextmanager
def work_folder(keep: Path | None) -> Iterator[Path]:
    """An empty folder for everything that is written; removed at the end unless it is to be kept."""
    if keep:
        if keep.exists() and any(keep.iterdir()):
            raise SystemExit(f"--keep {keep}: the folder is not empty; name a new one")
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="bench_lists_") as folder:
        yield Path(folder)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", type=int, help=f"how many domains the list has (default {FULL:,})")
    parser.add_argument("--urls", type=int, help=f"how many URLs are judged (default {FULL_URLS:,})")
    parser.add_argument("--rounds", type=int, default=3, help="how often all URLs are judged (default 3)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} domains, {QUICK_URLS:,} URLs: under a minute")
    parser.add_argument("--only", choices=["squidguard", "schoolgate"], help="leave the other half out")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="write into DIR, a new folder, and leave it there")
    asked = parser.parse_args()
    asked.domains = asked.domains or (QUICK if asked.quick else FULL)
    asked.urls = asked.urls or (QUICK_URLS if asked.quick else FULL_URLS)
    if min(asked.domains, asked.urls, asked.rounds) < 1 or asked.domains < 1000:
        parser.error("at least 1,000 domains, one URL and one round")
    return asked


def main() -> int:
    chosen = options()
    if not SHARED.is_dir():
        print(f"{SHARED} is missing: all names are invented, and none are taken from real lists.")
    with work_folder(chosen.keep) as folder:
        progress(f"making {chosen.domains:,} domains and {chosen.urls:,} URLs")
        domains, real = make_domains(chosen.domains, SHARED)
        asked = make_urls(chosen.urls, domains, SHARED)
        wrong = compare(chosen, folder, write_list(domains, folder), set(domains), real, asked)
    return 1 if wrong else 0


def compare(
    chosen: argparse.Namespace, folder: Path, path: Path, domains: set[str], real: int, asked: Sequence[Asked]
) -> int:
    """Build both, ask both in turn, print; returns how often schoolgate was wrong."""
    theirs = squidguard(folder / "squidguard", path) if chosen.only != "schoolgate" else None
    print_head(len(domains), real, asked, theirs)
    if chosen.only == "squidguard":
        if theirs:
            measure([theirs], asked, chosen.rounds)
            print_alone(theirs)
        return 0
    progress("schoolgate compiles the list")
    ours, index = schoolgate(folder / "school", path)
    found = look_ups(index, asked, domains, 5)
    print_look_ups(found, domains)
    measure([each for each in (theirs, ours) if each], asked, chosen.rounds)
    print_decisions(ours, theirs)
    print_with_names(folder / "school", path, ours, asked)
    empty, _ = schoolgate(folder / "empty", None)
    print_files(ours, theirs, empty.memory_of_four(asked), found)
    return found.wrong + ours.mistakes()


def measure(programs: Sequence[Program], asked: Sequence[Asked], rounds: int) -> None:
    """All URLs to each program in turn, some rounds; then the memory of four of each."""
    for number in range(1, rounds + 1):
        for program in programs:
            progress(f"{program.name} judges, round {number} of {rounds}")
            program.rounds.append(program.judge(asked))
    for program in programs:
        progress(f"four processes of {program.name}")
        program.four_memory = program.memory_of_four(asked)


def print_alone(program: Program) -> None:
    """One program's figures, without another beside it."""
    print(
        f"{program.name}: {program.middle('rate'):,.0f} decisions/s streamed ({', '.join(f'{x.rate:,.0f}' for x in program.rounds)}), "
        f"{program.middle('single_rate'):,.0f} one at a time, "
        f"{program.middle('rate_a_core'):,.0f} a second of CPU time, first answer after {program.middle('start_seconds'):.3f} s\n"
        f"  built in {program.build_seconds:,.1f} s with {program.build_memory:,.0f} MB; file {program.file_bytes / 1e6:,.1f} MB; "
        f"four processes {program.four_memory:,.1f} MB (PSS); reload by {program.reload_how} {1000 * program.reload_seconds:.2f} ms\n"
        f"  {program.mistakes():,} answers differ from the Python set's"
    )
    print_mistakes(program)


if __name__ == "__main__":
    sys.exit(main())
