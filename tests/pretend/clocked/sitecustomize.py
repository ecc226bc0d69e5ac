"""Python runs this at the start of every process that has this folder in PYTHONPATH: its clock follows a file."""

import os
import threading
import time
from pathlib import Path

import time_machine

_FILE = Path(os.environ["SCHOOLGATE_TEST_CLOCK"])
_PACE = time.sleep


def _follow(clock: time_machine.Traveller, shown: str) -> None:
    """Moves the clock whenever the file was written anew, and leaves beside the file what it shows."""
    seen = _FILE.with_name(f"seen-by-{os.getpid()}")
    while True:
        seen.write_text(shown)
        while (now := _FILE.read_text()) == shown:
            _PACE(0.05)
        clock.move_to(float(now))
        shown = now


_begin = _FILE.read_text()
_clock = time_machine.travel(float(_begin), tick=True).start()
threading.Thread(target=_follow, args=(_clock, _begin), daemon=True).start()
