"""A process of the gateway gives back what it has freed, and a worker imports nothing that only others need."""

import subprocess
import sys

import pytest

FREES = """
from schoolgate.memory import be_lean, give_back

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

be_lean()
before = resident()
pieces = [bytes([number % 251]) * 2000 for number in range(30_000)]
held = pieces[::100]  # they lie between those that are freed
most = resident() - before
pieces.clear()
give_back()
print(most, resident() - before)
"""
IMPORTS = """
import sys
from schoolgate.memory import be_lean
be_lean()
import schoolgate.proxy.worker
print(sorted({"numpy", "yaml", "holidays", "schoolgate.cli", "schoolgate.settings.reading"} & set(sys.modules) - {"numpy"}))
print(sys.modules["numpy"])
"""


def printed(script: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_what_was_freed_is_given_back_although_some_of_it_is_still_held() -> None:
    most, left = map(int, printed(FREES)[0].split())
    assert most > 50_000_000
    assert left < most / 3


def test_a_worker_imports_nothing_of_what_reads_settings() -> None:
    assert printed(IMPORTS) == ["[]", "None"]
