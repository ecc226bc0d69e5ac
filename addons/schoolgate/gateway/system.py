"""The machine's own commands that an installation needs: systemd's, and those that make a user."""

import subprocess
from pathlib import Path

WITHIN = 120.0
"""Seconds that one command may take."""


class CannotInstall(Exception):
    """Something stands in the way; the words say what, and what to do."""


def systemd_runs() -> bool:
    """Whether this machine was started by systemd."""
    return Path("/run/systemd/system").is_dir()


def systemctl(*arguments: str) -> None:
    """Raises CannotInstall."""
    run(["systemctl", *arguments])


def run(command: list[str]) -> None:
    """Run a command of the machine to its end. Raises CannotInstall with what it complained of."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotInstall(f"{command[0]} could not be run: {error}") from None
    if done.returncode:
        hint = f"; see: journalctl -u {command[-1]}" if command[-1].endswith(".service") else ""
        raise CannotInstall(f"{' '.join(command)} failed: {said(done.stderr)}{hint}")


def said(stderr: str) -> str:
    """The line of a command's complaint that says most: its first, but for what it did before."""
    lines = [line for line in stderr.strip().splitlines() if not line.startswith("Created symlink")]
    return lines[0].rstrip(".") if lines else "it did not say why"
