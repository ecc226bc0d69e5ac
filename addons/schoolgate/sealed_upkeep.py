"""Looks after the feeds of illegal material: fetches those that say where, and tells of what is faulty or old."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from schoolgate.lists.sealed.compliance import old_words
from schoolgate.lists.sealed.feeds import known
from schoolgate.lists.sealed.fetching import Download, NotFetched, downloads_of, fetch, is_due
from schoolgate.settings.load import Settings

_LOOK_EVERY = timedelta(minutes=1)
_TELL_AGAIN = timedelta(days=1)


@dataclass(slots=True)
class SealedUpkeep:
    """One for a gateway; a download runs beside everything else, one at a time."""

    _next_look: datetime | None = None
    _version: str = ""
    _told: dict[str, datetime] = field(default_factory=dict[str, datetime])
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "sealed"))
    _running: Future[str] | None = None

    def round(self, settings: Settings, now: datetime) -> list[str]:
        """Fetch what is due; returns words for the technician, each once a day."""
        words: list[str] = []
        if self._running is not None and self._running.done():
            words += [self._running.result()] if self._running.result() else []
            self._running = None
        is_new = settings.snapshot.version != self._version
        if is_new or self._next_look is None or now >= self._next_look or now < self._next_look - _LOOK_EVERY:
            self._next_look, self._version = now + _LOOK_EVERY, settings.snapshot.version
            downloads, troubles = downloads_of(settings.folders.root, settings.data)
            words += [*settings.sealed_troubles, *troubles, *old_words(settings.sealed, now)]
            self._start(downloads, settings, now)
        return [each for each in words if self._is_news(each, now)]

    def stop(self) -> None:
        """Wait for nothing."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, downloads: list[Download], settings: Settings, now: datetime) -> None:
        due = next((each for each in downloads if is_due(each, settings.data, now)), None)
        if due is not None and self._running is None:
            extra = settings.school.upstream_ca
            trusted = settings.folders.root / extra if extra else None
            self._running = self._pool.submit(_fetch, due, settings.data, now, trusted)

    def _is_news(self, words: str, now: datetime) -> bool:
        told = self._told.get(words)
        if told is not None and told <= now < told + _TELL_AGAIN:
            return False
        self._told[words] = now
        return True


def _fetch(download: Download, data: Path, now: datetime, extra_ca: Path | None) -> str:
    """Words where it failed, "" where it did not."""
    title = known(download.name).title
    try:
        fetch(download, data, now, extra_ca)
    except NotFetched as error:
        return f"The feed of illegal material {title} was not fetched: {error}. What is in force stays so."
    except OSError as error:
        return f"The feed of illegal material {title} was not fetched: {error.strerror}. What is in force stays so."
    except Exception as error:  # its words could hold the address
        return f"The feed of illegal material {title} was not fetched ({type(error).__name__})."
    return ""
