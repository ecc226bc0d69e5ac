"""Lines are answered in order, at once when they come alone, and by several processes when they come by the thousand."""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pretend.school import School

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    school = School(tmp_path).without_publishers().write()
    running: list[subprocess.Popen[bytes]] = []

    def begin(*before: str) -> "subprocess.Popen[bytes]":
        command = [*before, sys.executable, "-m", "schoolgate", "check", "--stream", "--group", "pupils"]
        command += ["--config", str(school.config)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        running.append(subprocess.Popen(command, **pipes))  # type: ignore[call-overload]
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()


def _line(number: int) -> bytes:
    return b'{"url": "https://site%d.example/"}\n' % number


def _answers(process: "subprocess.Popen[bytes]", number: int, seconds: float = 60) -> list[str]:
    """The URLs of the next so many answers. Fails when they do not come."""
    data, end = b"", time.monotonic() + seconds
    assert process.stdout
    while data.count(b"\n") < number:
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"{data.count(b'\\n')} of {number} answers came"
        data += os.read(process.stdout.fileno(), 1 << 20)
    return [json.loads(line)["url"] for line in data[: data.rindex(b"\n")].splitlines()]


@pytest.mark.parametrize("before", [(), ("taskset", "-c", "0")], ids=["all processors", "one processor"])
def test_bursts_and_single_lines_are_answered_in_order_while_the_pipe_stays_open(
    start: Start, before: tuple[str]
) -> None:
    process = start(*before)
    assert process.stdin
    asked = 0
    for burst in (1, 5_000, 1, 20_000, 3, 1):
        numbers = range(asked, asked + burst)
        sender = threading.Thread(
            target=lambda n=numbers: (process.stdin.write(b"".join(map(_line, n))), process.stdin.flush())
        )
        sender.start()
        assert _answers(process, burst) == [f"https://site{number}.example/" for number in numbers]
        sender.join()
        asked += burst


def test_what_is_no_question_gets_an_answer_in_its_place(start: Start) -> None:
    process = start()
    lines = [
        _line(1),
        b"\xff\xfe\n",
        b"\n",
        b"  \n",
        b"[]\n",
        b'{"url": 7}\n',
        b'{"url": "x' + b"y" * 300_000 + b'"}\n',
        _line(2).strip(),
    ]
    out, err = process.communicate(b"".join(lines), timeout=60)
    assert (process.returncode, err) == (0, b"")
    answers = [json.loads(line) for line in out.splitlines()]
    assert [("error" in answer) for answer in answers] == [False, True, True, True, True, False]
    assert answers[0]["url"] == "https://site1.example/"
    assert answers[-1]["url"] == "https://site2.example/"


def test_a_worker_that_is_killed_is_an_error_and_no_silence(start: Start) -> None:
    process = start()
    assert process.stdin
    stop = threading.Event()

    def ask() -> None:
        try:
            while not stop.is_set():
                process.stdin.write(b"".join(map(_line, range(2_000))))
                process.stdin.flush()
        except OSError:
            pass

    sender = threading.Thread(target=ask, daemon=True)
    sender.start()
    _answers(process, 4_000)
    children = subprocess.run(["ps", "--ppid", str(process.pid), "-o", "pid="], capture_output=True, text=True).stdout
    reader = threading.Thread(target=process.stdout.read, daemon=True)  # type: ignore[union-attr]
    reader.start()
    os.kill(int(children.split()[0]), signal.SIGKILL)
    assert process.wait(30) == 1
    stop.set()
    assert b"has ended by itself" in process.stderr.read()  # type: ignore[union-attr]


def test_it_ends_quietly_when_nobody_listens_any_more(start: Start) -> None:
    process = start()
    assert process.stdin
    assert process.stdout
    process.stdin.write(_line(1))
    process.stdin.flush()
    _answers(process, 1)
    process.stdout.close()
    try:
        process.stdin.write(b"".join(map(_line, range(20_000))))
        process.stdin.close()
    except OSError:
        pass
    assert process.wait(30) == 1
    assert b"Traceback" not in process.stderr.read()  # type: ignore[union-attr]
