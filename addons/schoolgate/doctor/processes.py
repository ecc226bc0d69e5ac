"""Whether all processes of the gateway are alive, by what each of them holds or answers."""

import http.client
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from schoolgate.doctor.finding import Finding, good, skipped, wrong
from schoolgate.settings.load import Settings
from schoolgate.store.journal import abandoned, segments
from schoolgate.whereabouts.sightings import FOLDER, is_fresh

_WITHIN = 10.0  # seconds
_WRITER = re.compile(r"([a-z]+)\d*-\d+-")
_RESTART = "The gateway starts again what ends; see 'schoolgate events --action fault', else restart it."
_ALIVE, _BEAT_EVERY, _STILL = "office.alive", 30.0, 600.0  # seconds; the office may be long at one mail or report


def beat(data: Path, now: float) -> None:
    """The office says that it is at work, by the time of a file: it holds its journal also where it stands still."""
    path = data / _ALIVE
    with suppress(OSError):  # a folder that cannot be written is told of by its own probe
        if not path.exists() or abs(now - path.stat().st_mtime) >= _BEAT_EVERY:
            path.touch(mode=0o600)


def alive(settings: Settings) -> Iterator[Finding]:
    """Whoever runs holds the lock of a journal of its own; the recorder is shown by what gets on record."""
    try:
        names = _writers(settings.data)
    except OSError as error:
        yield wrong("processes", f"{error.filename}: {error.strerror}.", "Run this as root or as the gateway's user.")
        return
    missing = [name for name in ("supervisor", "worker", "office") if name not in names]
    still = _seconds_still(settings.data)
    if missing:
        yield wrong("processes", f"Not running: {', '.join(missing)}.", _RESTART)
    elif still > _STILL:
        words = f"The office stands still since {still / 60:.0f} minutes: no alert is raised and no mail is sent."
        yield wrong("processes", words, "Restart the gateway; all that waits is sent then.")
    else:
        number = names.count("worker")
        yield good("processes", f"The office and {number} worker{'s' if number > 1 else ''} are running.")
    if settings.school.identity.watches and is_fresh(settings.data / FOLDER):
        yield good("whereabouts", "Leases, neighbours and logins are watched.")
    elif settings.school.identity.watches:
        words = (
            "What watches leases, neighbours and RADIUS gives no sign of life: devices count as their network's group."
        )
        yield wrong("whereabouts", words, _RESTART)


def workers(settings: Settings) -> int:
    """How many workers are running. Raises OSError."""
    return _writers(settings.data).count("worker")


def _writers(data: Path) -> list[str]:
    names = list[str]()
    for path in segments(data):
        with suppress(FileNotFoundError):
            name = _WRITER.match(path.name)
            if name and not abandoned(path):
                names.append(name[1])
    return names


def _seconds_still(data: Path) -> float:
    """0 where the office has never said anything, as one that was started a moment ago."""
    try:
        return time.time() - (data / _ALIVE).stat().st_mtime
    except OSError:
        return 0.0


def answering(settings: Settings) -> Iterator[Finding]:
    """The figures for monitoring, and the console."""
    listen = settings.school.listen
    for probe, place, path, holds in (
        ("metrics", listen.metrics, "/metrics", "schoolgate_"),
        ("console", listen.console, "/login", "<html"),
    ):
        if place is None:
            yield skipped(probe, f"config/school.yaml opens none (listen: {probe}: null).")
            continue
        trouble = _trouble(*place, path, holds)
        if trouble:
            yield wrong(probe, f"{place[0]}:{place[1]} {trouble}.", _RESTART)
        else:
            yield good(probe, f"{place[0]}:{place[1]} answers.")


def _trouble(host: str, port: int, path: str, holds: str) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(host, port, timeout=_WITHIN)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return f"does not answer: {error}"
    finally:
        connection.close()
    return "" if answer.status < 500 and (holds in text or answer.status != 200) else f"answers {answer.status}"
