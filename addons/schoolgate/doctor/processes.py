"""Whether all processes of the gateway are alive, by what each of them holds or answers."""

import http.client
import re
from collections.abc import Iterator
from contextlib import suppress

from schoolgate.doctor.finding import Finding, good, skipped, wrong
from schoolgate.settings.load import Settings
from schoolgate.store.journal import abandoned, segments

_WITHIN = 10.0  # seconds
_WRITER = re.compile(r"([a-z]+)\d*-\d+-")
_RESTART = "The gateway starts again what ends; see 'schoolgate events --action fault', else restart it."


def alive(settings: Settings) -> Iterator[Finding]:
    """Whoever runs holds the lock of a journal of its own; the recorder is shown by what gets on record."""
    names = list[str]()
    try:
        for path in segments(settings.data):
            with suppress(FileNotFoundError):
                name = _WRITER.match(path.name)
                if name and not abandoned(path):
                    names.append(name[1])
    except OSError as error:
        yield wrong("processes", f"{error.filename}: {error.strerror}.", "Run this as root or as the gateway's user.")
        return
    missing = [name for name in ("supervisor", "worker", "office") if name not in names]
    if missing:
        yield wrong("processes", f"Not running: {', '.join(missing)}.", _RESTART)
    else:
        workers = names.count("worker")
        yield good("processes", f"The office and {workers} worker{'s' if workers > 1 else ''} are running.")


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
