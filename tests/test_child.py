"""A child that dies while it starts, or takes nothing in, holds its supervisor up for no moment; it imports its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pretend.children import Unreadable, ends_at_once, says_what_it_got
from schoolgate.child import STOP, CannotStart, Child

LARGE = b"x" * 4_000_000  # more than any pipe holds


def test_what_is_large_arrives() -> None:
    child = Child("reader", says_what_it_got, ())
    child.start(LARGE)
    child.wait_until_ready()
    assert child.channel is not None
    assert child.channel.recv() == "4000000"
    child.tell(LARGE[:3_000_000])
    assert child.channel.recv() == "3000000"
    child.tell(STOP)
    assert child.process is not None
    child.process.join(40)
    assert not child.alive


def test_a_child_that_is_killed_while_it_starts_or_stopped_holds_up_nobody() -> None:
    for number in (signal.SIGKILL, signal.SIGSTOP):
        child = Child("gone", ends_at_once, ())
        began = time.monotonic()
        child.start(LARGE)
        assert child.process is not None
        assert child.process.pid is not None
        os.kill(child.process.pid, number)
        for _ in range(20):
            child.tell(LARGE)
        assert time.monotonic() - began < 10
        child.process.kill()
        child.process.join(40)


def test_a_child_that_cannot_take_its_settings_in_is_told() -> None:
    child = Child("reader", says_what_it_got, ())
    child.start(Unreadable())
    with pytest.raises(CannotStart, match="reader did not start"):
        child.wait_until_ready()


SCRIPT = """
import sys
import schoolgate.cli
from schoolgate.child import Child, Late, leave_the_script

if __name__ == "__main__":
    leave_the_script()
    child = Child("reader", Late("pretend.children", "says_what_is_imported"), ())
    child.start(["schoolgate.cli", "pretend.children", "numpy"])
    child.wait_until_ready()
    print(child.channel.recv())
    print("pretend.children" in sys.modules)
"""


def test_a_child_runs_its_parents_script_not_again_and_only_itself_imports_what_it_runs(tmp_path: Path) -> None:
    script = tmp_path / "schoolgate"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert done.stdout.splitlines() == ["['pretend.children']", "False"], done.stderr
