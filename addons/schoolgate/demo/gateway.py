"""The real gateway on top of the pretend internet: a process of its own, and the demo's handle on it."""

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

from schoolgate.child import CannotStart

_START_WITHIN = 90.0  # seconds
_STOP_WITHIN = 20.0  # seconds
_RUNNING = "schoolgate is running for"


class Gateway:
    """``schoolgate run`` with the demo's workers. It ends with this process, however that ends."""

    def __init__(self, config: Path, http: int, tls: int, log: Path) -> None:
        self.log = log
        command = [sys.executable, "-P", "-m", "schoolgate.demo.gateway", str(config), str(http), str(tls)]
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,  # closed by the kernel when we are gone, whatever ended us
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C is ours to hand on
            )

    def wait_until_running(self) -> None:
        """Raises CannotStart with the gateway's own words."""
        end = time.monotonic() + _START_WITHIN
        while _RUNNING not in (said := self.log.read_text(errors="replace")):
            if self._process.poll() is not None or time.monotonic() > end:
                raise CannotStart(f"the gateway did not start:\n{said.strip() or 'it said nothing'}")
            time.sleep(0.05)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it in good order, and its children with it."""
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_WITHIN)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


def _end_with_parent() -> None:
    """A thread that waits for the demo to be gone."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """What the process runs: arguments are the config folder and the two ports of the pretend internet."""
    from schoolgate.demo.signposts import run_demo_worker
    from schoolgate.service import Supervisor
    from schoolgate.settings.folders import find_folders

    config, http, tls = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    worker = partial(run_demo_worker, http, tls)
    try:
        Supervisor(find_folders(config), 1, lambda words: print(words), worker).run()
    except CannotStart as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
