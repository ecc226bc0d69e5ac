"""A demonstration that runs as a process of its own: started, read, visited, and looked after until nothing is left."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from schoolgate.demo.visitor import Visitor

STANDS = "End         Ctrl-C"


@dataclass
class Shown:
    """A demonstration that runs, with what it has said so far."""

    process: subprocess.Popen[bytes]
    folder: Path
    children: set[int] = field(default_factory=set[int])

    @property
    def said(self) -> str:
        return (self.folder / "out").read_text()

    @property
    def steps(self) -> list[str]:
        return (self.folder / "err").read_text().splitlines()

    @property
    def kept(self) -> Path:
        """The folder of the school."""
        found = re.search(r"Folder +(\S+)", self.said)
        assert found
        return Path(found[1])

    def stop(self) -> int:
        """Ctrl-C, and what it ends with."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def address(self, of: str) -> str:
        found = re.search(rf"{of} +(http://\S+/)", self.said)
        assert found, self.said
        return found[1]

    def passwords(self) -> dict[str, str]:
        return dict(re.findall(r"^ {4}(\w+) +([a-z2-9]{4}(?:-[a-z2-9]{4}){2}) ", self.said, re.MULTILINE))

    def page(self, path: str) -> str:
        with urllib.request.urlopen(self.address("Guide") + path, timeout=20) as answer:
            return str(answer.read().decode())

    def visitor(self, login: str) -> Visitor:
        visitor = Visitor(int(self.address("Console").rstrip("/").rpartition(":")[2]))
        visitor.log_in(login, self.passwords()[login])
        return visitor


def begin(folder: Path, *options: str, before: tuple[str, ...] = (), steps: int = 0, **environment: str) -> Shown:
    """Start a demonstration (by the command ``before`` it), and wait until it stands, or has told so many steps."""
    (folder / "tmp").mkdir()
    command = [*before, sys.executable, "-m", "schoolgate", "demo", "--quick", *options]
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=err,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": str(folder / "tmp"), **environment},
        )
    shown = Shown(process, folder)

    def stands() -> bool:
        return len(shown.steps) >= steps if steps else STANDS in shown.said

    until(lambda: stands() or process.poll() is not None, 300)
    assert stands(), "\n".join([*shown.steps[-8:], shown.said])
    shown.children = below(process.pid)
    return shown


def until(true: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def below(pid: int) -> set[int]:
    """Every process that comes from this one."""
    own = {int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()}
    return own.union(*(below(child) for child in own))


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists() and "Z" not in _state(pid)}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
